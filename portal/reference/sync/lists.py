"""The lists at the source that a run fills, and which of the accounting system's dimensions goes into which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Q, QuerySet
from django.db.transaction import atomic

from integrations.errors import Misconfigured
from integrations.reference import RecordKind, RecordList
from portal.connections import registry
from portal.connections.models import Connection
from portal.reference.rules import How, Rules, dimension_family, from_json
from portal.reference.sync.models import Record, SourceList, SyncRun

# Moved on when the rows of a source's connector change their shape: every row is made and compared anew.
ROWS_VERSION: Final = 1
SAME_NAME: Final = "{dimension} is not sent: the mapping sends another dimension as {name}."


@dataclass(frozen=True, slots=True)
class Target:
    """One list at the source, and the accounting system's name of the dimension that fills it."""

    list: SourceList
    dimension: str
    connection: Connection

    @property
    def there(self) -> RecordList:
        """The list as the source's connector is told of it."""
        return RecordList(kind=RecordKind(self.list.kind), dimension=self.list.dimension)

    @property
    def records(self) -> QuerySet[Record]:
        """Everything that was read for it."""
        return Record.objects.filter(connection=self.connection, kind=self.list.kind, dimension=self.dimension)

    @property
    def wanted(self) -> QuerySet[Record]:
        """The rows that the source is to be told."""
        return self.records.filter(row_hash__gt="")

    @property
    def sendable(self) -> QuerySet[Record]:
        """Those of them that the source has not refused as they are now."""
        return self.wanted.exclude(refused_hash=F("row_hash"))

    @property
    def to_put(self) -> QuerySet[Record]:
        """Those of them that the source does not have, or has otherwise."""
        return self.sendable.exclude(pushed_hash=F("row_hash"))

    @property
    def held(self) -> QuerySet[Record]:
        """What the source has of ours."""
        return self.records.exclude(pushed_code="")

    @property
    def gone(self) -> QuerySet[Record]:
        """What the source has, and should not: no longer in use, or its code is another record's now."""
        return self.held.filter(GONE)

    def reload(self) -> None:
        """Read the list's row again."""
        self.list.refresh_from_db()


GONE: Final = Q(row_hash="") & (Q(is_active=False) | ~Q(row_key=""))


def targets(run: SyncRun) -> tuple[list[Target], list[str]]:
    """The lists of a run, made where they are new, and a sentence for each dimension that cannot be sent.

    Raises `Misconfigured` for a mapping that cannot be read.
    """
    source, problems = run.source, list[str]()
    if source is None:
        return [], []
    if run.kind != RecordKind.DIMENSION:
        return [_target(run, source, "", "")], []
    rules, found = from_json(run.connection.mapping), dict[str, tuple[str, str]]()
    for dimension in _explicit_first(rules, _dimensions(run)):
        name = name_at_source(rules, dimension)
        if name is None:
            continue
        taken, _ = found.setdefault(dimension_family(name), (dimension, name))
        if taken != dimension:
            problems.append(SAME_NAME.format(dimension=dimension, name=name))
    return [_target(run, source, name, dimension) for dimension, name in found.values()], problems


def name_at_source(rules: Rules, dimension: str) -> str | None:
    """What the source calls one of the accounting system's dimensions: the mapping read backwards, else the same name.

    None for a dimension that the mapping drops.
    """
    family = dimension_family(dimension)
    for rule in rules.dimensions:
        if rule.how is not How.DROP and dimension_family(rule.to or rule.name) == family:
            return rule.name
    own = rules.dimension(dimension)
    return None if own is not None and own.how is How.DROP else dimension


def version_of(source: Connection) -> str:
    """Which rows the hashes of records are of, and whose lists: digests of the connection's settings follow.

    The last one is of those that say where the lists are: with another place nothing is known of what is there.
    """
    connector, stored = registry.source(source.integration), source.settings
    place = [one.key for one in connector.metadata.settings if not one.secret and not one.is_advanced]
    return f"{source.integration} {ROWS_VERSION} {_digest(stored)} {_digest({key: stored.get(key) for key in place})}"


def mistrust(source: Connection) -> None:
    """What the source holds is no longer known (a restored backup): the next run of each kind replaces its lists."""
    SourceList.objects.filter(connection=source).update(replaced_at=None)


def dimensions_kept(run: SyncRun) -> list[str]:
    """The dimensions whose records are kept, in use or not, until their list is whole again."""
    try:
        found, _ = targets(run)
    except Misconfigured:
        return list(_dimensions(run))
    return [target.dimension for target in found if target.list.is_incomplete]


def _dimensions(run: SyncRun) -> Iterable[str]:
    records = Record.objects.filter(connection_id=run.connection_id, kind=run.kind)
    return records.order_by("dimension").values_list("dimension", flat=True).distinct()


def _explicit_first(rules: Rules, dimensions: Iterable[str]) -> list[str]:
    """A dimension whose name a rule gives away comes after the one that the rule gives it to."""
    return sorted(dimensions, key=lambda one: name_at_source(rules, one) == one)


def _target(run: SyncRun, source: Connection, name: str, dimension: str) -> Target:
    """A list whose rows were made by another version has them made anew; one that is elsewhere now is replaced."""
    version = version_of(source)
    found, _ = SourceList.objects.get_or_create(connection=source, kind=run.kind, dimension=name)
    target = Target(found, dimension, run.connection)
    if found.hashed_by != version:
        if found.hashed_by.rpartition(" ")[2] != version.rpartition(" ")[2]:
            found.replaced_at = None
        found.hashed_by = version
        with atomic():
            target.records.filter(is_active=True).update(row_hash=None)
            found.save(update_fields=["hashed_by", "replaced_at"])
    return target


def _digest(values: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]
