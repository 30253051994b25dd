"""Post into Demo Books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integrations.base import AccountingSystem, Link
from integrations.demo import mapping, selling
from integrations.demo.client import Client
from integrations.demo.records import SHELVES, told
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Settled, Written
from integrations.metadata import Abilities, Metadata, Setting
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind


class DemoBooks(AccountingSystem):
    """The demo accounting system: what is bought and sold over a small REST interface."""

    metadata = Metadata(
        slug="demo",
        name="Demo Books",
        summary="A small accounting system for trying things out. It runs on this machine and books nothing real.",
        monogram="DB",
        settings=(
            Setting(
                key="base_url",
                label="Address",
                help="Where Demo Books is served, such as http://127.0.0.1:8001/demo.",
            ),
            Setting(
                key="company_id",
                label="Company",
                help="The id of the company in Demo Books; the sandbox comes with harbour-street.",
            ),
            Setting(
                key="token",
                label="Access token",
                help="The sandbox keeps it in the file demo-token in its state directory.",
                secret=True,
            ),
        ),
    )
    can = Abilities(
        kinds=frozenset(mapping.COLLECTIONS),
        lookup=True,
        # A lookup reads the same rows, under the same lock, that a post commits: nothing lags behind.
        lookup_complete=True,
        # A post is committed before it is answered. What can come late is a request that was cut off while it waited:
        # the sandbox lets nobody wait longer than 2 s, and twice that is not yet 5.
        quiet_seconds=5,
        # Not by itself, but its faults can make it repeat an error to the key that met it.
        repeats_errors=True,
        lists=True,
        reads=frozenset(SHELVES),
        attaches=frozenset(mapping.COLLECTIONS),
        tells_settlements=True,
        tells_settlements_of=True,
    )

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._client = Client(link)

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        return mapping.company(self._client.company())

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Book one document; the answer tells net, tax, gross, currency and date as booked. Raises as the base says."""
        collection = mapping.collection(document.kind)
        make = selling.payload if document.kind.is_sale else mapping.payload
        body = make(document, key=key, reference=reference)
        return mapping.posted(self._client.create(collection, body, key=key.sent))

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents of the company that carry our key. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        return tuple(mapping.posted(found) for found in self._client.find(key.value))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every document with a key of ours, by when it was booked, 50 a page.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        found = (mapping.written(one) for one in self._client.booked_since(since))
        return (one for one in found if one.key)

    def settled_since(self, since: datetime) -> Iterator[Settled]:
        """Every payment and refund, by when it was booked, 50 a page; nothing is ever undone here.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        base_currency = self.company().base_currency
        return (selling.settled(one, base_currency) for one in self._client.settled_since(since))

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        """All payments and refunds that go to what the document settles, each once. Raises as the base says."""
        base_currency = self.company().base_currency
        ids = dict.fromkeys(one.posted_as for one in document.allocations)
        found = {one["id"]: one for each in ids for one in self._client.settlements_of(each)}
        return [selling.settled(one, base_currency) for one in found.values()]

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All rows of a kind, inactive ones too, 500 a page. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        return map(told(kind), self._client.rows(SHELVES[kind].resource)) if kind in SHELVES else iter(())

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a document, the oldest first.

        Raises `Rejected` where there is no such document, `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        if kind not in self.can.attaches:
            return ()
        return tuple(mapping.attachment(one) for one in self._client.files(external_id))

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file; one of its name that is there already stays as it is. Raises as the base says."""
        mapping.collection(kind)
        self._client.attach(external_id, mapping.enclosed(file))
