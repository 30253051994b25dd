"""The built-in ledger and the memo books: what stands there is listed, and raw SQL behind our back is found."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone

from integrations.documents import IdempotencyKey, Kind
from ledger.models import Books, Entry
from ledger.services import keep_memo, post_document, reverse
from portal.connections.models import Connection
from portal.postings.models import Difference, Posting
from portal.postings.reconciliation import repairs
from portal.postings.repair import CannotRepair
from tests.factories import LedgerConnectionFactory, a_document, accepted
from tests.postings.reconciliation.played import aged, found, key_of, put, reconciled

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

HOUR = timedelta(hours=1)


@pytest.fixture
def ledger() -> Connection:
    connection: Connection = LedgerConnectionFactory.create()
    return connection


def books_of(connection: Connection, setting: str = "books") -> Books:
    return Books.objects.get(pk=connection.settings[setting])


def booked(connection: Connection, kind: Kind = Kind.INVOICE, *, kept: bool = False) -> Posting:
    posting = accepted(connection, a_document(kind=kind), kept=kept).posting
    posting.refresh_from_db()
    assert posting.state == "posted", posting.reason
    return aged(posting, HOUR)


@contextmanager
def without_triggers() -> Iterator[None]:
    """What only the database's administrator can do."""
    if database.vendor != "postgresql":
        yield
        return
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # as at a commit
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def tamper(*statements: str, entry: str) -> None:
    with without_triggers(), database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [int(entry)])


def delete(posting: Posting) -> None:
    assert posting.external_id
    tables = ("ledger_entryline", "ledger_memoline")
    tamper(*(f"DELETE FROM {table} WHERE entry_id = %s" for table in tables), entry=posting.external_id)
    tamper("DELETE FROM ledger_entry WHERE id = %s", entry=posting.external_id)


def test_whatever_was_booked_agrees(ledger: Connection) -> None:
    kinds = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER, Kind.RECEIPT)
    made = [booked(ledger, kind) for kind in kinds]
    entry = Entry.objects.get(pk=made[0].external_id or "")
    reverse(entry, "Entered twice by the supplier", date(2026, 4, 1))
    run = reconciled(ledger)
    assert (run.state, run.read, run.compared, run.agreeing) == ("finished", 4, 4, 4)
    assert found() == set()


def test_what_was_changed_behind_our_back_is_found(ledger: Connection, staff: User) -> None:
    fine, changed, gone = (booked(ledger) for _ in range(3))
    held = put(accepted(ledger, a_document(currency="XXX")).posting, "rejected")
    key = str(uuid.uuid4())
    for one in (key, key_of(held), "not ours"):
        post_document(books_of(ledger), a_document(), IdempotencyKey(one), "P-000077")
    keep_memo(books_of(ledger), a_document(kind=Kind.RECEIPT), IdempotencyKey("nor this"), "P-000078")
    delete(gone)
    assert changed.external_id
    tamper("UPDATE ledger_entry SET gross = gross + 100 WHERE id = %s", entry=changed.external_id)
    assert reconciled(ledger).state == "finished"
    assert found() == {
        ("missing", key_of(gone)), ("different", key_of(changed)), ("extra", key), ("extra", key_of(held)),
    }  # fmt: skip
    different = Difference.objects.get(kind="different")
    assert different.details == [["gross", "120.00", "120.01"]]
    with pytest.raises(CannotRepair, match="retry the posting"):
        repairs.mark_posted(Difference.objects.get(posting=held), user=staff, why="It is there.")
    tamper("UPDATE ledger_entry SET gross = gross - 100 WHERE id = %s", entry=changed.external_id)
    assert reconciled(ledger).resolved == 1
    assert fine.state == "posted"


def test_kept_memo_entries_are_read_beside_the_system(demo: Connection) -> None:
    kept, gone = (booked(demo, Kind.RECEIPT, kept=True) for _ in range(2))
    key = str(uuid.uuid4())
    demo.refresh_from_db()
    keep_memo(books_of(demo, "memo_books"), a_document(kind=Kind.RECEIPT), IdempotencyKey(key), "P-000077")
    delete(gone)
    run = reconciled(demo)
    assert (run.read, run.agreeing, found()) == (2, 1, {("missing", key_of(gone)), ("extra", key)})
    assert Difference.objects.get(kind="missing").posting == gone
    assert Decimal(kept.booked["gross"]) == 120


def test_an_old_entry_is_not_listed(ledger: Connection) -> None:
    posting = booked(ledger)
    assert posting.external_id
    entry = Entry.objects.get(pk=posting.external_id)
    old = timezone.now() - timedelta(days=30)
    tamper(f"UPDATE ledger_entry SET posted_at = '{old:%Y-%m-%d %H:%M:%S}+00:00' WHERE id = %s", entry=str(entry.pk))
    run = reconciled(ledger)
    assert (run.read, run.agreeing, run.missing) == (0, 1, 0)
