"""A whole run: what is a finding and what is none, how it is resolved, what breaks off and where it goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.documents import Kind, Stage
from integrations.errors import Retryable, Unauthorised
from integrations.standing import Standing
from portal.connections.models import Connection, Endpoint, Status
from portal.events.models import AuditEvent
from portal.intake.models import SourceDifference, SourceRun
from portal.intake.reconciliation import leases, repairs
from portal.intake.reconciliation.leases import CannotReconcile, TakenOver, ask, take
from portal.intake.reconciliation.ours import kinds_to_receive
from portal.intake.reconciliation.run import Reading, go, perform
from portal.postings.models import Posting
from portal.tenants.models import Company
from tests.factories import CompanyFactory, LedgerConnectionFactory
from tests.intake.reconciliation.lists import NOW, a_standing, rising
from tests.intake.reconciliation.played import (
    clock_of,
    counts,
    found,
    holding,
    put,
    reconciled,
    taken,
)
from tests.intake.reconciliation.scripted_source import There

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOO_OFTEN = Retryable("Too many requests.", retry_after=25, free=True)


def test_what_only_other_sources_send_is_not_missed_here(on_ledger: Connection) -> None:
    """The ledger takes sales, and iCompleat has none."""
    assert kinds_to_receive(on_ledger) == {
        Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT, None,
    }  # fmt: skip


class TestNeverReceived:
    def test_what_we_do_not_hold_is_found_with_what_the_source_tells(self, source: Connection, there: There) -> None:
        holding(source, "ours")
        there.rows = [a_standing("ours"), a_standing("missing")]
        run = reconciled(source)
        assert (run.state, run.calls, run.position) == ("finished", 2, {})
        assert counts(run) == {"read": 2, "compared": 2, "never_received": 1}
        one = SourceDifference.objects.get()
        assert (one.kind, one.external_id, one.transaction_kind, one.number, one.supplier) == (
            "never_received", "missing", "invoice", "INV-missing", "Crown Conference Centre",
        )  # fmt: skip
        assert (str(one.gross), one.currency, one.created_there_at) == ("120.00", "GBP", NOW - timedelta(hours=2))
        assert (one.state, one.first_run, one.last_run, str(one)) == ("open", run, run, "INV-missing: never received")
        event = AuditEvent.objects.get(verb="source_difference.found")
        assert (event.who, event.company_id) == ("reconciliation", source.company_id)

    @pytest.mark.parametrize(
        ("created", "counted"),
        [
            (NOW - 15 * MINUTE, {"compared": 1, "never_received": 1}),
            (NOW - 14 * MINUTE, {"left": 1}),
            (NOW - 100 * DAY, {"compared": 1, "never_received": 1}),
            (NOW - 100 * DAY - MINUTE, {}),
            (None, {"undated": 1}),
        ],
    )
    def test_not_what_is_too_fresh_was_before_us_or_has_no_date(
        self, source: Connection, there: There, created: object, counted: dict[str, int]
    ) -> None:
        there.rows = [a_standing("one", created)]  # type: ignore[arg-type]
        assert counts(reconciled(source)) == {"read": 1, **counted}

    @pytest.mark.parametrize(
        ("endpoints", "kind", "is_found"),
        [
            ([""], Kind.INVOICE, True),
            ([""], None, True),
            (["credit_note"], Kind.INVOICE, False),
            (["credit_note", "invoice"], Kind.INVOICE, True),
            (["invoice"], None, False),
            ([], Kind.INVOICE, False),
            ([""], Kind.PAYMENT, False),
        ],
    )
    def test_only_kinds_that_somebody_takes(
        self, source: Connection, there: There, endpoints: list[str], kind: Kind | None, is_found: bool
    ) -> None:
        Endpoint.objects.all().delete()
        for each in endpoints:
            Endpoint.objects.create(connection=source, kind=each)
        there.rows = [a_standing("one", kind=kind)]
        reconciled(source)
        assert found() == ({("never_received", "one")} if is_found else set())

    def test_a_receipt_of_an_order_is_not_that_order(self, source: Connection, there: There) -> None:
        Connection.objects.filter(integration="demo").update(kept_kinds=["receipt"])
        holding(source, "order", kind=Kind.RECEIPT)
        there.rows = [a_standing("order", kind=Kind.PURCHASE_ORDER)]
        reconciled(source)
        assert found() == {("never_received", "order")}

    def test_another_companys_transaction_with_the_same_id_is_not_ours(self, source: Connection, there: There) -> None:
        other = LedgerConnectionFactory.create(company=CompanyFactory.create())
        holding(other, "one")
        there.rows = [a_standing("one")]
        reconciled(source)
        assert found() == {("never_received", "one")}

    def test_an_amount_that_is_no_money_is_left_out(self, source: Connection, there: There) -> None:
        there.rows = [a_standing("one", gross=NOT_MONEY)]
        reconciled(source)
        assert SourceDifference.objects.get().gross is None


NOT_MONEY = a_standing("x").gross / 7  # type: ignore[operator]


class TestDeleted:
    @pytest.mark.parametrize(
        ("state", "is_found"),
        [
            ("ready", True), ("sending", True), ("awaiting", True), ("unknown", True), ("checking", True),
            ("posted", True), ("held", True), ("rejected", True), ("withdrawn", False), ("void", False),
        ],
    )  # fmt: skip
    def test_what_we_hold_alive_is_found(self, source: Connection, there: There, state: str, is_found: bool) -> None:
        posting = holding(source, "gone", state)
        there.rows = [a_standing("gone", stage=Stage.DELETED), a_standing("never-ours", stage=Stage.DELETED)]
        run = reconciled(source)
        assert found() == ({("deleted", "gone")} if is_found else set())
        assert counts(run) == {"read": 2, "compared": 2, **({"deleted": 1} if is_found else {})}
        if is_found:
            assert SourceDifference.objects.get().transaction == posting.transaction

    def test_a_deleted_order_says_nothing_of_its_receipts(self, source: Connection, there: There) -> None:
        Connection.objects.filter(integration="demo").update(kept_kinds=["receipt"])
        holding(source, "order", "posted", Kind.PURCHASE_ORDER)
        holding(source, "order", "posted", Kind.RECEIPT)
        there.rows = [a_standing("order", kind=Kind.PURCHASE_ORDER, stage=Stage.DELETED)]
        reconciled(source)
        assert SourceDifference.objects.get().transaction_kind == "purchase_order"


class TestTheSameAgain:
    def test_it_is_the_same_row_as_long_as_it_stands(self, source: Connection, there: There) -> None:
        there.rows = [a_standing("one")]
        first, second = reconciled(source), reconciled(source, NOW + DAY)
        one = SourceDifference.objects.get()
        assert (one.first_run, one.last_run, one.last_seen_at) == (first, second, NOW + DAY)
        assert counts(second) == {"read": 1, "compared": 1, "never_received": 1}
        assert AuditEvent.objects.filter(verb="source_difference.found").count() == 1

    def test_what_has_come_since_is_resolved(self, source: Connection, there: There) -> None:
        there.rows = [a_standing("one"), a_standing("two")]
        reconciled(source)
        posting = holding(source, "one")
        assert counts(reconciled(source, NOW + DAY))["resolved"] == 1
        one = SourceDifference.objects.get(external_id="one")
        assert (one.state, one.closed_by, one.transaction) == ("resolved", None, posting.transaction)
        assert one.closed_why == f"It has come in since, as {posting.transaction.number}."
        assert found() == {("never_received", "two")}

    def test_what_comes_while_the_list_is_read_is_resolved_by_the_same_run(
        self, source: Connection, there: There
    ) -> None:
        there.rows = [a_standing("one")]
        there.before = lambda what: holding(source, "one") if what == "list deleted 1" else None
        assert counts(reconciled(source)) == {"read": 1, "compared": 1, "never_received": 1, "resolved": 1}
        assert found() == set()

    @pytest.mark.parametrize(
        ("after", "why"),
        [
            (Stage.DENIED, "It is not approved at the source any more: DEN."),
            (None, "The source does not know it any more."),
        ],
    )
    def test_what_is_not_approved_any_more_is_resolved(
        self, source: Connection, there: There, after: Stage | None, why: str
    ) -> None:
        there.rows = [a_standing("one")]
        reconciled(source)
        there.rows = [] if after is None else [a_standing("one", stage=after, word="DEN")]
        run = reconciled(source, NOW + DAY)
        assert (counts(run), there.count("standing one")) == ({"resolved": 1}, 1)
        assert SourceDifference.objects.get().closed_why == why

    def test_what_is_older_than_the_window_stays_as_long_as_it_is_approved(
        self, source: Connection, there: There
    ) -> None:
        one = a_standing("old")
        there.rows = [one]
        reconciled(source)
        later = NOW + 60 * DAY
        there.rows = [*[a_standing(f"n{n}", later - n * DAY - DAY) for n in range(60)], one]
        for posting in there.rows[:60]:
            holding(source, posting.external_id)
        run = reconciled(source, later)
        assert (found(), there.count("standing old")) == ({("never_received", "old")}, 1)
        assert SourceDifference.objects.get().last_run == run

    def test_a_deleted_one_is_resolved_when_it_is_void_or_back(self, source: Connection, there: There) -> None:
        void, back = holding(source, "void", "held"), holding(source, "back", "posted")
        there.rows = [a_standing(one, stage=Stage.DELETED) for one in ("void", "back")]
        reconciled(source)
        assert found() == {("deleted", "void"), ("deleted", "back")}
        put(void, "void")
        there.rows = [a_standing("void", stage=Stage.DELETED), a_standing("back")]
        reconciled(source, NOW + DAY)
        whys = dict(SourceDifference.objects.filter(state="resolved").values_list("external_id", "closed_why"))
        assert whys == {
            "void": "Nothing of it is in the books, and nothing is on its way there any more.",
            "back": "It is not deleted at the source any more: APPR.",
        }
        assert back.transaction.source_differences.count() == 1

    def test_a_dismissed_one_is_no_alarm_again_unless_the_source_tells_something_else(
        self, source: Connection, there: There, staff: User
    ) -> None:
        there.rows = [a_standing("one")]
        reconciled(source)
        repairs.dismiss(SourceDifference.objects.get(), user=staff, why="Paid by card.")
        run = reconciled(source, NOW + DAY)
        assert (counts(run), found()) == ({"read": 1, "compared": 1, "known": 1}, set())
        assert SourceDifference.objects.get().last_run == run
        there.rows = [a_standing("one", gross=a_standing("x").gross * 2)]  # type: ignore[operator]
        reconciled(source, NOW + 2 * DAY)
        assert found() == {("never_received", "one")}
        assert found("dismissed") == {("never_received", "one")}


class TestBatches:
    def test_ten_thousand_are_judged_by_a_bounded_number_of_queries(
        self, source: Connection, there: There, django_assert_max_num_queries: object
    ) -> None:
        rows = rising(10_000, every=timedelta(minutes=30))[::-1]
        there.rows = rows
        for one in rows[:3]:
            holding(source, one.external_id)
        Endpoint.objects.update(kind="credit_note")
        lease = taken(source)
        with time_machine.travel(NOW, tick=False), django_assert_max_num_queries(60):  # type: ignore[operator]
            go(Reading(lease))
        lease.run.refresh_from_db()
        assert (lease.run.state, lease.run.read) == ("finished", 1700)


class TestBreakingOff:
    def test_time_is_up_and_the_next_run_goes_on_where_it_stopped(self, source: Connection, there: There) -> None:
        there.rows = in_no_order(500)
        first = reconciled(source, clock=clock_of(0, *[0] * 11, 1801), seconds=1800)
        assert (first.state, first.read, first.position) == (
            "part", 240, {"stage": "approved", "order": "mixed", "page": 13},
        )  # fmt: skip
        second = reconciled(source, NOW + DAY)
        assert (second.state, second.read, second.position, second.begun_at) == ("finished", 260, {}, first.begun_at)
        assert len(found()) == 500
        assert [one for one in there.asked if one.startswith("list approved")] == [
            f"list approved {page}" for page in range(1, 27)
        ]
        third = reconciled(source, NOW + 2 * DAY)
        assert (third.read, third.begun_at) == (500, NOW + 2 * DAY)

    def test_too_often_in_the_middle_is_waited_for_and_asked_again(self, source: Connection, there: There) -> None:
        there.rows = in_no_order(100)
        there.before = refusing("list approved 3", TOO_OFTEN, times=2)
        waited: list[float] = []
        run = reconciled(source, sleep=waited.append)
        assert (run.state, len(found()), waited) == ("finished", 100, [10, 10, 5, 10, 10, 5])

    def test_too_often_for_too_long_ends_the_run_and_the_next_goes_on(self, source: Connection, there: There) -> None:
        there.rows = in_no_order(500)
        there.before = refusing("list approved 15", TOO_OFTEN)
        waited: list[float] = []
        run = reconciled(source, sleep=waited.append)
        assert (run.state, run.error) == ("unread", "Too many requests.")
        assert run.position == {"stage": "approved", "order": "mixed", "page": 11}
        assert (len(waited), len(found())) == (15, 200)
        there.before = lambda _: None
        assert reconciled(source, NOW + timedelta(hours=1)).state == "finished"
        assert len(found()) == 500

    def test_credentials_that_are_refused_in_the_middle_stop_the_connection(
        self, source: Connection, there: There
    ) -> None:
        there.rows = in_no_order(500)
        there.before = refusing("list approved 15", Unauthorised("The key is not valid any more."))
        run = reconciled(source)
        assert (run.state, run.error, len(found())) == ("unread", "The key is not valid any more.", 200)
        assert Connection.objects.get(pk=source.pk).status == Status.DEAUTHORISED
        with pytest.raises(CannotReconcile, match="is Deauthorised: it cannot be read"):
            ask(Connection.objects.get(pk=source.pk))

    def test_an_error_of_ours_is_told_and_the_next_begins_afresh(
        self, source: Connection, there: There, caplog: pytest.LogCaptureFixture
    ) -> None:
        there.rows = in_no_order(500)
        there.before = refusing("list approved 15", ZeroDivisionError())
        run = reconciled(source)
        assert (run.state, run.error) == ("failed", "An error on our side: ZeroDivisionError. The log has the details.")
        there.before = lambda _: None
        assert reconciled(source, NOW + DAY).read == 500

    def test_a_connection_that_is_paused_meanwhile_is_left(
        self, source: Connection, there: There, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "KEPT_EVERY_SECONDS", -1.0)
        there.rows = in_no_order(500)
        there.before = lambda what: pause(source) if what == "list approved 15" else None
        run = reconciled(source)
        assert (run.state, run.error) == ("unread", leases.STOPPED)

    def test_who_was_taken_over_stops_and_writes_nothing(
        self, source: Connection, there: There, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "KEPT_EVERY_SECONDS", -1.0)
        there.rows = in_no_order(500)
        other = {"lease_token": uuid.uuid4()}
        there.before = lambda what: SourceRun.objects.update(**other) if what == "list approved 15" else None
        run = reconciled(source)
        assert (run.state, run.lease_token, there.asked[-1]) == ("running", other["lease_token"], "list approved 15")


class TestTheQueue:
    def test_one_open_run_per_connection(self, source: Connection) -> None:
        ask(source)
        with pytest.raises(CannotReconcile, match="is waiting or running already"):
            ask(source)

    def test_two_workers_take_it_once(self, source: Connection) -> None:
        run = ask(source)
        assert take(run.pk) is not None
        assert take(run.pk) is None
        perform(run.pk)
        assert SourceRun.objects.get().state == "running"

    def test_a_dead_run_is_closed_and_the_next_goes_on_where_it_stood(self, source: Connection) -> None:
        lease = taken(source)
        lease.run.position = {"stage": "deleted", "order": "down", "page": 7}
        lease.kept_at = -1e9
        with time_machine.travel(NOW, tick=False):
            lease.keep()
        with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
            following = ask(source)
        lease.run.refresh_from_db()
        assert (lease.run.state, lease.run.error) == ("abandoned", leases.DIED)
        assert (following.position, following.begun_at) == (lease.run.position, NOW)
        with pytest.raises(TakenOver):
            lease.kept_at = -1e9
            lease.keep()

    def test_what_was_left_for_more_than_three_days_begins_afresh(self, source: Connection) -> None:
        lease = taken(source)
        lease.run.position = {"stage": "approved", "order": "mixed", "page": 7}
        lease.end("part")  # type: ignore[arg-type]
        with time_machine.travel(NOW + 3 * DAY + MINUTE, tick=False):
            assert ask(source).position == {}

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"status": "unlinked"}, "is Unlinked: it cannot be read"),
            ({"paused": True}, "is paused: nothing is asked there"),
            ({"settings": {}}, "is not set up. Fill in its settings first"),
            ({"integration": "nobody"}, "No source nobody is installed"),
            ({"side": "accounting", "status": "unlinked"}, "is an accounting system"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, source: Connection, change: dict[str, object], why: str) -> None:
        Connection.objects.filter(pk=source.pk).update(**change)
        with pytest.raises(CannotReconcile, match=why):
            ask(Connection.objects.get(pk=source.pk))

    def test_without_its_secret_it_is_not_set_up(self, source: Connection) -> None:
        source.secrets = {}
        with pytest.raises(CannotReconcile, match="is not set up"):
            ask(source)

    def test_before_go_live_nothing_is_ours(self, source: Connection) -> None:
        Company.objects.update(live_at=timezone.now() + DAY)
        with pytest.raises(CannotReconcile, match="is not live yet"):
            ask(Connection.objects.get(pk=source.pk))


def in_no_order(count: int) -> list[Standing]:
    """So many within the last month, each page full of different days."""
    return [a_standing(str(n), NOW - timedelta(minutes=20 + 40 * ((n * 7919) % count))) for n in range(count)]


def refusing(what: str, error: Exception, times: int = 1_000) -> Callable[[str], None]:
    """Raise it so many times when this is asked."""
    left = [error] * times

    def before(asked: str) -> None:
        if asked == what and left:
            raise left.pop()

    return before


def pause(source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(paused=True)


def test_no_posting_is_touched_by_a_run(source: Connection, there: There) -> None:
    posting = holding(source, "gone", "posted")
    before = Posting.objects.values().get(pk=posting.pk)
    there.rows = [a_standing("gone", stage=Stage.DELETED)]
    reconciled(source)
    assert Posting.objects.values().get(pk=posting.pk) == before
