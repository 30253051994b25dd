"""Both directions at the same moment, with real threads: it is one payment. Telling on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from portal.postings.models import Pair, Posting
from tests.settlements.shop import Shop

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
ROUNDS = 6


def at_once(*acts: Callable[[], object]) -> None:
    """In threads of their own, which begin together."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        gate.wait(10)
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(run, act) for act in acts]:
            future.result()


def test_the_feed_and_the_way_back_at_once(shop: Shop) -> None:
    for number in range(ROUNDS):
        invoice = f"i{number}"
        shop.sell(invoice)
        there = shop.ring_up(invoice=invoice)
        shop.record("50.00", invoice)
        shop.read()
        at_once(lambda there=there: shop.comes(there), shop.work, lambda there=there: shop.comes(there))  # type: ignore[misc]
        shop.work()
        shop.work()
        assert len(shop.in_till()) == len(shop.in_books()) == number + 1
    assert set(Posting.objects.values_list("state", flat=True)) == {"posted"}
    assert Pair.objects.filter(is_adopted=True).count() == ROUNDS


def test_two_instalments_from_both_sides_at_once(shop: Shop) -> None:
    for number in range(ROUNDS):
        invoice = f"i{number}"
        shop.sell(invoice)
        first, second = shop.ring_up(invoice=invoice), shop.ring_up(invoice=invoice)
        for _ in range(2):
            shop.record("50.00", invoice)
        shop.read()
        at_once(
            lambda first=first: shop.comes(first),  # type: ignore[misc]
            lambda second=second: shop.comes(second),  # type: ignore[misc]
            shop.work,
        )
        shop.work()
        shop.work()
        assert len(shop.in_till()) == len(shop.in_books()) == 2 * (number + 1)
    assert set(Posting.objects.values_list("state", flat=True)) == {"posted"}
