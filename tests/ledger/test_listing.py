"""The listing: every entry and memo with a key, page by page, and nothing older is read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.base import Link
from integrations.documents import IdempotencyKey, Kind, Posted, Written
from ledger.connector import BuiltInLedger
from ledger.memo_book import MemoBook
from ledger.models import Books, Entry
from ledger.services import keep_memo, listing, open_books, reverse
from tests.factories import a_document
from tests.ledger.booked import post

pytestmark = pytest.mark.engine

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
HOUR = timedelta(hours=1)


def keys(books: Books, since: datetime) -> list[str]:
    return [one.key for one in BuiltInLedger(Link(settings={"books": str(books.pk)})).written_since(since)]


def test_an_entry_is_told_as_it_was_booked(books: Books) -> None:
    entry = post(books, a_document(kind=Kind.CREDIT_NOTE), "key-1")
    (told,) = BuiltInLedger(Link(settings={"books": str(books.pk)})).written_since(NOON - timedelta(days=3650))
    assert told == Written(
        key="key-1",
        reference="P-000001",
        kind=Kind.CREDIT_NOTE,
        posted=Posted(
            external_id=str(entry.pk),
            number="JNL-000001",
            supplier_code="CROWN01",
            net=Decimal(100),
            tax=Decimal(20),
            gross=Decimal(120),
            currency="GBP",
            date=date(2026, 3, 14),
        ),
    )


def test_what_was_posted_since_and_no_reversals_and_no_other_books(books: Books) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for hour in range(5):
            clock.move_to(NOON + hour * HOUR)
            post(books, a_document(), f"invoice-{hour}")
            keep_memo(books, a_document(kind=Kind.RECEIPT), IdempotencyKey(f"memo-{hour}"), "P-000002")
        reverse(Entry.objects.get(external_key="invoice-4"), "Wrong", date(2026, 4, 1))
        post(open_books("Another", "GBP"), a_document(), "another's")
    assert keys(books, NOON + 3 * HOUR) == ["invoice-4", "invoice-3", "memo-4", "memo-3"]
    assert keys(books, NOON + 5 * HOUR) == []


def test_it_stops_where_entries_are_too_old(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    with time_machine.travel(NOON, tick=False) as clock:
        for day in range(20):
            clock.move_to(NOON + timedelta(days=day))
            post(books, a_document(), f"key-{day}")
    with CaptureQueriesContext(connection) as asked:
        assert keys(books, NOON + timedelta(days=17)) == ["key-19", "key-18", "key-17"]
    pages = [query["sql"] for query in asked.captured_queries if "ledger_entry" in query["sql"]]
    assert len(pages) == 4, "three pages of journal entries, one of memos"


def test_entries_that_waited_for_their_number_are_not_passed_over(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pages are in the wrong order, as after a long wait for the number's lock."""
    monkeypatch.setattr(listing, "PAGE", 1)
    with time_machine.travel(NOON, tick=False) as clock:
        post(books, a_document(), "in time")
        clock.move_to(NOON - timedelta(minutes=30))
        post(books, a_document(), "waited")
    assert keys(books, NOON) == ["in time"]


def test_the_memo_book_lists_every_kind(books: Books) -> None:
    connector = MemoBook(Link(settings={"books": str(books.pk)}))
    for kind in Kind:
        connector.post(a_document(kind=kind), key=IdempotencyKey(kind.value), reference="P-000001")
    told = list(connector.written_since(NOON - timedelta(days=3650)))
    assert {one.key: one.kind for one in told} == {kind.value: kind for kind in Kind}
    assert (BuiltInLedger.can.lists, MemoBook.can.lists) == (True, True)
