"""What was read from accessplanit: how far, read now, what became of each record; and the address that it may call."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.connections.models import Connection, EndpointToken
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint, find
from portal.intake.feeds import reading, tasks
from portal.intake.feeds.models import FeedReader, HintedRecord
from portal.intake.models import Capture, Delivery, Verdict
from portal.tenants.models import Company
from tests.desk.scene import Scene, a_scene
from tests.desk.sources.platform import Platform
from tests.desk.sources.test_linking import address, text_of
from tests.factories import EndpointFactory, SourceConnectionFactory

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The readers for which the door rang."""
    ids: list[int] = []
    monkeypatch.setattr("portal.desk.sources.views.reading.ring_reader", ids.append)
    monkeypatch.setattr(tasks, "ring_hints", lambda *_args, **_options: None)
    monkeypatch.setattr("portal.intake.views.hinting.ring_hints", lambda *_args, **_options: None)
    return ids


def read_all(readers: list[int]) -> None:
    for reader in readers:
        reading.perform(reader, lambda *_: None)


def rows(body: str) -> list[str]:
    return re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)[1:]


def test_read_now_makes_every_feed_due_and_rings(scene: Scene, linked: Connection, rung: list[int]) -> None:
    response = scene.client.post(address(scene, "fed-read"), follow=True)
    readers = FeedReader.objects.filter(connection=linked)
    assert sorted(rung) == sorted(readers.values_list("pk", flat=True))
    assert {one.feed for one in readers} == {"invoice", "transaction", "credit_note"}
    assert "Every feed is read now." in text_of(response)
    later = timezone.now() + timedelta(hours=1)
    readers.update(next_at=later)
    scene.client.post(address(scene, "fed-read"))
    assert not readers.filter(next_at__gte=later).exists()


def test_before_going_live_nothing_is_read(scene: Scene, linked: Connection, rung: list[int]) -> None:
    Company.objects.filter(pk=scene.company.pk).update(live_at=None)
    body = text_of(scene.client.post(address(scene, "fed-read"), follow=True))
    assert "the company has to be live" in body
    assert "Reading begins on the day that" in body
    assert ">Read now<" not in body
    assert (rung, FeedReader.objects.count()) == ([], 0)


def test_the_page_says_how_far_each_feed_is(
    scene: Scene, linked: Connection, platform: Platform, rung: list[int]
) -> None:
    assert "Nothing of it has been read yet." in text_of(scene.client.get(address(scene)))
    scene.client.post(address(scene, "fed-read"))
    assert "Waits for its turn" in text_of(scene.client.get(address(scene, "fed-progress")))
    read_all(rung)
    body = text_of(scene.client.get(address(scene, "fed-progress")))
    invoices = body.split("</li>")[0]
    assert f"{len(platform.invoices())} looked at, {len(platform.invoices())} new or changed." in invoices
    assert "hx-get" not in body


def test_a_pass_that_did_not_end_says_why(scene: Scene, linked: Connection, rung: list[int]) -> None:
    scene.client.post(address(scene, "fed-read"))
    FeedReader.objects.filter(feed="invoice", still_open=False).update(
        problem="The server does not answer.", next_at=timezone.now() + timedelta(minutes=5)
    )
    body = text_of(scene.client.get(address(scene, "fed-progress")))
    assert "Did not end" in body.split("</li>")[0]
    assert "The server does not answer. It is tried again" in body


def test_each_record_shows_what_became_of_it(
    scene: Scene, linked: Connection, platform: Platform, rung: list[int]
) -> None:
    customer = platform.invoices()[0]["TargetID"]
    platform.tell(
        "POST", "/control/platforms/northgate/invoices", status="Temporary", customer=customer,
        lines=[{"label": "Course", "amount": "120.00", "rate": "20"}],
    )  # fmt: skip
    scene.client.post(address(scene, "fed-read"))
    read_all(rung)
    body = text_of(scene.client.get(address(scene, "fed-log")))
    taken = Delivery.objects.filter(verdict=Verdict.ACCEPTED).select_related("transaction").first()
    assert taken is not None
    assert taken.transaction is not None
    number = taken.transaction.number
    assert any(number in row and "Taken in" in row and taken.transaction.source_number in row for row in rows(body))
    waiting = text_of(scene.client.get(address(scene, "fed-log") + "?show=waiting"))
    assert rows(waiting)
    assert all("Nothing to book" in row for row in rows(waiting))
    assert any("The invoice is temporary" in row for row in rows(waiting))


