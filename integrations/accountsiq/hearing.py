"""AccountsIQ's own webhook, where a connection has one: whatever it says, it only hints that something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from integrations.exact import from_json
from integrations.hearing import Heard, Hint
from integrations.reference import RecordKind
from integrations.sentences import sentence

_IDS: Final = ("EventId", "MessageId", "Id", "eventId", "id")
_NAMES: Final = ("EventType", "Event", "Type", "eventType", "event", "type")
_LONGEST_ID: Final = 100
_A_CHANGE: Final = "a change"


def heard(body: bytes, reads: frozenset[RecordKind]) -> Heard:
    """A hint at every kind that can be read. Nothing is published about the body, so any will do.

    A message without an id of its own counts as one that was never heard before: to read once too often does no harm.
    """
    told = _object(body)
    own = next((str(told[name]) for name in _IDS if type(told.get(name)) in (str, int) and told[name]), "")
    about = next((told[name] for name in _NAMES if isinstance(told.get(name), str)), None)
    return Heard(
        id=own[:_LONGEST_ID] or uuid4().hex,
        about=sentence(about, otherwise=_A_CHANGE)[:_LONGEST_ID],
        hints=(Hint(records=reads),),
    )


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = from_json(body.decode())
    except ValueError:
        return {}
    return told if isinstance(told, Mapping) else {}
