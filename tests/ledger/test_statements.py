"""How many statements a posting takes, and that kept statements write what the ORM would."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from integrations.base import Link
from integrations.documents import Dimension, Document, Kind, Supplier
from ledger import models
from ledger.connector import BuiltInLedger
from ledger.models import Books, Entry, EntryLine, MemoLine
from ledger.services.statements import ROWS_AT_A_TIME, insert, insert_unless_there
from tests.factories import a_document, a_line
from tests.ledger.booked import MULTILINE, key, line, post

pytestmark = pytest.mark.engine

# The books, what the document names in them, the number, the entry, its lines: every webhook for the built-in ledger
# pays for each of these.
STATEMENTS_OF_A_POSTING = ["SELECT", "SELECT", "UPDATE", "INSERT", "INSERT"]


def statements(books: Books, document: Document, value: str) -> list[str]:
    """The first word of each statement of one posting."""
    connector = BuiltInLedger(Link(settings={"books": str(books.pk)}))
    with CaptureQueriesContext(connection) as captured:
        connector.post(document, key=key(value), reference="P-000001")
    return [query["sql"].split()[0] for query in captured.captured_queries]


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER, Kind.RECEIPT])
def test_a_posting_takes_five_statements_and_no_savepoint(books: Books, kind: Kind) -> None:
    document = a_document(kind=kind, lines=MULTILINE)
    assert "SAVEPOINT" in statements(books, document, "the first makes the supplier")
    assert statements(books, document, "the second") == STATEMENTS_OF_A_POSTING


def test_a_supplier_without_a_code_takes_no_more(books: Books) -> None:
    document = a_document(party=Supplier(code=None, name="Café Zürich"), lines=MULTILINE)
    post(books, document, "the first makes the supplier")
    assert len(statements(books, document, "the second")) == len(STATEMENTS_OF_A_POSTING)


def test_more_lines_than_one_statement_takes(books: Books) -> None:
    count = 2 * ROWS_AT_A_TIME + 1
    lines = tuple(line(number, "5010", "T1", "1.00", "0.20") for number in range(1, count + 1))
    entry = post(books, a_document(lines=lines))
    assert list(entry.lines.values_list("position", flat=True)) == list(range(1, count + 3))
    assert entry.total == Decimal("1.20") * count


FULL = a_document(
    party=Supplier(code="É'%s\"", name="Ω; DROP TABLE"),
    title="100 % of “everything”\n",
    currency="USD",
    lines=(
        a_line(
            1,
            description="?%(a)s",
            base_net=Decimal("80.1234"),
            base_tax=Decimal("16.0266"),
            dimensions=(Dimension(name="Départment", code='"{}"'),),
        ),
        line(2, "7506", "T0", "0", base_net=Decimal(0), base_tax=Decimal(0)),
    ),
)


def test_kept_statements_write_what_the_orm_writes(books: Books) -> None:
    """An entry with its lines, and its copy by the ORM: the same in every column, in kind and in value."""
    entry = post(books, FULL)
    theirs = copied(entry, sequence=7, number="JNL-000007", external_key="7")
    rows: list[Model] = [*entry.lines.order_by("position"), *entry.memo_lines.order_by("position")]
    for row in rows:
        copied(row, entry=theirs)
    assert [compared(model) for model in (Entry, EntryLine, MemoLine)] == [
        (2, {"id", "sequence", "number", "external_key"}),
        (6, {"id", "entry_id"}),
        (2, {"id", "entry_id"}),
    ]


def copied(row: Model, **changes: Any) -> Model:
    """The same row again, written by the ORM."""
    copy = type(row)._default_manager.get(pk=row.pk)
    copy.pk, copy._state.adding = None, True
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.save()
    return copy


def compared(model: type[Model]) -> tuple[int, set[str]]:
    """How many rows there are, and in which columns the first half differs from the second."""
    rows = raw(model)
    half = len(rows) // 2
    pairs = list(zip(rows[:half], rows[half:], strict=True))
    return len(rows), {column for one, other in pairs for column in one if one[column] != other[column]}


def raw(model: type[Model]) -> list[dict[str, object]]:
    """All rows as they stand in the database; on SQLite, where a column takes anything, with the kind of each value."""
    names = [str(field.column) for field in model._meta.concrete_fields]
    kinds = [f"typeof({name})" for name in names] if connection.vendor == "sqlite" else names
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names + kinds)} FROM {model._meta.db_table} ORDER BY id")
        return [
            dict(zip(names, zip(row[: len(names)], row[len(names) :], strict=True), strict=True))
            for row in cursor.fetchall()
        ]


def test_what_was_inserted_is_there_and_final(books: Books) -> None:
    entry = post(books, a_document())
    assert entry == Entry.objects.get()
    with pytest.raises(models.EntryIsFinal):
        entry.save()


def test_a_row_that_is_there_is_not_inserted(books: Books) -> None:
    entry = post(books, a_document())
    again = copy.copy(entry)
    assert not insert_unless_there(again)
    insert([])
    assert Entry.objects.get() == entry
