"""What a system that takes sales does: what a customer owes, to the penny, and what a payment settles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.base import AccountingSystem
from integrations.documents import SALES, Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Rejected
from tests.contract.books import SalesBooks, book
from tests.contract.description import DescriptionCases
from tests.samples import KEY, OTHER_KEY, sale

AN_HOUR = timedelta(hours=1)
THIRD_KEY = IdempotencyKey("c81e728d-9d4c-4f63-af06-7f89cc14862c")
WHOSE = "HARB01"


def for_invoice(document: Document, invoice: Posted, amount: str) -> Document:
    """A payment or a refund of which so much goes to an invoice."""
    part = Allocation(
        kind=Kind.SALES_INVOICE,
        external_id=sale().external_id,
        amount=Decimal(amount),
        number=sale().number,
        posted_as=invoice.external_id,
    )
    return replace(document, allocations=(part,))


class SalesCases(DescriptionCases):
    """For each kind of sale in `can.kinds`; a system that takes none has nothing to prove."""

    @pytest.mark.parametrize("kind", sorted(SALES))
    def test_the_same_key_twice_makes_one_sale(self, system: AccountingSystem, books: SalesBooks, kind: Kind) -> None:
        if kind in system.can.kinds:
            first = book(system, sale(kind))
            assert book(system, sale(kind)) == first
            assert books.count() == 1
            if system.can.lookup:
                assert system.find(sale(kind), key=KEY) == (first,)
                assert system.find(sale(kind), key=OTHER_KEY) == ()

    @pytest.mark.parametrize("kind", sorted(SALES))
    def test_what_was_sold_or_paid_is_read_back(self, system: AccountingSystem, kind: Kind) -> None:
        if kind in system.can.kinds:
            document = sale(kind)
            told = book(system, document)
            assert (told.net, told.tax, told.gross) == (document.net, document.tax, document.gross)
            assert (told.currency, told.date, told.supplier_code) == ("GBP", document.date, WHOSE)

    @pytest.mark.parametrize(
        ("kind", "owed"),
        [
            (Kind.SALES_INVOICE, "170.50"),
            (Kind.SALES_CREDIT_NOTE, "-170.50"),
            (Kind.PAYMENT, "-170.50"),
            (Kind.REFUND, "170.50"),
        ],
    )
    def test_each_kind_moves_what_a_customer_owes(
        self, system: AccountingSystem, books: SalesBooks, kind: Kind, owed: str
    ) -> None:
        if kind in system.can.kinds:
            book(system, sale(kind))
            assert books.due_from(WHOSE) == Decimal(owed)

    def test_a_payment_settles_its_invoice(self, system: AccountingSystem, books: SalesBooks) -> None:
        if not {Kind.SALES_INVOICE, Kind.PAYMENT} <= system.can.kinds:
            return
        invoice = book(system, sale())
        payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
        told = book(system, payment, key=OTHER_KEY, reference="P-000002")
        assert told.gross == Decimal("170.50")
        assert books.due_from(WHOSE) == 0
        again = replace(for_invoice(sale(Kind.PAYMENT), invoice, "0.01"), number="BACS 15/03")
        with pytest.raises(Rejected):
            book(system, again, key=THIRD_KEY, reference="P-000003")
        assert books.count() == 2

    def test_a_payment_for_what_is_not_in_the_books_is_refused(
        self, system: AccountingSystem, books: SalesBooks
    ) -> None:
        if Kind.PAYMENT not in system.can.kinds:
            return
        nowhere = Posted(external_id="", number="")
        with pytest.raises(Rejected) as caught:
            book(system, for_invoice(sale(Kind.PAYMENT), nowhere, "10.00"))
        assert sale().number in caught.value.message
        assert caught.value.field == "allocations[0]"
        assert books.count() == 0

    def test_settlements_are_told_whoever_wrote_them(self, system: AccountingSystem, books: SalesBooks) -> None:
        """One that we posted, with our key, and one that somebody wrote over there, without."""
        if not system.can.tells_settlements:
            return
        invoice = book(system, sale())
        payment = for_invoice(sale(Kind.PAYMENT), invoice, "100.00")
        ours = book(system, payment, key=OTHER_KEY, reference="P-000002")
        theirs = books.pay_by_hand(invoice.external_id, Decimal("70.50"))
        told = {one.document.external_id: one for one in system.settled_since(datetime.now(UTC) - AN_HOUR)}
        assert set(told) == {ours.external_id, theirs}
        assert (told[ours.external_id].key, told[theirs].key) == (OTHER_KEY.value, "")
        for external_id, gross, part in ((ours.external_id, "170.50", "100.00"), (theirs, "70.50", "70.50")):
            document = told[external_id].document
            assert (document.kind, document.source) == (Kind.PAYMENT, self.connector.metadata.slug)
            assert (document.gross, document.currency, document.party.code) == (Decimal(gross), "GBP", WHOSE)
            (allocation,) = document.allocations
            assert (allocation.kind, allocation.posted_as) == (Kind.SALES_INVOICE, invoice.external_id)
            assert (allocation.amount, allocation.number) == (Decimal(part), sale().number)

    def test_settlements_go_by_the_time_of_writing(self, system: AccountingSystem) -> None:
        """Not by the payment's own date, which lies years back."""
        if system.can.tells_settlements:
            book(system, sale(Kind.PAYMENT))
            book(system, sale(), key=OTHER_KEY, reference="P-000002")
            (told,) = system.settled_since(datetime.now(UTC) - AN_HOUR)
            assert told.key == KEY.value
            assert datetime.now(UTC) - AN_HOUR < told.written_at <= datetime.now(UTC)
            assert list(system.settled_since(datetime.now(UTC) + AN_HOUR)) == []
