"""JSON for scripts under `/control/`: platforms, what people do, faults and the records of calls and webhooks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from integrations.accessplanit.standin import seed
from integrations.accessplanit.standin.api import as_json
from integrations.accessplanit.standin.faults import Faults
from integrations.accessplanit.standin.hooks import Hooks
from integrations.accessplanit.standin.life import Life
from integrations.accessplanit.standin.memory import Memory
from integrations.accessplanit.standin.refusals import Refused
from integrations.exact import from_json

_ONE: Final = "/control/platforms/<platform>"
_INVOICE: Final = f"{_ONE}/invoices/<invoice>"
_TABLE: Final = (
    ("GET", "/control/platforms", "platforms"),
    ("PUT", _ONE, "put_platform"),
    ("POST", f"{_ONE}/seed", "seed"),
    ("GET", f"{_ONE}/records/<module>", "records"),
    ("POST", f"{_ONE}/records/<module>", "add_records"),
    ("POST", f"{_ONE}/invoices", "raise_invoice"),
    ("POST", f"{_INVOICE}/<any(commit, pay, refund, credit, cancel, change):act>", "act"),
    ("GET", f"{_ONE}/calls", "calls"),
    ("GET", f"{_ONE}/hooks", "hooks"),
    ("GET", "/control/faults", "faults"),
    ("PUT", "/control/faults", "set_faults"),
    ("DELETE", "/control/faults", "reset_faults"),
)
RULES: Final = tuple(Rule(path, endpoint=f"control_{name}", methods=[method]) for method, path, name in _TABLE)
_MOST_SHOWN: Final = 1_000


class Control:
    """The answers, within one transaction. Raises `Refused`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def answer(self, name: str, request: Request, values: Mapping[str, str]) -> Response:
        """The answer of one row of the table."""
        told: Any = getattr(self, f"_{name.removeprefix('control_')}")(request, **values)
        return as_json(told, 201 if request.method == "POST" else 200)

    def _platforms(self, request: Request) -> Any:
        return {"platforms": self._memory.platforms()}

    def _put_platform(self, request: Request, platform: str) -> Any:
        """A new platform with customers, or other members of one that is there."""
        given = _body(request)
        if not any(one["slug"] == platform for one in self._memory.platforms()):
            make_platform(self._memory, platform, str(given.get("name") or platform))
        self._memory.change_platform(platform, given)
        return self._memory.platform(platform)

    def _seed(self, request: Request, platform: str) -> Any:
        seed.sales(self._memory, self._memory.platform(platform)["slug"])
        return {"invoices": self._memory.records(platform, "Invoice")}

    def _records(self, request: Request, platform: str, module: str) -> Any:
        return {"results": self._memory.records(platform, module)}

    def _add_records(self, request: Request, platform: str, module: str) -> Any:
        """Records as they are given, without any consequence: for what nobody can do by hand."""
        rows = _body(request).get("results")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Refused(400, "results must be a list of objects.")
        return {"results": [self._memory.add(platform, module, row) for row in rows]}

    def _raise_invoice(self, request: Request, platform: str) -> Any:
        return self._life(platform).raise_invoice(_body(request))

    def _act(self, request: Request, platform: str, invoice: str, act: str) -> Any:
        given = _body(request) if request.content_length else {}
        return acted(self._life(platform), act, invoice, given)

    def _calls(self, request: Request, platform: str) -> Any:
        return {"calls": _rows(self._memory, "calls", platform)}

    def _hooks(self, request: Request, platform: str) -> Any:
        return {"hooks": _rows(self._memory, "hooks", platform)}

    def _faults(self, request: Request) -> Any:
        return {"faults": Faults(self._memory).told()}

    def _set_faults(self, request: Request) -> Any:
        Faults(self._memory).set(_body(request))
        return self._faults(request)

    def _reset_faults(self, request: Request) -> Any:
        Faults(self._memory).reset()
        return self._faults(request)

    def _life(self, platform: str) -> Life:
        return Life(self._memory, self._memory.platform(platform)["slug"], Hooks(self._memory, platform))


def acted(life: Life, act: str, invoice: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """One of the things that people do with an invoice. Raises `Refused`."""
    match act:
        case "commit":
            return life.commit(invoice)
        case "cancel":
            return life.cancel(invoice)
        case "change":
            return life.change(invoice, given)
        case "credit":
            return life.credit(invoice, given.get("amount"))
    amount = str(given.get("amount", ""))
    method, reference = str(given.get("method") or "BACS"), str(given.get("reference", ""))
    return life.pay(invoice, f"-{amount}" if act == "refund" else amount, method, Reference=reference)


def make_platform(memory: Memory, slug: str, name: str) -> None:
    """A platform with credentials of its own and its customers."""
    memory.put_platform(
        slug=slug,
        name=name,
        api_key=secrets.token_urlsafe(24),
        username=f"api@{slug}.example",
        password=secrets.token_urlsafe(12),
    )
    seed.customers(memory, slug)


def _rows(memory: Memory, table: str, platform: str) -> list[dict[str, Any]]:
    statement = f"SELECT * FROM {table} WHERE platform = ? ORDER BY position DESC LIMIT ?"  # noqa: S608 - two names
    rows = memory.database.execute(statement, (memory.platform(platform)["slug"], _MOST_SHOWN)).fetchall()
    return [{name: value for name, value in dict(row).items() if name != "at"} for row in reversed(rows)]


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The body is not a JSON object.")
    return body
