"""One request to the API, with what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from integrations.codat.standin.answers import Refusal
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.platforms import PLATFORMS, Platform


@dataclass(frozen=True, slots=True)
class Asked:
    """The request, the memory of its transaction, and the names in its path. `moves_date`: an order of the faults."""

    request: Request
    memory: Memory
    values: Mapping[str, str]
    moves_date: bool = False

    def company(self) -> dict[str, Any]:
        """The company in the path. Raises `Refusal` (404)."""
        identity = self.values["company"]
        found = self.memory.get("company", identity)
        if found is None:
            raise Refusal(404, f"No company was found with ID {identity}", service="ClientsApi")
        return found

    def connection(self) -> dict[str, Any]:
        """The connection in the path, which has to be the company's. Raises `Refusal` (404)."""
        company, identity = self.company(), self.values["connection"]
        found = self.memory.get("connection", identity)
        if found is None or found["companyId"] != company["id"]:
            raise Refusal(404, f"Data connection {identity} not found", service="ClientsApi")
        return found

    def platform(self) -> Platform:
        """The system behind the connection in the path."""
        return PLATFORMS[self.connection()["integrationKey"]]
