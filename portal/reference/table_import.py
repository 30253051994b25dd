"""Take a file of rows into the tables of a connection: shown before, then all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.transaction import atomic

from portal.connections.models import Connection
from portal.reference.models import MappedCode, TableUpload
from portal.reference.resolving import Key
from portal.reference.services import lock, tell_of
from portal.reference.sold import TOO_MANY_LABEL_ROWS, is_for_a_label
from portal.reference.table_edits import too_many_labels, write
from portal.reference.table_files import BadRow, Row, read

MOVED: Final = "The tables have changed since this was shown. Look again."
BAD: Final = "The file has lines that cannot be taken, so nothing of it was."
NOTHING: Final = "There is no file of yours waiting here. Upload it again."


class CannotImport(Exception):
    """Nothing was written; the message says why in one plain sentence."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that another accounting code or note stands in for now."""

    row: Row
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What taking a file would do. `stamp` is the same as long as file and outcome are."""

    new: tuple[Row, ...]
    changed: tuple[Changed, ...]
    same: int
    bad: tuple[BadRow, ...]
    stamp: str

    @property
    def writes(self) -> bool:
        """Whether it can be taken and would change anything."""
        return not self.bad and bool(self.new or self.changed)


def keep(connection: Connection, text: str, *, family: str, who: str) -> None:
    """Keep an uploaded file until `who` confirms it, in the place of the one before."""
    TableUpload.objects.update_or_create(
        connection_id=connection.pk, who=who, defaults={"text": text, "family": family}
    )


def plan_of(connection: Connection, who: str) -> Plan | None:
    """What the waiting file of `who` would do; None when there is none."""
    upload = TableUpload.objects.filter(connection_id=connection.pk, who=who).first()
    return _plan(upload) if upload else None


def take(connection: Connection, *, stamp: str, who: str) -> Plan:
    """Write the waiting file of `who`, in one transaction. `stamp` is that of the plan that was confirmed.

    Rows that the file does not name stay. Raises `CannotImport`: then nothing was written.
    """
    with atomic():
        lock(connection)
        plan = plan_of(connection, who)
        if plan is None:
            raise CannotImport(NOTHING)
        if plan.bad:
            raise CannotImport(BAD)
        if plan.stamp != stamp:
            raise CannotImport(MOVED)
        write(connection, (*plan.new, *(each.row for each in plan.changed)))
        if any(is_for_a_label(row.family, row.source_code) for row in plan.new) and too_many_labels(connection):
            raise CannotImport(TOO_MANY_LABEL_ROWS)
        TableUpload.objects.filter(connection_id=connection.pk, who=who).delete()
        message = f"From a file: codes added {len(plan.new):,}, changed {len(plan.changed):,}."
        tell_of(connection, "mapping.imported", message, who, new=len(plan.new), changed=len(plan.changed))
    return plan


def _plan(upload: TableUpload) -> Plan:
    contents = read(upload.text, upload.family)
    stored = _stored(upload, {row.family for row in contents.rows})
    new, changed, same = [], [], 0
    for row in contents.rows:
        before = stored.get((row.family, row.source_code))
        if before is None:
            new.append(row)
        elif before == (row.accounting_code, before[1] if row.note is None else row.note):
            same += 1
        else:
            changed.append(Changed(_with_note(row, before[1]), before[0]))
    digest = hashlib.sha256(upload.text.encode()).hexdigest()
    stamp = f"{digest}-{len(new)}-{len(changed)}-{same}"
    return Plan(new=tuple(new), changed=tuple(changed), same=same, bad=contents.bad, stamp=stamp)


def _stored(upload: TableUpload, families: Iterable[str]) -> Mapping[Key, tuple[str, str]]:
    rows = MappedCode.objects.filter(connection_id=upload.connection_id, family__in=sorted(families)).order_by()
    columns = rows.values_list("family", "source_code", "accounting_code", "note")
    return {(family, code): (sent, note) for family, code, sent, note in columns}


def _with_note(row: Row, before: str) -> Row:
    note = before if row.note is None else row.note
    return Row(row.family, row.source_code, row.accounting_code, note)
