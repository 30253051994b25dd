"""The ledger behind both doors: the rules of its documents, their numbers, and what they come to in base currency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from integrations.accountsiq.standin.furniture import BASE, POSTING
from integrations.accountsiq.standin.memory import Database, Records, Row, instant
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.exact import from_json, to_json

CREDITS: Final = frozenset({"PN", "SN"})
_CENT: Final = Decimal("0.01")
_LEDGERS: Final = {"P": "purchases", "S": "sales"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """One line. `department` is the id of a BI code or empty; `place` is the line at the door, from 0; `field` begins
    the names of its members there."""

    account: str
    tax: str
    description: str
    net: Decimal
    tax_amount: Decimal
    department: str = ""
    place: int = 0
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document that is to be booked. Amounts are in `currency`; `rate` is base currency for one unit of it.

    `sort` is PI, PN, SI or SN. `moves_date`: it is booked in the next month, as some systems do with a closed one.
    """

    sort: str
    contact: Row
    day: date
    reference: str
    description: str
    currency: str
    rate: Decimal
    lines: tuple[PaperLine, ...]
    number: str = ""
    moves_date: bool = False


Entry = dict[str, Any]


def book(records: Records, paper: Paper) -> Entry:
    """Book a document and give it as it is in the books. Raises `Refusal`; nothing is written then."""
    check(records, paper)
    sort = paper.sort
    day = _next_month(paper.day) if paper.moves_date else paper.day
    lines = [_line(line) for line in paper.lines]
    net, tax = (sum((line[name] for line in lines), Decimal(0)) for name in ("net", "tax_amount"))
    base_net, base_tax = _cents(net * paper.rate), _cents(tax * paper.rate)
    entry = {
        "id": records.next("entry"), "sort": sort, "number": f"{sort}{records.next(sort):06}",
        "reference": paper.reference, "description": paper.description, "paper_number": paper.number,
        "contact_id": paper.contact.id, "contact_code": paper.contact.code, "contact_name": paper.contact.name,
        "currency": paper.currency, "rate": paper.rate, "day": day.isoformat(), "created_at": instant(),
        "net": net, "tax": tax, "gross": net + tax, "outstanding": net + tax,
        "base_net": base_net, "base_tax": base_tax, "base_gross": base_net + base_tax, "lines": lines,
    }  # fmt: skip
    _keep(records.database, entry)
    return entry


def check(records: Records, paper: Paper) -> None:
    """The rules that hold at both doors. Raises `Refusal` for the first that is broken."""
    if not paper.lines:
        raise Refusal(Why.NO_LINES, "The document has no lines.", "Lines")
    if not paper.contact.active:
        raise Refusal(Why.CONTACT_UNKNOWN, f"Account {paper.contact.code} is not active.", "ContactId")
    if paper.rate <= 0 or (paper.currency == BASE and paper.rate != 1):
        raise Refusal(Why.RATE_WRONG, f"The exchange rate of {paper.currency} cannot be {paper.rate}.", "ExchangeRate")
    _check_day(records, paper.day, paper.sort)
    for line in paper.lines:
        _check_line(records, line)
    if sum((line.net + line.tax_amount for line in paper.lines), Decimal(0)) < 0:
        raise Refusal(Why.NEGATIVE, "The total of the document is negative.", "Total")


def _check_day(records: Records, day: date, sort: str) -> None:
    found = period_of(records, day)
    ledger = _LEDGERS[sort[0]]
    if found is None or found.body[ledger]:
        raise Refusal(Why.PERIOD_CLOSED, f"{day:%d/%m/%Y} is not in an open period of the {ledger} ledger.", "Date")


def _check_line(records: Records, line: PaperLine) -> None:
    account = records.coded("account", line.account)
    if account is None:
        message = f"Nominal account {line.account} not found"
        raise Refusal(Why.ACCOUNT_UNKNOWN, message, f"{line.field}NominalAccountId")
    if not account.active or account.body["type"] not in POSTING:
        message = f"Nominal account {line.account} cannot be posted to"
        raise Refusal(Why.ACCOUNT_NOT_POSTING, message, f"{line.field}NominalAccountId")
    tax = records.coded("tax", line.tax)
    if tax is None or not tax.active:
        raise Refusal(Why.TAX_UNKNOWN, f"Tax category {line.tax} not found", f"{line.field}TaxCategoryId")
    department = records.coded("department", line.department)
    if line.department and (department is None or not department.active):
        message = f"Department {line.department} not found"
        raise Refusal(Why.DEPARTMENT_UNKNOWN, message, f"{line.field}DepartmentID")
    if account.body["departmental"] and department is None:
        message = f"Nominal account {line.account} needs a department"
        raise Refusal(Why.DEPARTMENT_NEEDED, message, f"{line.field}DepartmentID")


def period_of(records: Records, day: date) -> Row | None:
    """The financial period that a day is in."""
    text = day.isoformat()
    periods = records.every("period")
    return next((one for one in periods if one.body["starts_on"] <= text <= one.body["ends_on"]), None)


def rate_of(records: Records, currency: str) -> Decimal:
    """Base currency for one unit of another, as the books have it now. Raises `Refusal`."""
    row = records.coded("currency", currency)
    if row is None or not row.active:
        raise Refusal(Why.CURRENCY_UNKNOWN, f"Currency {currency} not found", "Currency")
    return Decimal(1) / row.body["units"]  # type: ignore[no-any-return]


# --- what is in the ledger -----------------------------------------------------------------------------------------


def entry_of(database: Database, number: int) -> Entry | None:
    """An entry by its id."""
    row = database.execute("SELECT body FROM entry WHERE id = ?", (number,)).fetchone()
    return from_json(row["body"]) if row else None


def entries(database: Database, where: str = "1", values: Iterable[object] = ()) -> Iterator[Entry]:
    """Entries by id; `where` is a condition of ours on the columns of the table."""
    query = f"SELECT body FROM entry WHERE {where} ORDER BY id"  # noqa: S608 - written in this package alone
    for row in database.execute(query, tuple(values)):
        yield from_json(row["body"])


def referenced(database: Database, reference: str, *, contains: bool) -> Iterator[Entry]:
    """The entries with an external reference, in any letter case; or with one that contains it."""
    if contains:
        return entries(database, "instr(lower(reference), lower(?)) > 0", (reference,))
    return entries(database, "reference = ? COLLATE NOCASE", (reference,))


def settle(database: Database, entry: Mapping[str, Any], paid: Decimal) -> Entry:
    """Take what was paid off what is outstanding."""
    changed = {**entry, "outstanding": entry["outstanding"] - paid}
    database.execute("UPDATE entry SET body = ? WHERE id = ?", (to_json(changed), entry["id"]))
    return changed


def _keep(database: Database, entry: Entry) -> None:
    columns = ("id", "sort", "number", "reference", "contact_id", "day", "created_at")
    values = (*(entry[name] for name in columns), to_json(entry))
    database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _line(line: PaperLine) -> dict[str, Any]:
    return {
        "account": line.account, "tax": line.tax, "description": line.description, "department": line.department,
        "net": line.net, "tax_amount": line.tax_amount,
    }  # fmt: skip


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
