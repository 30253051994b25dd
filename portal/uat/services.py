"""Begin a round, record what a person found, and tell where every step stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.services import tell
from portal.uat.models import Finding, Outcome, Round
from portal.uat.steps import BY_KEY, STEPS, Step

LONGEST_NOTE: Final = 2000
MOST_SHOWN: Final = 1000
NO_STEP: Final = "There is no such step. Choose one of this page."
NO_OUTCOME: Final = "Choose whether it passed, failed, or is only noted."
NO_WORDS: Final = "Say in a few words what you saw, so that somebody can mend it."
TOO_LONG: Final = "A note has at most {most:,} characters; this one has {given:,}."
ANOTHER_ROUND: Final = "Another round was begun meanwhile, so nothing was recorded. Look at the page as it is now."
BEGAN: Final = "Round {number} of the acceptance tests of {company} with {integration} was begun."
RECORDED: Final = "Acceptance test {step} of {company} with {integration}: {outcome}."


class CannotRecord(Exception):
    """Nothing was recorded; `message` says why, `field` where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One step in one round. `latest` is the finding that counts; None: nobody has tried it."""

    step: Step
    findings: tuple[Finding, ...]

    @property
    def latest(self) -> Finding | None:
        """The last one that says passed or failed."""
        return next((one for one in reversed(self.findings) if one.outcome != Outcome.NOTED), None)


def current(connection: Connection) -> Round | None:
    """The round that is walked now; None before the first."""
    return Round.objects.filter(connection=connection).order_by("-number").first()


def begin(connection: Connection, *, who: str) -> Round:
    """A new round, in which nothing has been tried. Older ones stay as they are."""
    with atomic():
        held = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        last = Round.objects.filter(connection=held).aggregate(last=Max("number"))["last"] or 0
        begun: Round = Round.objects.create(
            connection=held, number=last + 1, began_at=timezone.now(), began_by=who
        )  # fmt: skip
        _tell(connection, "uat.began", BEGAN, who, number=str(begun.number))
    return begun


def record(
    connection: Connection, number: int, step: str, outcome: str, note: str, *, who: str, evidence: Sequence[str] = ()
) -> Finding:
    """Keep what a person found in a step of the current round, which must be the one with this `number`.

    `evidence` are sentences about what the portal has seen of it. Raises `CannotRecord`.
    """
    note = note.strip()
    _check(step, outcome, note)
    with atomic():
        Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        found = current(connection)
        if found is None or found.number != number:
            raise CannotRecord(ANOTHER_ROUND)
        made: Finding = Finding.objects.create(
            round=found, step=step, outcome=outcome, note=note, who=who, at=timezone.now(), evidence=list(evidence)
        )
        _tell(connection, "uat.recorded", RECORDED, who, step=BY_KEY[step].key, outcome=outcome)
    return made


def stands(found: Round) -> list[Stand]:
    """Every step with what was found in this round, in one query."""
    rows = list(Finding.objects.filter(round=found).order_by("pk")[:MOST_SHOWN])
    return [Stand(step=step, findings=tuple(row for row in rows if row.step == step.key)) for step in STEPS]


def _check(step: str, outcome: str, note: str) -> None:
    if step not in BY_KEY:
        raise CannotRecord(NO_STEP)
    if outcome not in Outcome.values:
        raise CannotRecord(NO_OUTCOME, "outcome")
    if len(note) > LONGEST_NOTE:
        raise CannotRecord(TOO_LONG.format(most=LONGEST_NOTE, given=len(note)), "note")
    if outcome != Outcome.PASSED and not note:
        raise CannotRecord(NO_WORDS, "note")


def _tell(connection: Connection, verb: str, message: str, who: str, **words: str) -> None:
    company = connection.company
    said = message.format(company=company, integration=connection.integration, **words)
    tell(verb, said, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk)
