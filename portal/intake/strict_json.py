"""JSON as money needs it: exact numbers, no name twice, no surprises in depth, size or characters.

The usual body takes one quick pass of the standard library. Only a body that raised a doubt on the way is read a second
time, with care, to find out whether something is wrong and where. Paths count from zero, as in `Lines[1].Net`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.errors import Malformed

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 40
MAX_EXPONENT: Final = 40
MAX_TEXT: Final = 10_000

_STRUCTURE: Final = b'[]{}:"'
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(_STRUCTURE))
_ONE_BRACKET: Final = bytes.maketrans(b"{}", b"[]")
_DOUBTFUL_ESCAPE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPED_QUOTE: Final = re.compile(r'\\"')
_KINDS: Final = {list: "a list", str: "text", bool: "true or false", type(None): "null"}


def load(body: bytes) -> dict[str, Any]:
    """Read a JSON object. Whole numbers become `int`, others `Decimal`, so that 30.00 keeps its two decimals.

    Takes UTF-8, with or without a byte order mark. Raises `Malformed`, and nothing else, with one plain sentence and,
    where it is known, the path of the member: not UTF-8, not JSON, no object, a name twice in one object (also where
    only the case of the first letter differs, because readers accept both), NaN or Infinity, a number of more than 40
    characters or with an exponent beyond 40, deeper than 32, text of more than 10,000 characters, NUL, half a
    surrogate pair.
    """
    text = _decode(body)
    outside = _outside_strings(body)
    _check_nesting(outside.replace(b":", b""))
    try:
        value = _read_quickly(text, outside.count(b":"))
    except _Doubt:
        value = _read_carefully(text)
    if not isinstance(value, dict):
        raise Malformed(f"The body must be a JSON object, but it is {_KINDS.get(type(value), 'a number')}.")
    return value


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 text: byte {error.start + 1} cannot be read.") from None


def _outside_strings(body: bytes) -> bytes:
    """The brackets, all as square ones, and the colons that stand outside strings.

    A backslash outside a string hides what follows it from this view, but any parser stops at that backslash.
    """
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_ONE_BRACKET, _NOT_STRUCTURE).replace(b'""', b"")
    return b"".join(marks.split(b'"')[::2])


def _check_nesting(brackets: bytes) -> None:
    """Count the depth before anything recurses into it: each round takes away the innermost pairs, one level."""
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    if b"[]" in brackets:
        raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")
    raise Malformed("The body is not valid JSON: its brackets do not match.")


class _Doubt(Exception):
    """The quick pass cannot vouch for the body."""


def _read_quickly(text: str, pairs: int) -> Any:
    """One pass with as little Python as possible. `pairs` is how many members the body spells out.

    A name that is there twice shows in fewer members than pairs, or in two names that differ in one letter's case.
    """
    found = 0
    names: set[str] = set()

    def members(value: dict[str, Any]) -> dict[str, Any]:
        nonlocal found
        found += len(value)
        names.update(value)
        return value

    decoder = json.JSONDecoder(object_hook=members, parse_int=_whole, parse_float=_fraction, parse_constant=_constant)
    value = _run(decoder, text)
    if found != pairs or len({_folded(name) for name in names}) != len(names) or _may_hide_bad_text(text):
        raise _Doubt
    return value


def _run(decoder: json.JSONDecoder, text: str) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"The body is not valid JSON: it cannot be read beyond {where}.") from None


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Doubt
    return int(digits)


def _fraction(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS or "e" in digits or "E" in digits:
        raise _Doubt
    return Decimal(digits)


def _constant(word: str) -> Any:
    raise _Doubt(word)


def _folded(name: str) -> str:
    return name[:1].lower() + name[1:]


def _may_hide_bad_text(text: str) -> bool:
    """Whether a string in it may hold a NUL, half a surrogate pair, or too many characters. Never wrongly False."""
    if _DOUBTFUL_ESCAPE.search(text):
        return True
    if len(text) <= MAX_TEXT:
        return False
    half = MAX_TEXT // 2  # a run of MAX_TEXT characters without a quotation mark covers one of these pieces whole
    if any(text.find('"', start, start + half) < 0 for start in range(0, len(text) - half, half)):
        return True
    return _ESCAPED_QUOTE.search(text) is not None


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in the tree where something is not allowed. `name` is the member that is there twice."""

    message: str
    name: str | None = None


def _read_carefully(text: str) -> Any:
    """A pass that leaves faults where they are, and a walk that refuses the first of them by its path."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_members_or_fault,
        parse_int=_number_or_fault,
        parse_float=_number_or_fault,
        parse_constant=lambda word: _Fault(f"{word} is not a number that JSON allows."),
    )
    value = _run(decoder, text)
    for path, found in _walk(value, ""):
        fault = found if isinstance(found, _Fault) else _fault_of(found)
        if fault is not None:
            raise Malformed(fault.message, field=path if fault.name is None else _join(path, fault.name))
    return value


def _members_or_fault(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Fault:
    repeated = _first_repeated(name for name, _ in pairs)
    return dict(pairs) if repeated is None else _Fault(f"The member {_shown(repeated)} is there twice.", repeated)


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if _folded(name) in seen:
            return name
        seen.add(_folded(name))
    return None


def _number_or_fault(digits: str) -> int | Decimal | _Fault:
    if len(digits) > MAX_DIGITS:
        return _Fault(f"The number has {len(digits):,} characters; at most {MAX_DIGITS} are read.")
    mantissa, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        return _Fault("The number has an exponent that no amount needs.")
    return Decimal(digits) if exponent or "." in mantissa else int(digits)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value with its path, and every name with the path of its object, in the order of the body."""
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield path, name
            yield from _walk(member, _join(path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _walk(member, f"{path}[{index}]")


def _fault_of(value: Any) -> _Fault | None:
    if not isinstance(value, str):
        return None
    if len(value) > MAX_TEXT:
        return _Fault(f"The text has {len(value):,} characters; at most {MAX_TEXT:,} are read.")
    if "\x00" in value:
        return _Fault("The text holds a NUL character.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        return _Fault("The text holds half of a surrogate pair, which is no character.")
    return None


def _join(path: str, name: str) -> str:
    return f"{path}.{_shown(name)}" if path else _shown(name)


def _shown(name: str) -> str:
    """A member's name as it may be repeated in a sentence: printable and short."""
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return printable if len(printable) <= 60 else f"{printable[:60]}..."
