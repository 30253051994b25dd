"""Feeds, their records and hints in the staff site: what is shown, and what people start."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.intake.admin import fed_records, feed_readers, hinted_records
from portal.intake.feeds.hints import SEARCHED
from portal.intake.models import Delivery, FedRecord, FeedReader, HintedRecord, Verdict
from portal.staff.base import row_url
from tests.admin.furniture import a_hint, a_reader, a_record_read
from tests.admin.world import delivery
from tests.factories import CompanyFactory, EndpointFactory, SourceConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Which doorbells were rung."""
    found: list[object] = []
    monkeypatch.setattr(feed_readers, "ring_reader", found.append)
    monkeypatch.setattr(fed_records, "ring_hints", found.append)
    monkeypatch.setattr(hinted_records, "ring_hints", found.append)
    return found


@pytest.fixture
def source(db: None) -> Connection:
    made: Connection = SourceConnectionFactory.create(integration="accessplanit")
    return made


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def button(row: Any, name: str) -> str:
    return reverse(f"admin:intake_{row._meta.model_name}_{name}", args=[row.pk])


def kept(source: Connection, verdict: Verdict, reason: str = "") -> FedRecord:
    """A record whose delivery was judged so."""
    came = delivery(EndpointFactory.create(connection=source), verdict)
    Delivery.objects.filter(pk=came.pk).update(reason=reason)
    record = a_record_read(source)
    FedRecord.objects.filter(pk=record.pk).update(delivery=came, tries=7)
    return FedRecord.objects.get(pk=record.pk)


class TestReaders:
    def test_the_page_of_the_connection_leads_to_them(self, staff: Client, source: Connection) -> None:
        reader = a_reader(source)
        body = staff.get(row_url(source)).content.decode()
        assert row_url(reader) in body
        assert f"/admin/intake/fedrecord/?connection={source.pk}" in body
        assert staff.get(f"/admin/intake/fedrecord/?connection={source.pk}").status_code == 200

    def test_a_connection_that_is_not_read_has_none(self, staff: Client) -> None:
        assert "Feeds" not in text_of(staff.get(row_url(SourceConnectionFactory.create())))

    def test_read_now(self, staff: Client, source: Connection, rung: list[object]) -> None:
        reader = a_reader(source)
        FeedReader.objects.update(next_at=timezone.now() + timedelta(hours=1), tries=4)
        assert "goes on from where it stands" in text_of(staff.get(button(reader, "read_now")))
        assert rung == []
        staff.post(button(reader, "read_now"), {"confirmed": "yes"})
        reader.refresh_from_db()
        assert reader.next_at <= timezone.now()
        assert (reader.tries, reader.since is None, rung) == (0, False, [reader.pk])
        assert AuditEvent.objects.get(verb="feed.asked").who == "sam"

    def test_read_again_from_a_date_needs_a_reason(self, staff: Client, source: Connection, rung: list[object]) -> None:
        reader = a_reader(source)
        data = {"confirmed": "yes", "since": "2025-05-01"}
        assert "Give a reason." in text_of(staff.post(button(reader, "read_again"), data))
        staff.post(button(reader, "read_again"), {**data, "reason": "The roles were mended."})
        reader.refresh_from_db()
        assert (reader.read_through, reader.since, reader.after) == (datetime(2025, 5, 1, tzinfo=UTC), None, "")
        assert "The roles were mended." in AuditEvent.objects.get(verb="feed.read_again").message
        assert rung == [reader.pk]

    def test_what_was_left_out_is_judged_again_with_it(
        self, staff: Client, source: Connection, rung: list[object]
    ) -> None:
        reader, left_out = a_reader(source), kept(source, Verdict.SKIPPED, "It was made before the start.")
        booked = a_record_read(source, "invoice-2")
        came = delivery(EndpointFactory.create(connection=source), Verdict.ACCEPTED)
        FedRecord.objects.filter(pk=booked.pk).update(delivery=came)
        data = {"confirmed": "yes", "since": "2025-05-01", "reason": "The start date is an earlier one now."}
        staff.post(button(reader, "read_again"), data)
        again = FedRecord.objects.filter(again_at__lte=timezone.now()).values_list("pk", "tries")
        assert list(again) == [(left_out.pk, 0)]

    def test_not_from_a_day_to_come(self, staff: Client, source: Connection, rung: list[object]) -> None:
        reader = a_reader(source)
        data = {"confirmed": "yes", "since": "2099-05-01", "reason": "x"}
        assert "has not come yet" in text_of(staff.post(button(reader, "read_again"), data, follow=True))
        assert rung == []

    def test_what_a_worker_reads_is_left_to_it(self, staff: Client, source: Connection, rung: list[object]) -> None:
        reader = a_reader(source)
        FeedReader.objects.update(lease_until=timezone.now() + timedelta(minutes=5))
        assert "being read" in text_of(staff.post(button(reader, "read_now"), {"confirmed": "yes"}, follow=True))
        assert rung == []
        assert "Reading" in text_of(staff.get("/admin/intake/feedreader/"))

    def test_a_company_that_is_not_live_is_not_read(self, staff: Client, rung: list[object]) -> None:
        source = SourceConnectionFactory.create(integration="accessplanit", company=CompanyFactory.create(live_at=None))
        answer = staff.post(button(a_reader(source), "read_now"), {"confirmed": "yes"}, follow=True)
        assert "is not read now" in text_of(answer)
        assert rung == []


