"""How the repairs are worded for customers: what will happen, whether it can be undone, and what to know before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.errors import IntegrationError
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.desk.words import is_answered, obstacle, source_name, system_name
from portal.postings import repair
from portal.postings.inside import books_inside
from portal.postings.models import Posting, Transaction
from portal.postings.states import State


@dataclass(frozen=True, slots=True)
class Case:
    """One posting that may be repaired, with the names that the sentences need."""

    transaction: Transaction
    posting: Posting

    @property
    def system(self) -> str:
        """Where it goes."""
        return system_name(self.posting.connection)

    @property
    def source(self) -> str:
        """Where it came from."""
        return source_name(self.transaction.source)

    @property
    def is_answered(self) -> bool:
        """Whether its source sent it and is answered with a number."""
        return is_answered(self.transaction.source)

    @property
    def may_be_there(self) -> bool:
        """Whether it may be over there although nobody holds a proof."""
        return self.posting.may_exist and self.posting.state == State.HELD

    @property
    def was_told(self) -> str:
        """The number that the source holds; empty where it was told none."""
        return self.transaction.answered_number

    @property
    def can_be_asked(self) -> bool:
        """Whether the system can be searched for the document."""
        try:
            return not books_inside(self.posting) and abilities(self.posting.connection).lookup
        except (UnknownIntegration, IntegrationError):
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One repair in words. `done` is said of `{what}`; `loud` are sentences that nobody may miss."""

    name: str
    label: str
    done: str
    effects: Callable[[Case], Sequence[str]]
    loud: Callable[[Case], Sequence[str]]
    danger: bool = False


def _retry_effects(case: Case) -> list[str]:
    waits = obstacle(case.posting.connection).format(system=case.system)
    found = [
        waits or f"It is due at once, and sent to {case.system} as soon as it has its turn, mostly within seconds."
    ]
    if case.may_be_there:
        found = [f"It is looked up in {case.system} first, for it may be there already. Nothing is booked twice."]
    if not case.was_told and case.is_answered:
        found.append(
            f"{case.source} was told that it failed. If it is booked now, {case.source} learns its number only once "
            f"somebody sends it again from there; that books nothing a second time."
        )
    return [*found, f"This cannot be taken back: what has been booked is corrected in {case.system}."]


def _mark_effects(case: Case) -> list[str]:
    asked = f"{case.system} is asked for it. If it is there under another number, nothing is done."
    blind = f"{case.system} cannot be searched for it, so nobody checks the number."
    found = ["It counts as posted from now on, under the number that you give. Nothing is sent."]
    found.append(asked if case.can_be_asked else blind)
    if not case.was_told and case.is_answered:
        found.append(f"{case.source} was told that it failed. Sent again from there, it is answered with this number.")
    return [*found, "This cannot be undone."]


def _same_effects(case: Case) -> list[str]:
    return [
        f"It counts as posted from now on, as the payment that stands in {case.system} already. Nothing is sent.",
        "Where that payment waits to go the other way, it is found to be this one and does not go.",
        "This cannot be undone.",
    ]


def _another_effects(case: Case) -> list[str]:
    return [
        f"It is sent to {case.system}, beside whatever stands there already.",
        "Nobody is asked about that payment again. Where it waits to go the other way, it goes, too.",
        f"This cannot be taken back: what has been entered is corrected in {case.system}.",
    ]


def _void_effects(case: Case) -> list[str]:
    again = f", and it is refused if {case.source} sends it again" if case.is_answered else ""
    return [
        f"It is never sent to {case.system}{again}.",
        f"The journal number {case.transaction.number} stays used, and your reason explains it.",
        "This cannot be undone.",
    ]


def _void_loud(case: Case) -> list[str]:
    found = []
    if case.was_told:
        found.append(
            f"{case.source} was told the number {case.was_told} and takes this for booked. After this no document "
            f"stands behind that number. Cancel it in {case.source}, too, or tell the people there."
        )
    if case.may_be_there:
        found.append(
            f"It may be in {case.system} already, and voiding takes nothing out of there. Retry it instead, and it is "
            "looked up there first."
        )
    return found


def _nothing_loud(_case: Case) -> list[str]:
    return []


RETRY: Final = Wording(
    name=repair.RETRY, label="Retry", done="Retrying {what}.", effects=_retry_effects, loud=_nothing_loud
)
MARK_POSTED: Final = Wording(
    name=repair.MARK_POSTED, label="Mark as posted", done="Marked {what} as posted.", effects=_mark_effects,
    loud=_nothing_loud, danger=True,
)  # fmt: skip
VOID: Final = Wording(
    name=repair.VOID, label="Void", done="Voided {what}.", effects=_void_effects, loud=_void_loud, danger=True
)
SAME: Final = Wording(
    name=repair.SAME, label="It is that one", done="{what} is there already. Nothing was sent.",
    effects=_same_effects, loud=_nothing_loud, danger=True,
)  # fmt: skip
ANOTHER: Final = Wording(
    name=repair.ANOTHER, label="Send all the same", done="Sending {what} all the same.", effects=_another_effects,
    loud=_nothing_loud, danger=True,
)  # fmt: skip
WORDINGS: Final = {each.name: each for each in (SAME, ANOTHER, RETRY, MARK_POSTED, VOID)}


def number_known(cases: Sequence[Case]) -> str:
    """What whoever voids these has to tick; empty where no source holds a number of theirs."""
    told = [case for case in cases if case.was_told]
    if not told:
        return ""
    if len(cases) == 1:
        return f"I know that {told[0].source} holds the number {told[0].was_told}."
    numbers = "a number for 1" if len(told) == 1 else f"numbers for {len(told)}"
    return f"I know that {told[0].source} holds {numbers} of these."
