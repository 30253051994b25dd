"""The families of codes: what a code of a document stands for, in the document's own kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from integrations.documents import Kind

SUPPLIER, ACCOUNT, TAX, CURRENCY = "supplier", "account", "tax", "currency"
CUSTOMER, REVENUE, BANK, SALES_TAX = "customer", "revenue", "bank", "sales_tax"
FAMILIES: Final = {
    SUPPLIER: "supplier code",
    ACCOUNT: "account code",
    TAX: "tax code",
    CURRENCY: "currency",
    CUSTOMER: "customer code",
    REVENUE: "revenue account",
    BANK: "bank account",
    SALES_TAX: "sales tax code",
}
OF_SALES: Final = (CUSTOMER, REVENUE, BANK, SALES_TAX)
# What is written there is no code of the accounting system: what was sold, or by which method money moved.
BY_NAME: Final = frozenset({REVENUE, BANK})
DIMENSION: Final = "dimension:"


class Coding(NamedTuple):
    """The families of a document's codes. `tax` is None where its lines carry no tax."""

    party: str
    account: str
    tax: str | None


PURCHASE: Final = Coding(SUPPLIER, ACCOUNT, TAX)
SALE: Final = Coding(CUSTOMER, REVENUE, SALES_TAX)
MONEY: Final = Coding(CUSTOMER, BANK, None)
BY_KIND: Final[Mapping[Kind, Coding]] = {
    Kind.SALES_INVOICE: SALE,
    Kind.SALES_CREDIT_NOTE: SALE,
    Kind.PAYMENT: MONEY,
    Kind.REFUND: MONEY,
}


def coding_of(kind: Kind) -> Coding:
    """The families of the codes of documents of a kind."""
    return BY_KIND.get(kind, PURCHASE)


def in_kind(family: str, kind: Kind | None) -> str:
    """The family that stands in a kind for one of purchases: customers for suppliers, revenue for accounts."""
    if kind is None or family not in PURCHASE:
        return family
    return coding_of(kind)[PURCHASE.index(family)] or family


def kinds_of(family: str) -> list[Kind]:
    """The kinds whose documents have codes of a family; all of them for currencies and dimensions."""
    return [kind for kind in Kind if family in coding_of(kind)] or list(Kind)


def dimension_family(name: str) -> str:
    """The family of a dimension's codes: `dimension:department` for Department."""
    return DIMENSION + name.strip().casefold()
