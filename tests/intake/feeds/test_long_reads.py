"""A first read may take hours: it shows how far it is, lets others have a turn, and stops at nothing it cannot read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from integrations.base import Link
from integrations.errors import Retryable
from integrations.http import Outbound
from ledger.models import Entry
from portal.connections import services
from portal.connections.models import Connection
from portal.intake.feeds import leases, reading
from portal.intake.feeds.models import FedRecord, FeedReader
from portal.intake.models import Delivery, Origin, Verdict
from tests.intake.feeds.fed_source import Shelf
from tests.intake.feeds.passes import read

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def fill(shelf: Shelf, count: int) -> None:
    for number in range(count):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))


def test_it_shows_how_far_it_is_while_it_reads(source: Connection, shelf: Shelf) -> None:
    fill(shelf, 8)
    seen: list[tuple[int, int, int, datetime | None]] = []

    def looks(what: str) -> None:
        if what.startswith("page"):
            reader = FeedReader.objects.get(feed="bill")
            seen.append((reader.pages, reader.read, reader.taken, reader.newest))

    shelf.before = looks
    reader = read(source)
    second, fifth = NINE + timedelta(minutes=2), NINE + timedelta(minutes=5)
    assert seen == [(0, 0, 0, None), (1, 3, 3, second), (2, 6, 6, fifth)]
    assert (reader.pages, reader.read, reader.taken) == (3, 8, 8)
    assert read(source).pages == 3  # a new pass counts anew


def test_it_lets_others_have_a_turn_and_goes_on_where_it_was(
    source: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf, 8)
    monkeypatch.setattr(reading, "TURN_SECONDS", 0.0)
    for pages in (1, 2):
        reader = read(source)
        assert (reader.pages, reader.problem, reader.lease_token, reader.ended_at) == (pages, "", None, None)
        assert reader.pk in leases.due(timezone.now())
        assert Entry.objects.count() == 3 * pages
    reader = read(source)
    assert (reader.pages, reader.read, reader.since) == (3, 8, None)
    assert (shelf.count("page"), shelf.count("whole"), Entry.objects.count()) == (3, 8, 8)


def test_each_page_and_each_part_of_it_has_its_own_time(
    source: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of what is asked for in one go is not that of the pass."""
    fill(shelf, 8)
    terms: list[Outbound | None] = []

    def noting(link: Link, outbound: Outbound | None) -> Link:
        terms.append(outbound)
        return link

    made = services.link_of
    monkeypatch.setattr(services, "link_of", lambda of, outbound=None: noting(made(of, outbound), outbound))
    read(source)
    assert len({id(one) for one in terms if one is not None}) == 6


def test_a_problem_is_over_with_the_next_page(source: Connection, shelf: Shelf) -> None:
    fill(shelf, 8)

    def down(_: str) -> None:
        if shelf.count("page") == 2:
            raise Retryable("The source is down.")

    shelf.before = down
    assert read(source).problem == "The source is down."
    problems: list[str] = []
    shelf.before = lambda _: problems.append(FeedReader.objects.get(feed="bill").problem)
    read(source)
    assert problems[-1] == ""


def test_a_record_that_is_too_large_stops_no_other(source: Connection, shelf: Shelf) -> None:
    fill(shelf, 3)
    shelf.put("b1", NINE + timedelta(minutes=1), status="huge")
    reader = read(source)
    assert (Entry.objects.count(), reader.read, reader.problem) == (2, 3, "")
    (kept,) = Delivery.objects.filter(verdict=Verdict.UNREADABLE)
    assert (kept.reason, kept.origin) == ("It has too many lines.", Origin.FEED)
    assert b'"b1"' in bytes(kept.body)
    read(source)
    assert Delivery.objects.count() == 3
    shelf.put("b1", NINE + timedelta(minutes=1))
    read(source)
    assert Entry.objects.count() == 3


def test_a_row_that_names_no_record_is_kept_once_for_staff(source: Connection, shelf: Shelf) -> None:
    fill(shelf, 2)
    shelf.put("", NINE, net="7.00")
    for _ in range(3):
        assert read(source).unreadable == 1
    (kept,) = Delivery.objects.filter(verdict=Verdict.UNREADABLE)
    assert (kept.reason, FedRecord.objects.count()) == ("It has no id.", 2)
    shelf.put("", NINE, net="8.00")
    read(source)
    assert Delivery.objects.filter(verdict=Verdict.UNREADABLE).count() == 2
