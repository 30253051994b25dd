"""Batch documents of both ledgers: a document to what goes out, and what a listing tells to `Posted` and `Written`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.envelopes import Part, Parts, one_line
from integrations.accountsiq.soap.records import DEPARTMENT
from integrations.accountsiq.soap.refusals import ACCOUNTS, DEPARTMENTS, TAXES
from integrations.documents import Dimension, Document, IdempotencyKey, Kind, Line, Posted, Written
from integrations.errors import IntegrationError, Misconfigured, Rejected

LONGEST_TEXT: Final = 500
KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEPARTMENT_NAMES: Final = frozenset({DEPARTMENT.lower(), "bi code", "departmentid", "department id"})
# What is divided has to end somewhere; ten digits bring every amount below 10 million back to the penny.
_RATE_DIGITS: Final = Context(prec=10)
_MOST_HINTS: Final = 6
_LONGEST_HINT: Final = 20
# All types there are; a reference may also stand on the payment of an invoice, and what we do not know may be ours.
_TYPES: Final = frozenset((
    "BC", "BD", "BP", "BR", "DP", "DS", "GA", "GP", "ST", "GC", "GD", "PC", "PD", "PI", "PN", "PP", "PR", "PX",
    "SC", "SD", "SI", "SN", "SP", "SR", "SX",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """The call that books a kind, and the names of what goes into it; `type` is what a listing calls it.

    `begins_with_rate`: by the sample requests the exchange rate stands first in sales credit notes, else last.
    """

    operation: str
    name: str
    date: str
    line: str
    type: str
    party: str = "SupplierCode"
    begins_with_rate: bool = False


BATCHES: Final[Mapping[Kind, Batch]] = {
    Kind.INVOICE: Batch(
        "CreateBatchPurchasesInvoiceGetBackTransactionID", "inv", "InvoiceDate", "BatchPurchasesInvoiceLine", "PI"
    ),
    Kind.CREDIT_NOTE: Batch(
        "CreateBatchPurchasesDebitNoteGetBackTransactionID", "debitNote", "DebitNoteDate",
        "BatchPurchasesDebitNoteLine", "PN",
    ),
    Kind.SALES_INVOICE: Batch(
        "CreateBatchSalesInvoiceGetBackTransactionID", "inv", "InvoiceDate", "BatchSalesInvoiceLine", "SI",
        party="CustomerCode",
    ),
    Kind.SALES_CREDIT_NOTE: Batch(
        "CreateBatchSalesCreditNoteGetBackTransactionID", "creditNote", "CreditNoteDate", "BatchSalesCreditNoteLine",
        "SN", party="CustomerCode", begins_with_rate=True,
    ),
}  # fmt: skip
_KINDS: Final = {batch.type: kind for kind, batch in BATCHES.items()}


@dataclass(frozen=True, slots=True)
class Names:
    """What a document's codes stand for over there: the code of its supplier or customer, the rate of each tax code as
    a fraction, and the exchange rate as AccountsIQ counts it."""

    party: str
    tax_rates: Mapping[str, Decimal]
    exchange_rate: Decimal


def batch(document: Document, names: Names, *, key: IdempotencyKey, reference: str) -> Parts:
    """The parts of the call that books an invoice or a credit note.

    Our key alone stands in `ExternalReference`: whether a search there takes a part of it is not known. Raises
    `Misconfigured` and `Rejected` for what is missing.
    """
    shape = BATCHES[document.kind]
    rate: Part = ("ExchangeRate", names.exchange_rate)
    inside: list[Part] = [
        (shape.party, names.party),
        (shape.date, day_of(document)),
        ("ExternalReference", key.value),
        ("Description", description(document, reference)),
        ("Lines", [(shape.line, _line(document, line, names)) for line in document.lines]),
    ]
    return [(shape.name, [rate, *inside] if shape.begins_with_rate else [*inside, rate])]


def _line(document: Document, line: Line, names: Names) -> Parts:
    account, tax = account_of(line), tax_of(line)
    return [
        ("GLAccountCode", account),
        ("TaxCode", tax),
        ("Description", text_of(line)),
        *department_part(document, line),
        ("NetAmount", line.net),
        ("TaxRate", names.tax_rates[tax]),
        ("TaxAmount", line.tax),
    ]


def account_of(line: Line) -> str:
    """The account code of a line. Raises `Misconfigured` where there is none."""
    return _code(line.account_code, line, "account code", "defaults.account_code")


def tax_of(line: Line) -> str:
    """The tax code of a line. Raises `Misconfigured` where there is none."""
    return _code(line.tax_code, line, "tax code", "defaults.tax_code")


def text_of(line: Line) -> str:
    """What a line is for. An empty description is refused over there."""
    return one_line(line.description, LONGEST_TEXT) or f"Line {line.number}"


def department_part(document: Document, line: Line) -> Iterator[Part]:
    """The BI code, called department here: the line's own, else the header's. Without one the element is left out:
    it may be null, but neither empty nor, by the WSDL, nil."""
    for level in (line.dimensions, document.dimensions):
        for code in _departments(level):
            yield "DepartmentID", code
            return


def _departments(level: tuple[Dimension, ...]) -> Iterator[str]:
    for one in level:
        if one.name.strip().lower() in _DEPARTMENT_NAMES and (code := one_line(one.code)):
            yield code


def description(document: Document, reference: str) -> str:
    """The portal's number, then what people look for: the supplier's own number first."""
    order = f"order {document.order_number}" if one_line(document.order_number) else ""
    told = (document.supplier_reference, document.number, order, document.title)
    return one_line(f"{reference} {', '.join(filter(None, map(one_line, told)))}", LONGEST_TEXT)


def day_of(document: Document) -> dt.date:
    """The date to book on. Raises `Rejected` where there is none."""
    if document.day is None:
        raise Rejected("The document has no date, which AccountsIQ needs. Give it one.", field="date")
    return document.day


def exchange_rate(document: Document) -> tuple[Decimal, Decimal]:
    """Units of the document's currency for one of the company's, and the other way round, each to ten digits.

    Raises `Rejected` where the source told no base amounts.
    """
    if document.currency == document.base_currency:
        return Decimal(1), Decimal(1)
    for own, base in ((document.gross, document.base_gross), (document.net, document.base_net), *_base_nets(document)):
        if own and base and own / base > 0:
            return _RATE_DIGITS.divide(own, base), _RATE_DIGITS.divide(base, own)
    message = (
        f"The document is in {document.currency}, and AccountsIQ needs its amounts in {document.base_currency}, too. "
        "Have the source send its base amounts."
    )
    raise Rejected(message, field="base_gross")


def _base_nets(document: Document) -> Iterator[tuple[Decimal, Decimal | None]]:
    if all(line.base_net is not None for line in document.lines):
        total = sum((line.base_net or Decimal(0) for line in document.lines), Decimal(0))
        yield document.net, total


def explained(error: IntegrationError, document: Document) -> IntegrationError:
    """The same refusal with the codes that were sent: AccountsIQ does not say in which line it was."""
    if error.field not in _HINTS:
        return error
    name, read = _HINTS[error.field]
    lines: dict[str, list[str]] = {}
    for line in document.lines:
        lines.setdefault(read(document, line), []).append(str(line.number))
    told = [f"{code or 'none'} (line {', '.join(numbers[:3])})" for code, numbers in [*lines.items()][:_MOST_HINTS]]
    return type(error)(f"{error.message} {name}: {'; '.join(told)}.", field=error.field)


def _department_code(document: Document, line: Line) -> str:
    return next((str(value) for _, value in department_part(document, line)), "")


_HINTS: Final[Mapping[str, tuple[str, Callable[[Document, Line], str]]]] = {
    ACCOUNTS: ("Account codes sent", lambda _, line: one_line(line.account_code or "", _LONGEST_HINT)),
    TAXES: ("Tax codes sent", lambda _, line: one_line(line.tax_code or "", _LONGEST_HINT)),
    DEPARTMENTS: ("Departments sent", lambda document, line: _department_code(document, line)[:_LONGEST_HINT]),
}


def _code(code: str | None, line: Line, name: str, field: str) -> str:
    if written := one_line(code or ""):
        return written
    message = f"Line {line.number} has no {name}. Set a default for the connection, or code the line."
    raise Misconfigured(message, field=field)


# --- and back --------------------------------------------------------------------------------------------------------


def is_ours(told: Told, document: Document, key: IdempotencyKey) -> bool:
    """Whether a transaction carries our key, to the letter, and is no transaction of another known type."""
    sort = told.text("TransactionType")
    is_other = sort in _TYPES and sort != BATCHES[document.kind].type
    return key_of(told.text("ExternalReference")) == key.value and not is_other


def key_of(external_reference: str) -> str:
    """The key that stands in a reference, empty where there is none; something may follow it."""
    found = KEY.match(external_reference)
    return found[0] if found else ""


def posted(told: Told) -> Posted | None:
    """A transaction as AccountsIQ tells it, with positive amounts, whichever side it stands on; None without an id.

    The lines are one for each net amount, one for each tax, and the control line.
    """
    number = told.number("TransactionID")
    if number is None or number <= 0:
        return None
    details = told.part("LineDetails")
    lines = details.parts("WSTransactionDetail") if details else []
    booked = [line for line in lines if not line.flag("IsControlLine")]
    return Posted(
        external_id=str(number),
        number=told.text("InternalNumber"),
        supplier_code=told.text("AccountCode") or None,
        net=_sum(line for line in booked if not line.flag("IsTaxLine")) if booked else None,
        tax=_sum(line for line in booked if line.flag("IsTaxLine")) if booked else None,
        gross=_positive(told.amount("ControlAmount")),
        currency=told.text("CurrencyCode") or next(filter(None, (line.text("CurrencyCode") for line in lines)), None),
        date=told.day("TransactionDate"),
    )


def written(told: Told) -> Written | None:
    """A transaction of a listing; None where it carries no key."""
    key, document = key_of(told.text("ExternalReference")), posted(told)
    if not key or document is None:
        return None
    return Written(key=key, posted=document, kind=_KINDS.get(told.text("TransactionType")))


def _sum(lines: Iterable[Told]) -> Decimal | None:
    amounts = [line.amount("Amount") for line in lines]
    return _positive(sum((one for one in amounts if one is not None), Decimal(0))) if None not in amounts else None


def _positive(value: Decimal | None) -> Decimal | None:
    return None if value is None else abs(value)
