"""Captures, runs and differences as staff see and press them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.connections.models import Connection, Endpoint
from portal.events.models import AuditEvent
from portal.intake.bodies import hex_text
from portal.intake.models import Capture, SourceDifference, SourceRun
from portal.intake.reconciliation import receiving, repairs, tasks
from portal.postings.models import Posting
from portal.postings.repair import CannotRepair
from portal.postings.tasks import ring
from portal.staff.base import row_url
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    SourceConnectionFactory,
    StaffFactory,
    UserFactory,
    a_document,
    accepted,
    with_token,
)
from tests.intake.found import a_capture, a_source_difference, a_source_run
from tests.intake.reconciliation.played import put

pytestmark = pytest.mark.django_db
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)
WHY = "Agreed on the phone."


@pytest.fixture
def boss() -> User:
    user: User = StaffFactory.create(username="sam")
    return user


@pytest.fixture
def staff(boss: User) -> Client:
    browser = Client()
    browser.force_login(boss)
    return browser


@pytest.fixture
def endpoint() -> Endpoint:
    company = CompanyFactory.create(name="Northgate Training Ltd")
    DemoConnectionFactory.create(company=company)
    made, _ = with_token(connection=SourceConnectionFactory.create(company=company))
    return made


@pytest.fixture
def source(endpoint: Endpoint) -> Connection:
    return endpoint.connection


@pytest.fixture
def held(source: Connection) -> Posting:
    books = Connection.objects.get(company=source.company, side="accounting")
    return accepted(books, a_document(number="INV000777")).posting


def limited(*names: str) -> Client:
    """A browser of somebody on staff with just these permissions."""
    user = UserFactory.create(is_staff=True)
    for name in names:
        app_label, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
    browser = Client()
    browser.force_login(user)
    return browser


def text_of(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200
    raw = response.content.decode()
    assert INLINE.search(raw) is None
    return html.unescape(raw)


def button(row: Any, name: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def press(browser: Client, row: Any, name: str, **data: str) -> Any:
    return browser.post(button(row, name), {"confirmed": "yes", **data}, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)] or [
        str(message) for message in response.context["messages"]
    ]


class TestCapturing:
    def test_it_is_armed_and_disarmed_from_the_endpoints_page(
        self, staff: Client, boss: User, endpoint: Endpoint
    ) -> None:
        assert button(endpoint, "capture") in text_of(staff, row_url(endpoint))
        assert button(endpoint, "disarm") not in text_of(staff, row_url(endpoint))
        assert "whatever its method and its token" in text_of(staff, button(endpoint, "capture"))
        assert not Capture.objects.exists()
        response = press(staff, endpoint, "capture", minutes="30")
        assert said(response) == ["The next request is captured, if one comes within 30 minutes."]
        capture = Capture.objects.get()
        assert (capture.armed_by, (capture.armed_until - capture.armed_at).seconds) == (boss, 1800)
        text = text_of(staff, row_url(endpoint))
        assert button(endpoint, "capture") not in text
        assert row_url(capture) in text
        assert said(press(staff, endpoint, "disarm")) == ["No request is waited for any more."]
        assert said(press(staff, endpoint, "disarm")) == ["No request was waited for."]

    @pytest.mark.parametrize("minutes", ["", "0", "1441", "soon"])
    def test_a_time_that_is_none_arms_nothing(self, staff: Client, endpoint: Endpoint, minutes: str) -> None:
        assert press(staff, endpoint, "capture", minutes=minutes).status_code == 200
        assert not Capture.objects.exists()

    def test_not_at_a_closed_endpoint(self, staff: Client, endpoint: Endpoint) -> None:
        Endpoint.objects.update(is_active=False)
        assert button(endpoint, "capture") not in text_of(staff, row_url(endpoint))
        assert "is closed" in said(press(staff, endpoint, "capture", minutes="5"))[0]

    def test_only_with_the_right(self, endpoint: Endpoint) -> None:
        viewer = limited("connections.view_endpoint")
        assert viewer.post(button(endpoint, "capture"), {"confirmed": "yes", "minutes": "5"}).status_code == 403
        capture = a_capture(endpoint)
        text = text_of(viewer, row_url(endpoint))
        assert button(endpoint, "capture") not in text
        assert row_url(capture) not in text
        assert [viewer.get(address).status_code for address in (row_url(capture), button(capture, "body"))] == [
            403,
            403,
        ]


class TestACapture:
    def test_it_shows_what_came_where_the_token_was_and_what_to_do(self, staff: Client, endpoint: Endpoint) -> None:
        text = text_of(staff, row_url(a_capture(endpoint)))
        assert "A live token came in the header x-vendors-own-idea, and the call was refused" in text
        assert "<td>x-api-compleat-token</td><td>***</td>" in text
        assert "a-token-that-nobody-may-see" not in text
        assert '{\n  "Id": "6f0f"\n}' in text
        assert 'data-copy="{"Id": "6f0f"}">Copy the body' in text

    def test_once_the_header_is_learnt_it_says_so(self, staff: Client, endpoint: Endpoint) -> None:
        Endpoint.objects.update(token_header_names=["x-vendors-own-idea"])
        text = text_of(staff, row_url(a_capture(endpoint, answer_status=200)))
        assert "A live token came in the header x-vendors-own-idea." in text
        assert "<dd>x-vendors-own-idea</dd>" in text_of(staff, row_url(endpoint))

    def test_without_a_token(self, staff: Client, endpoint: Endpoint) -> None:
        text = text_of(staff, row_url(a_capture(endpoint, token_header="", is_cut=True)))
        assert "No header’s value is a live token of this endpoint." in text
        assert "14 bytes, the beginning of a larger one." in text

    def test_bytes_that_are_no_text_are_shown_as_numbers(self, staff: Client, endpoint: Endpoint) -> None:
        text = text_of(staff, row_url(a_capture(endpoint, body=b"\xff\xfeA\x00<script>")))
        assert "00000000  ff fe 41 00 3c 73 63 72 69 70 74 3e" in text
        assert "..A.<script>" in text
        assert "Copy the body" not in text

    def test_the_file_is_the_bytes_and_no_browser_runs_them(self, staff: Client, endpoint: Endpoint) -> None:
        response: Any = staff.get(button(a_capture(endpoint, body=b"<html>\xff"), "body"))
        assert response.content == b"<html>\xff"
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_the_list_reads_no_body_and_costs_the_same_for_each(self, staff: Client, endpoint: Endpoint) -> None:
        costs = []
        for _ in range(2):
            for _ in range(5):
                a_capture(endpoint)
            with CaptureQueriesContext(connection) as asked:
                staff.get("/admin/intake/capture/")
            assert not [query for query in asked if '"intake_capture"."body"' in str(query["sql"])]
            costs.append(len(asked))
        assert costs[0] == costs[1]


def test_the_hexadecimal_lines() -> None:
    assert hex_text(b"") == ""
    lines = hex_text(bytes(range(40))).splitlines()
    assert lines[0] == "00000000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ................"
    assert lines[2] == "00000020  20 21 22 23 24 25 26 27                           !\"#$%&'"
    assert hex_text(b"x" * 5000).endswith("[cut here: 5,000 bytes in all]")


class TestRuns:
    @pytest.fixture(autouse=True)
    def rung(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        ids: list[int] = []
        monkeypatch.setattr(tasks, "ring", ids.append)
        return ids

    def test_a_connection_that_cannot_be_read_has_no_button_and_says_why(
        self, staff: Client, source: Connection
    ) -> None:
        Connection.objects.filter(pk=source.pk).update(paused=True)
        assert button(source, "reconcile_source") not in text_of(staff, row_url(source))
        response = press(staff, source, "reconcile_source")
        assert "is paused" in said(response)[0] or "does not tell" in said(response)[0]
        assert not SourceRun.objects.exists()

    def test_it_is_started_from_the_connection_and_watched(
        self, staff: Client, boss: User, source: Connection, rung: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portal.intake.reconciliation.leases.why_not", lambda *_: "")
        assert "as far as 35 days back" in text_of(staff, button(source, "reconcile_source"))
        response = press(staff, source, "reconcile_source")
        run = SourceRun.objects.get()
        assert response.redirect_chain == [(row_url(run), 302)]
        assert (run.state, run.asked_by, rung) == ("waiting", boss, [run.pk])
        assert "0 transactions read so far, in 0 calls." in html.unescape(response.content.decode())
        assert AuditEvent.objects.get(verb="source_run.asked").who == "sam"
        assert "is waiting or running already" in said(press(staff, source, "reconcile_source"))[0]

    def test_a_run_shows_its_counts_where_it_goes_on_and_its_differences(
        self, staff: Client, source: Connection
    ) -> None:
        place = {"stage": "approved", "order": "mixed", "page": 812}
        run = a_source_run(source, "part", read=16_240, compared=1234, position=place)
        one = a_source_difference(source, run=run)
        text = text_of(staff, row_url(run))
        assert "Page 812 of what is approved" in text
        assert re.search(r"<td[^>]*>1,234</td>", text)
        assert row_url(one) in text
        assert "Invoice, Crown Conference Centre, 1,200.00 GBP" in text


class TestDifferences:
    def test_never_received_says_what_to_do(self, staff: Client, source: Connection) -> None:
        one = a_source_difference(source)
        text = text_of(staff, row_url(one))
        assert "“Receive it now” reads it from the source" in text
        assert button(one, "dismiss") in text
        assert button(one, "void") not in text

    @pytest.mark.parametrize(
        ("state", "words", "voids"),
        [
            ("posted", "must be reversed in the accounting system", False),
            ("ready", "while its posting is under way", False),
            ("held", "it was never booked: “Void its posting”", True),
        ],
    )
    def test_deleted_says_what_to_do_for_where_its_posting_stands(
        self, staff: Client, source: Connection, held: Posting, state: str, words: str, voids: bool
    ) -> None:
        put(held, state)
        one = a_source_difference(source, "deleted", transaction=held.transaction)
        text = text_of(staff, row_url(one))
        assert words in text
        assert row_url(held) in text
        assert row_url(held.transaction) in text
        assert (button(one, "void") in text) is voids

    def test_received_one_by_one_with_who_and_why(
        self, staff: Client, boss: User, source: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pressed: list[Any] = []

        def receive_now(difference: SourceDifference, **given: Any) -> str:
            pressed.append((difference.pk, given["user"], given["why"], given["ring"]))
            return "Received as P-000009."

        monkeypatch.setattr("portal.intake.reconciliation.asking.why_not", lambda *_: "")
        monkeypatch.setattr(receiving, "receive_now", receive_now)
        one = a_source_difference(source)
        assert "it is booked where that is possible" in text_of(staff, button(one, "receive"))
        assert press(staff, one, "receive", reason=" ").status_code == 200
        assert pressed == []
        response = press(staff, one, "receive", reason=WHY)
        assert said(response) == [f"{one}: Received as P-000009.", f"Received {one}."]
        assert pressed == [(one.pk, boss, WHY, ring)]

    def test_a_refusal_is_told(self, staff: Client, source: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        def receive_now(*_: Any, **__: Any) -> str:
            raise CannotRepair("It does not answer.")

        monkeypatch.setattr("portal.intake.reconciliation.asking.why_not", lambda *_: "")
        monkeypatch.setattr(receiving, "receive_now", receive_now)
        one = a_source_difference(source)
        assert said(press(staff, one, "receive", reason=WHY)) == [f"{one}: It does not answer."]

    def test_dismissed_in_bulk_and_what_is_closed_is_left_out(
        self, staff: Client, boss: User, source: Connection
    ) -> None:
        rows = [a_source_difference(source, external_id=f"id-{n}", number=f"INV-{n}") for n in range(3)]
        repairs.dismiss(rows[2], user=boss, why="Before.")
        here = "/admin/intake/sourcedifference/"
        ticked = {"action": "dismiss", "_selected_action": [str(row.pk) for row in rows]}
        asked = html.unescape(staff.post(here, ticked).content.decode())
        assert "Dismiss: 2 differences" in asked
        assert "INV-2: never received is dismissed already." in asked
        response = staff.post(here, {**ticked, "confirmed": "yes", "reason": WHY}, follow=True)
        assert said(response)[0] == "Dismissed 2 differences."
        assert set(SourceDifference.objects.values_list("closed_why", flat=True)) == {
            f"Dismissed: {WHY}",
            "Dismissed: Before.",
        }

    def test_voided_where_it_was_never_booked(self, staff: Client, source: Connection, held: Posting) -> None:
        put(held, "held")
        one = a_source_difference(source, "deleted", transaction=held.transaction)
        assert said(press(staff, one, "void", reason=WHY)) == [f"Voided {one}."]
        held.refresh_from_db()
        one.refresh_from_db()
        assert (held.state, one.state) == ("void", "resolved")

    @pytest.mark.parametrize(
        ("name", "right"),
        [
            ("receive", "intake.receive_sourcedifference"),
            ("void", "postings.void_posting"),
            ("dismiss", "intake.settle_sourcedifference"),
        ],
    )
    def test_each_repair_needs_its_right(self, source: Connection, name: str, right: str) -> None:
        one = a_source_difference(source)
        viewer = limited("intake.view_sourcedifference")
        assert viewer.post(button(one, name), {"confirmed": "yes", "reason": WHY}).status_code == 403
        assert limited("intake.view_sourcedifference", right).get(button(one, name)).status_code == 200

    @pytest.mark.parametrize("term", ["INV000123", "inv000123", "6F1C0D2E-0000-4000-8000-000000000001"])
    def test_it_is_found_by_any_number(self, staff: Client, source: Connection, term: str) -> None:
        one = a_source_difference(source)
        a_source_difference(source, external_id="another", number="INV-9")
        response = staff.get("/admin/intake/sourcedifference/", {"q": term})
        assert [row.pk for row in response.context["cl"].result_list] == [one.pk]

    @pytest.mark.parametrize("make", [a_source_difference, a_source_run])
    def test_fifty_cost_as_many_queries_as_five(self, staff: Client, make: Callable[..., Any]) -> None:
        costs, name = [], make.__name__.removeprefix("a_").replace("_", "")
        for _ in range(2):
            for _ in range(5):
                make(SourceConnectionFactory.create())
            with CaptureQueriesContext(connection) as asked:
                assert staff.get(f"/admin/intake/{name}/").status_code == 200
            costs.append(len(asked))
        assert costs[0] == costs[1]
