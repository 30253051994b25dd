"""Examples of transactions and postings for the OpenAPI document. A test holds each of them to its schema."""

from __future__ import annotations

from typing import Any, Final

from portal.api.shapes.examples import CONNECTION_ID, MADE

TRANSACTION_ID: Final = "9d4c1f0e-2f5e-4f0b-9d1c-6c2a7f9b3e55"
POSTING_ID: Final = "1207"
UNKNOWN_ACCOUNT: Final = "The account 5999 does not exist."
_OF_TRANSACTION: Final[dict[str, Any]] = {
    "id": POSTING_ID,
    "connectionId": CONNECTION_ID,
    "integrationKey": "demo",
    "state": "rejected",
    "reason": UNKNOWN_ACCOUNT,
    "field": "lines[1].account_code",
    "number": "",
    "externalId": None,
    "postedAt": None,
}
TRANSACTION: Final[dict[str, Any]] = {
    "id": TRANSACTION_ID,
    "kind": "invoice",
    "source": "icompleat",
    "externalId": "2f0c5a6e-7c55-4ce3-8ef0-1d7c2a4b9e10",
    "revision": 1,
    "number": "P-000041",
    "answeredNumber": "",
    "sourceNumber": "INV000123",
    "orderNumber": "PO000117",
    "supplierReference": "SI-48213",
    "supplierName": "Crown Conference Centre",
    "date": "2026-11-18",
    "currency": "GBP",
    "net": 500.00,
    "tax": 100.00,
    "gross": 600.00,
    "receivedAt": MADE,
    "answeredAt": None,
    "state": "rejected",
    "postings": [_OF_TRANSACTION],
}
WHOLE_TRANSACTION: Final[dict[str, Any]] = {
    **TRANSACTION,
    "title": "Venue hire, November",
    "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
    "customer": None,
    "dueDate": "2026-12-18",
    "deliveryDate": None,
    "createdAt": MADE,
    "dimensions": [],
    "lines": [
        {
            "number": 1, "description": "Training room, full day", "quantity": 2, "unitPrice": 250.00, "net": 500.00,
            "tax": 100.00, "gross": 600.00, "itemCode": "", "accountCode": "5999", "taxCode": "T1",
            "dimensions": [{"name": "Department", "code": "TRN", "label": "Training"}],
        }
    ],
}  # fmt: skip
POSTING: Final[dict[str, Any]] = {
    **_OF_TRANSACTION,
    "errorClass": "Rejected",
    "attempts": 1,
    "nextAttemptAt": None,
    "createdAt": MADE,
    "updatedAt": MADE,
    "transaction": {
        "id": TRANSACTION_ID, "kind": "invoice", "number": "P-000041", "answeredNumber": "",
        "sourceNumber": "INV000123", "supplierName": "Crown Conference Centre", "currency": "GBP", "gross": 600.00,
    },
}  # fmt: skip
WHOLE_POSTING: Final[dict[str, Any]] = {
    **POSTING,
    "isMemo": False,
    "mayExist": False,
    "differences": [],
    "possibleRepairs": ["retry", "markPosted", "void"],
    "impossibleRepairs": [],
    "latestAttempts": [
        {
            "number": 1, "purpose": "send", "trigger": "automatic", "by": None, "startedAt": MADE, "durationMs": 84,
            "outcome": "Rejected", "message": UNKNOWN_ACCOUNT,
            "exchanges": [
                {
                    "method": "POST", "url": "https://books.example/demo/companies/harbour-street/bills", "status": 422,
                    "failure": "", "durationMs": 61, "requestHeaders": {"Authorization": "***"},
                    "requestBody": '{"reference": "P-000041"}', "responseHeaders": {"Content-Type": "application/json"},
                    "responseBody": '{"error": "unknown account 5999"}',
                }
            ],
        }
    ],
    "history": [
        {"at": MADE, "before": None, "after": "ready", "by": "Intake", "askedBy": None, "why": ""},
        {"at": MADE, "before": "ready", "after": "sending", "by": "Worker", "askedBy": None, "why": ""},
        {"at": MADE, "before": "sending", "after": "rejected", "by": "Worker", "askedBy": None, "why": UNKNOWN_ACCOUNT},
    ],
}  # fmt: skip
RETRY: Final = {"reason": "The account 5999 was added."}
RESOLUTION: Final = {"action": "markPosted", "number": "BILL-000017", "reason": "Entered there by hand."}
