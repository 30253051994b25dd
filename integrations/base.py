"""The two interfaces, accounting systems and sources, and the metadata that every connector carries.

A connector is data in, data out: it keeps no state, opens no database and reads no settings. What it may do is said by
`can`; callers ask before they call, so an ability that a system lacks is data and never an exception.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted, Stage, Written
from integrations.errors import OutcomeUnknown, Rejected
from integrations.http import Outbound
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind, RecordList, Row
from integrations.standing import Event, Page, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a connection's form. A secret is encrypted at rest and never shown again.

    `choices` are (value, label), empty for free text; `is_long` asks for several lines; `is_advanced` belongs to what
    the vendor does not publish: its default is right until somebody has seen otherwise.
    """

    key: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_long: bool = False
    is_advanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What people and forms need to know of an integration."""

    slug: str
    name: str
    summary: str
    monogram: str
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a system that we post into can do.

    `kinds`: documents it takes. `transactional`: it books inside our own database transaction (only the built-in
    ledger). `lookup`: it can be searched by our key. `lookup_complete`: the search sees every committed document at
    once, so that a second miss proves absence. `quiet_seconds`: how long a late commit may take after a broken call.
    `awaits`: it may take a document asynchronously, and `poll` then tells what became of it. `repeats_errors`: it
    answers a failed request's idempotency key with the same failure again, so that a resend needs a new one.
    `lists`: it can tell all documents with a key of ours that were written since a moment, which reconciliation needs.
    `key_seconds`: how long the vendor says that it remembers an idempotency key; None where it takes none.
    `reads`: the kinds of reference data that it can tell. `attaches`: a file can be attached to a posted document of
    these kinds.
    """

    kinds: frozenset[Kind]
    transactional: bool = False
    lookup: bool = True
    lookup_complete: bool = False
    quiet_seconds: int = 120
    awaits: bool = False
    repeats_errors: bool = False
    lists: bool = False
    key_seconds: int | None = None
    reads: frozenset[RecordKind] = frozenset()
    attaches: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a source's own interface offers beside the webhook.

    `takes`: kinds of reference data whose lists can be replaced there; `edits`: those of which one row can be written
    or deleted by itself. `rows_at_once`: how many rows one request of a replacement may carry. `lists`: it tells its
    transactions page by page. `attachments`, `timeline`: it tells those of a transaction.
    """

    takes: frozenset[RecordKind] = frozenset()
    edits: frozenset[RecordKind] = frozenset()
    rows_at_once: int = 100
    lists: bool = False
    attachments: bool = False
    timeline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a vendor allows: `requests` in any window of `seconds` (None: no known limit), and `at_once` together."""

    requests: int | None = None
    seconds: float = 60.0
    at_once: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a connector gets to work with: settings, decrypted secrets, and the terms of its outgoing calls."""

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    outbound: Outbound = field(default_factory=Outbound)


class System(ABC):
    """An outside system that documents may be written into."""

    metadata: ClassVar[Metadata]
    can: ClassVar[Abilities]
    limits: ClassVar[Limits] = Limits()
    """Per connection, or per `limit_by`."""
    app_limits: ClassVar[Limits | None] = None
    """Per installation, over all of its connections together; None where the vendor has no such limit."""
    limit_by: ClassVar[tuple[str, ...]] = ()
    """The settings and secrets that the vendor counts by: connections that agree in all of them share one limit."""

    def __init__(self, link: Link) -> None:
        self.link = link

    @classmethod
    def limits_for(cls, settings: Mapping[str, str]) -> Limits:
        """The limits of a connection with these settings."""
        return cls.limits

    @abstractmethod
    def company(self) -> Company:
        """Who is linked: proves the credentials. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""

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
