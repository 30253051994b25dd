"""The overview of a company whose documents are read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection, Status
from portal.connections.surveying import survey
from portal.intake.feeds.models import FeedReader
from tests.desk.scene import Scene
from tests.desk.sources.platform import Platform
from tests.desk.sources.test_linking import address, text_of
from tests.factories import SourceConnectionFactory

pytestmark = pytest.mark.engine


def seen(scene: Scene) -> str:
    return text_of(scene.client.get(reverse("desk:company", args=[scene.company.pk])))


def a_reader(connection: Connection, **values: object) -> FeedReader:
    made: FeedReader = FeedReader.objects.create(
        connection=connection, feed="invoice", next_at=timezone.now() + timedelta(minutes=5), **values
    )
    return made


def test_with_accessplanit_alone_nothing_speaks_of_icompleat(scene: Scene, linked: Connection) -> None:
    a_reader(linked, ended_at=timezone.now())
    body = seen(scene)
    assert "Last reading" in body
    assert f'href="{address(scene)}">accessplanit’s settings</a>' in body
    assert "iCompleat" not in body
    assert "Not linked" not in body


def test_with_both_there_is_a_card_for_each(scene: Scene, linked: Connection) -> None:
    SourceConnectionFactory.create(company=scene.company)
    body = seen(scene)
    assert 'id="icompleat-head"' in body
    assert 'id="accessplanit-head"' in body
    assert body.count("Last reading") == 1


def test_a_lost_access_needs_a_person(scene: Scene, linked: Connection) -> None:
    Connection.objects.filter(pk=linked.pk).update(status=Status.DEAUTHORISED)
    needs = seen(scene).split("needs-head", 1)[1].split("</section>")[0]
    assert f'href="{address(scene)}">Connect it' in needs


def test_a_feed_that_was_not_read_to_its_end_is_told(scene: Scene, linked: Connection) -> None:
    a_reader(linked, problem="The server does not answer.")
    needs = seen(scene).split("needs-head", 1)[1].split("</section>")[0]
    assert "Invoices of accessplanit" in needs
    assert "The server does not answer. It is tried again by itself" in needs


def test_a_feed_that_is_not_seen_nags_nobody(scene: Scene, linked: Connection, platform: Platform) -> None:
    platform.change(hidden=["CreditNote"])
    survey(linked, who="tests")
    FeedReader.objects.create(
        connection=linked, feed="credit_note", next_at=timezone.now(), problem="Its user does not see it."
    )
    body = seen(scene)
    assert "Not seen: credit notes." in body
    assert "Its user does not see it." not in body
