"""Find the supplier that a document names, or make it on first sight."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import partial

from django.db import connection

from integrations import documents
from integrations.errors import Rejected
from ledger.models import Books, Supplier
from ledger.services.statements import column_value, rows

LONGEST_CODE = 100
LONGEST_NAME = 200
# {column}: see `wanted`.
SUPPLIERS = """
SELECT id, code, name, active FROM ledger_supplier WHERE books_id = %s AND {column} = %s ORDER BY code LIMIT 2
"""


class UnknownSuppliers(StrEnum):
    """What happens to a supplier that the books do not know: the connection's setting `suppliers`."""

    MAKE = "make"
    REFUSE = "refuse"


def find_or_make(books: Books, named: documents.Party, unknown: UnknownSuppliers) -> Supplier:
    """The supplier with the given code, or without a code the one with the given name (in any letter case).

    Raises `Rejected` for one that is unknown (where the setting says refuse), inactive, ambiguous or cannot be kept.
    """
    chosen = choose(books, named, suppliers_called(books, named), unknown)
    return chosen if isinstance(chosen, Supplier) else chosen()


def wanted(named: documents.Party) -> tuple[str, str]:
    """By which column a supplier is found, and with which value: by its code, without one by its name."""
    code, name = _plain(named)
    return ("code", code) if code else ("name_key", Supplier.key_of(name))


def suppliers_called(books: Books, named: documents.Party) -> list[Supplier]:
    """The suppliers that a document may mean: two are enough to see that a name is not unique."""
    column, value = wanted(named)
    return [supplier_of(books, *row) for row in rows(SUPPLIERS.format(column=column), column_value(books), value)]


def supplier_of(books: Books, pk: int, code: str, name: str, active: object) -> Supplier:
    """A row of `SUPPLIERS`; what it does not tell is read when it is asked for."""
    values = (pk, books.pk, code, name, bool(active))
    supplier = Supplier.from_db(connection.alias, ("id", "books_id", "code", "name", "active"), values)
    supplier.books = books
    return supplier


def choose(
    books: Books, named: documents.Party, found: list[Supplier], unknown: UnknownSuppliers
) -> Supplier | Callable[[], Supplier]:
    """The one of `found` that is meant, or how it is made on sight. Raises `Rejected` as `find_or_make` does."""
    code, name = _plain(named)
    _check_lengths(code, name)
    if len(found) > 1:
        raise Rejected(
            f"More than one supplier is called {name} ({found[0].code}, {found[1].code}); the document has to name the "
            "code.",
            field="supplier.code",
        )
    if not found:
        _check_makeable(books, code, name, unknown)
        return partial(_make, books, code, name)
    if not found[0].active:
        raise Rejected(f"Supplier {found[0].code} ({found[0].name}) is inactive in {books.name}.", field="supplier")
    return found[0]


def _plain(named: documents.Party) -> tuple[str, str]:
    return (named.code or "").strip(), named.name.strip()


def _check_lengths(code: str, name: str) -> None:
    if not code and not name:
        raise Rejected("The document names no supplier.", field="supplier")
    if len(code) > LONGEST_CODE:
        raise Rejected(f"The supplier code is longer than {LONGEST_CODE} characters.", field="supplier.code")
    if len(name) > LONGEST_NAME:
        raise Rejected(f"The supplier name is longer than {LONGEST_NAME} characters.", field="supplier.name")


def _check_makeable(books: Books, code: str, name: str, unknown: UnknownSuppliers) -> None:
    if unknown == UnknownSuppliers.REFUSE:
        what = f"{code} ({name})" if code and name else code or name
        raise Rejected(f"Supplier {what} is not known in {books.name}, and new ones are not made.", field="supplier")


def _make(books: Books, code: str, name: str) -> Supplier:
    chosen = code or free_code(books, name)
    supplier, _ = Supplier.objects.get_or_create(
        books=books, code=chosen, defaults={"name": name or chosen, "made_on_sight": True}
    )
    return supplier


def free_code(books: Books, name: str) -> str:
    """A code that no supplier has, such as `METRO-01` for Metro Telecom.

    The hyphen keeps it away from codes of the form `METRO01`, which sources give, so that a supplier who arrives later
    with such a code is not taken for this one.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Z0-9]", "", plain.upper())[:5] or "NAME"
    taken = set(Supplier.objects.filter(books=books, code__startswith=f"{stem}-").values_list("code", flat=True))
    return next(code for code in (f"{stem}-{n:02d}" for n in itertools.count(1)) if code not in taken)
