"""Which pages there are, area by area, for the tests that walk them as somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portal.postings.models import Transaction

Ids = Callable[[Transaction], dict[str, Any]]


def _none(_transaction: Transaction) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The pages of one area, by their names without `desk:`.

    `company_pages` and `tenant_pages` have `company_id` or `tenant_id` in their path, and the further ids that they
    name. `actions` are those that only take a POST; `owned` those that owners alone may send. `open_to_all` are for
    visitors, too. `ids` makes what the further ids are of, for the company of a transaction, and gives their values.
    """

    company_pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tenant_pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    owned: frozenset[str] = frozenset()
    open_to_all: frozenset[str] = frozenset()
    no_page: frozenset[str] = frozenset()
    ids: Ids = _none
