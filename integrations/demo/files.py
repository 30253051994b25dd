"""The files that the stand-in for Demo Books keeps with its documents: a name is there once per document."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from integrations.demo.checks import Refusal
from integrations.papers import LARGEST_FILE
from integrations.sandbox import Store

_LONGEST_NAME: Final = 255

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL,
    content BLOB NOT NULL, UNIQUE (document, name)
);
"""


class Kept(NamedTuple):
    """A file with its content."""

    name: str
    content_type: str
    content: bytes


class Files:
    """The files of all documents. Whether there is such a document is the caller's business."""

    def __init__(self, state: Store) -> None:
        self._state = state
        state.create(SCHEMA)

    def add(self, document: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Keep a file: 201 with what is told of it, or 200 with the one of that name that is there.

        Raises `Refusal` (422) for one without a name or content, or too large.
        """
        given = _read(body)
        insert = "INSERT OR IGNORE INTO attachment (document, name, content_type, content) VALUES (?, ?, ?, ?)"
        with self._state.transaction() as database:
            is_new = database.execute(insert, (document, *given)).rowcount == 1
        (told,) = (one for one in self.of(document) if one["name"] == given.name)
        return (201 if is_new else 200), told

    def of(self, document: str) -> list[dict[str, Any]]:
        """What is told of the files of a document, the oldest first."""
        query = """
            SELECT CAST(id AS TEXT) AS id, name, content_type, length(content) AS size
            FROM attachment WHERE document = ? ORDER BY attachment.id
        """
        with self._state.transaction() as database:
            return [dict(row) for row in database.execute(query, (document,))]

    def one(self, document: str, file_id: str) -> Kept | None:
        """One file with its content."""
        query = "SELECT name, content_type, content FROM attachment WHERE document = ? AND CAST(id AS TEXT) = ?"
        with self._state.transaction() as database:
            row = database.execute(query, (document, file_id)).fetchone()
        return Kept(*row) if row else None


def _read(body: Mapping[str, Any]) -> Kept:
    name, content_type, content = (body.get(field) for field in ("name", "content_type", "content"))
    if not isinstance(name, str) or not name or len(name) > _LONGEST_NAME:
        raise Refusal("invalid", f"The name of a file has 1 to {_LONGEST_NAME} characters.", "name")
    try:
        kept = base64.b64decode(content, validate=True) if isinstance(content, str) else None
    except ValueError:
        kept = None
    if kept is None:
        raise Refusal("invalid", f"The content of {name} is not Base64.", "content")
    if len(kept) > LARGEST_FILE:
        raise Refusal("too_large", f"{name} is larger than {LARGEST_FILE // 1024**2} MB.", "content")
    return Kept(name, content_type if isinstance(content_type, str) else "application/octet-stream", kept)
