"""Feeds that could not be read for hours are put before staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.mailing import alert
from portal.events.noticing import open_matters
from portal.intake.feeds.waits import AFTER, STOPPED, stopped
from portal.intake.models import FeedReader
from tests.admin.furniture import a_reader
from tests.factories import SourceConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> FeedReader:
    """One that has had a problem for four hours."""
    made = a_reader(SourceConnectionFactory.create(integration="accessplanit"))
    FeedReader.objects.filter(pk=made.pk).update(ended_at=timezone.now() - AFTER - timedelta(hours=1))
    return made


def test_staff_are_told_until_it_is_read_again(reader: FeedReader) -> None:
    alert()
    matter = open_matters(STOPPED).get()
    assert (matter.title, matter.path) == (
        f"{reader} of {reader.connection}", f"/admin/intake/feedreader/{reader.pk}/change/",
    )  # fmt: skip
    FeedReader.objects.update(problem="", ended_at=timezone.now())
    alert()
    assert not open_matters(STOPPED).exists()


def test_a_short_trouble_is_none(reader: FeedReader) -> None:
    FeedReader.objects.update(ended_at=timezone.now() - AFTER + timedelta(minutes=5))
    assert stopped(timezone.now()) == []


def test_one_that_never_got_anywhere_counts_from_its_beginning(reader: FeedReader) -> None:
    now = timezone.now()
    FeedReader.objects.update(ended_at=None, began_at=now)
    assert stopped(now) == []
    assert stopped(now + AFTER) == [reader]
    FeedReader.objects.update(began_at=None)
    assert stopped(now) == [reader]


def test_what_the_roles_hide_and_what_is_not_in_use_is_none(reader: FeedReader) -> None:
    assert stopped(timezone.now()) == [reader]
    hidden = {"feeds": {"invoice": {"visible": False, "why": "The role hides it."}}}
    Connection.objects.update(told=hidden)
    assert stopped(timezone.now()) == []
    Connection.objects.update(told={}, paused=True)
    assert stopped(timezone.now()) == []
