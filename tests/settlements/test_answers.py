"""What a person says about a payment that may be there already counts on both sides, and is asked once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.services import reverse
from portal.postings.models import Posting
from portal.postings.repair import CannotRepair, obstacle, possible_repairs, retry, void
from portal.postings.repairing.offers import offered
from portal.postings.twins.answering import another, same
from tests.factories import StaffFactory
from tests.settlements.shop import DAY, Shop

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def staff(db: None) -> Any:
    return StaffFactory.create(username="ada")


@pytest.fixture
def held(shop: Shop) -> Posting:
    """A payment of the till; eighteen days before it stands one of the same amount in the books."""
    shop.sell()
    shop.record(day=DAY - timedelta(days=18))
    return shop.comes(shop.ring_up())


@pytest.fixture
def both(shop: Shop, held: Posting) -> tuple[Posting, Posting]:
    """The same, and the payment in the books waits to go back, with the same question."""
    shop.read()
    shop.work()
    (back,) = shop.back()
    assert (held.state, back.state) == ("held", "held")
    return held, back


def fresh(posting: Posting) -> Posting:
    return Posting.objects.select_related("transaction", "connection__company").get(pk=posting.pk)


def test_three_ways_are_offered(held: Posting) -> None:
    assert offered(held) == ("same", "another", "retry", "void")
    assert possible_repairs(held) == {"same", "another", "retry", "void"}


def test_it_is_that_one(shop: Shop, both: tuple[Posting, Posting], staff: Any) -> None:
    held, back = both
    same(held, by=staff, why="The bank's statement says so.")
    assert (fresh(held).state, fresh(held).external_id) == ("posted", str(shop.in_books()[0].pk))
    assert fresh(held).reason == "There already: The bank's statement says so."
    assert fresh(back).state == "ready"
    shop.work()
    assert (fresh(back).state, fresh(back).external_id) == ("posted", shop.in_till()[0].number)
    assert (len(shop.in_till()), len(shop.in_books())) == (1, 1)


def test_it_is_sent_all_the_same_and_so_is_the_other(shop: Shop, both: tuple[Posting, Posting], staff: Any) -> None:
    held, back = both
    another(held, by=staff, why="Two transfers.")
    shop.work()
    assert (fresh(held).state, fresh(back).state) == ("posted", "posted")
    assert (len(shop.in_till()), len(shop.in_books())) == (2, 2)


def test_said_of_the_other_side_it_counts_as_well(shop: Shop, both: tuple[Posting, Posting], staff: Any) -> None:
    held, back = both
    another(back, by=staff, why="Two transfers.")
    shop.work()
    assert (fresh(held).state, fresh(back).state) == ("posted", "posted")
    assert (len(shop.in_till()), len(shop.in_books())) == (2, 2)


def test_what_was_answered_is_not_asked_again(shop: Shop, held: Posting, staff: Any) -> None:
    another(held, by=staff, why="Two transfers.")
    shop.work()
    assert fresh(held).state == "posted"
    shop.read()
    shop.work()
    assert shop.back()[0].state == "posted"
    assert (len(shop.in_till()), len(shop.in_books())) == (2, 2)


def test_a_retry_asks_again(shop: Shop, held: Posting, staff: Any) -> None:
    retry(held, by=staff, why="Look again.")
    shop.work()
    assert (fresh(held).state, fresh(held).reason_field) == ("held", "twin")


def test_a_void_leaves_the_other_where_it_is(shop: Shop, both: tuple[Posting, Posting], staff: Any) -> None:
    held, back = both
    void(held, by=staff, why="Typed by mistake.")
    assert fresh(back).state == "held"


def test_what_was_found_to_be_another_meanwhile_is_refused(shop: Shop, held: Posting, staff: Any) -> None:
    near = shop.ring_up(day=DAY - timedelta(days=18))
    assert shop.comes(near).state == "posted"
    with pytest.raises(CannotRepair) as refused:
        same(held, by=staff, why="It is.")
    assert "was found to be another one meanwhile" in refused.value.message
    assert fresh(held).state == "held"


def test_too_much_can_only_be_sent_all_the_same(shop: Shop, clock: Any, staff: Any) -> None:
    shop.sell(gross="120.00")
    shop.record("100.00")
    posting = shop.comes(shop.ring_up("30.00"))
    clock.shift(timedelta(hours=2))
    shop.work()
    assert offered(fresh(posting)) == ("another", "retry", "void")
    another(fresh(posting), by=staff, why="It is an overpayment.")
    shop.work()
    assert fresh(posting).state == "rejected"
    assert fresh(posting).reason.startswith("Of invoice INV-i1")


def test_nothing_was_asked_of_others(shop: Shop, staff: Any) -> None:
    shop.sell()
    posting = shop.comes(shop.ring_up())
    assert obstacle(posting, "same").startswith("It was not held for a payment")
    with pytest.raises(CannotRepair):
        same(posting, by=staff, why="It is.")
    with pytest.raises(CannotRepair):
        another(posting, by=staff, why="It is not.")


def test_a_payment_that_was_undone_is_asked_about(shop: Shop, staff: Any) -> None:
    shop.sell()
    there = shop.ring_up()
    entry = shop.record()
    shop.read()
    shop.work()
    reverse(entry, "Typed in the wrong books.", DAY)
    posting = shop.comes(there)
    assert (posting.state, posting.reason_field) == ("held", "too_much")
    undone = f"It was the same as {entry.pk} there, which was undone since."
    assert posting.reason == f"{undone} Send it all the same, or void it."
    another(posting, by=staff, why="Book it.")
    shop.work()
    assert fresh(posting).state == "posted"
    assert len(shop.in_books()) == 2
