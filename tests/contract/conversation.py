"""How a connector and its system talk: the requests of a call with their answers, and the ways of saying no."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Document, IdempotencyKey, Posted
from integrations.errors import IntegrationError, OutcomeUnknown, Rejected, Retryable
from integrations.http import Outbound
from integrations.reference import RecordKind
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import Answer, Asked, ScriptedServer, json_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a call, and the answer of a system that has no complaint.

    `path` has its query. `body` is the JSON that is sent, bytes for anything else, None for nothing; `answer` is JSON,
    or an `Answer` of the script for anything else. `writes` says that the request may change the books.
    """

    method: str
    path: str
    answer: object
    body: object = None
    status: int = 200
    writes: bool = False

    def play(self) -> Answer:
        """The answer, for a script."""
        return played(self.answer, self.status)

    @property
    def request(self) -> tuple[str, str, object]:
        """What is asked, for comparing."""
        return self.method, self.path, self.body

    def seen_in(self, asked: Asked) -> tuple[str, str, object]:
        """What was asked, likewise."""
        as_it_came = not asked.body or isinstance(self.body, bytes)
        return asked.method, asked.path, (asked.body or None) if as_it_came else asked.json()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One way of the system to say no to a post, and what the connector has to make of it.

    It comes in place of the answer at `step` (from 0; None: the first that writes). `says` are words of it that people
    need, `hides` words that nobody may see, such as a traceback. `then` are the requests that tidy up.
    """

    status: int
    body: object
    error: type[IntegrationError] = Rejected
    says: str = ""
    hides: str = ""
    field: str | None = None
    step: int | None = None
    then: Sequence[Step] = ()


def played(value: object, status: int) -> Answer:
    """A value as the answer of a script: JSON, unless it is an answer already."""
    return value if callable(value) else json_answer(value, status=status)


class Conversations(ABC):
    """A subclass names its `connector` and says how it connects, what it sends, and what its system answers.

    A call may be one request or several, reads before or after writes among them; each case goes through all of them.
    """

    connector: ClassVar[type[AccountingSystem]]
    secrets: tuple[str, ...]
    """What must never be recorded: the values that `connect` puts into the link's secrets."""
    refuses: ClassVar[frozenset[str]] = frozenset()
    """Which odd amounts (`tests/contract/oddities.py`) the connector refuses before it writes, by its own rule."""
    one_per_key: ClassVar[bool] = False
    """Whether the system itself lets no two documents have one key, so that no lookup can find more."""

    def content(self, asked: Asked) -> object:
        """The body of a request, read: JSON, unless a subclass says otherwise."""
        return asked.json()

    @abstractmethod
    def connect(self, url: str, outbound: Outbound) -> AccountingSystem:
        """The connector, linked to `url` with `secrets`."""

    @abstractmethod
    def greeting(self) -> Sequence[Step]:
        """The requests of `company()`."""

    @abstractmethod
    def posting(self, document: Document) -> Sequence[Step]:
        """The requests of `post` under `KEY` and `REFERENCE`: exact ones for `sample(kind)` and `in_dollars()`.

        The answers tell amounts, currency and date of `document` as the system's own, and that it booked it as "17".
        """

    def polling(self, document: Document) -> Sequence[Step]:
        """The requests of `poll`, up to the document "17", of a system that `can.awaits`."""
        return ()

    @abstractmethod
    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        """The requests of `find` of `sample()` under `KEY`, when each page has so many documents, from "1" on."""

    def listing(self, pages: Sequence[int]) -> Sequence[Step]:
        """The requests of `written_since(SINCE)` likewise, of a system that `can.lists`. Each has `KEY`."""
        return ()

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        """The requests of `records(kind)` likewise, for each kind in `can.reads`. Each record has an id from "1" on."""
        return ()

    def papers(self, count: int) -> Sequence[Step]:
        """The requests of `attached` for the invoice "17" with so many files, of a system that takes files for it.

        Each has an id from "1" on and a name of its own.
        """
        return ()

    def attaching(self) -> Sequence[Step]:
        """The requests of `attach`, exact ones for `PAPER` and the invoice "17", of a system that takes such files."""
        return ()

    @abstractmethod
    def without_id(self) -> object:
        """The answer to the first write of `sample()`, robbed of the id."""

    @abstractmethod
    def failure(self, message: str) -> object:
        """How the system words a failure, such as the refusal of a code; it may come with status 200."""

    @abstractmethod
    def refusals(self) -> Sequence[Refusal]:
        """The connector's closed table: each code or phrase that it knows, and what it means."""

    # --- what the cases do with it -----------------------------------------------------------------------------------

    def outbound(self, **terms: Any) -> Outbound:
        """The terms of a call to the script."""
        return Outbound(**{"allow_private": True, "deadline_seconds": 10.0, **terms})

    def attempt(self, url: str, document: Document, *, key: IdempotencyKey = KEY, **terms: Any) -> Posted | Awaiting:
        """One attempt to post."""
        return self.connect(url, self.outbound(**terms)).post(document, key=key, reference=REFERENCE)

    def post(self, url: str, document: Document | None = None, *, key: IdempotencyKey = KEY, **terms: Any) -> Posted:
        """Post, and ask for what is booked later as the engine does: with a fresh connector each time."""
        document = document or sample()
        result = self.attempt(url, document, key=key, **terms)
        while isinstance(result, Awaiting):
            assert self.connector.can.awaits
            result = self.connect(url, self.outbound(**terms)).poll(document, operation=result.operation)
        return result

    def plays(self, document: Document | None = None) -> list[Answer]:
        """The answers to a post that goes well, to its end."""
        document = document or sample()
        return [step.play() for step in (*self.posting(document), *self.polling(document))]

    def first_write(self) -> int:
        """The place of the first request of a post that writes."""
        places = [place for place, step in enumerate(self.posting(sample())) if step.writes]
        assert places, "a post writes"
        return places[0]

    def broken_at(self, place: int, *plays: Answer, **terms: Any) -> IntegrationError:
        """The error of a post that gets `plays` from the request at `place` (from 0) on. Nothing else may be sent."""
        before = [step.play() for step in self.posting(sample())[:place]]
        with ScriptedServer(*before, *plays) as server, pytest.raises(IntegrationError) as caught:
            self.attempt(server.url, sample(), **terms)
        return caught.value

    def unclear_at(self, place: int) -> type[IntegrationError]:
        """What a request at `place` that nobody knows the outcome of means: before the first write it is repeated."""
        return Retryable if place < self.first_write() else OutcomeUnknown

    def places(self) -> range:
        """All requests of one attempt to post."""
        return range(len(self.posting(sample())))