class TestRecords:
    @pytest.mark.parametrize("term", ["10482", "INVOICE-10482"])
    def test_they_are_found_by_their_id(self, staff: Client, source: Connection, term: str) -> None:
        a_record_read(source)
        a_record_read(source, "invoice-10483")
        found = staff.get(f"/admin/intake/fedrecord/?q={term}").context["cl"].result_list
        assert [one.external_id for one in found] == ["invoice-10482"]

    def test_what_was_refused_is_taken_again(self, staff: Client, source: Connection) -> None:
        record = kept(source, Verdict.REFUSED, "No customer is mapped.")
        assert "No customer is mapped." in text_of(staff.get(row_url(record)))
        staff.post(button(record, "take_again"), {"confirmed": "yes", "reason": "Mapped."})
        record.refresh_from_db()
        assert record.again_at is not None
        assert (record.again_at <= timezone.now(), record.tries) == (True, 0)
        assert "Mapped." in AuditEvent.objects.get(verb="record.take_again").message

    def test_what_was_accepted_is_not(self, staff: Client, source: Connection) -> None:
        record = kept(source, Verdict.ACCEPTED)
        assert "Take again" not in text_of(staff.get(row_url(record)))
        data = {"confirmed": "yes", "reason": "x"}
        assert "taken already" in text_of(staff.post(button(record, "take_again"), data, follow=True))
        record.refresh_from_db()
        assert record.again_at is None

    def test_asking_again_leaves_a_hint_and_forgets_the_hash(
        self, staff: Client, source: Connection, rung: list[object]
    ) -> None:
        record = kept(source, Verdict.ACCEPTED)
        staff.post(button(record, "ask_again"), {"confirmed": "yes", "reason": "It looks odd."})
        record.refresh_from_db()
        hint = HintedRecord.objects.get()
        assert (hint.feed, hint.external_id, record.content_hash) == ("invoice", "invoice-10482", "")
        assert rung == [str(source.pk)]

    def test_the_waiting_ones_are_listed_by_themselves(self, staff: Client, source: Connection) -> None:
        waits = a_record_read(source)
        FedRecord.objects.update(again_at=timezone.now())
        a_record_read(source, "invoice-10483")
        found = staff.get("/admin/intake/fedrecord/?standing=again").context["cl"].result_list
        assert [one.pk for one in found] == [waits.pk]


class TestHints:
    def test_one_is_followed_at_once(self, staff: Client, source: Connection, rung: list[object]) -> None:
        hint = a_hint(source)
        HintedRecord.objects.update(next_at=timezone.now() + timedelta(hours=1), tries=3)
        staff.post(button(hint, "follow_now"), {"confirmed": "yes"})
        hint.refresh_from_db()
        assert (hint.next_at <= timezone.now(), hint.tries, rung) == (True, 0, [str(source.pk)])

    def test_those_that_named_no_record_are_listed(self, staff: Client, source: Connection) -> None:
        endpoint = EndpointFactory.create(connection=source)
        strange, plain = delivery(endpoint, Verdict.HINT), delivery(endpoint, Verdict.HINT)
        Delivery.objects.filter(pk=strange.pk).update(reason=SEARCHED)
        found = staff.get("/admin/intake/delivery/?hint=unmatched").context["cl"].result_list
        assert [one.pk for one in found] == [strange.pk]
        assert plain.pk not in [one.pk for one in found]


