"""Search domains of Odoo, as far as the stand-in is asked: conditions in a list, `|` and `&` in front of two each."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final


def matches(row: Mapping[str, Any], domain: Sequence[Any]) -> bool:
    """Whether a record fulfils all conditions. Raises `ValueError` for an operator that is not known."""
    parts = iter(domain)
    return all(_result(row, part, parts) for part in parts)


def _result(row: Mapping[str, Any], part: Any, rest: Iterator[Any]) -> bool:
    if part in ("|", "&"):
        first, second = _result(row, next(rest), rest), _result(row, next(rest), rest)
        return first or second if part == "|" else first and second
    name, sign, value = part
    return _SIGNS[sign](row.get(name, False), value)


def _alike(value: object, pattern: str) -> bool:
    """`=ilike`: any letter case, `%` and `_` as wildcards unless a backslash stands before them."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join({"%": ".*", "_": "."}.get(one) or re.escape(one[-1]) for one in pieces)
    return isinstance(value, str) and re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL) is not None


_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda value, values: value in values,
    "=ilike": _alike,
}
