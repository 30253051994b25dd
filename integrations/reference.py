"""Reference data: what an accounting system knows by code and documents may name. Plain values, like documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from integrations.exact import to_json


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
    passing on, as text, under names of ours:

    - supplier: `tax_number`, `email`, `phone`, `currency`; `address` (all of it in one line), and its parts where the
      system tells them: `address_1`, `address_2`, `city`, `region`, `postcode`, `country`, `country_code` (alpha-2);
      `payment_terms` (in words), `payment_days` (net days); `bank_name`, `bank_account`, `bank_sort_code`;
      `default_account`, `default_tax`, `default_department` (codes);
    - tax code: `rate` (per cent, such as 20 or 17.5), `use` (purchase or sale);
    - account: `type`;
    - currency: `rate` (units of it for one unit of the base currency), `is_base` (yes, or left out);
    - delivery site: `address_1`, `address_2`, `city`, `postcode`, `country`, `country_code`, `phone`.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordList:
    """One list of reference data at a source: a kind, and for dimensions the name of the source's own field."""

    kind: RecordKind
    dimension: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a source's own shape. `code` is how the source names it; codes are equal in any letter case there."""

    code: str
    body: Mapping[str, Any]

    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over all of it: equal as long as the source would be told the same."""
        return hashlib.sha256(f"{self.code}\n{to_json(self.body)}".encode()).hexdigest()
