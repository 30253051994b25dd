"""Kinds of waiting that a test makes up, and nothing else on the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from portal.events import waits
from portal.events.waits import Found, Wait

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class Heap:
    """Things of one kind that wait: subject id -> since when."""

    kind: str
    waiting: dict[str, datetime] = field(default_factory=dict)

    def add(self, *subjects: object, since: datetime = NOW) -> None:
        self.waiting.update({str(subject): since for subject in subjects})

    def _begins(self, _: datetime, known: frozenset[str]) -> Iterator[Found]:
        for subject, since in self.waiting.items():
            if subject not in known:
                yield Found(subject_id=subject, title=f"{self.kind} {subject}", path=f"/admin/{subject}/", since=since)

    def register(self) -> None:
        waits.register(
            Wait(
                kind=self.kind,
                one=f"{self.kind}",
                many=f"{self.kind}s",
                advice="Look at it.",
                list_path=lambda: f"/admin/{self.kind}/",
                begins=self._begins,
                still=lambda _, known: known & set(self.waiting),
            )
        )


@pytest.fixture
def heaps(monkeypatch: pytest.MonkeyPatch, settings: Settings, db: None) -> tuple[Heap, Heap]:
    """Two kinds, and one person who is told."""
    monkeypatch.setattr(waits, "_waits", {})
    settings.STAFF_ALERTS = ["ops@example.org"]
    settings.BASE_URL = "https://post.example.com"
    made = (Heap("apple"), Heap("pear"))
    for heap in made:
        heap.register()
    return made


def subjects() -> list[str]:
    """What was sent, in order."""
    return [str(message.subject) for message in mail.outbox]


def addressed() -> list[str]:
    """To whom it was sent, in order."""
    return [recipient for message in mail.outbox for recipient in message.to]


def the_mail() -> Any:
    """The only one that was sent."""
    (message,) = mail.outbox
    return message


def parts(message: Any) -> list[Message]:
    """The bodies as a mail program sees them."""
    return list(message.message().walk())
