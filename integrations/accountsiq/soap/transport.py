"""AccountsIQ over its own SOAP interface, Integration 2.0."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final

from integrations.accountsiq.settings import FOREIGN
from integrations.accountsiq.soap import attachments, mapping, operations, orders, tokens
from integrations.accountsiq.soap.answers import Answer, Told
from integrations.accountsiq.soap.client import Client
from integrations.accountsiq.soap.envelopes import Part, Parts, parts_of
from integrations.accountsiq.soap.naming import named
from integrations.accountsiq.soap.records import READS, records
from integrations.accountsiq.transport import Period
from integrations.base import Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import Misconfigured, Missing, OutcomeUnknown, Rejected
from integrations.linking import Access, Token
from integrations.metadata import Abilities
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind

_ROWS_AT_ONCE: Final = 500
_AT_ONCE: Final = dt.timedelta(days=3)
_TRANSACTION: Final = "WSTransactionSummary"


class Soap20:
    """One entity in AccountsIQ, for one attempt, over `integration_2_0.asmx`."""

    can: ClassVar[Abilities] = Abilities(
        kinds=frozenset({*mapping.BATCHES, Kind.PURCHASE_ORDER}),
        lookup=True,
        # Whether a search sees a transaction in the moment in which it is committed is not documented: after a broken
        # call a miss proves nothing, and a person decides.
        lookup_complete=False,
        quiet_seconds=120,
        lists=True,
        reads=READS,
        attaches=attachments.ATTACHES,
    )

    def __init__(self, link: Link, access: Access) -> None:
        self._client = Client(link, access)
        self._rate_counts = link.settings.get("rate_counts", "").strip() or FOREIGN
        self._order_item = link.settings.get("order_item", "")

    @classmethod
    def obtain(cls, link: Link, previous: Token | None) -> Token:
        """A fresh access token. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        return tokens.obtain(link, previous)

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        answer = self._client.read("GetCompanyInformation")
        told = answer.result
        if told is None or not told.text("CompanyName") or not told.text("BaseCurrencyCode"):
            raise answer.reply.unclear("no company")
        return Company(
            external_id=self._client.entity,
            name=told.text("CompanyName"),
            base_currency=told.text("BaseCurrencyCode"),
            registration=told.text("RegistrationNumber") or told.text("TaxRegistrationNumber"),
        )

    def periods(self) -> tuple[Period, ...]:
        """All periods, and for which ledger they are closed. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        found = self._client.rows("GetPeriodList", "WSFinancialPeriodDTO")
        return tuple(period for one in found if (period := _period(one)) is not None)

    # --- documents ---------------------------------------------------------------------------------------------------

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Write a document, unless one with our key is there, and tell what is booked. Raises as `System.post`."""
        there = self.find(document, key=key)
        if there:
            return _only(there, "before it was sent")
        if document.kind is Kind.PURCHASE_ORDER:
            number, answer = self._save_order(document, key, reference)
        else:
            number, answer = self._book(document, key, reference)
        told = _only(tuple(one for one in self.find(document, key=key)), "after it was sent")
        if told.external_id != str(number):
            raise answer.reply.unclear("another id than it tells of the document")
        return told

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents in the books with our key, by their ids. Raises as `System.find`."""
        if document.kind is Kind.PURCHASE_ORDER:
            found = self._client.rows("GetOrdersByExternalReference", "Order", [("externalReference", key.value)])
            return _known(found, lambda one: orders.is_ours(one, key), orders.posted)
        if document.kind not in mapping.BATCHES:
            raise Rejected(f"AccountsIQ takes no {document.kind.label.lower()}s by this way.", field="kind")
        query: Parts = [("query", [("ExternalReference", key.value)])]
        found = self._client.rows("GetTransactionsByExternalReference", _TRANSACTION, query)
        return _known(found, lambda one: mapping.is_ours(one, document, key), mapping.posted)

    def written_since(self, since: dt.datetime) -> Iterator[Written]:
        """Every document with a key of ours, by the time of its creation (an order: of its last change), page by page:
        transactions before orders. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        for query in _transactions_since(since, _now()):
            for one in self._client.pages("GetTransactionsBy", _TRANSACTION, query):
                if (told := mapping.written(one)) is not None:
                    yield told
        for one in self._client.pages("GetOrdersByPaged", "Order", _orders_since(since)):
            if (told := orders.written(one)) is not None:
                yield told

    def _book(self, document: Document, key: IdempotencyKey, reference: str) -> tuple[int, Answer]:
        names = named(self._client, document, rate_counts=self._rate_counts)
        parts = mapping.batch(document, names, key=key, reference=reference)
        return self._written(document, mapping.BATCHES[document.kind].operation, parts, "transactionID")

    def _save_order(self, document: Document, key: IdempotencyKey, reference: str) -> tuple[int, Answer]:
        names = named(self._client, document, rate_counts=self._rate_counts)
        answer = self._client.read("GetNewPurchasesOrder", [("supplierCode", names.party)])
        if answer.result is None:
            raise answer.reply.unclear("no order to begin with")
        parts = orders.order(document, names, answer.result, key=key, reference=reference, item=self._order_item)
        return self._written(document, orders.SAVE, parts, "orderID")

    def _written(self, document: Document, operation: str, parts: Parts, id_name: str) -> tuple[int, Answer]:
        try:
            answer = self._client.write(operation, parts, id_name)
        except Rejected as refusal:
            raise mapping.explained(refusal, document) from refusal
        number = answer.id_beside(id_name)
        if number is None:
            raise answer.reply.unclear("a success without an id")
        return number, answer

    # --- what else there is ------------------------------------------------------------------------------------------

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind, inactive ones too. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        return records(self._client, kind, rate_counts=self._rate_counts)

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a transaction. Raises `Rejected` where there is none such, and as `System.attached`."""
        return attachments.attached(self._client, kind, external_id) if kind in self.can.attaches else ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file; one of its name that is there already stays as it is. Raises as `System.attach`."""
        if kind not in self.can.attaches:
            raise Rejected(f"AccountsIQ takes no files for a {kind.label.lower()} by this way.", field="kind")
        attachments.attach(self._client, kind, external_id, file)

    def calls(self) -> Mapping[str, str]:
        """Every operation that is known by name, and what it takes."""
        return operations.told()

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry out one operation; the XML of the answer, whatever it says.

        `values` are parameters with a plain value, `body` a JSON object with those that have elements. Raises `Missing`
        for an unknown name, `Misconfigured` for a parameter that is missing or unknown, and as `System.post`.
        """
        operation = operations.OPERATIONS.get(name)
        if operation is None:
            raise Missing(f"AccountsIQ has no operation {name[:60]}, or it is not known here.", field="name")
        given = {**values, **dict(parts_of(body))} if body is not None else dict(values)
        parts = [(one, given[one]) for one in operation.names if one in given]
        wrong = sorted({*given} ^ {*operation.names})
        if wrong:
            takes = ", ".join(operation.names) or "nothing"
            raise Misconfigured(f"{name} takes {takes}. Check {wrong[0][:60]}.", field=wrong[0])
        return self._client.raw(name, parts, reads=operation.reads)


def _known(
    found: list[Told], is_ours: Callable[[Told], bool], posted: Callable[[Told], Posted | None]
) -> tuple[Posted, ...]:
    ours = [told for one in found if is_ours(one) and (told := posted(one)) is not None]
    return tuple(sorted(ours, key=lambda one: int(one.external_id)))


def _only(there: tuple[Posted, ...], when: str) -> Posted:
    """The one document. Raises `OutcomeUnknown` for none and for several: that is for the lookup to decide."""
    if len(there) == 1:
        return there[0]
    how_many = f"{len(there)} documents" if there else "no document"
    raise OutcomeUnknown(f"AccountsIQ tells of {how_many} with our key {when}. It will be looked up.")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _transactions_since(since: dt.datetime, now: dt.datetime) -> Iterator[list[Part]]:
    """A few days at a time, for the call has no limit of rows that would keep an answer small; the last has no end."""
    types: list[Part] = [("string", batch.type) for batch in mapping.BATCHES.values()]
    rest: list[Part] = [("Skip", 0), ("TypesFilter", types), ("FromPeriodDate", None), ("ToPeriodDate", None)]
    rest.append(("ExcludeReconciliationInformation", True))
    while since + _AT_ONCE < now:
        yield [("FromCreationDate", since), ("ToCreationDate", since + _AT_ONCE), *rest]
        since += _AT_ONCE
    yield [("FromCreationDate", since), *rest]


def _orders_since(since: dt.datetime) -> list[Part]:
    """By the WSDL all of these have to be there; its only moment with a zone is that of the last change."""
    unlimited: list[Part] = [(name, None) for name in ("FromDate", "ToDate", "FromCreationDate", "ToCreationDate")]
    ledger: Part = ("Ledger", [("string", orders.LEDGER)])
    return [*unlimited, ("Skip", 0), ledger, ("FromLastModifiedDateInUTC", since), ("Limit", _ROWS_AT_ONCE)]


def _period(one: Told) -> Period | None:
    starts_on, ends_on = one.day("StartDate"), one.day("EndDate")
    if starts_on is None or ends_on is None:
        return None
    return Period(
        name=one.text("PeriodName"),
        starts_on=starts_on,
        ends_on=ends_on,
        is_closed=one.flag("PurchasesLedgerClosed") or one.flag("FinancialYearClosed"),
        is_closed_for_sales=one.flag("SalesLedgerClosed") or one.flag("FinancialYearClosed"),
    )
