"""The dry run: what would be sent for a document, as far as the first request that writes, which is held back.

It writes nothing, neither there nor here, and counts for no breaker and no schedule. Systems are asked within their
limits, and few pages wait for them at once.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final

from django.utils import timezone

from integrations.base import System
from integrations.content import from_json
from integrations.documents import Awaiting, Document, IdempotencyKey, Posted
from integrations.errors import AnotherCompany, IntegrationError, Misconfigured, Rejected
from integrations.http import Outbound, nothing
from integrations.previewing import Objection, Preview
from portal.connections.models import Connection, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities, outbound_terms, system_of
from portal.postings.inside import key_of
from portal.postings.models import Posting, Transaction
from portal.postings.preview.coded import code_rows
from portal.postings.preview.printing import pretty_bytes
from portal.postings.preview.report import DryRun, Outcome, Shown
from portal.postings.states import State
from portal.reference.judging import Fate, Judge, Verdict
from portal.reference.mapping import uses
from portal.reference.sync.words import name_of
from portal.reference.tables import codes_for

logger = logging.getLogger(__name__)

# A person waits for the page.
ASKED_WITHIN_SECONDS: Final = 25.0
PATIENCE_SECONDS: Final = 8.0
MADE_UP: Final = "P-DRY-RUN"
# The verdicts on a delivery whose content is the one that counts.
TAKEN: Final = ("accepted", "revised")

SENT: Final = "{system} would be sent what stands here. Nothing was sent."
BOOKED: Final = "{system} would book what stands here. Nothing was booked."
NOTHING_LEFT: Final = "{system} would be sent nothing."
THERE: Final = "{system} has it already, as {number}: nothing would be sent."
TAKEN_THERE: Final = "{system} has taken it already and is still working on it: nothing would be sent."
KEPT: Final = "{system} does not take {kinds}, so it is kept as a numbered memo entry. Nothing would be sent."
NOT_TAKEN: Final = "{system} cannot take {kinds}, so it is refused. Ask for them to be kept as memo entries."
GAPS: Final = "It would be refused: the mapping lacks {codes}. Nothing would be sent."
OBJECTIONS: Final = "{system} would refuse it. Nothing would be sent."
NOT_LINKED: Final = "{connection} is {status}, so {system} cannot be asked. Link it first."
UNKNOWN: Final = "This release does not know {integration}, so nothing can be sent there."
BUG: Final = "An error on our side: {name}. The log has the details."
REFERENCE_LATER: Final = f"{MADE_UP} and the key are made up: journal number and key are given when it is accepted."
POSTED_ALREADY: Final = "It is posted already{number}. This is what would be sent if it were sent now."
PAUSED: Final = "The connection is paused: nothing is sent for it until it is resumed."


def dry_run(
    connection: Connection,
    document: Document,
    *,
    reference: str = "",
    key: IdempotencyKey | None = None,
    came_in: bytes | None = None,
    kept: bool = False,
) -> DryRun:
    """What would happen with a document now. `reference` is its journal number, empty where it has none yet; `came_in`
    is the raw body that it was read from. Raises nothing that has to do with the outside system: that is told."""
    stem = _Stem(connection, document, reference or MADE_UP, key or IdempotencyKey(str(uuid.uuid4())))
    run = DryRun(
        at=timezone.now(),
        system=name_of(connection),
        outcome=Outcome.FAILED,
        sentence="",
        document=document,
        reference=stem.reference,
        is_made_up=not reference,
        key=stem.key.value,
        came_in=pretty_bytes(came_in) if came_in else "",
        notes=(*(() if reference else (REFERENCE_LATER,)), *((PAUSED,) if connection.paused else ())),
    )
    try:
        return stem.run(run, kept=kept)
    except IntegrationError as error:
        return replace(run, sentence=error.message, field=error.field)
    except UnknownIntegration:
        return replace(run, sentence=UNKNOWN.format(integration=connection.integration))
    except Exception as error:
        logger.exception("A dry run into %s failed.", connection)
        return replace(run, sentence=BUG.format(name=type(error).__name__))


def dry_run_of(posting: Posting) -> DryRun:
    """The dry run of a stored posting under its own key and number. Raises what `from_json` raises for content that
    cannot be read any more."""
    transaction = posting.transaction
    run = dry_run(
        posting.connection,
        from_json(transaction.content),
        reference=transaction.number,
        key=key_of(posting),
        came_in=came_in_of(transaction),
        kept=posting.kept,
    )
    if posting.state != State.POSTED:
        return run
    number = f" as {posting.external_number}" if posting.external_number else ""
    return replace(run, notes=(POSTED_ALREADY.format(number=number), *run.notes))


def came_in_of(transaction: Transaction) -> bytes | None:
    """The raw body of the delivery whose content counts; None where there was none, or it has had its time."""
    taken = transaction.deliveries.filter(verdict__in=TAKEN).order_by("-id").values_list("body", flat=True).first()
    return bytes(taken) if taken else None


@dataclass(frozen=True, slots=True)
class _Stem:
    """One document on its way to one system."""

    connection: Connection
    document: Document
    reference: str
    key: IdempotencyKey

    def run(self, run: DryRun, *, kept: bool) -> DryRun:
        can, kinds = abilities(self.connection), f"{self.document.kind.label.lower()}s"
        if kept or (self.document.kind not in can.kinds and self.document.kind in self.connection.kept_kinds):
            return replace(run, outcome=Outcome.KEPT, sentence=KEPT.format(system=run.system, kinds=kinds))
        if self.document.kind not in can.kinds:
            return replace(run, outcome=Outcome.NOT_TAKEN, sentence=NOT_TAKEN.format(system=run.system, kinds=kinds))
        codes = codes_for(self.connection, self.document)
        run = replace(run, codes=code_rows(self.document, codes))
        if gaps := codes.gaps(self.document):
            run = replace(run, outcome=Outcome.GAPS, gaps=gaps)
            count = len(run.distinct_gaps)
            return replace(run, sentence=GAPS.format(codes=f"{count} code{'' if count == 1 else 's'}"))
        sent = codes.mapped(self.document)
        run = replace(run, sent=sent, warnings=self._warnings())
        if self.connection.status != Status.LINKED:
            status = self.connection.get_status_display()
            told = NOT_LINKED.format(connection=self.connection, status=status, system=run.system)
            return replace(run, sentence=told)
        return self._asked(run, sent, is_inside=can.transactional)

    def _warnings(self) -> tuple[str, ...]:
        """What the mirror says of codes that the system may refuse."""
        judge = Judge(self.connection)
        found = judge.judge(sorted(uses(self.document, judge.rules), key=attrgetter("order"))).values()
        doubtful = (each for each in found if each.fate in (Fate.REFUSED, Fate.PERHAPS_REFUSED))
        return tuple(dict.fromkeys(each.sentence for each in doubtful if each.verdict is not Verdict.ABSENT))

    def _asked(self, run: DryRun, sent: Document, *, is_inside: bool) -> DryRun:
        """What the system says; what was found before it is kept where it says nothing."""
        try:
            with self._terms(is_inside) as terms:
                objections = self._system(terms).objections(sent)
                if objections:
                    return _refused(run, *objections)
                preview = self._system(terms).preview(sent, key=self.key, reference=self.reference)
        except (Misconfigured, AnotherCompany) as error:
            return replace(run, sentence=error.message, field=error.field)
        except Rejected as error:
            return _refused(run, Objection(message=error.message, field=error.field))
        except IntegrationError as error:
            return replace(run, sentence=error.message, field=error.field)
        return replace(run, **_told(run.system, preview, is_inside=is_inside))

    @contextmanager
    def _terms(self, is_inside: bool) -> Iterator[_Terms]:
        if is_inside:
            yield _Terms(outbound_terms(), None)
            return
        with (
            one_of(self.connection.company_id),
            paced(self.connection, nothing, patience_seconds=PATIENCE_SECONDS) as outbound,
        ):
            yield _Terms(outbound, time.monotonic() + ASKED_WITHIN_SECONDS)

    def _system(self, terms: _Terms) -> System:
        """A fresh connector for each question, as for an attempt; what is left of the time is its deadline."""
        return system_of(self.connection, terms.outbound_now())


@dataclass(frozen=True, slots=True)
class _Terms:
    """On which terms the system is asked, and until when on the monotonic clock; None: nothing travels."""

    outbound: Outbound
    until: float | None

    def outbound_now(self) -> Outbound:
        if self.until is None:
            return self.outbound
        return replace(self.outbound, deadline_seconds=max(0.1, self.until - time.monotonic()))


def _refused(run: DryRun, *objections: Objection) -> DryRun:
    """What is wrong with the document itself: asking again changes nothing."""
    told = OBJECTIONS.format(system=run.system)
    return replace(run, outcome=Outcome.OBJECTIONS, sentence=told, objections=objections, warnings=())


def _told(system: str, preview: Preview, *, is_inside: bool) -> dict[str, Any]:
    if isinstance(preview.there, Posted):
        number = preview.there.number or preview.there.external_id
        return {"outcome": Outcome.THERE, "sentence": THERE.format(system=system, number=number), "warnings": ()}
    if isinstance(preview.there, Awaiting):
        return {"outcome": Outcome.THERE, "sentence": TAKEN_THERE.format(system=system), "warnings": ()}
    sentence = (BOOKED if is_inside else SENT) if preview.requests else NOTHING_LEFT
    requests = tuple(Shown.of(one) for one in preview.requests)
    return {"outcome": Outcome.SENT, "sentence": sentence.format(system=system), "requests": requests}
