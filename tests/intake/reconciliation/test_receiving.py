"""Receive it now: the whole way of a delivery, once, whoever presses and whatever comes at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from integrations.documents import Kind, Stage
from integrations.errors import Retryable, Unauthorised
from ledger.models import Entry
from portal.connections.models import AnswerPolicy, Connection, Endpoint, Status
from portal.connections.tokens import issue_token
from portal.events.models import AuditEvent
from portal.intake.models import Delivery, SourceDifference
from portal.intake.reconciliation import receiving, repairs
from portal.intake.reconciliation.models import SourceDifferenceKind
from portal.intake.views import receiving as webhooks
from portal.postings.due import Where
from portal.postings.models import Posting, Transaction
from portal.postings.repair import CannotRepair
from portal.tenants.models import Company
from tests.intake.payloads import a_line, a_transaction, body, money
from tests.intake.reconciliation.played import found, holding, put
from tests.intake.reconciliation.scripted_source import There

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
ID = "6f1c0d2e-0000-4000-8000-000000000001"
WHY = "The webhook was never set up."


def a_difference(source: Connection, external_id: str = ID, kind: str = "never_received", **fields: Any) -> Any:
    now = timezone.now()
    return SourceDifference.objects.create(
        connection=source, kind=kind, external_id=external_id, transaction_kind=Kind.INVOICE.value,
        number="INV000123", first_seen_at=now, last_seen_at=now, **fields,
    )  # fmt: skip


def there_is(there: There, external_id: str = ID, **members: Any) -> bytes:
    """The source tells this transaction with its lines."""
    content = body(a_transaction(Id=external_id.upper(), **members))
    there.bodies[external_id] = content
    return content


class Rung(list[tuple[int, Where]]):
    """Who was rung."""

    def __call__(self, posting_id: int, where: Where) -> None:
        self.append((posting_id, where))


@pytest.fixture
def rung() -> Rung:
    return Rung()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No webhook of these tests waits for a worker."""
    monkeypatch.setattr(webhooks, "ring", lambda *_: None)
    monkeypatch.setattr("portal.intake.answering.wait_for", lambda *_: None)


@pytest.fixture
def receive(staff: User, rung: Rung) -> Callable[..., str]:
    """As the door does it, with a row of its own."""

    def pressed(difference: SourceDifference, why: str = WHY) -> str:
        row = SourceDifference.objects.select_related("connection__company").get(pk=difference.pk)
        return repairs.receive(row, user=staff, why=why, ring=rung)

    return pressed


Receive = Callable[..., str]


