"""The query language, as much of it as was seen: anything else is refused, so that nothing relies on more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.accessplanit.standin.refusals import Refused

Record = Mapping[str, Any]
Test = Callable[[Record], bool]

_CLAUSE: Final = re.compile(
    r"\s*(?:(?P<function>contains|startswith|endswith)\(\s*(?P<in>\w+)\s*,\s*'(?P<text>(?:[^']|'')*)'\s*\)"
    r"|(?P<name>\w+)\s+(?P<operator>eq|lt|le|gt|ge)\s+(?:'(?P<quoted>(?:[^']|'')*)'|(?P<bare>[^\s']+)))\s*",
    re.IGNORECASE,
)
_AND: Final = re.compile(r"and\s", re.IGNORECASE)
_ORDER: Final = re.compile(r"(\w+)(?:\s+(asc|desc))?", re.IGNORECASE)
_FUNCTIONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda value, part: part in value,
    "startswith": lambda value, part: value.startswith(part),
    "endswith": lambda value, part: value.endswith(part),
}
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda left, right: left == right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def test_of(text: str, names: Iterable[str]) -> Test:
    """What a `$filter` lets through. Raises `Refused` for what is not understood, and for unknown properties."""
    known = {name.lower(): name for name in names}
    tests: list[Test] = []
    rest = text
    while True:
        found = _CLAUSE.match(rest)
        if found is None:
            raise Refused(400, f"The filter is not understood at: {rest[:60]}")
        tests.append(_clause(found, known))
        rest = rest[found.end() :]
        if not rest:
            return lambda record: all(test(record) for test in tests)
        if not (joint := _AND.match(rest)):
            raise Refused(400, f"The filter is not understood at: {rest[:60]}")
        rest = rest[joint.end() :]


def clauses_of(text: str, names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Property, operator and value of each comparison in a `$filter` that is understood; functions are left out."""
    known = {name.lower(): name for name in names}
    found = (one for one in _CLAUSE.finditer(text) if one["name"] and one["name"].lower() in known)
    return [(known[one["name"].lower()], one["operator"].lower(), _value(one)) for one in found]


def ordered(records: Sequence[Record], text: str, names: Iterable[str]) -> list[Record]:
    """The records in the order of an `$orderby`; nothing comes first."""
    known = {name.lower(): name for name in names}
    result = list(records)
    for part in reversed([one.strip() for one in text.split(",") if one.strip()]):
        found = _ORDER.fullmatch(part)
        if found is None:
            raise Refused(400, f"The order is not understood at: {part[:60]}")
        name = _property(found[1], known)
        is_down = (found[2] or "").lower() == "desc"
        result.sort(key=lambda record, name=name: _place(record.get(name)), reverse=is_down)  # type: ignore[misc]
    return result


def _clause(found: re.Match[str], known: Mapping[str, str]) -> Test:
    if function := found["function"]:
        name, part = _property(found["in"], known), found["text"].replace("''", "'").lower()
        return lambda record: _FUNCTIONS[function.lower()](str(record.get(name) or "").lower(), part)
    name, operator = _property(found["name"], known), _OPERATORS[found["operator"].lower()]
    value = _value(found)

    def test(record: Record) -> bool:
        have = record.get(name)
        if have is None or have == "":
            return operator is _OPERATORS["eq"] and value == ""
        left, right = _comparable(have, value)
        return operator(left, right)

    return test


def _value(found: re.Match[str]) -> str:
    return found["bare"] if found["quoted"] is None else found["quoted"].replace("''", "'")


def _property(name: str, known: Mapping[str, str]) -> str:
    if name.lower() not in known:
        raise Refused(400, f"There is no property {name}.")
    return known[name.lower()]


def _comparable(have: Any, value: str) -> tuple[Any, Any]:
    """As numbers, as moments, else as text without regard to case."""
    if isinstance(have, int | Decimal):
        try:
            return have, Decimal(value)
        except InvalidOperation:
            raise Refused(400, f"{value[:40]} is no number.") from None
    moment = _moment(str(have))
    if moment is not None:
        asked = _moment(value)
        if asked is None:
            raise Refused(400, f"{value[:40]} is no date.")
        return moment, asked
    return str(have).lower(), value.lower()


def _moment(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _place(value: Any) -> tuple[int, Any]:
    if value is None or value == "":
        return (0, "")
    return (1, value) if isinstance(value, int | Decimal) else (2, str(value).lower())
