"""The connector and the stand-in, over real HTTP: each was made from the same facts, and neither from the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from integrations.accessplanit.connector import AccessPlanit
from integrations.amendments import Amendment
from integrations.documents import Document, Kind, Stage
from integrations.errors import Misconfigured, Missing, NotDue, OutcomeUnknown, Retryable, Unauthorised
from integrations.exact import from_json
from integrations.feeds import Wanted
from tests.integrations.accessplanit.records import EXPECTED
from tests.integrations.accessplanit.scene import Receiver, StandIn, heads
from tests.samples import KEY, OTHER_KEY

SINCE = datetime(2025, 5, 1, tzinfo=UTC)
INVOICES = Wanted(feed="invoice", since=SINCE)
ODDITIES: list[dict[str, Any]] = [
    {},
    {"lower_case_names": True},
    {"numbers_as_text": True},
    {"odd_empties": False},
    {"has_updated": False},
    {"most_rows": 2},
    {"refuse_two_orders": True},
    {"refuse_two_orders": True, "most_rows": 2, "lower_case_names": True, "numbers_as_text": True},
]


def documents(source: AccessPlanit, wanted: Wanted) -> list[Document]:
    """All documents of a feed, each once; what is not due is left out."""
    found: list[Document] = []
    for head in {one.content_hash: one for one in heads(source, wanted)}.values():
        body = from_json(source.whole(head).decode())
        try:
            found.append(source.parse(body, EXPECTED))
        except NotDue:
            continue
    return found


def summary(found: list[Document]) -> list[tuple[str, str, str, str, Stage]]:
    return [(one.kind.value, one.number, str(one.net), str(one.gross), one.stage) for one in found]


@pytest.mark.parametrize("oddities", ODDITIES, ids=str)
def test_everything_is_read_whatever_the_platform_is_like(standin: StandIn, oddities: dict[str, Any]) -> None:
    standin.faults(**oddities)
    for settings in ({"page_size": "2"}, {"page_size": "100"}):
        source = standin.connector(**settings)
        assert summary(documents(source, INVOICES)) == [
            ("sales_invoice", "INV-10001", "485.00", "582.00", Stage.APPROVED),
            ("sales_invoice", "INV-10002", "115.00", "138.00", Stage.APPROVED),
            ("sales_invoice", "INV-10003", "215.00", "253.00", Stage.APPROVED),
            ("sales_invoice", "INV-10005", "300.00", "360.00", Stage.APPROVED),
            ("sales_invoice", "INV-10006", "80.00", "96.00", Stage.DELETED),
        ]
        paid = documents(source, Wanted(feed="transaction", since=SINCE))
        assert [(one.kind, one.gross, one.lines[0].item_code, one.party.name) for one in paid] == [
            (Kind.PAYMENT, 138, "Stripe", "Harbour View School"),
            (Kind.PAYMENT, 100, "BACS", "Kestrel Logistics plc"),
        ]
        (note,) = documents(source, Wanted(feed="credit_note", since=SINCE))
        assert (note.kind, note.number, note.net, note.tax) == (Kind.SALES_CREDIT_NOTE, "CN-1", 100, 20)


def test_lines_and_their_rates(standin: StandIn) -> None:
    found = documents(standin.connector(), INVOICES)[2]
    assert [(line.item_code, line.net, line.tax_code) for line in found.lines] == [
        ("UserCourseDate/88140", 95, "20"),
        ("UserCourseDate/88141", 95, "20"),
        ("Product/12", 25, "0"),
    ]


def test_a_payment_knows_its_invoice(standin: StandIn) -> None:
    invoices = {one.number: one.external_id for one in documents(standin.connector(), INVOICES)}
    (first, *_) = documents(standin.connector(), Wanted(feed="transaction", since=SINCE))
    (allocation,) = first.allocations
    assert (allocation.external_id, allocation.number) == (invoices["INV-10002"], "INV-10002")
    standin.put(hidden=["TransactionInvoice"])
    (again, *_) = documents(standin.connector(), Wanted(feed="transaction", since=SINCE))
    assert again == first


def test_many_of_one_moment_on_small_pages(standin: StandIn) -> None:
    rows = [{"Reference": str(n), "DateCreated": "2025-05-20T00:00:00", "Status": "Outstanding"} for n in range(45)]
    standin.control("POST", "platforms/northgate/records/Invoice", {"results": rows})
    for two_orders in (True, False):
        standin.faults(refuse_two_orders=not two_orders)
        found = heads(
            standin.connector(page_size="10"), Wanted(feed="invoice", since=datetime(2025, 5, 19, tzinfo=UTC))
        )
        assert len({one.external_id for one in found}) == 45


def test_what_is_open_and_what_was_cancelled_is_told_however_old(standin: StandIn) -> None:
    wanted = Wanted(feed="invoice", since=datetime(2030, 1, 1, tzinfo=UTC), still_open=True)
    assert [one.row["Reference"] for one in heads(standin.connector(page_size="1"), wanted)] == [
        "INV-10001",
        "INV-10003",
        "INV-10005",
        "INV-10006",
    ]


def test_in_the_order_of_changes_a_change_is_seen(standin: StandIn) -> None:
    source = standin.connector()
    source = AccessPlanit(replace(source.link, told=source.survey()))
    assert source.tells_changes("invoice")
    last = heads(source, INVOICES)[-1]
    invoice = standin.records("Invoice")[0]
    standin.act(invoice, "change", PONumber="PO-NEW")
    found = heads(source, Wanted(feed="invoice", since=last.moment))
    assert found[-1].external_id == f"invoice-{invoice['ID']}"
    assert found[-1].row["PONumber"] == "PO-NEW"


def test_a_head_has_a_new_hash_when_something_changed(standin: StandIn) -> None:
    source, invoice = standin.connector(), standin.records("Invoice")[0]
    before = source.head("invoice", f"invoice-{invoice['ID']}")
    assert source.head("invoice", invoice["ID"]) == before
    standin.act(invoice, "change", DateDue="2025-08-01T00:00:00")
    assert source.head("invoice", invoice["ID"]).content_hash != before.content_hash


def test_a_survey_tells_the_hidden_and_what_can_be_written(standin: StandIn) -> None:
    standin.put(hidden=["CreditNote"])
    told = standin.connector().survey()
    assert list(AccessPlanit.hidden(told)) == ["credit_note"]
    assert told["feeds"]["invoice"]["changes"] == "DateUpdated"
    assert AccessPlanit.can_for({}, told).kinds == {Kind.PAYMENT, Kind.REFUND}
    standin.put(hidden=["CreditNote", "InvoiceItem"])
    without_items = AccessPlanit.hidden(standin.connector().survey())
    assert list(without_items) == ["invoice", "credit_note"]
    assert "may not use InvoiceItem" in without_items["invoice"]
    with pytest.raises(Misconfigured) as caught:
        standin.connector().page(Wanted(feed="credit_note", since=SINCE))
    assert caught.value.field == "credit_note"
    standin.faults(has_updated=False, has_help=False)
    told = standin.connector().survey()
    assert told["feeds"]["invoice"]["changes"] == ""
    assert "Amount" in told["feeds"]["invoice"]["fields"]
    assert AccessPlanit.can_for({}, told).kinds == frozenset()


@pytest.mark.parametrize("shape", ["id_module", "wrapped", "results", "form"])
def test_each_webhook_leads_to_its_record(standin: StandIn, receiver: Receiver, shape: str) -> None:
    standin.faults(hook_shape=shape)
    invoice = standin.raise_invoice()
    paid = standin.act(invoice, "pay", amount="120.00")
    source = standin.connector()
    pointers = [source.hinted(call) for call in receiver.calls()]
    assert [(one.feed, one.external_id) for one in pointers] == [
        ("invoice", f"invoice-{invoice['ID']}"),
        ("transaction", f"transaction-{paid['ID']}"),
        ("invoice", f"invoice-{invoice['ID']}"),
    ]
    assert source.head(pointers[1].feed, pointers[1].external_id).row["TransactionMethod"] == "BACS"
    standin.api("DELETE", f"/api/v2/Transaction/{paid['ID']}")
    gone = source.hinted(receiver.calls()[3])
    assert gone.is_gone
    with pytest.raises(Missing):
        source.head(gone.feed, gone.external_id)


def test_an_empty_webhook_names_its_feed_at_least(standin: StandIn, receiver: Receiver) -> None:
    standin.faults(hook_shape="empty")
    standin.raise_invoice()
    (call,) = receiver.calls()
    assert standin.connector().hinted(call).feed == "invoice"


def test_a_token_ends_and_is_renewed(standin: StandIn) -> None:
    source = standin.connector(auth="password")
    assert source.company().name.endswith("/accessplanit/northgate/accessplansandbox")
    standin.clock.now += 4000
    assert len(heads(source, INVOICES)) == 6
    standin.put(password="another")
    with pytest.raises(Unauthorised):
        standin.connector(auth="password", username="nobody").company()


def test_a_limit_and_an_error_are_delays(standin: StandIn) -> None:
    standin.faults(api_errors=1)
    with pytest.raises(Retryable):
        standin.connector().company()
    standin.faults(missing_results=1)
    with pytest.raises(Retryable):
        standin.connector().company()
    standin.faults(limit_per_hour=1)
    with pytest.raises(Retryable) as caught:
        standin.connector().company()
    assert caught.value.free
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 3000


def test_a_filter_that_is_not_heeded_does_not_read_for_ever(standin: StandIn) -> None:
    standin.faults(ignore_filter=True)
    with pytest.raises(Misconfigured):
        heads(standin.connector(), Wanted(feed="invoice", since=datetime(2025, 6, 1, tzinfo=UTC)))


def test_dates_without_quotes(standin: StandIn) -> None:
    standin.faults(bare_dates=True)
    with pytest.raises(Misconfigured):
        standin.connector().page(INVOICES)
    assert len(heads(standin.connector(quote_dates="no"), INVOICES)) == 6


# --- back to accessplanit --------------------------------------------------------------------------------------------


def payment(standin: StandIn, kind: Kind = Kind.PAYMENT) -> Document:
    """A payment of the books: the rest of the first invoice."""
    found = documents(standin.connector(), Wanted(feed="transaction", since=SINCE))[0]
    invoice = documents(standin.connector(), INVOICES)[0]
    allocation = replace(found.allocations[0], external_id=invoice.external_id, amount=Decimal("582.00"))
    line = replace(found.lines[0], net=Decimal("582.00"), gross=Decimal("582.00"), item_code="BACS")
    return replace(
        found,
        kind=kind,
        net=line.net,
        gross=line.gross,
        lines=(line,),
        allocations=(allocation,),
        date=date(2025, 5, 30),
    )


def test_a_payment_is_entered_found_and_not_taken_for_a_new_one(standin: StandIn) -> None:
    source = standin.connector(write_payments="yes")
    posted = source.post(payment(standin), key=KEY, reference="P-000017")
    assert standin.records("Invoice")[0]["Status"] == "Completed"
    (found,) = source.find(payment(standin), key=KEY)
    assert found.external_id == posted.external_id
    assert source.find(payment(standin), key=OTHER_KEY) == ()
    head = source.head("transaction", found.external_id)
    with pytest.raises(NotDue, match="by Postroom"):
        source.parse(from_json(source.whole(head).decode()), EXPECTED)
    source.post(payment(standin, Kind.REFUND), key=OTHER_KEY, reference="P-000018")
    assert standin.records("Invoice")[0]["Status"] == "Outstanding"


@pytest.mark.parametrize("fault", ["500_after_commit", "no_id", "html_200", "reset_after_commit"])
def test_a_lost_answer_is_looked_up(standin: StandIn, fault: str) -> None:
    document = payment(standin)
    requests.put(f"{standin.root}/faults", json={"spec": fault}, timeout=20)
    source = standin.connector(write_payments="yes")
    with pytest.raises(OutcomeUnknown):
        source.post(document, key=KEY, reference="P-000017")
    (found,) = source.find(document, key=KEY)
    assert found.external_id == f"transaction-{standin.records('Transaction')[-1]['ID']}"


def test_an_invoice_is_changed(standin: StandIn) -> None:
    source = standin.connector(posted_number_field="CF_Journal_number")
    id_ = standin.records("Invoice")[0]["ID"]
    changes = Amendment(order_number="PO-NEW", due_date=date(2025, 7, 1), posted_number="SI-5")
    source.amend(f"invoice-{id_}", changes)
    source.amend(f"invoice-{id_}", changes)
    told = standin.records("Invoice")[0]
    assert [told[name] for name in ("PONumber", "DateDue", "CF_Journal_number")] == [
        "PO-NEW",
        "2025-07-01T00:00:00",
        "SI-5",
    ]


def test_an_invoice_that_became_a_credit_note_keeps_its_id(standin: StandIn) -> None:
    invoice = standin.raise_invoice({"label": "Refunded place", "amount": "-120.00"})
    source = standin.connector()
    found = source.parse(from_json(source.whole(source.head("invoice", invoice["ID"])).decode()), EXPECTED)
    assert (found.kind, found.gross, found.external_id) == (Kind.SALES_CREDIT_NOTE, 120, f"invoice-{invoice['ID']}")
    assert source.other_kinds(found) == {Kind.SALES_INVOICE}
    note = documents(source, Wanted(feed="credit_note", since=SINCE))[0]
    assert source.other_kinds(note) == frozenset()
