"""What the OpenAPI document shows as examples. A test holds each of them to its schema."""

from __future__ import annotations

from typing import Any, Final

COMPANY_ID: Final = "0e9f6c1b-5a3d-4c1e-9a59-2f0f6f1f7a11"
CONNECTION_ID: Final = "7b1f0c66-9a4e-4f0b-8a53-51d0f6f4f0aa"
MADE: Final = "2026-11-20T14:03:00.000Z"
INTEGRATION: Final[dict[str, Any]] = {
    "key": "demo",
    "name": "Demo Books",
    "summary": "A small accounting system for trying things out. It runs on this machine and books nothing real.",
    "logoUrl": "https://postroom.example/api/logos/demo.svg",
    "enabled": True,
    "sourceType": "Accounting",
    "isLinkedByVisit": False,
    "hasPlatforms": False,
    "datatypeFeatures": [
        {"dataType": "suppliers", "supportedFeatures": [{"featureType": "Get", "featureState": "Release"}]},
        {
            "dataType": "bills",
            "supportedFeatures": [
                {"featureType": "Post", "featureState": "Release"},
                {"featureType": "UploadAttachment", "featureState": "Release"},
            ],
        },
    ],
    "settings": [
        {
            "key": "token",
            "label": "Access token",
            "help": "The sandbox keeps it in the file demo-token in its state directory.",
            "isSecret": True,
            "isRequired": True,
            "default": "",
            "options": [],
        }
    ],
}
CONNECTION: Final[dict[str, Any]] = {
    "id": CONNECTION_ID,
    "integrationKey": "demo",
    "platformName": "Demo Books",
    "sourceType": "Accounting",
    "status": "Linked",
    "linkUrl": f"https://postroom.example/companies/{COMPANY_ID}/accounting/authorise/",
    "created": MADE,
    "linked": MADE,
    "confirmed": None,
    "isPaused": False,
    "connectionInfo": {"companyId": "harbour-street", "companyName": "Harbour Street Training Ltd"},
}
CONNECTION_WITH_SYNC: Final = {**CONNECTION, "lastSync": None}
COMPANY: Final[dict[str, Any]] = {
    "id": COMPANY_ID,
    "name": "Harbour Street Training Ltd",
    "nameIsTemporary": False,
    "baseCurrency": "GBP",
    "redirect": f"https://postroom.example/companies/{COMPANY_ID}/accounting/choose/",
    "status": "Linked",
    "created": MADE,
    "live": None,
    "closed": None,
    "dataConnections": [CONNECTION],
}
NEW_COMPANY: Final = {"name": "Harbour Street Training Ltd", "baseCurrency": "GBP"}
ENDPOINT: Final[dict[str, Any]] = {
    "id": "c0a8a7a2-8b1e-4a43-9e0c-3f60a9b3f1d2",
    "kind": "invoice",
    "url": "https://postroom.example/webhooks/icompleat/c0a8a7a2-8b1e-4a43-9e0c-3f60a9b3f1d2/",
    "isActive": True,
    "headers": ["x-api-compleat-token"],
    "created": MADE,
}
ENDPOINT_WITH_TOKEN: Final = {**ENDPOINT, "token": "prm_shown-this-one-time"}
INFO: Final[dict[str, Any]] = {
    "companyId": "harbour-street",
    "companyName": "Harbour Street Training Ltd",
    "companyLegalName": None,
    "registrationNumber": None,
    "baseCurrency": "GBP",
    "platformName": "Demo Books",
    "connectionId": CONNECTION_ID,
}
SYNC: Final[dict[str, Any]] = {
    "id": "42",
    "companyId": COMPANY_ID,
    "connectionId": CONNECTION_ID,
    "dataType": "suppliers",
    "status": "Queued",
    "statusDescription": "It starts in a moment.",
    "errorMessage": None,
    "requested": MADE,
    "completed": None,
    "progress": 0,
    "isCompleted": False,
    "isErrored": False,
    "recordsRead": 0,
    "recordsAdded": 0,
    "recordsChanged": 0,
    "recordsRemoved": 0,
    "recordsRefused": 0,
}
STATUSES: Final[dict[str, Any]] = {
    "suppliers": {
        "dataType": "suppliers",
        "currentStatus": "Complete",
        "lastSuccessfulSync": MADE,
        "latestSyncId": "42",
        "latestSuccessfulSyncId": "42",
    }
}
SCHEDULE: Final[dict[str, Any]] = {
    "dataType": "suppliers",
    "frequency": "daily",
    "at": "06:30",
    "weekday": "Monday",
    "day": 1,
    "syncSchedule": 24,
    "nextSync": MADE,
}
SCHEDULES: Final[dict[str, Any]] = {"companyId": COMPANY_ID, "timeZone": "Europe/London", "settings": [SCHEDULE]}
NEW_SCHEDULES: Final = {"settings": [{"dataType": "suppliers", "frequency": "daily", "at": "06:30"}]}
RECORD: Final[dict[str, Any]] = {
    "id": "CROWN01",
    "code": "CROWN01",
    "name": "Crown Conference Centre",
    "status": "Active",
    "category": "",
    "details": {"currency": "GBP", "email": "accounts@crown.example"},
    "modifiedDate": MADE,
}
TO_RAISE: Final[dict[str, Any]] = {
    "kind": "purchase_order",
    "stage": "draft",
    "supplierCode": "CROWN01",
    "currency": "GBP",
    "date": "2026-11-20",
    "title": "Venue hire, December",
    "lines": [{"description": "Training room, full day", "net": "500.00", "tax": "100.00", "accountCode": "5010"}],
}
RAISED: Final[dict[str, Any]] = {
    "key": "order-2026-001",
    "status": "on_its_way",
    "reason": "",
    "kind": "purchase_order",
    "stage": "draft",
    "number": "P-000008",
    "origin": "api",
    "createdAt": MADE,
    "supplierName": "Crown Conference Centre",
    "currency": "GBP",
    "net": 500.00,
    "tax": 100.00,
    "gross": 600.00,
    "posting": {"state": "ready", "reason": "", "field": "", "postedAt": None},
    "source": {
        "integration": "icompleat", "transactionId": None, "number": "", "stage": "", "word": "", "seenAt": None
    },
    "cameBack": None,
    "warnings": [],
}  # fmt: skip


def page_of(result: Any) -> dict[str, Any]:
    """A page of a bounded list with one result."""
    here = {"href": "/api/v1/companies?page=1&pageSize=100"}
    return {
        "results": [result],
        "pageNumber": 1,
        "pageSize": 100,
        "totalResults": 1,
        "_links": {"self": {"href": "/api/v1/companies"}, "current": here},
    }


def part_of(result: Any) -> dict[str, Any]:
    """The last part of a long list, with one result."""
    return {"results": [result], "next": None}
