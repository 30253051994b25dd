"""The stand-ins beside Demo Books that a company of the demo can post into, too: AccountsIQ and Codat."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import requests

from integrations.base import Link
from integrations.codat.addresses import redirect_url
from integrations.exact import from_json, to_json
from integrations.reference import RecordKind
from portal.connections import registry
from portal.connections.models import Connection, IntegrationSettings
from portal.connections.services import outbound_terms
from portal.operations.demo.children import DemoFailed
from portal.operations.demo.copies import Copies
from portal.operations.demo.elsewhere import Elsewhere
from portal.reference.rules import dimension_family

# The environment variables of the stand-ins' secrets, and under which names the demo keeps them.
SECRETS: Final = {
    "POSTROOM_ACCOUNTSIQ_SECRET": "accountsiq-secret",
    "POSTROOM_CODAT_KEY": "codat-key",
    "POSTROOM_CODAT_WEBHOOK_SECRET": "codat-webhook-secret",
}
TIMEOUT_SECONDS: Final = (5, 30)
ACCOUNT, TAX = "7502", "T1"
XERO: Final = "gbol"
NAME: Final = "Mill Lane Printing Ltd"
SUPPLIERS: Final = {
    "CROWN01": "Crown Conference Centre", "METRO01": "Metro Telecom", "LAKES01": "Lakeside Learning Inc",
}  # fmt: skip
DEPARTMENTS: Final = {"ADM": "Administration", "IT": "Operations", "OPS": "Operations", "TRN": "Training"}
DOCUMENTS: Final = ("bills", "billCreditNotes", "purchaseOrders", "invoices", "creditNotes", "payments")
EVENTS: Final = [
    *(f"connection.{what}" for what in ("connected", "disconnected", "reconnected", "deleted")),
    "read.completed",
    *(f"{kind}.write.{how}" for kind in DOCUMENTS for how in ("successful", "unsuccessful")),
]


def secrets_of_stand_ins(copies: Copies) -> dict[str, str]:
    """The same ones at each start: the portal keeps what it is given."""
    return {variable: copies.get(name) or copies.put(name, _made(name)) for variable, name in SECRETS.items()}


def _made(name: str) -> str:
    """A fresh secret; Codat's for signing looks like no other."""
    random = secrets.token_bytes(32)
    return f"whsec_{base64.b64encode(random).decode()}" if name == "codat-webhook-secret" else random.hex()


def stand_ins(slug: str, sandbox_url: str, portal_url: str, copies: Copies) -> tuple[Elsewhere, ...]:
    """The connections of the demo to one of them; none without a slug. Raises `DemoFailed`."""
    return STAND_INS[slug](f"{sandbox_url}/{slug}", portal_url, copies) if slug else ()


def _accountsiq(url: str, portal_url: str, copies: Copies) -> tuple[Elsewhere, ...]:
    """One company for each of its interfaces. It calls nobody, so the portal's address does not matter."""
    del portal_url
    shared = {"environment": "sandbox", "client_id": "postroom-sandbox", "region": "uk1", "lookup": "proven"}
    rest = {
        **shared,
        "transport": "rest",
        "base_url": f"{url}/api",
        "company_ref": "1042",
        "currency_field": "Currency",
    }
    soap = {
        **shared,
        "transport": "soap20",
        "base_url": f"{url}/integration_2_0.asmx",
        "company_ref": "NORTHGATE01",
        "rate_counts": "base",
        "order_item": "PURCHASE",
    }
    return tuple(
        Elsewhere("accountsiq", settings, {"client_secret": copies.get("accountsiq-secret")}, ACCOUNT, TAX, web, way)
        for settings, way, web in ((rest, "REST", f"{url}/"), (soap, "SOAP", "the same books"))
    )


def _codat(url: str, portal_url: str, copies: Copies) -> tuple[Elsewhere, ...]:
    """One company in Xero, as if somebody had been there and agreed."""
    stored, _ = IntegrationSettings.objects.get_or_create(integration="codat")
    stored.settings = {**stored.settings, "base_url": url}
    key, secret = copies.get("codat-key"), copies.get("codat-webhook-secret")
    stored.secrets = {"api_key": key, "webhook_secret": secret}
    stored.save()
    known = Connection.objects.filter(integration="codat", company__name__contains="Codat").first()
    link = Link(
        settings={"base_url": url, "platform": XERO}, secrets={"api_key": key}, outbound=outbound_terms(),
        told=known.told if known is not None else {},
    )  # fmt: skip
    told = link.told or _linked(url, link)
    link = replace(link, told=told)
    _listen(url, key, f"{portal_url}/hooks/codat/")
    profile = {"name": "Postroom", "redirectUrl": redirect_url(f"{portal_url}/link/back/")}
    _call("PUT", f"{url}/control/settings", {"profile": profile})
    return (
        Elsewhere(
            "codat", {"platform": XERO}, {}, ACCOUNT, TAX, f"{url}/", "Xero", told, told["company"], _codes(link)
        ),
    )


def _linked(url: str, link: Link) -> Mapping[str, Any]:
    """What the stand-in tells of a company that it links by itself."""
    place = _call("POST", f"{url}/control/link", {"platform": XERO, "name": NAME, "entity": NAME})
    return registry.system("codat")(replace(link, told=place)).survey()


def _codes(link: Link) -> dict[tuple[str, str], str]:
    """Xero has no codes for suppliers and departments: those of iCompleat's are found by their names."""
    there = {one.name: one.code for one in registry.accounting_system("codat")(link).records(RecordKind.SUPPLIER)}
    suppliers = {("supplier", code): there[name] for code, name in SUPPLIERS.items() if name in there}
    return {**suppliers, **{(dimension_family("Department"), code): name for code, name in DEPARTMENTS.items()}}


def _listen(url: str, key: str, address: str) -> None:
    """Have its webhooks sent to the portal, once."""
    allowed = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
    there = _call("GET", f"{url}/webhooks", None, allowed)
    consumers = there if isinstance(there, list) else there.get("results", [])
    if address not in {one["url"] for one in consumers}:
        _call("POST", f"{url}/webhooks", {"url": address, "eventTypes": EVENTS}, allowed)


def _call(method: str, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None = None) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        content = to_json(body) if body is not None else None
        try:
            response = session.request(method, url, data=content, headers=headers, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise DemoFailed(f"The stand-in did not answer: {error}") from error
    if not response.ok:
        raise DemoFailed(f"The stand-in refused {method} {url}: {response.status_code} {response.text}")
    return from_json(response.text)


STAND_INS: Final[Mapping[str, Callable[[str, str, Copies], tuple[Elsewhere, ...]]]] = {
    "accountsiq": _accountsiq,
    "codat": _codat,
}
