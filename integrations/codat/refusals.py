"""What Codat says of a refusal, as one sentence and the member of the document that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integrations.sentences import LONGEST_SENTENCE, sentence

NO_REASON: Final = "Codat refused it and gave no reason."
_MOST_REASONS: Final = 3

# `error` and `errorMessage` begin with the name of an exception, and push operations with a word of the plumbing.
_EXCEPTION: Final = re.compile(r"^[A-Za-z]+Exception:\s*")
_PLUMBING: Final = re.compile(
    r"^An error occurred in a downstream service\.\s*|^Correlation ID:\s*\S+\s*|^Message:\s*", re.IGNORECASE
)
# A member of the vendor's document, in lower case, and the member of ours that it was made of.
FIELDS: Final[Mapping[str, str]] = {
    "reference": "supplier_reference",
    "billcreditnotenumber": "supplier_reference",
    "purchaseordernumber": "number",
    "invoicenumber": "number",
    "creditnotenumber": "number",
    "customerref": "customer",
    "customername": "customer",
    "date": "date",
    "links": "allocations",
    "supplierref": "supplier",
    "suppliername": "supplier",
    "issuedate": "date",
    "duedate": "due_date",
    "paymentduedate": "due_date",
    "expecteddeliverydate": "delivery_date",
    "currency": "currency",
    "currencyrate": "base_gross",
    "accountref": "account_code",
    "nominalcode": "account_code",
    "taxrateref": "tax_code",
    "taxamount": "tax",
    "subtotal": "net",
    "totalamount": "gross",
    "totaltaxamount": "tax",
    "unitamount": "net",
    "quantity": "quantity",
    "description": "description",
    "note": "title",
    "trackingcategoryrefs": "dimensions",
    "trackingrefs": "dimensions",
    "lineitems": "lines",
}
_LINE: Final = re.compile(r"lineitems\[(\d+)\]", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z]+")
_QUOTED: Final = re.compile(r"`([A-Za-z.\[\]\d]+)`")


def refusal(told: Mapping[str, Any], *, otherwise: str = NO_REASON) -> tuple[str, str]:
    """The sentence and the field of an error body, or of a push operation that has failed.

    The messages of `validation.errors` say it best; without any it is `errorMessage` or `error`.
    """
    reasons = _reasons(told)
    if not reasons:
        said = told.get("errorMessage") or told.get("error")
        return sentence(_plain(said), otherwise=otherwise), ""
    words = [sentence(_worded(item, message), otherwise="") for item, message in reasons[:_MOST_REASONS]]
    together = " ".join(_ended(one) for one in dict.fromkeys(words) if one)
    return sentence(together, otherwise=otherwise)[:LONGEST_SENTENCE], _field(*reasons[0])


def _reasons(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    validation = told.get("validation")
    rows = validation.get("errors") if isinstance(validation, Mapping) else None
    found = [
        (str(row.get("itemId") or ""), sentence(row.get("message"), otherwise=""))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping)
    ]
    return [(item, message) for item, message in found if message]


def _worded(item: str, message: str) -> str:
    """The message, led by the line where the item names one that the message does not."""
    line = _LINE.search(item)
    return f"Line {int(line[1]) + 1}: {message}" if line and "line" not in message.lower() else message


def _ended(message: str) -> str:
    return message if message.endswith((".", "?")) else f"{message}."


def _plain(said: object) -> object:
    """Without the vendor's plumbing. What is no text stays what it is."""
    if not isinstance(said, str):
        return said
    text = said.strip()
    for _ in range(4):
        text = _EXCEPTION.sub("", _PLUMBING.sub("", text))
    return text


def _field(item: str, message: str) -> str:
    """The member of ours that an item stands for, or that the message quotes; empty where nobody can tell."""
    for place in (item, *_QUOTED.findall(message)):
        known = [FIELDS[name] for name in map(str.lower, _NAME.findall(place)) if name in FIELDS]
        if known:
            return known[-1]
    return ""
