"""How the stand-in answers: JSON with exact numbers, and Codat's one shape for everything that is not a success."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from integrations.exact import from_json, to_json

JSON: Final = "application/json"


class Refusal(Exception):
    """An answer that is no success. `faults` are validation messages: itemId, message, validatorName."""

    def __init__(
        self,
        status: int,
        error: str,
        *,
        service: str = "PublicApi",
        faults: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.service = service
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Codat's error body. Without faults there is no member `validation`."""
        told: dict[str, Any] = {
            "statusCode": self.status,
            "service": self.service,
            "error": self.error,
            "correlationId": uuid4().hex,
            "canBeRetried": "Unknown",
            "detailedErrorCode": 0,
        }
        if self.faults:
            told["validation"] = {"errors": list(self.faults), "warnings": []}
        return told


def told(status: int, value: object = None) -> Response:
    """JSON, or nothing at all."""
    return Response(b"" if value is None else to_json(value), status=status, mimetype=JSON)


def refused(refusal: Refusal) -> Response:
    """A refusal as it goes out."""
    response = told(refusal.status, refusal.body())
    response.headers.extend(refusal.headers)
    return response


def body_of(request: Request) -> Any:
    """What came as JSON; None where nothing came. Raises `Refusal` (400)."""
    text = request.get_data()
    if not text:
        return None
    try:
        return from_json(text.decode())
    except ValueError:
        raise Refusal(400, "Error processing request - not valid.") from None


def object_of(request: Request) -> dict[str, Any]:
    """What came, which has to be an object. Raises `Refusal` (400)."""
    body = body_of(request)
    if not isinstance(body, dict):
        raise Refusal(400, "Error processing request - not valid.")
    return body


def plain_json(text: bytes) -> Any:
    """JSON for control pages, where no amounts are at stake."""
    return json.loads(text)
