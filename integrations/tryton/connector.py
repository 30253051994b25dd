"""Post into Tryton."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Settled, Written
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from integrations.metadata import Abilities, Limits, Metadata, Setting
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind
from integrations.tryton import attachments, listing, mapping, marks, money, paying, similar
from integrations.tryton.client import Asked, Client, Similar, WrongState
from integrations.tryton.kinds import BOOKS, MONEY, Book, book
from integrations.tryton.naming import named, own
from integrations.tryton.records import SHELVES
from integrations.tryton.words import word


class Tryton(AccountingSystem):
    """What is bought and sold in one company of a Tryton database, version 8.2."""

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
        kinds=frozenset(BOOKS),
        lookup=True,
        # A search reads the same committed rows that a post writes; there is no cache and no index that lags behind.
        lookup_complete=True,
        # Nothing in Tryton ends a request that its client gave up: it is committed whenever the server gets to it.
        quiet_seconds=120,
        lists=True,
        reads=frozenset(SHELVES),
        attaches=frozenset(BOOKS),
        tells_settlements=True,
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
        shelf = book(document.kind)
        ours = self._ours(shelf, document, key)
        for one in ours:
            if mapping.is_booked(one, document.kind):
                return mapping.posted(one, document.kind)
        draft = self._left_behind(shelf, document, ours)
        if draft is None:
            draft = self._client.create(shelf.model, self._body(document, key, reference), shelf.fields)
        return self._finished(shelf, document, key, draft)

    def _body(self, document: Document, key: IdempotencyKey, reference: str) -> Mapping[str, Any]:
        if document.kind in MONEY:
            return money.values(document, paying.named(self._client, document), key=key, reference=reference)
        return mapping.values(document, named(self._client, document), key=key, reference=reference)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents in the books that carry our key. Raises `Retryable`, `Unauthorised`, `Misconfigured`.

        A draft is in no books and counts as absent: the next `post` finds and finishes it.
        """
        ours = self._ours(book(document.kind), document, key)
        return tuple(mapping.posted(one, document.kind) for one in ours if mapping.is_booked(one, document.kind))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every document in the books with a key of ours, by when Tryton last wrote it: invoices, orders, payments.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return listing.written_since(self._client, since)

    def settled_since(self, since: datetime) -> Iterator[Settled]:
        """Every customer's payment and refund in a cash or statement journal, by when Tryton last wrote it.

        What it settles is told where Tryton has the line among the payments of the invoice. Raises `Retryable`,
        `Unauthorised`, `Misconfigured`.
        """
        return listing.settled_since(self._client, since)

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
        book(kind)
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

    def _ours(self, shelf: Book, document: Document, key: IdempotencyKey) -> list[Mapping[str, Any]]:
        """Everything with our mark, in any state, the oldest first."""
        domain = [own(self._client), ["description", "like", marks.pattern(document.kind, key)]]
        found = self._client.search(shelf.model, domain, shelf.fields)
        return [one for one in found if mapping.is_ours(one, document, key)]

    def _left_behind(self, shelf: Book, document: Document, ours: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The unfinished one to go on with; others, and one that says something else, are thrown away.

        Raises `Rejected` where somebody cancelled it in Tryton: that was meant.
        """
        if any(mapping.is_cancelled(one) for one in ours):
            message = "Somebody cancelled this document in Tryton before it was booked. Delete it there and try again."
            raise Rejected(message, field="state")
        usable = next((one for one in ours if self._says_the_same(shelf, one, document)), None)
        for one in ours:
            if one is not usable:
                self._throw_away(shelf, one)
        return usable

    def _says_the_same(self, shelf: Book, draft: Mapping[str, Any], document: Document) -> bool:
        if document.kind in MONEY:
            return money.is_draft_of(draft, document)
        lines = self._client.search(shelf.lines, [[shelf.of, "=", draft["id"]]], shelf.line_fields)
        return mapping.is_draft_of(draft, list(lines), document)

    def _throw_away(self, shelf: Book, draft: Mapping[str, Any]) -> None:
        """A draft that Tryton keeps is no draft any more: then somebody else went on with it."""
        try:
            if draft.get("state") == "quotation":
                self._client.act(shelf.model, draft["id"], "cancel", shelf.fields)
            self._client.delete(shelf.model, draft["id"])
        except Rejected as error:
            message = "Tryton keeps a draft of this document that was to be thrown away. It will be looked up."
            raise OutcomeUnknown(message) from error

    # --- into the books ----------------------------------------------------------------------------------------------

    def _finished(self, shelf: Book, document: Document, key: IdempotencyKey, draft: Mapping[str, Any]) -> Posted:
        """Press button after button until the document is in the books."""
        for _ in shelf.way:
            if (action := shelf.way.get(word(draft.get("state")))) is None:
                break
            draft = self._pressed(shelf, document, key, draft, action)
        if draft.get("state") in shelf.done:
            return mapping.posted(draft, document.kind)
        raise OutcomeUnknown("Tryton told of the document in a state that is not known. It will be looked up.")

    def _pressed(
        self, shelf: Book, document: Document, key: IdempotencyKey, draft: Mapping[str, Any], action: str
    ) -> Mapping[str, Any]:
        try:
            return self._client.act(shelf.model, draft["id"], action, shelf.fields)
        except WrongState as error:
            message = "Somebody else went on with the document in Tryton meanwhile. It will be looked up."
            raise OutcomeUnknown(message) from error
        except Asked:
            return self._pressed_anyway(shelf, draft, action)
        except Similar as error:
            self._check_similar(document, key, draft, error)
            return self._pressed_anyway(shelf, draft, action)
        except Rejected:
            self._throw_away(shelf, draft)
            raise

    def _pressed_anyway(self, shelf: Book, draft: Mapping[str, Any], action: str) -> Mapping[str, Any]:
        """The same, with yes to all that Tryton asks."""
        try:
            return self._client.act(shelf.model, draft["id"], action, shelf.fields, whatever_it_warns=True)
        except Rejected:
            self._throw_away(shelf, draft)
            raise

    def _check_similar(
        self, document: Document, key: IdempotencyKey, draft: Mapping[str, Any], refusal: Similar
    ) -> None:
        """Raises the refusal for a true second one, `OutcomeUnknown` for another attempt's draft of this document."""
        alike = similar.alike(self._client, document, draft)
        if any(mapping.is_ours(one, document, key) for one in alike):
            message = "Another attempt has left a draft of this document in Tryton. It will be looked up."
            raise OutcomeUnknown(message) from refusal
        if alike:
            self._throw_away(book(document.kind), draft)
            raise Rejected(refusal.message, field=refusal.field) from refusal
