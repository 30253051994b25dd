"""What both databases and the models refuse, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.db.transaction import atomic, set_rollback

from integrations.documents import Kind
from ledger.models import (
    Account,
    Books,
    Counter,
    Entry,
    EntryAllocation,
    EntryIsFinal,
    EntryLine,
    MemoLine,
    Supplier,
)
from ledger.services import keep_memo, open_books, post_document, reverse
from tests.factories import a_document
from tests.ledger.booked import key

pytestmark = pytest.mark.engine


@pytest.fixture
def entry(books: Books) -> Entry:
    """A posted invoice over 120.00."""
    return post_document(books, a_document(), key(), "P-000001")


def insert(row: Entry | EntryLine | MemoLine | EntryAllocation, **changes: Any) -> None:
    """Insert a copy of a row in raw SQL, with some columns changed (money in ten-thousandths)."""
    columns = [str(field.column) for field in row._meta.concrete_fields if not field.primary_key]
    chosen = [f"%({column})s" if column in changes else column for column in columns]
    statement = (
        f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(chosen)} FROM {row._meta.db_table} WHERE id = {row.pk}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, changes)


def entry_like(entry: Entry, **changes: Any) -> Callable[[], None]:
    """A second entry, unique in every way unless `changes` say otherwise."""
    unique = {"sequence": 2, "number": "JNL-000002", "external_key": "key-2"}
    return lambda: insert(entry, **{**unique, **changes})


BAD_ENTRIES: dict[str, dict[str, Any]] = {
    "a sequence twice": {"sequence": 1},
    "a number twice": {"number": "JNL-000001"},
    "a key twice": {"external_key": "key-1"},
    "a sequence of zero": {"sequence": 0},
    "one line": {"line_count": 1},
    "no money": {"total": 0},
    "a memo with lines": {"kind": "memo", "series": "MEM"},
    "a memo with money": {"kind": "memo", "series": "MEM", "line_count": 0},
    "a memo in the journal": {"kind": "memo", "line_count": 0, "total": 0},
    "an invoice among the memos": {"series": "MEM"},
    "no base amounts": {"base_gross": None},
    "a reversal of nothing": {"kind": "reversal"},
    "an invoice that reverses": {"reverses_id": 1},
    "no supplier": {"supplier_id": None},
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_the_database_refuses_an_entry_that_cannot_be(entry: Entry, name: str) -> None:
    changes = {key: entry.pk if key == "reverses_id" else value for key, value in BAD_ENTRIES[name].items()}
    with pytest.raises(IntegrityError), atomic():
        entry_like(entry, **changes)()
    assert Entry.objects.count() == 1


def test_the_same_entry_with_all_its_own_is_taken(entry: Entry) -> None:
    """Proves that the refusals above are for the named fault. Rolled back: without lines it would not commit."""
    with atomic():
        entry_like(entry)()
        assert Entry.objects.count() == 2
        set_rollback(True)
    assert Entry.objects.count() == 1


BAD_LINES: dict[str, dict[str, Any]] = {
    "neither": {"debit": 0, "credit": 0},
    "both": {"debit": 1, "credit": 1},
    "a negative debit": {"debit": -1, "credit": 0},
    "a negative credit": {"debit": 0, "credit": -1},
    "a negative debit beside a credit": {"debit": -1, "credit": 1},
    "a position twice": {"position": 1},
    "no account": {"account_id": None},
    "a negative position": {"position": -1},
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_the_database_refuses_a_line_that_cannot_be(entry: Entry, name: str) -> None:
    line = entry.lines.get(position=1)
    with pytest.raises(IntegrityError), atomic():
        insert(line, **{"position": 9, **BAD_LINES[name]})
    assert EntryLine.objects.count() == 3


def test_an_entry_is_reversed_once_in_the_database(entry: Entry) -> None:
    reversal = reverse(entry, "Duplicate", entry.date)
    with pytest.raises(IntegrityError), atomic():
        insert(reversal, sequence=3, number="JNL-000003", external_key="key-3")


def test_master_data_is_unique_in_its_books(books: Books) -> None:
    open_books("Harbour Street Catering Ltd", "GBP")
    Supplier.objects.create(books=books, code="CROWN01", name="Crown")
    for make in (
        lambda: Account.objects.create(books=books, code="5000", name="Again", type="expense"),
        lambda: Account.objects.create(books=books, code="2101", name="Again", type="liability", role="creditors"),
        lambda: books.tax_codes.create(code="T1", name="Again", rate=20),
        lambda: Supplier.objects.create(books=books, code="CROWN01", name="Again"),
        lambda: Counter.objects.create(books=books, series="JNL"),
    ):
        with pytest.raises(IntegrityError), atomic():
            make()


def test_the_models_refuse_every_change(entry: Entry, books: Books) -> None:
    memo = keep_memo(books, a_document(kind=Kind.RECEIPT), key("memo"), "P-000002")
    line, memo_line = entry.lines.get(position=1), memo.memo_lines.get()
    changes: list[Callable[[], Any]] = []
    for row in (entry, line, memo_line):
        manager = type(row)._default_manager
        changes += [
            row.save,
            row.delete,
            partial(manager.update, description="Changed"),
            manager.all().delete,
            partial(manager.bulk_update, [row], ["description"]),
        ]
    changes += [lambda: entry.lines.update(debit=1), lambda: entry.lines.all().delete()]
    for change in changes:
        with pytest.raises(EntryIsFinal, match="never changed or deleted; reverse the entry"):
            change()
    assert (Entry.objects.count(), EntryLine.objects.count(), MemoLine.objects.count()) == (2, 3, 1)


def test_an_entry_cannot_be_saved_over_another(entry: Entry) -> None:
    impostor = Entry.objects.get(pk=entry.pk)
    impostor._state.adding = True
    impostor.reference = "P-999999"
    with pytest.raises(IntegrityError), atomic():
        impostor.save()
    assert Entry.objects.get().reference == "P-000001"


def test_nothing_that_an_entry_needs_can_be_deleted(entry: Entry, books: Books) -> None:
    account, tax_code = Account.objects.get(code="5010"), books.tax_codes.get(code="T1")
    for needed in (account, tax_code, entry.party, books):
        with pytest.raises(ProtectedError):
            needed.delete()
