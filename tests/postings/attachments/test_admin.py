"""Attachments and timelines on the staff site."""

from __future__ import annotations

import html
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from integrations.errors import Rejected, Retryable
from integrations.standing import Event
from portal.postings.attachments import tasks
from portal.postings.attachments.models import Handover
from portal.postings.models import Posting
from portal.staff.base import row_url
from tests.factories import UserFactory, a_document
from tests.postings.attachments.scene import START, Scene, once, run
from tests.postings.reconciliation.played import posted

pytestmark = pytest.mark.django_db
WHY = "The supplier asks for it."
LIST = "/admin/postings/handover/"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """The connections for which the door rang."""
    ids: list[uuid.UUID] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def partly(scene: Scene) -> Handover:
    """One of two files was refused."""
    scene.desk.put("f-1", "macro.xlsm", b"x" * 2048)
    scene.desk.put("f-2", "invoice.pdf", b"x" * 3_400_000)
    scene.shelf.before = once(Rejected("Macros are not taken."))
    return run(scene.handover())


def test_the_list_says_how_many_went_over_and_why_not_all(scene: Scene, browser: Client) -> None:
    handover = partly(scene)
    number = handover.posting.transaction.number
    text = text_of(browser, LIST)
    assert re.search(r"Partly refused.*" + number + r".*1</td>.*1</td>", text, re.DOTALL)
    assert "1 of 2 refused. macro.xlsm: Macros are not taken." in text
    assert number in text_of(browser, f"{LIST}?q={number}&state__exact=partly&company={scene.books.company_id}")
    assert "0 handovers of attachments" in text_of(browser, f"{LIST}?q=P-999999")


def test_a_handover_shows_each_file(scene: Scene, browser: Client) -> None:
    text = text_of(browser, row_url(partly(scene)))
    assert re.search(r"Handed over.*invoice\.pdf.*application/pdf.*3\.2 MB", text, re.DOTALL)
    assert re.search(r"Refused.*macro\.xlsm.*Macros are not taken\.", text, re.DOTALL)


@pytest.mark.parametrize("page", ["posting", "transaction"])
def test_the_files_stand_on_the_page_of_their(scene: Scene, browser: Client, page: str) -> None:
    handover = partly(scene)
    row = handover.posting if page == "posting" else handover.posting.transaction
    text = text_of(browser, row_url(row))
    assert f'<a href="{row_url(handover)}">Partly refused in fake</a>' in text
    assert "macro.xlsm" in text


def test_it_is_done_again_with_a_reason(scene: Scene, browser: Client, rung: list[uuid.UUID]) -> None:
    handover = partly(scene)
    address = reverse("admin:postings_handover_again", args=[handover.pk])
    assert address in text_of(browser, row_url(handover))
    assert "each that is missing in the books is attached" in text_of(browser, address)
    browser.post(address, {"confirmed": "yes", "reason": ""})
    handover.refresh_from_db()
    assert (handover.state, rung) == ("partly", [])
    response = browser.post(address, {"confirmed": "yes", "reason": WHY}, follow=True)
    handover.refresh_from_db()
    assert said(response) == [f"Handing over again: {handover.posting.transaction.number}."]
    assert (handover.state, handover.message, rung) == ("waiting", WHY, [scene.books.pk])


def test_many_are_done_again_at_once_and_the_others_say_why_not(
    scene: Scene, browser: Client, rung: list[uuid.UUID]
) -> None:
    handovers = [run(scene.handover()) for _ in range(2)]
    busy = scene.handover()
    Handover.objects.filter(pk=busy.pk).update(lease_token=uuid.uuid4(), lease_until=START)
    chosen = {"action": "again", "_selected_action": [one.pk for one in (*handovers, busy)]}
    asked = html.unescape(browser.post(LIST, chosen).content.decode())
    assert "Hand over again: 2 documents" in asked
    assert "P-000003: a worker has its files now. Look again in a minute." in asked
    ticked = {"action": "again", "_selected_action": [one.pk for one in handovers]}
    response = browser.post(LIST, {**ticked, "confirmed": "yes", "reason": WHY}, follow=True)
    assert said(response) == ["Handing over again: 2 documents."]
    assert (set(Handover.objects.values_list("state", flat=True)), rung) == ({"waiting"}, [scene.books.pk])