def test_who_may_only_look_starts_nothing(source: Connection, staff_with: Callable[..., Client]) -> None:
    views = [f"intake.view_{name}" for name in ("feedreader", "fedrecord", "hintedrecord")]
    viewer = staff_with(*views)
    pages = [
        button(a_reader(source), "read_now"), button(a_record_read(source), "take_again"),
        button(a_hint(source), "follow_now"),
    ]  # fmt: skip
    for page in pages:
        assert viewer.post(page, {"confirmed": "yes", "reason": "x"}).status_code == 403


class TestCalls:
    """A pasted call, and the addresses that a source may call."""

    def shown(self, staff: Client, source: Connection, **call: str) -> str:
        endpoint = EndpointFactory.create(connection=source)
        page = reverse("admin:connections_endpoint_test_call", args=[endpoint.pk])
        return text_of(staff.post(page, {"confirmed": "yes", "method": "POST", "query": "", "body": "", **call}))

    @pytest.mark.parametrize(
        "call,said",
        [
            (
                {"body": '{"ID": "10482", "Module": "Invoice"}'},
                "The record invoice invoice-10482 is read from its feed.",
            ),
            ({"body": '{"results": [{"ID": "7"}]}', "query": "?module=transaction"}, "Payments and refunds"),
            ({"body": "", "query": ""}, SEARCHED),
            ({"body": '{"ID": "9", "Module": "Course"}'}, "It names no record that is read here"),
            (
                {"method": "DELETE", "body": '{"ID": "10482", "Module": "Invoice"}'},
                "It says that the record was deleted.",
            ),
        ],
    )
    def test_it_shows_what_is_understood_and_keeps_nothing(
        self, staff: Client, source: Connection, call: dict[str, str], said: str
    ) -> None:
        assert said in self.shown(staff, source, **call)
        assert not HintedRecord.objects.exists()
        assert not Delivery.objects.exists()

    def test_what_is_known_of_the_record_is_linked(self, staff: Client, source: Connection) -> None:
        record = a_record_read(source)
        endpoint = EndpointFactory.create(connection=source)
        page = reverse("admin:connections_endpoint_test_call", args=[endpoint.pk])
        data = {"confirmed": "yes", "method": "POST", "query": "module=invoice", "body": '{"ID": "10482"}'}
        assert row_url(record) in staff.post(page, data).content.decode()

    def test_names_of_modules_that_differ_are_understood(self, staff: Client, source: Connection) -> None:
        body = '{"ID": "7", "Module": "Receipt"}'
        assert "It names no record" in self.shown(staff, source, body=body)
        Connection.objects.filter(pk=source.pk).update(settings={"modules": "transaction = Receipt"})
        source.refresh_from_db()
        assert "transaction-7 is read from its feed" in self.shown(staff, source, body=body)

    def test_a_new_token_comes_with_its_addresses(self, staff: Client, source: Connection) -> None:
        endpoint = EndpointFactory.create(connection=source)
        page = reverse("admin:connections_endpoint_rotate", args=[endpoint.pk])
        body = staff.post(page, {"confirmed": "yes", "newest": ""}).content.decode()
        addresses = re.findall(r'data-copy="(http[^"]+)"', body)
        assert [one.partition("?")[2] for one in addresses] == [
            "module=invoice", "module=transaction", "module=credit_note",
        ]  # fmt: skip
        path = addresses[0].removeprefix("http://127.0.0.1:8000")
        called = Client().generic("PATCH", path, b'{"ID": "10482"}', content_type="application/json")
        assert (called.status_code, HintedRecord.objects.get().external_id) == (200, "invoice-10482")
        assert "x-webhook-token" in text_of(staff.post(page, {"confirmed": "yes", "newest": self.newest(endpoint)}))

    def newest(self, endpoint: Any) -> str:
        return str(endpoint.tokens.order_by("pk").last().pk)

    def test_another_source_shows_the_token_alone(self, staff: Client) -> None:
        endpoint = EndpointFactory.create()
        page = reverse("admin:connections_endpoint_rotate", args=[endpoint.pk])
        assert "Addresses with the token" not in text_of(staff.post(page, {"confirmed": "yes", "newest": ""}))
