"""Looking up, listing, polling and greeting: they change nothing, end at the end, and a broken one proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Kind
from integrations.errors import IntegrationError, Misconfigured, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from tests.contract.answers import BRIEF_SECONDS, PAGE
from tests.contract.conversation import Conversations, Step
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import Answer, ScriptedServer, answer, hang, json_answer, reset

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Call = Callable[[AccountingSystem], object]
JSON = {"Content-Type": "application/json"}
FAULTS: dict[str, tuple[Answer, type[IntegrationError]]] = {
    "500": (answer(status=500), Retryable),
    "503 with a page": (answer(status=503, body=PAGE, headers={"Content-Type": "text/html"}), Retryable),
    "429": (answer(status=429, headers={"Retry-After": "7"}), Retryable),
    "401": (answer(status=401), Unauthorised),
    "302": (answer(status=302, headers={"Location": "http://127.0.0.1:9/"}), Misconfigured),
    "reset": (reset(), Retryable),
    "hang": (hang(), Retryable),
    "200 with a page": (answer(body=PAGE, headers={"Content-Type": "text/html"}), Retryable),
    "half of the JSON": (answer(body='{"id": ', headers=JSON), Retryable),
    "null": (json_answer(None), Retryable),
    "a text": (json_answer("17"), Retryable),
    "a surprise": (json_answer({"surprise": "xyzzy"}), Retryable),
}
PAGES = ((0,), (1,), (2,), (2, 2, 1))


def find(system: AccountingSystem) -> object:
    """Look `sample()` up."""
    return system.find(sample(), key=KEY)


def listed(system: AccountingSystem) -> object:
    """List to the end."""
    return list(system.written_since(SINCE))


def read(kind: RecordKind) -> Call:
    """Read all records of a kind."""

    def records(system: AccountingSystem) -> object:
        return list(system.records(kind))

    records.__name__ = f"records({kind})"
    return records


def attached(system: AccountingSystem) -> object:
    """Ask what files an invoice has."""
    return system.attached(Kind.INVOICE, "17")


def greet(system: AccountingSystem) -> object:
    """Ask who is linked."""
    return system.company()


class ReadingCases(Conversations):
    """Reads may simply be repeated, and until one has been read to its end nothing is known."""

    def reads(self) -> list[tuple[Call, Sequence[Step]]]:
        """Every call that reads, of those that the system can, with its requests."""
        calls: list[tuple[Call, Sequence[Step]]] = [(greet, self.greeting())]
        if self.connector.can.lookup:
            calls.append((find, self.finding((1,) if self.one_per_key else (2, 1))))
        if self.connector.can.lists:
            calls.append((listed, self.listing((2, 1))))
        if self.connector.can.awaits:
            calls.append((self.poll, self.polling(sample())))
        if Kind.INVOICE in self.connector.can.attaches:
            calls.append((attached, self.papers(2)))
        calls += [(read(kind), self.reading(kind, (2, 1))) for kind in sorted(self.connector.can.reads)]
        return calls

    def poll(self, system: AccountingSystem) -> object:
        """Ask for the operation that `posting` began."""
        plays = [step.play() for step in self.posting(sample())]
        with ScriptedServer(*plays) as server:
            begun = self.attempt(server.url, sample())
        assert isinstance(begun, Awaiting)
        return system.poll(sample(), operation=begun.operation)

    def test_each_call_that_it_can_is_scripted(self) -> None:
        for call, steps in self.reads():
            assert steps, call.__name__
            assert not any(step.writes for step in steps)

    def test_reads_ask_for_exactly_what_they_need_and_for_no_lease(self) -> None:
        def never() -> None:
            raise AssertionError("a read asked whether the posting is still ours")

        for call, steps in self.reads():
            with ScriptedServer(*(step.play() for step in steps)) as server:
                call(self.connect(server.url, self.outbound(still_ours=never)))
            assert [step.seen_in(asked) for step, asked in zip(steps, server.asked, strict=True)] == [
                step.request for step in steps
            ]

    @pytest.mark.parametrize("what", sorted(FAULTS))
    def test_a_read_that_breaks_is_repeated_and_tells_nothing(self, what: str) -> None:
        """Above all it is no empty answer: absence would let a document be sent again."""
        play, expected = FAULTS[what]
        for call, steps in self.reads():
            for place in range(len(steps)):
                plays = [*(step.play() for step in steps[:place]), play]
                brief = Outbound(allow_private=True, deadline_seconds=BRIEF_SECONDS if what == "hang" else 10.0)
                with ScriptedServer(*plays) as server, pytest.raises(IntegrationError) as caught:
                    call(self.connect(server.url, brief))
                assert isinstance(caught.value, expected), f"{call.__name__}, request {place}"

    def test_an_answer_without_its_list_is_no_empty_list(self) -> None:
        for call, steps in self.reads():
            for place, step in enumerate(steps):
                if callable(step.answer) or (hollow := without_lists(step.answer)) == step.answer:
                    continue
                plays = [*(one.play() for one in steps[:place]), json_answer(hollow)]
                with ScriptedServer(*plays) as server, pytest.raises(Retryable):
                    call(self.connect(server.url, self.outbound()))

    @pytest.mark.parametrize("pages", PAGES)
    def test_a_lookup_finds_all_that_there_are(self, pages: tuple[int, ...]) -> None:
        if not self.connector.can.lookup or (self.one_per_key and sum(pages) > 1):
            return
        with ScriptedServer(*(step.play() for step in self.finding(pages))) as server:
            found = self.connect(server.url, self.outbound()).find(sample(), key=KEY)
        assert [one.external_id for one in found] == [str(number) for number in range(1, sum(pages) + 1)]

    @pytest.mark.parametrize("pages", PAGES)
    def test_a_listing_goes_to_the_end(self, pages: tuple[int, ...]) -> None:
        if not self.connector.can.lists:
            return
        with ScriptedServer(*(step.play() for step in self.listing(pages))) as server:
            found = list(self.connect(server.url, self.outbound()).written_since(SINCE))
        assert [one.posted.external_id for one in found] == [str(number) for number in range(1, sum(pages) + 1)]
        assert {one.key for one in found} <= {KEY.value}
        assert {one.posted.gross for one in found} <= {sample().gross}
        assert {one.reference for one in found} <= {REFERENCE, ""}

    @pytest.mark.parametrize("kind", sorted(RecordKind))
    def test_reference_data_is_read_to_the_end(self, kind: RecordKind) -> None:
        if kind not in self.connector.can.reads:
            return
        for pages in PAGES:
            with ScriptedServer(*(step.play() for step in self.reading(kind, pages))) as server:
                found = list(self.connect(server.url, self.outbound()).records(kind))
            assert [one.external_id for one in found] == [str(number) for number in range(1, sum(pages) + 1)]
            assert {one.kind for one in found} <= {kind}


def without_lists(answer: object) -> object:
    """The same answer with null in the place of each list."""
    if isinstance(answer, Mapping):
        return {name: without_lists(member) for name, member in answer.items()}
    return None if isinstance(answer, list) else answer
