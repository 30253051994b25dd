"""What one document names in the books, read in one statement: accounts, tax codes, parties."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from integrations.documents import Document
from ledger.models import Account, Books, TaxCode
from ledger.services.coding import Coding
from ledger.services.parties import PARTIES, Party, party_of, register_of, wanted
from ledger.services.statements import column_value, rows

ACCOUNTS = (
    "SELECT id, code, name, active, role FROM ledger_account WHERE books_id = %s AND (role <> '' OR code {among})"
)
TAX_CODES = "SELECT id, code, name, active, '' FROM ledger_taxcode WHERE books_id = %s AND code {among}"
STATEMENT = f"""
SELECT 'account', accounts.* FROM ({ACCOUNTS}) AS accounts
UNION ALL SELECT 'tax code', tax_codes.* FROM ({TAX_CODES}) AS tax_codes
UNION ALL SELECT 'party', parties.*, '' FROM ({PARTIES}) AS parties
"""  # noqa: S608 - put together from constants
AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


@dataclass(frozen=True, slots=True)
class Named:
    """Accounts and tax codes as the document's coding, and the parties that it may mean."""

    coding: Coding
    parties: list[Party]


def named_in(books: Books, document: Document) -> Named:
    """Look up what `document` names, in one statement however many lines there are."""
    column, party = wanted(document.party)
    register = register_of(document.kind)
    books_id = column_value(books)
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for what, *row in rows(
        STATEMENT.format(among=AMONG[connection.vendor], table=register.table, column=column),
        *(books_id, _list({line.account_code for line in document.lines if line.account_code})),
        *(books_id, _list({line.tax_code for line in document.lines if line.tax_code})),
        *(books_id, party),
    ):
        found[what].append(tuple(row))
    return Named(
        _coding(books, found["account"], found["tax code"]),
        [party_of(books, register, *row[:-1]) for row in found["party"]],
    )


def _coding(books: Books, account_rows: list[tuple[Any, ...]], tax_code_rows: list[tuple[Any, ...]]) -> Coding:
    accounts = [
        Account(pk=pk, books=books, code=code, name=name, active=bool(active), role=role)
        for pk, code, name, active, role in account_rows
    ]
    tax_codes = [
        TaxCode(pk=pk, books=books, code=code, name=name, active=bool(active))
        for pk, code, name, active, _ in tax_code_rows
    ]
    return Coding(
        books=books,
        accounts={account.code: account for account in accounts},
        tax_codes={tax_code.code: tax_code for tax_code in tax_codes},
        controls={account.role: account for account in accounts if account.role},
    )


def _list(values: Collection[str]) -> Any:
    """A list as the statement takes it."""
    return sorted(values) if connection.vendor == "postgresql" else json.dumps(sorted(values))
