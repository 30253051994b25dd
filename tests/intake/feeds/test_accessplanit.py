"""From accessplanit's stand-in over real HTTP into the built-in ledger: what is told is booked, or said to people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from integrations.accessplanit.connector import AccessPlanit
from integrations.feeds import HeadPage, Wanted
from integrations.sandbox import Store
from ledger.models import Entry
from portal.connections.models import Connection
from portal.intake.feeds.models import FedRecord, FeedReader, HintedRecord
from portal.intake.models import Delivery, Verdict
from portal.postings import work
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.rules import How, Missing, Rule, Rules, to_json
from portal.tenants.models import Company
from tests.intake.feeds.passes import followed, last, read
from tests.intake.feeds.platform import Platform, connect
from tests.integrations.accessplanit.scene import StandIn, served

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
CUSTOMER = {"TargetIDType": "Company", "TargetID": "BRIGHT7kQ2", "TargetLabel": "Brightwater Care Ltd"}


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """With six invoices, payments and a credit note."""
    with served(Store("accessplanit")) as platform:
        yield platform


@pytest.fixture
def company(company: Company) -> Company:
    """Whatever is sold goes to one account, whatever is paid to one bank."""
    rules = Rules(revenue=_always("4000"), bank=_always("1200"), sales_tax=_always("T1"))
    Connection.objects.filter(company=company, integration="ledger").update(mapping=to_json(rules))
    return company


def _always(code: str) -> Rule:
    return Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default=code)


@pytest.fixture
def platform(standin: StandIn, company: Company) -> Platform:
    """Read from its beginning, three records a page."""
    return connect(standin, company)


def invoice(number: int, **members: Any) -> dict[str, Any]:
    """An invoice over 120.00 with tax, as the platform has it."""
    usual = {
        "Reference": f"INV-{number}", "DateCreated": "2025-05-20T09:00:00", "Status": "Outstanding",
        "CurrencyCode": "GBP", "Amount": Decimal("120.00"), "TaxRate": Decimal("20.0"),
        "DateDue": "2025-06-20T00:00:00", **CUSTOMER,
    }  # fmt: skip
    return {**usual, **members}


def item(of: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Its one line."""
    usual = {"DynamicLabel": "Course place", "Amount": Decimal("120.00"), "Tax": Decimal("20.00"), "SourceID": "1"}
    return {"InvoiceID": of["ID"], "SourceIDType": "Product", **usual, **members}


def raised(platform: Platform, *invoices: dict[str, Any]) -> list[dict[str, Any]]:
    """Invoices with one line each."""
    made = platform.add("Invoice", *invoices)
    platform.add("InvoiceItem", *(item(one) for one in made))
    return made


def unaccounted() -> set[str]:
    """Records that were read, and neither stand in the books nor have a sentence for people."""
    lost = set()
    for record in FedRecord.objects.select_related("delivery"):
        posted = Posting.objects.filter(transaction__external_id=record.external_id, state=State.POSTED).exists()
        told = record.delivery is not None and record.delivery.reason
        if not posted and not told:
            lost.add(record.external_id)
    return lost


def booked() -> dict[str, int]:
    """How many of each kind are in the books."""
    kinds = list(Posting.objects.filter(state=State.POSTED).values_list("kind", flat=True))
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_all_that_was_sold_and_paid_is_booked(platform: Platform) -> None:
    platform.read()
    assert booked() == {"payment": 2, "sales_credit_note": 1, "sales_invoice": 4}
    said = Delivery.objects.exclude(verdict=Verdict.ACCEPTED).order_by("pk").values_list("verdict", "reason")
    assert list(said) == [
        ("skipped", "The invoice is temporary: it is not committed yet."),
        ("skipped", "It was cancelled at the source before anything of it was taken."),
        ("skipped", "It was settled by Credit Note, so no money was moved."),
    ]
    assert unaccounted() == set()
    found = FeedReader.objects.filter(still_open=False).values_list("feed", "read", "taken", "unreadable", "problem")
    assert list(found) == [("credit_note", 1, 1, 0, ""), ("invoice", 6, 6, 0, ""), ("transaction", 3, 3, 0, "")]


def test_the_next_pass_costs_a_page_for_each_feed_and_asks_for_no_record(platform: Platform) -> None:
    platform.read()
    before = len(platform.asked())
    platform.read()
    modules = [module for _, module, _ in platform.asked()[before:]]
    assert set(modules) == {"invoice", "transaction", "creditnote"}
    assert Delivery.objects.count() == 10


