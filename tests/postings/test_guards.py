"""What the database itself refuses. Constraints hold on both databases; triggers exist on PostgreSQL only.

The trigger cases are collected only where the run's database is PostgreSQL: on SQLite there is nothing to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from django.db import DatabaseError, IntegrityError
from django.db import connection as database
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Connection
from portal.postings import work
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, Posting, Transaction
from portal.postings.states import TRANSITIONS, State
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, a_document, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def sql(statement: str) -> None:
    """Run raw SQL and what was deferred to the commit."""
    with atomic(), database.cursor() as cursor:
        cursor.execute(statement)
        if database.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def posting(connection: Connection, books: Books) -> Posting:
    """A posted posting with one attempt, whose number was answered."""
    posting = accepted(connection).posting
    work.run(posting.pk)
    Transaction.objects.update(answered_number="FAKE-1", answered_at=timezone.now())
    posting.refresh_from_db()
    assert posting.state == State.POSTED
    return posting


CONSTRAINTS = {
    "a second transaction with one identity": lambda p: Transaction.objects.create(
        **{**_columns(p.transaction), "number": "P-000009"}
    ),
    "a second use of a number": lambda p: Transaction.objects.create(**{**_columns(p.transaction), "identity": "x"}),
    "a second posting for one connection": lambda p: Posting.objects.create(
        transaction=p.transaction,
        connection=p.connection,
        kind=p.kind,
        created_at=p.created_at,
        updated_at=p.created_at,
    ),
    "one vendor document for two postings": lambda p: _second(p, external_id=p.external_id),
    "posted without an external id": lambda p: _second(p, state="posted"),
    "sending without a lease": lambda p: _second(p, state="sending"),
    "a lease while nobody holds it": lambda p: _second(p, lease_token=p.idempotency_key, lease_until=p.created_at),
    "two open attempts": lambda p: [
        Attempt.objects.create(posting=p, number=n, purpose="send", started_at=p.created_at) for n in (8, 9)
    ],
    "an attempt that ends before it starts": lambda p: Attempt.objects.create(
        posting=p, number=8, purpose="send", started_at=timezone.now(), ended_at=p.created_at
    ),
    "two attempts with one number": lambda p: Attempt.objects.create(
        posting=p, number=1, purpose="send", started_at=p.created_at, ended_at=timezone.now()
    ),
}


def _columns(transaction: Transaction) -> dict[str, object]:
    names = [f.attname for f in transaction._meta.concrete_fields if f.name not in ("id", "public_id")]
    return {name: getattr(transaction, name) for name in names}


def _second(posting: Posting, **fields: object) -> None:
    """Another posting of the same connection, brought into a state that must not be."""
    other = accepted(posting.connection, a_document()).posting
    Posting.objects.filter(pk=other.pk).update(**fields)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_hold_on_both_databases(posting: Posting, name: str) -> None:
    attempt: Callable[[Posting], object] = CONSTRAINTS[name]
    with maintenance(), pytest.raises(IntegrityError), atomic():
        attempt(posting)


RAW = {
    "posted to ready": "UPDATE postings_posting SET state = 'ready', external_id = NULL, posted_at = NULL",
    "posted to void": "UPDATE postings_posting SET state = 'void'",
    "another key": "UPDATE postings_posting SET idempotency_key = gen_random_uuid()",
    "another connection": "UPDATE postings_posting SET transaction_id = transaction_id + 1",
    "a posting deleted": "DELETE FROM postings_posting",
    "another number": "UPDATE postings_transaction SET number = 'P-000002'",
    "another identity": "UPDATE postings_transaction SET identity = 'x'",
    "another answer": "UPDATE postings_transaction SET answered_number = 'X'",
    "the answer taken back": "UPDATE postings_transaction SET answered_number = ''",
    "a transaction deleted": "DELETE FROM postings_transaction",
    "history changed": "UPDATE postings_transition SET who = 'staff'",
    "history deleted": "DELETE FROM postings_transition",
    "a closed attempt changed": "UPDATE postings_attempt SET outcome = 'Rejected'",
    "an attempt deleted": "DELETE FROM postings_attempt",
}

WITHOUT_HISTORY = (
    "INSERT INTO postings_posting SELECT (jsonb_populate_record(p, jsonb_build_object('id', p.id + 1000,"
    " 'idempotency_key', gen_random_uuid(), 'external_id', 'x', 'connection_id', (SELECT id FROM"
    " connections_connection WHERE id <> p.connection_id)))).* FROM postings_posting p"
)

if database_kind() == "postgres":

    @pytest.mark.parametrize("name", RAW)
    def test_postgresql_refuses_raw_sql_that_breaks_a_rule(posting: Posting, name: str) -> None:
        with pytest.raises(DatabaseError):
            sql(RAW[name])

    def test_a_posting_without_history_is_refused_at_the_commit(posting: Posting) -> None:
        DemoConnectionFactory.create()
        with pytest.raises(DatabaseError, match="history"):
            sql(WITHOUT_HISTORY)

    def test_a_change_of_state_without_history_is_refused_at_the_commit(connection: Connection) -> None:
        accepted(connection)
        with pytest.raises(DatabaseError, match="history"):
            sql("UPDATE postings_posting SET state = 'withdrawn', next_attempt_at = NULL")

    def test_maintenance_is_let_through(posting: Posting) -> None:
        with maintenance():
            Posting.objects.update(state="void")
        posting.refresh_from_db()
        assert posting.state == State.VOID
        with pytest.raises(DatabaseError):
            sql("UPDATE postings_posting SET state = 'ready'")


def test_the_triggers_know_the_same_ways_as_the_code() -> None:
    guards = import_module("portal.postings.migrations.0005_restore")
    known = {(before, after) for before, afters in guards.LEGAL for after in afters.split()}
    assert known == {(str(before), str(after)) for before, after in TRANSITIONS}
