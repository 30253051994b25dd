"""Who is asked for what it tells of itself, and what a refused key of the installation means for all connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from integrations.documents import Company
from integrations.errors import KeyRefused, Retryable
from portal.connections import registry
from portal.connections.access.changes import installation_changed
from portal.connections.asking_daily import AGAIN_AFTER, ask_due
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.connections.surveying import EVERY
from portal.connections.waits import REFUSED
from portal.events.models import AuditEvent
from portal.events.waits import waits
from tests.factories import DemoConnectionFactory
from tests.postings.fake_books import FakeBooks

pytestmark = pytest.mark.django_db


class Telling(FakeBooks):
    """What it tells is said by the test; it may raise."""

    tells: ClassVar[Callable[[], Mapping[str, Any]]] = dict

    def survey(self) -> Mapping[str, Any]:
        return type(self).tells()

    def company(self) -> Company:
        return Company(external_id="c-1", name="Northgate Training Ltd", base_currency="GBP")


@pytest.fixture(autouse=True)
def telling(monkeypatch: pytest.MonkeyPatch) -> type[Telling]:
    known = {**registry.accounting_systems(), "fake": Telling}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(Telling, "tells", staticmethod(lambda: {"colour": "green"}))
    return Telling


def linked(**options: Any) -> Connection:
    made: Connection = DemoConnectionFactory.create(integration="fake", settings={}, secrets={}, **options)
    return made


def refusing() -> Mapping[str, Any]:
    raise KeyRefused("The key is not accepted.", field="api_key")


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


def waiting() -> list[str]:
    kind = next(one for one in waits() if one.kind == REFUSED)
    return [found.title for found in kind.begins(timezone.now(), frozenset())]


def test_what_is_due_is_asked_once_a_day() -> None:
    connection = linked()
    now = timezone.now()
    assert [ask_due(now), ask_due(now)] == [1, 0]
    connection.refresh_from_db()
    assert connection.told == {"colour": "green"}
    assert ask_due(now + EVERY + timedelta(minutes=1)) == 1


def test_one_that_does_not_answer_waits_ten_minutes(telling: type[Telling], monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> Mapping[str, Any]:
        raise Retryable("Down.")

    monkeypatch.setattr(telling, "tells", staticmethod(down))
    linked()
    now = timezone.now()
    assert ask_due(now) == 0
    monkeypatch.setattr(telling, "tells", staticmethod(dict))
    assert [ask_due(now), ask_due(now + AGAIN_AFTER - timedelta(seconds=1)), ask_due(now + AGAIN_AFTER)] == [0, 0, 1]


def test_a_connection_that_was_linked_again_over_there_is_linked_here() -> None:
    connection = linked(status=Status.DEAUTHORISED)
    assert ask_due(timezone.now()) == 1
    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_other_books_are_not_taken_up_silently() -> None:
    connection = linked(status=Status.DEAUTHORISED, external_company_name="Whitby Harbour Catering Ltd")
    assert ask_due(timezone.now()) == 0
    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORISED


def test_a_refused_key_of_the_installation_stops_nobody_and_is_told_once(
    telling: type[Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "tells", staticmethod(refusing))
    ours = IntegrationSettings.objects.create(integration="fake")
    connections = [linked(), linked()]
    now = timezone.now()
    assert ask_due(now) == 0
    assert verbs() == ["installation.refused"]
    assert waiting() == ["fake"]
    for connection in connections:
        connection.refresh_from_db()
        assert connection.status == Status.LINKED
    monkeypatch.setattr(telling, "tells", staticmethod(dict))
    assert ask_due(now + AGAIN_AFTER) == 2
    ours.refresh_from_db()
    assert (ours.refused_at, verbs(), waiting()) == (None, ["installation.refused", "installation.accepted"], [])


def test_a_new_key_is_tried_at_once(telling: type[Telling], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "tells", staticmethod(refusing))
    ours = IntegrationSettings.objects.create(integration="fake")
    linked()
    now = timezone.now()
    ask_due(now)
    installation_changed(ours, {}, who="staff")
    assert waiting() == []
    monkeypatch.setattr(telling, "tells", staticmethod(dict))
    assert ask_due(now) == 1
