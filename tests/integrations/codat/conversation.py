"""What Codat is asked in each call, and what it answers: written by hand from its documents, for the contract."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from integrations.base import AccountingSystem, Link
from integrations.codat.connector import Codat
from integrations.documents import Document, Kind
from integrations.errors import KeyRefused, Misconfigured, Missing, OutcomeUnknown, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from tests.contract import HttpCases, Refusal, Step
from tests.contract.answers import STATUSES
from tests.contract.attaching import ANSWERS
from tests.contract.reading import FAULTS
from tests.integrations.codat.account import COMPANY, CONNECTION, KEY, SYNC, ago, connection
from tests.samples import KEY as OUR_KEY
from tests.samples import PAPER, sample

HERE = f"/companies/{COMPANY}"
THERE = f"{HERE}/connections/{CONNECTION}"
OPERATION = "0d3cbbc8-71ba-4a03-8a83-0f1b8b8a1b4b"
MARK = "P-000001 8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11"
TYPES = {
    Kind.INVOICE: "bills", Kind.CREDIT_NOTE: "billCreditNotes", Kind.PURCHASE_ORDER: "purchaseOrders",
    Kind.SALES_INVOICE: "invoices", Kind.SALES_CREDIT_NOTE: "creditNotes", Kind.PAYMENT: "payments",
    Kind.REFUND: "payments",
}  # fmt: skip
NUMBERS = {
    "bills": "reference", "billCreditNotes": "billCreditNoteNumber", "purchaseOrders": "purchaseOrderNumber",
    "invoices": "invoiceNumber", "creditNotes": "creditNoteNumber", "payments": "reference",
}  # fmt: skip
SALES_TYPES = frozenset({"invoices", "creditNotes", "payments"})
LISTS = {
    RecordKind.SUPPLIER: ("suppliers", "suppliers"),
    RecordKind.ACCOUNT: ("chartOfAccounts", "accounts"),
    RecordKind.TAX: ("taxRates", "taxRates"),
    RecordKind.DIMENSION: ("trackingCategories", "trackingCategories"),
}
EVERYTHING = {"bills": ["Get", "Post", "UploadAttachment", "GetAttachments"], "billCreditNotes": ["Post"]} | {
    "purchaseOrders": ["Post"], "suppliers": ["Get"], "chartOfAccounts": ["Get"], "taxRates": ["Get"],
    "trackingCategories": ["Get"], "invoices": ["Post"], "creditNotes": ["Post"], "payments": ["Post"],
    "customers": ["Get"],
}  # fmt: skip
SANDBOX = {
    "company": COMPANY, "connection": CONNECTION, "platform": "mqjo", "platform_name": "Sandbox",
    "base_currency": "GBP", "company_name": "Harbour Street Studios Ltd", "features": EVERYTHING, "status": "Linked",
}  # fmt: skip
XERO = {**SANDBOX, "platform": "gbol", "platform_name": "Xero"}
SUPPLIER: dict[str, Any] = {
    "id": "CROWN01",
    "supplierName": "Crown Conference Centre",
    "status": "Active",
    "defaultCurrency": "GBP",
}
CUSTOMER: dict[str, Any] = {
    "id": "HARB01",
    "customerName": "Harbour Logistics Ltd",
    "status": "Active",
    "defaultCurrency": "GBP",
}
ACCOUNTS: list[dict[str, Any]] = [
    {"id": f"account-{code}", "nominalCode": code, "name": name, "currency": "GBP", "type": "Expense",
     "status": "Active", "isBankAccount": False}
    for code, name in (("5010", "Course Venue Hire"), ("7504", "Office Stationery"), ("7506", "Software Licences"),
                       ("4000", "Course fees"), ("4020", "Course materials sold"), ("1200", "Current account"))
]  # fmt: skip
TAX_RATES: list[dict[str, Any]] = [
    {"id": f"tax-{code}", "code": code, "name": f"{rate} %", "status": "Active", "effectiveTaxRate": rate,
     "totalTaxRate": rate, "components": []}
    for code, rate in (("T0", Decimal(0)), ("T1", Decimal(20)))
]  # fmt: skip


def page(rows: Sequence[object], *, number: int = 1, total: int | None = None) -> dict[str, Any]:
    """One page of a list."""
    links = {"self": {"href": "/"}, "current": {"href": "/"}}
    count = len(rows) if total is None else total
    return {"results": list(rows), "pageNumber": number, "pageSize": 500, "totalResults": count, "_links": links}


def listed(path: str, rows: Sequence[object], query: str = "") -> Step:
    """A list on one page."""
    asked = f"query={query}&" if query else ""
    return Step(method="GET", path=f"{HERE}/data/{path}?pageSize=500&{asked}page=1", answer=page(rows))


def error(status: int, words: str, *validation: dict[str, str]) -> dict[str, Any]:
    """Codat's error body."""
    return {
        "statusCode": status, "service": "PublicApi", "error": words, "canBeRetried": "Unknown", "detailedErrorCode": 0,
        "correlationId": "7eb9ecc6-8e1b-4a0d-8e6b-4c3c2f1d0a9b",
        "validation": {"errors": list(validation), "warnings": []} if validation else None,
    }  # fmt: skip


