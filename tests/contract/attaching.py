"""What a system that takes files does: each arrives unchanged at its document, is told again, and is there once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.base import AccountingSystem
from integrations.documents import IdempotencyKey, Kind
from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.papers import File
from tests.contract.answers import BRIEF_SECONDS, PAGE, assert_readable
from tests.contract.books import Books, another, book
from tests.contract.conversation import Conversations
from tests.contract.description import DescriptionCases
from tests.samples import KEY, OTHER_KEY, PAPER, sample
from tests.scripted import Answer, ScriptedServer, answer, hang, json_answer, reset

# A name with what upsets paths and headers, and every byte that there is.
ODD = File(name='Rechnung "März" (2) №7.pdf', content_type="application/pdf", content=bytes(range(256)) * 40)
NO_SUCH_DOCUMENT = "999999999"
KINDS = sorted(Kind)


class AttachmentCases(DescriptionCases):
    """For each kind of `can.attaches`; a system that takes no files has nothing to prove."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_file_is_told_once_it_is_attached(self, system: AccountingSystem, books: Books, kind: Kind) -> None:
        if kind not in system.can.attaches:
            return
        posted = book(system, sample(kind))
        assert system.attached(kind, posted.external_id) == ()
        for paper in (PAPER, ODD):
            system.attach(kind, posted.external_id, paper)
            assert books.stored(kind, posted.external_id, paper.name) == paper.content
        told = system.attached(kind, posted.external_id)
        assert [one.name for one in told] == [PAPER.name, ODD.name]
        assert {one.size for one in told} <= {len(PAPER.content), len(ODD.content), None}
        assert {one.content_type for one in told} == {"application/pdf"}
        assert len({one.external_id for one in told}) == 2
        assert all(one.external_id for one in told)

    def test_a_name_is_there_once(self, system: AccountingSystem, books: Books) -> None:
        """The answer to the first try may have been lost, and what it wrote seen a moment too late."""
        for kind in system.can.attaches & {Kind.INVOICE}:
            posted = book(system, sample(kind))
            for _ in range(2):
                system.attach(kind, posted.external_id, PAPER)
            assert [one.name for one in system.attached(kind, posted.external_id)] == [PAPER.name]
            assert books.stored(kind, posted.external_id, PAPER.name) == PAPER.content

    def test_a_file_belongs_to_one_document(self, system: AccountingSystem, books: Books) -> None:
        for kind in system.can.attaches & {Kind.INVOICE}:
            first, second = book(system, sample()), book(system, another(), key=OTHER_KEY, reference="P-000002")
            system.attach(kind, first.external_id, PAPER)
            assert system.attached(kind, second.external_id) == ()
            system.attach(kind, second.external_id, replace(PAPER, content=b"%PDF-1.7 another"))
            assert books.stored(kind, first.external_id, PAPER.name) == PAPER.content
            assert books.stored(kind, second.external_id, PAPER.name) == b"%PDF-1.7 another"

    def test_a_file_changes_nothing_of_what_is_booked(self, system: AccountingSystem, books: Books) -> None:
        for place, kind in enumerate(sorted(system.can.attaches), start=1):
            key = IdempotencyKey(f"5c1b0f0e-8c52-4f0a-9d0b-{place:012}")
            posted = book(system, sample(kind), key=key, reference=f"P-{place:06}")
            system.attach(kind, posted.external_id, PAPER)
            assert books.count() == place
            assert not system.can.lookup or system.find(sample(kind), key=key) == (posted,)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("external_id", [NO_SUCH_DOCUMENT, "no id", "-1", "²"])
    def test_a_document_that_there_is_not_is_refused(
        self, system: AccountingSystem, kind: Kind, external_id: str
    ) -> None:
        if kind not in system.can.attaches:
            return
        with pytest.raises(Rejected) as told:
            system.attached(kind, external_id)
        with pytest.raises(Rejected) as given:
            system.attach(kind, external_id, PAPER)
        for error in (told.value, given.value):
            assert_readable(error)
            assert external_id in error.message

    def test_a_kind_that_takes_no_files_has_none(self, system: AccountingSystem) -> None:
        for kind in set(Kind) - system.can.attaches:
            assert system.attached(kind, "17") == ()
            with pytest.raises(Rejected):
                system.attach(kind, "17", PAPER)


