"""An accounting system and a source with memories of their own that do what a test tells them to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone

from integrations.base import AccountingSystem, Answer, Expected, Link, Refresh, Source
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Misconfigured, NotEditable, Rejected, RowsRefused
from integrations.metadata import Abilities, Metadata, Offers, Setting
from integrations.reference import Record, RecordKind, RecordList, Row

ALL = frozenset(RecordKind)
CHUNK = 4


@dataclass
class Shelf:
    """What the accounting system knows of each kind; `at_record` runs before each record is told and may raise."""

    records: dict[RecordKind, list[Record]] = field(default_factory=dict)
    at_record: Callable[[int], None] | None = None
    times_read: int = 0

    def put(self, kind: RecordKind, records: Iterable[Record]) -> None:
        """Know these and no others."""
        self.records[kind] = list(records)


@dataclass(frozen=True)
class Call:
    """One request to the source. `first` is the code of its first row."""

    verb: str
    codes: tuple[str, ...]
    at: datetime


@dataclass
class There:
    """What the source holds, and what it does at its next requests.

    `before` runs when a request arrives, `after` when it was carried out; both may raise. `refuses` are codes with the
    source's words; with `names_rows` off it does not say which row it means. `fields` are its custom fields;
    `kept_by_hand` is how many rows each list has that nobody here knows of.
    """

    lists: dict[tuple[RecordKind, str], dict[str, Row]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[Call], None] | None = None
    after: Callable[[Call], None] | None = None
    refuses: dict[str, str] = field(default_factory=dict)
    names_rows: bool = True
    not_editable: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=lambda: {"Department"})
    kept_by_hand: int = 0

    def said(self) -> list[str]:
        """Every request in short: `first A1 A2`, `more A3`, `put A1`, `remove A2`."""
        return [" ".join((call.verb, *call.codes)) for call in self.calls]

    def codes(self, kind: RecordKind = RecordKind.SUPPLIER, dimension: str = "") -> list[str]:
        """The codes of a list, in order."""
        return [row.code for row in self.lists.get((kind, dimension), {}).values()]

    def rows(self, kind: RecordKind = RecordKind.SUPPLIER, dimension: str = "") -> dict[str, Mapping[str, Any]]:
        """The whole list."""
        return {row.code: row.body for row in self.lists.get((kind, dimension), {}).values()}

    def request(self, verb: str, rows: Sequence[Row], carry_out: Callable[[], None]) -> None:
        """One request from its arrival to its answer."""
        call = Call(verb, tuple(row.code for row in rows), timezone.now())
        self.calls.append(call)
        if self.before:
            self.before(call)
        self._judge(rows)
        carry_out()
        if self.after:
            self.after(call)

    def _judge(self, rows: Sequence[Row]) -> None:
        refused = {place: self.refuses[row.code] for place, row in enumerate(rows) if row.code in self.refuses}
        if refused:
            words = next(iter(refused.values()))
            raise RowsRefused(words, refused=refused if self.names_rows else {})


class FakeSystem(AccountingSystem):
    """The connector to `Shelf`."""

    metadata = Metadata(slug="fakebooks", name="Fake books", summary="For tests.", monogram="FB")
    can: ClassVar[Abilities] = Abilities(kinds=frozenset({Kind.INVOICE}), reads=ALL)
    shelf: ClassVar[Shelf] = Shelf()

    def company(self) -> Company:
        return Company(external_id="fake", name="Fake Ltd", base_currency="GBP")

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        raise Rejected("It only tells.")

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        return ()

    def records(self, kind: RecordKind) -> Iterator[Record]:
        self.shelf.times_read += 1
        self.link.outbound.permit()
        for number, record in enumerate(self.shelf.records.get(kind, ())):
            if self.shelf.at_record:
                self.shelf.at_record(number)
            yield record


class FakeSource(Source):
    """The connector to `There`."""

    metadata = Metadata(
        slug="fakesource", name="Fake source", summary="For tests.", monogram="FS",
        settings=(
            Setting(key="company_id", label="Company"),
            Setting(key="words", label="Words", required=False, is_advanced=True),
        ),
    )  # fmt: skip
    kinds = frozenset({Kind.INVOICE})
    offers: ClassVar[Offers] = Offers(takes=ALL, edits=ALL, rows_at_once=CHUNK)
    token_headers = ("token",)
    answer_template: ClassVar[Mapping[str, Any]] = {"JournalNumber": "{journal}"}
    there: ClassVar[There] = There()

    def __init__(self, link: Link | None = None) -> None:
        super().__init__(link)

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        raise Rejected("It only takes.")

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(200, {})

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {})

    def row(self, record: Record) -> Row:
        if record.code in self.there.untold:
            raise Rejected(f"{record.code} cannot be told.", field="code")
        return Row(record.code, {"Code": record.code, "Name": record.name, **record.details})

    def count(self, target: RecordList) -> int:
        self.link.outbound.permit()
        self._check(target)
        return self.there.kept_by_hand + len(self.there.lists.get((target.kind, target.dimension), {}))

    def refresh(self, target: RecordList) -> Refresh:
        self._check(target)
        return FakeRefresh(self, target)

    def put(self, target: RecordList, row: Row, *, is_new: bool) -> None:
        self._check(target)
        if row.code in self.there.not_editable:
            raise NotEditable(f"{row.code} cannot be addressed.")
        self.send("put", [row], lambda: self._list(target).__setitem__(row.code.casefold(), row))

    def remove(self, target: RecordList, code: str) -> None:
        self._check(target)
        if code in self.there.not_editable:
            raise NotEditable(f"{code} cannot be addressed.")

        def carry_out() -> None:
            self._list(target).pop(code.casefold(), None)

        self.send("remove", [Row(code, {})], carry_out)

    def send(self, verb: str, rows: Sequence[Row], carry_out: Callable[[], None]) -> None:
        """One request on the terms of the caller."""
        outbound = self.link.outbound
        outbound.permit()
        outbound.still_ours()
        try:
            self.there.request(verb, rows, carry_out)
        finally:
            outbound.record(None)  # type: ignore[arg-type]

    def _list(self, target: RecordList) -> dict[str, Row]:
        return self.there.lists.setdefault((target.kind, target.dimension), {})

    def _check(self, target: RecordList) -> None:
        if target.kind is RecordKind.DIMENSION and target.dimension not in self.there.fields:
            raise Misconfigured(f"There is no custom field {target.dimension}.", field="dimension")


class FakeRefresh(Refresh):
    """The first rows wipe the list, later ones are appended."""

    def __init__(self, source: FakeSource, target: RecordList) -> None:
        self.source, self.target, self.has_begun = source, target, False

    def send(self, rows: Sequence[Row]) -> None:
        if not 0 < len(rows) <= CHUNK:
            raise ValueError(f"{len(rows)} rows cannot be sent at once")
        self.source.send("more" if self.has_begun else "first", rows, lambda: self._take(rows))

    def _take(self, rows: Sequence[Row]) -> None:
        key = (self.target.kind, self.target.dimension)
        known = {} if not self.has_begun else self.source.there.lists[key]
        self.source.there.lists[key] = known | {row.code.casefold(): row for row in rows}
        self.has_begun = True
