"""How the stand-in searches: Tryton's domains, as far as the connector speaks them."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_OR: Final = "OR"
# The word itself, and one clause.
_ONE_BRANCH: Final = 2
ValueOf = Callable[[str], Any]


def matches(domain: Sequence[Any], value_of: ValueOf) -> bool:
    """Whether a record, of which `value_of` gives a field by its dotted name, is in a domain. `KeyError`: no field."""
    if domain and domain[0] == _OR:
        return any(_clause(one, value_of) for one in domain[1:])
    return all(_clause(one, value_of) for one in domain)


def speaks_of(domain: Sequence[Any], field: str) -> bool:
    """Whether a domain is about a field. Beside an OR of several branches that has no effect, as in Tryton."""
    clauses = [one for one in domain if one != _OR]
    has_branches = any(one[:1] == [_OR] and len(one) > _ONE_BRANCH for one in clauses)
    return not has_branches and any(_is_about(one, field) for one in clauses)


def _is_about(clause: Sequence[Any], field: str) -> bool:
    return speaks_of(clause, field) if _is_domain(clause) else clause[0] == field


def plain(value: Any) -> Any:
    """A value in Tryton's JSON, fit to be compared."""
    if not isinstance(value, Mapping):
        return value
    given = {name: member for name, member in value.items() if name != "__class__"}
    if value.get("__class__") == "Decimal":
        return Decimal(given["decimal"])
    return dt.datetime(**given, tzinfo=dt.UTC) if value.get("__class__") == "datetime" else dt.date(**given)


def _is_domain(clause: Sequence[Any]) -> bool:
    return not clause or clause[0] == _OR or not isinstance(clause[0], str)


def _clause(clause: Sequence[Any], value_of: ValueOf) -> bool:
    if _is_domain(clause):
        return matches(clause, value_of)
    field, word, wanted = clause
    found = plain(value_of(field))
    if word == "in":
        return found in wanted
    if word in ("like", "ilike"):
        return found is not None and _pattern(wanted).fullmatch(found) is not None
    if found is None or wanted is None:
        return word in ("=", "!=") and _COMPARED[word](found, wanted)
    return _COMPARED[word](found, plain(wanted))


def _pattern(wanted: str) -> re.Pattern[str]:
    """On SQLite both of them take letters in either case."""
    wild = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|.", wanted, re.DOTALL)
    text = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.compile(text, re.DOTALL | re.IGNORECASE)
