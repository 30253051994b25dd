"""The calls about who is linked: companies, connections, integrations, the profile, webhook consumers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from integrations.codat.standin.answers import Refusal, object_of, told
from integrations.codat.standin.asked import Asked
from integrations.codat.standin.events import Events, shown_connection
from integrations.codat.standin.memory import Memory, new_id, stamp
from integrations.codat.standin.platforms import PLATFORMS
from integrations.codat.standin.querying import page
from integrations.codat.standin.transitions import connect, ended, fresh_link, is_stale, removed

_STRIPPED: Final = re.compile(r"[^A-Za-z0-9 \-',&@.,?!]")
_MOST_TAGS: Final = 10
_PROFILE: Final[Mapping[str, Any]] = {
    "name": "Postroom", "redirectUrl": "", "whiteListUrls": [], "logoUrl": "", "iconUrl": "",
    "confirmCompanyName": False,
}  # fmt: skip


def create_company(asked: Asked) -> Response:
    """A company is a name and nothing else yet."""
    body = object_of(asked.request)
    name = _STRIPPED.sub("", body.get("name") or "").strip()
    if not name:
        raise Refusal(400, "CompanyValidationException: Company name must be provided.", service="ClientsApi")
    identity = new_id()
    company = {
        "id": identity,
        "name": name,
        "redirect": f"{asked.memory.base}link/company/{identity}",
        "created": stamp(asked.memory.now()),
        "products": [],
        "tags": _tags(body.get("tags") or {}),
        **({"description": body["description"]} if body.get("description") else {}),
    }
    asked.memory.put("company", company)
    Events(asked.memory).about_company("company.created", company)
    return told(200, shown_company(asked.memory, company))


def _tags(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > _MOST_TAGS:
        raise Refusal(400, "CompanyValidationException: Too many tags.", service="ClientsApi")
    return dict(given)


def shown_company(memory: Memory, company: Mapping[str, Any]) -> dict[str, Any]:
    """A company with its connections."""
    every = memory.every("connection", company["id"])
    syncs = [one["lastSync"] for one in every if "lastSync" in one]
    shown = {**company, "dataConnections": [shown_connection(one, memory.base) for one in every]}
    return shown | ({"lastSync": max(syncs)} if syncs else {})


def list_companies(asked: Asked) -> Response:
    """All of them, by page."""
    rows = [shown_company(asked.memory, one) for one in asked.memory.every("company")]
    return told(200, page(asked.request, rows, path="/companies"))


def get_company(asked: Asked) -> Response:
    """One company."""
    return told(200, shown_company(asked.memory, asked.company()))


def change_company(asked: Asked) -> Response:
    """PUT replaces name, description and tags, PATCH those that are given."""
    company, body = asked.company(), object_of(asked.request)
    given = {name: body[name] for name in ("name", "description", "tags") if body.get(name)}
    if asked.request.method == "PUT":
        given = {"tags": {}, **given}
    if "name" in given:
        given["name"] = _STRIPPED.sub("", given["name"])
    company |= given
    asked.memory.put("company", company)
    return told(200, shown_company(asked.memory, company))


def delete_company(asked: Asked) -> Response:
    """The company and its connections are gone."""
    company = asked.company()
    for connection in asked.memory.every("connection", company["id"]):
        asked.memory.drop("connection", connection["id"])
    asked.memory.drop("company", company["id"])
    Events(asked.memory).about_company("company.deleted", company)
    return told(204)


def create_connection(asked: Asked) -> Response:
    """A connection to one accounting system, which waits for a person."""
    company, key = asked.company(), object_of(asked.request).get("platformKey", "")
    if key not in PLATFORMS:
        raise Refusal(404, f"No integration was found with key {key}", service="ClientsApi")
    return told(200, shown_connection(connect(asked.memory, company["id"], key), asked.memory.base))


def list_connections(asked: Asked) -> Response:
    """The company's connections, by page."""
    rows = [_visited(asked, one) for one in asked.memory.every("connection", asked.company()["id"])]
    return told(200, page(asked.request, rows, path=f"/companies/{asked.values['company']}/connections"))


def get_connection(asked: Asked) -> Response:
    """One connection, each time with a link that nobody has used."""
    return told(200, _visited(asked, asked.connection()))


