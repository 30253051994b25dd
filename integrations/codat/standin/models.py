"""What may be pushed where: each platform's model of a document, told as push options and used to judge a body.

A model is written as paths with a type: `String* max=30` is a required text of at most thirty characters, `guid` one
of a GUID's form, `positive` above zero, `Open|Draft` one of these, `most=40` an array of at most so many; `single` and
`location` are only said. The facts stand in the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from integrations.codat.standin.memory import moment
from integrations.codat.standin.rules import MODELS
from integrations.codat.standin.sales_rules import SALES_MODELS

Fault = dict[str, str]
_NOTHING: Final[tuple[Any, ...]] = (None, "", [])
_POSITIVE: Final = "Must be greater than zero."
# What a model says in words and judges elsewhere, or not at all.
_SAID: Final[Mapping[str, str]] = {
    "single": "Only one line may be specified.",
    "location": "The id format should be 'location-<NUMBER>'.",
}


@dataclass(slots=True)
class Node:
    """One member of a model, and the members beneath it."""

    type: str = "Object"
    is_required: bool = False
    most: int | None = None
    is_guid: bool = False
    choices: tuple[str, ...] = ()
    is_forbidden: bool = False
    is_positive: bool = False
    said: str = ""
    members: dict[str, Node] = field(default_factory=dict)


def model(platform: str, data_type: str) -> Node | None:
    """The model of a data type, None where it cannot be pushed."""
    lines = MODELS.get((platform, data_type)) or SALES_MODELS.get((platform, data_type))
    if lines is None:
        return None
    root = Node(is_required=True)
    for path, words in lines.items():
        node = root
        for name in path.split("."):
            node = node.members.setdefault(name, Node())
        _describe(node, words.split())
    return root


def _describe(node: Node, words: list[str]) -> None:
    node.type, node.is_required = words[0].rstrip("*"), words[0].endswith("*")
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name in {"max", "most"}:
            node.most = int(value)
        elif word == "guid":
            node.is_guid = True
        elif word == "forbidden":
            node.is_forbidden = True
        elif word == "positive":
            node.is_positive = True
        elif word in _SAID:
            node.said = _SAID[word]
        else:
            node.choices = tuple(word.split("|"))


def options(node: Node, name: str) -> dict[str, Any]:
    """The model as `GET options` tells it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    told: dict[str, Any] = {
        "type": node.type,
        "displayName": words[:1].upper() + words[1:],
        "description": f"{words[:1].upper()}{words[1:].lower()}.",
        "required": node.is_required,
    }
    if node.members:
        told["properties"] = {member: options(one, member) for member, one in node.members.items()}
    if node.choices:
        told["options"] = [
            {"value": one, "type": "String", "displayName": one, "required": False} for one in node.choices
        ]
    if details := list(_details(node)):
        warnings = [{"field": name[:1].upper() + name[1:], "details": one} for one in details]
        told["validation"] = {"warnings": warnings, "information": []}
    return told


def _details(node: Node) -> Iterator[str]:
    if node.is_forbidden:
        yield "Must not be provided."
    if node.is_guid:
        yield "Must be a valid GUID."
    if node.is_positive:
        yield _POSITIVE
    if node.said:
        yield node.said
    if node.most is not None:
        yield f"Max of {node.most} items." if node.type == "Array" else f"Max length of {node.most} characters."


def faults(node: Node, body: Any, validator: str, path: str = "") -> Iterator[Fault]:
    """Everything in a body that the model does not allow; members that it does not name are passed over."""
    for name, member in node.members.items():
        own = f"{path}{name[:1].upper()}{name[1:]}"
        given = body.get(name) if isinstance(body, Mapping) else None
        if given in _NOTHING:
            if member.is_required:
                yield fault(own, "Must be provided.", validator)
        elif told := _wrong(member, given):
            yield fault(own, told, validator)
        else:
            yield from _beneath(member, given, validator, own)


def _beneath(member: Node, given: Any, validator: str, own: str) -> Iterator[Fault]:
    if member.type == "Array":
        for place, one in enumerate(given):
            yield from faults(member, one, validator, f"{own}[{place}].")
    elif member.type == "Object":
        yield from faults(member, given, validator, f"{own}.")


def fault(item: str, message: str, validator: str) -> Fault:
    """One validation message."""
    return {"itemId": item, "message": message, "validatorName": validator}


def _wrong(node: Node, given: Any) -> str:
    """What is wrong with one value by itself; nothing where it is sound."""
    if node.is_forbidden:
        return "Must not be provided."
    if not _fits(node.type, given):
        return f"Must be of type {node.type}."
    if node.most is not None and len(given) > node.most:
        return f"Max of {node.most} items." if node.type == "Array" else f"Max length of {node.most} characters."
    if node.is_positive and given <= 0:
        return _POSITIVE
    if node.is_guid and not _is_guid(given):
        return "Must be a valid GUID."
    if node.choices and given not in node.choices:
        return f"Must be one of {', '.join(node.choices)}."
    return ""


def _fits(wanted: str, given: Any) -> bool:
    match wanted:
        case "Number":
            return isinstance(given, int | Decimal) and not isinstance(given, bool)
        case "Array":
            return isinstance(given, list)
        case "Object":
            return isinstance(given, Mapping)
        case "Boolean":
            return isinstance(given, bool)
        case "DateTime":
            return isinstance(given, str) and _is_moment(given)
        case _:
            return isinstance(given, str)


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
