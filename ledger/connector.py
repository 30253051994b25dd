"""The connector to the built-in ledger: the one accounting system that books inside our own database transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection

from integrations.amendments import TERMS, Amended, Amendment
from integrations.base import AccountingSystem
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Settled, Written
from integrations.errors import Misconfigured, Rejected
from integrations.metadata import Abilities, Metadata, Setting
from integrations.papers import Attachment, File
from integrations.previewing import Objection, Preview
from integrations.reference import Record, RecordKind
from ledger.models import Books, Entry
from ledger.services import UnknownParties, entry_by_key, keep_memo, open_books, post_document
from ledger.services.amending import amend, amended_since, terms_of
from ledger.services.attaching import entry_of, keep_file
from ledger.services.journal import SCHEMES
from ledger.services.listing import entries_since
from ledger.services.parties import register_of
from ledger.services.previewing import objections_to_booking, objections_to_keeping, rehearsed
from ledger.services.records import READERS, records_of
from ledger.services.settlements import room_of, settled_of, settled_since

MEMOS = frozenset({Kind.PURCHASE_ORDER, Kind.RECEIPT})
KINDS = frozenset(SCHEMES) | MEMOS
PORTAL = "Postroom"
AMENDED = "It was changed at the source."


class BuiltInLedger(AccountingSystem):
    """Posts into one `Books` row. It opens no HTTP; its settings name the books and what unknown parties mean."""

    metadata = Metadata(
        slug="ledger",
        name="Postroom ledger",
        summary="Double-entry books inside Postroom: nothing to install, nothing to connect.",
        monogram="PL",
        settings=(
            Setting(key="books", label="Books", help="The id of the company's books."),
            Setting(
                key="suppliers",
                label="Unknown suppliers",
                help="“make” adds a supplier the first time a document names it; “refuse” rejects the document.",
                required=False,
                default=UnknownParties.MAKE,
            ),
            Setting(
                key="customers",
                label="Unknown customers",
                help="“make” adds a customer the first time a document names it; “refuse” rejects the document.",
                required=False,
                default=UnknownParties.MAKE,
            ),
        ),
    )
    can = Abilities(
        kinds=KINDS,
        transactional=True,
        lookup_complete=True,
        quiet_seconds=0,
        lists=True,
        reads=frozenset(READERS),
        attaches=KINDS,
        tells_settlements=True,
        tells_settlements_of=True,
        amends=frozenset(TERMS),
        tells_amendments=True,
    )
    opens_books = True

    def open_books(self, name: str, base_currency: str) -> Mapping[str, str]:
        """New books with the UK chart and tax codes. Call it inside `atomic`."""
        return {"books": str(open_books(name, base_currency).pk)}

    def company(self) -> Company:
        """The company of the books. Raises `Misconfigured` if the setting names none."""
        books = self._books()
        return Company(external_id=str(books.pk), name=books.name, base_currency=books.base_currency)

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Book the document, or keep an order or a receipt as a memo; the same key gives the same entry.

        Must be called inside an `atomic` block, so that the entry and what the caller writes commit together; raises
        `RuntimeError` otherwise. Raises `Rejected` or `Misconfigured`, and then nothing was written.
        """
        self._must_be_inside_a_transaction()
        write = keep_memo if document.kind in MEMOS else post_document
        return posted(write(self._books(), document, key, reference, unknown=self._unknown(document.kind)))

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """The entry with this key, if it was committed (or written in this transaction)."""
        entry = entry_by_key(self._books(), key.value)
        return () if entry is None else (posted(entry),)

    def objections(self, document: Document) -> tuple[Objection, ...]:
        """Everything in the document for which `post` would refuse it. Raises `Misconfigured`."""
        objections = objections_to_keeping if document.kind in MEMOS else objections_to_booking
        return objections(self._books(), document, self._unknown(document.kind))

    def preview(self, document: Document, *, key: IdempotencyKey, reference: str) -> Preview:
        """The entry with the lines that `post` would book. It is written in a savepoint, and taken back.

        Inside of a transaction or not; raises `Rejected` and `Misconfigured` as `post` does.
        """
        books = self._books()
        if (existing := entry_by_key(books, key.value)) is not None:
            return Preview(there=posted(existing))

        def write() -> Entry:
            booked = self.post(document, key=key, reference=reference)
            return Entry.objects.select_related("books", "supplier", "customer").get(pk=booked.external_id)

        return Preview(requests=(rehearsed(write),))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every entry and memo that a document's key made at or after `since` (aware UTC). Reversals have none, nor has
        what a person recorded."""
        return (written(entry) for entry in entries_since(self._books(), since))

    def settled_since(self, since: datetime) -> Iterator[Settled]:
        """Every payment and refund posted at or after `since` (aware UTC) that is not reversed, by a posting or by a
        person; of what it settles what is not reversed. Raises `Misconfigured`."""
        return settled_since(self._books(), since)

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        """Every payment and refund of what the document settles that is not reversed. Inside of a transaction that
        stays so until it ends. Raises `Misconfigured`."""
        return settled_of(self._books(), {one.posted_as for one in document.allocations})

    def room_for(self, document: Document) -> Mapping[str, Decimal]:
        """What is open of each entry that the document settles, or settled where it takes back. Raises as above."""
        return room_of(self._books(), {one.posted_as for one in document.allocations}, document.kind)

    def amended_since(self, since: datetime) -> Iterator[Amended]:
        """Every sales invoice that stands and was changed at or after `since` (aware UTC). Raises `Misconfigured`."""
        return amended_since(self._books(), since)

    def terms_of(self, external_id: str) -> Amended:
        """A sales invoice's order number and due date. Raises `Missing`, `Misconfigured`."""
        return terms_of(self._books(), external_id)

    def amend_posted(self, external_id: str, changes: Amendment, *, before: Amended | None = None) -> None:
        """Change a sales invoice's order number or due date, inside of a transaction or not, where `before` still
        stands. Raises as the base says."""
        amend(self._books(), external_id, changes, who=PORTAL, why=AMENDED, before=before)

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """Every record of a kind, inactive ones too, in pages; accounts without those that the ledger itself books to.

        Currencies, delivery sites and dimensions are what staff keep for these books; no document is checked against
        them. Raises `Misconfigured`.
        """
        return records_of(self._books(), kind)

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of an entry, the oldest first. Raises `Rejected` where there is no such entry, `Misconfigured`."""
        if kind not in self.can.attaches:
            return ()
        files = entry_of(self._books(), kind, external_id).attachments.order_by("id").defer("content")
        return tuple(
            Attachment(external_id=str(one.pk), name=one.name, content_type=one.content_type, size=one.size)
            for one in files
        )

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Keep a file with an entry, inside of a transaction or not; a name that is there already stays as it is.

        Raises `Rejected` where there is no such entry or the file cannot be kept, `Misconfigured`.
        """
        if kind not in self.can.attaches:
            raise Rejected(f"The ledger keeps no files of the kind {kind.label.lower()}.", field="kind")
        keep_file(entry_of(self._books(), kind, external_id), file)

    def _must_be_inside_a_transaction(self) -> None:
        if not connection.in_atomic_block:
            raise RuntimeError("The built-in ledger posts inside the caller's transaction; open an atomic block first.")

    def _books(self) -> Books:
        try:
            return Books.objects.get(pk=uuid.UUID(self.link.settings.get("books", "")))
        except (ValueError, Books.DoesNotExist) as error:
            raise Misconfigured("The connection names no books that exist in the ledger.", field="books") from error

    def _unknown(self, kind: Kind) -> UnknownParties:
        setting = f"{register_of(kind).word}s"
        try:
            return UnknownParties(self.link.settings.get(setting) or UnknownParties.MAKE)
        except ValueError as error:
            raise Misconfigured(f"Unknown {setting}: choose “make” or “refuse”.", field=setting) from error


def written(entry: Entry) -> Written:
    """An entry as a listing tells it."""
    return Written(
        key=entry.external_key, posted=posted(entry), kind=Kind(entry.document_kind), reference=entry.reference
    )


def posted(entry: Entry) -> Posted:
    """An entry as connectors report it: amounts in the document's currency, as they stand in the books."""
    return Posted(
        external_id=str(entry.pk),
        number=entry.number,
        supplier_code=entry.party.code,
        net=entry.net,
        tax=entry.tax,
        gross=entry.gross,
        currency=entry.currency,
        date=entry.date,
    )
