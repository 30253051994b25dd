"""What an outside system tells by itself, by its own webhook: hints, never facts. What they hint at is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from integrations.documents import Kind
from integrations.reference import RecordKind


class Hears(StrEnum):
    """Where a vendor's webhook goes: nowhere, to one address of the installation, or to one of each connection."""

    NOTHING = "nothing"
    AT_THE_INSTALLATION = "installation"
    AT_THE_CONNECTION = "connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One thing that may have happened. `company_id` is that of `Company.external_id`, empty where the address says it.

    `operation`: what `Awaiting.operation` named has ended. `records`: these kinds may have changed. `asks_status`: the
    connection may have been linked, unlinked or deauthorised over there. `documents`: of documents of these kinds more
    can be told by now.
    """

    company_id: str = ""
    operation: str = ""
    records: frozenset[RecordKind] = frozenset()
    asks_status: bool = False
    documents: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message. `id` is the vendor's own, the same in every repeat of it; `about` is what it calls itself."""

    id: str
    about: str
    hints: tuple[Hint, ...] = ()