# What each answer to a write of a file means, and to a read before it.
ANSWERS: dict[str, tuple[Answer, type[IntegrationError], type[IntegrationError]]] = {
    "401": (answer(status=401), Unauthorised, Unauthorised),
    "429": (answer(status=429, headers={"Retry-After": "7"}), Retryable, Retryable),
    "500": (answer(status=500), OutcomeUnknown, Retryable),
    "503 with a page": (
        answer(status=503, body=PAGE, headers={"Content-Type": "text/html"}),
        OutcomeUnknown,
        Retryable,
    ),
    "200 with a page": (answer(body=PAGE, headers={"Content-Type": "text/html"}), OutcomeUnknown, Retryable),
    "a surprise": (json_answer({"surprise": "xyzzy"}), OutcomeUnknown, Retryable),
    "a refusal that nobody knows": (json_answer({"surprise": "xyzzy"}, status=422), OutcomeUnknown, Retryable),
    "reset": (reset(), OutcomeUnknown, Retryable),
    "hang": (hang(), OutcomeUnknown, Retryable),
}


class AttachingCases(Conversations):
    """The same over a bad network: a write that is not certain is told as such, and then looked for by its name."""

    def attach(self, url: str, **terms: object) -> None:
        """Attach `PAPER` to the invoice "17"."""
        self.connect(url, self.outbound(**terms)).attach(Kind.INVOICE, "17", PAPER)

    def test_the_exact_requests_of_an_attachment(self) -> None:
        if Kind.INVOICE not in self.connector.can.attaches:
            return
        steps = self.attaching()
        assert any(step.writes for step in steps)
        with ScriptedServer(*(step.play() for step in steps)) as server:
            self.attach(server.url)
        assert [step.seen_in(asked) for step, asked in zip(steps, server.asked, strict=True)] == [
            step.request for step in steps
        ]

    def test_each_write_of_a_file_asks_whether_it_is_still_ours(self) -> None:
        def lost() -> None:
            raise LeaseLost("somebody else holds it")

        steps = self.attaching()
        writes = [place for place, step in enumerate(steps) if step.writes]
        checks: list[int] = []
        with ScriptedServer(*(step.play() for step in steps)) as server:
            if steps:
                self.attach(server.url, still_ours=lambda: checks.append(len(server.asked)))
        assert checks == writes
        with ScriptedServer(*(step.play() for step in steps[: min(writes, default=0)])) as server:
            if steps:
                with pytest.raises(LeaseLost):
                    self.attach(server.url, still_ours=lost)

    @pytest.mark.parametrize("what", sorted(ANSWERS))
    def test_an_attachment_that_breaks_is_told_as_what_it_is(self, what: str) -> None:
        play, written, read = ANSWERS[what]
        steps = self.attaching()
        first = next((place for place, step in enumerate(steps) if step.writes), 0)
        for place in range(len(steps)):
            before = [step.play() for step in steps[:place]]
            expected = read if place < first else written if place == first else OutcomeUnknown
            brief = BRIEF_SECONDS if what == "hang" else 10.0
            with ScriptedServer(*before, play) as server, pytest.raises(IntegrationError) as caught:
                self.attach(server.url, deadline_seconds=brief)
            assert type(caught.value) is expected, f"request {place}"
            assert_readable(caught.value)

    def test_what_is_attached_is_read_to_the_end(self) -> None:
        if Kind.INVOICE not in self.connector.can.attaches:
            return
        for count in (0, 1, 3):
            with ScriptedServer(*(step.play() for step in self.papers(count))) as server:
                found = self.connect(server.url, self.outbound()).attached(Kind.INVOICE, "17")
            assert [one.external_id for one in found] == [str(number) for number in range(1, count + 1)]
            assert len({one.name for one in found}) == count

    def test_the_key_is_no_part_of_a_file(self) -> None:
        """A file is told by its document and its name; the posting's key stands on the document already."""
        steps = self.attaching()
        assert not any(KEY.value in repr(step.body) for step in steps)
