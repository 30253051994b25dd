"""The books' reference data as others read it: page by page, and no model instances, for there may be 100,000 rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.db.models import QuerySet

from integrations.content import plain
from integrations.reference import Record, RecordKind
from ledger.models import Account, Books, Currency, DeliverySite, Dimension, DimensionValue, Supplier, TaxCode

PAGE: Final = 2000
# The details of a supplier and of a delivery site that are texts; each is a column of the same name.
SUPPLIER_TEXTS: Final = (
    "tax_number", "email", "phone", "currency", "address_1", "address_2", "city", "region", "postcode", "country_code",
    "bank_name", "bank_account", "bank_sort_code", "default_account", "default_tax",
)  # fmt: skip
SITE_TEXTS: Final = ("address_1", "address_2", "city", "postcode", "country_code", "phone")
COMMON: Final = ("id", "code", "name", "active")


def records_of(books: Books, kind: RecordKind) -> Iterator[Record]:
    """Every record of a kind in the order of its codes, inactive ones too; none of a kind that the books do not keep.

    Accounts with a role are left out: the ledger itself books to them, so no document is to be coded there.
    """
    return READERS[kind](books) if kind in READERS else iter(())


def _suppliers(books: Books) -> Iterator[Record]:
    fields = (*COMMON, "payment_days", *SUPPLIER_TEXTS)
    for pk, code, name, active, days, *texts in _rows(Supplier.objects.filter(books=books), fields):
        details = {field: text for field, text in zip(SUPPLIER_TEXTS, texts, strict=True) if text}
        if days is not None:
            details["payment_days"] = str(days)
        yield _record(RecordKind.SUPPLIER, pk, code, name, active, details)


def _accounts(books: Books) -> Iterator[Record]:
    for pk, code, name, active, kind in _rows(Account.objects.filter(books=books, role=""), (*COMMON, "type")):
        yield _record(RecordKind.ACCOUNT, pk, code, name, active, {"type": kind})


def _tax_codes(books: Books) -> Iterator[Record]:
    for pk, code, name, active, rate in _rows(TaxCode.objects.filter(books=books), (*COMMON, "rate")):
        yield _record(RecordKind.TAX, pk, code, name, active, {"rate": plain(rate)})


def _currencies(books: Books) -> Iterator[Record]:
    for pk, code, name, active, rate in _rows(Currency.objects.filter(books=books), (*COMMON, "rate")):
        base = {"is_base": "yes"} if code == books.base_currency else {}
        yield _record(RecordKind.CURRENCY, pk, code, name, active, {"rate": plain(rate), **base})


def _sites(books: Books) -> Iterator[Record]:
    for pk, code, name, active, *texts in _rows(DeliverySite.objects.filter(books=books), (*COMMON, *SITE_TEXTS)):
        details = {field: text for field, text in zip(SITE_TEXTS, texts, strict=True) if text}
        yield _record(RecordKind.DELIVERY_SITE, pk, code, name, active, details)


def _dimensions(books: Books) -> Iterator[Record]:
    for dimension in Dimension.objects.filter(books=books).order_by("name"):
        for pk, code, name, active in _rows(DimensionValue.objects.filter(dimension=dimension), COMMON):
            is_active = active and dimension.active
            yield _record(RecordKind.DIMENSION, pk, code, name, is_active, {}, dimension.name)


READERS: Final[Mapping[RecordKind, Callable[[Books], Iterator[Record]]]] = {
    RecordKind.SUPPLIER: _suppliers,
    RecordKind.ACCOUNT: _accounts,
    RecordKind.TAX: _tax_codes,
    RecordKind.CURRENCY: _currencies,
    RecordKind.DELIVERY_SITE: _sites,
    RecordKind.DIMENSION: _dimensions,
}


def _record(
    kind: RecordKind, pk: int, code: str, name: str, active: bool, details: Mapping[str, str], dimension: str = ""
) -> Record:
    return Record(
        kind=kind, code=code, name=name, external_id=str(pk), is_active=active, dimension=dimension, details=details
    )


def _rows(chosen: QuerySet[Any, Any], fields: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of their codes, each page beginning after the last code by the unique index.

    No cursor stays open between pages, so whoever reads may write and commit meanwhile. The code is the second field.
    """
    rows = chosen.order_by("code").values_list(*fields)
    page = list(rows[:PAGE])
    while page:
        yield from page
        last, is_full = page[-1][1], len(page) == PAGE
        page.clear()
        if is_full:
            page = list(rows.filter(code__gt=last)[:PAGE])
