"""What the source would be told of each record: its row, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from django.db.models import Count, Exists, OuterRef, QuerySet

from integrations.base import Source
from integrations.errors import Rejected
from integrations.reference import Record as Told
from integrations.reference import RecordKind, Row
from portal.reference.rules import LONGEST_CODE
from portal.reference.sync.leases import Lease
from portal.reference.sync.lists import Target
from portal.reference.sync.models import Change, Record, SyncChange

BATCH: Final = 500
MADE: Final = ("row_code", "row_key", "row_hash", "refused", "refused_hash")
NO_CODE: Final = "It has no code."
TOO_LONG: Final = f"Its code has more than {LONGEST_CODE} characters."
TWICE: Final = (
    "Its code is that of “{name}” ({external_id}) as well, which came first and is sent. Give one another code."
)
T = TypeVar("T")


def as_told(record: Record) -> Told:
    """A stored record as connectors know it."""
    return Told(
        kind=RecordKind(record.kind), code=record.code, name=record.name, external_id=record.external_id,
        is_active=record.is_active, dimension=record.dimension, details=record.details,
    )  # fmt: skip


def look(source: Source, record: Record, value: Told) -> bool:
    """Set on a record what the source would be told of it. False when it cannot be told."""
    try:
        row = _checked(source.row(value))
    except Rejected as error:
        record.row_code = record.row_key = record.row_hash = record.refused_hash = ""
        record.refused = error.message
        return False
    record.row_code, record.row_key, record.row_hash = row.code, row.code.casefold(), row.content_hash()
    if record.refused_hash != record.row_hash:
        record.refused = record.refused_hash = ""
    return True


def look_at_all(lease: Lease, source: Source, target: Target) -> None:
    """Make the rows of a list that nobody has made, then settle which record has a code that several have."""
    _look_at_new(lease, source, target)
    if _release_codes(target):
        _look_at_new(lease, source, target)
    for keys in batches(_doubled(target), BATCH):
        _refuse_doubles(lease, target, keys)


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many, the last one shorter."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


def pages(of: Callable[[str], Iterable[Record]]) -> Iterator[list[Record]]:
    """Page after page of what `of` gives after an external id. No query is open while a page is worked on."""
    last = ""
    while page := list(of(last)):
        yield page
        last = page[-1].external_id


def refused_change(lease: Lease, record: Record, reason: str) -> SyncChange:
    """A row of the history: this record is not taken."""
    return SyncChange(
        run=lease.run, change=Change.REFUSED, dimension=record.dimension, code=record.code, name=record.name,
        reason=reason,
    )  # fmt: skip


def _checked(row: Row) -> Row:
    if not row.code.strip():
        raise Rejected(NO_CODE, field="code")
    if len(row.code) > LONGEST_CODE:
        raise Rejected(TOO_LONG, field="code")
    return row


def _look_at_new(lease: Lease, source: Source, target: Target) -> None:
    new = target.records.filter(row_hash__isnull=True).order_by("external_id")
    for page in pages(lambda last: new.filter(external_id__gt=last)[:BATCH]):
        untold = [record for record in page if not look(source, record, as_told(record))]
        with lease.writing():
            Record.objects.bulk_update(page, MADE, batch_size=100)
            SyncChange.objects.bulk_create([refused_change(lease, one, one.refused) for one in untold])


def _release_codes(target: Target) -> int:
    """Records that had to stand back, and whose code nobody older has any more."""
    losers = target.records.filter(row_hash="").exclude(row_key="")
    return losers.exclude(Exists(_older(target))).update(row_hash=None, refused="") if losers.exists() else 0


def _doubled(target: Target) -> list[str]:
    keys = target.records.exclude(row_key="").order_by().values_list("row_key")
    return list(keys.annotate(rows=Count("id")).filter(rows__gt=1).values_list("row_key", flat=True))


def _refuse_doubles(lease: Lease, target: Target, keys: list[str]) -> None:
    first = dict[str, Record]()
    for record in target.records.filter(row_key__in=keys).order_by("-id"):
        first[record.row_key] = record
    losers = list(target.wanted.filter(row_key__in=keys).filter(Exists(_older(target))))
    for record in losers:
        winner = first[record.row_key]
        record.row_hash = record.refused_hash = ""
        record.refused = TWICE.format(name=winner.name, external_id=winner.external_id)
    with lease.writing():
        Record.objects.bulk_update(losers, MADE, batch_size=100)
        SyncChange.objects.bulk_create([refused_change(lease, one, one.refused) for one in losers])


def _older(target: Target) -> QuerySet[Record]:
    return target.records.filter(row_key=OuterRef("row_key"), id__lt=OuterRef("id"))
