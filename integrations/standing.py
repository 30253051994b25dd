"""Where transactions stand at their source, and what happened to them there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integrations.documents import Kind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One transaction as a source's list tells it. `external_id` is in lower case.

    `word` is the source's own word for the stage; `kind` is None where its type is not known. `gross` is in `currency`,
    which is empty where the list does not tell it. `created_at` is aware UTC.
    """

    external_id: str
    stage: Stage
    word: str = ""
    kind: Kind | None = None
    number: str = ""
    order_number: str = ""
    supplier_reference: str = ""
    supplier_name: str = ""
    title: str = ""
    gross: Decimal | None = None
    currency: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some transactions; `is_last` says that no page after this one has any."""

    rows: tuple[Standing, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a transaction at its source. `at` is aware UTC, `who` a person's name there."""

    at: datetime | None
    what: str
    who: str = ""
    detail: str = ""
