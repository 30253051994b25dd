"""What every accounting system does, whatever it speaks: one key, one document, read back as it was booked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.base import AccountingSystem
from integrations.documents import IdempotencyKey, Kind, Supplier
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from tests.contract.attaching import AttachmentCases
from tests.contract.books import Books, another, book
from tests.contract.description import DescriptionCases
from tests.contract.oddities import OddityCases
from tests.contract.reference import ReferenceCases
from tests.contract.sales import SalesCases
from tests.samples import KEY, OTHER_KEY, REFERENCE, in_dollars, sample, with_line

SECOND = "P-000002"
AN_HOUR = timedelta(hours=1)


class PostingCases(DescriptionCases):
    """Post, refuse, and tell what was booked."""

    def test_the_company_tells_who_is_linked(self, system: AccountingSystem) -> None:
        company = system.company()
        assert company.external_id
        assert company.name
        assert company.base_currency == "GBP"

    def test_each_kind_gets_an_id_and_a_number_and_is_found(self, system: AccountingSystem, books: Books) -> None:
        for place, kind in enumerate(sorted(system.can.kinds), start=1):
            key = IdempotencyKey(f"9c56cc51-b374-4c2f-a7b1-{place:012}")
            posted = book(system, sample(kind), key=key, reference=f"P-{place:06}")
            assert posted.external_id
            assert posted.number
            assert books.count() == place
            if system.can.lookup:
                assert system.find(sample(kind), key=key) == (posted,)

    def test_what_was_booked_is_read_back(self, system: AccountingSystem) -> None:
        posted = book(system, sample())
        assert (posted.net, posted.tax, posted.gross) == (Decimal("150.50"), Decimal("20.00"), Decimal("170.50"))
        assert (posted.currency, posted.date) == ("GBP", date(2024, 3, 14))
        assert posted.supplier_code == "CROWN01"

    def test_an_unknown_account_is_refused_by_code_and_line(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected) as caught:
            book(system, with_line(sample(), 1, account_code="9999"))
        assert "9999" in caught.value.message
        assert "line 2" in caught.value.message.lower()
        assert books.count() == 0

    def test_an_unknown_tax_code_is_refused_by_code_and_line(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected) as caught:
            book(system, with_line(sample(), 0, tax_code="T77"))
        assert "T77" in caught.value.message
        assert "line 1" in caught.value.message.lower()
        assert books.count() == 0

    @pytest.mark.parametrize("member", ["account_code", "tax_code"])
    def test_a_line_without_a_code_says_what_to_set(self, system: AccountingSystem, books: Books, member: str) -> None:
        with pytest.raises(Misconfigured) as caught:
            book(system, with_line(sample(), 1, **{member: None}))
        assert "line 2" in caught.value.message.lower()
        assert "default" in caught.value.message
        assert caught.value.field == f"defaults.{member}", "the mapping page looks for this name"
        assert books.count() == 0

    def test_a_refusal_leaves_the_key_usable(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected):
            book(system, with_line(sample(), 0, account_code="9999"))
        assert book(system, sample()).external_id
        assert books.count() == 1

    def test_a_credit_note_lowers_what_is_owed(self, system: AccountingSystem, books: Books) -> None:
        book(system, sample())
        assert books.owed("CROWN01") == Decimal("170.50")
        credit = with_line(
            sample(Kind.CREDIT_NOTE), 0, net=Decimal(10), tax=Decimal(2), gross=Decimal(12), unit_price=Decimal(5)
        )
        credit = replace(credit, net=Decimal("60.50"), tax=Decimal(2), gross=Decimal("62.50"))
        posted = book(system, credit, key=OTHER_KEY, reference=SECOND)
        assert (posted.net, posted.tax, posted.gross) == (Decimal("60.50"), Decimal(2), Decimal("62.50"))
        assert books.owed("CROWN01") == Decimal("108.00")

    def test_a_foreign_invoice_is_owed_in_the_companys_currency(self, system: AccountingSystem, books: Books) -> None:
        posted = book(system, in_dollars())
        assert (posted.gross, posted.currency) == (Decimal("120.50"), "USD")
        assert books.owed("CROWN01") == Decimal("100.33")

    def test_a_supplier_without_a_code_is_found_by_name(self, system: AccountingSystem, books: Books) -> None:
        nameless = Supplier(code=None, name="Metro Telecom")
        first = book(system, sample(party=nameless))
        second = book(system, another(party=nameless), key=OTHER_KEY, reference=SECOND)
        assert first.supplier_code
        assert first.supplier_code == second.supplier_code
        assert books.owed(first.supplier_code) == Decimal("341.00")

    def test_a_kind_that_it_cannot_take_leaves_the_books_alone(self, system: AccountingSystem, books: Books) -> None:
        for kind in set(Kind) - system.can.kinds:
            with pytest.raises(Rejected):
                book(system, sample(kind))
        assert books.count() == 0


class KeyCases(DescriptionCases):
    """One key, one document, and a lookup that knows."""

    def test_the_same_key_twice_makes_one_document(self, system: AccountingSystem, books: Books) -> None:
        first = book(system, sample())
        second = book(system, sample())
        assert first == second
        assert books.count() == 1

    def test_two_keys_make_two_documents(self, system: AccountingSystem, books: Books) -> None:
        first = book(system, sample())
        second = book(system, another(), key=OTHER_KEY, reference=SECOND)
        assert first.external_id != second.external_id
        assert first.number != second.number
        assert books.count() == 2

    def test_the_same_content_under_another_key_is_booked_or_refused(
        self, system: AccountingSystem, books: Books
    ) -> None:
        """Never told to be the first one: two real documents may look alike."""
        first = book(system, sample())
        try:
            second = book(system, sample(), key=OTHER_KEY, reference=SECOND)
        except Rejected:
            assert books.count() == 1
        else:
            assert second.external_id != first.external_id
            assert books.count() == 2

    def test_other_content_under_the_same_key_makes_no_second_document(
        self, system: AccountingSystem, books: Books
    ) -> None:
        """It is the first one that is told, or nothing that is certain; never a success with the other amounts."""
        first = book(system, sample())
        dearer = with_line(another(), 1, net=Decimal("60.50"), gross=Decimal("60.50"))
        with suppress(OutcomeUnknown):
            assert book(system, replace(dearer, net=Decimal("160.50"), gross=Decimal("180.50"))) == first
        assert books.count() == 1
        assert books.owed("CROWN01") == Decimal("170.50")

    def test_a_lookup_finds_what_was_posted_and_nothing_else(self, system: AccountingSystem) -> None:
        if system.can.lookup:
            assert system.find(sample(), key=KEY) == ()
            posted = book(system, sample())
            book(system, another(), key=OTHER_KEY, reference=SECOND)
            assert system.find(sample(), key=KEY) == (posted,)

    def test_a_lookup_by_a_later_generation_finds_the_first(self, system: AccountingSystem) -> None:
        if system.can.lookup:
            posted = book(system, sample())
            assert system.find(sample(), key=IdempotencyKey(KEY.value, 2)) == (posted,)

    def test_a_document_of_a_later_generation_is_found_by_any(self, system: AccountingSystem) -> None:
        """The generation changes what goes into the vendor's header, never what stands on the document."""
        if system.can.lookup:
            posted = book(system, sample(), key=IdempotencyKey(KEY.value, 2))
            for generation in (1, 2, 3):
                assert system.find(sample(), key=IdempotencyKey(KEY.value, generation)) == (posted,)

    def test_a_lookup_finds_what_the_vendors_key_no_longer_knows(self, system: AccountingSystem, books: Books) -> None:
        posted = book(system, sample())
        books.forget_keys()
        if system.can.lookup:
            assert system.find(sample(), key=KEY) == (posted,)
        assert books.count() == 1

    def test_a_lookup_tells_of_a_second_document(self, system: AccountingSystem, books: Books) -> None:
        book(system, sample())
        planted = books.plant(sample(), KEY.value)
        assert books.count() == 1 + planted
        if system.can.lookup:
            assert len(system.find(sample(), key=KEY)) == 1 + planted


