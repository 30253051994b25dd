"""Taking documents in: once for ever, with gapless numbers, and the table of what comes again."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock

import pytest
from django.db import connections
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Document
from ledger.models import Entry
from portal.connections.models import Connection
from portal.postings import turns
from portal.postings.accept import Taken
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, NumberSeries, Posting, Revision, Transaction, Transition
from portal.postings.states import State
from portal.reference.rules import defaults, to_json
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory, a_document, a_line, accepted

pytestmark = [pytest.mark.engine]


@pytest.mark.django_db
class TestTheLedgerBooksInside:
    def test_an_invoice_is_posted_when_accept_returns(self) -> None:
        connection = LedgerConnectionFactory.create()
        acceptance = accepted(connection)
        posting = Posting.objects.get()
        assert acceptance.taken is Taken.NEW
        assert (posting.state, posting.external_number) == (State.POSTED, "JNL-000001")
        assert posting.transaction.number == "P-000001"
        entry = Entry.objects.get()
        assert (str(entry.pk), entry.reference, entry.gross) == (posting.external_id, "P-000001", Decimal("120.00"))
        assert [(t.before, t.after, t.who) for t in Transition.objects.all()] == [
            ("", "ready", "intake"),
            ("ready", "posted", "intake"),
        ]
        assert [(a.number, a.purpose, a.outcome) for a in Attempt.objects.all()] == [(1, "send", "Posted")]

    def test_a_refusal_keeps_transaction_and_number_and_books_nothing(self) -> None:
        connection = LedgerConnectionFactory.create()
        accepted(connection, a_document(lines=(a_line(account_code="9999"),)))
        posting = Posting.objects.get()
        assert posting.state == State.REJECTED
        assert "9999" in posting.reason
        assert "ine 1" in posting.reason
        assert posting.transaction.number == "P-000001"
        assert not Entry.objects.exists()

    def test_a_missing_code_comes_from_the_defaults(self) -> None:
        connection = LedgerConnectionFactory.create(mapping=to_json(defaults(account="7502", tax="T1", supplier="S1")))
        accepted(connection, a_document(lines=(a_line(account_code=None, tax_code=None),)))
        assert Posting.objects.get().state == State.POSTED
        assert Entry.objects.get().lines.filter(account__code="7502").exists()

    def test_a_rejected_one_is_due_again_when_it_comes_again(self) -> None:
        connection = LedgerConnectionFactory.create()
        document = a_document(lines=(a_line(account_code=None),))
        accepted(connection, document)
        Connection.objects.filter(pk=connection.pk).update(mapping=to_json(defaults(account="7502")))
        acceptance = accepted(Connection.objects.get(pk=connection.pk), document)
        assert acceptance.taken is Taken.REPEATED
        posting = Posting.objects.get()
        assert (posting.state, posting.attempts_made, posting.transaction.number) == (State.POSTED, 2, "P-000001")


@pytest.mark.django_db
class TestTheSameTransactionAgain:
    def test_the_same_content_changes_nothing(self) -> None:
        connection, document = LedgerConnectionFactory.create(), a_document()
        accepted(connection, document)
        again = accepted(connection, replace(document, title="Another title", net=Decimal(100)))
        assert again.taken is Taken.REPEATED
        assert (Transaction.objects.count(), Posting.objects.count(), Entry.objects.count()) == (1, 1, 1)
        assert NumberSeries.objects.get().last == 1

    def test_changed_content_after_sending_is_contested_with_its_difference(self) -> None:
        connection, document = LedgerConnectionFactory.create(), a_document()
        accepted(connection, document)
        changed = _dearer(document)
        again = accepted(connection, changed)
        accepted(connection, changed)
        assert again.taken is Taken.CONTESTED
        revision = Revision.objects.get()
        assert revision.state == "contested"
        assert ["gross", "120", "132"] in [
            [f, *(str(Decimal(v)) for v in pair)] for f, *pair in revision.differences if f == "gross"
        ]
        assert Posting.objects.get().state == State.POSTED
        assert Entry.objects.get().gross == Decimal("120.00")
        assert "P-000001" in again.reason

    def test_changed_content_before_sending_is_a_new_revision_with_the_same_number(self) -> None:
        connection, document = DemoConnectionFactory.create(), a_document()
        accepted(connection, document)
        again = accepted(connection, _dearer(document))
        transaction = Transaction.objects.get()
        assert again.taken is Taken.REVISED
        assert (transaction.revision, transaction.gross, transaction.number) == (2, Decimal("132.00"), "P-000001")
        assert Revision.objects.get().state == "superseded"
        assert Posting.objects.get().state == State.READY

    def test_in_flight_with_changed_content_is_contested(self) -> None:
        connection, document = DemoConnectionFactory.create(), a_document()
        posting = accepted(connection, document).posting
        Posting.objects.filter(pk=posting.pk).update(attempts_made=1)
        assert accepted(connection, _dearer(document)).taken is Taken.CONTESTED
        assert Transaction.objects.get().gross == Decimal("120.00")

    def test_what_staff_marked_as_posted_is_contested_although_it_was_never_sent(self) -> None:
        connection, document = DemoConnectionFactory.create(), a_document()
        posting = accepted(connection, document).posting
        with maintenance():
            Posting.objects.filter(pk=posting.pk).update(
                state="posted", external_id="marked:1", posted_at=timezone.now(), next_attempt_at=None
            )
        assert accepted(connection, _dearer(document)).taken is Taken.CONTESTED

    def test_other_kinds_and_other_companies_are_other_transactions(self) -> None:
        document = a_document()
        accepted(LedgerConnectionFactory.create(), document)
        accepted(LedgerConnectionFactory.create(), document)
        assert [t.number for t in Transaction.objects.order_by("pk")] == ["P-000001", "P-000001"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("factory,entries", [(LedgerConnectionFactory, 10), (DemoConnectionFactory, 0)])
def test_many_deliveries_at_once_make_one_transaction_each_and_numbers_without_a_gap(
    factory: Any, entries: int
) -> None:
    connection = factory.create()
    documents = [a_document() for _ in range(10)]

    def deliver(document: Document) -> Taken:
        try:
            return accepted(connection, document).taken
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(deliver, [document for document in documents for _ in range(5)]))
    assert taken.count(Taken.NEW) == 10
    assert taken.count(Taken.REPEATED) == 40
    assert sorted(Transaction.objects.values_list("number", flat=True)) == [f"P-{n:06d}" for n in range(1, 11)]
    assert Entry.objects.count() == entries
    assert NumberSeries.objects.get().last == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("factory", [LedgerConnectionFactory, DemoConnectionFactory])
def test_two_deliveries_of_a_new_document_at_the_same_moment_take_one_number(
    factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks before the first is committed, and waits for the series: the unique key decides."""
    connection, document = factory.create(), a_document()
    accepted(connection)
    monkeypatch.setattr(turns, "_locks", [MagicMock() for _ in range(64)])
    with ThreadPoolExecutor(1) as pool:

        def second() -> Taken:
            try:
                return accepted(connection, document).taken
            finally:
                connections.close_all()

        with atomic():
            first = accepted(connection, document).taken
            waiting = pool.submit(second)
            with contextlib.suppress(TimeoutError):
                waiting.result(0.3)
        assert (first, waiting.result(20)) == (Taken.NEW, Taken.REPEATED)
    assert list(Transaction.objects.order_by("pk").values_list("number", flat=True)) == ["P-000001", "P-000002"]
    assert NumberSeries.objects.get().last == 2


