"""Gapless numbers, whatever is rolled back and whoever writes at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from unittest.mock import Mock

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.models import F
from django.db.transaction import atomic, get_rollback, set_rollback

from integrations import documents
from integrations.errors import Misconfigured, Rejected
from ledger.models import Books, Counter, Entry, EntryAllocation, EntryLine, Supplier
from ledger.services import open_books, post_document, reverse, trial_balance, writing
from tests.factories import a_document, a_line
from tests.ledger.booked import key, money, post, sold

pytestmark = pytest.mark.engine
THREADS, POSTINGS = 4, 25


def in_threads(work: Callable[[int], None]) -> list[Exception]:
    """Run `work(0)` to `work(3)` side by side, each on its own connection; give what they raised."""
    raised: list[Exception] = []
    start = threading.Barrier(THREADS)

    def run(index: int) -> None:
        try:
            start.wait(10)
            work(index)
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return raised


@pytest.fixture
def shared_books(transactional_db: None) -> Books:
    """Committed books, which every connection sees."""
    return open_books("Northgate Training Ltd", "GBP")


def numbers() -> list[str]:
    """All numbers in the order of their sequence."""
    return list(Entry.objects.order_by("sequence").values_list("number", flat=True))


def test_four_writers_leave_no_gap(shared_books: Books) -> None:
    def work(index: int) -> None:
        for count in range(POSTINGS):
            with atomic():
                post_document(shared_books, a_document(), key(f"{index}/{count}"), "P-000001")

    assert in_threads(work) == []
    assert numbers() == [f"JNL-{n:06d}" for n in range(1, THREADS * POSTINGS + 1)]
    assert trial_balance(shared_books).debit == 120 * THREADS * POSTINGS


def test_writers_that_roll_back_leave_no_gap(shared_books: Books) -> None:
    def work(index: int) -> None:
        for count in range(12):
            with atomic():
                post_document(shared_books, a_document(), key(f"{index}/{count}"), "P-000001")
                set_rollback(count % 3 == 0)

    assert in_threads(work) == []
    assert numbers() == [f"JNL-{n:06d}" for n in range(1, THREADS * 8 + 1)]
    assert Counter.objects.get(series="JNL").last == THREADS * 8


def test_one_key_from_four_writers_is_one_entry(shared_books: Books) -> None:
    seen: list[str] = []

    def work(index: int) -> None:
        for count in range(5):
            with atomic():
                seen.append(post_document(shared_books, a_document(), key(f"same-{count}"), f"P-{index}").number)

    assert in_threads(work) == []
    assert sorted(seen) == sorted([f"JNL-{n:06d}" for n in range(1, 6)] * THREADS)
    assert (numbers(), Counter.objects.get(series="JNL").last) == ([f"JNL-{n:06d}" for n in range(1, 6)], 5)


def test_a_new_supplier_from_four_writers_is_one_supplier(shared_books: Books) -> None:
    def work(index: int) -> None:
        with atomic():
            post_document(shared_books, a_document(), key(f"{index}"), "P-000001")

    assert in_threads(work) == []
    assert Supplier.objects.get().entries.count() == THREADS


def test_an_invoice_is_settled_once_by_four_payments(shared_books: Books) -> None:
    """Each wants more than a quarter of it, so one of them finds too little: what is open is looked at under a lock."""
    invoice = post(shared_books, sold("100.00"), "invoice")

    def work(index: int) -> None:
        with atomic():
            post(shared_books, money("30.00", ("30.00", invoice)), f"{index}")

    (raised,) = in_threads(work)
    assert isinstance(raised, Rejected)
    assert "10.00 GBP is open" in raised.message
    assert sum(one.amount for one in EntryAllocation.objects.all()) == 90
    assert numbers() == [f"JNL-{n:06d}" for n in range(1, 5)]


def test_one_payment_from_four_writers_is_one_payment(shared_books: Books) -> None:
    invoice = post(shared_books, sold("100.00"), "invoice")
    seen: list[str] = []

    def work(index: int) -> None:
        with atomic():
            seen.append(post(shared_books, money("100.00", ("100.00", invoice)), "payment").number)

    assert in_threads(work) == []
    assert seen == ["JNL-000002"] * THREADS
    assert EntryAllocation.objects.count() == 1


def test_what_is_reversed_is_not_settled_afterwards(shared_books: Books) -> None:
    invoices = [post(shared_books, sold("10.00"), f"invoice-{index}") for index in range(8)]

    def work(index: int) -> None:
        for invoice in invoices:
            with suppress(Rejected), atomic():
                if index % 2:
                    reverse(invoice, "Raised twice", invoice.date)
                else:
                    post(shared_books, money("10.00", ("10.00", invoice)), f"{invoice.pk}/{index}")

    assert in_threads(work) == []
    too_late = EntryAllocation.objects.filter(entry__sequence__gt=F("settled__reversal__sequence"))
    assert not too_late.exists(), "settled after it was reversed"
    assert Entry.objects.filter(kind="reversal").count() == 8
    assert numbers() == [f"JNL-{n:06d}" for n in range(1, Entry.objects.count() + 1)]


def test_a_key_that_is_there_gives_the_number_back(books: Books) -> None:
    """Nobody looks before; the unique constraint tells. A supplier that was made for it is not made either."""
    first = post_document(books, a_document(), key(), "P-000001")
    assert post_document(books, a_document(), key(), "P-000002").pk == first.pk
    somebody_else = a_document(party=documents.Supplier(code="NEW01", name="Somebody else"))
    assert post_document(books, somebody_else, key(), "P-000003").pk == first.pk
    assert (Entry.objects.count(), Counter.objects.get(series="JNL").last) == (1, 1)
    assert [supplier.code for supplier in Supplier.objects.all()] == ["CROWN01"]
    assert post_document(books, a_document(), key("next"), "P-000004").number == "JNL-000002"


def test_what_is_booked_already_is_not_judged_anew(books: Books) -> None:
    first = post_document(books, a_document(), key(), "P-000001")
    books.closed_through = date(2099, 12, 31)
    assert post_document(books, a_document(), key(), "P-000001").pk == first.pk
    with pytest.raises(Rejected, match="closed period"):
        post_document(books, a_document(), key("another"), "P-000002")


def test_a_number_that_was_used_before_is_an_error(books: Books) -> None:
    """A counter that somebody turned back: never another entry's number, and never another entry as the answer."""
    post_document(books, a_document(), key("a"), "P-000001")
    Counter.objects.filter(books=books, series="JNL").update(last=0)
    with pytest.raises(IntegrityError, match="repeats a number"), atomic():
        post_document(books, a_document(), key("b"), "P-000002")
    assert numbers() == ["JNL-000001"]


