"""Asks Tryton for everything that a customer's payment or refund names, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.content import plain
from integrations.documents import Allocation, Document
from integrations.errors import Misconfigured, Rejected
from integrations.tryton import money, names
from integrations.tryton.client import Client
from integrations.tryton.kinds import INVOICES
from integrations.tryton.money import Paying
from integrations.tryton.naming import all_of, control, currency_of, journal, own, party_of
from integrations.tryton.words import amount, date, date_told, part, word

_INVOICE: Final = ("state", "number", "account", "currency.code", "party.code", "total_amount", "amount_to_pay")
_IN_THE_BOOKS: Final = ("posted", "paid")
_LONGEST_ID: Final = 12

Record = Mapping[str, Any]


def named(client: Client, document: Document) -> Paying:
    """All of it. A customer that Tryton does not know is made, last of all: that is a write.

    Raises `Rejected` with line, code or invoice for what Tryton does not know or has less open of than is to be
    settled, `Misconfigured` for what is not set up there.
    """
    money.check_allocated(document)
    codes = names.codes(document, lambda line: line.account_code, "account")
    found = all_of(client, "account.account", [["code", "in", codes], own(client)], names.ACCOUNT)
    accounts, receivable = names.accounts(document, found), control(client, document)
    own_currency = _own_currency(client)
    is_foreign = document.currency != own_currency
    in_journal, period = journal(client, document), _period(client, document)
    currency = currency_of(client, document) if is_foreign else None
    invoices = _invoices(client, document)
    party = party_of(client, document)
    return Paying(
        company=client.company_id,
        party=party["id"],
        accounts=accounts,
        receivable=party.get("account_receivable") or receivable,
        own_currency=own_currency,
        journal=in_journal,
        period=period,
        currency=currency,
        invoices=invoices,
    )


def _own_currency(client: Client) -> str:
    domain = [["id", "=", client.company_id]]
    for one in client.search("company.company", domain, ("currency.code",)):
        return word(part(one, "currency", "code"))
    message = "Tryton has no company with this number, or the key may not see it. Check the company number."
    raise Misconfigured(message, field="company_id")


def _period(client: Client, document: Document) -> int:
    """The open one of the day. Raises `Rejected` where there is none: the date is not moved."""
    on = date_told(date(document))
    domain = [["start_date", "<=", on], ["end_date", ">=", on], ["type", "=", "standard"], own(client)]
    for one in client.search("account.period", domain, ("state",)):
        if one.get("state") == "open":
            return int(one["id"])
    day = f"{date(document):%-d %B %Y}"
    raise Rejected(f"Tryton has no open period for {day}. Open or make one there and try again.", field="date")


def _invoices(client: Client, document: Document) -> dict[str, Record]:
    """What the payment settles, by ids as text."""
    wanted = money.linked(document)
    ids = [int(one.posted_as) for _, one in wanted if _is_id(one.posted_as)]
    if not wanted:
        return {}
    domain = [["id", "in", ids], ["type", "=", "out"], own(client)]
    found = {str(one["id"]): one for one in client.search(INVOICES, domain, _INVOICE)}
    for place, one in wanted:
        _check(document, one, found.get(one.posted_as), f"allocations[{place}]")
    return found


def _check(document: Document, one: Allocation, invoice: Record | None, field: str) -> None:
    """Tryton itself refuses more than there is; here it is said of which, and how much."""
    what = money.called(one)
    if invoice is None or invoice.get("state") not in _IN_THE_BOOKS:
        raise Rejected(f"{what} is not in the books of Tryton, or no longer.", field=field)
    if (code := word(part(invoice, "currency", "code"))) != document.currency:
        raise Rejected(f"{what} is in {code} in Tryton, but the document is in {document.currency}.", field=field)
    left = abs(amount(invoice.get("amount_to_pay")) or Decimal(0))
    if one.amount > left:
        told = f"{plain(left)} {document.currency} is open in Tryton, but {plain(one.amount)} is to be settled."
        raise Rejected(f"{what}: {told}", field=field)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _LONGEST_ID
