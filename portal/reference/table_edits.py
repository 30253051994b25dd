"""Change rows of a connection's table as people edit them on a page: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.transaction import atomic

from portal.connections.models import Connection
from portal.reference.models import MappedCode
from portal.reference.rules import (
    DIMENSION,
    FAMILIES,
    LONGEST_CODE,
    DimensionRule,
    How,
    Missing,
    Rules,
    dimension_family,
    from_json,
)
from portal.reference.services import lock, save_rules, tell_of
from portal.reference.sold import MOST_LABEL_ROWS, TOO_MANY_LABEL_ROWS, is_for_a_label
from portal.reference.table_files import Row
from portal.reference.tables import label_rows

BATCH: Final = 1_000
MOST_TOLD: Final = 100
NO_SOURCE: Final = "Give the code as the source writes it."
TOO_LONG: Final = f"At most {LONGEST_CODE} characters."
NO_TEXT: Final = "A code cannot hold this character."
TWICE: Final = "This code stands above already."
THERE_ALREADY: Final = "The table has it already, as {sent}. Change it there."
MOVED: Final = "Somebody has changed it to {sent} meanwhile. Look at it, then save again."
GONE: Final = "Somebody has taken it away meanwhile. Save again to add it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One row as somebody wants it. `was` is what it sent when it was shown, empty for a new one; an empty `sent`
    takes it away. `note` None leaves the note as it is."""

    source_code: str
    sent: str
    was: str = ""
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """How many rows were added, changed and taken away."""

    added: int = 0
    changed: int = 0
    removed: int = 0


class CannotSave(Exception):
    """Nothing was written. `problems` says why, by the place of each edit."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = dict(problems)


def save_codes(connection: Connection, family: str, edits: Sequence[Edit], *, who: str) -> Saved:
    """Write the edits of one family, in one transaction. What is as it was is not written, and not told.

    Raises `CannotSave` for codes that make no sense, and for rows that somebody else has changed since.
    """
    if wrong := _wrong(edits):
        raise CannotSave(wrong)
    with atomic():
        lock(connection)
        rows = MappedCode.objects.filter(connection_id=connection.pk, family=family)
        codes = [edit.source_code for edit in edits]
        stored = {one.source_code: one for one in rows.filter(source_code__in=codes)}
        if wrong := _overtaken(edits, stored):
            raise CannotSave(wrong)
        removed = [one for one in edits if not one.sent and one.source_code in stored]
        wanted = [one for one in edits if one.sent and _differs(one, stored.get(one.source_code))]
        rows.filter(source_code__in=[one.source_code for one in removed]).delete()
        write(connection, [_row(family, one, stored.get(one.source_code)) for one in wanted])
        labels = {place: TOO_MANY_LABEL_ROWS for place, one in enumerate(edits) if _adds_a_label(family, one)}
        if labels and too_many_labels(connection):
            raise CannotSave(labels)
        added = sum(one.source_code not in stored for one in wanted)
        saved = Saved(added=added, changed=len(wanted) - added, removed=len(removed))
        if wanted or removed:
            _tell(connection, family, [*wanted, *removed], stored, saved, who)
    return saved


def too_many_labels(connection: Connection, more: int = 0) -> bool:
    """Whether the tables of a connection have, or with so many more would have, too many rows for a part of a label."""
    return label_rows(connection.pk).count() + more > MOST_LABEL_ROWS


def look_up(connection: Connection, family: str, *, who: str, rest_as_it_is: bool = False) -> bool:
    """From now on the codes of a family are looked up in its table; False where they are already. What is not listed
    is sent as it is, or becomes what the rule says, which is refused unless somebody has chosen otherwise.

    Raises `Misconfigured` where the stored rules cannot be read.
    """
    rules = from_json(connection.mapping)
    return save_rules(connection, _with_table(rules, family, rest_as_it_is=rest_as_it_is), who=who)


def write(connection: Connection, rows: Iterable[Row]) -> None:
    """Add rows, or put them in the place of those for the same codes."""
    MappedCode.objects.bulk_create(
        (
            MappedCode(
                connection_id=connection.pk,
                family=row.family,
                source_code=row.source_code,
                accounting_code=row.accounting_code,
                note=row.note or "",
            )
            for row in rows
        ),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["connection", "family", "source_code"],
        update_fields=["accounting_code", "note"],
    )


def _wrong(edits: Sequence[Edit]) -> dict[int, str]:
    found: dict[int, str] = {}
    seen: set[str] = set()
    for place, edit in enumerate(edits):
        texts = (edit.source_code, edit.sent, edit.note or "")
        if not edit.source_code:
            found[place] = NO_SOURCE
        elif any(len(text) > LONGEST_CODE for text in texts[:2]):
            found[place] = TOO_LONG
        elif any("\0" in text for text in texts):
            found[place] = NO_TEXT
        elif edit.source_code in seen:
            found[place] = TWICE
        seen.add(edit.source_code)
    return found


def _overtaken(edits: Sequence[Edit], stored: Mapping[str, MappedCode]) -> dict[int, str]:
    found: dict[int, str] = {}
    for place, edit in enumerate(edits):
        row = stored.get(edit.source_code)
        if row is None and edit.was and edit.sent:
            found[place] = GONE
        elif row is not None and row.accounting_code not in (edit.was, edit.sent):
            found[place] = (MOVED if edit.was else THERE_ALREADY).format(sent=row.accounting_code)
    return found


def _adds_a_label(family: str, edit: Edit) -> bool:
    return bool(edit.sent) and is_for_a_label(family, edit.source_code)


def _differs(edit: Edit, row: MappedCode | None) -> bool:
    if row is None:
        return True
    return row.accounting_code != edit.sent or (edit.note is not None and row.note != edit.note)


def _row(family: str, edit: Edit, row: MappedCode | None) -> Row:
    note = edit.note if edit.note is not None else row.note if row else ""
    return Row(family, edit.source_code, edit.sent, note)


def _with_table(rules: Rules, family: str, *, rest_as_it_is: bool) -> Rules:
    changed: dict[str, Any] = {"how": How.TABLE, **({"unknown": Missing.AS_IS} if rest_as_it_is else {})}
    if family in FAMILIES:
        return replace(rules, **{family: replace(rules.of(family), **changed)})  # type: ignore[arg-type]
    name = family.removeprefix(DIMENSION)
    known = rules.dimension(name)
    if known is None:
        return replace(rules, dimensions=(*rules.dimensions, DimensionRule(name=name, **changed)))
    others = (one for one in rules.dimensions if dimension_family(one.name) != dimension_family(known.name))
    return replace(rules, dimensions=(*others, replace(known, **changed)))


def _tell(
    connection: Connection,
    family: str,
    edits: Sequence[Edit],
    stored: Mapping[str, MappedCode],
    saved: Saved,
    who: str,
) -> None:
    codes = [
        {"code": one.source_code, "before": _before(stored.get(one.source_code)), "after": one.sent}
        for one in edits[:MOST_TOLD]
    ]
    message = f"Codes added {saved.added:,}, changed {saved.changed:,}, taken away {saved.removed:,}."
    tell_of(connection, "mapping.codes_changed", message, who, family=family, codes=codes)


def _before(row: MappedCode | None) -> str:
    return row.accounting_code if row else ""
