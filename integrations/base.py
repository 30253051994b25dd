"""The two interfaces, and the metadata that every connector carries.

A connector is data in, data out: it keeps no state, opens no database and reads no settings. What it may do is said by
`can`; callers ask before they call, so an ability that a system lacks is data and never an exception.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import OutcomeUnknown
from integrations.http import Outbound
from integrations.reference import Record, RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a connection's form. A secret is encrypted at rest and never shown again."""

    key: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""


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
    """What an accounting system can do.

    `kinds`: documents it takes. `transactional`: it books inside our own database transaction (only the built-in
    ledger). `lookup`: it can be searched by our key. `lookup_complete`: the search sees every committed document at
    once, so that a second miss proves absence. `quiet_seconds`: how long a late commit may take after a broken call.
    `awaits`: it may take a document asynchronously, and `poll` then tells what became of it. `repeats_errors`: it
    answers a failed request's idempotency key with the same failure again, so that a resend needs a new one.
    `lists`: it can tell all documents with a key of ours that were written since a moment, which reconciliation needs.
    `key_seconds`: how long the vendor says that it remembers an idempotency key; None where it takes none.
    `reads`: the kinds of reference data that it can tell.
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


class AccountingSystem(ABC):
    """A system that we post into."""

    metadata: ClassVar[Metadata]
    can: ClassVar[Abilities]
    limits: ClassVar[Limits] = Limits()
    """Per connection."""
    app_limits: ClassVar[Limits | None] = None
    """Per installation, over all of its connections together; None where the vendor has no such limit."""

    def __init__(self, link: Link) -> None:
        self.link = link

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
        """All documents in the books that carry our key, in any state.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`: nothing is known then, and it is asked again.
        """

    def poll(self, document: Document, *, operation: str) -> Posted | Awaiting:
        """What became of an asynchronous operation. Asked only of a system that `can.awaits`.

        Raises `Rejected` for a final refusal, `OutcomeUnknown` when the vendor itself does not know (its own time-out),
        `Retryable`, `Unauthorised`.
        """
        raise OutcomeUnknown(f"{self.metadata.name} knows no operations to ask for; the document is looked up instead.")

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


class Source(ABC):
    """A system that sends us transactions."""

    metadata: ClassVar[Metadata]
    kinds: ClassVar[frozenset[Kind]]
    token_headers: ClassVar[tuple[str, ...]]
    answer_template: ClassVar[Mapping[str, Any]]

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
