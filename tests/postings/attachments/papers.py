"""A source with files and a timeline, and books that take files: each does what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from integrations.base import Answer, Expected, Source
from integrations.documents import Document, Kind
from integrations.errors import Malformed, Missing
from integrations.http import nothing
from integrations.metadata import Metadata, Offers, Setting
from integrations.papers import Attachment, File
from integrations.standing import Event
from tests.postings.fake_books import FakeBooks

Act = Callable[[], object]


@dataclass
class Desk:
    """What the source holds for every transaction, and what it does at its next calls; each act may raise."""

    files: dict[str, tuple[Attachment, bytes]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    at_list: Act = nothing
    at_fetch: Act = nothing
    at_timeline: Act = nothing

    def put(self, external_id: str, name: str, content: bytes = b"", **options: Any) -> None:
        """One file more."""
        options.setdefault("content_type", "application/pdf")
        attachment = Attachment(external_id=external_id, name=name, **options)
        self.files[external_id] = (attachment, content or f"content of {external_id}".encode())


class PaperDesk(Source):
    """The source `papers`."""

    metadata = Metadata(
        slug="papers",
        name="Paper desk",
        summary="For tests.",
        monogram="PA",
        settings=(Setting(key="base_url", label="Address"),),
    )
    offers: ClassVar[Offers] = Offers(attachments=True, timeline=True)
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    token_headers: ClassVar[tuple[str, ...]] = ("token",)
    answer_template: ClassVar[Mapping[str, Any]] = {"JournalNumber": "{journal}"}
    desk: ClassVar[Desk] = Desk()

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        raise Malformed("It only has papers.")

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(200, {"JournalNumber": journal_number})

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {"Message": message})

    def attachments(self, external_id: str) -> tuple[Attachment, ...]:
        self._called(f"list {external_id}")
        self.desk.at_list()
        return tuple(attachment for attachment, _ in self.desk.files.values())

    def attachment(self, external_id: str, attachment: Attachment) -> File:
        self._called(f"fetch {attachment.external_id} of {external_id}")
        self.desk.at_fetch()
        if attachment.external_id not in self.desk.files:
            raise Missing(f"There is no file {attachment.external_id}.")
        told, content = self.desk.files[attachment.external_id]
        return File(name=told.name, content_type=told.content_type, content=content)

    def timeline(self, external_id: str) -> tuple[Event, ...]:
        self._called(f"timeline {external_id}")
        self.desk.at_timeline()
        return tuple(self.desk.events)

    def _called(self, what: str) -> None:
        self.link.outbound.permit()
        self.desk.asked.append(what)


@dataclass
class Shelf:
    """The files in the books by document, and what happens at the next calls; each act may raise."""

    files: dict[str, list[File]] = field(default_factory=dict)
    at_attached: Act = nothing
    before: Act = nothing
    after: Act = nothing

    def names(self, external_id: str = "1") -> list[str]:
        """What is attached to one document, in the order in which it came."""
        return [file.name for file in self.files.get(external_id, [])]


class ShelvedBooks(FakeBooks):
    """The fake books of the engine's tests, which take files for invoices. They keep whatever comes, also twice."""

    can = replace(FakeBooks.can, attaches=frozenset({Kind.INVOICE}))
    shelf: ClassVar[Shelf] = Shelf()

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        self.link.outbound.permit()
        self.shelf.at_attached()
        found = enumerate(self.shelf.files.get(external_id, []))
        return tuple(Attachment(external_id=str(place), name=file.name) for place, file in found)

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        self.link.outbound.permit()
        self.link.outbound.still_ours()
        self.shelf.before()
        self.shelf.files.setdefault(external_id, []).append(file)
        self.shelf.after()
