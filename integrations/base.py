"""The two interfaces, accounting systems and sources.

A connector is data in, data out: it keeps no state, opens no database and reads no settings. What it may do is said by
`can`; callers ask before they call, so an ability that a system lacks is data and never an exception.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from integrations.amendments import Amended, Amendment
from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted, Settled, Stage, Written
from integrations.errors import Malformed, Missing, OutcomeUnknown, Rejected, Unauthorised
from integrations.hearing import Heard, Hears
from integrations.http import Outbound, Rehearsed
from integrations.linking import Access, Arrival, Departure, Token
from integrations.metadata import Abilities, Choice, Limits, Metadata, Offers
from integrations.papers import Attachment, File
from integrations.previewing import HeldBack, Objection, Preview
from integrations.reference import Record, RecordKind, RecordList, Row
from integrations.standing import Event, Page, Standing

LOOKS_BACK: Final = timedelta(days=14)
"""How long before its own day a payment may have been entered by hand, where only the latest can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a connector gets to work with: settings, decrypted secrets, and the terms of its outgoing calls.

    Those of the installation are among them. `told` is what `System.survey` or `System.arrive` told last, JSON only.
    `access` is where the token of a connector with `uses_tokens` comes from; None: it asks for one itself each time.
    `company_name` is what our side calls the company, for what is named over there.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    outbound: Outbound = field(default_factory=Outbound)
    told: Mapping[str, Any] = field(default_factory=dict)
    access: Access | None = None
    company_name: str = ""


