"""What the OpenAPI document shows as examples of webhooks. A test holds each of them to its schema."""

from __future__ import annotations

from typing import Any, Final

from portal.api.shapes.examples import COMPANY_ID, MADE

EVENT_TYPE: Final = {"eventType": "posting.posted", "description": "A document is in the accounting system."}
NEW_CONSUMER: Final[dict[str, Any]] = {
    "url": "https://hooks.example.com/postroom",
    "eventTypes": ["posting.posted", "posting.rejected", "posting.held"],
    "companyId": COMPANY_ID,
}
CONSUMER: Final[dict[str, Any]] = {
    "id": "5c7a0f3e-2f0b-4a57-8f63-0d7b6f0c9a42",
    **NEW_CONSUMER,
    "disabled": False,
    "disabledSince": None,
    "disabledReason": "",
    "failingSince": None,
    "secretHint": "mOc=",
    "created": MADE,
}
CONSUMER_WITH_SECRET: Final = {**CONSUMER, "secret": "whsec_c2VjcmV0cyBhcmUgc2hvd24gb25jZSBhbmQga2VwdC4ucmOc="}
MESSAGE: Final[dict[str, Any]] = {
    "id": "8143",
    "webhookId": "6f2f4e0e-7f7c-4c43-9a53-6d4c0a0d9c11",
    "eventType": "posting.posted",
    "companyId": COMPANY_ID,
    "status": "given_up",
    "tries": 8,
    "statusCode": 503,
    "problem": "Answered 503: down for maintenance",
    "replayOf": None,
    "happened": MADE,
    "created": MADE,
    "nextTry": None,
    "arrived": None,
}
AGAIN: Final[dict[str, Any]] = {
    **MESSAGE, "id": "8207", "replayOf": "8143", "status": "waiting", "tries": 0, "statusCode": None, "problem": "",
    "nextTry": MADE,
}  # fmt: skip
MESSAGE_WITH_ATTEMPTS: Final[dict[str, Any]] = {
    **MESSAGE,
    "body": {
        "id": "6f2f4e0e-7f7c-4c43-9a53-6d4c0a0d9c11",
        "eventType": "posting.posted",
        "generatedDate": MADE,
        "payload": {"company": {"id": COMPANY_ID, "name": "Harbour Street Training Ltd"}},
    },
    "attempts": [
        {"at": MADE, "statusCode": 503, "milliseconds": 41, "problem": "Answered 503: down for maintenance"}
    ],
}  # fmt: skip
TEST: Final[dict[str, Any]] = {**AGAIN, "id": "8208", "eventType": "webhook.test", "replayOf": None}
