"""Tryton's own JSON-RPC, as its desktop client speaks it: the way past the connector, for setting up and looking on."""

from __future__ import annotations

import base64
import datetime as dt
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

SECONDS = 60


class Refused(Exception):
    """Tryton's own complaint about a call."""


class Rpc:
    """Calls to one database as one user. `context` goes with each: the company, above all."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._url = f"{url}/{database}/rpc/"
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.context: dict[str, Any] = {}

    def call(self, method: str, *arguments: Any) -> Any:
        """One call with the context as its last argument. Raises `Refused`, `OSError`."""
        body = json.dumps({"id": 1, "method": method, "params": [*map(told, arguments), self.context]}).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        request = urllib.request.Request(self._url, body, headers)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            reply = json.load(answer, object_hook=understood)
        if reply.get("error") is not None:
            raise Refused(f"{method}: {reply['error']}")
        return reply["result"]

    def create(self, model: str, **values: Any) -> int:
        """Make one record and give its id."""
        return int(self.call(f"model.{model}.create", [values])[0])

    def write(self, model: str, record: int, **values: Any) -> None:
        """Change one record."""
        self.call(f"model.{model}.write", [record], values)

    def ids(self, model: str, domain: Sequence[Any]) -> list[int]:
        """The ids of all records in a domain."""
        return list(self.call(f"model.{model}.search", domain, 0, None, [["id", "ASC"]]))

    def one(self, model: str, *domain: Any) -> int:
        """The only one. Raises `Refused` where there are none or several."""
        found = self.ids(model, domain)
        if len(found) != 1:
            raise Refused(f"{model} {domain}: {len(found)} found")
        return found[0]

    def read(self, model: str, domain: Sequence[Any], *fields: str) -> list[dict[str, Any]]:
        """Fields of all records in a domain."""
        found: list[dict[str, Any]] = self.call(f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields)
        return found


def told(value: Any) -> Any:
    """A value as Tryton's JSON writes it."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, dict):
        return {name: told(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [told(member) for member in value]
    return value


def understood(value: dict[str, Any]) -> Any:
    """The way back."""
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    if value.get("__class__") == "date":
        return dt.date(value["year"], value["month"], value["day"])
    return value
