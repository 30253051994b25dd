"""Payments that Codat has read of the books: which are told, as what, and with whose key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat.settlements import settled_since
from integrations.documents import Allocation, Kind, Settled
from integrations.errors import Retryable
from tests.integrations.codat.account import COMPANY, ago, client, data_status, refused
from tests.integrations.codat.conversation import ACCOUNTS, MARK, page, reading_of
from tests.samples import KEY
from tests.scripted import Answer, ScriptedServer, json_answer

SINCE = datetime.now(UTC) - timedelta(hours=2)
INVOICE = {"id": "i1", "invoiceNumber": "INV-7"}


def payment(**changes: Any) -> dict[str, Any]:
    """A payment of 100.00 for one invoice, seen a moment ago."""
    link = {"type": "Invoice", "id": "i1", "amount": Decimal("-100.00")}
    return {
        "id": "p1", "reference": "DD 4", "customerRef": {"id": "c9", "companyName": "Harbour Logistics Ltd"},
        "accountRef": {"id": "account-1200"}, "totalAmount": Decimal("100.00"), "currency": "GBP", "currencyRate": 1,
        "date": "2026-11-02T00:00:00", "note": "Direct debit", "modifiedDate": ago(60), "sourceModifiedDate": ago(90),
        "lines": [{"amount": Decimal("100.00"), "links": [link]}], "metadata": {"isDeleted": False}, **changes,
    }  # fmt: skip


def told(*rows: dict[str, Any], then: tuple[Answer, ...] = ()) -> list[Settled]:
    """What is told of these rows; `then` is what comes after the page."""
    with ScriptedServer(reading_of("payments").play(), json_answer(page(rows)), *then) as server:
        found = list(settled_since(client(server), "GBP", SINCE))
    assert (
        server.asked[1].path
        == f"/companies/{COMPANY}/data/payments?pageSize=500&query=modifiedDate%3E%3D{SINCE:%Y-%m-%d}&page=1"
    )
    return found


def known(*more: Answer) -> tuple[Answer, ...]:
    """The chart, and the documents that are settled."""
    return (json_answer(page(ACCOUNTS)), *more)


def test_a_payment_that_somebody_wrote_over_there_is_told_whole() -> None:
    (one,) = told(payment(), then=known(json_answer(INVOICE)))
    document, (line,) = one.document, one.document.lines
    assert (one.key, document.kind, document.source, document.external_id) == ("", Kind.PAYMENT, "codat", "p1")
    assert (document.number, document.party.code, document.party.name) == ("DD 4", "c9", "Harbour Logistics Ltd")
    assert (document.gross, document.tax, document.currency, document.base_gross) == (100, 0, "GBP", 100)
    assert (line.account_code, line.description, line.net) == ("1200", "Direct debit", Decimal("100.00"))
    paid = Allocation(
        kind=Kind.SALES_INVOICE, external_id="i1", amount=Decimal("100.00"), number="INV-7", posted_as="i1"
    )
    assert document.allocations == (paid,)


def test_money_below_zero_is_a_refund_of_what_it_names() -> None:
    link = {"type": "CreditNote", "id": "n1", "amount": Decimal("40.00")}
    row = payment(totalAmount=Decimal("-40.00"), lines=[{"amount": Decimal("-40.00"), "links": [link]}])
    (one,) = told(row, then=known(json_answer({"id": "n1", "creditNoteNumber": "CN-1"})))
    (allocation,) = one.document.allocations
    assert (one.document.kind, one.document.gross) == (Kind.REFUND, Decimal("40.00"))
    assert (allocation.kind, allocation.amount, allocation.number) == (Kind.SALES_CREDIT_NOTE, 40, "CN-1")


@pytest.mark.parametrize(
    ("texts", "key"),
    [
        ({"note": f"{MARK} BACS"}, KEY.value),
        ({"note": None, "reference": MARK}, KEY.value),
        ({"note": MARK.upper()}, KEY.value),
        ({"note": f"Payment against invoice {KEY.value}"}, ""),
        ({"note": None, "reference": KEY.value}, ""),
    ],
)
def test_a_key_counts_only_behind_a_number_of_ours(texts: dict[str, Any], key: str) -> None:
    (one,) = told(payment(**texts), then=known(json_answer(INVOICE)))
    assert one.key == key


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"isDeleted": True}},
        {"totalAmount": Decimal(0)},
        {"id": ""},
        {"modifiedDate": ago(3 * 3600)},
        {"modifiedDate": None},
        {"sourceModifiedDate": ago(8 * 24 * 3600)},
    ],
    ids=["deleted", "no money", "no id", "seen before", "never seen", "of the first reading"],
)
def test_what_is_no_news_of_money_is_left_out(changes: dict[str, Any]) -> None:
    assert told(payment(**changes)) == []


def test_the_moment_is_that_of_codat_however_late_it_read() -> None:
    (one,) = told(payment(sourceModifiedDate=ago(3 * 24 * 3600)), then=known(json_answer(INVOICE)))
    assert SINCE < one.written_at <= datetime.now(UTC)


def test_what_is_settled_twice_is_asked_for_once_and_may_be_unknown() -> None:
    found = told(payment(), payment(id="p2"), then=known(refused(404)))
    assert [one.document.allocations[0].number for one in found] == ["", ""]


def test_a_foreign_payment_is_told_in_both_currencies() -> None:
    (one,) = told(payment(currency="USD", currencyRate=Decimal("0.8326")), then=known(json_answer(INVOICE)))
    assert (one.document.currency, one.document.base_gross) == ("USD", Decimal("83.26"))


def test_payments_that_were_never_read_are_read_first() -> None:
    plays = (data_status("payments"), json_answer({"id": "x", "dataType": "payments", "status": "Queued"}))
    with ScriptedServer(*plays) as server, pytest.raises(Retryable) as caught:
        list(settled_since(client(server), "GBP", SINCE))
    assert caught.value.free
