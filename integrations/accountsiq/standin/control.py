"""How people and tests change this AccountsIQ from outside: JSON under `/control/`, and the buttons of the pages.

As open as the pages: it stands in for people who work in the accounting system itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin.furniture import BASE, SUPPLIER, generated
from integrations.accountsiq.standin.ledger import entry_of, period_of, settle
from integrations.accountsiq.standin.memory import CodeTaken, Records, Row
from integrations.accountsiq.standin.options import BadOption, Options
from integrations.accountsiq.standin.tokens import REST, SOAP, Tokens
from integrations.accountsiq.standin.traffic import Traffic
from integrations.exact import from_json, to_json
from integrations.sandbox import Store

PREFIX: Final = "/control/"
MOST_AT_ONCE: Final = 1_000_000
_MOST_TOLD: Final = 1000
_LEDGERS: Final = ("sales", "purchases", "general")
# What a new record of a kind has, unless it is told otherwise.
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "contact": {"type": SUPPLIER, "currency": BASE, "country_code": "GB"},
    "account": {"type": "Expense", "departmental": False},
    "tax": {"rate": Decimal(0)},
    "currency": {"symbol": "", "units": Decimal(1)},
    "department": {"analysis": [], "location": 1},
    "cost_type": {"CostType": "", "CostTypeCode": "", "Active": True},
    "stock": {"account": "5000", "price": Decimal(0)},
}
_KIND: Final = f"<any({', '.join(DEFAULTS)}):kind>"
_ROUTES: Final = Map(
    [
        Rule(f"{PREFIX}{path}", endpoint=name, methods=[method])
        for method, path, name in (
            ("GET", "options", "options"),
            ("PUT", "options", "set_options"),
            ("DELETE", "options", "reset_options"),
            ("GET", "counters", "counters"),
            ("DELETE", "counters", "forget_counters"),
            ("POST", "tokens/expire", "expire"),
            ("POST", "tokens/forget", "forget_refreshes"),
            ("POST", "application/revoke", "revoke"),
            ("POST", "application/restore", "restore"),
            ("POST", "periods/close", "close"),
            ("POST", "periods/open", "reopen"),
            ("POST", "suppliers/generate", "generate"),
            ("GET", f"records/{_KIND}", "records"),
            ("POST", f"records/{_KIND}", "add"),
            ("PATCH", f"records/{_KIND}/<path:code>", "change"),
            ("POST", "entries/<int:number>/pay", "pay"),
        )
    ]
)


class BadOrder(ValueError):
    """What was asked for cannot be done; the message says why."""


class Control:
    """Carries out what is asked; a form gets its page again, everything else gets JSON."""

    def __init__(self, state: Store, options: Options, tokens: Tokens, traffic: Traffic) -> None:
        self._state = state
        self._behaviour = options
        self._tokens = tokens
        self._traffic = traffic

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        is_form = request.mimetype == "application/x-www-form-urlencoded"
        try:
            name, values = _ROUTES.bind_to_environ(request.environ).match()
            body = dict(request.form) if is_form else _body(request)
            told = getattr(self, f"_{name}")(body, **values)
        except (BadOrder, BadOption) as error:
            return _json(400, {"error": str(error)})
        except HTTPException as error:
            return _json(error.code or 500, {"error": "There is nothing at this address."})
        return redirect(f"{request.script_root}/", 303) if is_form else _json(200, told)

    # --- behaviour -------------------------------------------------------------------------------------------------

    def _options(self, body: Mapping[str, Any]) -> object:
        return {"options": self._behaviour.told()}

    def _set_options(self, body: Mapping[str, Any]) -> object:
        self._behaviour.set(body)
        return self._options_told()

    def _reset_options(self, body: Mapping[str, Any]) -> object:
        self._behaviour.reset()
        return self._options_told()

    def _options_told(self) -> object:
        return {"options": self._behaviour.told()}

    def _counters(self, body: Mapping[str, Any]) -> object:
        return {"calls": self._traffic.told()}

    def _forget_counters(self, body: Mapping[str, Any]) -> object:
        self._traffic.forget()
        return {"calls": self._traffic.told()}

    # --- tokens ----------------------------------------------------------------------------------------------------

    def _expire(self, body: Mapping[str, Any]) -> object:
        door = body.get("door") or None
        if door not in {None, REST, SOAP}:
            raise BadOrder(f"The doors are {REST} and {SOAP}.")
        return {"expired": self._tokens.expire_all(door)}

    def _forget_refreshes(self, body: Mapping[str, Any]) -> object:
        return {"forgotten": self._tokens.forget_refreshes()}

    def _revoke(self, body: Mapping[str, Any]) -> object:
        self._behaviour.set({"application_revoked": True})
        return {"application_revoked": True}

    def _restore(self, body: Mapping[str, Any]) -> object:
        self._behaviour.set({"application_revoked": False})
        return {"application_revoked": False}

    # --- books -----------------------------------------------------------------------------------------------------

    def _close(self, body: Mapping[str, Any]) -> object:
        return self._periods(body, is_closed=True)

    def _reopen(self, body: Mapping[str, Any]) -> object:
        return self._periods(body, is_closed=False)

    def _periods(self, body: Mapping[str, Any], *, is_closed: bool) -> object:
        """Close or open the period of a date for one ledger."""
        ledger = body.get("ledger") or "purchases"
        if ledger not in _LEDGERS:
            raise BadOrder(f"The ledgers are {', '.join(_LEDGERS)}.")
        try:
            day = date.fromisoformat(str(body.get("date")))
        except ValueError:
            raise BadOrder("The date is of the form 2026-10-14.") from None
        with self._state.transaction() as database:
            records = Records(database)
            row = period_of(records, day)
            if row is None:
                raise BadOrder(f"{day} is in no period.")
            changed = records.change(row, {**row.body, ledger: is_closed})
        return {"period": changed.name, "ledger": ledger, "closed": is_closed}

    def _generate(self, body: Mapping[str, Any]) -> object:
        count = _whole(body.get("count"))
        if not 1 <= count <= MOST_AT_ONCE:
            raise BadOrder(f"The count is a whole number from 1 to {MOST_AT_ONCE}.")
        with self._state.transaction() as database:
            records = Records(database)
            return {"contacts": records.add_many("contact", generated(records.count("contact") + 1, count))}

    def _records(self, body: Mapping[str, Any], kind: str) -> object:
        with self._state.transaction() as database:
            rows = list(Records(database).every(kind))
        return {"count": len(rows), "records": [_told(row) for row in rows[:_MOST_TOLD]]}

    def _add(self, body: Mapping[str, Any], kind: str) -> object:
        code, name = str(body.get("code") or ""), str(body.get("name") or "")
        if not code or not name:
            raise BadOrder("A record has a code and a name.")
        rest = {member: value for member, value in body.items() if member not in {"code", "name", "active"}}
        number = int(code) if kind == "account" and code.isdigit() else None
        try:
            with self._state.transaction() as database:
                row = Records(database).add(
                    kind,
                    {**DEFAULTS[kind], **rest},
                    code=code,
                    name=name,
                    number=number,
                    active=body.get("active") is not False,
                )
        except CodeTaken:
            raise BadOrder(f"The code {code} is there already.") from None
        return _told(row)

    def _change(self, body: Mapping[str, Any], kind: str, code: str) -> object:
        with self._state.transaction() as database:
            records = Records(database)
            row = records.coded(kind, code)
            if row is None:
                raise BadOrder(f"There is no {kind} {code}.")
            rest = {member: value for member, value in body.items() if member not in {"code", "name", "active"}}
            return _told(records.change(row, {**row.body, **rest}, name=body.get("name"), active=body.get("active")))

    def _pay(self, body: Mapping[str, Any], number: int) -> object:
        try:
            paid = Decimal(str(body.get("amount")))
        except InvalidOperation:
            raise BadOrder("The amount is a number.") from None
        with self._state.transaction() as database:
            entry = entry_of(database, number)
            if entry is None:
                raise BadOrder(f"There is no entry {number}.")
            return {"id": number, "outstanding": settle(database, entry, paid)["outstanding"]}


def _told(row: Row) -> dict[str, Any]:
    return {"id": row.id, "code": row.code, "name": row.name, "active": row.active, **row.body}


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _body(request: Request) -> Mapping[str, Any]:
    data = request.get_data()
    try:
        body = from_json(data.decode()) if data else {}
    except ValueError:
        raise BadOrder("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadOrder("The body is not a JSON object.")
    return body


def _json(status: int, value: object) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")
