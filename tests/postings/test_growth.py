"""What one posting costs the database does not grow with how many there were before.

Collected only where the run's database is PostgreSQL: SQLite does not count what it reads.
"""

from __future__ import annotations

import pytest
from django.db import connection as database

from portal.connections.models import Connection
from portal.postings import work
from portal.postings.due import Where
from tests.environment import database_kind
from tests.factories import a_document, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
MANY, FEW, ROWS = 150, 10, 40
READ = """
SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
WHERE relname LIKE 'postings\\_%' OR relname LIKE 'connections\\_%'
"""


def read_so_far() -> int:
    """How many rows this database has read in the rooms' tables."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(READ)
        return int(cursor.fetchone()[0])


def post(connection: Connection, count: int) -> None:
    for _ in range(count):
        taken = accepted(connection, a_document(order_number="PO000001"))
        work.run(taken.posting_id, Where(connection.pk, connection.integration))


if database_kind() == "postgres":

    def test_a_posting_reads_no_more_rows_after_many(connection: Connection, books: Books) -> None:
        """All of one order and one connection, planned while the tables were empty: the worst case."""
        post(connection, MANY)
        before = read_so_far()
        post(connection, FEW)
        assert (read_so_far() - before) / FEW < ROWS
        assert books.count() == MANY + FEW
