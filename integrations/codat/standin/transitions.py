"""How a connection becomes linked, and how it stops being so; each change is told to whoever asked."""

from __future__ import annotations

import secrets
from typing import Any

from integrations.codat.standin.datasets import Datasets, deauthorise, with_error
from integrations.codat.standin.events import Events
from integrations.codat.standin.furniture import company, furniture
from integrations.codat.standin.memory import Memory, moment, new_id, stamp
from integrations.codat.standin.platforms import PLATFORMS, guid
from integrations.codat.standin.records import Records

_OTP_SECONDS = 24 * 60 * 60


def connect(memory: Memory, company_id: str, platform: str) -> dict[str, Any]:
    """A connection that waits for somebody to agree."""
    one = PLATFORMS[platform]
    connection = {
        "id": new_id(),
        "integrationId": guid(f"integration {platform}"),
        "integrationKey": platform,
        "sourceId": guid(f"source {platform}"),
        "sourceType": "Accounting",
        "platformName": one.name,
        "status": "PendingAuth",
        "created": stamp(memory.now()),
        "dataConnectionErrors": [],
        "companyId": company_id,
        "hidden": {"otp": "", "entity": "", "is_online": True},
    }
    connection = fresh_link(memory, connection)
    Events(memory).about_connection("connection.created", connection)
    return connection


def fresh_link(memory: Memory, connection: dict[str, Any]) -> dict[str, Any]:
    """Give the connection a link that nobody has used yet."""
    hidden = {**connection["hidden"], "otp": secrets.token_urlsafe(12), "otp_born": stamp(memory.now())}
    return keep(memory, connection | {"hidden": hidden})


def keep(memory: Memory, connection: dict[str, Any]) -> dict[str, Any]:
    """Remember a connection."""
    memory.put("connection", connection, company=connection["companyId"])
    return connection


def agreed(memory: Memory, connection: dict[str, Any], entity: str) -> dict[str, Any]:
    """Somebody agreed, for this legal entity: its books are there, and the first reads are queued."""
    before, records = connection["status"], Records(memory, connection["id"])
    if connection["hidden"]["entity"] != entity:
        records.forget()
        platform = PLATFORMS[connection["integrationKey"]]
        records.put("company", company(entity, platform))
        for data_type, row in furniture(platform):
            records.put(data_type, row)
    errors = [{**one, "status": "Resolved"} for one in connection["dataConnectionErrors"]]
    hidden = {**connection["hidden"], "entity": entity}
    connection = keep(memory, connection | {"status": "Linked", "dataConnectionErrors": errors, "hidden": hidden})
    event = "connection.connected" if before == "PendingAuth" else "connection.reconnected"
    Events(memory).about_connection(event, connection)
    Datasets(memory, connection["companyId"]).queue_all(is_initial=True)
    return connection


def failed(memory: Memory, connection: dict[str, Any], status: str, message: str) -> dict[str, Any]:
    """It was not agreed: the connection stays as it is, and tells why."""
    connection = keep(memory, with_error(memory, connection, status, message))
    Events(memory).about_connection("connection.failed", connection)
    return connection


def ended(memory: Memory, connection: dict[str, Any], status: str) -> dict[str, Any]:
    """`Unlinked` by somebody here, or `Deauthorized` over there."""
    if status == "Deauthorized":
        return deauthorise(memory, connection)
    connection = keep(memory, connection | {"status": status})
    Events(memory).about_connection("connection.disconnected", connection)
    return connection


def removed(memory: Memory, connection: dict[str, Any]) -> None:
    """The connection is deleted."""
    memory.drop("connection", connection["id"])
    Events(memory).about_connection("connection.deleted", connection)


def is_stale(memory: Memory, connection: dict[str, Any]) -> bool:
    """Whether the one link that it has is older than a day."""
    born = moment(connection["hidden"]["otp_born"])
    return (memory.now() - born).total_seconds() > _OTP_SECONDS