class TestTheWay:
    def test_it_is_kept_accepted_rung_for_and_stands_on_the_difference(
        self, source: Connection, there: There, receive: Receive, rung: Rung, staff: User
    ) -> None:
        content, difference = there_is(there), a_difference(source)
        assert receive(difference) == "Received as P-000001."
        transaction, posting = Transaction.objects.get(), Posting.objects.get()
        assert (transaction.external_id, transaction.answered_number, posting.state) == (ID, "", "ready")
        delivery = Delivery.objects.get()
        assert (delivery.origin, delivery.verdict, delivery.transaction, bytes(delivery.body)) == (
            "read_back", "accepted", transaction, content,
        )  # fmt: skip
        assert (delivery.answer_status, delivery.answer_body, delivery.headers) == (None, None, {})
        books = Connection.objects.get(side="accounting")
        assert rung == [(posting.pk, Where(books.pk, "demo", False))]
        difference.refresh_from_db()
        assert (difference.state, difference.closed_by, difference.transaction, difference.delivery) == (
            "resolved", staff, transaction, delivery,
        )  # fmt: skip
        assert difference.outcome == "Received as P-000001."
        assert difference.closed_why == f"Received as P-000001. {WHY}"
        event = AuditEvent.objects.get(verb="source_difference.resolved")
        assert (event.who, event.subject_id) == ("sam", str(difference.pk))

    def test_the_ledger_books_it_at_once(self, on_ledger: Connection, there: There, receive: Receive) -> None:
        there_is(there)
        assert receive(a_difference(on_ledger)) == "Received as P-000001."
        assert (Posting.objects.get().state, Entry.objects.get().reference) == ("posted", "P-000001")

    @pytest.mark.parametrize("policy", AnswerPolicy)
    def test_whatever_the_endpoint_answers_nothing_is_told_or_withdrawn(
        self, source: Connection, there: There, receive: Receive, policy: str
    ) -> None:
        Endpoint.objects.update(answer=policy)
        there_is(there)
        receive(a_difference(source))
        assert (Posting.objects.get().state, Transaction.objects.get().answered_number) == ("ready", "")

    def test_the_endpoint_of_its_kind_comes_before_the_one_for_all(
        self, source: Connection, there: There, receive: Receive
    ) -> None:
        own = Endpoint.objects.create(connection=source, kind=Kind.INVOICE)
        there_is(there)
        receive(a_difference(source))
        assert Delivery.objects.get().endpoint == own

    def test_a_paused_system_is_not_rung_for(
        self, source: Connection, there: There, receive: Receive, rung: Rung
    ) -> None:
        Connection.objects.filter(side="accounting").update(paused=True)
        there_is(there)
        receive(a_difference(source))
        assert (Posting.objects.get().state, rung) == ("ready", [])


