"""AccountsIQ over REST, as the connector uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final

from integrations.accountsiq.rest import codes, mapping, records
from integrations.accountsiq.rest.answers import Row
from integrations.accountsiq.rest.client import Client
from integrations.accountsiq.rest.codes import Known, Named
from integrations.accountsiq.rest.endpoints import TAX_CODES
from integrations.accountsiq.rest.mapping import Form
from integrations.accountsiq.rest.records import Shelf
from integrations.accountsiq.rest.refusals import Duplicate
from integrations.accountsiq.rest.terms import RestTerms, rest_terms
from integrations.accountsiq.rest.tokens import token
from integrations.accountsiq.transport import Period
from integrations.base import Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import Misconfigured, Missing, OutcomeUnknown, Rejected
from integrations.linking import Access, Token
from integrations.metadata import Abilities
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind

_DIMENSIONS: Final = {one.dimension: one for one in (records.DEPARTMENTS, records.COST_TYPES)}


class Rest:
    """One way to one company, for one attempt."""

    can: ClassVar[Abilities] = Abilities(
        kinds=frozenset(mapping.FORMS),
        reads=frozenset(RecordKind) - {RecordKind.DELIVERY_SITE},
    )

    def __init__(self, link: Link, access: Access) -> None:
        self._link, self._access = link, access

    @cached_property
    def terms(self) -> RestTerms:
        """The settings, read when they are needed first. Raises `Misconfigured`."""
        return rest_terms(self._link.settings)

    @cached_property
    def _client(self) -> Client:
        return Client(self._link, self._access, self.terms)

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        wanted = str(self.terms.company)
        try:
            row = self._client.one("company.get", "ClientAccountEnquiryId", ClientAccountEnquiryId=wanted)
        except Missing as error:
            message = f"AccountsIQ knows no company with the ClientAccountId {wanted[:60]}. Check it."
            raise Misconfigured(message, field="company_ref") from error
        return mapping.company(row, self.terms.currencies[0])

    def periods(self) -> tuple[Period, ...]:
        """None can be told over REST."""
        return ()

    def calls(self) -> Mapping[str, str]:
        """Every call by name, in words."""
        return {name: one.words for name, one in sorted(self.terms.endpoints.items())}

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry one out; the answer as it came."""
        return self._client.text(name, values, body)

    @classmethod
    def obtain(cls, link: Link, previous: Token | None) -> Token:
        """A fresh access token. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        return token(link, previous)

    # --- documents ---------------------------------------------------------------------------------------------------

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Save it as posted, and read back what was booked, unless it is there already."""
        shape = mapping.form(document.kind)
        if there := self._ours(document, shape, key):
            return self._only(there, shape)
        body = mapping.payload(document, self._known(document), self.terms, key=key, reference=reference)
        try:
            saved = self._client.write(shape.save, body, shape.id_name)
        except Duplicate as refusal:
            return self._after(refusal, document, shape, key)
        return self._read_back(shape, saved)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All posted documents of our number that carry our key; a draft is in no books."""
        shape = mapping.form(document.kind)
        found = self._ours(document, shape, key)
        return tuple(mapping.posted(row, shape) for row in found if not mapping.is_draft(row))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Nothing: no call lists documents."""
        return iter(())

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """Nothing: no call takes files."""
        return ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """No call takes files."""
        raise Rejected("AccountsIQ takes no files over REST.")

    def _ours(self, document: Document, shape: Form, key: IdempotencyKey) -> list[Row]:
        number = mapping.number(document, self.terms, key)
        try:
            found = list(self._client.rows(shape.by_number, shape.id_name, **{shape.number: number}))
        except Missing:
            return []
        return [row for row in found if mapping.carries(row, shape, self.terms, key)]

    def _only(self, there: list[Row], shape: Form) -> Posted:
        booked = [mapping.posted(row, shape) for row in there if not mapping.is_draft(row)]
        if len(booked) == 1:
            return booked[0]
        if booked:
            raise OutcomeUnknown("AccountsIQ has more than one document with our key. Compare them there.")
        message = "AccountsIQ keeps the document as a draft. Post it there, or delete it and send it again."
        raise Rejected(message)

    def _after(self, refusal: Duplicate, document: Document, shape: Form, key: IdempotencyKey) -> Posted:
        """The number is taken: by what an earlier attempt wrote a moment ago, or by somebody else."""
        if there := self._ours(document, shape, key):
            return self._only(there, shape)
        raise Rejected(refusal.message, field=refusal.field)

    def _read_back(self, shape: Form, saved: Row) -> Posted:
        """What was booked is asked for, since the answer to a save need not tell it. It may tell less of the number."""
        wanted = {shape.id_name: str(saved[shape.id_name]).strip()}
        try:
            row = self._client.one(shape.get, shape.id_name, **wanted)
        except Rejected as error:
            message = "AccountsIQ took the document and does not find it. It will be looked up."
            raise OutcomeUnknown(message) from error
        row = {**saved, **{name: value for name, value in row.items() if value not in (None, "")}}
        if mapping.is_draft(row):
            raise OutcomeUnknown("AccountsIQ took the document and has not posted it. It will be looked up.")
        return mapping.posted(row, shape)

    # --- codes and records -------------------------------------------------------------------------------------------

    def _known(self, document: Document) -> Known:
        """Looks up every code before anything is written."""
        dimensions: dict[tuple[str, str], Named] = {}
        supplier = codes.supplier(document, self._shelf(records.SUPPLIERS))
        accounts = codes.accounts(document, self._shelf(records.ACCOUNTS))
        for name in sorted(codes.dimensions_of(document)):
            dimensions |= codes.dimension(document, name, self._shelf(_DIMENSIONS[name]))
        taxes = codes.taxes(document, self.records(RecordKind.TAX))
        return Known(supplier=supplier, accounts=accounts, taxes=taxes, dimensions=dimensions)

    @property
    def reads_taxes(self) -> bool:
        """Whether the connection names a call that tells tax codes."""
        return TAX_CODES in self.terms.endpoints

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        if kind is RecordKind.SUPPLIER:
            yield from self._shelf(records.SUPPLIERS)
        elif kind is RecordKind.ACCOUNT:
            yield from self._shelf(records.ACCOUNTS)
        elif kind is RecordKind.DIMENSION:
            yield from (one for shelf in _DIMENSIONS.values() for one in self._shelf(shelf))
        elif kind is RecordKind.TAX:
            table = map(records.from_table, self.terms.tax_codes.values())
            yield from self._shelf(records.TAXES) if self.reads_taxes else table
        elif kind is RecordKind.CURRENCY:
            yield from self._currencies()

    def _shelf(self, shelf: Shelf) -> Iterator[Record]:
        try:
            for row in self._client.rows(shelf.call, shelf.id_name):
                if shelf is not records.SUPPLIERS or records.is_supplier(row, self.terms.supplier_type):
                    yield records.told(shelf)(row)
        except Misconfigured:
            raise
        except Rejected as refusal:
            raise Misconfigured(refusal.message, field="company_ref") from refusal

    def _currencies(self) -> Iterator[Record]:
        own, *foreign = self.terms.currencies
        yield records.base_currency(own)
        for code in foreign:
            yield records.currency(code, self._rates(code), counts_foreign=self.terms.rates_count_foreign)

    def _rates(self, code: str) -> list[Row]:
        """None for a currency that AccountsIQ keeps no rate of."""
        try:
            return list(self._client.rows("currency_rates.list", "CurrencyCode", CurrencyCode=code))
        except Missing:
            return []
