"""How a company of a campaign is linked to the accounting system: what its form would have, and a visit have brought.

Each function gets the company's name, the address of the stand-in and the company's place among those that post
outside, furnishes the stand-in with the campaign's suppliers, and tells the link.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import requests
from django.conf import settings
from django.utils.text import slugify

from integrations.accountsiq.sandbox import ACCESS_VARIABLE as ACCOUNTSIQ_SECRET
from integrations.accountsiq.standin.furniture import COMPANY_ID, ENTITY
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.base import Link
from integrations.codat.sandbox import ACCESS_VARIABLE as CODAT_KEY
from integrations.codat.sandbox import SIGNING_VARIABLE as CODAT_SECRET
from integrations.demo.sandbox import ACCESS_VARIABLE as DEMO_TOKEN
from integrations.exact import from_json, to_json
from portal.connections.models import IntegrationSettings
from portal.connections.registry import system
from portal.connections.services import outbound_terms
from portal.reference.rules import How, Rule, Rules
from portal.reference.rules import to_json as rules_to_json
from tests.chaos.pace import DEMO
from tests.chaos.papers import SUPPLIERS

WAITS_SECONDS: Final = 30
NAMES: Final = {f"CHAOS{number:02}": f"Chaos Supplies {number}" for number in range(SUPPLIERS)}
# Shorter than a campaign, so that tokens run out in the middle of it.
TOKEN_LIVES_SECONDS: Final = 30
# The item of a purchase order that names none.
ITEM: Final = "VENUE"
DUE: Final = "2026-11-17T00:00:00.000Z"
# Xero by both of Codat's ways, and Codat's own sandbox, which has the asynchronous one alone. The last one is the
# bystander's.
PLATFORMS: Final = (
    {"platform": "gbol"},
    {"platform": "gbol", "bills": "async"},
    {"platform": "mqjo"},
    {"platform": "gbol"},
)
EVENTS: Final = [
    *(f"connection.{what}" for what in ("connected", "disconnected", "reconnected", "deleted")),
    "read.completed",
    *(
        f"{kind}.write.{how}"
        for kind in ("bills", "billCreditNotes", "purchaseOrders", "invoices", "creditNotes", "payments")
        for how in ("successful", "unsuccessful")
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the connection gets. `books` is what the truth calls the company's books; `codes` gives the accounting
    system's own code for a supplier's; `payment_due` is for systems that take no bill without it."""

    integration: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    books: str
    told: Mapping[str, Any] = field(default_factory=dict)
    company_there: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    payment_due: str = ""

    @property
    def mapping(self) -> dict[str, Any]:
        """The rules for codes: the plain ones, but for suppliers that have other codes there."""
        return rules_to_json(Rules(supplier=Rule(how=How.TABLE))) if self.codes else {}


def _in_demo_books(name: str, url: str, _: int) -> Linked:
    """Books of its own are opened by whoever began the stand-in."""
    books = slugify(name)
    address = {"base_url": url, "company_id": books}
    return Linked(integration="demo", settings=address, secrets={"token": os.environ[DEMO_TOKEN]}, books=books)


def _in_accountsiq(way: Mapping[str, str]) -> Callable[[str, str, int], Linked]:
    """One stand-in for each company: it has one company's books."""

    def linked(_: str, url: str, __: int) -> Linked:
        for code, supplier in NAMES.items():
            _call("POST", f"{url}/control/records/contact", {"code": code, "name": supplier})
        lives = dict.fromkeys(("rest_access_seconds", "soap_access_seconds"), TOKEN_LIVES_SECONDS)
        _call("PUT", f"{url}/control/options", lives)
        return Linked(
            integration="accountsiq",
            settings={
                "environment": "sandbox", "client_id": CLIENT_ID, **way, "base_url": f"{url}{_DOORS[way['transport']]}",
            },
            secrets={"client_secret": os.environ[ACCOUNTSIQ_SECRET]},
            books=url,
        )  # fmt: skip

    return linked


_DOORS: Final = {"rest": "/api", "soap20": "/integration_2_0.asmx"}


def _in_codat(name: str, url: str, place: int) -> Linked:
    """One Codat for all companies, as one installation has. Its webhooks go to the portal."""
    key, choice = os.environ[CODAT_KEY], PLATFORMS[place]
    IntegrationSettings.objects.get_or_create(
        integration="codat",
        defaults={
            "settings": {"base_url": url}, "secrets": {"api_key": key, "webhook_secret": os.environ[CODAT_SECRET]},
        },
    )  # fmt: skip
    if place == 0:
        allowed = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
        hook = {"url": f"{settings.BASE_URL}/hooks/codat/", "eventTypes": EVENTS}
        _call("POST", f"{url}/webhooks", hook, allowed)
    there = _call("POST", f"{url}/control/link", {"platform": choice["platform"], "name": name})
    codes = {code: _id_there(choice["platform"], code) for code in NAMES}
    at = f"{url}/control/connections/{there['connection']}"
    for code, supplier in NAMES.items():
        row = {"id": codes[code], "supplierName": supplier, "status": "Active", "defaultCurrency": "GBP"}
        _call("PUT", f"{at}/records/suppliers", row)
    _call("POST", f"{at}/refresh", {})
    link = Link(
        settings={"base_url": url, **choice}, secrets={"api_key": key}, outbound=outbound_terms(), told=there,
        company_name=name,
    )  # fmt: skip
    return Linked(
        integration="codat", settings=choice, secrets={}, books=there["company"], told=system("codat")(link).survey(),
        company_there=there["company"], codes=codes, payment_due=DUE,
    )  # fmt: skip


def _id_there(platform: str, code: str) -> str:
    """Xero's ids are GUIDs; others give theirs."""
    return str(uuid5(NAMESPACE_URL, code)) if platform == "gbol" else f"{code}-THERE"


def _call(method: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
    """Raises `requests.RequestException`: without its stand-in there is no campaign."""
    with requests.Session() as session:
        session.trust_env = False
        given = {"Content-Type": "application/json", **(headers or {})}
        answer = session.request(method, url, data=to_json(body), headers=given, timeout=WAITS_SECONDS)
    if not answer.ok:
        raise requests.RequestException(f"{method} {url} was refused: {answer.status_code} {answer.text}")
    return from_json(answer.text)


LINKS: Final[Mapping[str, Callable[[str, str, int], Linked]]] = {
    DEMO: _in_demo_books,
    "accountsiq-rest": _in_accountsiq(
        {"transport": "rest", "company_ref": str(COMPANY_ID), "currency_field": "Currency"}
    ),
    "accountsiq-soap": _in_accountsiq({"transport": "soap20", "company_ref": ENTITY, "order_item": ITEM}),
    "codat": _in_codat,
}
