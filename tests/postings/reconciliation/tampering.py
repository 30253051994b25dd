"""What nobody may do through an interface: documents deleted, copied, edited and added in the store of Demo Books."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.exact import from_json, to_json
from integrations.sandbox import Store

COLUMNS = ("position", "id", "company", "kind", "sequence", "external_key", "supplier", "body")


@dataclass
class Tampering:
    """Remembers how everything was, so that it can be mended."""

    store: Store
    before: list[Mapping[str, Any]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def delete(self, key: str) -> None:
        """The document with this key is gone."""
        self.before += self._rows(key)
        self._run("DELETE FROM document WHERE external_key = ?", key)

    def copy(self, key: str, *, under: str | None = None) -> str:
        """The document stands there once more, with an id and a number of its own; gives the id."""
        row = self._rows(key)[0]
        return self.add({**row, "external_key": under or key}, from_json(row["body"]))

    def add(self, row: Mapping[str, Any], body: Mapping[str, Any]) -> str:
        """One more document."""
        made, sequence = f"doc_{secrets.token_hex(8)}", self._next(row["kind"])
        told = {**body, "id": made, "number": f"COPY-{sequence:06}", "external_key": row["external_key"]}
        values = {**row, "id": made, "sequence": sequence, "position": None, "body": to_json(told)}
        self._insert(values)
        self.added.append(made)
        return made

    def edit(self, key: str, **changes: Any) -> None:
        """Members of the document are others now."""
        row = self._rows(key)[0]
        self.before.append(row)
        self._run(
            "UPDATE document SET body = ? WHERE id = ?", to_json({**from_json(row["body"]), **changes}), row["id"]
        )

    def body(self, key: str) -> dict[str, Any]:
        """What is told of the document."""
        return dict(from_json(self._rows(key)[0]["body"]))

    def mend(self) -> None:
        """All as it was."""
        for made in self.added:
            self._run("DELETE FROM document WHERE id = ?", made)
        for row in self.before:
            self._run("DELETE FROM document WHERE id = ?", row["id"])
            self._insert({**row, "position": None, "sequence": self._next(row["kind"])})
        self.before, self.added = [], []

    def _rows(self, key: str) -> list[Mapping[str, Any]]:
        with self.store.transaction() as database:
            return [dict(row) for row in database.execute("SELECT * FROM document WHERE external_key = ?", (key,))]

    def _next(self, kind: str) -> int:
        with self.store.transaction() as database:
            query = "SELECT coalesce(max(sequence), 0) + 1 FROM document WHERE kind = ?"
            return int(database.execute(query, (kind,)).fetchone()[0])

    def _run(self, statement: str, *values: Any) -> None:
        with self.store.transaction() as database:
            database.execute(statement, values)

    def _insert(self, row: Mapping[str, Any]) -> None:
        places = ", ".join("?" for _ in COLUMNS)
        self._run(f"INSERT INTO document ({', '.join(COLUMNS)}) VALUES ({places})", *(row[name] for name in COLUMNS))
