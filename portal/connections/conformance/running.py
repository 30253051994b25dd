"""Run the scenes, count what is there in the end, and keep what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import TextChoices
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.base import AccountingSystem
from integrations.documents import Company
from integrations.errors import IntegrationError
from portal.connections.conformance.account import Account, source_version
from portal.connections.conformance.scenes import Scene, play, scenes
from portal.connections.conformance.trial import AMOUNT, MARK, Codes, Trial
from portal.connections.models import Conformance
from portal.events.services import tell

BEYOND_SECONDS: Final = 5
NO_LOOKUP: Final = "It cannot be searched, so what is there cannot be counted."
NO_CONNECTION: Final = "It ran with credentials of its own, so no connection may rely on it."
NO_KEY: Final = "The connector says that this system takes no idempotency key, so there is none to trust."
NOT_ALL_PASSED: Final = "Not every check passed."
TRUSTED: Final = "Every check passed: the key may be relied on."


class Outcome(TextChoices):
    """What came of one check."""

    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    NOT_POSSIBLE = "not_possible", _("Not possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a run goes. Lengths in seconds; `life_seconds` None: nothing is sent beyond the key's life."""

    codes: Codes = field(default_factory=Codes)
    currency: str = ""
    late_seconds: float = 5.0
    life_seconds: float | None = None
    settle_seconds: float | None = None
    """How long the last count waits for what comes late; None: what the connector says of its lookup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a report. `documents` is how many were there in the end, None where they could not be counted."""

    name: str
    title: str
    outcome: Outcome
    seen: str
    documents: int | None
    counts: bool
    exchanges: Sequence[dict[str, object]] = ()

    def told(self) -> dict[str, Any]:
        """What is kept of it in the database."""
        return {
            "name": self.name, "title": self.title, "outcome": self.outcome.value, "seen": self.seen,
            "documents": self.documents, "counts": self.counts,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, dated, with everything that was seen."""

    account: Account
    company: Company
    version: str
    started_at: datetime
    ended_at: datetime
    late_seconds: float
    checks: Sequence[Check]

    @property
    def passed(self) -> bool:
        """Whether every check that counts has passed."""
        return all(check.outcome is Outcome.PASSED for check in self.checks if check.counts)

    @property
    def trusted(self) -> bool:
        """Whether the key may be relied on for this connection."""
        return self.verdict == TRUSTED

    @property
    def verdict(self) -> str:
        """Why, or why not, in one sentence."""
        if not self.passed:
            return NOT_ALL_PASSED
        if self.account.connector.can.key_seconds is None:
            return NO_KEY
        return TRUSTED if self.account.connection else NO_CONNECTION


def announcement(connector: type[AccountingSystem], company: Company, currency: str) -> str:
    """What a run will do, for the person who has to agree."""
    return (
        f"This posts some ten documents of {AMOUNT} {currency} and at most one of {2 * AMOUNT} {currency} into "
        f"{company.name} at {connector.metadata.name}, each described as “{MARK} …”. A system that doubles will hold "
        "more of them. Nothing removes them again: use a sandbox, or void them there afterwards."
    )


def run(
    account: Account,
    wishes: Wishes,
    *,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[Scene], None] = lambda _: None,
) -> Report:
    """Play every scene against a live account and count. Writes documents there.

    Raises what `company` raises (`Unauthorised`, `Misconfigured`, `Retryable`) before anything is written.
    """
    company = account.system(account.terms()).company()
    trial = Trial(account=account, codes=wishes.codes, currency=wishes.currency or company.base_currency, sleep=sleep)
    played: list[Scene] = []
    for name, title, act, counts in scenes(trial, wishes.late_seconds, wishes.life_seconds):
        played.append(play(trial, name, title, act, counts=counts))
        progress(played[-1])
    sleep(_settle_seconds(account, wishes))
    return Report(
        account=account,
        company=company,
        version=source_version(account.connector),
        started_at=trial.started_at,
        checks=[_judged(trial, scene) for scene in played],
        ended_at=timezone.now(),
        late_seconds=wishes.late_seconds,
    )


def _settle_seconds(account: Account, wishes: Wishes) -> float:
    """A lookup that lags behind would not see a second document yet."""
    can = account.connector.can
    wished = wishes.settle_seconds
    return wished if wished is not None else 0.0 if can.lookup_complete else float(can.quiet_seconds)


def _judged(trial: Trial, scene: Scene) -> Check:
    """Count the documents of a scene, and say what that means."""
    documents, uncounted = _counted(trial, scene)
    outcome, why = _outcome(scene, documents, uncounted)
    return Check(
        name=scene.name, title=scene.title, outcome=outcome, seen=" ".join(filter(None, (scene.seen, why))),
        documents=documents, counts=scene.counts, exchanges=[one.told() for one in scene.exchanges],
    )  # fmt: skip


def _outcome(scene: Scene, documents: int | None, uncounted: str) -> tuple[Outcome, str]:
    """What came of it, and why. Two documents are a failure whatever else went wrong."""
    if scene.fault:
        return Outcome.FAILED, scene.fault
    if documents is not None and documents > 1:
        return Outcome.FAILED, f"{documents} documents are there in place of one."
    if impossible := scene.impossible or uncounted or (scene.refused if not documents else ""):
        return Outcome.NOT_POSSIBLE, impossible
    return (Outcome.PASSED, "") if documents == 1 else (Outcome.FAILED, "No document is there.")


def _counted(trial: Trial, scene: Scene) -> tuple[int | None, str]:
    """(how many documents are there, why that is not known)."""
    if not trial.account.connector.can.lookup:
        return None, NO_LOOKUP
    look = trial.look if scene.impossible else trial.look_until_seen
    try:
        return len(look(scene.document, scene.key)), ""
    except IntegrationError as error:
        return None, f"What is there could not be counted: {error.message}"


def record(report: Report, *, who: str) -> Conformance:
    """Keep a run. The latest one of a connection decides whether its key is trusted."""
    account = report.account
    with atomic():
        kept = Conformance.objects.create(
            integration=account.connector.metadata.slug,
            connection=account.connection,
            base_url=account.base_url,
            external_company_id=report.company.external_id[:100],
            external_company_name=report.company.name[:200],
            version=report.version,
            started_at=report.started_at,
            ended_at=report.ended_at,
            checks=[check.told() for check in report.checks],
            trusted=report.trusted,
            who=who,
        )
        company = account.connection.company if account.connection else None
        tell(
            "connection.conformance",
            f"The conformance of {account.connector.metadata.name} was checked. {report.verdict}",
            who=who,
            subject=account.connection or kept,
            tenant_id=company.tenant_id if company else None,
            company_id=company.pk if company else None,
        )
    return kept
