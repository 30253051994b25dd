"""What is asked for of the mirrored rows: a kind, a search, a dimension, only what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import QuerySet
from django.http import QueryDict

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.desk.access import Place
from portal.reference.sync import overview
from portal.reference.sync.models import KIND_CHOICES, Record

ORDER: Final = ("dimension", "code", "id")
LONGEST_SEARCH: Final = 200
MOST_DIMENSIONS: Final = 200


@dataclass(frozen=True, kw_only=True)
class Mirrored:
    """One list of mirrored rows as the address asks for it."""

    connection: Connection | None
    kind: str
    search: str
    dimension: str
    only_refused: bool

    @classmethod
    def read(cls, place: Place, kind: str, query: QueryDict) -> Mirrored:
        """From `?q=`, `?dimension=` and `?refused=yes`."""
        return cls(
            connection=place.accounting(),
            kind=kind,
            search=query.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH],
            dimension=query.get("dimension", "").replace("\0", "")[:LONGEST_SEARCH],
            only_refused=query.get("refused") == "yes",
        )

    @property
    def label(self) -> str:
        """What the rows are."""
        return str(dict(KIND_CHOICES)[self.kind])

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.search or self.dimension or self.only_refused)

    @cached_property
    def dimensions(self) -> list[str]:
        """The dimensions to choose from; none for other kinds."""
        if self.kind != RecordKind.DIMENSION:
            return []
        return list(self.all().order_by("dimension").values_list("dimension", flat=True).distinct()[:MOST_DIMENSIONS])

    def all(self) -> QuerySet[Record]:
        """All rows of the kind; none without an accounting system."""
        if self.connection is None:
            return Record.objects.none()
        return Record.objects.filter(connection=self.connection, kind=self.kind)

    def rows(self) -> QuerySet[Record]:
        """The rows that are asked for."""
        if self.connection is None:
            return Record.objects.none()
        found = overview.records(self.connection, RecordKind(self.kind), search=self.search, dimension=self.dimension)
        return found.exclude(refused="") if self.only_refused else found
