"""What Codat has read of a company's books, data type by data type, and how far a reading is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.codat.standin.answers import Refusal
from integrations.codat.standin.events import Events
from integrations.codat.standin.memory import Memory, moment, new_id, stamp
from integrations.codat.standin.platforms import PLATFORMS, Platform
from integrations.codat.standin.records import Records

_STAGES: Final = ("Queued", "Fetching", "MapQueued", "Mapping", "ValidationQueued", "Validating", "Processing")
# What is read when somebody has agreed, unless the sync settings say otherwise.
FIRST: Final = (
    "company", "chartOfAccounts", "suppliers", "taxRates", "trackingCategories", "bankAccounts", "bills",
    "billCreditNotes", "billPayments", "paymentMethods",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Datasets:
    """The readings of one company."""

    memory: Memory
    company: str

    def connections(self) -> list[dict[str, Any]]:
        """The company's connections."""
        return self.memory.every("connection", self.company)

    def supporting(self, data_type: str) -> list[tuple[dict[str, Any], Platform]]:
        """The connections whose system tells a data type. Raises `Refusal` (404) where none does."""
        every = [(one, PLATFORMS[one["integrationKey"]]) for one in self.connections()]
        found = [(one, platform) for one, platform in every if platform.can(data_type, "Get")]
        if not found:
            names = ", ".join(platform.name for _, platform in every) or "none"
            raise Refusal(404, f"Datatype {data_type} not supported by platform(s) {names}")
        return found

    def queue(self, data_type: str, connection_id: str = "") -> dict[str, Any]:
        """Begin to read one data type. Raises `Refusal`: 404, or 409 while it is being read."""
        for connection, _ in self.supporting(data_type):
            if connection_id in {"", connection["id"]}:
                return self._queued(data_type, connection, is_initial=False)
        raise Refusal(404, f"Data connection {connection_id} not found")

    def queue_all(self, *, is_initial: bool = False) -> None:
        """Begin to read everything that is read at first, as far as it is told and not being read."""
        for connection in self.connections():
            if connection["status"] != "Linked":
                continue
            platform = PLATFORMS[connection["integrationKey"]]
            for data_type in self.first_types():
                if platform.can(data_type, "Get") and not self._running(data_type):
                    self._queued(data_type, connection, is_initial=is_initial)

    def first_types(self) -> list[str]:
        """The data types that are read when a connection is linked."""
        for name in (f"sync {self.company}", "sync"):
            if kept := self.memory.setting(name):
                return [one["dataType"] for one in kept["settings"] if one["fetchOnFirstLink"]]
        return list(FIRST)

    def _running(self, data_type: str) -> dict[str, Any] | None:
        mine = (one for one in self.memory.still_open("pull") if one["companyId"] == self.company)
        return next((one for one in mine if one["dataType"] == data_type), None)

    def _queued(self, data_type: str, connection: Mapping[str, Any], *, is_initial: bool) -> dict[str, Any]:
        if connection["status"] != "Linked":
            raise Refusal(400, f"Data connection {connection['id']} is {connection['status']} and cannot be read.")
        if running := self._running(data_type):
            words = f"Cannot queue {data_type} sync for {self.company} as previous sync {running['id']}"
            raise Refusal(409, f"DatasetAlreadyInProgressException: {words} is still in progress")
        pull = {
            "id": new_id(),
            "companyId": self.company,
            "connectionId": connection["id"],
            "dataType": data_type,
            "status": "Queued",
            "requested": stamp(self.memory.now()),
            "progress": 0,
            "isCompleted": False,
            "isErrored": False,
            "hidden": {"is_initial": is_initial},
        }
        self.memory.put("pull", pull, company=self.company, is_open=True)
        return pull

    def last(self, data_type: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The last reading of a data type, and the last one that came to its end."""
        mine = [one for one in self.memory.every("pull", self.company) if one["dataType"] == data_type]
        whole = [one for one in mine if one["status"] == "Complete"]
        return (mine[-1] if mine else None), (whole[-1] if whole else None)

    def demand(self, data_type: str) -> None:
        """Raises `Refusal` (409) where a data type was never read to its end."""
        latest, whole = self.last(data_type)
        if whole is None:
            asked = "has not been requested" if latest is None else "is still syncing"
            raise Refusal(409, f"The data set {asked}.")

    def status(self) -> dict[str, Any]:
        """All data types that the company's systems tell; one that was never read has its name and nothing else."""
        told: dict[str, Any] = {}
        for connection in self.connections():
            for data_type in PLATFORMS[connection["integrationKey"]].features:
                latest, whole = self.last(data_type)
                one = {"dataType": data_type}
                if latest:
                    one |= {"currentStatus": latest["status"], "latestSyncId": latest["id"]}
                if whole:
                    one |= {"lastSuccessfulSync": whole["completed"], "latestSuccessfulSyncId": whole["id"]}
                told[data_type] = one
        return told


def settle(memory: Memory) -> None:
    """Bring every reading as far as the clock says."""
    done: dict[str, list[dict[str, Any]]] = {}
    for pull in memory.still_open("pull"):
        connection = memory.get("connection", pull["connectionId"])
        if connection is None:
            memory.put("pull", _over(memory, pull, "Cancelled"))
        elif connection["hidden"]["is_online"]:
            _advance(memory, pull, connection, done)
    for company, pulls in done.items():
        reads = [
            {"connectionId": one["connectionId"], "dataType": one["dataType"], "status": one["status"],
             "recordsModified": one["hidden"].get("is_modified", False)}
            for one in pulls
        ]  # fmt: skip
        is_initial = any(one["hidden"]["is_initial"] for one in pulls)
        Events(memory).about_reads(company, reads, is_initial=is_initial)


def _advance(
    memory: Memory, pull: dict[str, Any], connection: dict[str, Any], done: dict[str, list[dict[str, Any]]]
) -> None:
    whole, passed = memory.seconds("sync_seconds"), memory.now() - moment(pull["requested"])
    if passed < whole:
        part = passed / whole
        stage = _STAGES[int(part * len(_STAGES))]
        memory.put("pull", pull | {"status": stage, "progress": int(part * 100)}, is_open=True)
        return
    faults = memory.setting("read_faults", {})
    status = faults.get(pull["dataType"], "Complete") if connection["status"] == "Linked" else "AuthError"
    if status == "Complete":
        changed = Records(memory, connection["id"]).refresh(pull["dataType"])
        pull["hidden"] = {**pull["hidden"], "is_modified": changed}
        connection["lastSync"] = stamp(memory.now())
        memory.put("connection", connection)
    pull = _over(memory, pull, status)
    memory.put("pull", pull)
    done.setdefault(pull["companyId"], []).append(pull)
    if status == "AuthError" and connection["status"] == "Linked":
        deauthorise(memory, connection)


def deauthorise(memory: Memory, connection: dict[str, Any]) -> dict[str, Any]:
    """The access was refused or revoked over there: Codat gives the connection up."""
    connection = with_error(memory, connection, "401", "The access was revoked.") | {"status": "Deauthorized"}
    memory.put("connection", connection)
    Events(memory).about_connection("connection.disconnected", connection)
    return connection


def with_error(memory: Memory, connection: dict[str, Any], status: str, message: str) -> dict[str, Any]:
    """The connection, with one more error to tell."""
    error = {
        "statusCode": status,
        "statusText": "Unauthorized" if status == "401" else "Failed",
        "errorMessage": message,
        "erroredOnUtc": stamp(memory.now()),
        "status": "Active",
    }
    return connection | {"dataConnectionErrors": [*connection["dataConnectionErrors"], error]}


def _over(memory: Memory, pull: dict[str, Any], status: str) -> dict[str, Any]:
    is_whole = status == "Complete"
    over = {"status": status, "progress": 100, "isCompleted": True, "isErrored": not is_whole}
    words = {} if is_whole else {"errorMessage": f"The reading ended as {status}."}
    return pull | over | words | {"completed": stamp(memory.now())}


def shown(pull: Mapping[str, Any]) -> dict[str, Any]:
    """A reading as everybody sees it."""
    return {name: value for name, value in pull.items() if name != "hidden"}
