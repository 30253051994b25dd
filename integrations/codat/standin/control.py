"""How people, benches and tests disturb the stand-in: JSON or a form under `/control/`. As open as its pages.

| call | what it does |
|---|---|
| `GET control/state` | settings, plans, and what is open |
| `PUT control/settings` `{...}` | any of `memory.DEFAULTS`, `api_key` (the key is rotated), `profile` |
| `POST control/clock` `{"advance_seconds": 60}` | the clock goes ahead |
| `POST control/link` `{"platform": "gbol", "name": ...}` | a company, linked, with everything read |
| `POST control/connections/{id}` `{"status": ..., "is_online": ..., "ledgerLockDate": ...}` | it changes |
| `PUT control/connections/{id}/records/{type}` `{row}`, `DELETE .../{type}/{row}` | the books change over there |
| `POST control/connections/{id}/refresh` | everything is read again, at once |
| `POST control/push` `{"outcome": ..., "dataType": ..., "late_seconds": ...}` | how the next write ends |
| `PUT control/reads` `{"bills": "FetchError"}` | how readings of a data type end, until it is `{}` again |
| `POST control/calls` `{"method": ..., "path": ..., "status": ..., "after": true}` | the next such call fails |
| `POST control/webhooks` `{"eventType": ..., "payload": ...}` | an event that nobody caused |
| `GET control/webhooks` | what was sent, and what came of it |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.codat.standin.answers import Refusal, body_of, refused, told
from integrations.codat.standin.companies import shown_company
from integrations.codat.standin.datasets import Datasets, settle
from integrations.codat.standin.events import Events, shown_connection
from integrations.codat.standin.furniture import ENTITIES
from integrations.codat.standin.memory import DEFAULTS, Memory, new_id, stamp
from integrations.codat.standin.platforms import PLATFORMS
from integrations.codat.standin.pushing import OUTCOMES
from integrations.codat.standin.records import Records
from integrations.codat.standin.transitions import agreed, connect, ended, keep

PREFIX: Final = "/control/"
_SETTINGS: Final = frozenset({*DEFAULTS, "api_key", "profile"})
_CONNECTION: Final = "/control/connections/<connection>"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants of the stand-in: the names in the path, and the body."""

    memory: Memory
    values: Mapping[str, str]
    body: Any

    def given(self) -> dict[str, Any]:
        """The body, which has to be an object. Raises `Refusal` (400)."""
        if not isinstance(self.body, dict):
            raise Refusal(400, "A JSON object is wanted.")
        return self.body

    def connection(self) -> dict[str, Any]:
        """The connection in the path. Raises `Refusal` (404)."""
        found = self.memory.get("connection", self.values["connection"])
        if found is None:
            raise Refusal(404, "There is no such connection.")
        return found


def state(order: Order) -> Any:
    """How it is set, and what is open."""
    return {
        "settings": {name: order.memory.setting(name) for name in DEFAULTS},
        "now": stamp(order.memory.now()),
        "push_plans": order.memory.setting("push_plans", []),
        "call_faults": order.memory.setting("call_faults", []),
        "read_faults": order.memory.setting("read_faults", {}),
        "open": {kind: len(order.memory.still_open(kind)) for kind in ("push", "pull", "delivery")},
    }


def settings(order: Order) -> Any:
    """Set some of them."""
    for name, value in order.given().items():
        if name not in _SETTINGS:
            raise Refusal(400, f"{name} is no setting here. There are {', '.join(sorted(_SETTINGS))}.")
        order.memory.set(name, value)
    return state(order)


def clock(order: Order) -> Any:
    """The clock goes ahead."""
    ahead = order.memory.setting("clock_ahead", 0) + float(order.given()["advance_seconds"]).__trunc__()
    order.memory.set("clock_ahead", ahead)
    return {"now": stamp(order.memory.now())}


def link(order: Order) -> Any:
    """A company that somebody has linked, and that Codat has read whole."""
    given = order.given()
    company = {"id": new_id(), "name": given.get("name", ENTITIES[0]), "products": [], "tags": {}}
    company["created"] = stamp(order.memory.now())
    company["redirect"] = f"{order.memory.base}link/company/{company['id']}"
    order.memory.put("company", company)
    connection = connect(order.memory, company["id"], _platform(given))
    agreed(order.memory, connection, given.get("entity", ENTITIES[0]))
    refresh(Order(order.memory, {"connection": connection["id"]}, {}))
    return {"company": company["id"], "connection": connection["id"]}


def _platform(given: Mapping[str, Any]) -> str:
    key: str = given.get("platform", "mqjo")
    if key not in PLATFORMS:
        raise Refusal(400, f"{key} is no platform here. There are {', '.join(PLATFORMS)}.")
    return key


def refresh(order: Order) -> Any:
    """Read everything again at once, whatever the clock says."""
    connection = order.connection()
    datasets, before = Datasets(order.memory, connection["companyId"]), order.memory.setting("sync_seconds")
    settle(order.memory)
    for data_type in PLATFORMS[connection["integrationKey"]].features:
        if not any(one["dataType"] == data_type for one in _reading(order.memory, connection)):
            datasets.queue(data_type)
    order.memory.set("sync_seconds", 0)
    settle(order.memory)
    order.memory.set("sync_seconds", before)
    return datasets.status()


