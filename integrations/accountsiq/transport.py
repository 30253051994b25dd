"""What a way to AccountsIQ has to offer: the connector orchestrates, a transport speaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from integrations.base import Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.linking import Access, Token
from integrations.metadata import Abilities
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One accounting period, both days included: `is_closed` for purchases, `is_closed_for_sales` for sales."""

    name: str
    starts_on: dt.date
    ends_on: dt.date
    is_closed: bool
    is_closed_for_sales: bool = False


class Transport(Protocol):
    """One way to one company in AccountsIQ, for one attempt.

    Each method raises what the method of the same name of `AccountingSystem` raises.
    """

    can: ClassVar[Abilities]

    def __init__(self, link: Link, access: Access) -> None: ...

    def company(self) -> Company:
        """Who is linked."""

    def periods(self) -> tuple[Period, ...]:
        """All periods; empty where the transport cannot tell. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Write a document to which the checks have no objection, unless our reference is in the books already."""

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents in the books that carry our key."""

    def written_since(self, since: dt.datetime) -> Iterator[Written]:
        """Every document in the books with a key of ours, written at or after `since` (aware UTC)."""

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All reference data of a kind, inactive records too."""

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """What is attached to a posted document."""

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file to a posted document."""

    @classmethod
    def obtain(cls, link: Link, previous: Token | None) -> Token:
        """A fresh access token. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""

    def calls(self) -> Mapping[str, str]:
        """Every call of the interface by name, in words for staff: `GET /InvoiceCentre/GetInvoice (InvoiceId)`."""

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry out one of `calls`; the answer as text, JSON or XML."""
