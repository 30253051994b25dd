"""Do a repair that somebody has confirmed: to one transaction, with the error at its field, or to several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from portal.desk.repairs.bulk import Chosen, counted
from portal.desk.repairs.forms import MarkForm, ReasonForm, VoidForm
from portal.desk.repairs.wording import ANOTHER, MARK_POSTED, RETRY, SAME, VOID, Case, Wording, number_known
from portal.postings import repair
from portal.postings.repair import CannotRepair, CannotVerify
from portal.postings.twins import answering

SERVICES: Final[dict[str, Callable[..., None]]] = {
    RETRY.name: repair.retry,
    VOID.name: repair.void,
    SAME.name: answering.same,
    ANOTHER.name: answering.another,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one: what was done, what else there is to say, and the posting to ring for, 0 for none."""

    done: str
    note: str = ""
    ring: int = 0


@dataclass(slots=True)
class Outcome:
    """What came of several."""

    done: list[Case] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def what(self) -> str:
        """What was done, in words."""
        return counted(self.done)


def form_of(wanted: Wording, case: Case, data: Any) -> ReasonForm:
    """The form of a repair of one transaction."""
    if wanted is MARK_POSTED:
        return MarkForm(data, system=case.system)
    return VoidForm(data, told=number_known([case]) if wanted is VOID else "")


def one(user: Any, wanted: Wording, case: Case, form: ReasonForm) -> Told | None:
    """Do it. None: it could not be done, and the form says why."""
    done = wanted.done.format(what=case.transaction.number)
    try:
        if isinstance(form, MarkForm):
            return Told(done, _marked(user, case, form))
        SERVICES[wanted.name](case.posting, by=user, why=form.why_given)
    except CannotVerify as error:
        if isinstance(form, MarkForm):
            form.offer_all_the_same()
        form.add_error(None, error.message)
        return None
    except CannotRepair as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    return Told(done, ring=case.posting.pk if wanted in (RETRY, ANOTHER) else 0)


def several(user: Any, chosen: Chosen, why: str) -> Outcome:
    """Do it to each; what moved meanwhile is told, and the others are done all the same."""
    outcome = Outcome()
    for case in chosen.possible:
        try:
            SERVICES[chosen.wanted.name](case.posting, by=user, why=why)
        except CannotRepair as error:
            outcome.failed.append(error.message)
        else:
            outcome.done.append(case)
    return outcome


def _marked(user: Any, case: Case, form: MarkForm) -> str:
    number = form.cleaned_data["number"]
    return repair.mark_posted(
        case.posting, number=number, by=user, why=form.why_given, even_unverified=form.even_unverified
    )
