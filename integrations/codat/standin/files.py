"""Files at documents: what was attached, with their contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from integrations.codat.standin.answers import Refusal
from integrations.codat.standin.memory import Memory, new_id, stamp
from integrations.codat.standin.platforms import Platform

_ANY: Final = "application/octet-stream"
_TAKEN: Final = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".gif", ".docx", ".xlsx", ".csv", ".txt", ".xml"})


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it came."""

    name: str
    content_type: str
    content: bytes

    def about(self) -> dict[str, str]:
        """What is remembered beside the content."""
        return {"name": self.name, "contentType": self.content_type}


def upload(request: Request, platform: Platform) -> Upload:
    """The one file of a multipart body, whatever its part is called. Raises `Refusal` (400)."""
    given = list(request.files.values())
    if request.mimetype != "multipart/form-data" or len(given) != 1:
        raise Refusal(400, "Exactly one file must be provided.")
    file = given[0]
    name, content = file.filename or "", file.stream.read()
    suffix = name[name.rfind(".") :].lower()
    if not name or suffix not in _TAKEN:
        raise Refusal(400, f"The file type {suffix or 'of the file'} is not supported by {platform.name}.")
    if len(content) > platform.most_bytes:
        raise Refusal(400, f"The file is larger than {platform.most_bytes} bytes.")
    if platform.key == "qhyg" and (file.content_type or _ANY).startswith(_ANY):
        raise Refusal(400, "The part needs the content type of its file.")
    return Upload(name, file.content_type or _ANY, content)


def write_file(memory: Memory, connection: str, push: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """Put a file whose content was kept with a write at its document; gives its id."""
    hidden = push["hidden"]
    kept = keep(memory, connection, hidden["record"], file, memory.file(hidden["content"]))
    return str(kept["id"])


def keep(memory: Memory, connection: str, record: str, file: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Put a file at a document."""
    told = {
        "id": new_id(),
        "name": file["name"],
        "contentType": file["contentType"],
        "dateCreated": stamp(memory.now()),
        "fileSize": len(content),
        "includeWhenSent": False,
    }
    memory.put("attachment", told, company=f"{connection}/{record}")
    memory.keep_file(told["id"], content)
    return told


def listed(memory: Memory, connection: str, record: str) -> list[dict[str, Any]]:
    """The files of a document, without their contents."""
    return memory.every("attachment", f"{connection}/{record}")


def one(memory: Memory, connection: str, record: str, identity: str) -> dict[str, Any]:
    """One of them. Raises `Refusal` (404)."""
    for found in listed(memory, connection, record):
        if found["id"] == identity:
            return found
    raise Refusal(404, f"No data available for attachments for ID {identity}")


def download(memory: Memory, file: Mapping[str, Any]) -> Response:
    """A file for taking away."""
    response = Response(memory.file(file["id"]), mimetype=_ANY, headers={"X-Content-Type-Options": "nosniff"})
    response.headers.set("Content-Disposition", "attachment", filename=file["name"])
    return response