class TestWhatCannotBeBooked:
    @pytest.mark.parametrize(
        ("members", "verdict", "words"),
        [
            ({"Status": "PEND"}, "unreadable", "PEND"),
            ({"Lines": []}, "unreadable", "line"),
            ({"Type": "REC"}, "refused", "cannot take a receipt"),
        ],
    )
    def test_it_stays_open_with_the_reason(
        self, source: Connection, there: There, receive: Receive, members: Any, verdict: str, words: str
    ) -> None:
        there_is(there, **members)
        difference = a_difference(source)
        with pytest.raises(CannotRepair, match=words) as refused:
            receive(difference)
        delivery = Delivery.objects.get()
        assert (delivery.verdict, delivery.reason) == (verdict, refused.value.message)
        difference.refresh_from_db()
        assert (difference.state, difference.outcome, difference.delivery) == (
            "open", refused.value.message, delivery,
        )  # fmt: skip
        assert not Transaction.objects.exists()

    def test_mended_there_it_is_received_at_the_next_press(
        self, source: Connection, there: There, receive: Receive
    ) -> None:
        there_is(there, Status="PEND")
        difference = a_difference(source)
        with pytest.raises(CannotRepair):
            receive(difference)
        there_is(there)
        assert receive(difference) == "Received as P-000001."

    def test_another_transaction_than_was_asked_for_is_not_taken(
        self, source: Connection, there: There, receive: Receive
    ) -> None:
        there.bodies[ID] = body(a_transaction(Id="another"))
        with pytest.raises(CannotRepair, match=f"asked for {ID} and told another. Nothing was booked"):
            receive(a_difference(source))
        assert (Delivery.objects.get().verdict, Transaction.objects.count()) == ("refused", 0)

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (Retryable("It does not answer."), Status.LINKED),
            (Unauthorised("The key is not valid any more."), Status.DEAUTHORISED),
        ],
    )
    def test_a_source_that_cannot_be_read_leaves_all_as_it_is(
        self, source: Connection, there: There, receive: Receive, error: Exception, status: str
    ) -> None:
        def refuse(_: str) -> None:
            raise error

        there.before = refuse
        difference = a_difference(source)
        with pytest.raises(CannotRepair, match=str(error)):
            receive(difference)
        assert Connection.objects.get(pk=source.pk).status == status
        assert (Delivery.objects.count(), found()) == (0, {("never_received", ID)})

    def test_what_the_source_does_not_know_any_more(self, source: Connection, receive: Receive) -> None:
        with pytest.raises(CannotRepair, match="There is no transaction"):
            receive(a_difference(source))

    def test_more_than_a_delivery_may_have(
        self, source: Connection, there: There, receive: Receive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiving, "LARGEST", 100)
        there_is(there)
        with pytest.raises(CannotRepair, match="more than 2 MB"):
            receive(a_difference(source))
        assert not Delivery.objects.exists()

    def test_no_endpoint_for_its_kind(self, source: Connection, there: There, receive: Receive) -> None:
        Endpoint.objects.update(kind=Kind.CREDIT_NOTE)
        with pytest.raises(CannotRepair, match=r"No endpoint of .* takes this kind"):
            receive(a_difference(source))
        assert there.asked == []

    def test_a_company_that_is_not_live(self, source: Connection, there: There, receive: Receive) -> None:
        Company.objects.update(live_at=None)
        with pytest.raises(CannotRepair, match="is not live yet"):
            receive(a_difference(source))

    def test_an_error_of_ours_is_kept_with_its_delivery(
        self, source: Connection, there: There, receive: Receive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr(receiving, "accept", broken)
        there_is(there)
        with pytest.raises(ZeroDivisionError):
            receive(a_difference(source))
        delivery = Delivery.objects.get()
        assert (delivery.verdict, "secret" in delivery.reason) == ("failed", False)
        assert found() == {("never_received", ID)}

    def test_transaction_verdict_and_difference_are_written_together_or_not_at_all(
        self, on_ledger: Connection, there: There, receive: Receive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(receiving, "close", broken)
        there_is(there)
        with pytest.raises(ZeroDivisionError):
            receive(a_difference(on_ledger))
        assert (Transaction.objects.count(), Entry.objects.count()) == (0, 0)
        assert (Delivery.objects.get().verdict, found()) == ("failed", {("never_received", ID)})


class TestExactlyOnce:
    def test_pressed_again_it_is_resolved_already(self, source: Connection, there: There, receive: Receive) -> None:
        there_is(there)
        difference = a_difference(source)
        receive(difference)
        with pytest.raises(CannotRepair, match="is resolved already"):
            receive(difference)
        assert (Delivery.objects.count(), Posting.objects.count(), there.count("fetch")) == (1, 1, 1)

    @pytest.mark.parametrize(
        ("members", "sentence", "verdict"),
        [
            ({}, "It had come in meanwhile, as P-000001.", "repeated"),
            (
                {"Lines": [a_line(Net=money(110), Vat=money(22), Gross=money(132))]},
                "It had come in meanwhile, as P-000001, with other content. Nothing was changed; look at it.",
                "contested",
            ),
        ],
    )
    def test_what_came_in_meanwhile_is_not_booked_again(
        self, source: Connection, there: There, receive: Receive, members: Any, sentence: str, verdict: str
    ) -> None:
        transaction = a_transaction(Id=ID)
        sent = post(body(transaction))
        put(Posting.objects.get(), "posted", attempts_made=1)
        there.bodies[ID] = body({**transaction, **members})
        assert (sent, receive(a_difference(source))) == (200, sentence)
        assert [one.verdict for one in Delivery.objects.order_by("pk")] == ["accepted", verdict]
        assert (Posting.objects.count(), found()) == (1, set())

    def test_the_webhook_after_all_gets_the_same_number(
        self, source: Connection, there: There, receive: Receive
    ) -> None:
        content = there_is(there)
        receive(a_difference(source))
        assert post(content) == 200
        assert (Posting.objects.count(), Transaction.objects.get().answered_number) == (1, "P-000001")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("books", ["source", "on_ledger"])
def test_pressed_by_four_while_the_webhook_comes_four_times(
    there: There, staff: User, books: str, request: pytest.FixtureRequest
) -> None:
    source: Connection = request.getfixturevalue(books)
    content = there_is(there)
    difference = a_difference(source)
    token = issue_token(Endpoint.objects.get(), who="tests")
    start, told = threading.Barrier(8), list[object]()
    there.before = lambda _: start.wait(20)

    def press() -> None:
        row = SourceDifference.objects.select_related("connection__company").get(pk=difference.pk)
        try:
            told.append(repairs.receive(row, user=staff, why=WHY, ring=lambda *_: None))
        finally:
            database.close()

    def send() -> None:
        start.wait(20)
        told.append(post(content, token))
        database.close()

    threads = [threading.Thread(target=work) for work in [press, send] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sentences = {"Received as P-000001.", "It had come in meanwhile, as P-000001."}
    assert (len(told), set(told) - sentences) == (8, {200})
    assert (Transaction.objects.count(), Posting.objects.count(), found()) == (1, 1, set())
    assert Entry.objects.count() == (1 if books == "on_ledger" else 0)
    verdicts = list(Delivery.objects.values_list("verdict", flat=True))
    assert sorted(verdicts) == ["accepted", *["repeated"] * 7]


class TestVoidAndDismiss:
    @pytest.mark.parametrize(
        ("state", "fields", "why"),
        [
            ("posted", {}, "must be reversed in the accounting system"),
            ("ready", {}, "under way"),
            ("unknown", {}, "under way"),
            ("void", {}, "no posting left"),
            ("held", {"may_exist": True}, "may be in the books already"),
            ("held", {}, ""),
            ("rejected", {}, ""),
        ],
    )
    def test_only_what_never_reached_the_books_is_voided(
        self, source: Connection, staff: User, state: str, fields: dict[str, Any], why: str
    ) -> None:
        posting = holding(source, ID)
        put(posting, state, **fields)
        difference = a_difference(source, kind="deleted", transaction=posting.transaction)
        if why:
            with pytest.raises(CannotRepair, match=why):
                repairs.void(difference, user=staff, why="It was ordered twice.")
        else:
            repairs.void(difference, user=staff, why="It was ordered twice.")
        posting.refresh_from_db()
        difference.refresh_from_db()
        expected = (state, "open", "") if why else ("void", "resolved", "Voided: It was ordered twice.")
        assert (posting.state, difference.state, difference.closed_why) == expected

    @pytest.mark.parametrize("kind", SourceDifferenceKind)
    def test_dismissed_with_a_reason(self, source: Connection, staff: User, kind: str) -> None:
        difference = a_difference(source, kind=kind)
        repairs.dismiss(difference, user=staff, why="Reversed as JNL-000009.")
        difference.refresh_from_db()
        assert (difference.state, difference.closed_by, difference.closed_why) == (
            "dismissed", staff, "Dismissed: Reversed as JNL-000009.",
        )  # fmt: skip
        with pytest.raises(CannotRepair, match="is dismissed already"):
            repairs.dismiss(difference, user=staff, why="Again.")

    @pytest.mark.parametrize("name", ["receive", "void", "dismiss"])
    def test_nothing_without_a_reason(self, source: Connection, staff: User, name: str) -> None:
        more = {"ring": lambda *_: None} if name == "receive" else {}
        with pytest.raises(CannotRepair, match="Say why"):
            getattr(repairs, name)(a_difference(source), user=staff, why=" ", **more)

    def test_each_kind_has_its_own_repair(self, source: Connection) -> None:
        never, deleted = a_difference(source), a_difference(source, kind="deleted")
        assert repairs.why_not(never, "void") == "Only what the source has deleted is voided from here."
        assert repairs.why_not(deleted, "receive") == "Only what was never received can be received now."
        assert Stage.DELETED.value == deleted.kind


def post(content: bytes, token: str = "") -> int:
    """As the source sends it."""
    endpoint = Endpoint.objects.get()
    response = Client().post(
        f"/webhooks/icompleat/{endpoint.pk}/",
        content,
        content_type="application/json",
        headers={"x-api-compleat-token": token or issue_token(endpoint, who="tests")},
    )
    return response.status_code