class TestTurns:
    def test_one_company_after_the_other_and_another_one_beside(self) -> None:
        one, other = uuid.UUID(int=0), uuid.UUID(int=1)
        entered = []
        with turns.turn(one), ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(_in_turn, one, lambda: entered.append("one"))
            pool.submit(_in_turn, other, lambda: entered.append("other")).result(20)
            assert (entered, waiting.done()) == (["other"], False)
            turns._locks[hash(one) % 64].release()
            waiting.result(20)
            turns._locks[hash(one) % 64].acquire()
        assert entered == ["other", "one"]

    def test_who_waits_for_too_long_goes_on_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
        one, entered = uuid.UUID(int=0), []
        with turns.turn(one), ThreadPoolExecutor(1) as pool:
            pool.submit(_in_turn, one, lambda: entered.append("one")).result(20)
        assert entered == ["one"]
        with turns.turn(one):  # it was given back, and only once
            assert turns._locks[hash(one) % 64].locked()


def _in_turn(company_id: uuid.UUID, body: Callable[[], None]) -> None:
    with turns.turn(company_id):
        body()


def _dearer(document: Document) -> Document:
    line = a_line(net=Decimal("110.00"), tax=Decimal("22.00"), gross=Decimal("132.00"))
    return replace(document, lines=(line,), net=line.net, tax=line.tax, gross=line.gross)
