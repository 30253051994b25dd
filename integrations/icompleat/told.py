"""What the API tells of transactions, as our values. Only an id is needed: what else cannot be read is left open."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from integrations.documents import Kind, Posted, Stage
from integrations.errors import Malformed, Rejected, Retryable
from integrations.icompleat import amounts, analysis, dates
from integrations.icompleat.limits import LONGEST_CODE, LONGEST_ID, LONGEST_NAME, LONGEST_REFERENCE, LONGEST_TEXT
from integrations.icompleat.mapping import KIND_BY_TYPE
from integrations.icompleat.reading import Node, canonical_id
from integrations.papers import LARGEST_FILE, Attachment, File
from integrations.standing import Event, Standing

T = TypeVar("T")

STAGE_BY_STATUS: Final[Mapping[str, Stage]] = {
    "SAV": Stage.DRAFT,
    "PEND": Stage.SUBMITTED,
    "APPR": Stage.APPROVED,
    "DEN": Stage.DENIED,
    "DEL": Stage.DELETED,
}
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def standing(transaction: Mapping[str, Any]) -> Standing:
    """Where a transaction stands, from a row of the list or from its detail. Raises `Retryable` without an id."""
    header = Node(transaction)
    references, word = _member(header, "References"), _text(header, "Status", LONGEST_CODE)
    kind = KIND_BY_TYPE.get(_text(header, "Type", LONGEST_CODE).upper())
    return Standing(
        external_id=_external_id(header),
        stage=STAGE_BY_STATUS.get(word.upper(), Stage.OTHER),
        word=word,
        kind=kind,
        number=_text(references, "Identifier", LONGEST_REFERENCE),
        order_number=_text(references, "PurchaseOrder", LONGEST_REFERENCE),
        supplier_reference=_text(references, "Supplier", LONGEST_REFERENCE),
        supplier_name=_text(_member(header, "Supplier"), "Name", LONGEST_NAME)
        or _text(header, "SupplierName", LONGEST_NAME),
        title=_text(header, "Title", LONGEST_TEXT),
        gross=_turned(kind, _total(header, "Gross"), _total(header, "Gross")),
        currency=_read(lambda: analysis.told_currency(header), ""),
        created_at=dates.moment(_member(_member(header, "Dates"), "Created")),
    )


def posted(transaction: Mapping[str, Any]) -> Posted:
    """A transaction that is there, from its detail. Raises `Retryable` without an id."""
    header, where = Node(transaction), standing(transaction)
    gross = _total(header, "Gross")
    return Posted(
        external_id=where.external_id,
        number=where.number,
        supplier_code=_text(_member(header, "Supplier"), "Code", LONGEST_CODE) or None,
        net=_turned(where.kind, _total(header, "Net"), gross),
        tax=_turned(where.kind, _total(header, "Vat"), gross),
        gross=where.gross,
        currency=where.currency or None,
        date=dates.business_date(_member(_member(header, "Dates"), "Invoice")),
    )


def attachments(rows: Sequence[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """The files of a transaction. Raises `Retryable` for one without an id."""
    return tuple(_attachment(Node(row)) for row in rows)


def file(told: Mapping[str, Any] | File, wanted: Attachment) -> File:
    """The file that was asked for. Raises `Retryable` for unreadable content, `Rejected` for a large one."""
    if isinstance(told, File):
        found = replace(told, content_type=told.content_type or wanted.content_type)
    else:
        node = Node(told)
        found = File(
            name=_name(node),
            content_type=_text(node, "ContentType", LONGEST_NAME) or wanted.content_type,
            content=_content(_member(node, "Content").value),
        )
    check_size(wanted.name, len(found.content))
    return found if found.name else replace(found, name=wanted.name)


def check_size(name: str, size: int | None) -> None:
    """Raises `Rejected` for a file that is larger than what is fetched."""
    if size is not None and size > LARGEST_FILE:
        raise Rejected(f"The file {name} is larger than 7 MB, so it is not fetched. Download it in iCompleat.")


def events(rows: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """What happened to a transaction, the oldest first; what has no moment stands before all that has one."""
    return tuple(sorted((_event(Node(row)) for row in rows), key=lambda one: one.at or _EARLIEST))


def _event(node: Node) -> Event:
    user = _member(node, "User")
    return Event(
        at=dates.moment(_member(node, "Date")),
        what=_text(node, "Action", LONGEST_TEXT),
        who=_text(user, "Name", LONGEST_NAME) if user.holds_members else _text(node, "User", LONGEST_NAME),
        detail=_text(node, "Comment", LONGEST_TEXT),
    )


def _attachment(node: Node) -> Attachment:
    external_id = _text(node, "Id", LONGEST_NAME)
    if not external_id:
        raise Retryable("iCompleat told of a file without an Id. It will be tried again.")
    size = _member(node, "Size").value
    return Attachment(
        external_id=external_id,
        name=_name(node) or external_id,
        content_type=_text(node, "ContentType", LONGEST_NAME) or "application/octet-stream",
        size=size if type(size) is int and size >= 0 else None,
    )


def _name(node: Node) -> str:
    return _text(node, "FileName", LONGEST_NAME) or _text(node, "Name", LONGEST_NAME)


def _content(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else _no_content()
    except binascii.Error:
        return _no_content()


def _no_content() -> bytes:
    raise Retryable("iCompleat gave a file whose content cannot be read. It will be tried again.")


def _external_id(header: Node) -> str:
    found = canonical_id(_text(header, "Id", LONGEST_ID))
    if not found:
        raise Retryable("iCompleat told of a transaction without an Id. It will be tried again.")
    return found


def _total(header: Node, name: str) -> Decimal | None:
    return _read(lambda: amounts.value_of(header.member(name), amounts.LOCAL).number(), None)


def _turned(kind: Kind | None, amount: Decimal | None, gross: Decimal | None) -> Decimal | None:
    """Amounts of a credit note are positive with us, whichever sign they have there."""
    if amount is None or gross is None or kind is not Kind.CREDIT_NOTE or gross >= 0:
        return amount
    return -amount


def _text(node: Node, name: str, longest: int) -> str:
    return _read(lambda: node.member(name).text(longest), "")


def _member(node: Node, name: str) -> Node:
    return _read(lambda: node.member(name), Node(None))


def _read(read: Callable[[], T], otherwise: T) -> T:
    """What somebody else's member says, or that it says nothing: a list is not lost because of one of its texts."""
    try:
        return read()
    except Malformed:
        return otherwise
