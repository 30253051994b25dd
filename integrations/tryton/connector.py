"""Post into Tryton."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from integrations.metadata import Abilities, Limits, Metadata, Setting
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind
from integrations.tryton import attachments, mapping, marks
from integrations.tryton.client import Client, Similar, WrongState
from integrations.tryton.mapping import Book
from integrations.tryton.naming import named
from integrations.tryton.records import SHELVES
from integrations.tryton.words import amount, moment, one_line, word


class Tryton(AccountingSystem):
    """Bills, credit notes and purchase orders in one company of a Tryton database, version 8.2."""

    metadata = Metadata(
        slug="tryton",
        name="Tryton",
        summary="An open-source business system, on your own server or hosted for you.",
        monogram="Tr",
        help_url="https://docs.tryton.org/",
        support_url="https://discuss.tryton.org/",
        settings=(
            Setting(
                key="base_url",
                label="Address",
                help="Where Tryton is served, without the name of the database, such as https://erp.example.com.",
            ),
            Setting(
                key="database",
                label="Database",
                help="The name of the database, as it is chosen when you log in to Tryton.",
            ),
            Setting(
                key="company_id",
                label="Company number",
                help="Open the company in Tryton and copy its URL: it ends with the number. The first company is 1.",
                default="1",
            ),
            Setting(
                key="api_key",
                label="REST key",
                help="In Tryton, under Administration, Users: the page Applications of a user in the groups Accounting "
                "and Purchase, application REST API.",
                secret=True,
            ),
        ),
    )
    can = Abilities(
        kinds=frozenset(mapping.BOOKS),
        lookup=True,
        # A search reads the same committed rows that a post writes; there is no cache and no index that lags behind.
        lookup_complete=True,
        # Nothing in Tryton ends a request that its client gave up: it is committed whenever the server gets to it.
        quiet_seconds=120,
        lists=True,
        reads=frozenset(SHELVES),
        attaches=frozenset(mapping.BOOKS),
    )
    # Its numbers are drawn under a lock, one after the other: more at once would only wait for each other.
    limits = Limits(at_once=2)

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._client = Client(link)

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        return mapping.company(self._company("party.name", "currency.code"))

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Look for what an earlier attempt made, finish that or draft anew, and tell what is booked.

        Raises as the base says. A draft that Tryton refuses to book is thrown away again.
        """
        book = mapping.book(document.kind)
        ours = self._ours(book, document, key)
        for one in ours:
            if mapping.is_booked(one, document.kind):
                return mapping.posted(one, document.kind)
        draft = self._left_behind(book, document, ours)
        if draft is None:
            body = mapping.values(document, named(self._client, document), key=key, reference=reference)
            draft = self._client.create(book.model, body, book.fields)
        return self._finished(book, document, key, draft)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents in the books that carry our key. Raises `Retryable`, `Unauthorised`, `Misconfigured`.

        A draft is in no books and counts as absent: the next `post` finds and finishes it.
        """
        ours = self._ours(mapping.book(document.kind), document, key)
        return tuple(mapping.posted(one, document.kind) for one in ours if mapping.is_booked(one, document.kind))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every document in the books with a key of ours, by when Tryton last wrote it, bills before orders.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        at = moment(since)
        lately = ["OR", ["create_date", ">=", at], ["write_date", ">=", at]]
        for kind in (Kind.INVOICE, Kind.PURCHASE_ORDER):
            book = mapping.book(kind)
            domain = [self._own_company(), ["description", "like", marks.ANY], lately]
            for one in self._client.search(book.model, domain, book.fields):
                if told := mapping.written(one):
                    yield told

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind, inactive ones too. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        shelf = SHELVES.get(kind)
        if shelf is None or (shelf.is_optional and not self._knows(shelf.model)):
            return
        company = self._company(*shelf.company_fields) if shelf.company_fields else {}
        for one in self._client.search(shelf.model, shelf.wanted(self._client.company_id), shelf.fields):
            yield shelf.told(one, company)

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a document, the oldest first, each name once.

        Raises `Rejected` where there is no such document, `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return attachments.attached(self._client, kind, external_id) if kind in self.can.attaches else ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file; one of its name that is there already stays as it is. Raises as the base says."""
        mapping.book(kind)
        attachments.attach(self._client, kind, external_id, file)

    def _knows(self, model: str) -> bool:
        """Whether the module that brings a model is active."""
        return bool(list(self._client.search("ir.model", [["name", "=", model]], ("name",))))

    def _company(self, *fields: str) -> Mapping[str, Any]:
        for one in self._client.search("company.company", [["id", "=", self._client.company_id]], fields):
            return one
        message = "Tryton has no company with this number, or the key may not see it. Check the company number."
        raise Misconfigured(message, field="company_id")

    # --- what is there already ---------------------------------------------------------------------------------------

    def _own_company(self) -> list[Any]:
        return ["company", "=", self._client.company_id]

    def _ours(self, book: Book, document: Document, key: IdempotencyKey) -> list[Mapping[str, Any]]:
        """Everything with our mark, in any state, the oldest first."""
        domain = [self._own_company(), ["description", "like", marks.pattern(document.kind, key)]]
        found = self._client.search(book.model, domain, book.fields)
        return [one for one in found if mapping.is_ours(one, document, key)]

    def _left_behind(self, book: Book, document: Document, ours: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The unfinished one to go on with; others, and one that says something else, are thrown away.

        Raises `Rejected` where somebody cancelled it in Tryton: that was meant.
        """
        if any(mapping.is_cancelled(one) for one in ours):
            message = "Somebody cancelled this document in Tryton before it was booked. Delete it there and try again."
            raise Rejected(message, field="state")
        usable = next((one for one in ours if self._says_the_same(book, one, document)), None)
        for one in ours:
            if one is not usable:
                self._throw_away(book, one)
        return usable

    def _says_the_same(self, book: Book, draft: Mapping[str, Any], document: Document) -> bool:
        lines = self._client.search(book.lines, [[book.of, "=", draft["id"]]], book.line_fields)
        return mapping.is_draft_of(draft, list(lines), document)

    def _throw_away(self, book: Book, draft: Mapping[str, Any]) -> None:
        """A draft that Tryton keeps is no draft any more: then somebody else went on with it."""
        try:
            if draft.get("state") == "quotation":
                self._client.act(book.model, draft["id"], "cancel", book.fields)
            self._client.delete(book.model, draft["id"])
        except Rejected as error:
            message = "Tryton keeps a draft of this document that was to be thrown away. It will be looked up."
            raise OutcomeUnknown(message) from error

    # --- into the books ----------------------------------------------------------------------------------------------

    def _finished(self, book: Book, document: Document, key: IdempotencyKey, draft: Mapping[str, Any]) -> Posted:
        """Press button after button until the document is in the books."""
        for _ in book.way:
            if (action := book.way.get(word(draft.get("state")))) is None:
                break
            draft = self._pressed(book, document, key, draft, action)
        if draft.get("state") in book.done:
            return mapping.posted(draft, document.kind)
        raise OutcomeUnknown("Tryton told of the document in a state that is not known. It will be looked up.")

    def _pressed(
        self, book: Book, document: Document, key: IdempotencyKey, draft: Mapping[str, Any], action: str
    ) -> Mapping[str, Any]:
        try:
            return self._client.act(book.model, draft["id"], action, book.fields)
        except WrongState as error:
            message = "Somebody else went on with the document in Tryton meanwhile. It will be looked up."
            raise OutcomeUnknown(message) from error
        except Similar as error:
            self._settle_similar(book, document, key, draft, error)
            return self._client.act(book.model, draft["id"], action, book.fields, whatever_it_warns=True)
        except Rejected:
            self._throw_away(book, draft)
            raise

    def _settle_similar(
        self, book: Book, document: Document, key: IdempotencyKey, draft: Mapping[str, Any], refusal: Similar
    ) -> None:
        """A credit note often carries the number of its invoice, and is no second one of it: that may pass.

        Raises the refusal for a true second one, and `OutcomeUnknown` for another attempt's draft of this document.
        """
        domain = [
            self._own_company(), ["id", "!=", draft["id"]], ["type", "=", "in"],
            ["party.code", "=", mapping.posted(draft, document.kind).supplier_code],
            ["reference", "=", one_line(document.supplier_reference)],
        ]  # fmt: skip
        alike = [
            one for one in self._client.search(book.model, domain, book.fields)
            if _sign(one) * _sign(draft) >= 0
        ]  # fmt: skip
        if any(mapping.is_ours(one, document, key) for one in alike):
            message = "Another attempt has left a draft of this document in Tryton. It will be looked up."
            raise OutcomeUnknown(message) from refusal
        if alike:
            self._throw_away(book, draft)
            raise Rejected(refusal.message, field=refusal.field) from refusal


def _sign(record: Mapping[str, Any]) -> int:
    total = amount(record.get("total_amount")) or 0
    return (total > 0) - (total < 0)
