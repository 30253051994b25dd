"""Mails about what waits for a person: at once, then gathered, again after a day, never a flood, never lost."""

from __future__ import annotations

import smtplib
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from portal.events import composing, noticing
from portal.events.mailing import NotAsked, alert
from portal.events.models import Alert, Matter
from portal.events.recipients import recipients
from portal.events.services import nothing_waits, something_waits
from portal.events.waits import Wait, register
from tests.events.conftest import NOW, Heap, addressed, parts, subjects, the_mail
from tests.factories import StaffFactory, UserFactory

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Heaps = tuple[Heap, Heap]

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def minutes(first: datetime, count: int) -> None:
    """What the timetable does: once a minute."""
    for number in range(count):
        alert(first + number * MINUTE)


def test_the_first_of_a_kind_is_told_at_once_and_the_rest_gathered(heaps: Heaps) -> None:
    apples, pears = heaps
    apples.add(1)
    alert(NOW)
    assert subjects() == ["Postroom: 1 apple"]
    apples.add(2)
    minutes(NOW + MINUTE, 5)
    pears.add(9)
    alert(NOW + 6 * MINUTE)
    assert subjects()[1:] == ["Postroom: 2 apples, 1 pear"]
    apples.add(3, 4)
    pears.add(8)
    minutes(NOW + 7 * MINUTE, 14)
    assert len(mail.outbox) == 2
    minutes(NOW + 21 * MINUTE, 120)
    assert subjects()[2:] == ["Postroom: 4 apples, 2 pears"]


def test_a_thousand_at_once_are_one_mail(heaps: Heaps) -> None:
    heaps[0].add(*range(1000))
    minutes(NOW, 30)
    assert subjects() == ["Postroom: 1,000 apples"]
    assert Alert.objects.get().matters.count() == 1000
    heaps[0].waiting.clear()
    minutes(NOW + HOUR, 30)
    assert len(mail.outbox) == 1


def test_one_that_comes_each_minute_is_no_flood(heaps: Heaps) -> None:
    for number in range(6 * 60):
        heaps[0].add(number)
        alert(NOW + number * MINUTE)
    made = list(Alert.objects.order_by("id").values_list("made_at", flat=True))
    assert len(mail.outbox) == len(made) == 6 * 4
    assert {later - earlier for earlier, later in pairwise(made)} == {15 * MINUTE}


def test_what_still_waits_after_a_day_is_told_again_and_what_does_not_is_not(heaps: Heaps) -> None:
    heaps[0].add(1, 2)
    alert(NOW)
    del heaps[0].waiting["2"]
    for number in range(1, 73):
        alert(NOW + number * HOUR)
    assert subjects() == ["Postroom: 2 apples", *["Postroom: 1 apple"] * 3]
    assert {matter.subject_id: matter.settled_at for matter in Matter.objects.all()} == {"1": None, "2": NOW + HOUR}


def test_what_is_over_before_it_was_told_is_not_told(heaps: Heaps) -> None:
    heaps[0].add(1)
    alert(NOW)
    heaps[0].add(2)
    alert(NOW + MINUTE)
    del heaps[0].waiting["2"]
    minutes(NOW + 2 * MINUTE, 30)
    assert len(mail.outbox) == 1


def test_one_that_waits_again_is_a_new_matter(heaps: Heaps) -> None:
    heaps[0].add(1)
    alert(NOW)
    heaps[0].waiting.clear()
    alert(NOW + MINUTE)
    heaps[0].add(1)
    minutes(NOW + 2 * MINUTE, 20)
    assert subjects() == ["Postroom: 1 apple"] * 2
    assert Matter.objects.count() == 2


def test_what_a_mail_says(heaps: Heaps) -> None:
    heaps[0].add("1", since=NOW - HOUR)
    heaps[0].add(*range(2, 14))
    heaps[1].add("<b>&")
    alert(NOW)
    message = the_mail()
    assert message.to == ["ops@example.org"]
    assert message.body.startswith(
        "This waits for a person:\n\n13 apples, the oldest since 20 Nov 2026 11:00 UTC\nLook at it.\n"
    )
    assert "* apple 1\n  https://post.example.com/admin/1/\n" in message.body
    assert message.body.count("* apple") == 10
    assert "\nand 3 more.\n\nAll of them: https://post.example.com/admin/apple/\n" in message.body
    assert "* pear <b>&\n" in message.body
    kinds = [part.get_content_type() for part in parts(message)]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    html = message.alternatives[0].content
    assert '<li><a href="https://post.example.com/admin/1/">apple 1</a></li>' in html
    assert "pear &lt;b&gt;&amp;" in html


def test_a_title_of_many_lines_is_one_short_line(heaps: Heaps) -> None:
    something_waits("apple", 7, title="P-000001:\r\nBcc: x@example.org\n" + "long " * 100, path="/admin/7/")
    title = Matter.objects.get().title
    assert title.startswith("P-000001: Bcc: x@example.org long long")
    assert (len(title), title[-1]) == (300, "…")


class Server:
    """A mail server that can be away, and counts what it was asked."""

    away = False
    asked: ClassVar[Counter[str]] = Counter()


