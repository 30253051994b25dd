"""Who decides about a posting by hand: a person, or a program with a token. How both are kept, and told again.

A person stands on the row itself. A program is no person, and nobody's name stands for it: its own one goes in front of
its reason, in the history that is never changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser

from portal.postings.models import Transition
from portal.postings.states import Actor

CALLED: Final = "API token"
KEPT: Final = re.compile(rf"({CALLED} .{{1,120}}? \(….{{1,4}}\)): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that calls the API. `token` is its token as the audit trail names it: `The shop (…a1b2)`."""

    token: str

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{CALLED} {self.token}"


By = AbstractBaseUser | Program


def name_of(by: By) -> str:
    """Who it was, for the audit trail."""
    return by.name if isinstance(by, Program) else by.get_username()


def person(by: By) -> AbstractBaseUser | None:
    """The one whose name stands on the row; None for a program."""
    return None if isinstance(by, Program) else by


def reason_of(by: By, why: str) -> str:
    """The reason as the history keeps it."""
    return f"{by.name}: {why}" if isinstance(by, Program) else why


def doer(user: Any, *, is_member: bool) -> str:
    """Who did something by hand, for the tenant to read: a member by name, and one who has left; empty for nobody, and
    for whoever works for us."""
    if user is None or (user.is_staff and not is_member):
        return ""
    return str(user.get_username())


def program_of(step: Transition) -> tuple[str, str]:
    """The program that made this change, and its reason; an empty name and the whole reason where it was none."""
    kept = KEPT.fullmatch(step.why) if step.who == Actor.STAFF and step.user_id is None else None
    return (kept[1], kept[2]) if kept else ("", step.why)
