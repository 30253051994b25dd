"""What a system that tells reference data does: whole, steady, and with what is no longer in use marked as such."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from integrations.base import AccountingSystem
from integrations.reference import RecordKind
from tests.contract.books import Books, another, book
from tests.contract.description import DescriptionCases
from tests.samples import OTHER_KEY, sample

# What the books of these cases know from the start.
KNOWN = {
    RecordKind.SUPPLIER: {"CROWN01"},
    RecordKind.ACCOUNT: {"5010", "7504", "7506"},
    RecordKind.TAX: {"T0", "T1"},
    RecordKind.CURRENCY: {"GBP", "USD"},
}

PLACE = {"address_1", "address_2", "city", "postcode", "country", "country_code", "phone"}
# What `integrations.reference.Record` names, and nothing else: what nobody knows, nobody can pass on.
DETAILS = {
    RecordKind.SUPPLIER: PLACE
    | {"tax_number", "email", "currency", "address", "region", "payment_terms", "payment_days", "bank_name"}
    | {"bank_account", "bank_sort_code", "default_account", "default_tax", "default_department"},
    RecordKind.ACCOUNT: {"type"},
    RecordKind.TAX: {"rate", "use"},
    RecordKind.CURRENCY: {"rate", "is_base"},
    RecordKind.DELIVERY_SITE: PLACE,
    RecordKind.DIMENSION: set[str](),
}
# Numbers stand there as people write them: no exponent, and no zeros at the end that would look like a change.
NUMBER = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?")
SHAPES: dict[str, Callable[[str], object]] = {
    "rate": NUMBER.fullmatch,
    "payment_days": re.compile(r"\d{1,3}").fullmatch,
    "country_code": re.compile(r"[A-Z]{2}").fullmatch,
    "currency": re.compile(r"[A-Z]{3}").fullmatch,
    "is_base": re.compile("yes").fullmatch,
    "use": re.compile("purchase|sale").fullmatch,
}


class ReferenceCases(DescriptionCases):
    """For each kind of `can.reads`; a system that reads nothing has nothing to prove."""

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_records_have_a_code_a_name_and_an_id_of_their_own(
        self, system: AccountingSystem, kind: RecordKind
    ) -> None:
        if kind not in system.can.reads:
            return
        book(system, sample())
        found = list(system.records(kind))
        assert {one.kind for one in found} <= {kind}
        assert all(one.external_id and one.name.strip() for one in found)
        assert len({one.external_id for one in found}) == len(found)
        assert KNOWN.get(kind, set()) <= {one.code for one in found if one.is_active}

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_details_are_texts_under_the_names_that_everybody_knows(
        self, system: AccountingSystem, kind: RecordKind
    ) -> None:
        if kind not in system.can.reads:
            return
        book(system, sample())
        for one in system.records(kind):
            assert set(one.details) <= DETAILS[kind], one
            assert all(text.strip() == text != "" for text in one.details.values()), one
            for name, fits in SHAPES.items():
                assert name not in one.details or fits(one.details[name]), (name, one)

    def test_values_of_dimensions_name_theirs_and_nothing_else_does(self, system: AccountingSystem) -> None:
        for kind in system.can.reads:
            has_dimension = {bool(one.dimension) for one in system.records(kind)}
            assert has_dimension <= {kind is RecordKind.DIMENSION}

    def test_one_currency_is_the_base_and_worth_one_of_itself(self, system: AccountingSystem) -> None:
        if RecordKind.CURRENCY not in system.can.reads:
            return
        found = list(system.records(RecordKind.CURRENCY))
        bases = [one for one in found if "is_base" in one.details]
        assert [(one.code, one.is_active) for one in bases] == [(system.company().base_currency, True)]
        assert bases[0].details["rate"] == "1"
        (dollar,) = (one for one in found if one.code == "USD")
        assert Decimal(dollar.details["rate"]) == Decimal("1.2010"), "units of it for one unit of the base currency"

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_records_that_are_read_twice_are_the_same(self, system: AccountingSystem, kind: RecordKind) -> None:
        if kind in system.can.reads:
            assert hashes(system, kind) == hashes(system, kind)

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_posting_changes_no_record(self, system: AccountingSystem, kind: RecordKind) -> None:
        """Counters, balances and times of writing are no content. A first document may make its supplier."""
        if kind not in system.can.reads:
            return
        book(system, sample())
        before = hashes(system, kind)
        book(system, another(), key=OTHER_KEY, reference="P-000002")
        assert hashes(system, kind) == before

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_an_inactive_record_is_seen_and_marked(
        self, system: AccountingSystem, books: Books, kind: RecordKind
    ) -> None:
        """A list without it would never tell that it is no longer in use."""
        if kind not in system.can.reads:
            return
        book(system, sample())
        retired = books.retire(kind)
        found = {one.external_id: one for one in system.records(kind)}
        assert any(one.is_active for one in found.values())
        if retired is not None:
            assert not found[retired].is_active

    def test_records_of_a_kind_that_it_cannot_read_are_none(self, system: AccountingSystem) -> None:
        for kind in set(RecordKind) - system.can.reads:
            assert list(system.records(kind)) == []


def hashes(system: AccountingSystem, kind: RecordKind) -> dict[str, str]:
    """What would be compared with the last reading, by the system's own id."""
    return {one.external_id: one.content_hash() for one in system.records(kind)}
