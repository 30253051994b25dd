"""Asynchronous writes: taken at once, carried out later, and told when they are over, or not even then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from integrations.codat.standin.answers import Refusal
from integrations.codat.standin.booking import DOCUMENTS, VALIDATORS, Desk
from integrations.codat.standin.events import Events
from integrations.codat.standin.files import write_file
from integrations.codat.standin.judging import objections
from integrations.codat.standin.memory import Memory, moment, new_id, stamp
from integrations.codat.standin.models import Node, faults, model, options
from integrations.codat.standin.platforms import PLATFORMS, Platform

# The path of a data type in writes, where it is another word.
TYPES: Final[Mapping[str, str]] = {"accounts": "chartOfAccounts"}
# How a write that was asked for under `control/push` may end.
OUTCOMES: Final = frozenset({"Success", "Failed", "TimedOut", "Late", "Pending"})
_STATUS_CODES: Final[Mapping[str, int]] = {"Pending": 202, "Success": 200, "Failed": 400, "TimedOut": 408}


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a connection's writes come in."""

    memory: Memory
    connection: dict[str, Any]

    @property
    def platform(self) -> Platform:
        """The system behind the connection."""
        return PLATFORMS[self.connection["integrationKey"]]

    def options(self, data_type: str) -> dict[str, Any]:
        """The push model. Raises `Refusal` (404) for what cannot be written."""
        return options(self._model(data_type), VALIDATORS[data_type])

    def _model(self, data_type: str) -> Node:
        found = model(self.platform.key, data_type)
        if found is None or not self.platform.can(data_type, "Post"):
            raise Refusal(404, f"Datatype {data_type} not supported by platform(s) {self.platform.name}")
        return found

    def create(self, data_type: str, body: Mapping[str, Any], *, minutes: int | None, moved: bool) -> dict[str, Any]:
        """Take a new record. Raises `Refusal`: 404, or 400 with what the push model does not allow."""
        self._check(data_type, body)
        return self._take(data_type, "Created", {"body": body, "moved": moved}, minutes)

    def change(self, data_type: str, identity: str, body: Mapping[str, Any], minutes: int | None) -> dict[str, Any]:
        """Take a change of a record. Raises `Refusal`."""
        self._demand(data_type, "Put")
        self._check(data_type, body)
        return self._take(data_type, "Modified", {"body": body, "record": identity}, minutes)

    def delete(self, data_type: str, identity: str) -> dict[str, Any]:
        """Take the deletion of a record. Raises `Refusal`."""
        self._demand(data_type, "Delete")
        return self._take(data_type, "Deleted", {"record": identity}, None)

    def attach(self, data_type: str, identity: str, file: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Take a file for a record that is there. Raises `Refusal`."""
        self._demand(data_type, "UploadAttachment")
        if Desk(self.memory, self.platform, self.connection["id"], data_type).records.get(data_type, identity) is None:
            raise Refusal(404, f"No data available for {data_type} for ID {identity}")
        key = new_id()
        self.memory.keep_file(key, content)
        return self._take(
            data_type, "AttachmentUploaded", {"record": identity, "file": dict(file), "content": key}, None
        )

    def _demand(self, data_type: str, feature: str) -> None:
        if not self.platform.can(data_type, feature):
            raise Refusal(404, f"Datatype {data_type} not supported by platform(s) {self.platform.name}")

    def _check(self, data_type: str, body: Mapping[str, Any]) -> None:
        found = list(faults(self._model(data_type), body, VALIDATORS[data_type]))
        if found:
            words = f"Push failed for {VALIDATORS[data_type]}: see validation for details."
            raise Refusal(400, words, service=self.platform.name.replace(" ", ""), faults=found)

    def _take(self, data_type: str, action: str, hidden: Mapping[str, Any], minutes: int | None) -> dict[str, Any]:
        if self.connection["status"] != "Linked":
            words = f"Data connection {self.connection['id']} is {self.connection['status']} and cannot be written to."
            raise Refusal(400, words)
        plan = self._planned(data_type)
        after = plan.get("after_seconds", self.memory.setting("push_seconds"))
        push: dict[str, Any] = {
            "id": new_id(),
            "companyId": self.connection["companyId"],
            "dataConnectionKey": self.connection["id"],
            "dataType": data_type,
            "requestedOnUtc": stamp(self.memory.now()),
            "status": "Pending",
            "statusCode": 202,
            "changes": [],
        }
        push |= {"pushOperationKey": push["id"]} | ({} if minutes is None else {"timeoutInMinutes": minutes})
        due = stamp(self.memory.now() + timedelta(seconds=float(after)))
        push["hidden"] = {**hidden, "action": action, "plan": plan, "due": due}
        self.memory.put("push", push, company=push["companyId"], is_open=True)
        return push

    def _planned(self, data_type: str) -> dict[str, Any]:
        """What somebody wants to happen to the next write of this data type; used once."""
        plans = self.memory.setting("push_plans", [])
        for place, plan in enumerate(plans):
            if plan.get("dataType") in {None, data_type}:
                self.memory.set("push_plans", plans[:place] + plans[place + 1 :])
                return dict(plan)
        return {"outcome": "Success"}


def shown(push: Mapping[str, Any]) -> dict[str, Any]:
    """A write as everybody sees it."""
    return {name: value for name, value in push.items() if name not in {"id", "hidden"}}


def settle(memory: Memory) -> None:
    """Carry out every write whose time has come."""
    for push in memory.still_open("push"):
        connection = memory.get("connection", push["dataConnectionKey"])
        if connection is None:
            _end(memory, push, "Failed", "The data connection was deleted.")
            continue
        _carry_on(memory, push, connection)


def _carry_on(memory: Memory, push: dict[str, Any], connection: dict[str, Any]) -> None:
    """One step of one write: it may be carried out, given up, or both, one after the other."""
    now, hidden = memory.now(), push["hidden"]
    outcome = hidden["plan"].get("outcome", "Success")
    is_due = moment(hidden["due"]) <= now and connection["hidden"]["is_online"] and outcome != "Pending"
    if push["status"] == "TimedOut":
        if is_due:
            _carry_out(memory, push, connection)
            memory.put("push", push)
        return
    if is_due and outcome in {"TimedOut", "Late"}:
        hidden["due"] = stamp(now + timedelta(seconds=float(hidden["plan"].get("late_seconds", 60))))
        hidden["plan"] = {"outcome": "Success"}
        _end(memory, push, "TimedOut", "The write took too long.", is_open=outcome == "Late")
    elif is_due:
        _finish(memory, push, connection)
    elif (minutes := push.get("timeoutInMinutes")) and moment(push["requestedOnUtc"]) + timedelta(
        minutes=minutes
    ) <= now:
        _end(memory, push, "TimedOut", "The write took too long.", is_open=True)


def _finish(memory: Memory, push: dict[str, Any], connection: dict[str, Any]) -> None:
    plan, hidden = push["hidden"]["plan"], push["hidden"]
    if connection["status"] != "Linked":
        _end(memory, push, "Failed", f"The data connection is {connection['status']}.", code=401)
        return
    if plan.get("outcome") == "Failed":
        _refuse(memory, push, [{"itemId": "", "message": plan.get("message", "It was refused."), "validatorName": ""}])
        return
    desk = Desk(memory, PLATFORMS[connection["integrationKey"]], connection["id"], push["dataType"])
    if hidden["action"] in {"Created", "Modified"} and (found := objections(desk, hidden["body"])):
        _refuse(memory, push, found)
        return
    if hidden["action"] != "Created" and desk.records.get(push["dataType"], hidden["record"]) is None:
        _refuse(
            memory, push, [{"itemId": "Id", "message": f"`{hidden['record']}` was not found.", "validatorName": ""}]
        )
        return
    warnings = desk.warnings(hidden["body"]) if push["dataType"] in DOCUMENTS and "body" in hidden else []
    if warnings:
        push["validation"] = {"errors": [], "warnings": warnings}
    _carry_out(memory, push, connection)
    _end(memory, push, "Success", "")


def _carry_out(memory: Memory, push: dict[str, Any], connection: dict[str, Any]) -> None:
    """Do it over there, and note what became of it; a late one is noted nowhere."""
    hidden = push["hidden"]
    desk = Desk(memory, PLATFORMS[connection["integrationKey"]], connection["id"], push["dataType"])
    change: dict[str, Any] = {"type": hidden["action"]}
    match hidden["action"]:
        case "Created":
            identity = desk.book(hidden["body"], moved=hidden["moved"])["id"]
        case "Modified":
            identity = hidden["record"]
            before = desk.records.get(push["dataType"], identity) or {}
            made = desk.book(hidden["body"])
            desk.records.delete(push["dataType"], made["id"])
            desk.records.put(push["dataType"], before | made | {"id": identity})
        case "Deleted":
            identity = hidden["record"]
            desk.records.delete(push["dataType"], identity)
        case _:
            identity = hidden["record"]
            change["attachmentId"] = write_file(memory, connection["id"], push, hidden["file"])
    change["recordRef"] = {"id": identity, "dataType": push["dataType"]}
    if push["status"] == "Pending":
        push["changes"] = [change]


def _refuse(memory: Memory, push: dict[str, Any], found: list[dict[str, str]]) -> None:
    push["validation"] = {"errors": found, "warnings": []}
    name = VALIDATORS.get(push["dataType"], push["dataType"])
    words = f"An error occurred in a downstream service. Correlation ID: {new_id()}. "
    _end(memory, push, "Failed", f"{words}Message: Push failed for {name}: see validation for details.")


def _end(
    memory: Memory, push: dict[str, Any], status: str, message: str, *, code: int | None = None, is_open: bool = False
) -> None:
    push |= {"status": status, "statusCode": code or _STATUS_CODES[status], "completedOnUtc": stamp(memory.now())}
    if message:
        push["errorMessage"] = message
    memory.put("push", push, is_open=is_open)
    Events(memory).about_write(push)
