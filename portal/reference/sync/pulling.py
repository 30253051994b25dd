"""Read everything of one kind from the accounting system, and write down what is different from the last time.

An inactive record counts as not there. What was not read is no longer in use, and only a reading that came to its end
may say so.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils import timezone

from integrations.base import Source
from integrations.reference import Record as Told
from integrations.reference import RecordKind
from portal.connections.paced import paced
from portal.connections.services import connector_of, source_of
from portal.reference.sync.leases import Lease
from portal.reference.sync.models import Change, Record, SyncChange
from portal.reference.sync.rows import BATCH, MADE, as_told, batches, look, refused_change
from portal.reference.sync.seen import Seen

# All pages together; each single wait within a request has the usual limits of its own.
READING_SECONDS: Final = 3600.0
PATIENCE_SECONDS: Final = 3600.0
LONGEST: Final = 200
# PostgreSQL's driver remembers the texts of its last statements, values and all: small ones.
WRITTEN: Final = 100
KEY: Final = ("identity",)
CONTENT: Final = ("code", "name", "is_active", "details", "content_hash", "changed_at")
Key = tuple[str, str]
Stored = tuple[int, str, bool]


def pull(lease: Lease) -> None:
    """Read it all and compare. What is kept is right at every moment; what vanished is told at the end.

    Raises what the connector raises, `LeaseLost`, `Interrupted`; then nothing is taken for gone.
    """
    run, pulled = lease.run, _Pull(lease)
    run.read = 0
    with paced(
        run.connection, lease.keep, patience_seconds=PATIENCE_SECONDS, deadline_seconds=READING_SECONDS
    ) as outbound:
        records = connector_of(run.connection, outbound).records(RecordKind(run.kind))
        for batch in batches((one for one in records if one.is_active), BATCH):
            lease.keep()
            pulled.take(batch)
    pulled.close()


def prefix_of(connection_id: UUID, kind: str) -> str:
    """What the identities of one list's records begin with."""
    return f"{connection_id.hex} {kind}"


def identity_of(prefix: str, key: Key) -> UUID:
    """What a record is looked up by: half of a digest."""
    return UUID(bytes=hashlib.sha256(f"{prefix}\0{key[0]}\0{key[1]}".encode()).digest()[:16])


