"""A source of sales invoices in memory that takes changes: what stands in it, what it refuses, what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from integrations.amendments import POSTED_NUMBER, TERMS, Amendment
from integrations.base import Answer, Expected
from integrations.documents import Document, Kind, Stage
from integrations.errors import Missing
from integrations.feeds import Call, FedSource, Feed, Field, Head, HeadPage, Pointer, Wanted
from integrations.metadata import Metadata
from tests.ledger.booked import line
from tests.samples import sale

SLUG = "soldthere"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Till:
    """Its invoices by id. `before` runs before each call and may raise; `writes` lists what was amended."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    clock: datetime = START
    number_field: bool = False

    def put(self, external_id: str, **values: Any) -> None:
        """Make or change an invoice, as a person there does."""
        self.clock += timedelta(seconds=1)
        usual = {"id": external_id, "order_number": "PO-1", "due_date": "2026-12-20", "net": "100.00", "status": "out"}
        self.records[external_id] = {**usual, **self.records.get(external_id, {}), **values, "moment": str(self.clock)}


class SoldThere(FedSource):
    """All records on one page."""

    metadata = Metadata(slug=SLUG, name="Sold There", summary="For tests.", monogram="ST")
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SALES_INVOICE})
    feeds: ClassVar[tuple[Feed, ...]] = (
        Feed(name="sale", label="Sales", kinds=frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})),
    )
    token_headers: ClassVar[tuple[str, ...]] = ("x-webhook-token",)
    answer_template: ClassVar[Mapping[str, Any]] = {}
    till: ClassVar[Till] = Till()

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        due, one = payload["due_date"], line(1, "4000", "T0", payload["net"])
        return sale(
            Kind.SALES_INVOICE,
            source=SLUG,
            external_id=payload["id"],
            identity=payload["id"],
            number=payload["id"],
            order_number=payload["order_number"],
            due_date=date.fromisoformat(due) if due else None,
            lines=(one,),
            net=one.net,
            tax=Decimal(0),
            gross=one.gross,
            stage=Stage.DELETED if payload["status"] == "cancelled" else Stage.APPROVED,
        )

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(202, {})

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {"message": message})

    def hinted(self, call: Call) -> Pointer:
        return Pointer(feed="sale", external_id=str(json.loads(call.body)["id"]))

    def page(self, wanted: Wanted) -> HeadPage:
        self._call("page")
        rows = sorted(self.till.records.values(), key=lambda row: row["moment"])
        heads = [_head(row) for row in rows if datetime.fromisoformat(row["moment"]) >= wanted.since]
        return HeadPage(heads=tuple(heads))

    def head(self, feed: str, external_id: str) -> Head:
        self._call("head")
        if external_id not in self.till.records:
            raise Missing("There is no such invoice.")
        return _head(self.till.records[external_id])

    def whole(self, head: Head) -> bytes:
        self._call("whole")
        return json.dumps(dict(head.row)).encode()

    def tells_changes(self, feed: str) -> bool:
        return True

    def fields(self, feed: str) -> Sequence[Field]:
        return ()

    def amendable(self) -> frozenset[str]:
        return frozenset((*TERMS, POSTED_NUMBER) if self.till.number_field else TERMS)

    def amend(self, external_id: str, changes: Amendment) -> None:
        self._call("amend")
        self.link.outbound.still_ours()
        due = changes.due_date.isoformat() if changes.due_date else None
        told = {"order_number": changes.order_number, "due_date": due, "posted_number": changes.posted_number}
        values = {name: value for name, value in told.items() if value is not None}
        self.till.writes.append((external_id, values))
        self.till.put(external_id, **values)
        self.till.after("amend")

    def _call(self, what: str) -> None:
        self.link.outbound.permit()
        self.till.before(what)


def _head(row: Mapping[str, Any]) -> Head:
    stable = json.dumps({name: value for name, value in row.items() if name != "moment"}, sort_keys=True)
    return Head(
        feed="sale",
        external_id=row["id"],
        content_hash=hashlib.sha256(stable.encode()).hexdigest(),
        moment=datetime.fromisoformat(row["moment"]),
        row=dict(row),
    )
