"""A program that calls the API, and what it asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from portal.tenants.models import Company


@dataclass(frozen=True)
class Program:
    """Somebody with a token. Answers come with exact numbers as text, so that 120.00 is not 120.0."""

    company: Company
    token: str

    def url(self, rest: str = "") -> str:
        return f"/api/v1/companies/{self.company.pk}/push/transactions{rest}"

    def get(self, rest: str = "", **headers: str) -> Any:
        return Client().get(self.url(rest), headers=self.headers(headers))

    def post(self, body: object, *, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().post(self.url(), data=data, content_type=content_type, headers=self.headers(given))

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "x-request-id": "request-for-tests", **more}


def read(response: Any) -> Any:
    """The body, with numbers as the text that they are."""
    return json.loads(response.content, parse_float=str)


def an_order(**changes: Any) -> dict[str, Any]:
    """A purchase order of one line, 120.00 GBP in all."""
    line = {"description": "Training room", "net": 100.00, "tax": "20.00", "accountCode": "5010", "taxCode": "T1"}
    return {
        "key": "order-1",
        "kind": "purchase_order",
        "supplierCode": "CROWN01",
        "supplierName": "Crown Conference Centre",
        "currency": "GBP",
        "date": "2026-11-20",
        "title": "Venue hire",
        "lines": [line],
        **changes,
    }


def error(status: int, sentence: str, *details: tuple[str, str]) -> dict[str, Any]:
    """The documented shape."""
    return {
        "statusCode": status,
        "error": sentence,
        "correlationId": "request-for-tests",
        "details": [{"field": field, "message": message} for field, message in details],
    }
