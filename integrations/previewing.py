"""What would be sent, and what would be refused: told before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.documents import Awaiting, Posted


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One thing in a document that the system would refuse: a plain sentence that says what to do.

    `field` names the document's member or the setting at fault, `line` the line's number, None in the header.
    """

    message: str
    field: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A request that would write, complete and redacted, as it stood right before its first byte would have gone out.

    `url` is empty where nothing travels: then `body` is what the system itself would keep.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first writing request of a posting; or `there`, where an earlier attempt has written it already."""

    requests: tuple[HeldBack, ...] = ()
    there: Posted | Awaiting | None = None
