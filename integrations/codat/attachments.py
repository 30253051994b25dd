"""Files of bills: seen through Codat in the accounting software itself, and sent once, after a look."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from integrations.codat.client import Client
from integrations.codat.values import text
from integrations.errors import Missing, Rejected, Retryable
from integrations.papers import Attachment, File

_UNKNOWN_TYPE: Final = "application/octet-stream"
_NAMESPACE: Final = uuid.UUID("3f0a3a1e-7c0f-5d56-9a4a-0d7d3c4f7b21")
# In bytes, where it is less than the largest file that the portal fetches (vendor's page on attachments, 2026-08).
_LARGEST: Final[Mapping[str, int]] = {"gbol": 4 * 1024 * 1024}


class Way(Protocol):
    """One of the two interfaces."""

    def papers(self, external_id: str) -> str:
        """The path at which the files of a bill are told."""

    def attach(self, external_id: str, file: File, *, key: str) -> None:
        """Send a file for a bill."""


def attached(client: Client, way: Way, external_id: str) -> tuple[Attachment, ...]:
    """The files of a bill. Raises `Rejected` where there is no such bill; as `Client.get` else."""
    try:
        told = client.get(way.papers(external_id))
    except Missing as error:
        raise Rejected(f"Codat has no invoice {external_id}: {error.message}", field="external_id") from error
    return tuple(_attachments(told))


def attach(client: Client, way: Way, told: Mapping[str, Any], external_id: str, file: File) -> None:
    """Send a file, unless one of its name is there. The same file is sent under the same key, so that of two tries at
    once one counts. Raises `Rejected` for a bill that there is not, and for a file that is too large."""
    largest = _LARGEST.get(str(told.get("platform")))
    if largest is not None and len(file.content) > largest:
        size = largest // (1024 * 1024)
        message = f"{file.name} is larger than {size} MB, which the accounting software does not take. Attach it there."
        raise Rejected(message, field="content")
    if all(one.name != file.name for one in attached(client, way, external_id)):
        way.attach(external_id, file, key=str(uuid.uuid5(_NAMESPACE, f"{external_id}\n{file.name}")))


def _attachments(told: object) -> Iterator[Attachment]:
    # The schema has an object with a list, and the vendor's own example the list alone.
    rows = told.get("attachments") if isinstance(told, Mapping) else told
    if not isinstance(rows, list):
        raise Retryable("Codat did not tell the files of the invoice. It will be asked again.")
    for row in rows:
        if not isinstance(row, Mapping) or not text(row.get("id")):
            raise Retryable("Codat told a file without an id. It will be asked again.")
        size = row.get("fileSize")
        yield Attachment(
            external_id=text(row["id"]),
            name=text(row.get("name")),
            content_type=text(row.get("contentType")) or _UNKNOWN_TYPE,
            size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        )
