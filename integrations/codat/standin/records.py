"""What the accounting systems hold, and what Codat last read of it: two states of each row that may differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from integrations.codat.standin.memory import Memory, new_id, stamp
from integrations.codat.standin.platforms import Platform
from integrations.exact import from_json, to_json


class Records:
    """The rows of one connection."""

    def __init__(self, memory: Memory, connection: str) -> None:
        self._memory = memory
        self._connection = connection

    def put(self, data_type: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """Write a row on the far side. Codat does not know of it before the next refresh."""
        written = {**row, "sourceModifiedDate": stamp(self._memory.now())}
        query = """
            INSERT INTO record (connection, type, id, body) VALUES (?, ?, ?, ?)
            ON CONFLICT (connection, type, id) DO UPDATE SET body = excluded.body, is_deleted = 0, is_fresh = 0
        """
        self._memory.database.execute(query, (self._connection, data_type, row["id"], to_json(written)))
        return written

    def delete(self, data_type: str, identity: str) -> bool:
        """Take a row away on the far side; False where there is none."""
        query = "UPDATE record SET is_deleted = 1, is_fresh = 0 WHERE connection = ? AND type = ? AND id = ?"
        return self._memory.database.execute(query, (self._connection, data_type, identity)).rowcount > 0

    def get(self, data_type: str, identity: str) -> dict[str, Any] | None:
        """A row as the accounting system has it now."""
        query = "SELECT body FROM record WHERE connection = ? AND type = ? AND id = ? AND NOT is_deleted"
        row = self._memory.database.execute(query, (self._connection, data_type, identity)).fetchone()
        return from_json(row["body"]) if row else None

    def every(self, data_type: str) -> Iterator[dict[str, Any]]:
        """All rows as the accounting system has them now, the oldest first."""
        query = "SELECT body FROM record WHERE connection = ? AND type = ? AND NOT is_deleted ORDER BY position"
        rows = self._memory.database.execute(query, (self._connection, data_type)).fetchall()
        return (from_json(row["body"]) for row in rows)

    def cached(self, data_type: str) -> list[dict[str, Any]]:
        """All rows as Codat last read them, deleted ones too and marked as such."""
        query = """
            SELECT cached FROM record WHERE connection = ? AND type = ? AND cached IS NOT NULL ORDER BY position
        """
        rows = self._memory.database.execute(query, (self._connection, data_type))
        return [from_json(row["cached"]) for row in rows]

    def refresh(self, data_type: str) -> bool:
        """Read the far side into the cache; whether anything had changed there."""
        query = """
            SELECT position, body, is_deleted FROM record
            WHERE connection = ? AND type = ? AND NOT is_fresh AND (cached IS NOT NULL OR NOT is_deleted)
        """
        found = self._memory.database.execute(query, (self._connection, data_type)).fetchall()
        at = stamp(self._memory.now())
        for row in found:
            body = {**from_json(row["body"]), "modifiedDate": at, "metadata": {"isDeleted": bool(row["is_deleted"])}}
            update = "UPDATE record SET cached = ?, is_fresh = 1 WHERE position = ?"
            self._memory.database.execute(update, (to_json(body), row["position"]))
        return bool(found)

    def forget(self) -> None:
        """Lose everything: other books come in their place."""
        self._memory.database.execute("DELETE FROM record WHERE connection = ?", (self._connection,))

    def new_id(self, platform: Platform, data_type: str) -> str:
        """The id of a new row, as this accounting system gives them."""
        if platform.ids == "guid":
            return new_id()
        query = "SELECT count(*) FROM record WHERE connection = ? AND type = ?"
        count = self._memory.database.execute(query, (self._connection, data_type)).fetchone()[0]
        return str(_FIRST[data_type] + count if data_type in _FIRST else 1 + count)


# Where the numbers of documents begin: not at one, so that nobody takes an id for a count.
_FIRST: Final[Mapping[str, int]] = {
    "bills": 2001, "billCreditNotes": 3001, "purchaseOrders": 4001, "journalEntries": 5001, "suppliers": 901,
    "invoices": 6001, "creditNotes": 7001, "payments": 8001, "customers": 951,
}  # fmt: skip
