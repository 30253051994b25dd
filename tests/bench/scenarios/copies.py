"""Many postings at once: copies of one that is there, by SQL, with everything that belongs to it.

Columns are read from the database, so that new ones are copied without a word here. Triggers and foreign keys sleep
while it is done: a copy of a whole history breaks none of their rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

TEMPLATE: LiteralString = """
SELECT p.id, p.transaction_id FROM postings_posting p
WHERE p.connection_id = %s ORDER BY p.id DESC LIMIT 1
"""
COLUMNS: LiteralString = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
INSERT: LiteralString = """
INSERT INTO {table} ({columns}) SELECT {values} FROM {table} o, generate_series(1, %s) g WHERE o.id = %s
"""
TRANSACTION: Mapping[str, LiteralString] = {
    "id": "{first} + g",
    "public_id": "gen_random_uuid()",
    "external_id": "'copy-' || ({first} + g)",
    "identity": "'copy-' || ({first} + g)",
    # As the portal numbers them; `lpad` alone would cut the seventh digit off.
    "number": "'P-' || lpad(({number} + g)::text, greatest(6, length(({number} + g)::text)), '0')",
    "answered_number": "CASE WHEN o.answered_number = '' THEN '' ELSE 'copy-' || ({first} + g) END",
    "source_number": "'copy-' || ({first} + g)",
    "supplier_reference": "'copy-' || ({first} + g)",
}
POSTING: Mapping[str, LiteralString] = {
    "id": "{own} + g",
    "transaction_id": "{first} + g",
    "idempotency_key": "gen_random_uuid()",
    "external_id": "CASE WHEN o.external_id IS NULL THEN NULL ELSE 'copy-' || ({first} + g) END",
    "external_number": "CASE WHEN o.external_number = '' THEN '' ELSE 'copy-' || ({first} + g) END",
    "booked": "'{{}}'::jsonb",
}
# What hangs on a posting or a transaction: its table, the column that points there, and what is not worth copying.
HANGING: tuple[tuple[str, str, Mapping[str, LiteralString]], ...] = (
    ("postings_attempt", "posting_id", {"exchanges": "'[]'::jsonb"}),
    ("postings_transition", "posting_id", {}),
    ("intake_delivery", "transaction_id", {"body": "'\\x7b7d'::bytea"}),
)


def copy(connection: psycopg.Connection, accounting: str, count: int) -> None:
    """`count` copies of the newest posting of the connection with the id `accounting`, with numbers of their own."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        posting, transaction = _one(connection, TEMPLATE, accounting)
        first, own = _highest(connection, "postings_transaction"), _highest(connection, "postings_posting")
        company, number = _one(
            connection,
            "SELECT company_id, last FROM postings_numberseries WHERE company_id = "
            "(SELECT company_id FROM postings_transaction WHERE id = %s)",
            transaction,
        )
        given = {"first": first, "own": own, "number": number}
        _copies(connection, "postings_transaction", transaction, count, TRANSACTION, given)
        _copies(connection, "postings_posting", posting, count, POSTING, given)
        for table, column, lighter in HANGING:
            points_at = {"posting_id": ("{own} + g", posting), "transaction_id": ("{first} + g", transaction)}[column]
            changed = {"id": "nextval(pg_get_serial_sequence('{table}', 'id'))", column: points_at[0], **lighter}
            for (original,) in _hanging(connection, table, column, points_at[1]):
                _copies(connection, table, original, count, changed, given)
        connection.execute("UPDATE postings_numberseries SET last = last + %s WHERE company_id = %s", (count, company))
        for table in ("postings_transaction", "postings_posting"):
            connection.execute(
                sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))").format(
                    sql.Literal(table), sql.Identifier(table)
                )
            )
    for table in ("postings_transaction", "postings_posting", *(table for table, _, _ in HANGING)):
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def _copies(
    connection: psycopg.Connection,
    table: str,
    original: int,
    count: int,
    changed: Mapping[str, LiteralString],
    given: Mapping[str, int],
) -> None:
    columns = [name for (name,) in connection.execute(COLUMNS, (table,)).fetchall()]
    values = [
        _expression(changed[name], table, given) if name in changed else sql.SQL("o.{}").format(sql.Identifier(name))
        for name in columns
    ]
    made = sql.SQL(INSERT).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
    )
    connection.execute(made, (count, original))


def _expression(text: LiteralString, table: str, given: Mapping[str, int]) -> sql.Composed:
    """An expression of the tables above, which are all of ours and hold no parameter sign."""
    numbers = {name: sql.Literal(value) for name, value in given.items()}
    return sql.SQL(text.replace("'{table}'", "{table}")).format(**numbers, table=sql.Literal(table))


def _hanging(connection: psycopg.Connection, table: str, column: str, at: int) -> list[tuple[int]]:
    query = sql.SQL("SELECT id FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, (at,)).fetchall()


def _highest(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(table))
    (highest,) = connection.execute(query).fetchone() or (0,)
    return int(highest)


def _one(connection: psycopg.Connection, query: LiteralString, value: object) -> tuple[int, int]:
    row = connection.execute(query, (value,)).fetchone()
    if row is None:
        raise LookupError("There is nothing to copy.")
    return row[0], row[1]
