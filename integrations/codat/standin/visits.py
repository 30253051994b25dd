"""The pages that a person sees at Codat: what is asked of them, and where they are sent afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.codat.standin.companies import profile
from integrations.codat.standin.furniture import ENTITIES
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.pages import form, section
from integrations.codat.standin.platforms import PLATFORMS
from integrations.codat.standin.transitions import agreed, connect, failed, fresh_link, is_stale
from integrations.sandbox import page

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z.]+)\}|%7B([A-Za-z.]+)%7D", re.IGNORECASE)
_BUTTONS: Final[Mapping[str, str]] = {
    "approve": f"Approve for {ENTITIES[0]}",
    "wrong": f"Approve for {ENTITIES[1]}, the wrong company",
    "cancel": "Cancel",
    "break": "Let it fail",
}
# The systems whose company name comes back with the person: Xero, QuickBooks Online, NetSuite, Intacct.
_NAMING: Final = frozenset({"gbol", "qhyg", "akxx", "knfz"})
# The five that Codat documents.
_STATUS: Final[Mapping[str, tuple[str, str]]] = {
    "200": ("OK", ""),
    "201": ("Nothing done", ""),
    "403": ("Forbidden", "User cancelled linking their company"),
    "500": ("Internal server error", "An unknown error occurred"),
    "501": ("Not implemented", "The platform is not supported"),
}


def start(request: Request, memory: Memory, company: str, identity: str) -> Response:
    """The page of one connection; its link is good once, for a day. POST is a button."""
    connection = memory.get("connection", identity)
    if connection is None or connection["companyId"] != company:
        return _gone("There is no such connection.")
    if (
        not request.args.get("otp")
        or request.args["otp"] != connection["hidden"]["otp"]
        or is_stale(memory, connection)
    ):
        return _gone("This link was used already, or it is too old. Go back and begin again.")
    if request.method == "GET":
        return _asks(memory, connection)
    code = _pressed(memory, fresh_link(memory, connection), request.form.get("do", ""))
    return _sent_back(memory, memory.get("connection", identity) or connection, code, request.args)


def _pressed(memory: Memory, connection: dict[str, Any], button: str) -> str:
    """Carry out what the person wants; the status code that they are sent back with."""
    if connection["status"] == "Linked" and button != "wrong":
        return "201"
    if button in {"approve", "wrong"}:
        agreed(memory, connection, ENTITIES[0 if button == "approve" else 1])
        return "200"
    code = "403" if button == "cancel" else "500"
    failed(memory, connection, code, _STATUS[code][1])
    return code


def _asks(memory: Memory, connection: Mapping[str, Any]) -> Response:
    company = memory.get("company", connection["companyId"]) or {"name": ""}
    about = Markup("<p>{} wants to read and write the books of {} in {}.</p>").format(
        profile(memory)["name"], company["name"], connection["platformName"]
    )
    buttons = Markup("").join(form("", {"do": name}, words) for name, words in _BUTTONS.items())
    return page(f"Connect {connection['platformName']}", about + buttons)


def hosted(request: Request, memory: Memory, identity: str) -> Response:
    """The page of a company, where the accounting system is chosen first."""
    company = memory.get("company", identity)
    if company is None:
        return _gone("There is no such company.")
    if request.method == "POST" and (key := request.form.get("platform", "")) in PLATFORMS:
        connection = connect(memory, identity, key)
        path = f"link/companies/{identity}/connections/{connection['id']}/start"
        return redirect(f"{memory.base}{path}?otp={connection['hidden']['otp']}", 303)
    choices = Markup("").join(form("", {"platform": one.key}, one.name) for one in PLATFORMS.values())
    return page(f"Connect {company['name']}", section("Which accounting system do you use?", choices))


def _gone(words: str) -> Response:
    response = page("Codat", Markup("<p>{}</p>").format(words))
    response.status_code = 404
    return response


def _sent_back(memory: Memory, connection: Mapping[str, Any], code: str, given: MultiDict[str, str]) -> Response:
    """To the profile's address, with what is known put into its placeholders; others come from the link itself."""
    template = profile(memory)["redirectUrl"]
    if not template:
        return page("Codat", Markup("<p>Done, with {}. No address to go back to is set.</p>").format(code))
    text, message = _STATUS[code]
    known = {
        "companyId": connection["companyId"],
        "connectionId": connection["id"],
        "clientId": "postroom",
        "integrationId": connection["integrationId"],
        "sourceId": connection["sourceId"],
        "platform": connection["integrationKey"],
        "platformName": connection["platformName"],
        "sourceType": connection["sourceType"],
        "statusCode": code,
        "statusText": text,
        "errorMessage": message,
        "data.company.companyName": connection["hidden"]["entity"] if connection["integrationKey"] in _NAMING else "",
    }
    own = {name: value for name, value in given.items() if name != "otp"}
    return _safe(memory, template, _PLACEHOLDER.sub(lambda found: _filled(found, {**own, **known}), template))


def _filled(found: re.Match[str], known: Mapping[str, str]) -> str:
    return quote(known.get(found.group(1) or found.group(2), ""), safe="")


def _safe(memory: Memory, template: str, address: str) -> Response:
    """A host that came out of a placeholder has to be on the list."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    is_dynamic = _PLACEHOLDER.search(urlsplit(template).netloc) is not None
    if is_dynamic and origin not in {one.rstrip("/") for one in profile(memory)["whiteListUrls"]}:
        return page("Codat", Markup("<p>{} is not on the list of addresses to go back to.</p>").format(origin))
    return redirect(address, 303)