class System(ABC):
    """An outside system that documents may be written into."""

    metadata: ClassVar[Metadata]
    can: ClassVar[Abilities]
    """The most that any connection can do; `can_for` says what one of them can."""
    uses_tokens: ClassVar[bool] = False
    """Whether access tokens are needed that run out: then `obtain` gets them, and the caller keeps them."""
    hears: ClassVar[Hears] = Hears.NOTHING
    """Where its own webhook goes, if it has one."""
    limits: ClassVar[Limits] = Limits()
    """Per connection, or per `limit_by`."""
    app_limits: ClassVar[Limits | None] = None
    """Per installation, over all of its connections together; None where the vendor has no such limit."""
    limit_by: ClassVar[tuple[str, ...]] = ()
    """The settings and secrets that the vendor counts by: connections that agree in all of them share one limit."""
    chosen_by: ClassVar[tuple[str, ...]] = ()
    """The settings that one of `choices` fills, where this system stands for many; empty: nothing is chosen."""
    opens_books: ClassVar[bool] = False
    """Whether it makes the books of a company by itself, so that nobody has to enter anything."""

    def __init__(self, link: Link) -> None:
        self.link = link

    @classmethod
    def limits_for(cls, settings: Mapping[str, str]) -> Limits:
        """The limits of a connection with these settings."""
        return cls.limits

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        """What a connection with these settings can do, as far as the system has told."""
        return cls.can

    @classmethod
    def is_linked_by_visit(cls, settings: Mapping[str, str]) -> bool:
        """Whether a person must visit the outside system to link it (`depart`, `arrive`); else a form is enough."""
        return False

    @classmethod
    def return_address(cls, return_url: str) -> str:
        """What is entered at the system as the address that people come back to from a visit."""
        return return_url

    @abstractmethod
    def company(self) -> Company:
        """Who is linked: proves the credentials. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""

    def survey(self) -> Mapping[str, Any]:
        """What the system tells of itself that `can_for` needs later: JSON, asked for when it is linked and daily.

        Raises as `company`.
        """
        return {}

    def obtain(self, previous: Token | None) -> Token:
        """A fresh access token, by what `previous` has for it, else by the credentials. Asked where `uses_tokens`.

        Raises `Unauthorised` for a final refusal (consent revoked, wrong credentials), `Misconfigured`, `Retryable`.
        """
        raise Unauthorised(f"{self.metadata.name} gives no access tokens.")

    def depart(self, *, state: str, return_url: str) -> Departure:
        """Where the person goes to agree; they come back to `return_url`, and `state` with them.

        Asked where `is_linked_by_visit`. Raises as `company`.
        """
        raise Rejected(f"{self.metadata.name} is linked by its form.")

    def arrive(self, query: Mapping[str, str], *, keep: Mapping[str, str], return_url: str) -> Arrival:
        """What came of the visit: `query` is what came back and proves nothing, so the system is asked again.

        Raises `Cancelled` where the person said no, `Rejected` with the system's words, and as `company`.
        """
        raise Rejected(f"{self.metadata.name} is linked by its form.")

    @classmethod
    def can_unlink(cls, settings: Mapping[str, str]) -> bool:
        """Whether the access can be given up over there from here (`unlink`)."""
        return False

    def unlink(self, granted: Token | None) -> None:
        """Give the access up over there; one that has ended already stays so. Asked where `can_unlink`.

        `granted` is the token that is kept for the connection, if there is one. Raises as `company`, and `Rejected`.
        """
        raise Rejected(f"{self.metadata.name} cannot be told from here that the access has ended.")

    def choices(self) -> Sequence[Choice]:
        """What a person chooses from, in alphabetical order. Asked where `chosen_by`, of a link without a company.

        Raises as `company`.
        """
        return ()

    def open_books(self, name: str, base_currency: str) -> Mapping[str, str]:
        """New books for a company, as the settings of a connection to them. Asked where `opens_books`."""
        return {}

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard:
        """What the system's own webhook says. Asked where it `hears`; no request goes out.

        Raises `Unauthorised` where the message does not prove that it is theirs, `Malformed` where it is unreadable.
        """
        raise Malformed(f"{self.metadata.name} sends no webhooks.")

    def calls(self) -> Mapping[str, str]:
        """Every single call of the vendor's interface that the connector knows, for support work: what it does, by
        name."""
        return {}

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry out one of `calls`, and give the answer's text. `values` fill the path and the query, `body` is JSON.

        Raises `Missing` for a name that is not among them, `Misconfigured` for a value that is missing, and as `post`.
        """
        raise Missing(f"{self.metadata.name} has no call {name}.")

    @abstractmethod
    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        """Write one document. `reference` is the portal's journal number and goes into a reference field.

        `Awaiting` comes only from a system that `can.awaits`.

        Raises `Retryable` only with proof that nothing was written, `Rejected` or `Misconfigured` for a definite
        refusal, `Unauthorised`, `LeaseLost`, and `OutcomeUnknown` for everything that is not certain.
        """

    @abstractmethod
    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents over there that carry our key, in any state.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`: nothing is known then, and it is asked again.
        """

    def objections(self, document: Document) -> tuple[Objection, ...]:
        """Everything in a document that the system would refuse, as far as can be told without writing. It may read.

        `post` raises the first of them as `Rejected`. Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return ()

    def preview(self, document: Document, *, key: IdempotencyKey, reference: str) -> Preview:
        """What `post` would send: everything up to its first write happens, and the write is held back.

        Raises what `post` raises.
        """
        held: list[HeldBack] = []
        outbound = replace(self.link.outbound, hold_back=held.append)
        rehearsal = type(self)(replace(self.link, outbound=outbound))
        try:
            return Preview(there=rehearsal.post(document, key=key, reference=reference))
        except Rehearsed:
            return Preview(requests=tuple(held))

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        """The payments and refunds that go to what `document` settles, as they stand there now, whoever wrote them.

        Asked only of a system that `can.tells_settlements_of`, right before a payment or a refund is sent, so that one
        that somebody entered there by hand is not sent a second time. Each allocation of the document has `posted_as`;
        so have those that are told. Raises `Retryable`, `Unauthorised`, `Misconfigured`; `Rejected` and `Missing` for
        what is settled and not there.
        """
        return ()

    def room_for(self, document: Document) -> Mapping[str, Decimal]:
        """The most that a document of this kind may settle of each thing that it settles, or take back, by `posted_as`,
        in the currency of the document; without what the system does not tell. Asked and raises as `settlements_of`.
        """
        return {}

    def poll(self, document: Document, *, operation: str) -> Posted | Awaiting:
        """What became of an asynchronous operation. Asked only of a system that `can.awaits`.

        Raises `Rejected` for a final refusal, `OutcomeUnknown` when the vendor itself does not know (its own time-out),
        `Retryable`, `Unauthorised`.
        """
        raise OutcomeUnknown(f"{self.metadata.name} knows no operations to ask for; the document is looked up instead.")


class AccountingSystem(System):
    """A system that keeps a company's books."""

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every document in the books with a key of ours, written at or after `since` (aware UTC), page by page.

        Asked only of a system that `can.lists`, which then has a method of its own; a document may come twice when the
        books change while they are read. Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return iter(())

    def settled_since(self, since: datetime) -> Iterator[Settled]:
        """Every payment and refund of customers that stands in the books and was written at or after `since` (aware
        UTC), whoever wrote it, page by page; one that was undone since is left out.

        Asked only of a system that `can.tells_settlements`; one may come twice when the books change while they are
        read, and one may be seen some time after its moment of writing, so ask for the last while again.
        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return iter(())

    def amended_since(self, since: datetime) -> Iterator[Amended]:
        """Every posted sales invoice whose order number or due date was changed at or after `since` (aware UTC),
        whoever changed it, the longest ago first, page by page, as it stands now.

        Asked only of a system that `can.tells_amendments`; one may come twice, and one may be seen some time after its
        moment, so ask for the last while again. Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return iter(())

    def terms_of(self, external_id: str) -> Amended:
        """Order number and due date of one posted sales invoice as they stand now. Asked and raises as
        `amended_since`, and `Missing` where there is none, or it was reversed."""
        raise Rejected(f"{self.metadata.name} tells no order numbers and due dates.")

    def amend_posted(self, external_id: str, changes: Amendment, *, before: Amended | None = None) -> None:
        """Change the order number or the due date of a posted sales invoice: only members in `can.amends`.

        Repeating it changes nothing more. `before` is what `terms_of` told last, where it tells: a system that can
        compare in one step writes only where that still stands, and raises `Retryable` where it does not. Raises what
        `post` raises, and `Missing`.
        """
        raise Rejected(f"{self.metadata.name} takes no changes of what is posted.")

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        """Those of the last while, picked out of `settled_since`; where `can.tells_settlements_of` a connector has a
        method of its own, which tells all."""
        wanted = {one.posted_as for one in document.allocations}
        day = document.day or datetime.now(UTC).date()
        since = datetime.combine(day, time(), UTC) - LOOKS_BACK
        return [
            one for one in self.settled_since(since) if wanted & {each.posted_as for each in one.document.allocations}
        ]

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All reference data of a kind, page by page, inactive records too and marked as such.

        Asked only for a kind in `can.reads`. A record may come twice, or be missed, when it changes while it is read.
        Raises `Retryable`, `Unauthorised`, `Misconfigured`; then nothing that came before may be taken as the whole.
        """
        return iter(())

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """What is attached to a posted document. Asked only for a kind in `can.attaches`.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`; `Rejected` where there is no such document.
        """
        return ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file to a posted document. Asked only for a kind in `can.attaches`, and only when `attached` does
        not tell a file of this name. Raises what `post` raises."""
        raise Rejected(f"{self.metadata.name} takes no attachments.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an endpoint expects of a delivery: the source's company id (any letter case), the one kind it takes or
    None for all, and the company's base currency (ISO code), which stands in where the source names no currency."""

    company_id: str
    base_currency: str
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the source: an HTTP status and a JSON object."""

    status: int
    body: Mapping[str, Any]


class Refresh(ABC):
    """One replacement of a whole list at a source, chunk by chunk: the first one replaces, each later one appends.

    After `OutcomeUnknown`, `Rejected`, `Unauthorised` or `LeaseLost` it cannot go on: the list over there is incomplete
    until another replacement, from its first row, has reached its end.
    """

    @abstractmethod
    def send(self, rows: Sequence[Row]) -> None:
        """Send the next rows, at most `offers.rows_at_once`, at least one.

        Raises `Retryable` when this chunk was certainly not taken and may be sent again as it is; `RowsRefused` when it
        was not taken because of some of its rows and may be sent without them; `OutcomeUnknown`, `Rejected`,
        `Unauthorised`, `LeaseLost`.
        """


class Source(System):
    """A system that sends us transactions. Without a link it reads deliveries and does nothing else."""

    can: ClassVar[Abilities] = Abilities(kinds=frozenset(), lookup=False)
    offers: ClassVar[Offers] = Offers()
    kinds: ClassVar[frozenset[Kind]]
    token_headers: ClassVar[tuple[str, ...]]
    answer_template: ClassVar[Mapping[str, Any]]

    def __init__(self, link: Link | None = None) -> None:
        super().__init__(link or Link())

    @abstractmethod
    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        """Read one approved transaction. Numbers in `payload` are int or Decimal, never float.

        Raises `Malformed` with the name of the field and one plain sentence.
        """

    @abstractmethod
    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        """The success answer: `template` with `{journal}` replaced in its string values."""

    @abstractmethod
    def refuse(self, status: int, message: str) -> Answer:
        """The failure answer in the source's own vocabulary: one plain sentence, nothing was booked."""

    def company(self) -> Company:
        """Who is linked. Asked only of a source whose metadata has settings."""
        raise Rejected(f"{self.metadata.name} has no interface to ask.")

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        """Raise a transaction at the source, as far as `document.stage`. Asked only for a kind in `can.kinds`.

        Its external id over there is that of the delivery with which it comes back once it is approved.
        """
        raise Rejected(f"{self.metadata.name} takes no {document.kind.label.lower()}s.")

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All transactions over there that carry our key, in any state. Asked only of a source that `can.lookup`."""
        return ()

    def row(self, record: Record) -> Row:
        """What the source is told of a record: a pure function. Asked only for a kind in `offers.takes`.

        Raises `Rejected` with the field for a record that can never be told (no code, a currency without a rate).
        """
        raise Rejected(f"{self.metadata.name} takes no reference data.")

    def count(self, target: RecordList) -> int:
        """How many rows a list has over there, in a handful of requests. Asked before a list is replaced for the first
        time, when nobody knows what is in it. Raises as `refresh`."""
        return 0

    def codes(self, target: RecordList) -> Iterator[str]:
        """The codes of a list as it stands over there, page by page. Asked only for a kind in `offers.tells`.

        Raises as `refresh`; then nothing that came before may be taken as the whole.
        """
        return iter(())

    def refresh(self, target: RecordList) -> Refresh:
        """Begin to replace a list; nothing is sent yet. Asked only for a kind in `offers.takes`.

        Raises `Misconfigured` when there is no such list over there (a dimension without its field), `Retryable`,
        `Unauthorised`.
        """
        raise Rejected(f"{self.metadata.name} takes no reference data.")

    def put(self, target: RecordList, row: Row, *, is_new: bool) -> None:
        """Write one row of a list, whether it is there or not (`is_new` is what we believe).

        Asked only for a kind in `offers.edits`. Repeating it changes nothing more. Raises `NotEditable` when this row
        cannot be written by itself and nothing was changed: the list has to be replaced; `RowsRefused` when the source
        does not take this row; `Retryable`, `OutcomeUnknown`, `Rejected`, `Unauthorised`, `LeaseLost`.
        """
        raise Rejected(f"{self.metadata.name} takes no single rows.")

    def remove(self, target: RecordList, code: str) -> None:
        """Delete one row of a list; one that is gone already is as good. Asked and raises as `put`."""
        raise Rejected(f"{self.metadata.name} takes no single rows.")

    def listed(self, page: int, *, stage: Stage | None = None, kind: Kind | None = None) -> Page:
        """One page (from 1) of the company's transactions, in whatever order the source has. Past the end it is empty.

        Asked only where `offers.lists`. Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return Page(rows=(), is_last=True)

    def standing(self, external_id: str) -> Standing:
        """Where one transaction stands now. Asked only where `offers.lists`.

        Raises `Missing` where there is none, `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        raise Rejected(f"{self.metadata.name} tells no transactions.")

    def fetch(self, external_id: str) -> bytes:
        """One transaction as the webhook would deliver it: a body for `parse`. Asked and raises as `standing`."""
        raise Rejected(f"{self.metadata.name} tells no transactions.")

    def attachments(self, external_id: str) -> tuple[Attachment, ...]:
        """The files of a transaction, without their contents. Asked only where `offers.attachments`; as `standing`."""
        return ()

    def attachment(self, external_id: str, attachment: Attachment) -> File:
        """One file with its content. Asked only where `offers.attachments`; raises as `standing`."""
        raise Rejected(f"{self.metadata.name} tells no attachments.")

    def timeline(self, external_id: str) -> tuple[Event, ...]:
        """What happened to a transaction at the source, oldest first. Asked only where `offers.timeline`."""
        return ()
