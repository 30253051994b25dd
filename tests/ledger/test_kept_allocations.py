"""What the databases and the models refuse of allocations and of whom an entry is with, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.db.transaction import atomic

from ledger.models import Books, EntryAllocation, EntryIsFinal
from tests.factories import a_document
from tests.ledger.booked import money, post, sold
from tests.ledger.test_constraints import entry_like, insert

pytestmark = pytest.mark.engine


@pytest.fixture
def allocation(books: Books) -> EntryAllocation:
    """60.00 of a payment over 100.00 for an invoice over 100.00."""
    invoice = post(books, sold(), "invoice")
    return post(books, money("100.00", ("60.00", invoice)), "payment").allocations.get()


BAD_ALLOCATIONS: dict[str, dict[str, Any]] = {
    "nothing": {"amount": 0},
    "less than nothing": {"amount": -1},
    "a position twice": {"position": 1},
    "no entry": {"entry_id": None},
    "nothing that is settled": {"settled_id": None},
}


@pytest.mark.parametrize("name", BAD_ALLOCATIONS)
def test_the_database_refuses_an_allocation_that_cannot_be(allocation: EntryAllocation, name: str) -> None:
    with pytest.raises(IntegrityError), atomic():
        insert(allocation, **{"position": 2, **BAD_ALLOCATIONS[name]})
    with pytest.raises(IntegrityError), atomic():
        insert(allocation, position=2, settled_id=allocation.entry_id)
    assert EntryAllocation.objects.count() == 1


def test_an_entry_is_with_a_supplier_or_with_a_customer(books: Books) -> None:
    bought, theirs = post(books, a_document(), "bought"), post(books, sold(), "sold")
    assert (bought.customer, theirs.supplier) == (None, None)
    assert (bought.party, theirs.party) == (bought.supplier, theirs.customer)
    for changes in ({"customer_id": theirs.customer_id}, {"supplier_id": None}):
        with pytest.raises(IntegrityError, match="entry_has_one_party"), atomic():
            entry_like(bought, sequence=3, number="JNL-000003", **changes)()


def test_the_models_refuse_every_change_of_an_allocation(allocation: EntryAllocation) -> None:
    changes: list[Callable[[], Any]] = [
        allocation.save,
        allocation.delete,
        lambda: EntryAllocation.objects.update(amount=1),
        EntryAllocation.objects.all().delete,
    ]
    for change in changes:
        with pytest.raises(EntryIsFinal):
            change()
    assert EntryAllocation.objects.count() == 1


def test_customers_with_entries_stay(allocation: EntryAllocation) -> None:
    with pytest.raises(ProtectedError):
        allocation.entry.party.delete()
