"""Codat's webhooks: whether one is theirs (Standard Webhooks), and what it hints at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from integrations.base import Link
from integrations.codat.coverage import RECORDS
from integrations.codat.kinds import SHAPES
from integrations.documents import Kind
from integrations.errors import Malformed, Unauthorised
from integrations.exact import from_json
from integrations.hearing import Heard, Hint
from integrations.reference import RecordKind
from integrations.standard_webhooks import BadSecret, NotGenuine, verified

DOCUMENTS: Final = {
    one.data_type: frozenset(kind for kind, other in SHAPES.items() if other.data_type == one.data_type)
    for one in SHAPES.values()
}
_WRITE: Final = re.compile(r"[A-Za-z-]+\.write\.(successful|unsuccessful)")
_NOT_THEIRS: Final = "This message does not prove that it is from Codat, so it was not read."

Row = Mapping[str, Any]


def hear(link: Link, headers: Mapping[str, str], body: bytes) -> Heard:
    """What a message says, once its signature over the body's very bytes is right. Headers match in any letter case.

    `Heard.id` is the same in every repeat of a message. An event that means nothing to us has no hints.
    Raises `Unauthorised` for a signature that is missing, wrong or too old, `Malformed` for what is no event.
    """
    message = _verified(link, headers, body)
    event = _event(body)
    about = _text(event, "eventType") or _text(event, "type") or _text(event, "RuleType")
    if not about:
        raise Malformed("A message of Codat names no event.", field="eventType")
    return Heard(id=message, about=about, hints=_hints(about, event))


def _verified(link: Link, headers: Mapping[str, str], body: bytes) -> str:
    """The message's own id. While a secret is replaced there are two of them, and as many signatures."""
    secrets = link.secrets.get("webhook_secret", "").split()
    if not secrets:
        raise Unauthorised("Codat's signing secret was not entered, so its messages cannot be told from others.")
    try:
        return verified(secrets, headers, body)
    except NotGenuine as error:
        raise Unauthorised(f"{_NOT_THEIRS} {error.why}".rstrip()) from error
    except BadSecret as error:
        raise Unauthorised("Codat's signing secret is not as Codat shows it (whsec_…). Enter it again.") from error


def _event(body: bytes) -> Row:
    try:
        event = from_json(body.decode())
    except ValueError as error:
        raise Malformed("A message of Codat is no readable JSON.") from error
    if not isinstance(event, Mapping):
        raise Malformed("A message of Codat is no JSON object.")
    return event


def _hints(about: str, event: Row) -> tuple[Hint, ...]:
    if _WRITE.fullmatch(about):
        return tuple(_written(_row(event, "payload")))
    read = _EVENTS.get(about) or _OLD_EVENTS.get(_NO_LETTER.sub("", about.lower()))
    return tuple(read(event)) if read else ()


def _written(payload: Row) -> Iterator[Hint]:
    """The reasons of a failure are not among it: the operation is asked for."""
    operation = _text(payload, "id")
    if operation:
        yield Hint(company_id=_company(payload), operation=operation)


def _connection(event: Row) -> Iterator[Hint]:
    yield Hint(company_id=_company(_row(event, "payload")), asks_status=True)


def _company_gone(event: Row) -> Iterator[Hint]:
    yield Hint(company_id=_text(_row(event, "payload"), "id"), asks_status=True)


def _read(event: Row) -> Iterator[Hint]:
    """Every data type of the message counts, and those of which a reading changed nothing do not."""
    payload = _row(event, "payload")
    kinds, documents = frozenset(_changed(payload.get("dataTypes"))), frozenset(_written_anew(payload.get("dataTypes")))
    if kinds or documents:
        yield Hint(company_id=_company(payload), records=kinds, documents=documents)


def _read_first(event: Row) -> Iterator[Hint]:
    """The first reading after a sign-in: who the company is may be known now, whatever kinds there are."""
    payload = _row(event, "payload")
    kinds = frozenset(_changed(payload.get("dataTypes")))
    yield Hint(company_id=_company(payload), records=kinds, asks_status=True)


def _changed(rows: object) -> Iterator[RecordKind]:
    for row in rows if isinstance(rows, list) else []:
        kind = RECORDS.get(_text(row, "dataType")) if isinstance(row, Mapping) else None
        if kind and row.get("recordsModified") is not False and row.get("status") in (None, "Complete"):
            yield kind


def _written_anew(rows: object) -> Iterator[Kind]:
    """A document that was pushed is told with its number once its kind was read again."""
    for row in rows if isinstance(rows, list) else []:
        kinds = DOCUMENTS.get(_text(row, "dataType"), frozenset()) if isinstance(row, Mapping) else frozenset()
        if kinds and row.get("recordsModified") is not False:
            yield from kinds


def _old_status(event: Row) -> Iterator[Hint]:
    yield Hint(company_id=_text(event, "CompanyId"), asks_status=True)


def _old_read(event: Row) -> Iterator[Hint]:
    kind = RECORDS.get(_data(event, "dataType"))
    if kind:
        yield Hint(company_id=_text(event, "CompanyId"), records=frozenset({kind}))


def _old_write(event: Row) -> Iterator[Hint]:
    operation = _data(event, "pushOperationKey")
    if operation:
        yield Hint(company_id=_text(event, "CompanyId"), operation=operation)


# What is not in here (a company or a connection made, products, rate limits) means nothing to us.
_EVENTS: Final[Mapping[str, Callable[[Row], Iterator[Hint]]]] = {
    "company.deleted": _company_gone,
    "connection.connected": _connection,
    "connection.reconnected": _connection,
    "connection.disconnected": _connection,
    "connection.failed": _connection,
    "connection.deleted": _connection,
    "read.completed": _read,
    "read.completed.initial": _read_first,
}
# The events until 2025, some of them in use after that. Their names come as `DataSyncCompleted`, `Data sync completed`
# and `Push Operation Status Changed()` (all in the vendor's own examples), so only the letters count.
_OLD_EVENTS: Final[Mapping[str, Callable[[Row], Iterator[Hint]]]] = {
    "dataconnectionstatuschanged": _old_status,
    "newcompanysynchronized": _old_status,
    "datasyncstatuschangedtoerror": _old_status,
    "datasynccompleted": _old_read,
    "datasetdatachanged": _old_read,
    "pushoperationstatuschanged": _old_write,
    "pushoperationtimedout": _old_write,
}
_NO_LETTER: Final = re.compile(r"[^a-z]")


def _company(payload: Row) -> str:
    return _text(_row(payload, "referenceCompany"), "id")


def _data(event: Row, name: str) -> str:
    """A member of the old envelope's `Data`, whose names were seen in either case."""
    return next((str(value) for key, value in _row(event, "Data").items() if key.lower() == name.lower()), "")


def _row(row: Row, name: str) -> Row:
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
