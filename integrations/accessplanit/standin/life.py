"""What people do in accessplanit: raise an invoice, take a payment, refund, credit, cancel, change.

What a platform does with amounts is kept as simple as an invoice shows it: paid, outstanding, and a status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from integrations.accessplanit.standin.hooks import Hooks
from integrations.accessplanit.standin.memory import ZONE, Memory
from integrations.accessplanit.standin.refusals import Refused

CREDIT_NOTE_METHOD: Final = "Credit Note"
METHODS: Final = ("BACS", "Card", "Cheque", "Cash", "Stripe", CREDIT_NOTE_METHOD)
LONGEST_ORDER_NUMBER: Final = 50
_PENNY: Final = Decimal("0.01")
_ADDRESS: Final = (
    "InvoiceAddress",
    "InvoiceTown",
    "InvoiceCounty",
    "InvoicePostcode",
    "InvoiceCountry",
    "InvoiceEmail",
)


class Life:
    """One platform. Everything raises `Refused` with a sentence."""

    def __init__(self, memory: Memory, platform: str, hooks: Hooks) -> None:
        self._memory, self._platform, self._hooks = memory, platform, hooks

    def raise_invoice(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new invoice. `asked`: `customer` (an id), `lines` of `label`, `amount` (gross), `rate`, `source_type` and
        `source_id`; and, if you like, `status`, `order_number`, `date`, `due_days`, `currency`."""
        company = self._company(str(asked.get("customer", "")))
        items = [_item(one) for one in _list(asked.get("lines"))]
        total = sum((one["Amount"] for one in items), Decimal(0))
        made = asked.get("date") or self._memory.moment()
        count = len(self._memory.records(self._platform, "Invoice")) + 10_001
        invoice = self._memory.add(
            self._platform,
            "Invoice",
            {
                "Reference": f"INV-{count}",
                "DateCreated": made,
                "DateDue": _later(made, int(asked.get("due_days", 30))),
                "CompanyName": self._memory.platform(self._platform)["name"],
                "TargetIDType": "Company",
                "TargetID": company["ID"],
                "TargetLabel": company["Name"],
                "Amount": total,
                "TaxRate": Decimal("20.0"),
                "CurrencyCode": str(asked.get("currency", "GBP")),
                "Status": str(asked.get("status", "Outstanding")),
                "AmountPaid": Decimal("0.0"),
                "Outstanding": total,
                "PONumber": str(asked.get("order_number", "")),
                "Address": "",
                **{name: company.get(name, "") for name in _ADDRESS},
                "CF_Journal_number": "",
            },
        )
        for one in items:
            self._memory.add(self._platform, "InvoiceItem", {"InvoiceID": invoice["ID"], **one})
        self._hooks.tell("POST", "Invoice", invoice)
        return invoice

    def commit(self, invoice_id: str) -> dict[str, Any]:
        """A temporary invoice becomes final."""
        invoice = self._invoice(invoice_id)
        if invoice["Status"] != "Temporary":
            raise Refused(409, "The invoice is final already.")
        return self._changed(invoice, {"Status": "Outstanding"})

    def pay(self, invoice_id: str, amount: object, method: str = "BACS", **more: Any) -> dict[str, Any]:
        """A payment on an invoice; below zero it is a refund. `more` are further members of the transaction."""
        invoice, paid = self._invoice(invoice_id), _decimal(amount)
        if invoice["Status"] == "Cancelled":
            raise Refused(409, "The invoice is cancelled.")
        if method not in METHODS:
            raise Refused(400, f"There is no method {method}. Known are {', '.join(METHODS)}.")
        if not paid:
            raise Refused(400, "The amount is 0.")
        transaction = self._memory.add(
            self._platform,
            "Transaction",
            {"Amount": paid, "TransactionMethod": method, "Reference": "", "InvoiceID": invoice["ID"], **more},
        )
        link = {"TransactionID": transaction["ID"], "InvoiceID": invoice["ID"], "Amount": paid}
        self._memory.add(self._platform, "TransactionInvoice", link)
        self._hooks.tell("POST", "Transaction", transaction)
        self.reckon(invoice["ID"])
        return transaction

    def credit(self, invoice_id: str, amount: object) -> dict[str, Any]:
        """A credit note of an amount with tax, which then balances its invoice as a method of payment."""
        invoice, gross = self._invoice(invoice_id), _decimal(amount)
        tax = (gross * invoice["TaxRate"] / (100 + invoice["TaxRate"])).quantize(_PENNY, rounding=ROUND_HALF_UP)
        count = len(self._memory.records(self._platform, "CreditNote")) + 1
        told = ("CompanyName", "TargetIDType", "TargetID", "TargetLabel", "TaxRate", "CurrencyCode")
        note = self._memory.add(
            self._platform,
            "CreditNote",
            {
                "Reference": f"CN-{count}",
                "Amount": gross,
                "Tax": tax,
                "InvoiceID": invoice["ID"],
                **{name: invoice[name] for name in told},
            },
        )
        self._hooks.tell("POST", "CreditNote", note)
        self.pay(invoice_id, gross, CREDIT_NOTE_METHOD, Reference=note["Reference"])
        return note

    def cancel(self, invoice_id: str) -> dict[str, Any]:
        """Cancel an invoice that nothing was paid on."""
        invoice = self._invoice(invoice_id)
        if invoice["AmountPaid"]:
            raise Refused(409, "Something was paid on the invoice. Refund it first.")
        return self._changed(invoice, {"Status": "Cancelled"})

    def change(self, invoice_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The order number, the due date, and fields that a customer added: nothing else can be changed."""
        invoice = self._invoice(invoice_id)
        known = {name.lower(): name for name in invoice}
        given = {known.get(name.lower(), name): value for name, value in changes.items()}
        for name, value in given.items():
            if name not in ("PONumber", "DateDue") and not (name.startswith("CF_") and name in invoice):
                raise Refused(400, f"{name} of an invoice cannot be changed.")
            if not isinstance(value, str):
                raise Refused(400, f"{name} must be text.")
        if len(given.get("PONumber", "")) > LONGEST_ORDER_NUMBER:
            raise Refused(400, f"PONumber has more than {LONGEST_ORDER_NUMBER} characters.")
        _check_date(given.get("DateDue"))
        return self._changed(invoice, given)

    def remove_transaction(self, id_: str) -> None:
        """A transaction that never was."""
        transaction = self._memory.record(self._platform, "Transaction", id_)
        for link in self._memory.records(self._platform, "TransactionInvoice"):
            if link["TransactionID"] == id_:
                self._memory.delete(self._platform, "TransactionInvoice", link["ID"])
        self._memory.delete(self._platform, "Transaction", id_)
        self._hooks.tell("DELETE", "Transaction", transaction)
        self.reckon(transaction["InvoiceID"])

    def reckon(self, invoice_id: str) -> None:
        """What is paid and what is not, by the links of transactions."""
        invoice = self._invoice(invoice_id)
        links = self._memory.records(self._platform, "TransactionInvoice")
        paid = sum((one["Amount"] for one in links if one["InvoiceID"] == invoice_id), Decimal(0))
        left = invoice["Amount"] - paid
        status = "Completed" if left <= 0 else "Part-Completed" if paid > 0 else "Outstanding"
        self._changed(invoice, {"AmountPaid": paid, "Outstanding": left, "Status": status})

    def _changed(self, invoice: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        self._memory.save(self._platform, "Invoice", {**invoice, **changes})
        self._hooks.tell("PUT", "Invoice", invoice)
        return self._invoice(invoice["ID"])

    def _invoice(self, id_: str) -> dict[str, Any]:
        return self._memory.record(self._platform, "Invoice", id_)

    def _company(self, id_: str) -> dict[str, Any]:
        return self._memory.record(self._platform, "Company", id_)


def _item(line: Mapping[str, Any]) -> dict[str, Any]:
    gross, rate = _decimal(line.get("amount")), _decimal(line.get("rate", 20))
    tax = (gross * rate / (100 + rate)).quantize(_PENNY, rounding=ROUND_HALF_UP)
    return {
        "Reference": str(line.get("reference", "")),
        "DynamicLabel": str(line.get("label", "Course place")),
        "Amount": gross,
        "Tax": tax,
        "SourceID": str(line.get("source_id", "")),
        "SourceIDType": str(line.get("source_type", "Product")),
    }


def _list(lines: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(lines, list) or not lines or not all(isinstance(one, Mapping) for one in lines):
        raise Refused(400, "lines must be a list of at least one object.")
    return lines


def _decimal(value: object) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > 10**9:
        raise Refused(400, f"{str(value)[:40]} is no amount.")
    return found.quantize(_PENNY, rounding=ROUND_HALF_UP)


def _later(moment: str, days: int) -> str:
    _check_date(moment)
    day = datetime.fromisoformat(moment).replace(tzinfo=ZONE).astimezone(UTC) + timedelta(days=days)
    return f"{day.date().isoformat()}T00:00:00"


def _check_date(text: str | None) -> None:
    if text is None:
        return
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, f"{text[:40]} is no date.") from None
