"""Short forms: a company between the paper desk and the shelved books, postings with files, and acts that fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import time_machine
from django.utils import timezone

from portal.connections.models import Connection
from portal.postings.attachments.handing import hand_over
from portal.postings.attachments.models import HandedFile, Handover
from portal.postings.models import Posting
from tests.factories import a_document
from tests.postings.attachments.papers import Desk, Shelf
from tests.postings.reconciliation.played import posted

START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Killed(BaseException):
    """The worker ends here: nothing in it runs any more."""


@dataclass
class Scene:
    """One company, linked on both sides; the clock stands still until it is moved."""

    desk: Desk
    shelf: Shelf
    source: Connection
    books: Connection
    clock: time_machine.Traveller

    def posted(self, **options: Any) -> Posting:
        """An invoice from the desk that is in the books now."""
        return posted(self.books, a_document(source="papers", **options), ago=timedelta(0))

    def handover(self, **options: Any) -> Handover:
        """One that is due, of an invoice that is in the books."""
        now = timezone.now()
        return Handover.objects.create(
            posting=self.posted(**options), connection=self.books, next_at=now, created_at=now
        )

    def later(self, much: timedelta = timedelta(seconds=116)) -> None:
        """Time passes; without a word as much as the lease of a dead worker and the quiet time after it last."""
        self.clock.shift(much)


def run(handover: Handover) -> Handover:
    """Whatever it needs now."""
    hand_over(handover.pk)
    handover.refresh_from_db()
    return handover


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def act(*_: object, **__: object) -> NoReturn:
        raise error

    return act


def once(error: BaseException) -> Callable[[], None]:
    """Fails the first time."""
    left = [error]

    def act() -> None:
        if left:
            raise left.pop()

    return act


def rows(handover: Handover) -> list[tuple[str, str, str]]:
    """Name, state and message of each file."""
    return list(HandedFile.objects.filter(handover=handover).order_by("pk").values_list("name", "state", "message"))
