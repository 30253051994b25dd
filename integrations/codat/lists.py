"""What Codat has read of the books' own lists: suppliers, customers, accounts, tax rates and tracking categories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from integrations.codat import syncing
from integrations.codat.client import Client, NotFetched
from integrations.codat.values import text

Row = Mapping[str, Any]

SUPPLIERS: Final = "suppliers"
CUSTOMERS: Final = "customers"
ACCOUNTS: Final = "chartOfAccounts"
TAX_RATES: Final = "taxRates"
TRACKING: Final = "trackingCategories"
# The data of one type are found under another name.
_PATHS: Final[Mapping[str, str]] = {ACCOUNTS: "accounts"}
CODES: Final[Mapping[str, str]] = {ACCOUNTS: "nominalCode", TAX_RATES: "code"}
"""The members with the codes that people know. They are not unique, and some platforms have none."""
_CLOSED: Final = frozenset({"archived", "pending"})
# What cannot upset a query; anything else is looked for among all.
_SAFE: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_WORD: Final = re.compile(r"[A-Za-z0-9]{2,}")


class Lists:
    """The lists of one company, each read once for one attempt."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def rows(self, data_type: str, **params: str | int) -> Iterator[Row]:
        """All rows of a type, page by page, those deleted over there too.

        What was never fetched, or before the company was linked, is asked for, and then raises `Retryable`; as
        `syncing.freshen` else.
        """
        syncing.insist_on_these_books(self._client, data_type)
        path = f"companies/{self._client.company}/data/{_PATHS.get(data_type, data_type)}"
        try:
            yield from self._client.pages(path, **params)
        except NotFetched:
            syncing.freshen(self._client, data_type)
            raise

    def suppliers(self, *, code: str | None, name: str) -> Sequence[Row]:
        """Those with an id, or without one those of a name in any letter case."""
        return self._by_id(SUPPLIERS, code) if code else self._by_name(SUPPLIERS, "supplierName", name)

    def customers(self, *, code: str | None, name: str) -> Sequence[Row]:
        """The one with an id, else those of a name in any letter case: a source of sales has codes of its own, which
        only some platforms take as ids."""
        found = self._by_id(CUSTOMERS, code) if code else []
        return found or self._by_name(CUSTOMERS, "customerName", name)

    def _by_id(self, data_type: str, code: str) -> list[Row]:
        wanted = {"query": f"id={code}"} if _SAFE.fullmatch(code) else {}
        return [row for row in self.rows(data_type, **wanted) if row.get("id") == code]

    def _by_name(self, data_type: str, member: str, name: str) -> list[Row]:
        longest = max(_WORD.findall(name), key=len, default="")
        wanted = {"query": f"{member}~{longest}"} if longest else {}
        return [row for row in self.rows(data_type, **wanted) if _same(row.get(member), name)]

    @cached_property
    def accounts(self) -> Sequence[Row]:
        """The whole chart: nominal codes are not unique, so that one of them says nothing without the others."""
        return list(self.rows(ACCOUNTS))

    @cached_property
    def tax_rates(self) -> Sequence[Row]:
        """All tax rates."""
        return list(self.rows(TAX_RATES))

    @cached_property
    def tracking(self) -> Sequence[Row]:
        """All tracking categories: those that have others below them, and those that documents may name."""
        return list(self.rows(TRACKING))


def is_active(row: Row) -> bool:
    """Whether it may still be used. A status that is not known says nothing against it."""
    return text(row.get("status")).lower() not in _CLOSED and not is_deleted(row)


def is_deleted(row: Row) -> bool:
    """Whether it is gone over there; such rows keep their last status."""
    metadata = row.get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("isDeleted") is True


def code_of(row: Row, rows: Sequence[Row], member: str) -> str:
    """What a document names one of `rows` by: its code in `member`, or its id where there is none, or where another
    that is in use has that code as well."""
    code = text(row.get(member))
    others = (one for one in rows if one is not row and text(one.get(member)) == code and is_active(one))
    return code if code and not any(True for _ in others) else text(row.get("id"))


def _same(one: object, other: str) -> bool:
    return text(one).casefold() == other.strip().casefold() != ""
