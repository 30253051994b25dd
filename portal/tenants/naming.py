"""What people type about their organisation, and the names that we make for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, count, groupby
from typing import Final
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

DEFAULT_ZONE: Final = "Europe/London"
REGIONS: Final = frozenset(
    {
        "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
    }
)  # fmt: skip
LONGEST_USERNAME: Final = 150
NOT_IN_A_USERNAME: Final = re.compile(r"[^\w.@+-]")
NO_ADDRESS: Final = "A name has no web address in it: it stands in mails to people who are invited."
NO_LETTER: Final = "A name needs a letter or a digit."

Choice = tuple[str, str]


def clean_organisation(name: str) -> str:
    """The name with single blanks. Raises `ValidationError`: it goes into mails, which shall not advertise."""
    tidy = " ".join(name.split())
    if "://" in tidy or "www." in tidy.lower():
        raise ValidationError(NO_ADDRESS)
    if not any(letter.isalnum() for letter in tidy):
        raise ValidationError(NO_LETTER)
    return tidy


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """The time zones to choose from, by region: `("Europe", (("Europe/London", "London"), ...))`, UTC at the end."""
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in REGIONS)
    by_region = groupby(names, key=lambda name: name.partition("/")[0])
    regions = [(region, tuple((name, _place(name)) for name in found)) for region, found in by_region]
    return (*regions, ("Elsewhere", (("UTC", "UTC"),)))


def zone_choices(current: str = DEFAULT_ZONE) -> list[tuple[str, tuple[Choice, ...]]]:
    """The same, with the one that is set now, however old-fashioned its name is."""
    known = set(chain.from_iterable((value for value, _ in places) for _, places in zones()))
    return [*zones()] if current in known else [("Set now", ((current, current),)), *zones()]


def free_username(email: str) -> str:
    """A username for whoever has this address: the address itself, so that the history says who it was.

    What no username may hold becomes a hyphen; where it is taken, a number follows.
    """
    base = NOT_IN_A_USERNAME.sub("-", email.lower())[: LONGEST_USERNAME - 8] or "person"
    return next(name for name in _candidates(base) if not User.objects.filter(username__iexact=name).exists())


def masked(email: str) -> str:
    """An address for whoever may not read it: `s…@example.org`."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"


def _candidates(base: str) -> Iterator[str]:
    numbered: Iterable[str] = (f"{base}.{number}" for number in count(2))
    return chain([base], numbered)


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " / ")
