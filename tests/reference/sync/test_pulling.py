"""What is read and compared: every difference once, and nothing is taken for gone that was not read to the end."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.errors import Misconfigured, Retryable, Unauthorised
from portal.reference.sync.lists import version_of
from portal.reference.sync.models import Record, SourceList, SyncState
from portal.reference.sync.pulling import identity_of, prefix_of
from portal.reference.sync.seen import Seen
from tests.reference.sync.far_ends import FakeSource
from tests.reference.sync.scene import SUPPLIER, Scene, a_record, counts

pytestmark = pytest.mark.engine


def test_a_record_that_comes_twice_counts_once(scene: Scene) -> None:
    scene.shelf.put(SUPPLIER, [a_record(1), a_record(2), a_record(1), a_record(2, name="Otherwise")])
    assert counts(scene.sync()) == {"read": 2, "added": 2, "sent": 2, "calls": 1}
    assert counts(scene.sync()) == {"read": 2, "unchanged": 2}


def test_a_record_that_comes_twice_pages_apart_counts_once(scene: Scene) -> None:
    rows = [a_record(one, code=f"N{one:04}") for one in range(1, 700)]
    scene.shelf.put(SUPPLIER, [*rows, rows[0], a_record(5, name="Changed meanwhile")])
    run = scene.sync()
    assert (run.read, run.added, run.changed, Record.objects.get(external_id="5").name) == (699, 699, 0, "Supplier 5")


def test_an_inactive_record_counts_as_not_there(scene: Scene) -> None:
    scene.know(range(1, 11))
    scene.sync()
    scene.change(4, is_active=False)
    run = scene.sync()
    assert (scene.there.said(), counts(run)) == (
        ["remove S04"], {"read": 9, "removed": 1, "unchanged": 9, "deleted": 1, "calls": 1},
    )  # fmt: skip
    scene.change(4)
    run = scene.sync()
    assert (scene.there.said(), counts(run)) == (
        ["put S04"],
        {"read": 10, "added": 1, "unchanged": 9, "sent": 1, "calls": 1},
    )


def test_what_changed_is_told_field_by_field(scene: Scene) -> None:
    scene.know(range(1, 5), details={"email": "a@example.org", "city": "Leeds"})
    scene.sync()
    scene.change(2, name="Renamed", details={"email": "b@example.org", "phone": "0113"})
    run = scene.sync()
    assert scene.told(run) == [(
        "changed", "S02",
        [["name", "Supplier 2", "Renamed"], ["city", "Leeds", ""], ["email", "a@example.org", "b@example.org"],
         ["phone", "", "0113"]], "",
    )]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "state"),
    [(Misconfigured("No such company."), SyncState.FETCH_ERROR), (Unauthorised("Refused."), SyncState.AUTH_ERROR)],
)
def test_a_reading_that_failed_sends_nothing_and_removes_nothing(
    scene: Scene, error: Exception, state: SyncState
) -> None:
    scene.know(range(1, 11))
    scene.sync()

    def failing(number: int) -> None:
        if number == 6:
            raise error

    scene.shelf.at_record = failing
    scene.change(1, name="New")
    run = scene.sync()
    assert (run.state, run.message, scene.there.said()) == (state, str(error), [])
    assert Record.objects.filter(is_active=True).count() == 10
    scene.books.refresh_from_db()
    assert scene.books.status == ("deauthorised" if state == SyncState.AUTH_ERROR else "linked")


def test_a_reading_that_broke_off_is_begun_again_and_counts_what_it_found_before(scene: Scene) -> None:
    scene.shelf.put(SUPPLIER, [a_record(one, code=f"N{one:04}") for one in range(1, 601)])

    def failing(number: int) -> None:
        if number == 550:
            raise Retryable("Fake books did not answer.")

    scene.shelf.at_record = failing
    run = scene.sync()
    assert (run.state, run.added, scene.there.said()) == (SyncState.QUEUED, 500, [])
    assert run.message == "Fake books did not answer. It is read again at 12:00."
    scene.shelf.at_record = None
    scene.look(run, 30)
    assert (run.state, run.read, run.added, run.unchanged, run.sent) == (SyncState.COMPLETE, 600, 600, 0, 600)


def test_a_reading_that_fails_three_times_ends(scene: Scene) -> None:
    def failing(_: int) -> None:
        raise Retryable("Not now.")

    scene.know(range(1, 3))
    scene.shelf.at_record = failing
    run = scene.sync()
    scene.look(run, 30)
    assert scene.look(run, 119).state == SyncState.QUEUED
    assert scene.look(run, 1).state == SyncState.FETCH_ERROR
    assert scene.shelf.times_read == 3


def test_a_list_that_is_not_ready_yet_is_waited_for_without_a_try(scene: Scene) -> None:
    def fetching(_: int) -> None:
        raise Retryable("Codat is fetching suppliers.", retry_after=60, free=True)

    scene.know(range(1, 3))
    scene.shelf.at_record = fetching
    run = scene.sync()
    for _ in range(10):
        scene.look(run, 60)
    assert (run.state, run.tries, scene.shelf.times_read) == (SyncState.QUEUED, 0, 11)
    scene.shelf.at_record = None
    assert scene.look(run, 60).state == SyncState.COMPLETE


def test_a_limit_that_lasts_for_hours_ends_the_run(scene: Scene) -> None:
    def limited(_: int) -> None:
        raise Retryable("Not now.", retry_after=86_400, free=True)

    scene.know(range(1, 3))
    scene.shelf.at_record = limited
    run = scene.sync()
    scene.look(run, 900)
    assert (run.state, scene.shelf.times_read) == (SyncState.QUEUED, 2)
    scene.look(run, 6 * 3600)
    for seconds in (30, 120):
        scene.look(run, seconds)
    assert (run.state, run.message) == (SyncState.RATE_LIMIT_ERROR, "Not now.")


def test_a_bug_ends_the_run_and_says_so(scene: Scene) -> None:
    def failing(_: int) -> None:
        raise ZeroDivisionError

    scene.know(range(1, 3))
    scene.shelf.at_record = failing
    run = scene.sync()
    assert (run.state, run.message) == (
        SyncState.INTERNAL_ERROR, "An error on our side: ZeroDivisionError. The log has the details.",
    )  # fmt: skip


def test_a_name_of_300_characters_is_kept_whole(scene: Scene) -> None:
    scene.shelf.put(SUPPLIER, [a_record(1, name="N" * 300), a_record(2)])
    assert scene.sync().state == SyncState.COMPLETE
    assert scene.there.rows()["S01"]["Name"] == "N" * 300
    assert Record.objects.get(code="S01").name == "N" * 300


def test_what_no_database_keeps_is_told_and_the_rest_goes_on(scene: Scene) -> None:
    scene.shelf.put(
        SUPPLIER,
        [a_record(1, external_id="x" * 300, name="A\0B"), a_record(2, code="C" * 250), a_record(3, code=" ")],
    )
    run = scene.sync()
    assert (run.state, scene.there.codes(), run.refused) == (SyncState.COMPLETE, ["S01"], 2)
    assert sorted(one[3] for one in scene.told(run) if one[0] == "refused") == [
        "It has no code.", "Its code has more than 100 characters.",
    ]  # fmt: skip
    assert (Record.objects.get(code="S01").name, scene.sync().added) == ("AB", 0)


def test_an_unchanged_list_costs_a_handful_of_queries_for_500_rows(scene: Scene) -> None:
    scene.shelf.put(SUPPLIER, [a_record(one, code=f"N{one:05}") for one in range(1, 1001)])
    scene.sync()
    run = scene.ask()
    with CaptureQueriesContext(connection) as queries:
        scene.look(run)
    reading = [one["sql"] for one in queries if '"identity" IN' in one["sql"]]
    writing = [
        one["sql"] for one in queries if "reference_record" in one["sql"] and not one["sql"].startswith("SELECT")
    ]
    assert (run.state, len(reading)) == (SyncState.COMPLETE, 2)
    assert [one[:40] for one in writing] == ['DELETE FROM "reference_record" WHERE ("r']


def test_memory_does_not_grow_with_the_list(scene: Scene) -> None:
    """What is held after 18,000 rows beside after 2,000: a record that was kept would take hundreds of bytes. What is
    allowed for each row is PostgreSQL's driver, which remembers the texts of its last hundred statements."""
    rows = [a_record(one, code=f"N{one:05}", details={"city": "Leeds"}) for one in range(1, 20_001)]
    scene.shelf.put(SUPPLIER, rows)
    _as_synchronised(scene)
    scene.change(8, code="N00008", name="New")
    held = dict[int, int]()

    def measured(number: int) -> None:
        if number in (2_250, 18_250):
            gc.collect()
            held[number] = tracemalloc.get_traced_memory()[0]

    scene.shelf.at_record = measured
    run = scene.ask()
    tracemalloc.start()
    try:
        scene.look(run)
    finally:
        tracemalloc.stop()
    assert (run.state, run.read, run.calls) == (SyncState.COMPLETE, 20_000, 1)
    assert (held[18_250] - held[2_250]) / 16_000 < 60, held


