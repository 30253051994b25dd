"""Several transactions that were chosen in the list: to which the repair can be done, and why not to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from portal.desk.next_steps import NO_POSTING
from portal.desk.repairs.wording import RETRY, VOID, Case, Wording
from portal.postings.models import Transaction
from portal.postings.repairing.offers import why_not
from portal.postings.which import posting_of

MOST: Final = 100
# A number is given for one document at a time, so marking as posted is not among them.
BULK: Final = {each.name: each for each in (RETRY, VOID)}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, the latest first. `skipped` are left alone, each with the reason."""

    wanted: Wording
    possible: tuple[Case, ...]
    skipped: tuple[tuple[Transaction, str], ...]

    @classmethod
    def of(cls, wanted: Wording, transactions: Sequence[Transaction]) -> Self:
        """Judge each by itself, as it stands now."""
        possible: list[Case] = []
        skipped: list[tuple[Transaction, str]] = []
        for transaction in transactions:
            posting = posting_of(transaction)
            why = NO_POSTING if posting is None else why_not(posting, wanted.name)
            if posting is None or why:
                skipped.append((transaction, why))
            else:
                possible.append(Case(transaction, posting))
        return cls(wanted, tuple(possible), tuple(skipped))

    @property
    def every(self) -> list[Transaction]:
        """All that was chosen."""
        return [case.transaction for case in self.possible] + [each for each, _ in self.skipped]

    @property
    def what(self) -> str:
        """What would be repaired, in words."""
        return counted(self.possible)

    @property
    def told(self) -> list[Case]:
        """Those of which the source holds a number."""
        return [case for case in self.possible if case.was_told]

    @property
    def untold(self) -> list[Case]:
        """Those of which the source was told that they failed."""
        return [case for case in self.possible if not case.was_told and case.is_answered]

    @property
    def may_be_there(self) -> list[Case]:
        """Those that may be over there already."""
        return [case for case in self.possible if case.may_be_there]


def counted(cases: Sequence[Case]) -> str:
    """`P-000007`, or `3 transactions`."""
    return cases[0].transaction.number if len(cases) == 1 else f"{len(cases)} transactions"
