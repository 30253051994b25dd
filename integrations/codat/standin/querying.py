"""Lists: Codat's query language, its order, and its two kinds of pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from integrations.codat.standin.answers import Refusal
from integrations.codat.standin.memory import moment

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_LONGEST: Final = 2048
_MOST: Final = 5000
_USUAL: Final = 100
_TOKENS: Final = re.compile(r"\s*(&&|\|\||[{}]|(?:(?!&&|\|\||[{}]).)+)")
_CONDITION: Final = re.compile(r"\s*([A-Za-z][\w.]*)\s*(!=|>=|<=|=|~|>|<)\s*(.+?)\s*", re.DOTALL)
_TOKEN_PAGE: Final = 100


def query(text: str) -> Test:
    """A test of rows. Raises `Refusal` (400) for what cannot be read."""
    if len(text) >= _LONGEST:
        raise malformed()
    tokens = [found.group(1) for found in _TOKENS.finditer(text) if found.group(1).strip()]
    test = _either(tokens)
    if tokens:
        raise malformed()
    return test


def malformed() -> Refusal:
    """The answer to a query that cannot be read."""
    return Refusal(400, "Error processing request - query is not valid.")


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda row: any(test(row) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_single(tokens)]
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        tests.append(_single(tokens))
    return lambda row: all(test(row) for test in tests)


def _single(tokens: list[str]) -> Test:
    if not tokens:
        raise malformed()
    token = tokens.pop(0)
    if token == "{":  # noqa: S105 - a word of the query language
        inner = _either(tokens)
        if not tokens or tokens.pop(0) != "}":
            raise malformed()
        return inner
    found = _CONDITION.fullmatch(token)
    if found is None:
        raise malformed()
    path, operator, wanted = found.groups()
    return lambda row: _holds(_at(row, path), operator, wanted)


def _at(row: Row, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        if isinstance(value, list) and path.startswith("dataConnections"):
            # Only the list of companies may be asked for its connections.
            value = value[0] if value else None
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _holds(value: Any, operator: str, wanted: str) -> bool:
    if value is None or isinstance(value, Mapping | list):
        return operator == "!="
    if operator == "~":
        return wanted.casefold() in str(value).casefold()
    left, right = _alike(value, wanted)
    return bool(_COMPARE[operator](left, right))


_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
}


def _alike(value: Any, wanted: str) -> tuple[Any, Any]:
    """Both as numbers, moments or texts, whichever the value is."""
    if isinstance(value, bool):
        return str(value).lower(), wanted.lower()
    if isinstance(value, int | Decimal):
        try:
            return Decimal(value), Decimal(wanted)
        except InvalidOperation:
            raise malformed() from None
    try:
        return moment(str(value)), moment(wanted)
    except ValueError:
        return str(value), wanted


def page(request: Request, rows: Iterable[Row], *, path: str) -> dict[str, Any]:
    """One page of what the request asks for: filtered, ordered, cut. Raises `Refusal` (400)."""
    found = list(rows)
    if text := request.args.get("query", ""):
        test = query(text)
        found = [row for row in found if test(row)]
    if order := request.args.get("orderBy", ""):
        found.sort(key=lambda row: str(_at(row, order.lstrip("-")) or ""), reverse=order.startswith("-"))
    number, size = _whole(request, "page", 1, 10**6), _whole(request, "pageSize", _USUAL, _MOST)
    last = (number - 1) * size + size >= len(found)

    def link(to: int) -> dict[str, str]:
        kept = {name: value for name, value in request.args.items() if name not in {"page", "pageSize"}}
        return {"href": f"{path}?{urlencode({'page': to, 'pageSize': size, **kept})}"}

    links = {"self": link(number), "current": link(number)}
    links |= {} if last else {"next": link(number + 1)}
    links |= {"previous": link(number - 1)} if number > 1 else {}
    return {
        "results": found[(number - 1) * size : number * size],
        "pageNumber": number,
        "pageSize": size,
        "totalResults": len(found),
        "_links": links,
    }


def _whole(request: Request, name: str, usual: int, most: int) -> int:
    given = request.args.get(name, str(usual))
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise Refusal(400, f"Error processing request - {name} is not valid.")
    return int(given)


def run(
    request: Request, rows: Iterable[Row], *, usual: str = "", name: str = "query"
) -> tuple[list[Row], dict[str, str]]:
    """The next rows of a list that is read by continuation tokens, and what to ask for the ones after."""
    text = request.args.get(name, "") or usual
    test = query(text) if text else (lambda _: True)
    found = [row for row in rows if test(row)]
    first = _begun(request.args.get("continuationToken", ""))
    after = first + _TOKEN_PAGE
    more = {"continuationToken": base64.b64encode(f"row:{after}".encode()).decode()} if after < len(found) else {}
    return found[first:after], more


def _begun(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("row:"))
    except ValueError:
        raise Refusal(400, "Error processing request - continuationToken is not valid.") from None
