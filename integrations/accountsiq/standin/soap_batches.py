"""Batch documents of both ledgers at the SOAP door: posted straight to the ledger, one call, one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, Element, child, children, number, text
from integrations.accountsiq.standin.furniture import BASE, CUSTOMER, SUPPLIER
from integrations.accountsiq.standin.ledger import Entry, Paper, PaperLine, book, rate_of, referenced
from integrations.accountsiq.standin.memory import instant
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import (
    LONGEST_CODE,
    Asked,
    Operation,
    Outcome,
    contact,
    day,
    midnight,
    upper,
)

_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """What a document is called: as an argument, as a type, by its date, and in the ledger; and whom it is with."""

    argument: str
    many: str
    type: str
    day: str
    sort: str
    party: str = SUPPLIER


INVOICE: Final = Batch("inv", "invoices", "BatchPurchasesInvoice", "InvoiceDate", "PI")
DEBIT_NOTE: Final = Batch("debitNote", "debitNotes", "BatchPurchasesDebitNote", "DebitNoteDate", "PN")
SALES_INVOICE: Final = Batch("inv", "invoices", "BatchSalesInvoice", "InvoiceDate", "SI", CUSTOMER)
SALES_NOTE: Final = Batch("creditNote", "creditNotes", "BatchSalesCreditNote", "CreditNoteDate", "SN", CUSTOMER)


def _new(batch: Batch) -> Operation:
    def answer(asked: Asked) -> Outcome:
        found = contact(asked.records, text(asked.element, f"{batch.party.lower()}Code"), batch.party)
        currency = found.body.get("currency", BASE)
        told = {f"{batch.party}Code": found.code, batch.day: midnight(instant()[:10]), "ExternalReference": "",
                "Description": "", "Lines": Array(f"{batch.type}Line", []),
                "ExchangeRate": _turned(asked, rate_of(asked.records, currency))}  # fmt: skip
        return Outcome(result=told)

    return answer


def _create(batch: Batch, *, tells_id: bool) -> Operation:
    def answer(asked: Asked) -> Outcome:
        entry = _booked(asked, batch, child(asked.element, batch.argument))
        beside = {"transactionID": entry["id"]} if tells_id else {}
        return Outcome(result=entry["number"], beside=beside)

    return answer


def _create_many(batch: Batch) -> Operation:
    """One status for each document and one id; a refused one does not hold up the others."""

    def answer(asked: Asked) -> Outcome:
        statuses: list[Mapping[str, Any]] = []
        ids: list[int] = []
        for one in children(asked.element, batch.many, batch.type):
            try:
                ids.append(_booked(asked, batch, one)["id"])
                told = {"Status": "Success", "ErrorCode": "SUCCESS"}
            except Refusal as refusal:
                ids.append(-1)
                code = refusal.why.error_code
                told = {"Status": "Failure", "ErrorCode": code, "ErrorMessage": refusal.message}
            statuses.append({**told, "HasExpired": False})
        return Outcome(result=Array("WSResultStatus", statuses), beside={"transactionIDs": Array("int", ids)})

    return answer


def _booked(asked: Asked, batch: Batch, given: Element | None) -> Entry:
    reference = _text(given, "ExternalReference", LONGEST_CODE, Why.REFERENCE_MISSING, Why.REFERENCE_TOO_LONG)
    description = _text(given, "Description", _LONGEST_TEXT, Why.DESCRIPTION_MISSING, Why.DESCRIPTION_TOO_LONG)
    found = contact(asked.records, text(given, f"{batch.party}Code"), batch.party)
    lines = children(given, "Lines", f"{batch.type}Line")
    currency = found.body.get("currency", BASE)
    paper = Paper(
        sort=batch.sort,
        contact=found,
        day=day(given, batch.day),
        reference=reference,
        description=description,
        currency=currency,
        rate=_rate(asked, given, currency),
        lines=tuple(_line(place, line) for place, line in enumerate(lines)),
        moves_date=asked.moves_date,
    )
    if asked.options.on("unique_references") and next(
        referenced(asked.records.database, reference, contains=False), None
    ):
        raise Refusal(Why.REFERENCE_USED, f"The external reference {reference} already exists.")
    return book(asked.records, paper)


def _rate(asked: Asked, given: Element | None, currency: str) -> Decimal:
    rate = number(given, "ExchangeRate")
    if rate is None or rate <= 0:
        raise Refusal(Why.RATE_WRONG, f"The exchange rate of {currency} must be above zero.")
    return _turned(asked, rate)


def _turned(asked: Asked, rate: Decimal) -> Decimal:
    return 1 / rate if asked.options.word("soap_rates_are") == "units_per_base" else rate


def _line(place: int, given: Element) -> PaperLine:
    account = upper(text(given, "GLAccountCode"), "GLAccountCode", Why.ACCOUNT_MISSING, Why.ACCOUNT_NOT_UPPER)
    tax = upper(text(given, "TaxCode"), "TaxCode", Why.TAX_MISSING, Why.TAX_NOT_UPPER)
    department = text(given, "DepartmentID")
    if department == "":
        raise Refusal(Why.DEPARTMENT_EMPTY, "DepartmentID is empty; it may be null.")
    net, tax_amount = number(given, "NetAmount") or Decimal(0), number(given, "TaxAmount") or Decimal(0)
    _check_amounts(net, number(given, "TaxRate") or Decimal(0))
    description = _text(given, "Description", _LONGEST_TEXT, Why.LINE_DESCRIPTION_MISSING, Why.DESCRIPTION_TOO_LONG)
    return PaperLine(account=account, tax=tax, description=description, net=net, tax_amount=tax_amount,
                     department=department or "", place=place)  # fmt: skip


def _check_amounts(net: Decimal, rate: Decimal) -> None:
    if net < 0:
        raise Refusal(Why.NEGATIVE, f"The net amount {net} is negative.")
    if rate < 0:
        raise Refusal(Why.TAX_RATE_NEGATIVE, f"The tax rate {rate} is negative.")
    if rate > 1:
        raise Refusal(Why.TAX_RATE_TOO_HIGH, f"The tax rate {rate} is more than 100 per cent.")


def _text(given: Element | None, name: str, most: int, missing: Why, long: Why) -> str:
    """A text that may be empty, but not null. Raises `Refusal`."""
    value = text(given, name)
    if value is None:
        raise Refusal(missing, f"{name} is null.")
    if len(value) > most:
        raise Refusal(long, f"{name} is longer than {most} characters.")
    return value


WRITES: Final[Mapping[str, Operation]] = {
    "CreateBatchPurchasesInvoice": _create(INVOICE, tells_id=False),
    "CreateBatchPurchasesInvoiceGetBackTransactionID": _create(INVOICE, tells_id=True),
    "CreateBatchPurchasesInvoiceBulkGetBackTransactionIDs": _create_many(INVOICE),
    "CreateBatchPurchasesDebitNote": _create(DEBIT_NOTE, tells_id=False),
    "CreateBatchPurchasesDebitNoteGetBackTransactionID": _create(DEBIT_NOTE, tells_id=True),
    "CreateBatchPurchasesDebitNoteBulkGetBackTransactionIDs": _create_many(DEBIT_NOTE),
    "CreateBatchSalesInvoice": _create(SALES_INVOICE, tells_id=False),
    "CreateBatchSalesInvoiceGetBackTransactionID": _create(SALES_INVOICE, tells_id=True),
    "CreateBatchSalesInvoiceBulkGetBackTransactionIDs": _create_many(SALES_INVOICE),
    "CreateBatchSalesCreditNote": _create(SALES_NOTE, tells_id=False),
    "CreateBatchSalesCreditNoteGetBackTransactionID": _create(SALES_NOTE, tells_id=True),
    "CreateBatchSalesCreditNoteBulkGetBackTransactionIDs": _create_many(SALES_NOTE),
}
OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetNewBatchPurchasesInvoice": _new(INVOICE),
    "GetNewBatchPurchasesDebitNote": _new(DEBIT_NOTE),
    "GetNewBatchSalesInvoice": _new(SALES_INVOICE),
    "GetNewBatchSalesCreditNote": _new(SALES_NOTE),
}
