"""Asks Tryton for everything that a document names, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.documents import Document, Kind
from integrations.errors import Misconfigured
from integrations.tryton import mapping, names
from integrations.tryton.client import Client
from integrations.tryton.mapping import Named
from integrations.tryton.words import one_line

Record = Mapping[str, Any]


def named(client: Client, document: Document) -> Named:
    """All of it. A supplier that Tryton does not know is made, last of all: that is a write.

    Raises `Rejected` with line and code for what Tryton does not know, `Misconfigured` for what is not set up there.
    """
    mapping.date(document)
    accounts, payable, journal = _for_the_ledger(client, document)
    taxes = _taxes(client, document)
    currency = _currency(client, document)
    party = _party(client, document)
    return Named(
        company=client.company_id,
        party=party["id"],
        address=names.address(party),
        currency=currency,
        taxes=taxes,
        accounts=accounts,
        payable=party.get("account_payable") or payable,
        journal=journal,
    )


def _for_the_ledger(client: Client, document: Document) -> tuple[Mapping[str, Record], int, int]:
    """(accounts by code, payable account, journal), which an order has not."""
    if document.kind is Kind.PURCHASE_ORDER:
        return {}, 0, 0
    codes = names.codes(document, lambda line: line.account_code, "account")
    found = _all(client, "account.account", [["code", "in", codes], _own(client)], names.ACCOUNT)
    return names.accounts(document, found), _payable(client), _journal(client)


def _taxes(client: Client, document: Document) -> Mapping[str, Record]:
    codes = names.codes(document, lambda line: line.tax_code, "tax")
    found = _all(client, "account.tax", [["name", "in", codes], _own(client)], names.TAX)
    return names.taxes(document, found)


def _currency(client: Client, document: Document) -> int:
    domain = [["code", "=", one_line(document.currency)]]
    return names.currency(document, _all(client, "currency.currency", domain, names.CURRENCY))


def _party(client: Client, document: Document) -> Record:
    found = _all(client, "party.party", names.parties(document.party), names.PARTY)
    known = names.party(document.party, found)
    return known or client.create("party.party", mapping.supplier(document), names.PARTY)


def _payable(client: Client) -> int:
    """The account for what is owed to suppliers that have none of their own."""
    for one in client.search("account.configuration", [], ("default_account_payable",)):
        if isinstance(account := one.get("default_account_payable"), int):
            return account
    message = "Tryton has no default payable account. Set it there, under Financial, Configuration, Configuration."
    raise Misconfigured(message, field="company_id")


def _journal(client: Client) -> int:
    for one in client.search("account.journal", [["type", "=", "expense"], ["active", "=", True]], ("code",)):
        return int(one["id"])
    message = "Tryton has no journal of the type expense. Add one there, under Financial, Configuration, Journals."
    raise Misconfigured(message, field="company_id")


def _own(client: Client) -> list[Any]:
    return ["company", "=", client.company_id]


def _all(client: Client, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[Record]:
    return list(client.search(model, domain, fields))