def member(kind: str = "String", *details: str, required: Any = False, **below: Any) -> dict[str, Any]:
    """One member of a push option."""
    told: dict[str, Any] = {"type": kind, "displayName": "A member", "description": "", "required": required}
    if details:
        told["validation"] = {"warnings": [], "information": [{"field": "X", "details": one} for one in details]}
    return {**told, "properties": below} if below else told


def options(data_type: str, **changes: dict[str, Any]) -> dict[str, Any]:
    """A push option that takes what documents of ours have; `changes` replace members."""
    ref = member("Object", id=member())
    if data_type == "payments":
        return payment_options(**changes)
    numbers = ("quantity", "unitAmount", "subTotal", "taxAmount", "totalAmount")
    line: dict[str, Any] = {name: member("Number") for name in numbers}
    line["description"] = member("String", "Max length of 4000 characters.")
    tax = "taxAmount" if data_type == "bills" else "totalTaxAmount"
    members = {
        NUMBERS[data_type]: member("String", "Must not exceed 255 charaters long."),
        "customerRef" if data_type in SALES_TYPES else "supplierRef": ref,
        **{name: member("DateTime") for name in ("issueDate", "dueDate", "expectedDeliveryDate", "paymentDueDate")},
        **{name: member() for name in ("currency", "status")},
        **{name: member("Number") for name in ("currencyRate", "subTotal", tax, "totalAmount")},
        "note": member("String", "Must not exceed 500 characters."),
        "lineItems": member("Array", **line, accountRef=ref, taxRateRef=ref, trackingCategoryRefs=ref),
    }
    if data_type in {"billCreditNotes", "creditNotes"}:
        del members["dueDate"]
    return member("Object", required=True, **{**members, **changes})


def payment_options(**changes: dict[str, Any] | None) -> dict[str, Any]:
    """The same for payments; None takes a member away."""
    links = member("Array", type=member(), id=member(), amount=member("Number"))
    members = {
        "customerRef": member("Object", id=member()), "accountRef": member("Object", id=member()),
        **{name: member("Number") for name in ("totalAmount", "currencyRate")},
        **{name: member() for name in ("currency", "note", "reference")}, "date": member("DateTime"),
        "lines": member("Array", amount=member("Number"), links=links, allocatedOnDate=member("DateTime")),
    }  # fmt: skip
    kept = {name: one for name, one in {**members, **changes}.items() if one is not None}
    return member("Object", required=True, **kept)


def line(description: str, amounts: str, account: str, rate: str) -> dict[str, Any]:
    """One line of a push, by hand. `amounts`: quantity, price, net, tax, gross."""
    names = ("quantity", "unitAmount", "subTotal", "taxAmount", "totalAmount")
    return {
        "description": description,
        **dict(zip(names, map(Decimal, amounts.split()), strict=True)),
        "accountRef": {"id": account},
        "taxRateRef": {"id": rate},
    }


