"""What a system that tells reference data does: whole, steady, and with what is no longer in use marked as such."""

from __future__ import annotations

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
