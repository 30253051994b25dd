"""What stands at the end: the portal's rows and the books, read apart from the engine's own code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from tests.chaos.shape import DATABASE
from tests.chaos.stage import Stage

Row = dict[str, Any]
UNITS = Decimal(10_000)

POSTINGS = """
SELECT p.id, p.state, p.idempotency_key::text AS key, p.external_id, p.external_number, p.reason, p.may_exist,
       p.attempts_made, p.differences, p.lease_token IS NOT NULL AS leased, t.id AS transaction, t.identity, t.number,
       t.answered_number, t.net, t.tax, t.gross, t.document_date AS date, t.kind, t.revision,
       t.company_id::text AS company
FROM postings_posting p JOIN postings_transaction t ON t.id = p.transaction_id ORDER BY p.id
"""
TRANSITIONS = "SELECT posting_id, before, after, who, why, at FROM postings_transition ORDER BY id"
ATTEMPTS = "SELECT posting_id, number, purpose, started_at, ended_at, outcome FROM postings_attempt ORDER BY id"
DELIVERIES = """
SELECT id, company_id::text AS company, transaction_id, answer_status, answer_body, verdict
FROM intake_delivery ORDER BY id
"""
SERIES = "SELECT company_id::text AS company, last FROM postings_numberseries"
ENTRIES = """
SELECT id::text, number, external_key, reference, net, tax, gross, books_id::text AS company, series, sequence
FROM ledger_entry ORDER BY id
"""
TRANSACTIONS = "SELECT id, identity, number, company_id::text AS company FROM postings_transaction ORDER BY id"
TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
THERE = "SELECT to_regclass('timetable_slot') IS NOT NULL AS there"
SLOTS = "SELECT job, starts_at, finished_at, outcome, tries, lease_until < now() AS expired FROM timetable_slot"
HELD = """
SELECT p.id, p.reason, p.idempotency_key::text AS key, t.number
FROM postings_posting p JOIN postings_transaction t ON t.id = p.transaction_id WHERE p.state = 'held' ORDER BY p.id
"""
UNSETTLED = """
SELECT id, state, reason FROM postings_posting
WHERE state IN ('ready', 'sending', 'awaiting', 'unknown', 'checking') OR (state = 'held' AND recheck_asked)
"""


@dataclass(frozen=True, slots=True)
class World:
    """`books` holds every document of the accounting system; `entries` those of the built-in ledger.

    `slots` are those of the timetable, where there is one; `ticks` the slots that the run's own job was run for.
    `marked` are the keys of postings that a person marked as posted, by number; `is_resolved`: nothing may be held any
    more, for a person has looked into everything that was.
    """

    postings: list[Row]
    transactions: list[Row]
    transitions: Mapping[int, list[Row]]
    attempts: Mapping[int, list[Row]]
    deliveries: list[Row]
    series: Mapping[str, int]
    entries: list[Row]
    books: list[Row]
    slots: list[Row] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)
    marked: frozenset[str] = frozenset()
    is_resolved: bool = False

    def of(self, company: str, *books: str) -> dict[str, object]:
        """Everything that belongs to one company, and what its books hold."""
        postings = [row for row in self.postings if row["company"] == company]
        return {
            "postings": postings,
            "transactions": [row for row in self.transactions if row["company"] == company],
            "transitions": {row["id"]: self.transitions.get(row["id"]) for row in postings},
            "attempts": {row["id"]: self.attempts.get(row["id"]) for row in postings},
            "deliveries": [row for row in self.deliveries if row["company"] == company],
            "numbers": self.series.get(company),
            "books": [row for row in (*self.books, *self.entries) if row["company"] in books],
        }


def unsettled(stage: Stage) -> list[str]:
    """The postings that are on their way, each in a few words."""
    with stage.postgres.connect(DATABASE) as connection:
        return [f"{row['id']} {row['state']}: {row['reason']}" for row in _rows(connection, UNSETTLED)]


def held(stage: Stage) -> list[str]:
    """Why postings are held, one reason for each."""
    return [row["reason"] for row in held_rows(stage)]


def held_rows(stage: Stage) -> list[Row]:
    """What is held: id, key, portal's number and reason of each posting."""
    with stage.postgres.connect(DATABASE) as connection:
        return _rows(connection, HELD)


def tables(stage: Stage) -> frozenset[str]:
    """The names of the database's tables."""
    with stage.postgres.connect(DATABASE) as connection:
        return frozenset(row["name"] for row in _rows(connection, TABLES))


def read(stage: Stage) -> World:
    """Everything, as it stands now."""
    with stage.postgres.connect(DATABASE) as connection:
        return World(
            postings=[_with_money(row) for row in _rows(connection, POSTINGS)],
            transactions=_rows(connection, TRANSACTIONS),
            transitions=_by_posting(_rows(connection, TRANSITIONS)),
            attempts=_by_posting(_rows(connection, ATTEMPTS)),
            deliveries=_rows(connection, DELIVERIES),
            series={row["company"]: row["last"] for row in _rows(connection, SERIES)},
            entries=[_with_money(row) for row in _rows(connection, ENTRIES)],
            books=stage.truth(),
            slots=_rows(connection, SLOTS) if _rows(connection, THERE)[0]["there"] else [],
            ticks=stage.ticks.read_text().split() if stage.ticks.exists() else [],
            marked=frozenset(stage.marked),
            is_resolved=not stage.system.proves_absence,
        )


def _rows(connection: psycopg.Connection, query: LiteralString) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall()


def _with_money(row: Row) -> Row:
    return {**row, **{name: Decimal(row[name]) / UNITS for name in ("net", "tax", "gross")}}


def _by_posting(rows: list[Row]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["posting_id"]].append(row)
    return found