class Flaky(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        Server.asked[messages[0].to[0]] += 1
        if Server.away or messages[0].to[0].startswith("wrong"):
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        return super().send_messages(messages)


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    settings.EMAIL_BACKEND = "tests.events.test_alerts.Flaky"
    monkeypatch.setattr(Server, "away", False)
    monkeypatch.setattr(Server, "asked", Counter())
    return Server


def test_a_mail_server_that_is_away_loses_nothing(heaps: Heaps, server: type[Server]) -> None:
    server.away = True
    heaps[0].add(1)
    minutes(NOW, 120)
    heaps[0].add(2)
    row = Alert.objects.get()
    assert (row.sent_at, row.problem) == (None, "SMTPServerDisconnected: Connection unexpectedly closed")
    assert server.asked["ops@example.org"] == row.tries == 7
    server.away = False
    minutes(NOW + 120 * MINUTE, 60)
    assert subjects() == ["Postroom: 1 apple", "Postroom: 2 apples"]
    assert set(Alert.objects.values_list("problem", "next_try_at")) == {("", None)}


def test_an_address_that_is_refused_keeps_nobody_else_from_being_told(
    heaps: Heaps, server: type[Server], settings: Settings
) -> None:
    settings.STAFF_ALERTS = ["wrong@example.org", "ops@example.org", " OPS@example.org"]
    heaps[0].add(1)
    alert(NOW)
    heaps[0].add(2)
    minutes(NOW + MINUTE, 20)
    assert addressed() == ["ops@example.org"] * 2
    told = Alert.objects.order_by("id").values_list("recipient", "matters__subject_id")
    assert list(told) == [("ops@example.org", "1"), ("wrong@example.org", "1"), ("ops@example.org", "2")]
    assert (
        list(Alert.objects.filter(sent_at__isnull=False).values_list("recipient", flat=True)) == ["ops@example.org"] * 2
    )


def test_whoever_is_on_the_list_no_more_gets_nothing_more(
    heaps: Heaps, server: type[Server], settings: Settings
) -> None:
    server.away = True
    heaps[0].add(1)
    alert(NOW)
    settings.STAFF_ALERTS = ["new@example.org"]
    server.away = False
    minutes(NOW + MINUTE, 20)
    assert addressed() == ["new@example.org"]


def test_without_anybody_to_tell_things_are_noticed_all_the_same(heaps: Heaps, settings: Settings) -> None:
    settings.STAFF_ALERTS = []
    heaps[0].add(1)
    assert alert(NOW) == 0
    assert Matter.objects.get().title == "apple 1"
    settings.STAFF_ALERTS = ["late@example.org"]
    assert alert(NOW + DAY) == 1


def test_a_kind_that_cannot_be_asked_stops_no_other_and_is_not_hidden(heaps: Heaps) -> None:
    def fail(*_: object) -> list[Any]:
        raise LookupError("no")

    register(Wait(kind="broken", one="", many="", advice="", list_path=lambda: "/", begins=fail, still=fail))
    heaps[1].add(1)
    with pytest.raises(NotAsked, match="broken"):
        alert(NOW)
    assert subjects() == ["Postroom: 1 pear"]


def test_there_is_a_bound_to_what_is_noted_and_the_mail_says_so(heaps: Heaps, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (noticing, composing):
        monkeypatch.setattr(module, "MOST_OPEN", 30)
    heaps[0].add(*range(31))
    alert(NOW)
    assert Matter.objects.count() == 30
    assert subjects() == ["Postroom: 30+ apples"]


def test_said_in_the_transaction_that_made_it_wait(heaps: Heaps) -> None:
    """For what no query can tell. A rollback takes it back."""
    heaps[0].add(5)
    with pytest.raises(LookupError), atomic():
        something_waits("apple", 4, title="rolled back", path="/")
        raise LookupError
    with atomic():
        something_waits("apple", 5, title="five", path="/five/")
        something_waits("apple", 5, title="five again", path="/five/")
    alert(NOW)
    assert "* five\n" in the_mail().body
    nothing_waits("apple", 5)
    assert Matter.objects.get().settled_at is not None


def test_who_is_told(settings: Settings) -> None:
    settings.STAFF_ALERTS = ["Ops@example.org", ""]
    permission = Permission.objects.get(content_type__app_label="events", codename="receive_alerts")
    group = Group.objects.create(name="Support")
    group.permissions.add(permission)
    named = UserFactory.create(is_staff=True, email="named@example.org")
    named.user_permissions.add(permission)
    UserFactory.create(is_staff=True, email="grouped@example.org").groups.add(group)
    UserFactory.create(is_staff=True, email="ops@example.org").groups.add(group)
    UserFactory.create(is_staff=False, email="customer@example.org").groups.add(group)
    UserFactory.create(is_staff=True, is_active=False, email="left@example.org").groups.add(group)
    UserFactory.create(is_staff=True, email="").groups.add(group)
    UserFactory.create(is_staff=True, email="unasked@example.org")
    StaffFactory.create(email="superuser@example.org")
    assert recipients() == ["grouped@example.org", "named@example.org", "ops@example.org"]


def test_a_quiet_minute_is_cheap(heaps: Heaps, django_assert_max_num_queries: Any) -> None:
    heaps[0].add(*range(200))
    alert(NOW)
    with django_assert_max_num_queries(10) as few:
        alert(NOW + MINUTE)
    heaps[0].add(*range(200, 400))
    alert(NOW + 20 * MINUTE)
    with CaptureQueriesContext(few.connection) as many:
        alert(NOW + 21 * MINUTE)
    assert len(many) == len(few)