class _Pull:
    """One reading: which rows were seen, and what to do with the next ones."""

    def __init__(self, lease: Lease) -> None:
        self.lease, self.run, self.seen = lease, lease.run, Seen()
        self.source: Source | None = source_of(lease.run.source) if lease.run.source else None
        self.rows = Record.objects.filter(connection=lease.run.connection, kind=lease.run.kind)
        self.prefix = prefix_of(lease.run.connection_id, lease.run.kind)

    def take(self, batch: list[Told]) -> None:
        """Compare some records; a record that comes twice counts once."""
        by_key = dict[Key, Told]()
        for record in batch:
            by_key.setdefault((record.dimension[:LONGEST], _id(record)), record)
        stored = self._stored(by_key)
        different = dict[Key, Told]()
        for key, record in by_key.items():
            found = stored.get(key)
            if found is None or found[1] != record.content_hash() or not found[2]:
                if found is None or found[0] not in self.seen:
                    different[key] = record
            else:
                self.seen.add(found[0])
        if different:
            self._write(different, stored)
        self.run.read = self.run.done = len(self.seen)

    def close(self) -> None:
        """What was not read is no longer in use."""
        self.run.total = self.run.done
        self.run.unchanged = max(0, len(self.seen) - self.run.added - self.run.changed)
        if self.rows.filter(is_active=True).count() != len(self.seen):
            self._remove_unseen()

    def _stored(self, keys: Iterable[Key]) -> dict[Key, Stored]:
        """Id, hash and whether it is in use, of those that are known."""
        rows = Record.objects.filter(identity__in=[identity_of(self.prefix, key) for key in keys]).order_by()
        columns = ("dimension", "external_id", "id", "content_hash", "is_active")
        return {
            (dimension, external_id): (number, content, active)
            for dimension, external_id, number, content, active in rows.values_list(*columns)
        }

    def _write(self, different: dict[Key, Told], stored: dict[Key, Stored]) -> None:
        before = {(one.dimension, one.external_id): one for one in self._known(different, stored)}
        rows = [self._row(key, told, before.get(key)) for key, told in different.items()]
        changes = [self._change(row, before.get(key)) for key, row in zip(different, rows, strict=True)]
        added = sum(change.change == Change.ADDED for change in changes)
        self.run.added, self.run.changed = self.run.added + added, self.run.changed + len(changes) - added
        changes += [refused_change(self.lease, row, row.refused) for row in rows if row.refused and not row.row_hash]
        with self.lease.writing():
            Record.objects.bulk_create(
                rows, WRITTEN, update_conflicts=True, unique_fields=KEY, update_fields=(*CONTENT, *MADE)
            )
            SyncChange.objects.bulk_create(changes, WRITTEN)
        for row in rows:
            self.seen.add(row.pk)

    def _known(self, different: Iterable[Key], stored: dict[Key, Stored]) -> list[Record]:
        ids = [stored[key][0] for key in different if key in stored]
        return list(Record.objects.filter(pk__in=ids)) if ids else []

    def _row(self, key: Key, told: Told, before: Record | None) -> Record:
        """The record as it is to be stored; with a source, also what that would be told."""
        row = Record(
            connection=self.run.connection, kind=self.run.kind, dimension=key[0], external_id=key[1],
            identity=identity_of(self.prefix, key),
            code=_kept(told.code)[:LONGEST], name=_kept(told.name), is_active=True,
            details={name: _kept(value) for name, value in told.details.items()},
            content_hash=told.content_hash(), changed_at=timezone.now(),
        )  # fmt: skip
        if before is not None:
            row.refused, row.refused_hash = before.refused, before.refused_hash
        if self.source is not None:
            look(self.source, row, as_told(row))
        return row

    def _change(self, row: Record, before: Record | None) -> SyncChange:
        known = before is not None and before.is_active
        return SyncChange(
            run=self.run, change=Change.CHANGED if known else Change.ADDED, dimension=row.dimension, code=row.code,
            name=row.name, fields=_different(before, row) if before is not None and known else [],
        )  # fmt: skip

    def _remove_unseen(self) -> None:
        active = self.rows.filter(is_active=True).order_by().values_list("id", flat=True)
        unseen = array("q", (number for number in active.iterator(chunk_size=2000) if number not in self.seen))
        for ids in batches(unseen, BATCH):
            self.lease.keep()
            gone = Record.objects.filter(pk__in=ids)
            changes = [
                SyncChange(run=self.run, change=Change.REMOVED, dimension=one.dimension, code=one.code, name=one.name)
                for one in gone
            ]
            self.run.removed += len(changes)
            with self.lease.writing():
                gone.update(is_active=False, changed_at=timezone.now(), **dict.fromkeys(MADE, ""))
                SyncChange.objects.bulk_create(changes, WRITTEN)


def _different(before: Record, after: Record) -> list[list[str]]:
    """[field, before, after] of what is not the same; of details each by its name."""
    had = {"code": before.code, "name": before.name, **before.details}
    has = {"code": after.code, "name": after.name, **after.details}
    names = ["code", "name", *sorted({*before.details, *after.details})]
    return [[name, had.get(name, ""), has.get(name, "")] for name in names if had.get(name, "") != has.get(name, "")]


def _id(record: Told) -> str:
    """The system's own id, or a digest of it where it is too long or holds what no database keeps."""
    if len(record.external_id) <= LONGEST and "\0" not in record.external_id:
        return record.external_id
    return hashlib.sha256(record.external_id.encode()).hexdigest()


def _kept(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text
