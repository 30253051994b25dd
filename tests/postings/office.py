"""The world of the model: two companies on the clumsy books, a person on staff, a clock, six transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import time_machine
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from integrations.documents import Document, Kind
from portal.connections import registry
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.claim import Claim, claim
from tests.factories import DemoConnectionFactory, StaffFactory, a_document, a_line
from tests.postings.clumsy_books import ClumsyBooks

START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@dataclass(frozen=True)
class Office:
    """What all examples share: two companies linked to the clumsy books, somebody on staff, and the clock."""

    connections: tuple[Connection, Connection]
    staff: AbstractBaseUser
    clock: time_machine.Traveller

    def shift(self, seconds: float) -> None:
        self.clock.shift(seconds)


@contextmanager
def open_office() -> Iterator[Office]:
    """In this block the clumsy books are installed, the time stands still, and claims are measured by it."""
    known = {**registry.accounting_systems(), "clumsy": ClumsyBooks}
    with (
        patch.object(registry, "accounting_systems", lambda: known),
        patch.object(work, "claim", claim_on_the_models_clock),
        time_machine.travel(START, tick=False) as clock,
    ):
        made = [DemoConnectionFactory.create(integration="clumsy", settings={}, secrets={}) for _ in range(2)]
        yield Office((made[0], made[1]), StaffFactory.create(), clock)


def claim_on_the_models_clock(posting_id: int, **named: Any) -> Claim | None:
    """A worker is frozen for as long as the model's time passes; the monotonic clock knows nothing of that."""
    claimed = claim(posting_id, **named)
    if claimed is not None:
        claimed.clock = lambda: timezone.now().timestamp()
        claimed.claimed_at = claimed.clock()
    return claimed


VERSIONS = (a_line(), a_line(net=Decimal("110.00"), tax=Decimal("22.00"), gross=Decimal("132.00")))
WHICH = (
    *((0, Kind.INVOICE, external_id) for external_id in "abcd"),
    (0, Kind.CREDIT_NOTE, "a"),
    (1, Kind.INVOICE, "a"),
)


def document(which: int, version: int) -> tuple[int, Document]:
    """One of six transactions in one of two versions, and the number of its company."""
    company, kind, external_id = WHICH[which]
    line = VERSIONS[version]
    return company, a_document(
        external_id=external_id, kind=kind, lines=(line,), net=line.net, tax=line.tax, gross=line.gross
    )
