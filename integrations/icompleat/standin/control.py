"""JSON for scripts under `/control`: companies and keys, steps, options, faults, and the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from integrations.exact import to_json
from integrations.icompleat.standin import people
from integrations.icompleat.standin.asked import BadRequest, aim, body_of, number_of, quantities_of, text_of
from integrations.icompleat.standin.desk import Desk
from integrations.icompleat.standin.lists import LISTS
from integrations.icompleat.standin.options import options, set_options
from integrations.icompleat.standin.refusals import Unknown
from integrations.icompleat.standin.rows import Place
from integrations.icompleat.standin.steps import STEPS
from integrations.icompleat.standin.summary import summary
from integrations.icompleat.standin.transactions import Attachment, Held
from integrations.icompleat.standin.world import World

_TENANT: Final = "/control/tenants/<tenant>"
_COMPANY: Final = "/control/companies/<company>"
_TRANSACTION: Final = "/control/transactions/<transaction>"
_ANY_STEP: Final = f"<any({', '.join(STEPS)}):step>"
_TABLE: Final = (
    ("GET", "/control/tenants", "tenants"),
    ("PUT", _TENANT, "add_tenant"),
    ("POST", f"{_TENANT}/key", "new_key"),
    ("GET", "/control/companies", "companies"),
    ("PUT", _COMPANY, "add_company"),
    ("GET", f"{_COMPANY}/endpoints", "endpoints"),
    ("PUT", f"{_COMPANY}/endpoints/<kind>", "set_endpoint"),
    ("GET", f"{_COMPANY}/transactions", "transactions"),
    ("POST", f"{_COMPANY}/transactions", "add_transaction"),
    ("POST", f"{_COMPANY}/<any(approve, retry):step>", "act_on_all"),
    ("GET", f"{_COMPANY}/lists", "lists"),
    ("GET", f"{_COMPANY}/lists/<name>", "rows"),
    ("GET", _TRANSACTION, "transaction"),
    ("PUT", _TRANSACTION, "edit"),
    ("POST", f"{_TRANSACTION}/{_ANY_STEP}", "act_on_one"),
    ("POST", f"{_TRANSACTION}/receipt", "receive"),
    ("POST", f"{_TRANSACTION}/attachments/<file_name>", "attach"),
    ("GET", "/control/options", "options"),
    ("PUT", "/control/options", "set_options"),
    ("GET", "/control/faults", "faults"),
    ("PUT", "/control/faults", "set_faults"),
    ("DELETE", "/control/faults", "reset_faults"),
    ("GET", "/control/deliveries", "deliveries"),
    ("DELETE", "/control/deliveries", "prune_deliveries"),
    ("GET", "/control/calls", "calls"),
    ("DELETE", "/control/calls", "prune_calls"),
)
RULES: Final = tuple(Rule(path, endpoint=f"control_{name}", methods=[method]) for method, path, name in _TABLE)


class Control:
    """The answers. Raises `BadRequest`, `Unknown`, `WrongTray`, `UnderWay`, `Refused`, `BadKnob`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._desk = Desk(world)

    def answer(self, name: str, request: Request, values: Mapping[str, str]) -> Response:
        """The answer of one row of the table."""
        handler: Callable[..., Response] = getattr(self, f"_{name.removeprefix('control_')}")
        return handler(request, **values)

    # tenants and companies

    def _tenants(self, request: Request) -> Response:
        return as_json({"tenants": self._world.companies.tenants()})

    def _add_tenant(self, request: Request, tenant: str) -> Response:
        body = body_of(request)
        key = text_of(body, "security_key") if "security_key" in body else ""
        return as_json(self._world.companies.add_tenant(tenant, text_of(body, "name"), key))

    def _new_key(self, request: Request, tenant: str) -> Response:
        return as_json(self._world.companies.new_key(tenant))

    def _companies(self, request: Request) -> Response:
        return as_json({"companies": self._world.companies.all()})

    def _add_company(self, request: Request, company: str) -> Response:
        body = body_of(request)
        tenant = text_of(body, "tenant_id") if "tenant_id" in body else ""
        return as_json(self._world.add_company(company, text_of(body, "name"), text_of(body, "base_currency"), tenant))

    def _endpoints(self, request: Request, company: str) -> Response:
        targets = self._world.companies.targets(self._world.companies.one(company)["id"])
        return as_json({"endpoints": [{"kind": kind, **asdict(target)} for kind, target in targets.items()]})

    def _set_endpoint(self, request: Request, company: str, kind: str) -> Response:
        aim(self._world, company, kind, body_of(request))
        return self._endpoints(request, company)

    def _lists(self, request: Request, company: str) -> Response:
        company_id = self._world.companies.one(company)["id"]
        counts = {name: self._world.rows.count(Place(company_id, name)) for name in LISTS}
        fields = [
            {**field, "count": self._world.rows.count(Place(company_id, field["Id"]))}
            for field in self._world.fields.all(company_id)
        ]
        return as_json({"lists": counts, "custom_fields": fields})

    def _rows(self, request: Request, company: str, name: str) -> Response:
        """All rows of a list by its name, or of a custom field by its id or name."""
        company_id = self._world.companies.one(company)["id"]
        fields = self._world.fields.all(company_id)
        found = next((field["Id"] for field in fields if name.lower() in (field["Id"], field["Name"].lower())), name)
        if found not in LISTS and found == name and all(field["Id"] != name for field in fields):
            raise Unknown(f"The lists are {', '.join(LISTS)}, or a custom field.")
        return as_json({"rows": list(self._world.rows.all(Place(company_id, found)))})

    # transactions

    def _transactions(self, request: Request, company: str) -> Response:
        return as_json({"transactions": self._told(self._world.transactions.of_company(self._company(company)["id"]))})

    def _add_transaction(self, request: Request, company: str) -> Response:
        held = self._world.add_sample(company, text_of(body_of(request), "sample"))
        return as_json(self._row(held), 201)

    def _transaction(self, request: Request, transaction: str) -> Response:
        held = self._world.transactions.one(transaction)
        received = self._world.transactions.received(held.id)
        papers = self._world.transactions.attachments(held.id)
        return as_json(
            {
                **self._row(held),
                "body": held.body,
                "steps": self._world.life.steps(held),
                "received": [{"number": number, "quantity": quantity} for number, quantity in received.items()],
                "attachments": [{"id": paper.id, "file_name": paper.file_name} for paper in papers],
                "timeline": self._world.transactions.timeline(held.id),
                "deliveries": [asdict(sent) for sent in self._world.deliveries.of_transaction(held.id)],
            }
        )

    def _edit(self, request: Request, transaction: str) -> Response:
        return as_json(self._row(self._desk.edit(transaction, body_of(request))))

    def _act_on_one(self, request: Request, transaction: str, step: str) -> Response:
        comment = body_of(request).get("comment", "") if request.content_length else ""
        return as_json(self._row(self._desk.act(step, transaction, str(comment))))

    def _act_on_all(self, request: Request, company: str, step: str) -> Response:
        found = self._company(company)
        return as_json(
            {"transactions": self._told(self._world.life.act_on_all(step, found["id"], people.approver(found)))}
        )

    def _receive(self, request: Request, transaction: str) -> Response:
        body = body_of(request) if request.content_length else {}
        coming = quantities_of(body["lines"]) if "lines" in body else None
        held = self._desk.receive(transaction, coming, str(body.get("delivery_note", "")))
        return as_json(self._row(held), 201)

    def _attach(self, request: Request, transaction: str, file_name: str) -> Response:
        held = self._world.transactions.one(transaction)
        sort = request.mimetype or "application/octet-stream"
        paper = Attachment(str(uuid4()), file_name, sort, request.get_data())
        self._world.transactions.attach(held.id, paper)
        return as_json({"id": paper.id, "file_name": paper.file_name}, 201)

    # behaviour and records

    def _options(self, request: Request) -> Response:
        return as_json(asdict(options(self._world.settings)))

    def _set_options(self, request: Request) -> Response:
        try:
            set_options(self._world.settings, body_of(request))
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return self._options(request)

    def _faults(self, request: Request) -> Response:
        return as_json({"faults": self._world.faults.told()})

    def _set_faults(self, request: Request) -> Response:
        self._world.faults.set(body_of(request))
        return self._faults(request)

    def _reset_faults(self, request: Request) -> Response:
        self._world.faults.reset()
        return self._faults(request)

    def _deliveries(self, request: Request) -> Response:
        found = self._world.deliveries.after(number_of(request, "after", 0), number_of(request, "limit", 100))
        return as_json({"under_way": self._world.claims.count, "deliveries": found})

    def _prune_deliveries(self, request: Request) -> Response:
        return as_json({"pruned": self._world.deliveries.prune(number_of(request, "keep", 0))})

    def _calls(self, request: Request) -> Response:
        return as_json(self._world.calls.told(number_of(request, "after", 0), number_of(request, "limit", 100)))

    def _prune_calls(self, request: Request) -> Response:
        return as_json({"pruned": self._world.calls.prune()})

    # what they share

    def _company(self, company_id: str) -> dict[str, str]:
        return self._world.companies.one(company_id)

    def _row(self, held: Held) -> dict[str, Any]:
        return summary(held, self._company(held.company_id)["base_currency"]).as_json()

    def _told(self, transactions: list[Held]) -> list[dict[str, Any]]:
        return [self._row(held) for held in transactions]


def as_json(value: object, status: int = 200) -> Response:
    """An answer for scripts."""
    return Response(to_json(value), status=status, mimetype="application/json")
