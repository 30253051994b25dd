"""Taking documents in: once for ever, with gapless numbers, and the table of what comes again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from integrations.documents import Document
from ledger.models import Entry
from portal.connections.models import Connection
from portal.postings.accept import Taken
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, NumberSeries, Posting, Revision, Transaction, Transition
from portal.postings.states import State
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
        connection = LedgerConnectionFactory.create(
            defaults={"account_code": "7502", "tax_code": "T1", "supplier_code": "S1"}
        )
        accepted(connection, a_document(lines=(a_line(account_code=None, tax_code=None),)))
        assert Posting.objects.get().state == State.POSTED
        assert Entry.objects.get().lines.filter(account__code="7502").exists()

    def test_a_rejected_one_is_due_again_when_it_comes_again(self) -> None:
        connection = LedgerConnectionFactory.create()
        document = a_document(lines=(a_line(account_code=None),))
        accepted(connection, document)
        Connection.objects.filter(pk=connection.pk).update(defaults={"account_code": "7502"})
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
def test_many_deliveries_at_once_make_one_transaction_each_and_numbers_without_a_gap() -> None:
    connection = LedgerConnectionFactory.create()
    documents = [a_document() for _ in range(10)]

    def deliver(document: Document) -> Taken:
        try:
            return accepted(connection, document).taken
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(deliver, documents * 5))
    assert taken.count(Taken.NEW) == 10
    assert taken.count(Taken.REPEATED) == 40
    assert sorted(Transaction.objects.values_list("number", flat=True)) == [f"P-{n:06d}" for n in range(1, 11)]
    assert Entry.objects.count() == 10
    assert NumberSeries.objects.get().last == 10


def _dearer(document: Document) -> Document:
    line = a_line(net=Decimal("110.00"), tax=Decimal("22.00"), gross=Decimal("132.00"))
    return replace(document, lines=(line,), net=line.net, tax=line.tax, gross=line.gross)
