"""A source with two feeds in memory: what stands in it, what it refuses, and what was asked of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from integrations.base import Answer, Expected
from integrations.documents import Document, Kind, Stage, Supplier
from integrations.errors import Malformed, Misconfigured, Missing, NotDue, Rejected
from integrations.feeds import Call, FedSource, Feed, Field, Head, HeadPage, Pointer, Unreadable, Wanted
from integrations.metadata import Metadata
from tests.factories import a_document, a_line

SLUG = "fedsource"
PAGE = 3
EITHER = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})


@dataclass
class Shelf:
    """The records of the feeds by (feed, id). `before` runs before each call and may raise; `asked` lists the calls."""

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    tells_changes: bool = True

    def put(self, external_id: str, moment: datetime, *, feed: str = "bill", **values: Any) -> None:
        """Make or change a record."""
        row = {"id": external_id, "moment": moment.isoformat(), "status": "done", "net": "100.00", **values}
        self.records[feed, external_id] = row

    def call(self, what: str) -> None:
        self.asked.append(what)
        self.before(what)

    def count(self, what: str) -> int:
        return sum(one.startswith(what) for one in self.asked)


class FakeFed(FedSource):
    """Pages hold three heads; `after` is the moment and id of the last one. A net amount below zero makes a record a
    credit note; an id that begins with its feed's name can be one or the other."""

    metadata = Metadata(slug=SLUG, name="Fed source", summary="For tests.", monogram="FE")
    kinds: ClassVar[frozenset[Kind]] = EITHER
    feeds: ClassVar[tuple[Feed, ...]] = (
        Feed(name="bill", label="Bills", kinds=EITHER),
        Feed(name="slip", label="Slips", kinds=EITHER),
    )
    token_headers: ClassVar[tuple[str, ...]] = ("x-webhook-token",)
    answer_template: ClassVar[Mapping[str, Any]] = {"message": "{journal}"}
    shelf: ClassVar[Shelf] = Shelf()

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        if self.link.settings.get("reads") == "nothing":
            raise Misconfigured("The setting “reads” cannot be used.", field="reads")
        if payload["status"] == "draft":
            raise NotDue("It is a draft.")
        if payload["status"] == "old":
            raise NotDue("It is from before the start.", for_good=True)
        if payload["status"] == "broken":
            raise Malformed("The net amount is missing.", field="net")
        told = Decimal(payload["net"])
        net = abs(told)
        return a_document(
            kind=Kind.CREDIT_NOTE if told < 0 else Kind.INVOICE,
            source=SLUG,
            external_id=str(payload["id"]),
            number=str(payload["id"]),
            party=Supplier(code="CROWN01", name="Crown"),
            lines=(a_line(net=net, tax=net / 5, gross=net * 6 / 5),),
            stage=Stage.DELETED if payload["status"] == "cancelled" else Stage.APPROVED,
        )

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(202, dict(template))

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {"message": message})

    def hinted(self, call: Call) -> Pointer:
        try:
            told = json.loads(call.body or b"{}")
        except ValueError:
            return Pointer()
        feed = str(told.get("feed", "bill"))
        return Pointer(feed=feed, external_id=str(told.get("id", "")), is_gone=call.method == "DELETE")

    def page(self, wanted: Wanted) -> HeadPage:
        self.link.outbound.permit()
        self.shelf.call(f"page {wanted.feed}")
        rows = sorted(self._rows(wanted), key=_place)
        rest = [row for row in rows if not wanted.after or _place(row) > tuple(json.loads(wanted.after))]
        page, more = rest[:PAGE], len(rest) > PAGE
        return HeadPage(
            heads=tuple(_head(wanted.feed, row) for row in page if row["id"]),
            unreadable=tuple(Unreadable(why="It has no id.", row=row) for row in page if not row["id"]),
            after=json.dumps(_place(page[-1])) if more else "",
        )

    def _rows(self, wanted: Wanted) -> Iterator[dict[str, Any]]:
        for (feed, _), row in self.shelf.records.items():
            if feed != wanted.feed:
                continue
            is_open = row["status"] == "draft"
            if is_open if wanted.still_open else datetime.fromisoformat(row["moment"]) >= wanted.since:
                yield row

    def head(self, feed: str, external_id: str) -> Head:
        self.link.outbound.permit()
        self.shelf.call(f"head {feed} {external_id}")
        try:
            return _head(feed, self.shelf.records[feed, external_id])
        except KeyError:
            raise Missing("There is no such record.") from None

    def whole(self, head: Head) -> bytes:
        self.link.outbound.permit()
        self.shelf.call(f"whole {head.feed} {head.external_id}")
        if head.row["status"] == "huge":
            raise Rejected("It has too many lines.", field=head.feed)
        return json.dumps({"feed": head.feed, **head.row}).encode()

    def tells_changes(self, feed: str) -> bool:
        return self.shelf.tells_changes

    def fields(self, feed: str) -> Sequence[Field]:
        return ()


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["moment"], row["id"]


def _head(feed: str, row: Mapping[str, Any]) -> Head:
    stable = json.dumps({name: value for name, value in row.items() if name != "moment"}, sort_keys=True)
    return Head(
        feed=feed,
        external_id=row["id"],
        content_hash=hashlib.sha256(stable.encode()).hexdigest(),
        moment=datetime.fromisoformat(row["moment"]),
        row=row,
    )
