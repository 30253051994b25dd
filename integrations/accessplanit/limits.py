"""How much is taken: bounds that keep a document bookable and storable."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MAX_AMOUNT: Final = Decimal(10) ** 13
MONEY_DECIMALS: Final = 4
# What a sum of floating-point numbers is off by: 286.20000000000005 means 286.2.
FLOAT_NOISE: Final = Decimal("0.000001")

MAX_ROWS: Final = 5_000

LONGEST_ID: Final = 64
LONGEST_CODE: Final = 50
LONGEST_REFERENCE: Final = 100
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 2_000
# Seen in version 1 of the vendor's interface (README, "PO Number").
LONGEST_ORDER_NUMBER: Final = 50
