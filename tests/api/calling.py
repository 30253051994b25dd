"""A program that calls the API, and what it asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from portal.tenants.models import Company
from tests.api.contract import hold


@dataclass(frozen=True)
class Program:
    """Somebody with a token. Answers come with exact numbers as text, so that 120.00 is not 120.0."""

    company: Company
    token: str

    def url(self, rest: str = "") -> str:
        return f"/api/v1/companies/{self.company.pk}/push/transactions{rest}"

    def get(self, rest: str = "", **headers: str) -> Any:
        return self.call("GET", self.url(rest), **headers)

    def post(self, body: object, *, content_type: str = "application/json", **headers: str) -> Any:
        return self.call("POST", self.url(), body, content_type=content_type, **headers)

    def call(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", **headers: str
    ) -> Any:
        """Any request; a path that does not begin with a slash is the company's own. The answer is held to the
        OpenAPI document."""
        path = path if path.startswith("/") else f"/api/v1/companies/{self.company.pk}{path and '/'}{path}"
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = self.headers({name.replace("_", "-"): value for name, value in headers.items()})
        client = Client(raise_request_exception=False)
        kind = content_type if data else "application/octet-stream"
        response = client.generic(method, path, data, content_type=kind, headers=given)
        hold(method, path, response)
        return response

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
        "service": "Postroom",
        "error": sentence,
        "correlationId": "request-for-tests",
        "canBeRetried": "Yes" if status in (429, 500, 503) else "No",
        "details": [{"field": field, "message": message} for field, message in details],
    }
