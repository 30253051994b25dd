"""What stands now: postings that are not at their end, counted as far as fifty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from portal.desk.dashboard import bounded
from portal.desk.words import Group
from portal.tenants.models import Company
from portal.tones import PERSON, UNDER_WAY, WAITING

SHOWN: Final = (
    (bounded.WAITING, WAITING, "Waiting for their time", Group.UNDER_WAY),
    (bounded.UNDER_WAY, UNDER_WAY, "Being sent or looked up", Group.UNDER_WAY),
    (bounded.NEEDING, PERSON, "Need a person", Group.ATTENTION),
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How many stand somewhere: `7`, or `50+`. `url` lists them."""

    tone: str
    word: str
    said: str
    url: str


def standing(company: Company, counts: Iterable[Counter[str]]) -> list[Standing]:
    """What waits for its time, what is being sent, and what needs a person; `counts` are those of the connections."""
    every = sum(counts, Counter[str]())
    return [
        Standing(tone=tone, word=word, said=bounded.said(every[name]), url=listed(company, group))
        for name, tone, word, group in SHOWN
    ]


def listed(company: Company, group: Group) -> str:
    """The list of a company's transactions in these states."""
    return f"{reverse('desk:transactions')}?company={company.pk}&state={group.value}"
