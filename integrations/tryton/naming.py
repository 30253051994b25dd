"""Asks Tryton for everything that a document names, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.documents import Document, Kind
from integrations.errors import Misconfigured
from integrations.tryton import mapping, names
from integrations.tryton.client import Client
from integrations.tryton.kinds import MONEY
from integrations.tryton.mapping import Named
from integrations.tryton.words import date, one_line

Record = Mapping[str, Any]


def named(client: Client, document: Document) -> Named:
    """All of it. A party that Tryton does not know is made, last of all: that is a write.

    Raises `Rejected` with line and code for what Tryton does not know, `Misconfigured` for what is not set up there.
    """
    date(document)
    accounts, account, in_journal = _for_the_ledger(client, document)
    taxes = _taxes(client, document)
    currency = currency_of(client, document)
    party = party_of(client, document)
    return Named(
        company=client.company_id,
        party=party["id"],
        address=names.address(party, names.word_of(document.party)),
        currency=currency,
        taxes=taxes,
        accounts=accounts,
        control=party.get(_control(document)) or account,
        journal=in_journal,
    )


def _for_the_ledger(client: Client, document: Document) -> tuple[Mapping[str, Record], int, int]:
    """(accounts by code, payable or receivable account, journal), which an order has not."""
    if document.kind is Kind.PURCHASE_ORDER:
        return {}, 0, 0
    codes = names.codes(document, lambda line: line.account_code, "account")
    found = all_of(client, "account.account", [["code", "in", codes], own(client)], names.ACCOUNT)
    return names.accounts(document, found), control(client, document), journal(client, document)


def _taxes(client: Client, document: Document) -> Mapping[str, Record]:
    codes = names.codes(document, lambda line: line.tax_code, "tax")
    found = all_of(client, "account.tax", [["name", "in", codes], own(client)], names.TAX)
    return names.taxes(document, found)


def currency_of(client: Client, document: Document) -> int:
    """The document's currency. Raises `Rejected` where Tryton has it not, or no longer."""
    domain = [["code", "=", one_line(document.currency)]]
    return names.currency(document, all_of(client, "currency.currency", domain, names.CURRENCY))


def party_of(client: Client, document: Document) -> Record:
    """The supplier or customer, made where Tryton knows none. Raises `Rejected` where it is not clear who is meant."""
    fields = names.CUSTOMER if document.kind.is_sale else names.PARTY
    found = all_of(client, "party.party", names.parties(document.party), fields)
    known = names.party(document.party, found)
    return known or client.create("party.party", mapping.party(document), fields)


def control(client: Client, document: Document) -> int:
    """The account for what is owed to suppliers, or by customers, that have none of their own."""
    what, name = ("receivable" if document.kind.is_sale else "payable"), f"default_{_control(document)}"
    for one in client.search("account.configuration", [], (name,)):
        if isinstance(account := one.get(name), int):
            return account
    message = f"Tryton has no default {what} account. Set it there, under Financial, Configuration, Configuration."
    raise Misconfigured(message, field="company_id")


def journal(client: Client, document: Document) -> int:
    """Where entries of such documents stand."""
    type_ = "cash" if document.kind in MONEY else "revenue" if document.kind.is_sale else "expense"
    for one in client.search("account.journal", [["type", "=", type_], ["active", "=", True]], ("code",)):
        return int(one["id"])
    message = f"Tryton has no journal of the type {type_}. Add one there, under Financial, Configuration, Journals."
    raise Misconfigured(message, field="company_id")


def own(client: Client) -> list[Any]:
    """What is the company's own."""
    return ["company", "=", client.company_id]


def all_of(client: Client, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[Record]:
    """All records of a domain."""
    return list(client.search(model, domain, fields))


def _control(document: Document) -> str:
    return "account_receivable" if document.kind.is_sale else "account_payable"
