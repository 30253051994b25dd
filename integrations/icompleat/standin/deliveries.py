"""The record of every delivery: where to, with which headers, what was said, how long it took. No secrets."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any, Final

from integrations.sandbox import Store

_INSERT: Final = (
    "INSERT INTO deliveries (transaction_id, company_id, sent_at, url, header_names, body, status, answer,"
    " journal_number, milliseconds) VALUES (:transaction_id, :company_id, :sent_at, :url, :header_names, :body,"
    " :status, :answer, :journal_number, :milliseconds)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery: what went out (of the headers only their names), and what came back. `status` None: no answer."""

    transaction_id: str
    company_id: str
    sent_at: str
    url: str
    header_names: tuple[str, ...]
    body: str
    status: int | None
    answer: str
    journal_number: str
    milliseconds: int


class Deliveries:
    """All of them, until they are pruned."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, sent: Sent) -> None:
        """Remember one."""
        with self._store.transaction() as database:
            database.execute(_INSERT, {**asdict(sent), "header_names": " ".join(sent.header_names)})

    def of_transaction(self, transaction_id: str) -> list[Sent]:
        """All deliveries of a transaction, oldest first."""
        question = "SELECT * FROM deliveries WHERE transaction_id = ? ORDER BY position"
        with self._store.transaction() as database:
            rows = database.execute(question, (transaction_id.lower(),)).fetchall()
        return [_sent(row) for row in rows]

    def latest(self, company_id: str = "", most: int = 100) -> list[Sent]:
        """The last deliveries, of one company or of all, newest first."""
        question = (
            "SELECT * FROM deliveries WHERE company_id = ? ORDER BY position DESC LIMIT ?"
            if company_id
            else "SELECT * FROM deliveries WHERE ? = '' ORDER BY position DESC LIMIT ?"
        )
        with self._store.transaction() as database:
            rows = database.execute(question, (company_id.lower(), most)).fetchall()
        return [_sent(row) for row in rows]

    def after(self, position: int, most: int) -> list[dict[str, Any]]:
        """The deliveries after a position, oldest first, each with its position."""
        question = "SELECT * FROM deliveries WHERE position > ? ORDER BY position LIMIT ?"
        with self._store.transaction() as database:
            rows = database.execute(question, (position, most)).fetchall()
        return [{"position": row["position"], **asdict(_sent(row))} for row in rows]

    def prune(self, keep: int = 0) -> int:
        """Forget all but the last `keep`; tells how many were forgotten."""
        question = (
            "DELETE FROM deliveries WHERE position NOT IN"
            " (SELECT position FROM deliveries ORDER BY position DESC LIMIT ?)"
        )
        with self._store.transaction() as database:
            return database.execute(question, (keep,)).rowcount


def _sent(row: sqlite3.Row) -> Sent:
    return Sent(
        transaction_id=row["transaction_id"], company_id=row["company_id"], sent_at=row["sent_at"], url=row["url"],
        header_names=tuple(row["header_names"].split()), body=row["body"], status=row["status"],
        answer=row["answer"], journal_number=row["journal_number"], milliseconds=row["milliseconds"],
    )  # fmt: skip
