"""What a platform tells of itself: which modules the user sees, which fields they have, and what may be relied on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from integrations.accessplanit.answers import NotUnderstood
from integrations.accessplanit.client import Client
from integrations.accessplanit.names import ALLOCATION, FEED_NAMES, GUESSED_UPDATED, INVOICE, ITEM, TRANSACTION
from integrations.accessplanit.places import moment_of
from integrations.accessplanit.query import Query
from integrations.accessplanit.rows import Row, is_empty
from integrations.accessplanit.terms import folded
from integrations.errors import Malformed, Misconfigured, Missing, Retryable
from integrations.feeds import Field

_LISTS: Final = ("results", "fields", "properties", "columns", "members", "data")
_NAMES: Final = ("name", "propertyname", "property", "fieldname", "field", "key", "id")
_LABELS: Final = ("label", "displayname", "title", "description", "caption")
_TYPES: Final = ("type", "datatype", "propertytype")
_WRITABLE: Final = ("iswritable", "writable", "canupdate", "canwrite", "updatable", "canset")
_READ_ONLY: Final = ("isreadonly", "readonly")
_MOST_FIELDS: Final = 2_000
_LONGEST: Final = 200
_Told = dict[str, Any]


def survey(client: Client) -> Mapping[str, Any]:
    """`{"feeds": {name: {"visible", "why", "by_id", "changes", "fields"}}, "parts": {module: {"visible", "why",
    "fields"}}, "takes_payments"}`, JSON. Parts are the items of invoices and the links of transactions.

    `visible` False: `why` is a sentence. `by_id`: the id is taken as the second part of an order. `changes` is the
    property by whose order changes are found, empty where there is none to rely on. `fields` are the names of the
    platform's own description, else those of one record. Raises `Unauthorised` and `Retryable`.
    """
    feeds = {name: _feed(client, name) for name in FEED_NAMES}
    parts = {name: _part(client, name) for name in (ITEM, ALLOCATION)}
    return {"feeds": feeds, "parts": parts, "takes_payments": _takes(client, TRANSACTION)}


def fields(client: Client, module: str) -> tuple[Field, ...]:
    """What the platform describes of a module. Raises `Missing` where it describes nothing, and as the client.

    Only that there is such a description is seen, not its shape: a list of names, a list of objects, or an object by
    names are all read.
    """
    found = tuple(_fields(client.described(module)))
    if not found:
        raise Missing(f"accessplanit describes no fields of {client.terms.modules[module]}.")
    return found


def changes_field(told: Mapping[str, Any], feed: str) -> str:
    """The property by whose order changes are found, as a survey told it."""
    return str(_of(told, feed).get("changes") or "")


def orders_by_id(told: Mapping[str, Any], feed: str) -> bool:
    """Whether the id is taken as the second part of an order; it is tried where nothing is known."""
    return _of(told, feed).get("by_id") is not False


def hidden(told: Mapping[str, Any]) -> Mapping[str, str]:
    """The feeds that the user does not see, with a sentence each. Invoices are of no use without their items."""
    found = {name: _of(told, name) for name in FEED_NAMES}
    items = _of(told, ITEM, among="parts")
    if items.get("visible") is False and found[INVOICE].get("visible") is not False:
        found[INVOICE] = items
    return {name: str(one.get("why") or "") for name, one in found.items() if one.get("visible") is False}


def _of(told: Mapping[str, Any], name: str, *, among: str = "feeds") -> Mapping[str, Any]:
    known = told.get(among)
    found = known.get(name) if isinstance(known, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _part(client: Client, module: str) -> _Told:
    try:
        rows = client.rows(module, Query(top=1))
    except Misconfigured as error:
        return {"visible": False, "why": error.message, "fields": []}
    return {"visible": True, "why": "", "fields": _known(client, module, rows)}


def _feed(client: Client, name: str) -> _Told:
    made = client.terms.reading.fields[f"{name}.made"]
    by_id = True
    try:
        try:
            rows = client.rows(name, Query(order=(made, "ID"), top=1))
        except NotUnderstood:
            by_id = False
            rows = client.rows(name, Query(order=(made,), top=1))
    except Misconfigured as error:
        return {"visible": False, "why": error.message, "by_id": True, "changes": "", "fields": []}
    known = _known(client, name, rows)
    return {"visible": True, "why": "", "by_id": by_id, "changes": _changes(client, name, known), "fields": known}


def _known(client: Client, name: str, rows: list[Any]) -> list[str]:
    """The names of the description, else of a record. A description that cannot be read is none."""
    try:
        return [one.name for one in fields(client, name)]
    except (Misconfigured, Missing):
        pass
    except Retryable as error:
        if error.free:
            raise
    return [str(key)[:_LONGEST] for row in rows[:1] if isinstance(row, Mapping) for key in list(row)[:_MOST_FIELDS]]


def _changes(client: Client, feed: str, known: Iterable[str]) -> str:
    """The moment of a change, where there is one and every record has it: the lowest one is asked for."""
    name = next((one for one in known if folded(one) == folded(GUESSED_UPDATED)), "")
    if not name:
        return ""
    try:
        rows = client.rows(feed, Query(order=(name,), top=1))
    except Misconfigured:
        return ""
    return name if rows and all(moment_of(row, name) for row in rows) else ""


def _takes(client: Client, module: str) -> bool:
    """Whether the platform's own description says that something of a module can be written."""
    try:
        return any(one.is_writable for one in fields(client, module))
    except (Misconfigured, Missing):
        return False
    except Retryable as error:
        if error.free:
            raise
        return False


def _fields(told: Any) -> Iterable[Field]:
    if isinstance(told, Mapping):
        inner = next((value for key, value in told.items() if key.lower() in _LISTS and not is_empty(value)), None)
        if inner is not None:
            yield from _fields(inner)
            return
        named = [(str(key), value) for key, value in told.items()]
    else:
        named = [("", value) for value in told] if isinstance(told, list) else []
    for name, value in named[:_MOST_FIELDS]:
        found = _field(name, value)
        if found.name:
            yield found


def _field(name: str, value: Any) -> Field:
    """One field, from `"Name"`, `{"Name": …, "Type": …}`, or a type or an object under its name."""
    if isinstance(value, str):
        return Field(name=name, type=value[:_LONGEST]) if name else Field(name=value.strip()[:_LONGEST])
    if not isinstance(value, Mapping):
        return Field(name=name)
    row = Row(value)
    return Field(
        name=name or _first(row, _NAMES),
        label=_first(row, _LABELS),
        type=_first(row, _TYPES),
        is_writable=_writable(value),
    )


def _first(row: Row, names: Iterable[str]) -> str:
    for name in names:
        try:
            if text := row.text(name, _LONGEST):
                return text
        except Malformed:
            continue
    return ""


def _writable(value: Mapping[str, Any]) -> bool | None:
    told = {key.lower(): member for key, member in value.items()}
    for names, means in ((_WRITABLE, True), (_READ_ONLY, False)):
        found = next((told[name] for name in names if isinstance(told.get(name), bool)), None)
        if found is not None:
            return found is means
    return None
