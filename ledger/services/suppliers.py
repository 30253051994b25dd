"""Find the supplier that a document names, or make it on first sight."""

from __future__ import annotations

import itertools
import re
import unicodedata
from enum import StrEnum

from integrations import documents
from integrations.errors import Rejected
from ledger.models import Books, Supplier

LONGEST_CODE = 100
LONGEST_NAME = 200


class UnknownSuppliers(StrEnum):
    """What happens to a supplier that the books do not know: the connection's setting `suppliers`."""

    MAKE = "make"
    REFUSE = "refuse"


def find_or_make(books: Books, named: documents.Supplier, unknown: UnknownSuppliers) -> Supplier:
    """The supplier with the given code, or without a code the one with the given name (in any letter case).

    Raises `Rejected` for one that is unknown (where the setting says refuse), inactive, ambiguous or cannot be kept.
    """
    code, name = (named.code or "").strip(), named.name.strip()
    _check_lengths(code, name)
    supplier = _by_code(books, code) if code else _by_name(books, name)
    if supplier is None:
        return _make(books, code, name, unknown)
    if not supplier.active:
        raise Rejected(f"Supplier {supplier.code} ({supplier.name}) is inactive in {books.name}.", field="supplier")
    return supplier


def _check_lengths(code: str, name: str) -> None:
    if not code and not name:
        raise Rejected("The document names no supplier.", field="supplier")
    if len(code) > LONGEST_CODE:
        raise Rejected(f"The supplier code is longer than {LONGEST_CODE} characters.", field="supplier.code")
    if len(name) > LONGEST_NAME:
        raise Rejected(f"The supplier name is longer than {LONGEST_NAME} characters.", field="supplier.name")


def _by_code(books: Books, code: str) -> Supplier | None:
    return Supplier.objects.filter(books=books, code=code).first()


def _by_name(books: Books, name: str) -> Supplier | None:
    found = list(Supplier.objects.filter(books=books, name_key=Supplier.key_of(name)).order_by("code")[:2])
    if len(found) > 1:
        raise Rejected(
            f"More than one supplier is called {name} ({found[0].code}, {found[1].code}); the document has to name the "
            "code.",
            field="supplier.code",
        )
    return found[0] if found else None


def _make(books: Books, code: str, name: str, unknown: UnknownSuppliers) -> Supplier:
    if unknown == UnknownSuppliers.REFUSE:
        what = f"{code} ({name})" if code and name else code or name
        raise Rejected(f"Supplier {what} is not known in {books.name}, and new ones are not made.", field="supplier")
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