def _visited(asked: Asked, connection: dict[str, Any]) -> dict[str, Any]:
    if is_stale(asked.memory, connection):
        connection = fresh_link(asked.memory, connection)
    return shown_connection(connection, asked.memory.base)


def unlink_connection(asked: Asked) -> Response:
    """Only a linked connection can be unlinked."""
    connection, status = asked.connection(), object_of(asked.request).get("status")
    if status != "Unlinked" or connection["status"] != "Linked":
        raise Refusal(400, f"Cannot change the status from {connection['status']} to {status}.", service="ClientsApi")
    return told(200, shown_connection(ended(asked.memory, connection, "Unlinked"), asked.memory.base))


def delete_connection(asked: Asked) -> Response:
    """The connection is gone from all lists."""
    removed(asked.memory, asked.connection())
    return Response(status=200)


def list_integrations(asked: Asked) -> Response:
    """What can be linked, and what of each can be read and written."""
    rows = [one.integration(asked.memory.base) for one in PLATFORMS.values()]
    return told(200, page(asked.request, rows, path="/integrations"))


def get_integration(asked: Asked) -> Response:
    """One of them."""
    return told(200, _integration(asked))


def get_branding(asked: Asked) -> Response:
    """Its logos and buttons."""
    found = _integration(asked)
    image = {"image": {"src": found["logoUrl"], "alt": found["name"]}}
    return told(200, {"logo": {"full": image, "square": image}, "button": {"default": image, "hover": image},
                      "sourceId": found["sourceId"]})  # fmt: skip


def _integration(asked: Asked) -> dict[str, Any]:
    key = asked.values["platform"]
    if key not in PLATFORMS:
        raise Refusal(404, f"No integration was found with key {key}", service="ClientsApi")
    return PLATFORMS[key].integration(asked.memory.base)


def profile(memory: Memory) -> dict[str, Any]:
    """The client's own profile; where people are sent to after a visit stands in it."""
    return {**_PROFILE, **memory.setting("profile", {})}


def get_profile(asked: Asked) -> Response:
    """The profile."""
    return told(200, profile(asked.memory))


def put_profile(asked: Asked) -> Response:
    """Replace it."""
    body = object_of(asked.request)
    if not body.get("name") or "redirectUrl" not in body:
        raise Refusal(400, "Error processing request - not valid.", service="ClientsApi")
    asked.memory.set("profile", {name: body[name] for name in _PROFILE if name in body})
    return told(200, profile(asked.memory))


def create_consumer(asked: Asked) -> Response:
    """A consumer of events; its secret stands only on the page of the stand-in."""
    body = object_of(asked.request)
    if not body.get("url") or not body.get("eventTypes"):
        raise Refusal(400, "Error processing request - not valid.", service="ClientsApi")
    consumer = {
        "id": new_id(),
        "url": body["url"],
        "disabled": bool(body.get("disabled", False)),
        "eventTypes": list(body["eventTypes"]),
        "companyTags": list(body.get("companyTags") or []),
    }
    asked.memory.put("consumer", consumer)
    return told(201, consumer)


def list_consumers(asked: Asked) -> Response:
    """All consumers."""
    return told(200, {"results": asked.memory.every("consumer")})


def delete_consumer(asked: Asked) -> Response:
    """One consumer less."""
    asked.memory.drop("consumer", asked.values["consumer"])
    return told(204)


def get_sync_settings(asked: Asked) -> Response:
    """What is read at first and how often; of a company, or of the client."""
    company = asked.values.get("company", "")
    kept = asked.memory.setting(f"sync {company}".strip()) or {"overridesDefaults": False, "settings": []}
    return told(200, ({"companyId": company} if company else {}) | kept)


def set_sync_settings(asked: Asked) -> Response:
    """Set it."""
    body, company = object_of(asked.request), asked.values.get("company", "")
    if not isinstance(body.get("settings"), list):
        raise Refusal(400, "Error processing request - not valid.", service="ClientsApi")
    kept = {"overridesDefaults": bool(body.get("overridesDefaults", True)), "settings": body["settings"]}
    asked.memory.set(f"sync {company}".strip(), kept)
    return told(204)
