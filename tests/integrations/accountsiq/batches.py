"""Batch documents as they go through the SOAP door of the stand-in, written by hand."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integrations.accountsiq.seen_books import SoapAnswer, SoapCaller

INVOICE = "CreateBatchPurchasesInvoiceGetBackTransactionID"
NOTE = "CreateBatchPurchasesDebitNoteGetBackTransactionID"
REFERENCE = "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11 P-000001"
HEAD = {"SupplierCode": "CROWN01", "InvoiceDate": "2026-10-14T00:00:00", "ExternalReference": REFERENCE,
        "Description": "SI-48213 Crown Conference Centre"}  # fmt: skip
FIRST = {"GLAccountCode": "5010", "TaxCode": "T1", "Description": "Training room", "NetAmount": "100.00",
         "TaxRate": "0.20", "TaxAmount": "20.00"}  # fmt: skip
SECOND = {"GLAccountCode": "7504", "TaxCode": "T0", "Description": "Manuals & more", "DepartmentID": "ADM",
          "NetAmount": "50.50", "TaxRate": "0", "TaxAmount": "0"}  # fmt: skip


def elements(values: Mapping[str, str | None]) -> str:
    """Elements in their order; None is left out."""
    escaped = {name: value.replace("&", "&amp;") for name, value in values.items() if value is not None}
    return "".join(f"<{name}>{value}</{name}>" for name, value in escaped.items())


def batch(
    *lines: Mapping[str, str | None], kind: str = "Invoice", rate: str | None = "1", name: str = "", **head: str | None
) -> str:
    """A batch document; without lines it has the two usual ones."""
    given: dict[str, str | None] = {**HEAD, **head}
    if kind == "DebitNote":
        given = {("DebitNoteDate" if member == "InvoiceDate" else member): given[member] for member in given}
    of = lines or (FIRST, SECOND)
    inner = "".join(f"<BatchPurchases{kind}Line>{elements(line)}</BatchPurchases{kind}Line>" for line in of)
    name = name or {"Invoice": "inv", "DebitNote": "debitNote"}[kind]
    return f"<{name}>{elements(given)}<Lines>{inner}</Lines>{elements({'ExchangeRate': rate})}</{name}>"


def looked_up(soap: SoapCaller, reference: str = REFERENCE, **query: str) -> SoapAnswer:
    """A search by external reference."""
    inner = elements({"ExternalReference": reference, **query})
    return soap.call("GetTransactionsByExternalReference", f"<query>{inner}</query>")


def code(answer: SoapAnswer) -> str:
    """The error code."""
    return answer.text("ErrorCode")
