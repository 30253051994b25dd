"""What was posted is noticed once, from when both sides could, at a cost that does not grow with history."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.models import Connection, Status
from portal.postings.attachments.models import Handover, HandoverMark
from portal.postings.attachments.noticing import BATCH, BEHIND, notice_posted
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, a_document, accepted
from tests.postings.attachments.scene import DAY, HOUR, MINUTE, START, Scene
from tests.postings.reconciliation.played import aged, posted
from tests.postings.test_growth import rows_read

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
SECOND = timedelta(seconds=1)


def notice() -> list[int]:
    """The postings that one look found."""
    before = set(Handover.objects.values_list("posting_id", flat=True))
    made = notice_posted(timezone.now())
    new = set(Handover.objects.values_list("posting_id", flat=True)) - before
    assert made == len(new)
    return sorted(new)


def test_what_is_posted_from_the_first_look_on_is_noticed_once(scene: Scene) -> None:
    scene.posted()
    scene.later(MINUTE)
    assert notice() == []
    after = [scene.posted(), scene.posted()]
    scene.later(MINUTE)
    assert notice() == [one.pk for one in after]
    handover = Handover.objects.get(posting=after[0])
    assert (handover.connection, handover.state, handover.next_at, handover.created_at) == (
        scene.books, "waiting", timezone.now(), timezone.now(),
    )  # fmt: skip
    scene.later(HOUR)
    assert notice() == []


def test_what_was_posted_between_linking_and_the_first_look_counts(scene: Scene) -> None:
    Connection.objects.filter(pk=scene.books.pk).update(linked_at=START - DAY)
    Connection.objects.filter(pk=scene.source.pk).update(linked_at=START + MINUTE)
    scene.posted()
    scene.later(2 * MINUTE)
    late = scene.posted()
    scene.later(MINUTE)
    assert notice() == [late.pk]


def test_where_both_were_linked_long_ago_the_past_is_left_alone(scene: Scene) -> None:
    Connection.objects.filter(pk__in=[scene.books.pk, scene.source.pk]).update(linked_at=START - 11 * MINUTE)
    scene.posted()
    scene.later(SECOND)
    assert (notice(), HandoverMark.objects.get().up_to) == ([], START + SECOND)


@pytest.mark.parametrize(
    "what",
    ["a memo entry", "another source", "a kind that takes no files", "marked by hand", "not posted", "another company"],
)
def test_what_has_no_files_is_left_alone(scene: Scene, what: str) -> None:
    notice()
    scene.later(MINUTE)
    posting = {
        "another source": lambda: posted(scene.books, ago=timedelta(0)),
        "a kind that takes no files": lambda: scene.posted(kind=Kind.CREDIT_NOTE),
        "not posted": lambda: accepted(scene.books, a_document(source="papers")).posting,
        "another company": lambda: posted(
            DemoConnectionFactory.create(integration="fake", settings={}, secrets={}), a_document(source="papers")
        ),
    }.get(what, scene.posted)()
    if what == "a memo entry":
        Posting.objects.filter(pk=posting.pk).update(kept=True)
    if what == "marked by hand":
        Posting.objects.filter(pk=posting.pk).update(external_id="marked:77")
    assert notice() == []


def test_a_row_that_shows_up_late_is_noticed(scene: Scene) -> None:
    notice()
    scene.later(HOUR)
    scene.posted()
    assert len(notice()) == 1
    late = aged(scene.posted(), timedelta(minutes=4, seconds=59))
    assert notice() == [late.pk]


def test_after_a_long_standstill_everything_is_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.postings.attachments.noticing.BATCH", 3)
    notice()
    scene.later(MINUTE)
    postings = [aged(scene.posted(), number * SECOND) for number in range(5)]
    scene.later(3 * DAY)
    assert notice() == sorted(one.pk for one in postings)
    assert HandoverMark.objects.get().up_to == timezone.now() - BEHIND


def test_more_than_one_look_can_take_stays_for_the_next(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.postings.attachments.noticing.BATCH", 2)
    monkeypatch.setattr("portal.postings.attachments.noticing.MOST_BATCHES", 1)
    notice()
    scene.later(MINUTE)
    postings = [scene.posted() for _ in range(5)]
    scene.later(3 * DAY)
    assert [len(notice()) for _ in range(4)] == [2, 2, 1, 0]
    assert Handover.objects.count() == len(postings)


@pytest.mark.parametrize("side", ["source", "books"])
def test_what_is_posted_while_a_side_is_paused_or_deauthorised_is_noticed(scene: Scene, side: str) -> None:
    notice()
    scene.later(MINUTE)
    posting = scene.posted()
    Connection.objects.filter(pk=getattr(scene, side).pk).update(paused=True, status=Status.DEAUTHORISED)
    assert notice() == [posting.pk]


@pytest.mark.parametrize("missing", ["settings", "status", "offer"])
def test_without_a_source_that_can_be_asked_nothing_is_looked_at(
    scene: Scene, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values: dict[str, dict[str, object]] = {
        "settings": {"settings": {}},
        "status": {"status": Status.UNLINKED},
        "offer": {"integration": "icompleat"},
    }
    Connection.objects.filter(pk=scene.source.pk).update(**values[missing])
    assert (notice(), HandoverMark.objects.count()) == ([], 0)
    scene.posted()
    scene.later(HOUR)
    Connection.objects.filter(pk=scene.source.pk).update(
        settings=scene.source.settings, status=Status.LINKED, integration="papers"
    )
    assert (notice(), HandoverMark.objects.count()) == ([], 1)


def test_a_quiet_mark_moves_now_and_then(scene: Scene) -> None:
    notice()
    assert HandoverMark.objects.get().up_to == START
    scene.later(HOUR)
    notice()
    assert HandoverMark.objects.get().up_to == START
    scene.later(SECOND)
    notice()
    assert HandoverMark.objects.get().up_to == START + HOUR + SECOND - BEHIND


def test_a_mark_behind_which_only_others_are_posted_moves_too(scene: Scene) -> None:
    notice()
    for _ in range(3):
        scene.later(HOUR)
        scene.posted(kind=Kind.CREDIT_NOTE)
        assert notice() == []
    assert HandoverMark.objects.get().up_to >= timezone.now() - HOUR - BEHIND


# --- what it costs ---------------------------------------------------------------------------------------------------


def copies(posting: Posting, many: int, ago: timedelta) -> None:
    """As many postings of the same, so long ago. They stand for history: only their times and their place count."""
    made = []
    for _ in range(many):
        one = Posting.objects.get(pk=accepted(posting.connection, a_document(source="papers")).posting_id)
        one.state, one.external_id, one.next_attempt_at = "posted", f"old-{one.pk}", None
        one.posted_at = timezone.now() - ago
        made.append(one)
    fields = ["state", "external_id", "next_attempt_at", "posted_at"]
    with maintenance():
        Posting.objects.bulk_update(made, fields)


@pytest.mark.parametrize("is_quiet", [True, False])
def test_the_number_of_statements_does_not_grow_with_history(scene: Scene, is_quiet: bool) -> None:
    counts = []
    for many in (1, 200):
        copies(aged(scene.posted(), DAY), many, DAY)
        notice()
        scene.later(HOUR / 2)
        if not is_quiet:
            scene.posted()
        with CaptureQueriesContext(database) as seen:
            notice_posted(timezone.now())
        counts.append(len(seen))
    assert counts[0] == counts[1] <= (4 if is_quiet else 12)
    assert Handover.objects.count() == (0 if is_quiet else 2)


def test_each_connection_is_asked_by_the_index_on_its_times(scene: Scene) -> None:
    # With few rows, and whatever statistics stand there, PostgreSQL takes any index.
    copies(aged(scene.posted(), DAY), 200, DAY)
    notice()
    with CaptureQueriesContext(database) as seen, database.cursor() as cursor:
        if database_kind() == "postgres":
            cursor.execute("ANALYZE postings_posting")
        notice()
        looks = [one["sql"] for one in seen if "posted_at" in one["sql"]]
        if database_kind() == "postgres":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if database_kind() == "postgres" else "EXPLAIN QUERY PLAN ") + looks[0])
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert len(looks) == 1
    assert "posting_by_posted_at" in plan


if database_kind() == "postgres":

    @pytest.mark.django_db(transaction=True)
    def test_the_rows_that_are_read_do_not_grow_with_history(scene: Scene) -> None:
        notice()
        few = rows_read(partial(notice_posted, timezone.now()))
        copies(aged(scene.posted(), DAY), 200, DAY)
        scene.later(HOUR / 2)
        notice()
        with database.cursor() as cursor:
            cursor.execute("ANALYZE postings_posting")
        assert rows_read(partial(notice_posted, timezone.now())) <= few + 5


def test_a_batch_is_bounded() -> None:
    assert BATCH <= 500


def test_two_companies_have_a_mark_each(scene: Scene) -> None:
    other = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    settings = scene.source.settings
    SourceConnectionFactory.create(company=other.company, integration="papers", settings=settings)
    notice()
    scene.later(MINUTE)
    mine, theirs = scene.posted(), posted(other, a_document(source="papers"), ago=timedelta(0))
    assert notice() == [mine.pk, theirs.pk]
    assert set(Handover.objects.values_list("connection", flat=True)) == {scene.books.pk, other.pk}
