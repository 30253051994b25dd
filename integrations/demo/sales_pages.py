"""What the pages of Demo Books show of sales: what customers owe, what settles what, and a payment by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from integrations.demo.pages import field_of, form, shown, table

_AMOUNT: Final = Markup('<div class="amount">Amount</div>')
_BY_HAND: Final[Mapping[str, str]] = {"sales_invoice": "Record a payment", "sales_credit_note": "Record a refund"}


def due_from(owed: Mapping[str, Decimal]) -> Markup:
    """What customers owe, by code; nothing where there are none."""
    if not owed:
        return Markup("")
    rows = [[code, shown(amount)] for code, amount in sorted(owed.items())]
    return Markup("<h2>What customers owe</h2>") + table(("Customer", _AMOUNT), rows)


def settlement(
    company: str, document: Mapping[str, Any], left: Decimal, settled_by: Sequence[Mapping[str, Any]], root: str
) -> Markup:
    """What a customer's document settles, what went to it, and what is open, with a form to record the rest by hand."""
    if "customer" not in document:
        return Markup("")
    state = Markup("<p>Open: {:,.2f} {}.</p>").format(left, document["currency"])
    return (
        _documents("Settles", "document_id", "amount", document["allocations"], root)
        + _documents("Settled by", "id", "allocated", settled_by, root)
        + state
        + _by_hand(company, document, left, root)
    )


def _documents(heading: str, id_: str, amount: str, documents: Sequence[Mapping[str, Any]], root: str) -> Markup:
    rows = [
        [
            Markup('<a href="{}/documents/{}">{}</a>').format(root, one[id_], one["number"]),
            one["kind"].replace("_", " ").capitalize(),
            shown(one[amount]),
        ]
        for one in documents
    ]
    return Markup("<h2>{}</h2>").format(heading) + table(("Number", "Kind", _AMOUNT), rows) if rows else Markup("")


def _by_hand(company: str, document: Mapping[str, Any], left: Decimal, root: str) -> Markup:
    button = _BY_HAND.get(document["kind"])
    if button is None or left <= 0:
        return Markup("")
    which = Markup('<input type="hidden" name="document_id" value="{}">').format(document["id"])
    return form(f"{root}/control/companies/{company}/pay", field_of("amount", str(left)) + which, button)
