"""Files of transactions. They are kept by name and number; whether a name can be there twice is not documented."""

from __future__ import annotations

import base64
import mimetypes
from typing import Final

from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.client import Client
from integrations.accountsiq.soap.envelopes import Parts, one_line
from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.papers import Attachment, File

ATTACHES: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})
"""Of the kinds of masters only `Transaction` was seen; what an order is called there is not known."""
_MASTER: Final = "Transaction"
_LONGEST_ID: Final = 10
_LONGEST_NAME: Final = 200
_UNKNOWN_TYPE: Final = "application/octet-stream"


def attached(client: Client, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
    """The files of a transaction, the oldest first, each name once. Raises `Rejected` where there is none such."""
    _check_there(client, kind, external_id)
    found: dict[str, Attachment] = {}
    headers = client.rows("GetAttachedDocumentList", "WSDocumentHeader", _master(external_id))
    for one in sorted(headers, key=lambda header: header.number("DocumentID") or 0):
        found.setdefault(one.text("Filename"), _told(one))
    return tuple(found.values())


def attach(client: Client, kind: Kind, external_id: str, file: File) -> None:
    """Attach a file, unless one of its name is there. Raises as `System.post`."""
    name = one_line(file.name)
    if not name or len(name) > _LONGEST_NAME:
        message = f"The name of the file has to have 1 to {_LONGEST_NAME} characters for AccountsIQ. Rename it."
        raise Rejected(message, field="name")
    if name in {one.name for one in attached(client, kind, external_id)}:
        return
    header: Parts = [("MasterType", _MASTER), ("MasterID", external_id), ("Filename", name), ("DocumentID", 0)]
    content: Parts = [("Content", base64.b64encode(file.content).decode()), ("Comments", "")]
    client.write("AttachDocument", [("document", [("Header", header), ("Content", content)])])


def _check_there(client: Client, kind: Kind, external_id: str) -> None:
    is_id = external_id.isascii() and external_id.isdigit() and len(external_id) <= _LONGEST_ID
    if is_id and int(external_id) < 2**31:
        found = client.look("GetTransaction", [("transactionID", int(external_id))])
        lines = found.part("Lines") if found else None
        if lines is not None and lines.parts("TransactionLine"):
            return
    raise Rejected(f"AccountsIQ has no {kind.label.lower()} {external_id[:50]}.", field="external_id")


def _master(external_id: str) -> list[tuple[str, str]]:
    return [("masterType", _MASTER), ("masterID", external_id)]


def _told(one: Told) -> Attachment:
    """Neither type nor size is told; the name tells the type."""
    name = one.text("Filename")
    return Attachment(
        external_id=one.text("DocumentID") or name,
        name=name,
        content_type=mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE,
    )
