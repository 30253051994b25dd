"""What a transaction's page offers to do about it, or why nothing can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.desk.access import Place
from portal.desk.repairs.mending import Mending, mending_of
from portal.desk.repairs.wording import WORDINGS, Wording
from portal.postings.models import Posting
from portal.postings.repairing.offers import offered

URLS: Final = {
    "same": "desk:repair-same",
    "another": "desk:repair-another",
    "retry": "desk:repair-retry",
    "mark_posted": "desk:repair-mark",
    "void": "desk:repair-void",
}
PHRASES: Final = {
    "mark_posted": "mark it as posted",
    "same": "say that it is there already",
    "another": "send it all the same",
}
VIEWER: Final = (
    "You are a viewer of {tenant}: owners and operators can {what}. Ask one of them, or ask to be made an operator."
)


@dataclass(frozen=True)
class Offer:
    """One button."""

    wording: Wording
    url_name: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The buttons, and where the mapping is mended; for a viewer `why_not` instead. All empty: nothing can be done."""

    offers: tuple[Offer, ...] = ()
    mending: Mending | None = None
    why_not: str = ""

    @classmethod
    def of(cls, place: Place, posting: Posting | None) -> Panel:
        """For one posting as this person sees it."""
        names = offered(posting) if posting else ()
        wordings = [WORDINGS[name] for name in names]
        if names and not place.may_decide:
            return cls(why_not=VIEWER.format(tenant=place.company.tenant, what=_either(wordings)))
        offers = tuple(Offer(each, URLS[each.name]) for each in wordings)
        return cls(offers=offers, mending=mending_of(posting) if names else None)


def _either(wordings: list[Wording]) -> str:
    words = [PHRASES.get(each.name) or f"{each.label.lower()} it" for each in wordings]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
