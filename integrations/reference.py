"""Reference data: what an accounting system knows by code and documents may name. Plain values, like documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RecordKind(StrEnum):
    """The kinds of reference data."""

    SUPPLIER = "supplier"
    ACCOUNT = "account"
    TAX = "tax"
    CURRENCY = "currency"
    DELIVERY_SITE = "delivery_site"
    DIMENSION = "dimension"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of reference data.

    `code` is what a document names it by, and empty only where the system itself has none; `external_id` is the
    system's own id. `dimension` names the dimension that a value belongs to. `details` holds what else is worth
    passing on, as text, under names of ours: a supplier's `tax_number`, `email`, `phone`, `currency`, `address`,
    `payment_terms`; a tax code's `rate` (per cent, such as 20 or 17.5), `use` (purchase or sale); an account's `type`.
    What the system changes by itself while nothing about the record changes, such as a time of writing or a counter,
    never belongs in here.
    """

    kind: RecordKind
    code: str
    name: str
    external_id: str
    is_active: bool = True
    dimension: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over all of it: equal as long as nothing about the record has changed."""
        content = (
            self.kind.value, self.code, self.name, self.external_id, self.is_active, self.dimension,
            sorted(self.details.items()),
        )  # fmt: skip
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