def test_payments_that_come_first_wait_for_their_invoices(platform: Platform) -> None:
    platform.read("transaction")
    assert booked() == {}
    assert set(HintedRecord.objects.values_list("feed", flat=True)) == {"invoice"}
    assert followed(platform.connection, seconds=1) == 2
    assert booked()["sales_invoice"] == 2


def test_a_payment_of_an_invoice_from_before_the_start_goes_to_a_person_who_reads_why(
    standin: StandIn, company: Company
) -> None:
    platform = connect(standin, company, start_date="2025-06-01")
    (old,) = raised(platform, invoice(1, DateCreated="2025-05-31T23:59:59"))
    standin.clock.now += 40 * 86_400
    standin.act(old, "pay", amount="120.00")
    platform.read("transaction")
    followed(platform.connection, seconds=1)
    assert last().reason == "It was made on 2025-05-31, before the start on 2025-06-01."
    posting = Posting.objects.get()
    assert posting.state == State.READY
    Posting.objects.update(created_at=timezone.now() - timedelta(hours=25), next_attempt_at=timezone.now())
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == State.HELD
    assert posting.reason == (
        "It waited a day for sales invoice INV-1, which was not taken: It was made on 2025-05-31, before the start on "
        "2025-06-01. If it stays so, enter this by hand and mark it as posted, or void it."
    )


def test_a_start_date_reads_only_what_is_due(standin: StandIn, company: Company) -> None:
    platform = connect(standin, company, start_date="2025-06-01")
    raised(platform, *(invoice(n) for n in range(20)), invoice(99, DateCreated="2025-06-01T00:00:00"))
    reader = platform.read("invoice")[0]
    assert (reader.read, booked()) == (1, {"sales_invoice": 1})


ODD: dict[str, dict[str, Any]] = {
    "": invoice(1, TargetLabel="Łódź Ośrodek Szkoleń · 株式会社 研修 🚒", Reference="FV/2025/№1"),
    "The text holds a NUL character.": invoice(2, TargetLabel="a\u202eb\u0000c"),
    " ": invoice(3, ID="9" * 64, TargetLabel="x" * 5_000),
    "The invoice does not say its Status, so nobody knows whether it is final.": invoice(6, Status=""),
    "Amount must be a number, or text of plain digits such as 1234.50.": invoice(7, Amount="one hundred"),
    "  ": invoice(8, Amount=Decimal("120.005")),
    "Amount is larger than any amount that is booked here.": invoice(9, Amount=Decimal("1e30")),
    "The record has no readable date in DateCreated.": invoice(11, DateCreated="20/05/2025"),
    "CurrencyCode must be a currency code such as GBP.": invoice(12, CurrencyCode="POUNDS"),
    "   ": invoice(13, DateDue="never"),
    "The record names no customer.": invoice(14, TargetID="", TargetLabel=""),
    "Reference must be text.": invoice(15, Reference={"odd": ["thing"]}),
    "    ": invoice(17, DateCreated="2025-10-26T01:30:00", ID="Abc"),
    "PONumber has 800 characters, but at most 50 can be kept.": invoice(19, PONumber="PO" * 400),
}
NO_RECORDS = {
    "Its id aBC differs from Abc in nothing but letter case, so the two cannot be told apart.": "aBC",
    "ID must be at most 64 plain characters without blanks.": "9" * 300,
}


@pytest.mark.parametrize("page_size", ["2", "5", "100"])
def test_odd_records_are_booked_or_said_and_stop_no_other(platform: Platform, page_size: str) -> None:
    platform.connection.settings["page_size"] = page_size
    platform.connection.save()
    strange = (invoice(20 + n, ID=one, DateCreated="2025-10-26T01:30:00") for n, one in enumerate(NO_RECORDS.values()))
    raised(platform, *ODD.values(), invoice(50, DateCreated="2025-11-01T00:00:00"))
    platform.add("Invoice", *strange)
    reader = platform.read("invoice")[0]
    assert (reader.problem, reader.unreadable) == ("", len(NO_RECORDS))
    assert unaccounted() == set()
    said = Delivery.objects.filter(verdict=Verdict.UNREADABLE).values_list("reason", flat=True)
    assert sorted(said) == sorted([*(why for why in ODD if why.strip()), *NO_RECORDS])
    numbers = set(Entry.objects.values_list("document_number", flat=True))
    assert {"FV/2025/№1", "INV-3", "INV-8", "INV-13", "INV-17", "INV-50"} <= numbers
    platform.read("invoice")
    assert Delivery.objects.count() == 6 + len(ODD) + len(NO_RECORDS) + 1


