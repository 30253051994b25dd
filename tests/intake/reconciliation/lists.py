"""Lists as sources tell them, in any order, and a count of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.documents import Kind, Stage
from integrations.standing import Page, Standing

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PAGE = 20


def a_standing(external_id: str, created_at: datetime | None = NOW - timedelta(hours=2), **members: Any) -> Standing:
    """One approved invoice of 120.00 GBP."""
    fields: dict[str, Any] = {
        "stage": Stage.APPROVED, "word": "APPR", "kind": Kind.INVOICE, "number": f"INV-{external_id}",
        "supplier_name": "Crown Conference Centre", "gross": Decimal("120.00"), "currency": "GBP",
    }  # fmt: skip
    return Standing(external_id=external_id, created_at=created_at, **{**fields, **members})


def rising(count: int, every: timedelta = timedelta(hours=1)) -> list[Standing]:
    """So many, the newest two hours before now, the oldest first."""
    return [a_standing(str(number), NOW - timedelta(hours=2) - every * (count - number)) for number in range(count)]


@dataclass
class Lister:
    """A list of transactions, 20 a page; `before` runs before each answer and may raise or change the list."""

    rows: list[Standing]
    asked: list[int] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None

    def __call__(self, page: int) -> Page:
        self.asked.append(page)
        self.before(page)
        return page_of(self.rows, page)


def page_of(rows: Sequence[Standing], page: int) -> Page:
    """A short page is the last one; a page past the end is empty."""
    shown = tuple(rows[(page - 1) * PAGE : page * PAGE])
    return Page(rows=shown, is_last=len(shown) < PAGE)