def test_what_was_posted_before_is_asked_for(scene: Scene, browser: Client, rung: list[uuid.UUID]) -> None:
    posting = scene.posted()
    address = reverse("admin:postings_posting_hand_over", args=[posting.pk])
    assert address in text_of(browser, row_url(posting))
    assert "The posting does not change." in text_of(browser, address)
    response = browser.post(address, {"confirmed": "yes", "reason": WHY}, follow=True)
    handover = Handover.objects.get()
    assert response.redirect_chain == [(row_url(handover), 302)]
    assert (handover.posting, handover.asked_by is not None, rung) == (posting, True, [scene.books.pk])
    assert address not in text_of(browser, row_url(posting))
    again = browser.post(address, {"confirmed": "yes", "reason": WHY}, follow=True)
    assert said(again) == ["P-000001: its files are handed over by themselves. Look at the handover."]


def test_of_another_source_there_is_no_button_no_section_and_no_timeline(scene: Scene, browser: Client) -> None:
    posting = posted(scene.books, a_document(source="api"))
    text = text_of(browser, row_url(posting))
    assert reverse("admin:postings_posting_hand_over", args=[posting.pk]) not in text
    assert "Attachments" not in text.split("<main", 1)[-1]
    assert "Timeline at the source" not in text


def test_who_may_only_look_can_do_nothing(scene: Scene) -> None:
    handover = partly(scene)
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_handover", "view_posting"]))
    client = Client()
    client.force_login(user)
    address = reverse("admin:postings_handover_again", args=[handover.pk])
    assert address not in text_of(client, row_url(handover))
    assert client.post(address, {"confirmed": "yes", "reason": WHY}).status_code == 403
    asked = {"action": "again", "_selected_action": [handover.pk], "confirmed": "yes", "reason": WHY}
    client.post(LIST, asked)
    handover.refresh_from_db()
    assert handover.state == "partly"


# --- the timeline ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["posting", "transaction"])
def test_no_page_asks_the_vendor_by_itself(scene: Scene, browser: Client, page: str) -> None:
    posting: Posting = scene.posted()
    address = row_url(posting if page == "posting" else posting.transaction)
    scene.desk.events = [Event(at=datetime(2026, 11, 19, 9, 30, tzinfo=UTC), what="Approved", who="Ana Ruiz")]
    text = text_of(browser, address)
    assert (scene.desk.asked, "Ana Ruiz" in text) == ([], False)
    assert '<a href="?timeline=1">Ask papers what happened to it there</a>' in text
    shown = text_of(browser, f"{address}?timeline=1")
    theirs, ours = shown.split("<h3>At papers</h3>")[1].split("<h3>At Postroom</h3>")
    assert re.search(r"19 Nov 2026 09:30:00.*Approved.*Ana Ruiz", theirs, re.DOTALL)
    assert re.search(r"Received.*P-000001.*Posted", ours, re.DOTALL)


def test_the_page_says_why_there_is_none_or_that_it_is_old(scene: Scene, browser: Client) -> None:
    address = f"{row_url(scene.posted())}?timeline=1"
    scene.desk.at_timeline = once(Retryable("The desk is closed."))
    assert "The desk is closed." in text_of(browser, address)
    scene.later()
    scene.desk.events = [Event(at=None, what="Scanned")]
    assert "Scanned" in text_of(browser, address)
    scene.later()
    scene.desk.at_timeline = once(Retryable("The desk is closed."))
    text = text_of(browser, address)
    assert ("Scanned" in text, "This is the last that is known. The desk is closed." in text) == (True, True)
