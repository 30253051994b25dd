"""What an accounting system makes of a document: its own amounts, its own number, or its refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from integrations.codat.standin.furniture import DAY_RATES
from integrations.codat.standin.memory import Memory, moment, money, stamp
from integrations.codat.standin.models import Fault, fault
from integrations.codat.standin.platforms import Platform
from integrations.codat.standin.records import Records
from integrations.codat.standin.settling import payer, settle

_CENT: Final = Decimal("0.01")
VALIDATORS: Final[Mapping[str, str]] = {
    "bills": "Bill", "billCreditNotes": "BillCreditNote", "purchaseOrders": "PurchaseOrder", "suppliers": "Supplier",
    "journalEntries": "JournalEntry", "invoices": "Invoice", "creditNotes": "CreditNote", "payments": "Payment",
    "customers": "Customer",
    "directCosts": "DirectCost",
}  # fmt: skip
# The members of a document that hold its number, its tax and its open amount, where they have other names.
NUMBER: Final[Mapping[str, str]] = {
    "bills": "reference", "billCreditNotes": "billCreditNoteNumber", "purchaseOrders": "purchaseOrderNumber",
    "invoices": "invoiceNumber", "creditNotes": "creditNoteNumber",
}  # fmt: skip
TAX: Final[Mapping[str, str]] = {"bills": "taxAmount"}
_OPEN: Final[Mapping[str, str]] = {
    "bills": "amountDue", "billCreditNotes": "remainingCredit", "invoices": "amountDue",
    "creditNotes": "remainingCredit",
}  # fmt: skip
_STATUS: Final[Mapping[str, str]] = {"bills": "Open", "billCreditNotes": "Submitted", "purchaseOrders": "Open"}
DOCUMENTS: Final = frozenset(NUMBER)
_SALES: Final = frozenset({"invoices", "creditNotes", "payments"})


def parties(data_type: str) -> tuple[str, str, str, str]:
    """Whom a document is with: its own member, the list, the name in that list, and the name in the document."""
    if data_type in _SALES:
        return "customerRef", "customers", "customerName", "companyName"
    return "supplierRef", "suppliers", "supplierName", "supplierName"


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at one company's accounting system, with a document to write. `at` is where in the API it came in."""

    memory: Memory
    platform: Platform
    connection: str
    data_type: str

    @property
    def records(self) -> Records:
        """The rows over there."""
        return Records(self.memory, self.connection)

    @property
    def entity(self) -> dict[str, Any]:
        """The legal entity behind the books."""
        return next(self.records.every("company"), {})

    def amounts(self, line: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
        """Net and tax of a line, as this system reckons them."""
        if self.platform.by_totals and line.get("totalAmount") is not None:
            net = money(line.get("totalAmount")) - money(line.get("taxAmount"))
        elif line.get("quantity") and line.get("unitAmount") is not None:
            net = money(line["unitAmount"]) * money(line["quantity"]) - money(line.get("discountAmount"))
        elif line.get("subTotal") is not None:
            net = money(line["subTotal"])
        else:
            net = money(line.get("unitAmount") or money(line.get("totalAmount")) - money(line.get("taxAmount")))
        net = _rounded(net)
        return net, self._tax(line, net)

    def _tax(self, line: Mapping[str, Any], net: Decimal) -> Decimal:
        given = line.get("taxAmount")
        rate = self.records.get("taxRates", (line.get("taxRateRef") or {}).get("id", ""))
        if rate is not None and (self.platform.reckons_tax or given is None):
            return _rounded(net * money(rate["effectiveTaxRate"]) / 100)
        return Decimal(0) if self.platform.reckons_tax else _rounded(money(given))

    def warnings(self, body: Mapping[str, Any]) -> list[Fault]:
        """What is said of a document that is booked all the same: a tax that was worked out anew."""
        told = []
        for place, line in enumerate(body.get("lineItems") or []):
            given, own = line.get("taxAmount"), self.amounts(line)[1]
            if given is not None and money(given) != own:
                words = f"{self.platform.name} worked out {own} and not {given}."
                told.append(fault(f"LineItems[{place}].TaxAmount", words, VALIDATORS[self.data_type]))
        return told

    def book(self, body: Mapping[str, Any], *, moved: bool = False) -> dict[str, Any]:
        """Write it into the books. `moved`: on the first of the next month instead of its own day."""
        make = self._document if self.data_type in DOCUMENTS else self._other
        if self.data_type == "payments":
            settle(self.records, body)
        return self.records.put(self.data_type, make(_moved(body) if moved else body))

    def _other(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if self.data_type in {"suppliers", "customers"}:
            own = body.get("id", "").upper() if self.platform.key == "hbql" else ""
            return {"status": "Active", **body, "id": own or self.records.new_id(self.platform, self.data_type)}
        if self.data_type == "payments":
            currency = body.get("currency") or self.entity.get("baseCurrency", "GBP")
            body = {**body, "customerRef": {"id": payer(self.records, body)}}
            body = {**self._with_party(body), "currency": currency, "currencyRate": self._rate(body, currency)}
        return {**body, "id": self.records.new_id(self.platform, self.data_type)}

    def _document(self, body: Mapping[str, Any]) -> dict[str, Any]:
        lines = []
        for number, line in enumerate(body.get("lineItems") or [], start=1):
            net, tax = self.amounts(line)
            lines.append(
                self._named({**line, **({"lineNumber": str(number)} if self.data_type == "bills" else {})}, net, tax)
            )
        net = sum((one["subTotal"] for one in lines), Decimal(0))
        tax = sum((one["taxAmount"] for one in lines), Decimal(0))
        currency = body.get("currency") or self.entity.get("baseCurrency", "GBP")
        own = {
            "id": self.records.new_id(self.platform, self.data_type),
            "issueDate": body.get("issueDate") or stamp(self.memory.now()),
            "currency": currency,
            "currencyRate": self._rate(body, currency),
            "lineItems": lines,
            "subTotal": net,
            TAX.get(self.data_type, "totalTaxAmount"): tax,
            "totalAmount": net + tax,
            "status": body.get("status") or _STATUS.get(self.data_type, "Submitted"),
        }
        if self.data_type != "bills":
            own |= {"totalDiscount": Decimal(0)}
        if self.data_type in {"billCreditNotes", "invoices", "creditNotes"}:
            own |= {"discountPercentage": Decimal(0)}
        if self.data_type in _OPEN:
            own[_OPEN[self.data_type]] = net + tax
        return {**self._with_party(body), **own}

    def _with_party(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """With the name that the party has over there."""
        member, data_type, named, name = parties(self.data_type)
        found = self.records.get(data_type, body[member]["id"]) or {}
        return {**body, member: {**body[member], name: found.get(named, "")}}

    def _named(self, line: Mapping[str, Any], net: Decimal, tax: Decimal) -> dict[str, Any]:
        told = {"quantity": Decimal(1), "unitAmount": net, **line}
        told |= {"subTotal": net, "taxAmount": tax, "totalAmount": net + tax}
        for ref, data_type in (("accountRef", "chartOfAccounts"), ("taxRateRef", "taxRates")):
            if line.get(ref):
                found = self.records.get(data_type, line[ref]["id"]) or {}
                told[ref] = {"id": line[ref]["id"], "name": found.get("name", "")}
        return told

    def _rate(self, body: Mapping[str, Any], currency: str) -> Decimal:
        if currency == self.entity.get("baseCurrency", "GBP"):
            return Decimal(1)
        return money(body.get("currencyRate")) or DAY_RATES.get(currency, Decimal(1))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _moved(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, dated on the first of the next month."""
    day: date = moment(body.get("issueDate") or "2024-01-01").date()
    later = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return {**body, "issueDate": f"{later.isoformat()}T00:00:00Z"}


def known_number(data_type: str, row: Mapping[str, Any]) -> str:
    """What people call a document by."""
    return str(row.get(NUMBER.get(data_type, "reference"), "") or "")