class ListingCases(DescriptionCases):
    """What reconciliation relies on."""

    def test_a_listing_tells_each_document_with_key_kind_and_amounts(self, system: AccountingSystem) -> None:
        if not system.can.lists:
            return
        since, expected = datetime.now(UTC) - AN_HOUR, set()
        for place, kind in enumerate(sorted(system.can.kinds), start=1):
            key = IdempotencyKey(f"1f0e3dad-9990-4b1e-8fb5-{place:012}")
            posted = book(system, sample(kind), key=key, reference=f"P-{place:06}")
            expected.add((key.value, kind, posted.external_id, posted.gross, posted.currency, posted.date))
        found = {
            (one.key, one.kind or kind_of(expected, one.key), one.posted.external_id, one.posted.gross,
             one.posted.currency, one.posted.date)
            for one in system.written_since(since)
        }  # fmt: skip
        assert found == expected

    def test_a_listing_goes_by_the_time_of_writing(self, system: AccountingSystem) -> None:
        """Not by the document's own date, which lies years back."""
        if system.can.lists:
            book(system, sample())
            assert [one.key for one in system.written_since(datetime.now(UTC) - AN_HOUR)] == [KEY.value]
            assert list(system.written_since(datetime.now(UTC) + AN_HOUR)) == []

    def test_a_listing_tells_both_documents_of_one_key(self, system: AccountingSystem, books: Books) -> None:
        if system.can.lists:
            book(system, sample())
            planted = books.plant(sample(), KEY.value)
            listed = [one.key for one in system.written_since(datetime.now(UTC) - AN_HOUR)]
            assert listed == [KEY.value] * (1 + planted)


def kind_of(expected: Iterable[Sequence[object]], key: str) -> object:
    """A listing may not know kinds; then the key says which one it must have been."""
    return next((row[1] for row in expected if row[0] == key), None)


class BehaviourCases(PostingCases, KeyCases, OddityCases, ListingCases, ReferenceCases, AttachmentCases, SalesCases):
    """All of them. A subclass gives what `OnBooks` says."""

    def test_the_references_are_not_mixed_up(self, system: AccountingSystem) -> None:
        """Two posts of one connector object share nothing."""
        first = book(system, sample(), key=KEY, reference=REFERENCE)
        second = book(system, another(), key=OTHER_KEY, reference=SECOND)
        if system.can.lookup:
            assert system.find(another(), key=OTHER_KEY) == (second,)
            assert system.find(sample(), key=KEY) == (first,)
