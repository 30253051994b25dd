"""Files at the SOAP door: they hang on a transaction or on an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, child, content, text, whole
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import Asked, Operation, Outcome
from integrations.accountsiq.standin.soap_transactions import entry_for

_LONGEST_NAME: Final = 255
_ORDER: Final = "Order"
_TRANSACTION: Final = "Transaction"


def _attach(asked: Asked) -> Outcome:
    """Keep a file beside its document; two of one name are two files."""
    document = child(asked.element, "document")
    header, inner = child(document, "Header"), child(document, "Content")
    sort, number = _master(asked, text(header, "MasterType"), whole(header, "MasterID"))
    name, data = (text(header, "Filename") or "").strip(), content(inner, "Content")
    if not name:
        raise Refusal(Why.FILE_NAME_WRONG, "The file has no name.")
    if len(name) > _LONGEST_NAME:
        raise Refusal(Why.FILE_NAME_TOO_LONG, f"The name of the file is longer than {_LONGEST_NAME} characters.")
    if not data:
        raise Refusal(Why.FILE_EMPTY, "The file is empty.")
    insert = "INSERT INTO file (master_type, master_id, name, content, comments) VALUES (?, ?, ?, ?, ?)"
    values = (sort, number, name, data, text(inner, "Comments") or "")
    asked.records.database.execute(insert, values)
    return Outcome(status="Created")


def _attached(asked: Asked) -> Outcome:
    sort, number = _master(asked, text(asked.element, "masterType"), whole(asked.element, "masterID"))
    query = "SELECT id, name FROM file WHERE master_type = ? AND master_id = ? ORDER BY id"
    rows = asked.records.database.execute(query, (sort, number)).fetchall()
    told = [_header(sort, number, row["name"], row["id"]) for row in rows]
    return Outcome(result=Array("WSDocumentHeader", told) if told else None)


def _file(asked: Asked) -> Outcome:
    sort, number = _master(asked, text(asked.element, "masterType"), whole(asked.element, "masterID"))
    query = "SELECT * FROM file WHERE master_type = ? AND master_id = ? AND id = ?"
    values = (sort, number, whole(asked.element, "documentID") or 0)
    row = asked.records.database.execute(query, values).fetchone()
    if row is None:
        raise Refusal(Why.FILE_UNKNOWN, "There is no such file.")
    told = {"Header": _header(sort, number, row["name"], row["id"]),
            "Content": {"Content": row["content"], "Comments": row["comments"]}}  # fmt: skip
    return Outcome(result=told)


def _master(asked: Asked, sort: str | None, number: int | None) -> tuple[str, int]:
    """What a file hangs on. Raises `Refusal` where there is no such thing."""
    if sort == _TRANSACTION:
        entry_for(asked, number)
    elif sort != _ORDER:
        raise Refusal(Why.MASTER_TYPE_WRONG, f"{sort} is no master type.")
    elif asked.records.one("order", number or 0) is None:
        raise Refusal(Why.ORDER_UNKNOWN, f"The order {number} does not exist.")
    return sort, number or 0


def _header(sort: str, number: int, name: str, file_id: int) -> dict[str, Any]:
    return {"MasterType": sort, "MasterID": number, "Filename": name, "DocumentID": file_id}


OPERATIONS: Final[Mapping[str, Operation]] = {"GetAttachedDocumentList": _attached, "GetDocument": _file}
WRITES: Final[Mapping[str, Operation]] = {"AttachDocument": _attach}
