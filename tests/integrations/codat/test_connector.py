"""Codat passes the cases of every accounting system, against its stand-in and over scripts, on both interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat.connector import Codat as Connector
from integrations.documents import Document, Kind
from integrations.http import Outbound
from tests.contract import BehaviourCases, Refusal, Step
from tests.integrations.codat.conversation import (
    MARK,
    THERE,
    XERO,
    CodatConversations,
    looked_up,
    part,
    refusals,
    row,
)
from tests.integrations.codat.rig import Codat, Linked
from tests.samples import PAPER, sample

BILLS = f"{THERE}/payables/bills"
SINCE = "sourceModifiedDate%3E2024-03-14T10%3A22%3A41.000Z"
FIRST = f"Training room, full day [{MARK}]"
ROOM = {
    "description": FIRST, "unitAmount": Decimal("50.00"), "quantity": Decimal(2), "totalAmount": Decimal("120.00"),
    "accountRef": {"id": "account-5010"}, "taxRateRef": {"id": "tax-T1"},
}  # fmt: skip
MANUALS = {
    "description": "Printed course manuals", "unitAmount": Decimal("50.50"), "quantity": Decimal(1),
    "totalAmount": Decimal("50.50"), "accountRef": {"id": "account-7504"}, "taxRateRef": {"id": "tax-T0"},
}  # fmt: skip
TOOL = {
    "description": f"Authoring tool, annual licence [{MARK}]", "unitAmount": Decimal("120.50"), "quantity": Decimal(1),
    "totalAmount": Decimal("120.50"), "accountRef": {"id": "account-7506"}, "taxRateRef": {"id": "tax-T0"},
}  # fmt: skip
HEAD = {
    "reference": "SI-48213", "supplierRef": {"id": "CROWN01"}, "issueDate": "2024-03-14T00:00:00",
    "dueDate": "2024-04-13T00:00:00", "status": "Open",
}  # fmt: skip
POUNDS = {**HEAD, "currency": "GBP", "currencyRate": Decimal(1), "lineItems": [ROOM, MANUALS]}
DOLLARS = {**HEAD, "currency": "USD", "currencyRate": Decimal("0.832614108"), "lineItems": [TOOL]}


class Intacct(Connector):
    """As the stand-in has Sage Intacct: without purchase orders, and with nothing that is sold."""

    can = replace(Connector.can, kinds=frozenset({Kind.INVOICE, Kind.CREDIT_NOTE}), tells_settlements=False)


class BillPay(Connector):
    """The synchronous half alone: nothing awaits anything."""

    can = replace(Connector.can, kinds=frozenset({Kind.INVOICE}), awaits=False, tells_settlements=False)


@pytest.fixture
def system(request: pytest.FixtureRequest, codat: Codat, linked: Linked) -> Connector:
    """Codat reads the books all the time here: what its caches hide has tests of its own."""
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    connector: type[Connector] = request.cls.connector
    return connector(codat.link(linked, outbound=outbound))


class TestBehaviour(BehaviourCases):
    """Codat's own sandbox: everything is pushed."""

    connector = Connector


class TestBehaviourOfBillPay(BehaviourCases):
    """Sage Intacct: invoices are synchronous, credit notes are pushed, and there are no purchase orders."""

    connector = Intacct

    @pytest.fixture
    def platform(self) -> str:
        return "knfz"


class TestAsynchronous(CodatConversations):
    """Every kind is pushed."""

    __test__ = True


class TestSynchronous(CodatConversations):
    """Invoices into Xero are written, and answered at once with the bill."""

    __test__ = True
    connector = BillPay
    told = XERO
    boundary = "postroom-a8fc25e8694659eb894ca94a670deecc"

    def posting(self, document: Document) -> Sequence[Step]:
        body = DOLLARS if document.currency == "USD" else POUNDS
        write = Step(method="POST", path=BILLS, body=body, answer=bill(document), status=201, writes=True)
        return [*looked_up(document), write]

    def polling(self, document: Document) -> Sequence[Step]:
        return ()

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        steps, number = [], 0
        for place, size in enumerate(pages):
            rows = [bill(sample(), str(number + one)) for one in range(1, size + 1)]
            token = {} if place + 1 == len(pages) else {"continuationToken": f"t{place + 1}"}
            before = f"&continuationToken=t{place}" if place else ""
            answer = {"results": rows, "pagination": token}
            steps.append(Step(method="GET", path=f"{BILLS}?query={SINCE}{before}", answer=answer))
            number += size
        return steps

    def papers_path(self) -> str:
        return f"{BILLS}/17/attachments"

    def attaching(self) -> Sequence[Step]:
        body = part(PAPER.name, PAPER.content_type, PAPER.content, self.boundary)
        told = {"id": "1", "name": PAPER.name}
        return [*self.papers(0), Step(method="POST", path=self.papers_path(), body=body, answer=told, writes=True)]

    def without_id(self) -> object:
        return {name: value for name, value in bill(sample()).items() if name != "id"}

    def refusals(self) -> Sequence[Refusal]:
        return [one for one in refusals() if one.status != 200]


def bill(document: Document, number: str = "17") -> dict[str, Any]:
    """A bill as Bill Pay tells it: without note, net and tax."""
    told = row(document, number)
    lines = [
        {"description": FIRST, "taxAmount": document.tax, "totalAmount": document.gross},
        {"description": "Rounding", "taxAmount": Decimal(0), "totalAmount": Decimal(0)},
    ]
    hidden = {"note", "subTotal", "taxAmount", "metadata"}
    return {**{name: value for name, value in told.items() if name not in hidden}, "lineItems": lines}
