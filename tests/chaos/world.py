"""What stands at the end: the portal's rows and the books, read apart from the engine's own code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from tests.chaos.stage import DATABASE, Stage

Row = dict[str, Any]
UNITS = Decimal(10_000)

POSTINGS = """
SELECT p.id, p.state, p.idempotency_key::text AS key, p.external_id, p.external_number, p.reason, p.may_exist,
       p.attempts_made, p.differences, p.lease_token IS NOT NULL AS leased, t.id AS transaction, t.identity, t.number,
       t.answered_number, t.net, t.tax, t.gross, t.kind, t.revision, t.company_id::text AS company
FROM postings_posting p JOIN postings_transaction t ON t.id = p.transaction_id
"""
TRANSITIONS = "SELECT posting_id, before, after, who, why, at FROM postings_transition ORDER BY id"
ATTEMPTS = "SELECT posting_id, number, purpose, started_at, ended_at, outcome FROM postings_attempt ORDER BY id"
DELIVERIES = "SELECT transaction_id, answer_status, answer_body, verdict FROM intake_delivery ORDER BY id"
SERIES = "SELECT company_id::text AS company, last FROM postings_numberseries"
ENTRIES = "SELECT id::text, number, external_key, reference FROM ledger_entry"
TRANSACTIONS = "SELECT id, identity, number, company_id::text AS company FROM postings_transaction"
UNSETTLED = """
SELECT id FROM postings_posting
WHERE state IN ('ready', 'sending', 'awaiting', 'unknown', 'checking') OR (state = 'held' AND recheck_asked)
"""


@dataclass(frozen=True, slots=True)
class World:
    """`books` holds every document of the accounting system; `entries` those of the built-in ledger."""

    postings: list[Row]
    transactions: list[Row]
    transitions: Mapping[int, list[Row]]
    attempts: Mapping[int, list[Row]]
    deliveries: list[Row]
    series: Mapping[str, int]
    entries: list[Row]
    books: list[Row]


def unsettled(stage: Stage) -> int:
    """How many postings are on their way."""
    with stage.postgres.connect(DATABASE) as connection:
        return len(_rows(connection, UNSETTLED))


def held(stage: Stage) -> list[str]:
    """Why postings are held, one reason for each."""
    with stage.postgres.connect(DATABASE) as connection:
        return [row["reason"] for row in _rows(connection, "SELECT reason FROM postings_posting WHERE state = 'held'")]


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
            entries=_rows(connection, ENTRIES),
            books=stage.truth(),
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
