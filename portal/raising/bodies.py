"""A transaction to raise as a JSON object, from numbers that are int or Decimal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations.documents import Dimension, Stage
from portal.raising.members import HEADER, LINE, Member
from portal.raising.values import Unreadable, from_json, is_printable
from portal.raising.wanted import Problem, Wanted, WantedLine

STAGES: Final = {"draft": Stage.DRAFT, "approved": Stage.APPROVED}
MOST_LINES: Final = 2_000
UNKNOWN: Final = "There is no member of this name. See docs/api.md for those that there are."
NO_OBJECT: Final = "It must be an object."
NO_LIST: Final = "It must be a list."
TOO_MANY_LINES: Final = f"A transaction has at most {MOST_LINES:,} lines."
NO_STAGE: Final = "It must be draft or approved."
NO_DIMENSION: Final = "It must be an object with the texts name and code, of at most 100 characters each."
_HEADER: Final = {member.path: member for member in HEADER}
_LINE: Final = {member.path: member for member in LINE}


def read(body: Mapping[str, Any]) -> tuple[Wanted, Stage, list[Problem]]:
    """The transaction, how far it shall go (draft where nothing is said), and what could not be read."""
    problems: list[Problem] = []
    stage = _stage(body.get("stage"), problems)
    values, unread = _values(body, _HEADER, "", frozenset({"stage", "lines", "dimensions"}), problems)
    dimensions = _dimensions(body, "", problems)
    lines = tuple(_line(one, f"lines[{n}]", problems) for n, one in enumerate(_list(body, "lines", "lines", problems)))
    key = values.pop("key", "")
    return Wanted(key=key, **values, dimensions=dimensions, lines=lines, unread=unread), stage, problems


def _line(given: Any, path: str, problems: list[Problem]) -> WantedLine:
    if not isinstance(given, Mapping):
        problems.append(Problem(message=NO_OBJECT, path=path))
        return WantedLine(unread=frozenset(member.name for member in LINE))
    values, unread = _values(given, _LINE, f"{path}.", frozenset({"dimensions"}), problems)
    return WantedLine(**values, dimensions=_dimensions(given, f"{path}.", problems), unread=unread)


def _values(
    given: Mapping[str, Any], known: Mapping[str, Member], before: str, others: frozenset[str], problems: list[Problem]
) -> tuple[dict[str, Any], frozenset[str]]:
    values: dict[str, Any] = {}
    unread: set[str] = set()
    for name, value in given.items():
        member = known.get(name)
        if member is None and name not in others:
            problems.append(Problem(message=UNKNOWN, path=f"{before}{name}"[:200]))
        if member is None or value is None:
            continue
        try:
            read_value = from_json(member, value)
        except Unreadable as error:
            unread.add(member.name)
            problems.append(Problem(message=str(error), path=f"{before}{name}"))
        else:
            values |= {} if read_value is None else {member.name: read_value}
    return values, frozenset(unread)


def _stage(given: Any, problems: list[Problem]) -> Stage:
    if given is None:
        return Stage.DRAFT
    if not isinstance(given, str) or given not in STAGES:
        problems.append(Problem(message=NO_STAGE, path="stage"))
        return Stage.DRAFT
    return STAGES[given]


def _list(given: Mapping[str, Any], name: str, path: str, problems: list[Problem]) -> Sequence[Any]:
    value = given.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append(Problem(message=NO_LIST, path=path))
        return ()
    if len(value) > MOST_LINES:
        problems.append(Problem(message=TOO_MANY_LINES, path=path))
        return ()
    return value


def _dimensions(given: Mapping[str, Any], before: str, problems: list[Problem]) -> tuple[Dimension, ...]:
    found = []
    for position, value in enumerate(_list(given, "dimensions", f"{before}dimensions", problems)):
        if _is_dimension(value):
            found.append(Dimension(name=value["name"].strip(), code=value["code"].strip()))
        else:
            problems.append(Problem(message=NO_DIMENSION, path=f"{before}dimensions[{position}]"))
    return tuple(found)


def _is_dimension(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"name", "code"}
        and all(
            isinstance(text, str) and text.strip() and len(text) <= 100 and is_printable(text)
            for text in value.values()
        )
    )
