"""The same real payment, entered by people on both sides, is one payment; whichever of the two is seen first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from integrations.documents import Kind
from integrations.errors import OutcomeUnknown, Rejected
from portal.postings.models import Pair, Posting
from tests.settlements.shop import DAY, Shop
from tests.settlements.till import Till

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
ALREADY = "There already: somebody entered it by hand. Nothing was sent."


def states(shop: Shop) -> list[tuple[str, str | None]]:
    """State and external id of everything that is no invoice, in the order of making."""
    rows = Posting.objects.exclude(kind=Kind.SALES_INVOICE).order_by("pk")
    return list(rows.values_list("state", "external_id"))


def one_each(shop: Shop, kind: Kind = Kind.PAYMENT, count: int = 1) -> None:
    """So many on either side, and nothing is open."""
    assert (len(shop.in_till(kind)), len(shop.in_books(kind))) == (count, count)
    assert {state for state, _ in states(shop)} == {"posted"}


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.REFUND])
def test_entered_on_both_sides_and_read_from_the_till_first(shop: Shop, kind: Kind) -> None:
    shop.sell()
    if kind is Kind.REFUND:
        shop.comes(shop.ring_up("50.00"))
    there = shop.ring_up("20.00", kind=kind)
    entry = shop.record("20.00", kind=kind, day=DAY - timedelta(days=3))
    posting = shop.comes(there)
    assert (posting.state, posting.external_id, posting.external_number) == ("posted", str(entry.pk), entry.number)
    assert posting.reason == ALREADY
    assert [one.why for one in posting.transitions.all()] == ["", ALREADY]
    shop.read()
    shop.work()
    assert shop.back() == []
    one_each(shop, kind)


def test_entered_on_both_sides_and_read_from_the_books_first(shop: Shop) -> None:
    shop.sell()
    there = shop.ring_up()
    entry = shop.record(day=DAY + timedelta(days=10))
    shop.read()
    shop.work()
    (back,) = shop.back()
    assert (back.state, back.external_id, back.reason) == ("posted", there.number, ALREADY)
    posting = shop.comes(there)
    assert (posting.state, posting.external_id) == ("posted", str(entry.pk))
    assert posting.reason == f"There already: it is the same as {entry.number} there, which is known. Nothing was sent."
    one_each(shop)


def test_both_are_read_before_either_is_sent(shop: Shop) -> None:
    shop.sell()
    there = shop.ring_up()
    entry = shop.record()
    shop.read()
    posting = shop.comes(there)
    shop.work()
    assert (posting.state, posting.external_id) == ("posted", str(entry.pk))
    one_each(shop)
    assert Pair.objects.count() == 1


def test_equal_instalments_are_two(shop: Shop) -> None:
    shop.sell()
    first, second = shop.ring_up(), shop.ring_up()
    entries = [shop.record(), shop.record()]
    shop.read()
    postings = [shop.comes(one) for one in (second, first)]
    shop.work()
    assert {one.external_id for one in postings} == {str(one.pk) for one in entries}
    one_each(shop, count=2)


def test_of_two_instalments_one_is_on_one_side_only(shop: Shop) -> None:
    shop.sell()
    first = shop.ring_up()
    shop.comes(first)
    shop.record()
    shop.read()
    shop.work()
    one_each(shop, count=2)


def test_another_amount_is_another_payment(shop: Shop) -> None:
    shop.sell()
    shop.record("50.00")
    posting = shop.comes(shop.ring_up("50.01"))
    assert (posting.state, posting.reason) == ("posted", "")


def test_the_same_on_another_invoice_is_another_payment(shop: Shop) -> None:
    shop.sell("i1")
    shop.sell("i2")
    shop.record("50.00", "i1")
    posting = shop.comes(shop.ring_up(invoice="i2"))
    assert (posting.state, posting.reason) == ("posted", "")


def test_a_transfer_for_two_invoices_is_found_invoice_by_invoice(shop: Shop) -> None:
    shop.sell("i1")
    shop.sell("i2")
    entry = shop.record("50.00", "i1", "i2")
    first, second = shop.comes(shop.ring_up(invoice="i1")), shop.comes(shop.ring_up(invoice="i2"))
    assert [first.external_id, second.external_id] == [str(entry.pk), f"{entry.pk}/i2"]
    shop.read()
    shop.work()
    assert len(shop.in_till()) == 2
    assert shop.back() == []


def test_of_a_transfer_for_two_invoices_one_was_entered_in_the_till(shop: Shop) -> None:
    shop.sell("i1")
    shop.sell("i2")
    shop.record("50.00", "i1", "i2")
    shop.comes(shop.ring_up(invoice="i2"))
    shop.read()
    shop.work()
    assert sorted(one.invoice for one in shop.in_till()) == ["i1", "i2"]
    assert [one.transaction.identity.rpartition("/")[2] for one in shop.back()] == ["i1"]


def test_eleven_days_apart_a_person_is_asked(shop: Shop) -> None:
    shop.sell()
    entry = shop.record(day=DAY - timedelta(days=11))
    posting = shop.comes(shop.ring_up())
    assert (posting.state, posting.attempts_made, posting.reason_field) == ("held", 0, "twin")
    assert posting.reason == (
        f"There is a payment of the same amount from 9 Nov 2026 there already ({entry.number}). Is it the same one?"
    )
    assert len(shop.in_books()) == 1


def test_far_apart_with_one_reference_nobody_is_asked(shop: Shop) -> None:
    shop.sell()
    shop.record(day=DAY - timedelta(days=18), note="FPS  4711")
    assert shop.comes(shop.ring_up(reference="fps 4711")).reason == ALREADY


def test_a_word_is_no_reference(shop: Shop) -> None:
    shop.sell()
    shop.record(day=DAY - timedelta(days=18), note="Payment")
    assert shop.comes(shop.ring_up()).state == "held"


def test_what_would_pay_too_much_waits_an_hour_and_then_for_a_person(shop: Shop, clock: time_machine.Traveller) -> None:
    shop.sell(gross="120.00")
    shop.record("100.00")
    posting = shop.comes(shop.ring_up("30.00"))
    assert (posting.state, posting.attempts_made) == ("ready", 0)
    clock.shift(timedelta(hours=1, seconds=1))
    shop.work()
    posting.refresh_from_db()
    assert (posting.state, posting.reason_field) == ("held", "too_much")
    assert posting.reason == (
        "Of sales invoice INV-i1 only 20.00 GBP is left there for a payment of 30.00. Was it entered there by hand?"
    )
    assert len(shop.in_books()) == 1


def test_a_refund_that_comes_before_its_payment_waits_for_room(shop: Shop) -> None:
    shop.sell()
    payment, refund = shop.ring_up("120.00"), shop.ring_up("120.00", kind=Kind.REFUND)
    late = shop.comes(refund)
    assert late.state == "ready"
    shop.comes(payment)
    shop.work()
    one_each(shop)
    one_each(shop, Kind.REFUND)


def test_what_is_being_written_in_the_other_direction_is_waited_for(shop: Shop) -> None:
    """While the till takes a payment of the books, somebody types it in there: that one waits, and is then another."""
    shop.sell()
    shop.record("50.00")
    shop.read()
    seen: list[Posting] = []

    def meanwhile() -> None:
        shop.drawer.before = lambda: None
        seen.append(shop.comes(shop.ring_up("50.00")))

    shop.drawer.before = meanwhile
    shop.work()
    (posting,) = seen
    assert (posting.state, posting.external_id) == ("ready", None)
    assert posting.reason == (
        "It looks like a payment that is on its way in the other direction. It waits for what becomes of it."
    )
    shop.work()
    assert len(shop.in_till()) == 2
    assert len(shop.in_books()) == 2


def test_a_lost_answer_is_looked_up_and_not_taken_for_somebody_s_own(shop: Shop, clock: time_machine.Traveller) -> None:
    shop.sell()
    shop.record()
    shop.read()
    shop.drawer.after = _unclear
    shop.work()
    assert shop.back()[0].state == "unknown"
    shop.drawer.after = lambda: None
    clock.shift(timedelta(seconds=30))
    shop.work()
    one_each(shop)


def test_what_was_refused_there_may_be_entered_by_hand(shop: Shop) -> None:
    shop.sell()
    shop.record()
    shop.read()
    shop.drawer.before = _refused
    shop.work()
    assert shop.back()[0].state == "rejected"
    shop.drawer.before = lambda: None
    posting = shop.comes(shop.ring_up())
    assert (posting.state, posting.reason) == ("posted", ALREADY)
    assert len(shop.in_books()) == 1


def test_the_till_is_asked_before_each_sending(shop: Shop) -> None:
    """What was tried in vain once may have been entered meanwhile."""
    shop.sell()
    shop.record()
    shop.read()
    shop.drawer.before = _refused
    shop.work()
    shop.drawer.before = lambda: None
    there = shop.ring_up()
    back = shop.back()[0]
    Posting.objects.filter(pk=back.pk).update(state="ready")
    shop.work()
    back.refresh_from_db()
    assert (back.state, back.external_id) == ("posted", there.number)
    assert len(shop.in_till()) == 1


def test_a_till_that_cannot_be_asked_is_sent_to(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Till, "can", replace(Till.can, tells_settlements_of=False))
    shop.sell()
    shop.record()
    shop.read()
    shop.work()
    one_each(shop)


def _unclear() -> None:
    raise OutcomeUnknown("The answer was lost.")


def _refused() -> None:
    raise Rejected("Not today.")
