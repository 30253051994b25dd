"""What the accounting system of a connection knows by code, as the reference sync read it last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.connections.services import abilities
from portal.reference.sync.models import Record, SyncRun, SyncState

# Each code is asked for in three letter cases; SQLite takes 32,766 parameters of one statement.
CODES_AT_ONCE: Final = 3_000
# A run that came this far has read its list to the end.
READ: Final = (
    SyncState.VALIDATION_QUEUED,
    SyncState.PROCESSING_QUEUED,
    SyncState.PROCESSING,
    SyncState.COMPLETE,
    SyncState.PROCESSING_ERROR,
)


class There(StrEnum):
    """How the accounting system stands to a code. OTHERWISE: it has the code in other letters, large or small."""

    KNOWN = "known"
    OTHERWISE = "otherwise"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"
    NO_DIMENSION = "no_dimension"
    UNREAD = "unread"
    UNTOLD = "untold"


class Sent(NamedTuple):
    """A code as it would be sent. `dimension` is the accounting system's name for one, empty for other kinds."""

    kind: RecordKind
    code: str
    dimension: str = ""


class Mirror:
    """The codes of one connection's accounting system. Lists that were never read, or only begun, prove nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told = abilities(connection).reads

    @cached_property
    def read(self) -> frozenset[RecordKind]:
        """The kinds whose lists were read to the end; one query."""
        rows = SyncRun.objects.filter(connection=self._connection, state__in=READ).order_by()
        return frozenset(RecordKind(kind) for kind in rows.values_list("kind", flat=True).distinct())

    @cached_property
    def dimensions(self) -> dict[str, str]:
        """The accounting system's dimensions, by their names in small letters; one query."""
        rows = Record.objects.filter(connection=self._connection, kind=RecordKind.DIMENSION).order_by()
        return {name.casefold(): name for name in rows.values_list("dimension", flat=True).distinct()}

    def how(self, wanted: Collection[Sent]) -> dict[Sent, There]:
        """How each code stands over there, in a query or two for each 3,000 codes."""
        found = dict[Sent, There]()
        open_ones = list[Sent]()
        for one in wanted:
            if (beforehand := self._beforehand(one)) is None:
                open_ones.append(one)
            else:
                found[one] = beforehand
        for start in range(0, len(open_ones), CODES_AT_ONCE):
            found |= self._looked_up(open_ones[start : start + CODES_AT_ONCE])
        return found

    def _beforehand(self, one: Sent) -> There | None:
        if one.kind not in self._told:
            return There.UNTOLD
        if one.kind not in self.read:
            return There.UNREAD
        if one.dimension and one.dimension.strip().casefold() not in self.dimensions:
            return There.NO_DIMENSION
        return None

    def _looked_up(self, wanted: list[Sent]) -> dict[Sent, There]:
        known = defaultdict[Sent, dict[str, bool]](dict)
        for kind, dimension, code, is_active in self._rows(wanted):
            spelt = known[_folded(Sent(RecordKind(kind), code, dimension))]
            spelt[code] = is_active or spelt.get(code, False)
        return {one: _stands(one.code, known.get(_folded(one), {})) for one in wanted}

    def _rows(self, wanted: Iterable[Sent]) -> Iterator[tuple[str, str, str, bool]]:
        """Plain kinds and dimensions apart, so that the index by code answers both."""
        for is_dimension in (False, True):
            some = [one for one in wanted if bool(one.dimension) is is_dimension]
            if not some:
                continue
            names = {self.dimensions[one.dimension.strip().casefold()] if is_dimension else "" for one in some}
            rows = Record.objects.filter(
                connection=self._connection,
                kind__in=sorted({one.kind.value for one in some}),
                dimension__in=sorted(names),
                code__in=sorted({spelt for one in some for spelt in _spellings(one.code)}),
            )
            yield from rows.order_by().values_list("kind", "dimension", "code", "is_active")


def _spellings(code: str) -> set[str]:
    return {code, code.upper(), code.lower()}


def _folded(one: Sent) -> Sent:
    return Sent(one.kind, one.code.casefold(), one.dimension.strip().casefold())


def _stands(code: str, spelt: dict[str, bool]) -> There:
    if code in spelt:
        return There.KNOWN if spelt[code] else There.INACTIVE
    if any(spelt.values()):
        return There.OTHERWISE
    return There.INACTIVE if spelt else There.UNKNOWN