def _reading(memory: Memory, connection: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for one in memory.still_open("pull") if one["companyId"] == connection["companyId"]]


def change(order: Order) -> Any:
    """What happens to a connection, or to the company behind it."""
    connection, given = order.connection(), order.given()
    match given.get("status"):
        case "Unlinked" | "Deauthorized" as status:
            connection = ended(order.memory, connection, status)
        case "Linked":
            connection = agreed(
                order.memory, connection, given.get("entity") or connection["hidden"]["entity"] or ENTITIES[0]
            )
    if "is_online" in given:
        hidden = {**connection["hidden"], "is_online": given["is_online"] in {True, "yes"}}
        connection = keep(order.memory, connection | {"hidden": hidden})
    own = {name: given[name] for name in ("ledgerLockDate", "companyName", "baseCurrency") if name in given}
    if own:
        records = Records(order.memory, connection["id"])
        records.put("company", next(records.every("company"), {"id": "company"}) | own)
    return shown_connection(connection, order.memory.base)


def put_record(order: Order) -> Any:
    """Write or change a row of the books; members that are not named stay."""
    records, row = Records(order.memory, order.connection()["id"]), order.given()
    return records.put(order.values["type"], (records.get(order.values["type"], row["id"]) or {}) | row)


def drop_record(order: Order) -> Any:
    """Delete a row of the books."""
    records = Records(order.memory, order.connection()["id"])
    return {"deleted": records.delete(order.values["type"], order.values["row"])}


def push(order: Order) -> Any:
    """How the next write ends."""
    plan = order.given()
    if plan.get("outcome") not in OUTCOMES:
        raise Refusal(400, f"outcome is one of {', '.join(sorted(OUTCOMES))}.")
    order.memory.set("push_plans", [*order.memory.setting("push_plans", []), plan])
    return {"push_plans": order.memory.setting("push_plans")}


def reads(order: Order) -> Any:
    """How readings end from now on."""
    order.memory.set("read_faults", order.given())
    return {"read_faults": order.memory.setting("read_faults")}


def calls(order: Order) -> Any:
    """The next such call fails."""
    plan = order.given()
    if not {"method", "path", "status"} <= plan.keys():
        raise Refusal(400, "method, path and status are wanted.")
    order.memory.set("call_faults", [*order.memory.setting("call_faults", []), plan])
    return {"call_faults": order.memory.setting("call_faults")}


def say(order: Order) -> Any:
    """An event that nobody caused."""
    given = order.given()
    Events(order.memory).tell(given["eventType"], given["payload"], given.get("company", ""))
    return {"open": len(order.memory.still_open("delivery"))}


def said(order: Order) -> Any:
    """What was sent."""
    return {"deliveries": order.memory.every("delivery")}


def companies(order: Order) -> Any:
    """All companies, whatever key anybody has."""
    return {"companies": [shown_company(order.memory, one) for one in order.memory.every("company")]}


_DOES: Final[Mapping[str, Callable[[Order], Any]]] = {
    "state": state, "settings": settings, "clock": clock, "link": link, "change": change, "put_record": put_record,
    "drop_record": drop_record, "refresh": refresh, "push": push, "reads": reads, "calls": calls, "say": say,
    "said": said, "companies": companies,
}  # fmt: skip
_ROUTES: Final = Map(
    [
        Rule("/control/state", endpoint="state", methods=["GET"]),
        Rule("/control/settings", endpoint="settings", methods=["PUT"]),
        Rule("/control/clock", endpoint="clock", methods=["POST"]),
        Rule("/control/companies", endpoint="companies", methods=["GET"]),
        Rule("/control/link", endpoint="link", methods=["POST"]),
        Rule(_CONNECTION, endpoint="change", methods=["POST"]),
        Rule(f"{_CONNECTION}/refresh", endpoint="refresh", methods=["POST"]),
        Rule(f"{_CONNECTION}/records/<type>", endpoint="put_record", methods=["PUT"]),
        Rule(f"{_CONNECTION}/records/<type>/<row>", endpoint="drop_record", methods=["DELETE"]),
        Rule("/control/push", endpoint="push", methods=["POST"]),
        Rule("/control/reads", endpoint="reads", methods=["PUT"]),
        Rule("/control/calls", endpoint="calls", methods=["POST"]),
        Rule("/control/webhooks", endpoint="say", methods=["POST"]),
        Rule("/control/webhooks", endpoint="said", methods=["GET"]),
    ]
)


def answer(request: Request, memory: Memory) -> Response:
    """One request, one answer; a form gets the first page again."""
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    try:
        name, values = _ROUTES.bind_to_environ(request.environ).match()
        body = dict(request.form) if is_form else body_of(request)
        given = _DOES[name](Order(memory, values, body))
    except Refusal as refusal:
        return refused(refusal)
    except HTTPException as error:
        return Response("There is nothing here.\n", status=error.code)
    except (KeyError, ValueError) as error:
        return refused(Refusal(400, f"{error} is missing or wrong."))
    return redirect(f"{request.script_root}/", 303) if is_form else told(200, given)