def test_what_has_no_moment_is_told_as_long_as_it_is_open(platform: Platform) -> None:
    """A filter by moments leaves it out; the reader of what is open does not."""
    made = raised(platform, invoice(10, DateCreated=""), invoice(16, DateCreated="0001-01-01T00:00:00"))
    platform.read("invoice")
    assert FedRecord.objects.count() == 6
    read(platform.connection, "invoice", still_open=True)
    found = FedRecord.objects.filter(external_id__in=[f"invoice-{one['ID']}" for one in made])
    assert {one.delivery.reason for one in found if one.delivery} == {"The record has no readable date in DateCreated."}


@pytest.mark.parametrize("most_rows", [0, 70])
def test_five_hundred_lines(platform: Platform, most_rows: int) -> None:
    platform.standin.faults(most_rows=most_rows)
    (made,) = platform.add("Invoice", invoice(1, Amount=Decimal("620.00"), DateCreated="2026-01-01T00:00:00"))
    lines = (item(made, Amount=Decimal("1.24"), Tax=Decimal("0.21"), DynamicLabel=f"Place {n}") for n in range(500))
    platform.add("InvoiceItem", *lines)
    platform.read("invoice")
    entry = Entry.objects.get(document_number="INV-1")
    assert (entry.gross, entry.tax) == (620, 105)
    assert len(Transaction.objects.get(source_number="INV-1").content["lines"]) == 500


def test_amounts_below_the_smallest_coin_are_neither_lost_nor_made(platform: Platform) -> None:
    halves = {"Amount": Decimal("0.005"), "Tax": Decimal("0.0008")}
    (made,) = platform.add("Invoice", invoice(1, Amount=Decimal("0.01"), DateCreated="2026-01-01T00:00:00"))
    platform.add("InvoiceItem", item(made, **halves), item(made, **halves))
    platform.read("invoice")
    entry = Entry.objects.get(document_number="INV-1")
    assert (entry.gross, entry.tax) == (Decimal("0.01"), Decimal("0.0016"))


def test_many_of_one_moment_over_many_pages_are_each_booked_once(platform: Platform) -> None:
    raised(platform, *(invoice(n, DateCreated="2025-05-20T00:00:00") for n in range(20)))
    for two_orders in (True, False):
        platform.standin.faults(refuse_two_orders=not two_orders)
        platform.read("invoice")
        assert booked() == {"sales_invoice": 24}


def test_a_list_that_changes_while_it_is_read(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pages: one is made, one is made with an older moment, one is cancelled, one is paid."""
    raised(platform, *(invoice(n, DateCreated=f"2025-05-20T00:00:{n:02}") for n in range(12)))
    pages, told = iter(range(1_000)), AccessPlanit.page

    def page(self: AccessPlanit, wanted: Wanted) -> HeadPage:
        number = next(pages)
        if 0 < number < 4:
            raised(platform, invoice(100 + number, DateCreated=f"2025-05-20T00:00:{number * 3:02}"))
            raised(platform, invoice(200 + number, DateCreated=f"2025-05-21T00:00:{number:02}"))
            one = platform.standin.records("Invoice")[6 + number * 3]
            platform.standin.act(one, "cancel" if number == 2 else "pay", amount="120.00")
        return told(self, wanted)

    monkeypatch.setattr(AccessPlanit, "page", page)
    platform.read("invoice")
    platform.read("invoice")
    there = {f"invoice-{one['ID']}" for one in platform.standin.records("Invoice")}
    assert set(FedRecord.objects.values_list("external_id", flat=True)) == there
    assert unaccounted() == set()
    assert Entry.objects.values("document_number").distinct().count() == Entry.objects.count()
    total = Entry.objects.filter(document_number__startswith="INV-1").aggregate(all=Sum("gross"))["all"]
    assert total == sum(one.gross for one in Entry.objects.filter(document_number__startswith="INV-1"))


def test_a_clock_that_was_moved_back(platform: Platform) -> None:
    """By less than the overlap it shows at once, by more as long as it is open."""
    raised(platform, invoice(1, DateCreated="2025-11-01T12:00:00"))
    platform.read("invoice")
    raised(platform, invoice(2, DateCreated="2025-11-01T11:05:00"), invoice(3, DateCreated="2025-11-01T09:00:00"))
    platform.read("invoice")
    assert set(Entry.objects.values_list("document_number", flat=True)) >= {"INV-1", "INV-2"}
    assert not Entry.objects.filter(document_number="INV-3").exists()
    read(platform.connection, "invoice", still_open=True)
    assert Entry.objects.filter(document_number="INV-3").exists()