ROOM = line("Training room, full day", "2 50.00 100.00 20.00 120.00", "account-5010", "tax-T1")
MANUALS = line("Printed course manuals", "1 50.50 50.50 0.00 50.50", "account-7504", "tax-T0")
TOOL = line("Authoring tool, annual licence", "1 120.50 120.50 0.00 120.50", "account-7506", "tax-T0")
SELLER = {"supplierRef": {"id": "CROWN01"}}
PARTY = {**SELLER, "issueDate": "2024-03-14T00:00:00"}
COURSE = line("First aid at work, 12 places", "1 100.00 100.00 20.00 120.00", "account-4000", "tax-T1")
MANUAL = line("First aid manuals", "1 50.50 50.50 0.00 50.50", "account-4020", "tax-T0")
BUYER = {"customerRef": {"id": "HARB01"}}
TOTALS = {"subTotal": Decimal("150.50"), "totalAmount": Decimal("170.50")}
NOTE = {"note": f"{MARK} Venue hire, March cohort"}
BODIES: dict[str, dict[str, Any]] = {
    "bills": {
        "reference": "SI-48213", **PARTY, "dueDate": "2024-04-13T00:00:00", "currency": "GBP",
        "lineItems": [ROOM, MANUALS], "status": "Open", **TOTALS, "taxAmount": Decimal("20.00"), **NOTE,
    },
    "billCreditNotes": {
        "billCreditNoteNumber": "SI-48213", **PARTY, "currency": "GBP", "lineItems": [ROOM, MANUALS],
        "status": "Submitted", **TOTALS, "totalTaxAmount": Decimal("20.00"), **NOTE,
    },
    "purchaseOrders": {
        "purchaseOrderNumber": "INV000123", **PARTY, "paymentDueDate": "2024-04-13T00:00:00", "currency": "GBP",
        "lineItems": [ROOM, MANUALS], "status": "Open", **TOTALS, "totalTaxAmount": Decimal("20.00"), **NOTE,
    },
    "invoices": {
        "invoiceNumber": "INV-2024-0117", **BUYER, "issueDate": "2024-03-14T00:00:00",
        "dueDate": "2024-04-13T00:00:00", "currency": "GBP", "lineItems": [COURSE, MANUAL], "status": "Submitted",
        **TOTALS, "totalTaxAmount": Decimal("20.00"), "note": MARK,
    },
    "creditNotes": {
        "creditNoteNumber": "INV-2024-0117", **BUYER, "issueDate": "2024-03-14T00:00:00", "currency": "GBP",
        "lineItems": [COURSE, MANUAL], "status": "Submitted", **TOTALS, "totalTaxAmount": Decimal("20.00"),
        "note": MARK,
    },
    "payments": {
        **BUYER, "accountRef": {"id": "account-1200"}, "totalAmount": Decimal("170.50"), "currency": "GBP",
        "date": "2024-03-14T00:00:00", "note": f"{MARK} BACS", "reference": "BACS 14/03", "lines": [
            {"amount": Decimal("170.50"), "allocatedOnDate": "2024-03-14T00:00:00",
             "links": [{"type": "PaymentOnAccount", "id": "HARB01", "amount": Decimal("-170.50")}]},
        ],
    },
    "refunds": {
        **BUYER, "accountRef": {"id": "account-1200"}, "totalAmount": Decimal("-170.50"), "currency": "GBP",
        "date": "2024-03-14T00:00:00", "note": f"{MARK} BACS", "reference": "BACS 14/03", "lines": [
            {"amount": Decimal("-170.50"), "allocatedOnDate": "2024-03-14T00:00:00",
             "links": [{"type": "PaymentOnAccount", "id": "HARB01", "amount": Decimal("170.50")}]},
        ],
    },
    "dollars": {
        "reference": "SI-48213", **PARTY, "dueDate": "2024-04-13T00:00:00", "currency": "USD",
        "currencyRate": Decimal("0.832614108"), "lineItems": [TOOL], "status": "Open", "subTotal": Decimal("120.50"),
        "totalAmount": Decimal("120.50"), "taxAmount": Decimal("0.00"), **NOTE,
    },
}  # fmt: skip


def row(document: Document, number: str, *, data_type: str = "bills") -> dict[str, Any]:
    """A document as Codat tells it once it has read it."""
    assert document.date is not None
    if data_type == "payments":
        return paid(document, number)
    tax = "taxAmount" if data_type == "bills" else "totalTaxAmount"
    return {
        "id": number, NUMBERS[data_type]: "SI-48213", **(BUYER if data_type in SALES_TYPES else SELLER),
        "note": NOTE["note"],
        "issueDate": f"{document.date.isoformat()}T00:00:00", "currency": document.currency, "status": "Open",
        "subTotal": document.net, tax: document.tax, "totalAmount": document.gross,
        "metadata": {"isDeleted": False},
    }  # fmt: skip


def paid(document: Document, number: str) -> dict[str, Any]:
    """A payment as Codat tells it; a refund is one below zero."""
    assert document.date is not None
    total = -document.gross if document.kind is Kind.REFUND else document.gross
    return {
        "id": number, "reference": "BACS 14/03", **BUYER, "note": NOTE["note"], "currency": document.currency,
        "date": f"{document.date.isoformat()}T00:00:00", "totalAmount": total, "metadata": {"isDeleted": False},
    }  # fmt: skip


