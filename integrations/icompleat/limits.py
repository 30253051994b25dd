"""How much is taken: bounds that keep a document bookable and storable."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MAX_AMOUNT: Final = Decimal(10) ** 13
SMALLEST_MONEY: Final = Decimal("0.0001")
MEASURE_DECIMALS: Final = 10
SMALLEST_MEASURE: Final = Decimal(1).scaleb(-MEASURE_DECIMALS)

MAX_LINES: Final = 5_000
MAX_LINE_NUMBER: Final = 999_999

LONGEST_ID: Final = 64
LONGEST_CODE: Final = 100
LONGEST_REFERENCE: Final = 100
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 10_000
