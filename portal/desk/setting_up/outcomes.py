"""What came of a visit, and what to do next: one page for each outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.connections.models import Visit, VisitOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How an outcome is told: `tone` of its badge, a heading, and what can be done, in the order of likelihood."""

    tone: str
    heading: str
    steps: tuple[str, ...]
    again: str = "Try again"
    may_choose: bool = False
    may_unlink: bool = False


PAGES: Final[Mapping[VisitOutcome, Page]] = {
    VisitOutcome.OPEN: Page(
        tone="waiting",
        heading="This visit has no end yet",
        steps=(
            "Finish signing in at {system} in the window in which you began. The way there is good for ten minutes.",
            "If you closed it, go once more from here. Nothing has been changed.",
        ),
        again="Go once more",
    ),
    VisitOutcome.CANCELLED: Page(
        tone="closed",
        heading="Nothing was linked: you said no",
        steps=(
            "When you are ready, go once more and agree.",
            "If you lack the login or the rights at {system}, ask a colleague who has them and who is an owner here.",
            "If {system} is not the one that you use, choose another accounting system.",
        ),
        may_choose=True,
    ),
    VisitOutcome.FAILED: Page(
        tone="person",
        heading="It could not be linked",
        steps=(
            "Go once more: what failed may have passed.",
            "If it fails again, look at the reason above, and whether you are an administrator at {system}.",
            "If that does not help, ask our support, and give them the words above.",
        ),
        may_choose=True,
    ),
    VisitOutcome.ANOTHER_COMPANY: Page(
        tone="person",
        heading="That was another company",
        steps=(
            "Nothing is sent to the company that you chose just now.",
            "Go once more, and choose at {system} the company that is linked here.",
            "If you want to work with the other books from now on, unlink this connection first, then link those.",
            "The same company under a new name? That cannot be proven from here: unlink it, then link it anew.",
        ),
        may_unlink=True,
    ),
    VisitOutcome.TAKEN: Page(
        tone="person",
        heading="That company is linked elsewhere already",
        steps=(
            "A company at an accounting system belongs to one company here, so that nothing is booked twice.",
            "Go once more, and choose the books that belong to {company}.",
            "If they are linked to another company of yours, unlink that one first. If not, ask our support.",
        ),
        again="Choose another company there",
    ),
    VisitOutcome.LINKED: Page(
        tone="posted",
        heading="Linked",
        steps=("What waited for {system} is sent now, within seconds. There is nothing more to do.",),
        again="",
    ),
}  # fmt: skip


def page_of(visit: Visit) -> Page:
    """The page of a visit's outcome."""
    return PAGES[VisitOutcome(visit.outcome)]


def steps_of(visit: Visit, system: str) -> list[str]:
    """What can be done, with the names of those that it is about."""
    return [step.format(system=system, company=visit.connection.company) for step in page_of(visit).steps]
