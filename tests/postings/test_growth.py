"""What one posting costs the database does not grow with how many there were before, or with how many wait.

The worst case is a plan that was made while the tables were empty: it is kept for as long as the connection lives.
Collected only where the run's database is PostgreSQL: SQLite does not count what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.models import Connection, Endpoint
from portal.intake.views import receiving
from portal.postings import work
from portal.postings.due import Where, due, next_of
from portal.postings.models import Transaction
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, a_document, accepted, with_token
from tests.intake.payloads import a_transaction, body
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
MANY, FEW, ROWS = 150, 10, 60
READ = """
SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
WHERE relname ~ '^(postings|connections|intake|tenants)_'
"""


def read_so_far() -> int:
    """How many rows this database has read in the rooms' tables."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(READ)
        return int(cursor.fetchone()[0])


def rows_read(what: Callable[[], object]) -> float:
    """Rows that `what` reads each time."""
    before = read_so_far()
    for _ in range(FEW):
        what()
    return (read_so_far() - before) / FEW


@dataclass
class Scene:
    """A company whose endpoint and accounting connection have seen one document, while the tables were empty."""

    connection: Connection
    endpoint: Endpoint
    token: str
    sent: int = 0

    @property
    def where(self) -> Where:
        return Where(self.connection.pk, self.connection.integration)

    def wait(self, order: str = "", kind: Kind = Kind.INVOICE) -> int:
        """One document more that is accepted and waits."""
        return accepted(self.connection, a_document(kind=kind, order_number=order)).posting_id

    def run(self, posting_id: int) -> None:
        assert work.run(posting_id, self.where) == 1

    def deliver(self) -> None:
        """The whole way: webhook, worker, answer."""
        self.sent += 1
        answer = Client().post(
            f"/webhooks/icompleat/{self.endpoint.pk}/",
            body(a_transaction(Id=f"growth-{self.sent}")),
            content_type="application/json",
            headers={"x-api-compleat-token": self.token},
        )
        assert answer.json()["JournalNumber"].startswith("FAKE-"), answer.content


@pytest.fixture
def scene(connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(receiving, "ring", work.run)
    source = SourceConnectionFactory.create(company=connection.company, external_company_id="northgate")
    endpoint, token = with_token(connection=source, answer_within_seconds=20)
    made = Scene(connection, endpoint, token)
    made.run(made.wait("PO000001"))
    made.deliver()
    due(timezone.now(), limit=10, each=5)
    next_of(made.where, whole_installation=True)
    yield made
    # All that was sent is in their books once.
    assert books.count() == Transaction.objects.filter(postings__state="posted").count()


if database_kind() == "postgres":

    def test_after_many_of_one_order(scene: Scene) -> None:
        for _ in range(MANY):
            scene.run(scene.wait("PO000001"))
        assert rows_read(lambda: scene.run(scene.wait("PO000001"))) < ROWS

    def test_after_many_that_were_posted_and_never_told(scene: Scene) -> None:
        for _ in range(MANY):
            scene.run(scene.wait())
        assert rows_read(scene.deliver) < ROWS

    def test_while_many_wait(scene: Scene) -> None:
        waiting = [scene.wait() for _ in range(MANY)]
        assert rows_read(lambda: scene.run(waiting.pop())) < ROWS

    def test_while_many_orders_of_another_company_are_open(scene: Scene) -> None:
        other = replace(scene, connection=DemoConnectionFactory.create(integration="fake", settings={}, secrets={}))
        for _ in range(MANY):
            other.wait("PO000001", Kind.PURCHASE_ORDER)
        assert rows_read(lambda: scene.run(scene.wait("PO000001"))) < ROWS

    def test_looking_for_work_after_many_and_while_many_wait(scene: Scene) -> None:
        for _ in range(MANY):
            scene.run(scene.wait())
        for _ in range(MANY):
            scene.wait()
        with database.cursor() as cursor:  # these are planned anew each time, by what the server knows of the table
            cursor.execute("ANALYZE postings_posting")
        assert rows_read(partial(due, timezone.now(), limit=10, each=5)) < ROWS
        assert rows_read(partial(next_of, scene.where, whole_installation=True)) < ROWS
