"""What is in the ledger, told at the SOAP door: by external reference, by date, by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any, Final

from integrations.accountsiq.standin.envelope import NIL, Array, Element, child, text, texts, whole
from integrations.accountsiq.standin.furniture import BASE, CREDITORS, DEBTORS, PURCHASE_TAX, SALES_TAX
from integrations.accountsiq.standin.ledger import CREDITS, Entry, entries, entry_of, referenced
from integrations.accountsiq.standin.memory import Records
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import Asked, Operation, Outcome, midnight, moment

_CENT: Final = Decimal("0.01")
_MOST_REFERENCED: Final = 2000


def _by_reference(asked: Asked) -> Outcome:
    query = child(asked.element, "query")
    reference = text(query, "ExternalReference")
    if not reference:
        raise Refusal(Why.REFERENCE_MISSING, "The external reference is null.")
    contains = asked.options.word("reference_match") == "contains"
    found = list(referenced(asked.records.database, reference, contains=contains))
    return _told(asked, islice(_fitting(found, query), _MOST_REFERENCED))


def _by(asked: Asked) -> Outcome:
    """One page: so many entries after the first `Skip` that fit."""
    query, most = child(asked.element, "query"), asked.options.number("rows_per_call")
    limit = min(whole(query, "Limit") or most, most)
    skip = whole(query, "Skip") or 0
    return _told(asked, islice(_fitting(_since(asked, query), query), skip, skip + limit))


def _count(asked: Asked) -> Outcome:
    query = child(asked.element, "query")
    return Outcome(result={"TransactionsCount": sum(1 for _ in _fitting(_since(asked, query), query))})


def _since(asked: Asked, query: Element | None) -> list[Entry]:
    first = moment(query, "FromCreationDate") or ""
    last = moment(query, "ToCreationDate") or "9"
    return list(entries(asked.records.database, "created_at >= ? AND created_at <= ?", (first, last)))


def _fitting(found: Iterable[Entry], query: Element | None) -> Iterator[Entry]:
    """Those that the filters of a query let through."""
    first, last = (moment(query, "FromDate") or "")[:10], (moment(query, "ToDate") or "9")[:10]
    sorts, accounts, ids = (
        set(texts(query, name)) for name in ("TypesFilter", "AccountIDsFilter", "TransactionIDsFilter")
    )
    for entry in found:
        is_asked_for = not sorts or entry["sort"] in sorts
        is_theirs = not accounts or str(entry["contact_id"]) in accounts
        is_it = not ids or str(entry["id"]) in ids
        if first <= entry["day"] <= last and is_asked_for and is_theirs and is_it:
            yield entry


def _one(asked: Asked) -> Outcome:
    entry = entry_for(asked, whole(asked.element, "transactionID"))
    lines = [
        {
            "TransactionLineID": entry["id"] * 100 + place,
            "TransactionID": entry["id"],
            "AccountID": entry["contact_id"],
            "CurrencyCode": entry["currency"],
            "GLAccountCode": line["GLAccountCode"],
            "Description": line["Description"],
            "InternalNumber": entry["number"],
            "ExternalReference": entry["reference"],
            "CreationDate": entry["created_at"],
            "TransactionDate": midnight(entry["day"]),
            "Amount": line["Amount"],
            "BCAmount": line["BCAmount"],
            "ExchangeRate": line["ExchangeRate"],
            "DepartmentID": line["DepartmentID"],
            "IsAccountControlLine": line["IsControlLine"],
        }
        for place, line in enumerate(_details(asked, entry), start=1)
    ]
    return Outcome(result={"Lines": Array("TransactionLine", lines), "TransactionType": entry["sort"]})


def entry_for(asked: Asked, number: int | None) -> Entry:
    """An entry by its id. Raises `Refusal`."""
    entry = entry_of(asked.records.database, number or 0)
    if entry is None:
        raise Refusal(Why.TRANSACTION_UNKNOWN, f"The transaction {number} does not exist.")
    return entry


def _told(asked: Asked, found: Iterable[Entry]) -> Outcome:
    """The list; nothing at all where it is empty."""
    summaries = [_summary(asked, entry) for entry in found]
    return Outcome(result=Array("WSTransactionSummary", summaries) if summaries else None)


def _summary(asked: Asked, entry: Entry) -> dict[str, Any]:
    sign = _control_sign(entry) if asked.options.on("signed_control") else 1
    return {
        "AccountID": entry["contact_id"],
        "AccountCode": entry["contact_code"],
        "Ledger": "Purchases" if entry["sort"].startswith("P") else "Sales",
        "TransactionType": entry["sort"],
        "TransactionID": entry["id"],
        "IsBatchInvoiceOrNote": True,
        "InvoiceID": NIL,
        "InternalNumber": entry["number"],
        "ExternalReference": entry["reference"],
        "ControlAmount": sign * entry["gross"],
        "OutstandingAmount": sign * entry["outstanding"],
        "ControlBCAmount": sign * entry["base_gross"],
        "TransactionDate": midnight(entry["day"]),
        **_period(asked.records, entry),
        "CreationDate": entry["created_at"],
        "LineDetails": Array("WSTransactionDetail", _details(asked, entry)),
        "CurrencyCode": entry["currency"],
        "AccountName": entry["contact_name"],
    }


def _period(records: Records, entry: Entry) -> dict[str, Any]:
    found = next((row for row in records.every("period") if row.body["ends_on"] >= entry["day"]), None)
    if found is None:
        return {}
    return {"FinancialYear": found.body["year"], "PeriodNumber": found.body["number"], "PeriodName": found.name}


def _details(asked: Asked, entry: Entry) -> list[dict[str, Any]]:
    """Net lines, tax lines and the control line; debits above zero, so that they add up to nothing."""
    sign, is_purchase = -_control_sign(entry), entry["sort"].startswith("P")
    control_account, tax_account = (CREDITORS, PURCHASE_TAX) if is_purchase else (DEBTORS, SALES_TAX)
    net = [_detail(asked, entry, line["account"], sign * line["net"], line) for line in entry["lines"]]
    tax = [
        {**_detail(asked, entry, tax_account, sign * line["tax_amount"], line), "IsTaxLine": True}
        for line in entry["lines"]
    ]
    whole_line = {"department": "", "description": entry["description"], "tax": ""}
    control = _detail(asked, entry, control_account, -sign * entry["gross"], whole_line)
    control |= {"IsControlLine": True, "BCAmount": -sign * entry["base_gross"]}
    return [*net, *tax, control]


def _detail(asked: Asked, entry: Entry, account: str, amount: Decimal, line: Mapping[str, Any]) -> dict[str, Any]:
    tax = asked.records.coded("tax", line["tax"])
    rate = Decimal(entry["rate"])
    counts_units = asked.options.word("soap_rates_are") == "units_per_base"
    return {
        "GLAccountCode": account,
        "IsControlLine": False,
        "IsTaxLine": False,
        "IsStockLine": False,
        "Amount": amount,
        "BCAmount": (amount * rate).quantize(_CENT, ROUND_HALF_UP),
        "TaxID": tax.id if tax else NIL,
        "DepartmentID": line["department"] or NIL,
        "CurrencyCode": entry["currency"] or BASE,
        "IsReconciled": False,
        "Description": line["description"],
        "TransactionDate": midnight(entry["day"]),
        "ExchangeRate": 1 / rate if counts_units else rate,
    }


def _control_sign(entry: Entry) -> int:
    """What is owed to a supplier is a credit; a credit note takes it back."""
    is_purchase = entry["sort"].startswith("P")
    return -1 if is_purchase != (entry["sort"] in CREDITS) else 1


def _allocations(asked: Asked) -> Outcome:
    entry = entry_for(asked, whole(asked.element, "transactionId"))
    told = {
        "TransactionID": entry["id"],
        "TransactionType": entry["sort"],
        "InternalNumber": entry["number"],
        "ExternalReference": entry["reference"],
        "AllocationEntries": Array("WSAllocationEntryDTO", []),
        "AccountID": entry["contact_id"],
        "AccountCode": entry["contact_code"],
    }
    return Outcome(result=told)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetTransactionsByExternalReference": _by_reference,
    "GetTransactionsBy": _by,
    "GetCountTransactionsBy": _count,
    "GetTransaction": _one,
    "GetAllocationsByTransactionId": _allocations,
    # Documents of the item style, of which this company has none.
    "GetInvoicesByExternalReference": lambda _: Outcome(),
    "GetCreditNotesByExternalReference": lambda _: Outcome(),
}
