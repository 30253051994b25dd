"""Files of documents in Tryton. It keeps a name as often as it is sent, so a file is looked for before it is sent."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from typing import Any, Final

from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.papers import Attachment, File
from integrations.tryton.client import Client
from integrations.tryton.kinds import book
from integrations.tryton.words import one_line, word

MODEL: Final = "ir.attachment"
_FIELDS: Final = ("name", "data_size")
_LONGEST_ID: Final = 12
# Two million bytes unless its configuration says more, also for those who have a key (seen in 8.2.1).
_TOO_LARGE: Final = (
    "{name} is larger than this Tryton lets anybody send. Raise max_size under [request] in its configuration, "
    "or attach it there by hand."
)
_UNKNOWN_TYPE: Final = "application/octet-stream"


def attached(client: Client, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
    """The files of a document, the oldest first, each name once. Raises `Rejected` where there is no such document."""
    resource = _resource(client, kind, external_id)
    found: dict[str, Attachment] = {}
    for one in client.search(MODEL, [["resource", "=", resource]], _FIELDS):
        found.setdefault(word(one.get("name")), _told(one))
    return tuple(found.values())


def attach(client: Client, kind: Kind, external_id: str, file: File) -> None:
    """Attach a file, unless one of its name is there. Raises `Rejected` where there is no such document."""
    name = one_line(file.name)
    if name in {one.name for one in attached(client, kind, external_id)}:
        return
    content = {"__class__": "bytes", "base64": base64.b64encode(file.content).decode()}
    values = {"name": name, "resource": f"{book(kind).model},{external_id}", "data": content}
    client.create(MODEL, values, _FIELDS, too_large=_TOO_LARGE.format(name=name))


def _resource(client: Client, kind: Kind, external_id: str) -> str:
    """How Tryton names a document. One that there is not would be answered as if it were hidden from us."""
    is_id = external_id.isascii() and external_id.isdigit() and len(external_id) < _LONGEST_ID
    wanted = [["id", "=", int(external_id) if is_id else 0], ["company", "=", client.company_id]]
    if is_id and list(client.search(book(kind).model, wanted, ("state",))):
        return f"{book(kind).model},{external_id}"
    raise Rejected(f"Tryton has no {kind.label.lower()} {external_id}.", field="external_id")


def _told(one: Mapping[str, Any]) -> Attachment:
    """Tryton keeps no type of a file; its name tells it."""
    name, size = word(one.get("name")), one.get("data_size")
    return Attachment(
        external_id=str(one["id"]),
        name=name,
        content_type=mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE,
        size=size if isinstance(size, int) else None,
    )
