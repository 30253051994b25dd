"""accessplanit's stand-in, served, and a company's link to it: the whole way over real HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from integrations.exact import from_json, to_json
from portal.connections.models import Connection
from portal.intake.feeds.models import FeedReader
from tests.factories import EndpointFactory, SourceConnectionFactory
from tests.intake.feeds.passes import read
from tests.integrations.accessplanit.scene import SLUG, StandIn

FEEDS = ("invoice", "transaction", "credit_note")


@dataclass(frozen=True, slots=True)
class Platform:
    """The stand-in with its one platform, and our connection to it."""

    standin: StandIn
    connection: Connection

    def add(self, module: str, *records: dict[str, Any]) -> list[dict[str, Any]]:
        """Records as they are given, without any consequence."""
        return add(self.standin, module, *records)

    def read(self, *feeds: str) -> list[FeedReader]:
        """One pass of each feed, all of them where none is named."""
        return [read(self.connection, feed) for feed in feeds or FEEDS]

    def asked(self) -> list[tuple[str, str, str]]:
        """Method, module and query of the latest requests."""
        calls = self.standin.control("GET", f"platforms/{SLUG}/calls")["calls"]
        return [(one["method"], one["module"], one["query"]) for one in calls]


def add(standin: StandIn, module: str, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """The same, without a link."""
    url = f"{standin.root}/control/platforms/{SLUG}/records/{module}"
    answer = requests.post(url, data=to_json({"results": list(records)}).encode(), timeout=60)
    assert answer.ok, answer.text
    made: list[dict[str, Any]] = from_json(answer.text)["results"]
    return made


def linked(standin: StandIn, **settings: str) -> dict[str, Any]:
    """The members of a connection to it."""
    usual = {"base_url": standin.base, "page_size": "3"}
    return {
        "integration": "accessplanit",
        "external_company_id": "",
        "settings": {**usual, **settings},
        "secrets": {"api_key": standin.platform["api_key"]},
    }


def connect(standin: StandIn, company: Any, **settings: str) -> Platform:
    """Link a company to it, with an open address."""
    made: Connection = SourceConnectionFactory.create(company=company, **linked(standin, **settings))
    EndpointFactory.create(connection=made)
    return Platform(standin, made)
