"""Bring a list up to date row by row: what is new or different is written, then what nobody wants any more is deleted.

Each row is booked as soon as the source has taken it. Whatever breaks off may be repeated: it changes nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from integrations.errors import Misconfigured, RowsRefused
from portal.reference.sync.lists import Target
from portal.reference.sync.models import Record, SourceList
from portal.reference.sync.rows import BATCH
from portal.reference.sync.sending import Sending

FETCHED: Final = 100
NOT_EMPTIED: Final = "No row is left, and {name} takes no empty list. Delete its rows there."
NOT_OURS: Final = "No row is left, and not all of the {rows:,} rows at {name} came from here. Delete them there."


def edit(sending: Sending, target: Target) -> None:
    """Write and delete what differs. Raises `NotEditable` when the list has to be replaced instead; what was written
    before that is booked. Raises what the source raises."""
    _put_all(sending, target)
    _remove_all(sending, target)


def empty(sending: Sending, target: Target) -> None:
    """Delete every row of ours, one by one. Raises `Misconfigured` where that cannot be done."""
    there, name = target.list, sending.source.metadata.name
    if target.there.kind not in sending.source.offers.edits:
        raise Misconfigured(NOT_EMPTIED.format(name=name))
    if there.rows > target.held.count():
        raise Misconfigured(NOT_OURS.format(name=name, rows=there.rows))
    _remove(sending, target, target.records if there.is_incomplete else target.held, frozenset())
    if not target.held.exists():
        SourceList.objects.filter(pk=there.pk).update(
            is_incomplete=False, broke_off_at=None, rows=0, replaced_at=timezone.now()
        )


def _put_all(sending: Sending, target: Target) -> None:
    last = ""
    while page := list(target.to_put.filter(row_key__gt=last).order_by("row_key")[:FETCHED]):
        for record in page:
            _put(sending, target, record)
        last = page[-1].row_key


def _put(sending: Sending, target: Target, record: Record) -> None:
    """A record whose code is another one now leaves its old row behind, unless that is somebody else's."""
    row, is_new = sending.row(record), record.pushed_code.casefold() != record.row_key
    try:
        sending.patiently(lambda: sending.source.put(target.there, row, is_new=is_new))
    except RowsRefused as error:
        sending.refuse([record], [error.refused.get(0, error.message)])
        return
    if record.pushed_code and is_new and not _wanted(target, [record.pushed_code]):
        _delete(sending, target, record)
    sending.lease.run.sent += 1
    _book(sending, target, record, row.code, record.row_hash or "")


def _remove_all(sending: Sending, target: Target) -> None:
    """A code that another record has taken over stays there."""
    for page in _pages(target.gone):
        wanted = _wanted(target, [record.pushed_code for record in page])
        ids = [record.pk for record in page]
        _remove(sending, target, target.records.filter(pk__in=ids), wanted)


def _remove(sending: Sending, target: Target, rows: QuerySet[Record], wanted: Collection[str]) -> None:
    for page in _pages(rows):
        for record in page:
            if record.pushed_code.casefold() in wanted or _delete(sending, target, record):
                _book(sending, target, record, "", "")


def _delete(sending: Sending, target: Target, record: Record) -> bool:
    """False when the source does not give it up, which is reported."""
    code = record.pushed_code or record.row_code or record.code
    try:
        sending.patiently(lambda: sending.source.remove(target.there, code))
    except RowsRefused as error:
        sending.refuse([record], [error.refused.get(0, error.message)])
        return False
    sending.lease.run.deleted += 1
    return True


def _book(sending: Sending, target: Target, record: Record, code: str, row_hash: str) -> None:
    """Write what the source holds of a record from now on, and how many rows that makes."""
    sending.lease.run.done += 1
    values, more = {"pushed_code": code, "pushed_hash": row_hash}, bool(code) - bool(record.pushed_code)
    with sending.lease.writing():
        told = {"refused": "", "refused_hash": ""} if code else {}
        Record.objects.filter(pk=record.pk).update(**values, **told)
        SourceList.objects.filter(pk=target.list.pk).update(rows=Greatest(F("rows") + more, 0))


def _wanted(target: Target, codes: list[str]) -> frozenset[str]:
    keys = [code.casefold() for code in codes]
    return frozenset(target.wanted.filter(row_key__in=keys).values_list("row_key", flat=True))


def _pages(rows: QuerySet[Record]) -> Iterator[list[Record]]:
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield page
        last = page[-1].pk
