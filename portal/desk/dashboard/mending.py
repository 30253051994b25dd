"""Who can mend what stands: by its state, what went wrong, and what the source was told."""

from __future__ import annotations

from enum import Enum
from typing import Final

from integrations.errors import Misconfigured
from portal.connections.models import Side
from portal.desk.words import OUR_ERROR, outcome, source_name, system_name
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.mending import is_of_a_mapping

SETTING_LACKS: Final = Misconfigured.__name__


class Mender(Enum):
    """Who can mend it, and where."""

    SENDER = "Whoever sends it, in {source}"
    RAISER = "Whoever raised it, here"
    HERE = "An owner or operator, here"
    BOOKKEEPER = "Your bookkeeper, in {system}"
    SUPPORT = "Our support"


def mender_of(posting: Posting) -> Mender:
    """Who can mend a posting that needs a person. It needs its transaction and its connection at hand.

    A refusal is mended at its cause: a code or a setting here; else where the document comes from, while that waits for
    an answer; else in the accounting system, for the source will not send it again. What is held is decided here,
    unless it is held for an error of ours.
    """
    if posting.state == State.HELD:
        return Mender.SUPPORT if outcome(posting.error_class) == OUR_ERROR else Mender.HERE
    if is_mended_here(posting):
        return Mender.HERE
    if posting.connection.side == Side.SOURCE:
        return Mender.RAISER
    return Mender.BOOKKEEPER if posting.transaction.answered_number else Mender.SENDER


def mender_words(posting: Posting) -> str:
    """The same in words."""
    system, source = system_name(posting.connection), source_name(posting.transaction.source)
    return mender_of(posting).value.format(system=system, source=source)


def is_mended_here(posting: Posting) -> bool:
    """Whether it was refused for a code of the mapping, or for a setting that is missing here."""
    is_here = posting.error_class == SETTING_LACKS or is_of_a_mapping(posting.reason_field)
    return posting.state == State.REJECTED and is_here