def operation(data_type: str = "bills", status: str = "Pending", **more: Any) -> dict[str, Any]:
    """A push operation as it is told."""
    codes = {"Pending": 202, "Success": 200, "Failed": 400, "TimedOut": 408}
    return {
        "pushOperationKey": OPERATION, "companyId": COMPANY, "dataConnectionKey": CONNECTION, "dataType": data_type,
        "requestedOnUtc": ago(2), "status": status, "statusCode": codes.get(status, 200), **more,
    }  # fmt: skip


def succeeded(data_type: str, record: str = "17") -> dict[str, Any]:
    """A push operation that is over, and went well."""
    change = {"type": "Created", "recordRef": {"id": record, "dataType": data_type}}
    return operation(data_type, "Success", completedOnUtc=ago(1), changes=[change])


def reading_of(data_type: str) -> Step:
    """How old a type of data is: seconds."""
    here = {"dataType": data_type, "currentStatus": "Complete", "lastSuccessfulSync": ago(9)}
    here |= {"latestSyncId": SYNC, "latestSuccessfulSyncId": SYNC}
    return Step(method="GET", path=f"{HERE}/dataStatus", answer={data_type: here})


def pull_of(data_type: str) -> Step:
    """When its reading was asked for: seconds ago."""
    pull: dict[str, Any] = {
        "id": SYNC,
        "companyId": COMPANY,
        "connectionId": CONNECTION,
        "dataType": data_type,
        "status": "Complete",
    }
    pull |= {"requested": ago(30), "completed": ago(9), "progress": 100, "isCompleted": True, "isErrored": False}
    return Step(method="GET", path=f"{HERE}/data/history/{SYNC}", answer=pull)


def looked_up(document: Document) -> list[Step]:
    """The codes of a document; money has no tax."""
    if document.kind in {Kind.PAYMENT, Kind.REFUND}:
        return [listed("customers", [CUSTOMER], "id%3DHARB01"), listed("accounts", ACCOUNTS)]
    if document.kind.is_sale:
        customers = listed("customers", [CUSTOMER], "id%3DHARB01")
        return [customers, listed("accounts", ACCOUNTS), listed("taxRates", TAX_RATES)]
    return [
        listed("suppliers", [SUPPLIER], "id%3DCROWN01"),
        listed("accounts", ACCOUNTS),
        listed("taxRates", TAX_RATES),
    ]


def record(kind: RecordKind, number: int) -> dict[str, Any]:
    """One row of a list, with an id of its own."""
    common = {"id": str(number), "name": f"Row {number}", "status": "Active"}
    return {"supplierName": f"Supplier {number}", **common} if kind is RecordKind.SUPPLIER else common


def part(name: str, content_type: str, content: bytes, boundary: str) -> bytes:
    """A form of one file."""
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {content_type}\r\n\r\n'
    return f"--{boundary}\r\n{head}".encode() + content + f"\r\n--{boundary}--\r\n".encode()