def test_a_record_is_found_by_its_id(scene: Scene, linked: Connection, platform: Platform, rung: list[int]) -> None:
    scene.client.post(address(scene, "fed-read"))
    read_all(rung)
    wanted = platform.invoices()[0]["ID"]
    for spelling in (wanted, f"invoice-{wanted}", wanted.upper()):
        found = rows(text_of(scene.client.get(address(scene, "fed-log") + f"?q={spelling}")))
        assert [wanted in row for row in found] == [True]
    assert "Nothing matches" in text_of(scene.client.get(address(scene, "fed-log") + "?q=nothing"))
    assert rows(text_of(scene.client.get(address(scene, "fed-log") + "?show=strange"))) == []


def test_a_record_that_was_refused_says_why_and_when_it_is_tried_again(
    scene: Scene, linked: Connection, rung: list[int]
) -> None:
    scene.client.post(address(scene, "fed-read"))
    scene.connection.status = "unlinked"
    scene.connection.save()
    read_all(rung)
    problems = rows(text_of(scene.client.get(address(scene, "fed-log") + "?show=problems")))
    assert problems
    assert all("Refused" in row and "Tried again" in row for row in problems)


def test_calls_stand_beside_records(scene: Scene, linked: Connection) -> None:
    url, token = made_token(scene)
    hint(f"{url}{token}/?module=invoice", {"ID": "10001"})
    hint(f"{url}{token}/", {"nothing": "here"})
    hints = rows(text_of(scene.client.get(address(scene, "fed-log") + "?show=hints")))
    assert len(hints) == 2
    assert any("The record invoice invoice-10001 is read" in row for row in hints)
    unmatched = rows(text_of(scene.client.get(address(scene, "fed-log") + "?show=unmatched")))
    assert [("does not say which record" in row) for row in unmatched] == [True]
    assert HintedRecord.objects.get().external_id == "invoice-10001"


def test_nobody_sees_what_came_to_another_company(scene: Scene, linked: Connection) -> None:
    other = a_scene(name="Harbour Street Ltd")
    theirs = SourceConnectionFactory.create(company=other.company, integration="accessplanit")
    EndpointFactory.create(connection=theirs)
    a_call(linked, "Merlin31")
    key = a_call(theirs, "Kestrel77")
    own = address(scene, "fed-log")
    assert "Merlin31" in text_of(scene.client.get(own))
    for query in ("", f"?after={key}", f"?before={key}", "?show=hints", "?show=unmatched"):
        assert "Kestrel77" not in text_of(scene.client.get(own + query))


def test_the_log_costs_the_same_however_much_came(
    scene: Scene, linked: Connection, django_assert_num_queries: Any
) -> None:
    client, own = scene.client, address(scene, "fed-log")
    a_call(linked, "One")
    with django_assert_num_queries(10):
        client.get(own)
    for number in range(8):
        a_call(linked, f"Number {number}")
    with django_assert_num_queries(10):
        client.get(own)


# --- the address ----------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_in_the_address_of_each_feed(scene: Scene, linked: Connection) -> None:
    url, token = made_token(scene)
    assert url.startswith("http")
    assert token not in text_of(scene.client.get(address(scene)))
    assert hint(f"{url}{token}/?module=transaction", {}).status_code == 200
    assert hint(f"{url}not-the-token/", {}).status_code == 401


def test_a_form_that_is_sent_twice_makes_one_token(scene: Scene, linked: Connection) -> None:
    scene.client.post(address(scene, "fed-token"), {"newest": ""})
    body = text_of(scene.client.post(address(scene, "fed-token"), {"newest": ""}, follow=True))
    assert "A token was made meanwhile" in body
    assert EndpointToken.objects.count() == 1


def test_the_next_call_is_shown_as_it_came(scene: Scene, linked: Connection) -> None:
    body = text_of(scene.client.post(address(scene, "fed-capture"), follow=True))
    assert "Waiting" in body
    capture = Capture.objects.get()
    assert capture.endpoint.connection == linked
    text = text_of(scene.client.post(address(scene, "fed-capture"), {"stop": "yes"}, follow=True))
    assert "Nothing came until" in text


def made_token(scene: Scene) -> tuple[str, str]:
    """Address and token, as the page shows them."""
    body = text_of(scene.client.post(address(scene, "fed-token"), {"newest": ""}))
    urls = re.findall(r'data-copy="(http[^"]+)"', body)
    plain = next(one for one in urls if "?" not in one)
    found = re.search(re.escape(plain) + r"(prm_[^/]+)/\?module=invoice", body)
    assert found is not None
    return plain, found[1]


def hint(url: str, body: dict[str, str]) -> Any:
    path = "/" + url.partition("://")[2].partition("/")[2]
    return Client().post(path, json.dumps(body), content_type="application/json")


def a_call(connection: Connection, reason: str) -> int:
    endpoint = connection.endpoints.get()
    found = find(connection.integration, endpoint.pk, timezone.now())
    assert isinstance(found, OpenEndpoint)
    pk = deliveries.keep(found, timezone.now(), b"{}", {})
    deliveries.judge(pk, Judgement(Verdict.HINT, reason))
    return pk
