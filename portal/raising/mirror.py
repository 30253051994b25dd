"""What the accounting system knows by the codes of some transactions: the mirrored reference data, in a few queries.

However many transactions there are, each kind of code is asked for once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import QuerySet

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.raising.wanted import Wanted
from portal.reference.models import Record

# Below what SQLite takes as parameters of one statement; a file stays below it.
AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """One record, as far as a transaction is checked against it."""

    code: str
    name: str
    is_active: bool
    details: Mapping[str, str]
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Mirror:
    """The records that some transactions name. Codes and names are found in any letter case.

    `mirrored` holds the kinds of which there is any record at all: only of these it can be said that a code is unknown.
    """

    by_code: Mapping[RecordKind, Mapping[str, Known]] = field(default_factory=dict)
    suppliers_by_name: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    dimensions: Mapping[str, Mapping[str, Known]] = field(default_factory=dict)
    mirrored: frozenset[RecordKind] = frozenset()

    def find(self, kind: RecordKind, code: str) -> Known | None:
        """The record with this code; an active one where several have it."""
        return self.by_code.get(kind, {}).get(code.casefold())

    def suppliers_called(self, name: str) -> Sequence[Known]:
        """The active suppliers of this name, else the inactive ones."""
        found = self.suppliers_by_name.get(name.casefold(), ())
        return [one for one in found if one.is_active] or found


def load(connection: Connection | None, wanted: Sequence[Wanted]) -> Mirror:
    """What the accounting connection mirrors of the codes in `wanted`; nothing without a connection."""
    if connection is None:
        return Mirror()
    records = Record.objects.filter(connection_id=connection.pk)
    codes = _codes(wanted)
    by_code = {kind: _by_code(records.filter(kind=kind, dimension=""), found) for kind, found in codes.items()}
    names = {one.supplier_name for one in wanted if one.supplier_name and not one.supplier_code}
    return Mirror(
        by_code=by_code,
        suppliers_by_name=_by_name(records.filter(kind=RecordKind.SUPPLIER), names),
        dimensions=_dimensions(records.filter(kind=RecordKind.DIMENSION), wanted),
        mirrored=frozenset(kind for kind in RecordKind if by_code.get(kind) or records.filter(kind=kind).exists()),
    )


def _codes(wanted: Sequence[Wanted]) -> dict[RecordKind, set[str]]:
    lines = [line for one in wanted for line in one.lines]
    named = {
        RecordKind.SUPPLIER: (one.supplier_code for one in wanted),
        RecordKind.CURRENCY: (one.currency for one in wanted),
        RecordKind.DELIVERY_SITE: (one.delivery_site for one in wanted),
        RecordKind.ACCOUNT: (line.account_code for line in lines),
        RecordKind.TAX: (line.tax_code for line in lines),
    }
    return {kind: {code for code in codes if code} for kind, codes in named.items()}


def _by_code(records: QuerySet[Record], codes: Collection[str]) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for one in _read(records, "code", codes):
        if one.is_active or one.code.casefold() not in found:
            found[one.code.casefold()] = one
    return found


def _by_name(records: QuerySet[Record], names: Collection[str]) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for one in _read(records, "name", names):
        found.setdefault(one.name.casefold(), []).append(one)
    return found


def _read(records: QuerySet[Record], column: str, texts: Collection[str]) -> Iterable[Known]:
    spellings = sorted({spelling for text in texts for spelling in (text, text.upper(), text.lower())})
    for start in range(0, len(spellings), AT_ONCE):
        rows = records.filter(**{f"{column}__in": spellings[start : start + AT_ONCE]}).order_by("pk")
        for code, name, is_active, details, refused in rows.values_list(*_COLUMNS):
            yield Known(code, name, is_active, details, bool(refused))


_COLUMNS: Final = ("code", "name", "is_active", "details", "refused")


def _dimensions(records: QuerySet[Record], wanted: Sequence[Wanted]) -> dict[str, dict[str, Known]]:
    """The values that are named, by dimension and code; every dimension that is mirrored is there, if only empty."""
    given = [dimensions for one in wanted for dimensions in (one.dimensions, *(line.dimensions for line in one.lines))]
    named = [each for dimensions in given for each in dimensions]
    if not named:
        return {}
    names = records.order_by().values_list("dimension", flat=True).distinct()
    found: dict[str, dict[str, Known]] = {name.casefold(): {} for name in names}
    spellings = sorted({spelling for each in named for spelling in (each.code, each.code.upper(), each.code.lower())})
    for start in range(0, len(spellings), AT_ONCE):
        rows = records.filter(code__in=spellings[start : start + AT_ONCE]).order_by("is_active", "pk")
        for dimension, *rest in rows.values_list("dimension", *_COLUMNS):
            known = Known(rest[0], rest[1], rest[2], rest[3], bool(rest[4]))
            found[dimension.casefold()][known.code.casefold()] = known
    return found
