"""Find the supplier or the customer that a document names, or make it on first sight."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from integrations import documents
from integrations.documents import Kind
from integrations.errors import Rejected
from ledger.models import Books, Customer, Supplier
from ledger.services.statements import column_value, rows

LONGEST_CODE = 100
LONGEST_NAME = 200
# {table} and {column}: see `Register` and `wanted`.
PARTIES = """
SELECT id, code, name, active FROM {table} WHERE books_id = %s AND {column} = %s ORDER BY code LIMIT 2
"""
# What is kept of a new customer beside code and name; each is a field of the document's customer and a column.
CUSTOMER_TEXTS: Final = ("email", "address", "town", "county", "postcode", "country")
LONGEST_TEXTS: Final = {
    field.name: field.max_length for field in Customer._meta.concrete_fields if field.name in CUSTOMER_TEXTS
}

Party = Supplier | Customer


class UnknownParties(StrEnum):
    """What happens to a party that the books do not know: the connection's settings `suppliers` and `customers`."""

    MAKE = "make"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Register:
    """Where the parties of a document are kept, and what they are called."""

    model: type[Supplier | Customer]
    word: str

    @property
    def table(self) -> str:
        """Its table."""
        return self.model._meta.db_table

    @property
    def parties(self) -> QuerySet[Any]:
        """All that are in it, of all books."""
        return self.model._default_manager.all()  # noqa: SLF001 - Django's own name for it


SUPPLIERS: Final = Register(Supplier, "supplier")
CUSTOMERS: Final = Register(Customer, "customer")


def register_of(kind: Kind) -> Register:
    """The register that documents of a kind are with."""
    return CUSTOMERS if kind.is_sale else SUPPLIERS


def find_or_make(books: Books, register: Register, named: documents.Party, unknown: UnknownParties) -> Party:
    """The party with the given code, or without a code the one with the given name (in any letter case).

    Raises `Rejected` for one that is unknown (where the setting says refuse), inactive, ambiguous or cannot be kept.
    """
    chosen = choose(books, register, named, parties_called(books, register, named), unknown)
    return chosen if isinstance(chosen, Party) else chosen()


def wanted(named: documents.Party) -> tuple[str, str]:
    """By which column a party is found, and with which value: by its code, without one by its name."""
    code, name = _plain(named)
    return ("code", code) if code else ("name_key", Supplier.key_of(name))


def parties_called(books: Books, register: Register, named: documents.Party) -> list[Party]:
    """The parties that a document may mean: two are enough to see that a name is not unique."""
    column, value = wanted(named)
    statement = PARTIES.format(table=register.table, column=column)
    return [party_of(books, register, *row) for row in rows(statement, column_value(books), value)]


def party_of(books: Books, register: Register, pk: int, code: str, name: str, active: object) -> Party:
    """A row of `PARTIES`; what it does not tell is read when it is asked for."""
    values = (pk, books.pk, code, name, bool(active))
    party = register.model.from_db(connection.alias, ("id", "books_id", "code", "name", "active"), values)
    party.books = books
    return party


def choose(
    books: Books, register: Register, named: documents.Party, found: list[Party], unknown: UnknownParties
) -> Party | Callable[[], Party]:
    """The one of `found` that is meant, or how it is made on sight. Raises `Rejected` as `find_or_make` does."""
    code, name = _plain(named)
    word = register.word
    _check_lengths(word, code, name)
    if len(found) > 1:
        raise Rejected(
            f"More than one {word} is called {name} ({found[0].code}, {found[1].code}); the document has to name the "
            "code.",
            field=f"{word}.code",
        )
    if not found:
        _check_makeable(books, word, code, name, unknown)
        return partial(_make, books, register, named)
    if not found[0].active:
        raise Rejected(
            f"{word.capitalize()} {found[0].code} ({found[0].name}) is inactive in {books.name}.", field=word
        )
    return found[0]


def _plain(named: documents.Party) -> tuple[str, str]:
    return (named.code or "").strip(), named.name.strip()


def _check_lengths(word: str, code: str, name: str) -> None:
    if not code and not name:
        raise Rejected(f"The document names no {word}.", field=word)
    if len(code) > LONGEST_CODE:
        raise Rejected(f"The {word} code is longer than {LONGEST_CODE} characters.", field=f"{word}.code")
    if len(name) > LONGEST_NAME:
        raise Rejected(f"The {word} name is longer than {LONGEST_NAME} characters.", field=f"{word}.name")


def _check_makeable(books: Books, word: str, code: str, name: str, unknown: UnknownParties) -> None:
    if unknown == UnknownParties.REFUSE:
        what = f"{code} ({name})" if code and name else code or name
        raise Rejected(
            f"{word.capitalize()} {what} is not known in {books.name}, and new ones are not made.", field=word
        )


def _make(books: Books, register: Register, named: documents.Party) -> Party:
    code, name = _plain(named)
    chosen = code or free_code(books, register, name)
    party: Party
    party, _ = register.parties.get_or_create(
        books=books,
        code=chosen,
        defaults={"name": name or chosen, "made_on_sight": True, **_details(register, named)},
    )
    return party


def _details(register: Register, named: documents.Party) -> dict[str, str]:
    """What a document tells of a new customer, as far as it fits: nothing is decided by it."""
    if register is not CUSTOMERS:
        return {}
    texts = {name: str(getattr(named, name, "")).strip() for name in CUSTOMER_TEXTS}
    return {name: text[: LONGEST_TEXTS[name]] for name, text in texts.items()}


def free_code(books: Books, register: Register, name: str) -> str:
    """A code that nobody of the register has, such as `METRO-01` for Metro Telecom.

    The hyphen keeps it away from codes of the form `METRO01`, which sources give, so that a party who arrives later
    with such a code is not taken for this one.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Z0-9]", "", plain.upper())[:5] or "NAME"
    like = register.parties.filter(books=books, code__startswith=f"{stem}-")
    taken = set(like.values_list("code", flat=True))
    return next(code for code in (f"{stem}-{n:02d}" for n in itertools.count(1)) if code not in taken)
