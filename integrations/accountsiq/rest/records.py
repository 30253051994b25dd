"""Rows over REST as reference data. Pure functions; of names that nobody has told us the likely ones are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from integrations.accountsiq.rest.answers import Row, texts
from integrations.accountsiq.rest.codes import COST_TYPE, COST_TYPE_PREFIX, DEPARTMENT
from integrations.accountsiq.rest.endpoints import TAX_CODES
from integrations.accountsiq.rest.mapping import amount
from integrations.accountsiq.rest.terms import TaxCode
from integrations.content import plain
from integrations.reference import Record, RecordKind


class Shelf(NamedTuple):
    """Where rows are listed, and what their members are called: theirs are tried in this order.

    `details` are our names and theirs. `prefix` keeps the ids of two lists of one kind apart.
    """

    call: str
    kind: RecordKind
    id_name: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    details: Mapping[str, tuple[str, ...]]
    dimension: str = ""
    prefix: str = ""


SUPPLIERS: Final = Shelf(
    "client_contacts.list",
    RecordKind.SUPPLIER,
    "ContactId",
    ("InternalID", "ContactId"),
    ("CompanyName", "ContactName", "Name"),
    {
        "tax_number": ("VatNumber",),
        "email": ("EmailAddress",),
        "phone": ("PhoneNumber",),
        "address": ("Address",),
        "postcode": ("PostCode",),
        "currency": ("CurrencyCode", "Currency"),
    },
)
ACCOUNTS: Final = Shelf(
    "nominal_accounts.list",
    RecordKind.ACCOUNT,
    "NominalAccountId",
    ("Code", "NominalAccountCode", "NominalCode", "NominalAccountId"),
    ("Name", "NominalAccountName", "Description"),
    {"type": ("AccountType",)},
)
DEPARTMENTS: Final = Shelf(
    "departments.list",
    RecordKind.DIMENSION,
    "DepartmentId",
    ("DepartmentCode", "DepartmentId"),
    ("DepartmentName",),
    {},
    DEPARTMENT,
)
COST_TYPES: Final = Shelf(
    "cost_types.list",
    RecordKind.DIMENSION,
    "ClientCostTypeId",
    ("CostTypeCode", "ClientCostTypeId"),
    ("CostType",),
    {},
    COST_TYPE,
    COST_TYPE_PREFIX,
)
TAXES: Final = Shelf(
    TAX_CODES,
    RecordKind.TAX,
    "TaxCategoryId",
    ("Code", "TaxCategoryCode", "TaxCategoryId"),
    ("Name", "TaxCategoryName", "Description"),
    {"rate": ("Rate", "TaxRate")},
)
_RATE_DIGITS: Final = Decimal("1.0000000000")
_ACTIVE: Final = ("Active", "IsActive")
_NUMBERS: Final = frozenset({"rate"})


def told(shelf: Shelf) -> Callable[[Row], Record]:
    """How rows of a shelf become records. A row's id is known to be there; what cannot be read counts as not told."""

    def record(row: Row) -> Record:
        code = next(texts(row, shelf.codes), "")
        details = {name: text for name, theirs in shelf.details.items() if (text := _detail(row, name, theirs))}
        return Record(
            kind=shelf.kind,
            code=code,
            name=next(texts(row, shelf.names), "") or _person(row) or code,
            external_id=f"{shelf.prefix}{str(row[shelf.id_name]).strip()}",
            is_active=not any(row.get(name) is False for name in _ACTIVE),
            dimension=shelf.dimension,
            details=details,
        )

    return record


def is_supplier(row: Row, supplier_type: str) -> bool:
    """Whether a contact is one that is owed: the list has customers, too."""
    return next(texts(row, ("ContactType",)), "").casefold() == supplier_type.casefold()


def from_table(one: TaxCode) -> Record:
    """A tax code of the connection's own table."""
    details = {"rate": plain(one.rate)}
    return Record(kind=RecordKind.TAX, code=one.code, name=one.name, external_id=one.code, details=details)


def base_currency(code: str) -> Record:
    """The company's own currency, worth one of itself."""
    details = {"rate": "1", "is_base": "yes"}
    return Record(kind=RecordKind.CURRENCY, code=code, name=code, external_id=code, details=details)


def currency(code: str, rates: list[Row], *, counts_foreign: bool) -> Record:
    """A foreign currency, with its latest rate where one is told: units of it for one unit of the company's own."""
    dated = sorted(rates, key=lambda row: next(texts(row, ("Date", "RateDate")), ""))
    rate = amount(dated[-1].get("Rate")) if dated else None
    details = {"rate": plain(rate if counts_foreign else _turned(rate))} if rate is not None and rate > 0 else {}
    return Record(kind=RecordKind.CURRENCY, code=code, name=code, external_id=code, details=details)


def _turned(rate: Decimal) -> Decimal:
    """The other way round, with as many digits as a rate has at most."""
    return (1 / rate).quantize(_RATE_DIGITS)


def _detail(row: Row, name: str, theirs: tuple[str, ...]) -> str:
    if name in _NUMBERS:
        value = next((number for one in theirs if (number := amount(row.get(one))) is not None), None)
        return plain(value)
    return next(texts(row, theirs), "")


def _person(row: Row) -> str:
    """A contact is a person by the list that we were given: a company stands where the names stand."""
    return " ".join(texts(row, ("FirstName", "LastName")))