class CodatConversations(HttpCases):
    """The asynchronous interface, as Codat's Sandbox has it for every kind."""

    __test__ = False
    connector: ClassVar[type[AccountingSystem]] = Codat
    secrets = (KEY,)
    told = SANDBOX
    boundary = "postroom-5cd70b0299ee57779c20fe9e4d6ad9e0"

    @pytest.fixture(autouse=True)
    def key_of_the_installation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The key belongs to the installation: where it is refused no connection has to be linked again."""
        tables: tuple[tuple[Any, object], ...] = ((STATUSES, 401), (FAULTS, "401"), (ANSWERS, "401"))
        for table, status in tables:
            meant = tuple(KeyRefused if one is Unauthorised else one for one in table[status])
            monkeypatch.setitem(table, status, meant)

    def connect(self, url: str, outbound: Outbound) -> AccountingSystem:
        settings = {"base_url": url, "platform": str(self.told["platform"])}
        return self.connector(Link(settings=settings, secrets={"api_key": KEY}, outbound=outbound, told=self.told))

    def greeting(self) -> Sequence[Step]:
        info = {"companyName": "Harbour Street Studios Ltd", "baseCurrency": "GBP", "ledgerLockDate": None}
        return [
            Step(method="GET", path=THERE, answer=connection("Linked")),
            Step(method="GET", path=f"{HERE}/data/info", answer=info),
        ]

    def posting(self, document: Document) -> Sequence[Step]:
        data_type = TYPES[document.kind]
        name = "refunds" if document.kind is Kind.REFUND else data_type
        body = BODIES["dollars" if document.currency == "USD" else name]
        push = f"{THERE}/push/{data_type}"
        return [
            *looked_up(document),
            Step(method="GET", path=f"{THERE}/options/{data_type}", answer=options(data_type)),
            Step(method="POST", path=push, body=body, answer=operation(data_type), writes=True),
        ]

    def polling(self, document: Document) -> Sequence[Step]:
        data_type = TYPES[document.kind]
        return [
            Step(method="GET", path=f"{HERE}/push/{OPERATION}", answer=succeeded(data_type)),
            Step(
                method="GET",
                path=f"{HERE}/data/{data_type}/17",
                answer=row(document, "17", data_type=data_type),
            ),
        ]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        path = f"{HERE}/data/bills?pageSize=500&query=supplierRef.id%3DCROWN01&page="
        rows = [row(sample(), str(number)) for number in range(1, sum(pages) + 1)]
        return [reading_of("bills"), pull_of("bills"), *self.paged(path, rows, pages)]

    def paged(self, path: str, rows: list[dict[str, Any]], pages: Sequence[int]) -> list[Step]:
        """The rows, on pages of these sizes."""
        steps, start = [], 0
        for number, size in enumerate(pages, start=1):
            here = page(rows[start : start + size], number=number, total=len(rows))
            steps.append(Step(method="GET", path=f"{path}{number}", answer=here))
            start += size
        return steps

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        data_type, path = LISTS[kind]
        rows = [record(kind, number) for number in range(1, sum(pages) + 1)]
        return [reading_of(data_type), *self.paged(f"{HERE}/data/{path}?pageSize=500&page=", rows, pages)]

    def papers(self, count: int) -> Sequence[Step]:
        rows = [
            {"id": str(number), "name": f"{number}.pdf", "contentType": "application/pdf", "fileSize": 50 + number}
            for number in range(1, count + 1)
        ]
        return [Step(method="GET", path=self.papers_path(), answer={"attachments": rows})]

    def papers_path(self) -> str:
        """Where the files of the invoice "17" are told."""
        return f"{THERE}/data/bills/17/attachments"

    def attaching(self) -> Sequence[Step]:
        body = part(PAPER.name, PAPER.content_type, PAPER.content, self.boundary)
        path = f"{THERE}/push/bills/17/attachments"
        return [
            *self.papers(0),
            Step(method="POST", path=path, body=body, answer=operation(), writes=True),
            Step(method="GET", path=f"{HERE}/push/{OPERATION}", answer=operation(status="Success")),
        ]

    def without_id(self) -> object:
        return {name: value for name, value in operation().items() if name != "pushOperationKey"}

    def failure(self, message: str) -> object:
        return error(400, message)

    def refusals(self) -> Sequence[Refusal]:
        return refusals()


def refusals() -> list[Refusal]:
    """Codat's closed table, by the status of the answer."""
    return [
        Refusal(
            status=400,
            body=error(
                400,
                "ValidationException: Push failed.",
                {
                    "itemId": "LineItems[1].AccountRef.Id",
                    "message": "`17` was not found in Xero",
                    "validatorName": "Bill",
                },
            ),
            says="Line 2: `17` was not found in Xero.",
            field="account_code",
        ),
        Refusal(status=400, body=error(400, "The request is wrong."), says="The request is wrong.", field=""),
        # The status inside is wrong in the vendor's own examples.
        Refusal(
            status=402, body=error(429, "CompanyValidationException: Company limit exceeded"), says="Company limit"
        ),
        Refusal(
            status=404,
            body=error(404, "Datatype bills not supported by platform(s) Wave"),
            error=Missing,
            says="not supported",
        ),
        Refusal(
            status=403,
            body=error(403, "Not for this product."),
            error=Misconfigured,
            says="The API key of this installation may not do this in Codat: it is an old one, or not for this "
            "product. Look at the key in the Codat portal, and enter the right one. Codat says: Not for this product.",
            field="api_key",
        ),
        Refusal(status=403, body=error(403, ""), error=Misconfigured, says="enter the right one.", field="api_key"),
        Refusal(status=409, body=error(409, "The key is in use."), error=OutcomeUnknown, says="looked up"),
        Refusal(status=422, body=error(422, "The key had another body."), error=OutcomeUnknown, says="looked up"),
        Refusal(status=451, body=error(451, "Not available for compliance reasons."), says="compliance"),
        Refusal(status=200, body=operation(status="Failed", errorMessage="It is full."), says="It is full."),
    ]


assert OUR_KEY.value in MARK
