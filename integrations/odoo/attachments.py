"""Files of documents in Odoo. Each has an external id made of its document and its name, so that it is there once."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from integrations.documents import Kind
from integrations.errors import OutcomeUnknown, Rejected
from integrations.odoo.client import MODULE, Client, Row
from integrations.odoo.mapping import form
from integrations.odoo.values import amount, text, words
from integrations.papers import Attachment, File

MODEL: Final = "ir.attachment"
_FIELDS: Final = ("id", "name", "res_model", "res_id", "datas")
_LONGEST_NAME: Final = 255
_LONGEST_ID: Final = 10
_UNKNOWN_TYPE: Final = "application/octet-stream"


def attached(client: Client, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
    """The files of a document, the oldest first. Raises `Rejected` where there is no such document."""
    model, number = form(kind).model, _known(client, kind, external_id)
    domain = [["res_model", "=", model], ["res_id", "=", number]]
    pages = client.pages(MODEL, domain, ("name", "mimetype", "file_size"))
    return tuple(_told(row) for page in pages for row in page)


def attach(client: Client, kind: Kind, external_id: str, file: File) -> None:
    """Attach a file; one of its name that we attached is written anew. Raises `Rejected` without such a document."""
    model, number = form(kind).model, _known(client, kind, external_id)
    name = words(file.name, _LONGEST_NAME)
    own_id = hashlib.sha256(f"{model},{number},{name}".encode()).hexdigest()[:32]
    content = base64.b64encode(file.content).decode()
    row = [f"{MODULE}.file-{own_id}", name, model, str(number), content]
    if client.load(MODEL, _FIELDS, [row]) is None:
        raise OutcomeUnknown("Odoo did not tell what became of a file. It will be looked for by its name.")


def _known(client: Client, kind: Kind, external_id: str) -> int:
    """The id of a document that is there: Odoo answers a wrong one as if it were forbidden."""
    is_id = external_id.isascii() and external_id.isdigit() and len(external_id) < _LONGEST_ID
    if is_id:
        domain = [["id", "=", int(external_id)], ["company_id", "=", client.company_id]]
        if client.read(form(kind).model, domain, ["name"]):
            return int(external_id)
    raise Rejected(f"Odoo has no {kind.label.lower()} {external_id}.", field="external_id")


def _told(row: Row) -> Attachment:
    size = amount(row.get("file_size"))
    return Attachment(
        external_id=str(row["id"]),
        name=text(row.get("name")) or "",
        content_type=text(row.get("mimetype")) or _UNKNOWN_TYPE,
        size=None if size is None else int(size),
    )
