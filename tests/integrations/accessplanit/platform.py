"""A connection to a scripted platform: link, connector, and answers in the vendor's envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations.accessplanit.connector import AccessPlanit
from integrations.base import Link
from integrations.http import Outbound
from tests.scripted import Answer, ScriptedServer, json_answer

KEY = "k3y-of/the+tests"
OUTBOUND = Outbound(allow_private=True, deadline_seconds=10.0)
PLATFORM = "/accessplansandbox"
PASSWORD = {"auth": "password", "username": "api@northgate.example"}


def link(url: str, outbound: Outbound = OUTBOUND, told: Mapping[str, Any] | None = None, /, **settings: str) -> Link:
    """A link by API key, unless `settings` say otherwise."""
    secrets = {"api_key": KEY, "password": "pass word&1"}
    return Link(
        settings={"base_url": f"{url}{PLATFORM}", **settings}, secrets=secrets, outbound=outbound, told=told or {}
    )


def connector(server: ScriptedServer, outbound: Outbound = OUTBOUND, /, **settings: str) -> AccessPlanit:
    return AccessPlanit(link(server.url, outbound, **settings))


def results(*rows: Any) -> Answer:
    return json_answer({"count": len(rows), "results": list(rows)})


def asked(server: ScriptedServer) -> list[str]:
    """Method and address of each request so far, readable, without the platform's own path."""
    return [f"{one.method} {unquote(one.path).removeprefix(PLATFORM)}" for one in server.asked]
