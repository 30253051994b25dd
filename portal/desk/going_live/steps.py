"""What one line of the checklist is: where it stands, what is missing, the way there, and who may do it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING

ACTING: Final = "Owners and operators"
OWNING: Final = "Owners"


class Stand(StrEnum):
    """Where a step stands."""

    DONE = "done"
    MOVING = "moving"
    TO_DO = "to_do"
    OPTIONAL = "optional"
    MEND = "mend"


WORDS: Final[dict[Stand, tuple[str, str]]] = {
    Stand.DONE: (POSTED, "Done"),
    Stand.MOVING: (UNDER_WAY, "Under way"),
    Stand.TO_DO: (WAITING, "To do"),
    Stand.OPTIONAL: (CLOSED, "Open"),
    Stand.MEND: (PERSON, "Mend this"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `href` leads to where it is done, by a link called `action`; as a form it is done by pressing that.

    `status` is a connection's, in Codat's words. What is not required is advised: going live warns of it.
    """

    key: str
    title: str
    stand: Stand
    said: str
    href: str = ""
    action: str = ""
    is_form: bool = False
    who: str = ACTING
    is_required: bool = True
    status: str = ""
    also_href: str = ""
    also: str = ""

    @property
    def tone(self) -> str:
        """The colour of where it stands."""
        return WORDS[self.stand][0]

    @property
    def word(self) -> str:
        """Where it stands, in a word or two."""
        return WORDS[self.stand][1]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.stand is Stand.DONE

    @property
    def is_button(self) -> bool:
        """Whether it is done by pressing: nothing to press where there is no way."""
        return self.is_form and bool(self.href)

    @property
    def is_for_owners(self) -> bool:
        """Whether owners alone may do it."""
        return self.who == OWNING


def open_stand(*, is_required: bool) -> Stand:
    """Where a step stands that nobody has done."""
    return Stand.TO_DO if is_required else Stand.OPTIONAL
