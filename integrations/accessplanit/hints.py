"""What a webhook of accessplanit hints at. Its body is not public, so every shape is read that has an id in it.

Seen is only that the method goes by the event: POST for what was made, PUT or PATCH for what changed, DELETE for what
was deleted (README). What a hint leaves open, the feeds tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from integrations.accessplanit.names import ALLOCATION, CREDIT_NOTE, FEED_NAMES, FEED_OF, INVOICE, TRANSACTION
from integrations.accessplanit.terms import folded
from integrations.exact import from_json
from integrations.feeds import Call, Pointer

_LARGEST_BODY: Final = 1024 * 1024
_DEEPEST: Final = 4
_MOST_PARTS: Final = 200
_MOST_FORM_FIELDS: Final = 100
_ID: Final = re.compile(r"[!-~]{1,64}")

_IDS: Final = ("id", "entityid", "objectid", "recordid")
_MODULES: Final = ("module", "modulename", "entity", "entitytype", "objecttype", "type")
_EVENTS: Final = ("event", "eventtype", "action", "operation")
_OWN_IDS: Final = {"invoiceid": INVOICE, "transactionid": TRANSACTION, "creditnoteid": CREDIT_NOTE}
# A part of a record says by its own member to which record it belongs.
_OWNER: Final = {INVOICE: "invoiceid", TRANSACTION: "transactionid", CREDIT_NOTE: "creditnoteid"}

_Part = tuple[str, Mapping[str, Any]]


def pointer(call: Call, modules: Mapping[str, str]) -> Pointer:
    """What a call hints at; nothing where it cannot be read. `modules` are names over there by ours. Never raises."""
    known = {folded(name): ours for ours, name in modules.items() if name}
    known |= {folded(one): one for one in (*FEED_NAMES, ALLOCATION)}
    query = {name.lower(): value for name, value in call.query.items()}
    parts = [*_parts(_content(call)), ("", query)]
    module = next((known[word] for word in _module_words(parts) if word in known), "")
    id_, feed = _found(parts, module)
    is_gone = call.method.upper() == "DELETE" or any("delete" in word for word in _event_words(parts))
    if module and FEED_OF[module] != module:
        # What happened to a part of a record is a change of the record.
        is_gone = False
    return Pointer(feed=feed, external_id=f"{feed}-{id_}" if feed and id_ else id_, is_gone=is_gone)


def _content(call: Call) -> Any:
    """The body as JSON, else as a form; None for anything else."""
    if len(call.body) > _LARGEST_BODY:
        return None
    try:
        text = call.body.decode("utf-8-sig")
        return from_json(text)
    except ValueError:
        pass
    try:
        return dict(parse_qsl(call.body.decode(), max_num_fields=_MOST_FORM_FIELDS))
    except ValueError:
        return None


def _parts(content: Any) -> Iterator[_Part]:
    """The objects of a body with the names under which they stand, the outer ones first; of a list only its first."""
    level: list[tuple[str, Any]] = [("", content)]
    count = 0
    for _ in range(_DEEPEST):
        inner: list[tuple[str, Any]] = []
        for name, one in level:
            value = one[0] if isinstance(one, list) and one else one
            if not isinstance(value, Mapping) or count >= _MOST_PARTS:
                continue
            count += 1
            yield name, {key.lower(): member for key, member in value.items()}
            inner += [(folded(key), member) for key, member in value.items() if isinstance(member, Mapping | list)]
        level = inner


def _module_words(parts: list[_Part]) -> Iterator[str]:
    """Words that may name a module: of members that say so, then of the names under which objects stand."""
    for _, members in parts:
        yield from (folded(value) for name in _MODULES if isinstance(value := members.get(name), str))
    yield from (name for name, _ in parts if name)


def _event_words(parts: list[_Part]) -> Iterator[str]:
    for _, members in parts:
        yield from (value.lower() for name in _EVENTS if isinstance(value := members.get(name), str))


def _found(parts: list[_Part], module: str) -> tuple[str, str]:
    """The id and the feed that it is one of. Of a part of a record it is the record's id."""
    feed = FEED_OF.get(module, "")
    owner = _OWNER.get(feed, "")
    wanted = _IDS if not module or module == feed else ()
    names = (*wanted, owner) if module else wanted
    for _, members in parts:
        for name in filter(None, names):
            if id_ := _id(members.get(name)):
                return id_, feed
    if module:
        return "", feed
    for _, members in parts:
        for name, of in _OWN_IDS.items():
            if id_ := _id(members.get(name)):
                return id_, of
    return "", ""


def _id(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < 10**18 and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and abs(value) > 10**40):
        return ""
    text = str(value).strip()
    return text if _ID.fullmatch(text) else ""
