"""With accessplanit's stand-in over real HTTP: changes go both ways, and the posted number stands in its field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.sandbox import Store
from ledger.models import Entry
from portal.amending import reading, running
from portal.amending.due import due_postings
from portal.amending.models import AmendmentDuty, BooksReader, KnownTerms, Member
from portal.connections import registry
from portal.connections.models import Connection
from portal.intake.feeds import leases, setting_up
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.reading import perform
from portal.reference.rules import to_json
from tests.amending.scene import SALES, Scene, nobody
from tests.amending.sold_there import Till
from tests.factories import CompanyFactory, EndpointFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.integrations.accessplanit.scene import StandIn, served

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
ACCESSPLANIT = "integrations.accessplanit.connector.AccessPlanit"
FIELD = "CF_Journal_number"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """With six invoices, payments and a credit note."""
    store = Store("accessplanit")
    with served(store) as platform:
        yield platform
    store.close()


@pytest.fixture
def scene(db: None, standin: StandIn, settings: Settings) -> Iterator[Scene]:
    """Four sales invoices of the platform are posted in the built-in ledger."""
    settings.SOURCES = list(dict.fromkeys([*settings.SOURCES, ACCESSPLANIT]))
    settings.ALLOW_PRIVATE_TARGETS = True
    registry.sources.cache_clear()
    company = CompanyFactory.create()
    books = LedgerConnectionFactory.create(company=company, mapping=to_json(SALES))
    source = SourceConnectionFactory.create(
        company=company, integration="accessplanit", external_company_id="",
        settings={"base_url": standin.base, "start_date": "2025-05-01", "posted_number_field": FIELD},
        secrets={"api_key": standin.platform["api_key"]},
    )  # fmt: skip
    EndpointFactory.create(connection=source)
    BooksReader.objects.create(
        connection=books, read_through=timezone.now(), numbered_through=timezone.now(), next_at=timezone.now()
    )
    made = Scene(Till(), source, books)
    settle(made)
    yield made
    registry.sources.cache_clear()


def settle(scene: Scene) -> None:
    """All feeds, the books, and whatever is due, until nothing is."""
    for _ in range(10):
        setting_up.ensure(scene.source, timezone.now())
        FeedReader.objects.update(next_at=timezone.now())
        for pk in leases.due(timezone.now()):
            perform(pk, nobody)
        BooksReader.objects.update(next_at=timezone.now())
        reading.perform(scene.books.pk)
        KnownTerms.objects.filter(next_at__isnull=False).update(next_at=timezone.now() - timedelta(seconds=1))
        found = due_postings(timezone.now())
        for pk in found:
            running.perform(pk)
        if not found:
            return
    raise AssertionError("The exchange does not end.")


def invoice(standin: StandIn, number: str = "INV-10001") -> dict[str, Any]:
    (found,) = [one for one in standin.records("Invoice") if one["Reference"] == number]
    return found


def entry(number: str = "INV-10001") -> Entry:
    return Entry.objects.get(document_number=number, kind="sales_invoice")


def written(standin: StandIn) -> int:
    """How many invoices were written into."""
    calls = standin.control("GET", "platforms/northgate/calls")["calls"]
    return sum(call["method"] in ("PUT", "PATCH") for call in calls)


def test_the_posted_number_stands_in_its_field_once(scene: Scene, standin: StandIn) -> None:
    for number in ("INV-10001", "INV-10002", "INV-10003", "INV-10005"):
        assert invoice(standin, number)[FIELD] == entry(number).number
    duties = AmendmentDuty.objects.filter(member=Member.POSTED_NUMBER)
    assert sorted(duties.values_list("state", flat=True)) == ["done"] * 4
    before = written(standin)
    BooksReader.objects.update(numbered_through=timezone.now() - timedelta(days=1))
    settle(scene)
    assert (written(standin), duties.count()) == (before, 4)


def test_a_change_there_is_written_here_and_comes_back_as_nothing(scene: Scene, standin: StandIn) -> None:
    before = written(standin)
    standin.act(invoice(standin), "change", PONumber="PO-NEW", DateDue="2025-07-31T00:00:00")
    settle(scene)
    assert (entry().order_number, entry().due_date) == ("PO-NEW", date(2025, 7, 31))
    assert written(standin) == before
    assert entry().changes.count() == 1


def test_a_change_here_is_written_there_and_comes_back_as_nothing(scene: Scene, standin: StandIn) -> None:
    before = written(standin)
    scene.change_books("INV-10001", order_number="PO-HERE", due_date=date(2025, 8, 31))
    settle(scene)
    there = invoice(standin)
    assert (there["PONumber"], there["DateDue"][:10]) == ("PO-HERE", "2025-08-31")
    assert (written(standin), entry().changes.count()) == (before + 1, 1)
    assert not AmendmentDuty.objects.exclude(state="done").exists()


def test_an_order_number_that_is_too_long_there_waits_for_a_person(scene: Scene, standin: StandIn) -> None:
    scene.change_books("INV-10001", order_number="P" * 60)
    settle(scene)
    duty = AmendmentDuty.objects.exclude(state="done").get()
    assert (duty.state, duty.message) == (
        "refused", "An order number has at most 50 characters in accessplanit. Shorten it.",
    )  # fmt: skip
    assert Connection.objects.get(pk=scene.source.pk).status == "linked"


def test_without_a_field_no_number_is_told(scene: Scene, standin: StandIn) -> None:
    scene.source.settings = {**scene.source.settings, "posted_number_field": ""}
    scene.source.save(update_fields=["settings"])
    standin.raise_invoice()
    settle(scene)
    assert AmendmentDuty.objects.filter(member=Member.POSTED_NUMBER).count() == 4
