"""What staff are told of a reconciliation, and that it is on the timetable and known to the workers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from portal.celery import app
from portal.connections.models import Connection
from portal.events.noticing import notice, open_matters
from portal.postings.models import Difference
from portal.postings.reconciliation import repairs, tasks
from portal.timetable.registry import jobs
from tests.postings.fake_books import Books
from tests.postings.reconciliation.played import key_of, posted, reconciled
from tests.postings.reconciliation.test_due import ended

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def told(kind: str) -> list[str]:
    notice(timezone.now())
    return list(open_matters(kind).order_by("id").values_list("title", flat=True))


def test_each_difference_until_it_is_settled(fake: Connection, books: Books, staff: User) -> None:
    postings = [posted(fake), posted(fake)]
    for posting in postings:
        del books.documents[key_of(posting)]
    assert told("reconciliation.difference") == []
    reconciled(fake)
    name = fake.company.name
    assert told("reconciliation.difference") == [f"P-000001: missing, {name}", f"P-000002: missing, {name}"]
    repairs.accept(Difference.objects.order_by("pk")[0], user=staff, why="Entered by hand.")
    assert told("reconciliation.difference") == [f"P-000002: missing, {name}"]
    reconciled(fake)
    assert told("reconciliation.difference") == [f"P-000002: missing, {name}"]


def test_a_connection_that_cannot_be_read_for_days(fake: Connection) -> None:
    now = timezone.now()
    for ago in (timedelta(days=3, hours=1), timedelta(hours=1)):
        made = ended(fake, "unread", ago)
        type(made).objects.filter(pk=made.pk).update(ended_at=now - ago)
    assert told("reconciliation.unread") == [str(fake)]
    made = ended(fake, "finished", timedelta(0))
    type(made).objects.filter(pk=made.pk).update(ended_at=now)
    assert told("reconciliation.unread") == []


def test_it_is_on_the_timetable_and_the_workers_know_the_nudge() -> None:
    (job,) = [each for each in jobs() if each.name == "postings.reconcile"]
    assert (job.run, job.rule.period) == (tasks.reconcile_due, timedelta(minutes=10))
    assert "postings.reconcile" in app.tasks
