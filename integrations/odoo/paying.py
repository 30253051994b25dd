"""Customers' money in Odoo: what a payment names, asked for before anything is written, and what it settles."""

from __future__ import annotations

from typing import Final

from integrations.documents import Document, IdempotencyKey
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from integrations.odoo import money, naming
from integrations.odoo.client import MODULE, Client, Row
from integrations.odoo.money import Owed, Paying
from integrations.odoo.values import label, record_id

_LINE: Final = "account.move.line"
_OWED: Final = (
    "move_id", "account_id", "partner_id", "currency_id", "amount_residual_currency", "reconciled",
)  # fmt: skip
_NAMED: Final = ("name", "res_id")
_LONGEST_ID: Final = 9


def named(client: Client, document: Document) -> Paying:
    """All of it; a customer that Odoo does not know is made, last of all.

    Raises `Rejected` for what cannot be settled, `Misconfigured` for what is not set up in Odoo.
    """
    money.check_allocated(document)
    accounts, currency = naming.accounts(client, document), naming.currency(client, document)
    journal, own_currency = _journal(client, next(iter(accounts.values()))), _own_currency(client)
    invoices, partner = _invoices(client, document), naming.partner(client, document)
    paying = Paying(
        partner=partner,
        receivable=_receivable(client, partner),
        journal=journal,
        currency=currency,
        own_currency=own_currency,
        accounts=accounts,
        invoices=invoices,
    )
    money.check_open(document, paying)
    return paying


def settle(client: Client, document: Document, key: IdempotencyKey) -> None:
    """Reconcile each line of a posted payment with its invoice; what is reconciled already stays so.

    Raises `OutcomeUnknown` where Odoo refuses: the money is in its books by then.
    """
    for ours, owed in _open(client, document, key):
        try:
            client.change_all(_LINE, "reconcile", [ours["id"], *owed.lines])
        except Rejected as refusal:
            message = f"Odoo has booked the money and did not settle what it is for: {refusal.message}"
            raise OutcomeUnknown(message[:300], field="allocations") from refusal


def is_settled(client: Client, document: Document, key: IdempotencyKey) -> bool:
    """Whether there is nothing left to reconcile of a posted payment: it is done, or nothing is open of its invoice."""
    return not _open(client, document, key)


def _open(client: Client, document: Document, key: IdempotencyKey) -> list[tuple[Row, Owed]]:
    """Our lines that are not reconciled yet, each with what is open of its invoice."""
    wanted = [(place, one) for place, one in enumerate(money.parts(document), start=1) if one.invoice]
    if not wanted:
        return []
    names = {money.name_of(key, place): one.invoice or "" for place, one in wanted}
    domain = [["module", "=", MODULE], ["model", "=", _LINE], ["name", "in", [*names]]]
    found = client.read("ir.model.data", domain, _NAMED)
    ids = {record_id(row["res_id"]): names[str(row["name"])] for row in found}
    lines = client.read(_LINE, [["id", "in", sorted(ids)]], ["reconciled"])
    owed = _invoices(client, document)
    unsettled = [(row, owed.get(ids[row["id"]])) for row in lines if row.get("reconciled") is not True]
    return [(row, one) for row, one in unsettled if one is not None and one.lines]


def _invoices(client: Client, document: Document) -> dict[str, Owed]:
    ids = [int(one.posted_as) for _, one in money.linked(document) if _is_id(one.posted_as)]
    if not ids:
        return {}
    domain = [["move_id", "in", ids], ["account_type", "=", "asset_receivable"], ["parent_state", "=", "posted"]]
    return money.owed_of(client.read(_LINE, domain, _OWED))


def _receivable(client: Client, partner: int) -> int:
    for row in client.read("res.partner", [["id", "=", partner]], ["property_account_receivable_id"]):
        if account := record_id(row.get("property_account_receivable_id")):
            return account
    message = "Odoo has no receivable account for the customer. Set the default accounts there, under Accounting."
    raise Misconfigured(message, field="company_id")


def _journal(client: Client, account: int) -> int:
    """The bank's or the till's own, where the account is that of one; else one for all else."""
    for domain in ([["default_account_id", "=", account]], [["type", "=", "general"]]):
        company = ["company_id", "=", client.company_id]
        for row in client.read("account.journal", [*domain, ["active", "=", True], company], ["code"], limit=1):
            return int(row["id"])
    raise Misconfigured("Odoo has no journal for payments. Add one there, under Accounting.", field="company_id")


def _own_currency(client: Client) -> str:
    for row in client.read("res.company", [["id", "=", client.company_id]], ["currency_id"]):
        return label(row.get("currency_id")) or ""
    message = "There is no company with this id in Odoo. Check the company's id."
    raise Misconfigured(message, field="company_id")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