def _as_synchronised(scene: Scene) -> None:
    """What a first sync would leave behind."""
    source, rows = FakeSource(), scene.shelf.records[SUPPLIER]
    Record.objects.all().delete()
    Record.objects.bulk_create(
        Record(
            connection=scene.books, kind="supplier", external_id=row.external_id, code=row.code, name=row.name,
            details=dict(row.details), content_hash=row.content_hash(), row_code=row.code, row_key=row.code.casefold(),
            identity=identity_of(prefix_of(scene.books.pk, "supplier"), ("", row.external_id)),
            row_hash=source.row(row).content_hash(), pushed_code=row.code, changed_at=timezone.now(),
            pushed_hash=source.row(row).content_hash(),
        )
        for row in rows
    )  # fmt: skip
    SourceList.objects.update_or_create(
        connection=scene.source, kind="supplier", dimension="",
        defaults={"rows": len(rows), "replaced_at": timezone.now(), "hashed_by": version_of(scene.source)},
    )  # fmt: skip


def test_what_was_seen_is_remembered_by_bits() -> None:
    seen = Seen()
    assert [seen.add(one) for one in (1, 4095, 4096, 2**40, 1)] == [True, True, True, True, False]
    assert [one in seen for one in (1, 2, 4095, 4096, 2**40, 2**40 + 1)] == [True, False, True, True, True, False]
    assert len(seen) == 4
