"""A payment that somebody records in the books goes back to where its invoice came from, once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from integrations.documents import Kind
from ledger.services import reverse
from portal.postings.models import Pair, Transaction
from portal.settlements import reading
from portal.settlements.models import SettlementReader
from portal.settlements.routes import asked
from tests.settlements.shop import DAY, Shop

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def test_a_payment_in_the_books_is_entered_in_the_till(shop: Shop) -> None:
    shop.sell()
    entry = shop.record(note="BACS 20/11")
    shop.read()
    (back,) = shop.back()
    transaction = back.transaction
    assert (transaction.source, transaction.kind, transaction.external_id) == ("ledger", "payment", str(entry.pk))
    assert (transaction.gross, transaction.number, back.state) == (Decimal("50.00"), "P-000002", "ready")
    assert shop.rung == [back.pk]
    shop.work()
    (there,) = shop.in_till()
    assert (there.invoice, there.amount, there.day, there.reference) == ("i1", Decimal("50.00"), DAY, "P-000002")
    back.refresh_from_db()
    assert (back.state, back.external_id, back.reason) == ("posted", "t1", "")


def test_it_is_entered_once_however_often_it_is_read(shop: Shop) -> None:
    shop.sell()
    shop.record()
    for _ in range(3):
        shop.read()
        shop.work()
    assert len(shop.in_till()) == 1
    assert len(shop.in_books()) == 1
    assert Transaction.objects.filter(source="ledger").count() == 1


def test_what_came_from_the_till_does_not_go_back(shop: Shop) -> None:
    shop.sell()
    shop.comes(shop.ring_up())
    shop.read()
    assert shop.back() == []
    assert SettlementReader.objects.get().read == 1


def test_a_refund_goes_back_too(shop: Shop) -> None:
    shop.sell()
    shop.record("50.00")
    shop.record("20.00", kind=Kind.REFUND)
    shop.read()
    shop.work()
    shop.work()
    assert [one.amount for one in shop.in_till(Kind.REFUND)] == [Decimal("20.00")]
    assert len(shop.in_till()) == 1


def test_one_transfer_for_two_invoices_is_entered_on_each(shop: Shop) -> None:
    shop.sell("i1")
    shop.sell("i2")
    shop.record("50.00", "i1", "i2")
    shop.read()
    shop.work()
    assert [(one.invoice, one.amount) for one in shop.in_till()] == [("i1", Decimal("50.00")), ("i2", Decimal("50.00"))]
    assert {one.state for one in shop.back()} == {"posted"}


def test_what_settles_no_invoice_of_the_till_stays_in_the_books(shop: Shop) -> None:
    shop.sell()
    shop.till.integration = "icompleat"
    shop.till.save()
    shop.record()
    shop.read()
    assert shop.back() == []


def test_nothing_is_asked_where_the_till_takes_no_payments(shop: Shop, clock: time_machine.Traveller) -> None:
    shop.till.settings = {"writes": "no"}
    shop.till.save()
    shop.sell()
    shop.record()
    shop.read()
    assert not SettlementReader.objects.exists()
    assert asked(timezone.now()) == []


def test_a_till_that_takes_them_no_more_says_so_on_the_reader(shop: Shop) -> None:
    shop.sell()
    shop.read()
    shop.till.settings = {"writes": "no"}
    shop.till.save()
    shop.record()
    shop.read()
    assert shop.back() == []
    assert SettlementReader.objects.get().problem.startswith("No source of this company takes payments now")


def test_what_was_undone_before_it_was_read_never_goes(shop: Shop) -> None:
    shop.sell()
    reverse(shop.record(), "Typed twice.", DAY)
    shop.read()
    assert shop.back() == []


def test_a_pass_begins_an_hour_before_what_was_seen_last(shop: Shop, clock: time_machine.Traveller) -> None:
    shop.sell()
    shop.record()
    shop.read()
    through = SettlementReader.objects.get().read_through
    clock.shift(timedelta(hours=3))
    shop.record("10.00")
    clock.shift(timedelta(minutes=30))
    shop.read()
    reader = SettlementReader.objects.get()
    assert through is not None
    assert (reader.read_through, reader.read) == (through + timedelta(hours=3), 2)
    clock.shift(timedelta(minutes=10))
    shop.read()
    assert SettlementReader.objects.get().read == 1


def test_a_pass_that_breaks_off_moves_no_watermark(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sell()
    shop.record()
    monkeypatch.setattr(reading, "take_back", _breaks)
    shop.read()
    reader = SettlementReader.objects.get()
    assert (reader.read_through, reader.lease_token) == (None, None)
    assert reader.problem == "An error on our side: RuntimeError. The log has the details."
    monkeypatch.undo()


def test_a_pair_is_kept_of_what_was_written(shop: Shop) -> None:
    shop.sell()
    entry = shop.record()
    shop.read()
    shop.work()
    pair = Pair.objects.get()
    assert (pair.system_id, pair.source_id, pair.is_adopted) == (str(entry.pk), None, False)


def _breaks(*_: object) -> None:
    raise RuntimeError
