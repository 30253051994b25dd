"""How a document in Tryton says that it is ours: its description ends with its kind and our key.

The description is the one text that invoices and orders both have, that can be searched in any state, and that Tryton
puts on the lines of the ledger, too. It reads `P-000001 Venue hire [postroom invoice 8f14e45f-...]`. The kind is part
of it because a copy of an order into an invoice takes the description along.
"""

from __future__ import annotations

import re
from typing import Final

from integrations.documents import Document, IdempotencyKey, Kind
from integrations.tryton.words import like, one_line

ANY: Final = "%[postroom %]"
"""What `like` needs to find all of ours."""
_MARK: Final = re.compile(r"^(?P<reference>\S*) .*\[postroom (?P<kind>[a-z_]+) (?P<key>[^\[\]]+)\]$", re.DOTALL)
_KINDS: Final = frozenset(one.value for one in Kind)


def description(document: Document, *, key: IdempotencyKey, reference: str) -> str:
    """The portal's number, what it is about, and the mark."""
    about = " ".join([reference, one_line(document.title)]).rstrip()
    return f"{about} {_mark(document.kind, key)}"


def pattern(kind: Kind, key: IdempotencyKey) -> str:
    """What `like` needs to find the documents of one key."""
    return f"%{like(_mark(kind, key))}"


def read(text: str) -> tuple[str, Kind, str] | None:
    """(reference, kind, key) of a description; None where it is not ours."""
    found = _MARK.match(text)
    if found is None or found["kind"] not in _KINDS:
        return None
    return found["reference"], Kind(found["kind"]), found["key"]


def _mark(kind: Kind, key: IdempotencyKey) -> str:
    return f"[postroom {kind.value} {key.value}]"
