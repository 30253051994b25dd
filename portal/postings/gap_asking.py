"""Which lists a page or a file of the gaps shall read, as its address says it, and the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from integrations.errors import Retryable
from integrations.reference import RecordList
from portal.connections.models import Connection
from portal.connections.onlookers import one_of
from portal.postings.gap_files import csv_lines, not_read
from portal.postings.gaps import GapReport
from portal.postings.list_gaps import NO_SOURCE, Reading, readable_source, targets_of
from portal.reference.rules import DIMENSION, from_json

ALL_LISTS: Final = "lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What shall be read. `every` are all lists that there are to read; `reading` is None where none is asked for.

    `why_not` says in one sentence why no list can be read.
    """

    PAGE_SECONDS: ClassVar[float] = 20.0
    FILE_SECONDS: ClassVar[float] = 60.0
    # Without a bound: an hour of waiting for the vendor's limits is a list of 150,000 rows at 50 requests a minute.
    LONGEST_WAIT_SECONDS: ClassVar[float] = 3600.0

    every: tuple[RecordList, ...] = ()
    targets: tuple[RecordList, ...] = ()
    reading: Reading | None = None
    why_not: str = ""


def asked_for(connection: Connection, wanted: str, *, within_seconds: float | None = Asked.PAGE_SECONDS) -> Asked:
    """What `wanted` names: `lists` for all, one list as `name_in_query` has it, anything else for none. Without
    `within_seconds` a list is read to its end.

    Raises `Misconfigured` for rules that cannot be read, and `UnknownIntegration`.
    """
    rules = from_json(connection.mapping)
    there = readable_source(connection)
    if there is None:
        return Asked(why_not=NO_SOURCE.format(company=connection.company))
    every = tuple(targets_of(connection, there, rules))
    targets = tuple(one for one in every if wanted in (ALL_LISTS, name_in_query(one)))
    if not targets:
        return Asked(every=every)
    patience = Asked.LONGEST_WAIT_SECONDS if within_seconds is None else within_seconds
    reading = Reading(connection=connection, source=there, within_seconds=within_seconds, patience_seconds=patience)
    return Asked(every=every, targets=targets, reading=reading)


def file_lines(asked: Asked, report: GapReport) -> Iterator[str]:
    """The file of a page: whoever reads lists for one holds a place among those who wait for as long as it is made."""
    if asked.reading is None:
        yield from csv_lines(report, None, ())
        return
    try:
        with one_of(asked.reading.connection.company_id):
            yield from csv_lines(report, asked.reading, asked.targets)
    except Retryable as error:
        yield from csv_lines(report, None, ())
        yield not_read(error.message)


def name_in_query(target: RecordList) -> str:
    """How an address names a list: `account`, or `dimension:Cost Centre`."""
    return DIMENSION + target.dimension if target.dimension else target.kind.value
