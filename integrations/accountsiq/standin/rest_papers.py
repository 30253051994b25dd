"""Invoices and credit notes at the REST door: saved as drafts or posted, told by id and by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.furniture import BASE
from integrations.accountsiq.standin.ledger import Entry, Paper, PaperLine, book, entry_of, rate_of
from integrations.accountsiq.standin.memory import Records, Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.rest_asked import Asked, Body, amount, day, found, required, text, unwrapped
from integrations.accountsiq.standin.rest_objects import Answer, Told, one_or_many

_LONGEST_TEXT: Final = 500
_LONGEST_REFERENCE: Final = 50


@dataclass(frozen=True, slots=True)
class Form:
    """What a document is called, and what each DocumentHeaderTypeId of it means in the ledger."""

    kind: str
    object: str
    sorts: Mapping[str, str]

    @property
    def id(self) -> str:
        """The member with its id."""
        return f"{self.object}Id"

    @property
    def lines(self) -> str:
        """The member with its lines."""
        return f"{self.object}Line_List"


INVOICE: Final = Form("invoice", "Invoice", {"1": "SI", "2": "PI"})
CREDIT_NOTE: Final = Form("credit_note", "CreditNote", {"3": "SN", "4": "PN"})
FORMS: Final[Mapping[str, Form]] = {form.object: form for form in (INVOICE, CREDIT_NOTE)}


def saves_paper(form: Form) -> Answer:
    """Keep a draft, or post it where it says `IsPosted`."""
    return lambda asked: saved_paper(asked, form, unwrapped(asked.body, form.object))


def gets_paper(form: Form) -> Answer:
    """One by its id."""
    return lambda asked: _told(asked.records, form, asked.row(form.kind, form.id))


def gets_paper_by_number(form: Form) -> Answer:
    """One by its number, or a list where several have it."""

    def answer(asked: Asked) -> object:
        asked.check_company()
        rows = asked.records.named(form.kind, asked.param(f"{form.object}Number"))
        return one_or_many([_told(asked.records, form, row) for row in rows])

    return answer


# --- saving --------------------------------------------------------------------------------------------------------


def saved_paper(asked: Asked, form: Form, given: Body) -> Told:
    """The short answer to a save. Raises `Refusal`."""
    asked.check_company(given.get("ClientAccountId", ""))
    draft = _draft(asked.records, form, given)
    paper = _paper(asked, form, given)
    _check_totals(form, given, paper)
    entry = None
    if given.get("IsPosted") is True:
        entry = _booked(asked, form, paper)
    body = {"given": {**given}, "sort": paper.sort, "contact": paper.contact.id, "currency": paper.currency,
            "entry": entry["id"] if entry else None}  # fmt: skip
    if draft is None:
        row = asked.records.add(form.kind, body, name=paper.number)
    else:
        row = asked.records.change(draft, body, name=paper.number)
    return _short(form, row, entry)


def _booked(asked: Asked, form: Form, paper: Paper) -> Entry:
    """What the ledger refuses is told by the names of this door."""
    if asked.options.on("unique_numbers"):
        _check_number(asked.records, form, paper)
    try:
        return book(asked.records, paper)
    except Refusal as refusal:
        if refusal.field in {"Date", "Total"}:
            refusal.field = f"{form.object}{refusal.field}"
        raise


def _draft(records: Records, form: Form, given: Body) -> Row | None:
    """The draft that is saved again. Raises `Refusal` where it was posted."""
    if not given.get(form.id):
        return None
    row = found(records, form.kind, given[form.id], form.id)
    if row.body["entry"]:
        raise Refusal(Why.ALREADY_POSTED, f"{form.id} {row.id} is posted and cannot be changed.", form.id)
    return row


def _paper(asked: Asked, form: Form, given: Body) -> Paper:
    required(given, "ContactId", "DocumentHeaderTypeId")
    sort = form.sorts.get(str(given["DocumentHeaderTypeId"]))
    if sort is None:
        message = f"DocumentHeaderTypeId {given['DocumentHeaderTypeId']} is none of {', '.join(form.sorts)}."
        raise Refusal(Why.MEMBER_WRONG, message, "DocumentHeaderTypeId")
    contact = found(asked.records, "contact", given["ContactId"], "ContactId")
    currency = _currency(asked, form, given, contact)
    return Paper(
        sort=sort,
        contact=contact,
        day=day(given, f"{form.object}Date"),
        reference=text(given, "Reference", _LONGEST_REFERENCE, Why.REFERENCE_TOO_LONG),
        description=text(given, "Narrative", _LONGEST_TEXT, Why.DESCRIPTION_TOO_LONG),
        currency=currency,
        rate=_rate(asked, given, currency),
        lines=tuple(_line(asked, form, place, line) for place, line in enumerate(_lines(form, given))),
        number=text(given, f"{form.object}Number", _LONGEST_REFERENCE, Why.NUMBER_TOO_LONG),
        moves_date=asked.moves_date,
    )


def _currency(asked: Asked, form: Form, given: Body, contact: Row) -> str:
    """The seed names a currency for credit notes and none for invoices; whether an invoice may tell one is open."""
    is_heard = form is CREDIT_NOTE or asked.options.word("invoice_currency") == "told"
    told = given.get("Currency") or given.get("CurrencyCode") if is_heard else None
    return str(told or contact.body.get("currency", BASE))


def _rate(asked: Asked, given: Body, currency: str) -> Decimal:
    """Base currency for one unit: as the document says, else as the books have it."""
    known = rate_of(asked.records, currency)
    if given.get("ExchangeRate") in (None, ""):
        return known
    rate = amount(given, "ExchangeRate")
    if rate <= 0:
        raise Refusal(Why.RATE_WRONG, f"The exchange rate cannot be {rate}.", "ExchangeRate")
    return 1 / rate if asked.options.word("rest_rates_are") == "units_per_base" else rate


def _lines(form: Form, given: Body) -> list[Body]:
    lines = given.get(form.lines)
    if not isinstance(lines, list) or not lines or not all(isinstance(line, Mapping) for line in lines):
        raise Refusal(Why.NO_LINES, f"{form.lines} has no lines.", form.lines)
    return lines


def _line(asked: Asked, form: Form, place: int, given: Body) -> PaperLine:
    field = f"{form.lines}[{place}]."
    for member, why in (("NominalAccountId", Why.ACCOUNT_MISSING), ("TaxCategoryId", Why.TAX_MISSING)):
        if given.get(member) in (None, ""):
            raise Refusal(why, f"{member} is missing.", f"{field}{member}")
    net, tax = amount(given, "NetAmount", field), amount(given, "TaxAmount", field, Decimal(0))
    if net < 0 and not asked.options.on("rest_negative_lines"):
        raise Refusal(Why.NEGATIVE, f"NetAmount {net} is negative.", f"{field}NetAmount")
    if amount(given, "GrossAmount", field, net + tax) != net + tax:
        raise Refusal(Why.DISAGREE, "NetAmount and TaxAmount do not make GrossAmount.", f"{field}GrossAmount")
    return PaperLine(
        account=str(given["NominalAccountId"]),
        tax=str(given["TaxCategoryId"]),
        description=text(given, "Description", _LONGEST_TEXT, Why.DESCRIPTION_TOO_LONG, field),
        net=net,
        tax_amount=tax,
        department=_department(asked.records, given, field),
        place=place,
        field=field,
    )


def _department(records: Records, given: Body, field: str) -> str:
    """By its id; the code is taken as well."""
    value = given.get("DepartmentID") or given.get("DepartmentId")
    if not value:
        return ""
    row = records.coded("department", str(value))
    if row is None and str(value).isdigit():
        row = records.one("department", int(str(value)))
    if row is None:
        raise Refusal(Why.DEPARTMENT_UNKNOWN, f"Department {value} not found", f"{field}DepartmentID")
    return row.code


def _check_totals(form: Form, given: Body, paper: Paper) -> None:
    net = sum((line.net for line in paper.lines), Decimal(0))
    gross = net + sum((line.tax_amount for line in paper.lines), Decimal(0))
    for member, expected in (("TotalValue", net), (f"{form.object}Total", gross)):
        if amount(given, member, default=expected) != expected:
            raise Refusal(Why.DISAGREE, f"{member} is not what the lines add up to, {expected}.", member)


def _check_number(records: Records, form: Form, paper: Paper) -> None:
    for row in records.named(form.kind, paper.number) if paper.number else ():
        if row.body["contact"] == paper.contact.id and row.body["entry"]:
            raise Refusal(Why.NUMBER_USED, f"{paper.number} is there already.", f"{form.object}Number")


# --- telling -------------------------------------------------------------------------------------------------------


def _short(form: Form, row: Row, entry: Entry | None) -> Told:
    return {
        form.id: row.id,
        f"{form.object}Number": row.name,
        "DocumentId": entry["id"] if entry else None,
        "TransactionNumber": entry["number"] if entry else None,
        "IsPosted": entry is not None,
    }


def _told(records: Records, form: Form, row: Row) -> Told:
    """A document as it was given, with what the books made of it."""
    given: Mapping[str, Any] = row.body["given"]
    entry = entry_of(records.database, row.body["entry"] or 0)
    contact = records.one("contact", row.body["contact"])
    told = {**given, **_short(form, row, entry), "Currency": row.body["currency"], "DocumentStatus": _status(entry)}
    told["Supplier_List"] = [{"SupplierId": contact.id, "SupplierCode": contact.code}] if contact else []
    if entry:
        told |= {
            f"{form.object}Date": entry["day"],
            "TotalValue": entry["net"],
            f"{form.object}Total": entry["gross"],
            "OutstandingAmount": entry["outstanding"],
        }
    return told


def _status(entry: Entry | None) -> str:
    if entry is None:
        return "Draft"
    return "Posted" if entry["outstanding"] else "Paid"
