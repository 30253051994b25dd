"""What Codat tells by itself: events for the consumers that asked for them, signed, and tried again for a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from integrations.codat.standin.memory import Memory, moment, new_id, stamp
from integrations.exact import to_json

# When each try comes, in seconds after the one before it.
RETRIES: Final = (0, 5, 300, 1800, 7200, 18000, 36000, 36000)
_WRITE_TYPES: Final[Mapping[str, str]] = {
    "Modified": "Update",
    "Deleted": "Delete",
    "AttachmentUploaded": "UploadAttachment",
}


@dataclass(frozen=True, slots=True)
class Events:
    """Writes events into the outbox, one delivery for each consumer that asked for their type."""

    memory: Memory

    def about_company(self, event: str, company: Mapping[str, Any]) -> None:
        """`company.created`, `company.deleted`."""
        self.tell(event, {name: value for name, value in company.items() if name != "dataConnections"}, company["id"])

    def about_connection(self, event: str, connection: Mapping[str, Any]) -> None:
        """`connection.*`; the connection goes along as the API tells it."""
        company = connection["companyId"]
        told = shown_connection(connection, self.memory.base)
        self.tell(event, {"referenceCompany": self._company(company), "connection": told}, company)

    def about_reads(self, company: str, reads: list[dict[str, Any]], *, is_initial: bool) -> None:
        """`read.completed` and, after somebody has agreed, `read.completed.initial`."""
        payload = {"referenceCompany": self._company(company), "dataTypes": reads}
        self.tell("read.completed", payload, company)
        if is_initial:
            self.tell("read.completed.initial", payload, company)

    def about_write(self, push: Mapping[str, Any]) -> None:
        """`{dataType}.write.successful` or `.unsuccessful`: the latter without a word of why."""
        is_success = push["status"] == "Success"
        payload: dict[str, Any] = {
            "id": push["pushOperationKey"],
            "type": _WRITE_TYPES.get(push["hidden"]["action"], "Create"),
            "referenceCompany": self._company(push["companyId"]),
            "connectionId": push["dataConnectionKey"],
            "requestedOnDate": push["requestedOnUtc"],
            "completedOnDate": push.get("completedOnUtc", stamp(self.memory.now())),
            "status": push["status"],
        }
        for change in push.get("changes") or []:
            payload["record"] = {"id": change["recordRef"]["id"]}
            payload |= {"attachmentId": change["attachmentId"]} if "attachmentId" in change else {}
        word = "successful" if is_success else "unsuccessful"
        self.tell(f"{push['dataType']}.write.{word}", payload, push["companyId"])

    def tell(self, event: str, payload: Mapping[str, Any], company: str) -> None:
        """Put one event into the outbox."""
        mode = self.memory.setting("webhooks")
        if mode == "never":
            return
        told = {"id": new_id(), "eventType": event, "generatedDate": stamp(self.memory.now()), "payload": payload}
        for consumer in self.memory.every("consumer"):
            if consumer["disabled"] or event not in consumer["eventTypes"]:
                continue
            message = f"msg_{new_id().replace('-', '')}"
            for _ in range(2 if mode == "twice" else 1):
                self._deliver(consumer, message, event, to_json(told), company)

    def _deliver(self, consumer: Mapping[str, Any], message: str, event: str, body: str, company: str) -> None:
        delivery = {
            "id": new_id(),
            "message": message,
            "event": event,
            "url": consumer["url"],
            "body": body,
            "attempts": [],
            "due": stamp(self.memory.now()),
            "state": "waiting",
        }
        self.memory.put("delivery", delivery, company=company, is_open=True)

    def _company(self, identity: str) -> dict[str, Any]:
        found = self.memory.get("company", identity) or {"id": identity, "name": ""}
        told: dict[str, Any] = {name: found[name] for name in ("id", "name", "description", "tags") if name in found}
        return {**told, "links": {"portal": f"{self.memory.base}companies/{identity}"}}


def shown_connection(connection: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A connection as everybody sees it; the link is good for one visit."""
    shown = {name: value for name, value in connection.items() if name not in {"companyId", "hidden"}}
    path = f"link/companies/{connection['companyId']}/connections/{connection['id']}/start"
    return {**shown, "linkUrl": f"{base}{path}?otp={connection['hidden']['otp']}"}


def signature(secret: str, message: str, at: int, body: bytes) -> str:
    """As Standard Webhooks sign: HMAC-SHA256 over id, time and the raw body, with what follows `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def attempted(memory: Memory, delivery: dict[str, Any], outcome: str, *, is_taken: bool) -> None:
    """Note a try, and when the next one comes."""
    delivery["attempts"] = [*delivery["attempts"], {"at": stamp(memory.now()), "outcome": outcome}]
    count = len(delivery["attempts"])
    if is_taken or count >= len(RETRIES):
        delivery["state"] = "taken" if is_taken else "given up"
        memory.put("delivery", delivery)
        return
    delivery["due"] = stamp(memory.now() + timedelta(seconds=RETRIES[count]))
    memory.put("delivery", delivery, is_open=True)


def due(memory: Memory) -> list[dict[str, Any]]:
    """The deliveries whose time has come."""
    now = memory.now()
    return [one for one in memory.still_open("delivery") if moment(one["due"]) <= now]
