"""Version 2 of the interface: tokens, reads by query, writes of single records, and the descriptions of fields."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from integrations.accessplanit.standin import modules, odata
from integrations.accessplanit.standin.faults import Faults
from integrations.accessplanit.standin.hooks import Hooks
from integrations.accessplanit.standin.life import Life
from integrations.accessplanit.standin.memory import Memory
from integrations.accessplanit.standin.refusals import Refused
from integrations.disturbances import MOVE_DATE
from integrations.exact import from_json, to_json

_AN_HOUR: Final = 3600
_REFRESH_SECONDS: Final = 86_399
_HIDDEN: Final = "The API user has no right to this module."
_ODD: Final[tuple[Any, ...]] = ("", None, {}, [])


class Api:
    """One call of one platform, within one transaction. Everything raises `Refused`."""

    def __init__(self, memory: Memory, platform: str, request: Request) -> None:
        self._memory, self._request = memory, request
        self._platform = memory.platform(platform)
        self._slug, self._faults = platform, Faults(memory)

    # --- getting in --------------------------------------------------------------------------------------------------

    def token(self) -> Response:
        """A token for a user's name and password, or for a refresh token."""
        form = {name.lower(): value for name, value in self._request.form.items()}
        if form.get("grant_type") == "refresh_token":
            self._check_token(form.get("refresh_token", ""), is_refresh=True)
        elif form.get("grant_type") != "password":
            raise Refused(400, "The grant type is not supported.", error="unsupported_grant_type")
        elif (form.get("username"), form.get("password")) != (self._platform["username"], self._platform["password"]):
            raise Refused(400, "The user name or password is incorrect.", error="invalid_grant")
        seconds = self._faults.number("token_seconds")
        return as_json(
            {
                "access_token": self._made(seconds, is_refresh=False),
                "token_type": "bearer",
                "expires_in": seconds,
                "refresh_token": self._made(_REFRESH_SECONDS, is_refresh=True),
                "userID": "APIUSER01",
                "refresh_token_expires_in": _REFRESH_SECONDS,
            }
        )

    def _made(self, seconds: int, *, is_refresh: bool) -> str:
        token = secrets.token_urlsafe(24)
        row = (token, self._slug, int(is_refresh), self._memory.now + seconds)
        self._memory.database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", row)
        return token

    def _check_token(self, token: str, *, is_refresh: bool) -> None:
        row = self._memory.database.execute(
            "SELECT ends FROM tokens WHERE token = ? AND platform = ? AND is_refresh = ?",
            (token, self._slug, int(is_refresh)),
        ).fetchone()
        if row is None or row["ends"] <= self._memory.now:
            status = 400 if is_refresh else 401
            raise Refused(status, "The token is not known, or has ended.", error="invalid_grant" if is_refresh else "")

    def enter(self, module: str) -> None:
        """Who calls may call, and has not called too often."""
        scheme, _, token = self._request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or self._faults.take("forget_tokens"):
            raise Refused(401, "Authorization has been denied for this request.")
        if not secrets.compare_digest(token.encode(), self._platform["api_key"].encode()):
            self._check_token(token, is_refresh=False)
        self._check_limit(module)
        if module.lower() in [one.lower() for one in self._platform["hidden"]]:
            raise Refused(403, _HIDDEN)

    def _check_limit(self, module: str) -> None:
        most = self._faults.number("limit_per_hour")
        rows = self._memory.database.execute(
            "SELECT at FROM calls WHERE platform = ? AND module = ? AND at > ? AND status != 429 ORDER BY at",
            (self._slug, module.lower(), self._memory.now - _AN_HOUR),
        ).fetchall()
        if most and len(rows) >= most:
            wait = max(1, int(rows[len(rows) - most]["at"] + _AN_HOUR - self._memory.now) + 1)
            wish = wait if self._faults.is_on("limit_retry_after") else 0
            raise Refused(429, "Too many requests for this module within an hour.", retry_after=wish)

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(self, name: str) -> Response:
        """The records that a query asks for."""
        module = modules.known(name)
        query = {key.lower(): value for key, value in self._request.args.items()}
        if unknown := set(query) - {"$select", "$filter", "$orderby", "$top", "$skip", "$count"}:
            raise Refused(400, f"The option {min(unknown)} is not known.")
        found = self._queried(module, query)
        skip, top = _number(query, "$skip", 0), _number(query, "$top", -1)
        page = found[skip:] if top < 0 else found[skip : skip + top]
        if most := self._faults.number("most_rows"):
            page = page[:most]
        rows = [self._told(_selected(record, query.get("$select", ""))) for record in page]
        if self._faults.take("missing_results"):
            return as_json({"value": rows})
        return as_json({**({"count": len(found)} if query.get("$count") == "true" else {}), "results": rows})

    def _queried(self, module: str, query: Mapping[str, str]) -> list[odata.Record]:
        names = modules.names(module)
        if not self._faults.is_on("has_updated"):
            names.remove("DateUpdated")
        text = "" if self._faults.is_on("ignore_filter") else query.get("$filter", "")
        clauses = odata.clauses_of(text, names)
        found: list[odata.Record] = list(self._memory.records(self._slug, module, clauses))
        if text:
            if self._faults.is_on("bare_dates") and "'20" in text:
                raise Refused(400, "A date is written without quotes.")
            found = [
                record for record, is_in in zip(found, map(odata.test_of(text, names), found), strict=True) if is_in
            ]
        order = query.get("$orderby", "")
        if "," in order and self._faults.is_on("refuse_two_orders"):
            raise Refused(400, "An order goes by one property.")
        return odata.ordered(found, order, names) if order else found

    def _told(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as it is written: with the oddities of the knobs."""
        told = dict(record)
        if not self._faults.is_on("has_updated"):
            told.pop("DateUpdated", None)
        if self._faults.is_on("odd_empties"):
            told = {name: _ODD[len(name) % 4] if value == "" else value for name, value in told.items()}
        if self._faults.is_on("numbers_as_text"):
            told = {name: str(one) if isinstance(one, Decimal | int) else one for name, one in told.items()}
        lower = self._faults.is_on("lower_case_names")
        return {name.lower() if lower else name: value for name, value in told.items()}

    def help(self, name: str) -> Response:
        """The description of a module's fields."""
        if not self._faults.is_on("has_help"):
            raise Refused(404, "There is no description.")
        return as_json(modules.described(modules.known(name)))

    # --- writing -----------------------------------------------------------------------------------------------------

    def create(self, name: str) -> Response:
        """A transaction; nothing else can be made."""
        module = modules.known(name)
        if module != "Transaction":
            raise Refused(400, f"A record of {module} cannot be created.")
        given = self._body(module)
        more = {key: given[key] for key in ("Reference", "DateCreated") if given.get(key)}
        if MOVE_DATE in self._request.environ and "DateCreated" in more:
            more["DateCreated"] = "2000-01-01T00:00:00"
        amount, method = given.get("Amount"), str(given.get("TransactionMethod") or "BACS")
        made = self._life().pay(str(given.get("InvoiceID", "")), amount, method, **more)
        return as_json({"results": [self._told(made)]}, 201)

    def update(self, name: str, id_: str) -> Response:
        """An invoice's order number, due date and custom fields."""
        module = modules.known(name)
        if module != "Invoice":
            raise Refused(400, f"A record of {module} cannot be updated.")
        return as_json({"results": [self._told(self._life().change(id_, self._body(module)))]})

    def delete(self, name: str, id_: str) -> Response:
        """A transaction; a committed invoice cannot be deleted."""
        if modules.known(name) != "Transaction":
            raise Refused(400, "It cannot be deleted.")
        self._life().remove_transaction(id_)
        return Response(status=204)

    def _body(self, module: str) -> dict[str, Any]:
        """The members of the body, by the module's own names."""
        try:
            body = from_json(self._request.get_data().decode())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "The body is not a JSON object.")
        known = {name.lower(): name for name in modules.names(module)}
        if unknown := [name for name in body if name.lower() not in known]:
            raise Refused(400, f"There is no property {unknown[0]}.")
        return {known[name.lower()]: value for name, value in body.items()}

    def _life(self) -> Life:
        return Life(self._memory, self._slug, Hooks(self._memory, self._slug))


def as_json(value: object, status: int = 200) -> Response:
    """An answer."""
    return Response(to_json(value), status=status, mimetype="application/json")


def _selected(record: Mapping[str, Any], select: str) -> Mapping[str, Any]:
    wanted = {name.strip().lower() for name in select.split(",") if name.strip()}
    if unknown := wanted - {name.lower() for name in record}:
        raise Refused(400, f"There is no property {min(unknown)}.")
    return {name: value for name, value in record.items() if name.lower() in wanted} if wanted else record


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        found = int(query.get(name, default))
    except ValueError:
        found = -2
    if found < -1 or (found < 0 and name == "$skip"):
        raise Refused(400, f"{name} must be -1 or a non-negative number.")
    return found
