"""The kept statements of a worker: they leave behind what the general way leaves, or nothing at all.

They exist on PostgreSQL only, so there is nothing to collect elsewhere.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db import connections
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Kind, Posted
from portal.connections.models import Connection, Status
from portal.postings import one_statement, settle, work
from portal.postings.claim import Claim, claim
from portal.postings.due import Where, due, sorted_fairly
from portal.postings.models import Attempt, Posting, Transition
from portal.postings.sweep import release_dead
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
LEASE = uuid.UUID(int=7)
LONG_SECONDS = 20.0


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Frozen time that a test moves."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def rows(posting: Posting) -> dict[str, Any]:
    """Everything that is kept of a posting, without the ids that differ from run to run."""
    hidden = {"id", "posting_id", "transaction_id", "connection_id", "idempotency_key", "lease_token"}
    kept: dict[str, Any] = {}
    for name, found in (
        ("posting", Posting.objects.filter(pk=posting.pk)),
        ("attempts", Attempt.objects.filter(posting=posting).order_by("id")),
        ("history", Transition.objects.filter(posting=posting).order_by("id")),
    ):
        kept[name] = [{key: value for key, value in row.items() if key not in hidden} for row in found.values()]
    return kept


def where_of(posting: Posting) -> Where:
    return Where(posting.connection_id, posting.connection.integration, posting.kept)


def nothing_special(posting: Posting) -> None:
    pass


def for_the_second_time(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(
        tries=1, attempts_made=1, attempt_count=3, reason="Down.", generation=2
    )
    for number in (1, 2, 3):
        Attempt.objects.create(posting=posting, number=number, purpose="send", started_at=START, ended_at=START)


def it_waited_for_an_order(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(waits_for="PO-1", operation="op-1")


def it_may_exist(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(may_exist=True)


def its_order_is_posted(posting: Posting) -> None:
    type(posting.transaction).objects.filter(pk=posting.transaction_id).update(order_number="PO-77")


def failures_were_counted(posting: Posting) -> None:
    Connection.objects.filter(pk=posting.connection_id).update(failures=3)


def somebody_asked(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(asked_by=StaffFactory.create(), recheck_asked=True)


CLAIMED: tuple[Callable[[Posting], None], ...] = (
    nothing_special, for_the_second_time, it_waited_for_an_order, its_order_is_posted, failures_were_counted,
    somebody_asked,
)  # fmt: skip


def it_is_not_due(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(next_attempt_at=START + timedelta(seconds=1))


def it_crashed_three_times(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(crashes=3)


def it_is_kept(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(kept=True)


def it_is_closed(posting: Posting) -> None:
    Posting.objects.filter(pk=posting.pk).update(recheck_asked=False)
    posting.refresh_from_db()
    with atomic():
        from_ready = {"state": "withdrawn", "next_attempt_at": None}
        Posting.objects.filter(pk=posting.pk).update(**from_ready)
        Transition.objects.create(posting=posting, before="ready", after="withdrawn", who="intake", at=START)


def connected(**fields: Any) -> Callable[[Posting], None]:
    def change(posting: Posting) -> None:
        Connection.objects.filter(pk=posting.connection_id).update(**fields)

    return change


def its_order_is_on_its_way(posting: Posting) -> None:
    its_order_is_posted(posting)
    accepted(posting.connection, a_document(kind=Kind.PURCHASE_ORDER, order_number="PO-77"))


REFUSED: dict[str, Callable[[Posting], None]] = {
    "not due": it_is_not_due,
    "crashed three times": it_crashed_three_times,
    "kept as a memo entry": it_is_kept,
    "it may be in the books": it_may_exist,
    "withdrawn": it_is_closed,
    "paused": connected(paused=True),
    "not linked": connected(status=Status.DEAUTHORISED),
    "the breaker is open": connected(open_until=START + timedelta(seconds=9)),
    "its order is on its way": its_order_is_on_its_way,
}

if database_kind() == "postgres":

    @pytest.mark.django_db
    @pytest.mark.parametrize("prepare", CLAIMED)
    def test_both_ways_leave_the_same_rows(
        connection: Connection, books: Books, clock: time_machine.Traveller, prepare: Callable[[Posting], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        seen = []
        for general in (False, True):
            with monkeypatch.context() as patched:
                if general:
                    patched.setattr(one_statement, "claim", lambda *_: None)
                    patched.setattr(one_statement, "settle", lambda *_: False)
                clock.move_to(START)
                posting = accepted(connection, a_document()).posting
                prepare(posting)
                claimed = claim(posting.pk, where=where_of(posting), lease=LEASE)
                assert claimed is not None
                taken = rows(posting)
                clock.shift(1)
                work._perform(claimed)
                settled = rows(posting)
                for row in settled["posting"]:
                    row["external_id"] = row["external_number"] = row["asked_by_id"] = ""
                seen.append((taken, settled, claimed.existed_before, claimed.purpose))
                Connection.objects.update(failures=0)
        one, general_way = seen
        for each in (one, general_way):
            for part in ("posting", "attempts", "history"):
                for row in each[0][part]:
                    row.pop("asked_by_id", None)
                    row.pop("user_id", None)
                for row in each[1][part]:
                    row.pop("user_id", None)
        assert one == general_way

    @pytest.mark.django_db
    def test_the_usual_case_is_claimed_and_settled_in_one_statement_each(
        connection: Connection, books: Books, django_assert_num_queries: Any
    ) -> None:
        posting = accepted(connection, a_document()).posting
        with django_assert_num_queries(1):
            claimed = claim(posting.pk, where=where_of(posting), lease=LEASE)
        assert claimed is not None
        document = a_document()
        result = books.book(document, "key")
        with django_assert_num_queries(3):  # and the savepoint that the surrounding test makes necessary
            settle.posted(claimed, document, result)
        posting.refresh_from_db()
        assert posting.state == "posted"

    @pytest.mark.django_db
    @pytest.mark.parametrize("prepare", REFUSED.values(), ids=REFUSED)
    def test_what_has_to_be_thought_about_is_left_to_the_general_way(
        connection: Connection, clock: time_machine.Traveller, prepare: Callable[[Posting], None]
    ) -> None:
        posting = accepted(connection, a_document()).posting
        prepare(posting)
        before = rows(posting)
        assert one_statement.claim(posting.pk, where_of(posting), LEASE, timezone.now()) is None
        assert rows(posting) == before

    @pytest.mark.django_db
    def test_who_is_told_wrongly_where_it_goes_claims_nothing(connection: Connection) -> None:
        posting = accepted(connection, a_document()).posting
        other = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
        for wrong in (Where(other.pk, "fake"), Where(posting.connection_id, "demo")):
            assert one_statement.claim(posting.pk, wrong, LEASE, timezone.now()) is None

    @pytest.mark.django_db
    def test_a_lost_lease_settles_nothing(connection: Connection, books: Books, clock: time_machine.Traveller) -> None:
        posting = accepted(connection, a_document()).posting
        claimed = claim(posting.pk, where=where_of(posting), lease=LEASE)
        assert claimed is not None
        clock.shift(121)
        assert release_dead(timezone.now()) == 1
        before = rows(posting)
        assert not _settled(claimed, books.book(a_document(), "key"))
        assert rows(posting) == before
        clock.shift(60)
        again = claim(posting.pk, where=where_of(posting), lease=uuid.UUID(int=8))
        assert again is not None
        assert not _settled(claimed, books.book(a_document(), "key"))
        posting.refresh_from_db()
        assert (posting.state, posting.lease_token) == ("checking", uuid.UUID(int=8))

    @pytest.mark.django_db
    def test_a_document_of_another_posting_is_left_to_the_general_way(connection: Connection, books: Books) -> None:
        same = books.book(a_document(), "key")
        first, second = (accepted(connection, a_document()).posting for _ in range(2))
        claims = [claim(one.pk, where=where_of(one), lease=uuid.uuid4()) for one in (first, second)]
        assert [claimed is not None and _settled(claimed, same) for claimed in claims] == [True, False]
        second.refresh_from_db()
        assert second.state == "sending"

    @pytest.mark.django_db(transaction=True)
    def test_content_that_is_replaced_while_the_claim_waits_is_not_sent_as_it_was(connection: Connection) -> None:
        document = a_document()
        posting = accepted(connection, document).posting
        line = a_line(net=Decimal("110.00"), tax=Decimal("22.00"), gross=Decimal("132.00"))
        dearer = replace(document, lines=(line,), net=line.net, tax=line.tax, gross=line.gross)

        def claim_it() -> Claim | None:
            try:
                return claim(posting.pk, where=where_of(posting), lease=LEASE)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            with atomic():
                accepted(connection, dearer)
                claiming = pool.submit(claim_it)
                _wait_until_somebody_waits_for_a_lock()
            claimed = claiming.result(LONG_SECONDS)
        assert claimed is None or claimed.posting.transaction.content["gross"] == "132.00"

    @pytest.mark.django_db(transaction=True)
    def test_one_of_many_claims_it(connection: Connection) -> None:
        posting = accepted(connection, a_document()).posting
        ready = threading.Barrier(6)

        def claim_it(number: int) -> bool:
            try:
                ready.wait(LONG_SECONDS)
                return claim(posting.pk, where=where_of(posting), lease=uuid.UUID(int=number)) is not None
            finally:
                connections.close_all()

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(claim_it, range(6))) == [False] * 5 + [True]
        assert (Attempt.objects.count(), Transition.objects.count()) == (1, 2)

    @pytest.mark.django_db
    def test_what_is_due_is_the_same_in_both_words(connection: Connection, clock: time_machine.Traveller) -> None:
        other, paused, open_one = (
            DemoConnectionFactory.create(integration="fake", settings={}, secrets={}, **fields)
            for fields in ({}, {"paused": True}, {"open_until": START + timedelta(minutes=5)})
        )
        for number, to in enumerate((connection, connection, other, connection, paused, open_one, other)):
            clock.move_to(START + timedelta(seconds=number))
            accepted(to, a_document())
        now = START + timedelta(seconds=5)
        assert due(now, limit=99, each=99) == sorted_fairly(now, 99)
        assert [where.connection_id for _, where in due(now, limit=3, each=2)] == [
            connection.pk, other.pk, connection.pk,
        ]  # fmt: skip
        assert {where.connection_id for _, where in due(now, limit=9, each=9, without=[connection.pk])} == {other.pk}


def _settled(claimed: Claim, result: Posted) -> bool:
    return one_statement.settle(claimed.posting, claimed.attempt, a_document(), result, claimed.exchanges)


def _wait_until_somebody_waits_for_a_lock() -> None:
    deadline = time.monotonic() + LONG_SECONDS
    with database.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")
