"""Figures by mail: at seven on the organisation's clock, once for a period, with what was counted."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections

from portal.desk.company_settings import digests
from portal.desk.company_settings.digests import period_of, send_due_digests
from portal.events.mailing import alert
from portal.events.models import Alert, AlertKind
from portal.notation import zone_of
from portal.postings.figures.models import Counting, DayFigures
from portal.postings.states import State
from portal.tenants.mail_choices import Wish, choose
from portal.tenants.models import Company, Digest, MailChoice, Member, Tenant
from tests.desk.scene import Scene

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("members_hear")]
# Friday 20 November 2026, 07:01 in London.
NOW = datetime(2026, 11, 20, 7, 1, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def nobody_of_ours(settings: Any) -> None:
    settings.STAFF_ALERTS = []


@pytest.fixture
def counting(db: None) -> Counting:
    Counting.objects.filter(is_shown=True).delete()
    return Counting.objects.create(is_shown=True, counted_to=datetime(2030, 1, 1, tzinfo=UTC))


def chosen(scene: Scene, digest: Digest, sent_at: datetime) -> MailChoice:
    member = Member.objects.get(tenant=scene.tenant, user=scene.user)
    choose(member, scene.company, Wish(True, digest), who="me")
    MailChoice.objects.update(digest_sent_at=sent_at)
    return MailChoice.objects.get()


def figures(counting: Counting, scene: Scene, day: date, **counts: int) -> None:
    DayFigures.objects.create(counting=counting, company=scene.company, day=day, **counts)


def the_text() -> str:
    return Alert.objects.get().text


@pytest.mark.parametrize(
    ("digest", "now", "zone", "first", "last"),
    [
        (Digest.DAILY, NOW, "Europe/London", date(2026, 11, 19), date(2026, 11, 19)),
        (Digest.DAILY, NOW - timedelta(minutes=2), "Europe/London", date(2026, 11, 18), date(2026, 11, 18)),
        (Digest.DAILY, NOW - timedelta(hours=2), "Europe/Helsinki", date(2026, 11, 19), date(2026, 11, 19)),
        (Digest.DAILY, NOW, "America/New_York", date(2026, 11, 18), date(2026, 11, 18)),
        (Digest.WEEKLY, NOW, "Europe/London", date(2026, 11, 9), date(2026, 11, 15)),
        (Digest.WEEKLY, MONDAY, "Europe/London", date(2026, 11, 16), date(2026, 11, 22)),
        (Digest.WEEKLY, MONDAY - timedelta(minutes=2), "Europe/London", date(2026, 11, 9), date(2026, 11, 15)),
    ],
)
def test_the_period_that_is_told(digest: Digest, now: datetime, zone: str, first: date, last: date) -> None:
    period = period_of(digest, now, zone_of(zone))
    assert (period.first, period.last) == (first, last)


def test_on_the_day_when_the_clocks_change_it_is_seven_all_the_same() -> None:
    london = zone_of("Europe/London")
    summer = period_of(Digest.DAILY, datetime(2026, 3, 29, 6, 1, tzinfo=UTC), london)
    assert (summer.last, summer.at) == (date(2026, 3, 28), datetime(2026, 3, 29, 6, 0, tzinfo=UTC))


def test_yesterdays_figures_are_told_once(demo: Scene, counting: Counting) -> None:
    figures(counting, demo, date(2026, 11, 19), received=1234, posted=1200, rejected=3, held=2)
    figures(counting, demo, date(2026, 11, 18), received=9)
    figures(counting, demo, date(2026, 11, 20), received=9)
    demo.in_state(State.HELD)
    demo.in_state(State.READY)
    chosen(demo, Digest.DAILY, NOW - DAY)
    assert [send_due_digests(NOW + timedelta(minutes=m)) for m in range(0, 30, 10)] == [1, 0, 0]
    text = the_text()
    assert text.startswith(f"{demo.company.name}, 19 Nov 2026\n")
    for line in ("Received: 1,234", "Posted: 1,200", "Refused: 3", "Held for a person: 2", "Withdrawn: 0"):
        assert f"\n{line}\n" in text
    assert "On their way: 1\nNeed a person: 1\n" in text
    assert "120.00" not in text
    alert(NOW)
    digest = next(one for one in mail.outbox if "daily figures, 19 Nov 2026" in one.subject)
    assert digest.to == [demo.user.email]
    assert digest.message()["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_week_is_seven_days_from_monday(demo: Scene, counting: Counting) -> None:
    for day in range(15, 24):
        figures(counting, demo, date(2026, 11, day), received=1)
    chosen(demo, Digest.WEEKLY, MONDAY - 7 * DAY)
    assert send_due_digests(MONDAY - timedelta(minutes=2)) == 0
    assert send_due_digests(MONDAY) == 1
    assert "16 Nov 2026 – 22 Nov 2026" in Alert.objects.get().subject
    assert "Received: 7\n" in the_text()


def test_times_are_those_of_the_organisation(demo: Scene, counting: Counting) -> None:
    Tenant.objects.update(time_zone="America/New_York")
    chosen(demo, Digest.DAILY, NOW)
    assert send_due_digests(NOW + timedelta(hours=4, minutes=50)) == 0
    assert send_due_digests(NOW + timedelta(hours=5)) == 1
    assert "Open on 20 Nov 2026 07:01:" in the_text()
    assert "Times are those of America/New_York." in the_text()


def test_who_has_just_chosen_is_told_at_the_next_time(demo: Scene, counting: Counting) -> None:
    chosen(demo, Digest.DAILY, NOW)
    assert send_due_digests(NOW + timedelta(hours=20)) == 0
    assert send_due_digests(NOW + DAY) == 1


def test_a_choice_without_a_beginning_begins_now(demo: Scene, counting: Counting) -> None:
    chosen(demo, Digest.DAILY, NOW)
    MailChoice.objects.update(digest_sent_at=None)
    assert send_due_digests(NOW) == 0
    assert MailChoice.objects.get().digest_sent_at == NOW
    assert send_due_digests(NOW + DAY) == 1


def test_after_days_of_standstill_the_latest_is_told_and_not_each(demo: Scene, counting: Counting) -> None:
    chosen(demo, Digest.DAILY, NOW - 9 * DAY)
    assert [send_due_digests(NOW), send_due_digests(NOW)] == [1, 0]


def test_figures_that_lag_are_waited_for_but_not_for_ever(demo: Scene, counting: Counting) -> None:
    Counting.objects.update(counted_to=datetime(2026, 11, 19, 22, 0, tzinfo=UTC))
    chosen(demo, Digest.DAILY, NOW - DAY)
    assert send_due_digests(NOW) == 0
    assert send_due_digests(NOW + timedelta(hours=3)) == 1
    assert "the figures go up to 19 Nov 2026 22:00" in the_text()


@pytest.mark.parametrize("ended", ["closed", "never", "inactive"])
def test_who_hears_of_nothing_gets_no_figures(demo: Scene, counting: Counting, ended: str) -> None:
    chosen(demo, Digest.DAILY, NOW - DAY)
    if ended == "closed":
        Company.objects.update(closed_at=datetime(2026, 11, 1, tzinfo=UTC))
    elif ended == "never":
        MailChoice.objects.update(digest=Digest.NEVER)
    else:
        demo.user.is_active = False
        demo.user.save()
    assert send_due_digests(NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_it_once(demo: Scene, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the row before either of them takes it."""
    chosen(demo, Digest.DAILY, NOW - DAY)
    together, whole, told = threading.Barrier(2, timeout=30), digests._written, []

    def both_there(*given: Any) -> bool:
        together.wait()
        return whole(*given)

    def work() -> None:
        told.append(send_due_digests(NOW))
        connections.close_all()

    monkeypatch.setattr(digests, "_written", both_there)
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(told) == [0, 1]
    assert Alert.objects.filter(kind=AlertKind.DIGEST).count() == 1
