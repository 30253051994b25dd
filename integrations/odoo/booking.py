"""How the stand-in for Odoo books: amounts from rates, numbers by month, and dates that a locked period moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from integrations.odoo.chart import CURRENCIES
from integrations.odoo.records import Database, Values, all_of, name_of, one_of

CENT: Final = Decimal("0.01")
LETTERS: Final[Mapping[str, str]] = {
    "in_invoice": "BILL", "in_refund": "RBILL", "out_invoice": "INV", "out_refund": "RINV",
}  # fmt: skip


def computed(database: Database, document: Values) -> Values:
    """A document with its amounts: tax from rates, each line rounded, summed up by groups of taxes."""
    groups: dict[str, Decimal] = {}
    net = Decimal(0)
    for line in document["lines"]:
        line_net = _cents(line.get("quantity", line.get("product_qty", Decimal(1))) * line["price_unit"])
        net += line_net
        for tax_id in _taxes_of(database, line):
            tax = one_of(database, "account.tax", tax_id)
            if tax["amount"]:
                group = str(tax["tax_group_id"])
                groups[group] = groups.get(group, Decimal(0)) + _cents(line_net * tax["amount"] / 100)
    rate = (
        document.get("invoice_currency_rate") or CURRENCIES[name_of(database, "res.currency", document["currency_id"])]
    )
    return _summed({**document, "amount_untaxed": net, "groups": groups, "rate": rate})


def _taxes_of(database: Database, line: Values) -> list[int]:
    """The taxes of a line; where the column was left out altogether, the default of its account."""
    if "tax_ids" in line:
        return list(line["tax_ids"])
    account = line.get("account_id")
    return list(one_of(database, "account.account", account)["tax_ids"] or []) if account else []


def with_terms(database: Database, move: Values) -> Values:
    """A bill with the supplier's payment terms, which win over its own due date unless they are set aside."""
    partner = one_of(database, "res.partner", move["partner_id"])
    if move["move_type"].startswith("out_"):
        return move
    term = move.get("invoice_payment_term_id", partner["property_supplier_payment_term_id"])
    if not term:
        return move
    days = timedelta(days=one_of(database, "account.payment.term", term)["days"])
    due = date.fromisoformat(move["invoice_date"]) + days
    return {**move, "invoice_payment_term_id": term, "invoice_date_due": due.isoformat()}


def with_tax(move: Values, totals: Mapping[str, Any]) -> Values:
    """A bill with other tax for the groups of taxes that it has tax of."""
    stated = {
        str(group["id"]): Decimal(group["tax_amount_currency"])
        for subtotal in totals["subtotals"]
        for group in subtotal["tax_groups"]
        if str(group["id"]) in move["groups"]
    }
    return _summed({**move, "groups": {**move["groups"], **stated}})


def _summed(document: Values) -> Values:
    groups = [{"id": int(group), "tax_amount_currency": tax} for group, tax in document["groups"].items()]
    tax = sum(document["groups"].values(), Decimal(0))
    gross = document["amount_untaxed"] + tax
    owed = _cents(gross / document["rate"])
    amounts = {"amount_tax": tax, "amount_total": gross, "amount_total_signed": owed}
    return {**document, **amounts, "tax_totals": {"subtotals": [{"tax_groups": groups}]}}


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def end_of_next_open_month(locked: str) -> str:
    """Where a document of a locked period is booked."""
    first_open = date.fromisoformat(locked) + timedelta(days=1)
    return ((first_open.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)).isoformat()


def number(database: Database, move: Values) -> str:
    """The next number of invoices or of their credit notes in a month."""
    if move["move_type"] == "entry":
        return _of_journal(database, move)
    letters = LETTERS[move["move_type"]]
    start = f"{letters}/{move['date'][:4]}/{move['date'][5:7]}/"
    taken = [one["name"] for one in all_of(database, "account.move") if str(one["name"]).startswith(start)]
    return f"{start}{len(taken) + 1:04}"


def _of_journal(database: Database, move: Values) -> str:
    start = f"{one_of(database, 'account.journal', move['journal_id'])['code']}/{move['date'][:4]}/"
    taken = [one["name"] for one in all_of(database, "account.move") if str(one["name"]).startswith(start)]
    return f"{start}{len(taken) + 1:05}"


def order_number(database: Database) -> str:
    """The next number of purchase orders."""
    return f"P{len(all_of(database, 'purchase.order')) + 1:05}"
