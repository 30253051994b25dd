"""What the pages call things: groups of states, systems, parties and fields, and what the source was told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.documents import SALES
from integrations.feeds import FedSource
from portal.connections import breaker
from portal.connections.models import Connection, Status
from portal.connections.registry import UnknownIntegration, accounting_systems, source, system
from portal.postings.models import Posting, Transaction
from portal.postings.states import UNDER_WAY, Actor, State
from portal.raising.models import Origin

SUPPLIER: Final = "Supplier"
CUSTOMER: Final = "Customer"
BOTH_PARTIES: Final = "Supplier or customer"


class Group(TextChoices):
    """The states as customers ask for them."""

    ATTENTION = "attention", _("Needs a person")
    UNDER_WAY = "under-way", _("Under way")
    POSTED = "posted", _("Posted")
    CLOSED = "closed", _("Withdrawn or void")


STATES_OF: Final[dict[Group, frozenset[State]]] = {
    Group.ATTENTION: frozenset({State.REJECTED, State.HELD}),
    Group.UNDER_WAY: UNDER_WAY,
    Group.POSTED: frozenset({State.POSTED}),
    Group.CLOSED: frozenset({State.WITHDRAWN, State.VOID}),
}

# Which part of us acted, for people who know none of them.
WHO: Final[dict[str, str]] = {
    Actor.INTAKE: "as it came in",
    Actor.WORKER: "by itself",
    Actor.SWEEP: "by itself",
    Actor.STAFF: "our support",
    Actor.VENDOR: "told by the accounting system",
    Actor.RESTORE: "after a backup was restored",
}
RAISED_FROM: Final[dict[str, str]] = {Origin.UPLOAD: "Upload", Origin.API: "API"}
NOT_SENT_WHILE: Final[dict[Status, str]] = {
    Status.DEAUTHORISED: "{system} no longer accepts our access. It is sent as soon as the company is linked again.",
    Status.UNLINKED: "Its connection to {system} was unlinked: nothing is sent there any more. A person has to decide.",
    Status.PENDING_AUTH: "The link to {system} is not finished. It is sent as soon as it is.",
    Status.BLANK: "No accounting system is linked yet. It is sent as soon as one is.",
}
LINE_FIELD: Final = re.compile(r"lines\[([^\]]*)\](?:#\d+)?\.(.+)", re.DOTALL)
DIMENSION_FIELD: Final = re.compile(r"dimensions\[(.*)\](?:#\d+)?", re.DOTALL)
UNCONFIRMED: Final = "An owner has not confirmed yet that this is the right company. It is sent as soon as one has."
PAUSED: Final = "Sending to {system} is paused. It is sent as soon as our support resumes it."
OUTCOMES: Final[dict[str, str]] = {
    "": "Under way",
    "Answered": "Looked up",
    "Posted": "Posted",
    "Awaiting": "Taken, not booked yet",
    "Rejected": "Refused",
    "Misconfigured": "Refused: a setting is missing",
    "Malformed": "Refused",
    "Retryable": "Not sent, tried again later",
    "LeaseLost": "Not sent, tried again later",
    "Unauthorised": "Access refused",
    "OutcomeUnknown": "Broke off, outcome not known",
    "Died": "Broke off, outcome not known",
}
NOT_ANSWERED: Final = "–"
OUR_ERROR: Final = "An error on our side"
NO_ANSWER: Final = (
    "{system} does not answer at the moment. It is tried again by itself; there is nothing for you to do."
)


def told(transaction: Transaction, posting: Posting | None) -> str:
    """What the source was told: a number, that it was refused, or nothing yet."""
    if transaction.answered_number:
        return transaction.answered_number
    if transaction.source in RAISED_FROM:
        return "Raised here"
    if not is_answered(transaction.source):
        return NOT_ANSWERED
    waiting = posting is None or posting.state in UNDER_WAY
    return "Nothing yet" if waiting else "Refused"


def outcome(name: str) -> str:
    """What came of an attempt, by the name that it was closed with; the name of a bug's class is for staff alone."""
    return OUTCOMES.get(name, OUR_ERROR)


def field_words(path: str) -> str:
    """A document's field as people read it: `lines[2].account_code` is `Line 2: account code`."""
    line = LINE_FIELD.fullmatch(path)
    if line:
        return f"Line {line[1]}: {_plain_words(line[2])}"
    words = _plain_words(path)
    return words[:1].upper() + words[1:]


def obstacle(connection: Connection) -> str:
    """Why nothing is sent there at the moment, in a sentence with the place of its `{system}`; empty where nothing
    stands in the way."""
    if connection.paused:
        return PAUSED if connection.confirmed_at else UNCONFIRMED
    if breaker.is_open(connection, timezone.now()):
        return NO_ANSWER
    return NOT_SENT_WHILE.get(Status(connection.status), "")


def system_name(connection: Connection) -> str:
    """What a person calls the system of a connection: by the name that they chose behind an aggregator (Xero), as far
    as the system has told it; by its slug where it is no longer installed."""
    told = connection.told.get("platform_name")
    if isinstance(told, str) and told:
        return told
    try:
        return system(connection.integration).metadata.name
    except UnknownIntegration:
        return connection.integration


def party_word(kind: str) -> str:
    """Whom a document of a kind is with, in a word."""
    return CUSTOMER if kind in SALES else SUPPLIER


def parties_word(kinds: Iterable[str]) -> str:
    """The same over a list of documents of several kinds; a supplier's where there is none."""
    found = {party_word(kind) for kind in kinds}
    return BOTH_PARTIES if len(found) > 1 else next(iter(found), SUPPLIER)


def source_name(slug: str) -> str:
    """A source's name by its slug, or by which door it was raised here, or in which books it was recorded; the slug
    where that is no longer installed."""
    try:
        return system(slug).metadata.name
    except UnknownIntegration:
        return RAISED_FROM.get(slug, slug)


def is_answered(slug: str) -> bool:
    """Whether that source is answered with a number; what is read, raised here or recorded in the books is not."""
    if slug in RAISED_FROM or slug in accounting_systems():
        return False
    try:
        return not isinstance(source(slug), FedSource)
    except UnknownIntegration:
        return True


def who_words(who: str) -> str:
    """Which part of us acted, in words."""
    return WHO.get(who, who)


def _plain_words(path: str) -> str:
    dimension = DIMENSION_FIELD.fullmatch(path)
    return dimension[1] if dimension else path.replace(".", " ").replace("_", " ")
