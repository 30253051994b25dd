"""JSON with exact numbers: money never passes through a float."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring as _quoted
from typing import Any

# Longer numbers are no amounts; written out in full, `1e999999999` alone would fill the memory.
_MOST_DIGITS = 60


def to_json(value: object) -> str:
    """JSON text of dicts, lists, tuples, strings, integers, booleans, None and Decimals.

    A Decimal is written as a plain number with all its digits, `Decimal("10.50")` as `10.50`. Raises `TypeError` for
    anything else, floats above all, and `ValueError` for a Decimal that is not finite.
    """
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, dict | Mapping):
        return "{" + ", ".join([f"{_name(key)}: {to_json(member)}" for key, member in value.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([to_json(member) for member in value]) + "]"
    if value is None or isinstance(value, int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} cannot be written exactly as JSON")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("only finite numbers can be written as JSON")
    return format(value, "f")


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("the names of JSON members are strings")
    return _quoted(key)


def from_json(text: str) -> Any:
    """Read JSON; numbers become int or Decimal. Raises `ValueError` for anything that is not sound JSON."""
    try:
        return json.loads(text, parse_float=_decimal, parse_constant=_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("a number is too long") from error
    if len(text) > _MOST_DIGITS or abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    return value


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a number")