def test_an_error_between_entry_and_lines_leaves_nothing(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "insert", Mock(side_effect=OperationalError("The disk is full.")))
    with pytest.raises(OperationalError), atomic():
        post_document(books, a_document(), key(), "P-000001")
    assert (Entry.objects.count(), Supplier.objects.count()) == (0, 0)
    assert Counter.objects.get(series="JNL").last == 0


def test_an_error_of_the_database_is_not_half_a_posting_for_a_caller_who_goes_on(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no savepoint of the ledger's own: the transaction that holds half of an entry cannot be committed."""
    Supplier.objects.create(books=books, code="CROWN01", name="Crown")
    monkeypatch.setattr(writing, "insert", Mock(side_effect=OperationalError("The disk is full.")))
    with atomic():
        with pytest.raises(OperationalError):
            post_document(books, a_document(), key(), "P-000001")
        assert get_rollback()
    assert Entry.objects.count() == 0


def test_a_refusal_in_the_callers_transaction_leaves_the_rest(books: Books) -> None:
    with atomic():
        post_document(books, a_document(), key("a"), "P-000001")
        with pytest.raises(Rejected):
            post_document(books, a_document(lines=(a_line(account_code="9999"),)), key("b"), "P-000002")
        post_document(books, a_document(), key("c"), "P-000003")
    assert numbers() == ["JNL-000001", "JNL-000002"]
    assert EntryLine.objects.count() == 6


def test_a_number_longer_than_its_form_is_not_cut(books: Books) -> None:
    Counter.objects.filter(books=books, series="JNL").update(last=999_999)
    assert post_document(books, a_document(), key(), "P-000001").number == "JNL-1000000"


def test_books_that_were_not_opened_properly_say_so(books: Books) -> None:
    Counter.objects.filter(books=books).delete()
    with pytest.raises(Misconfigured, match="no number series JNL"):
        post_document(books, a_document(), key(), "P-000001")
    assert Supplier.objects.count() == 0
