"""A source with a memory of its own that reads deliveries as iCompleat does, and tells its list as a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from integrations.documents import Kind, Stage
from integrations.errors import Missing
from integrations.icompleat.connector import ICompleat
from integrations.metadata import Limits, Offers, Setting
from integrations.standing import Page, Standing
from tests.intake.reconciliation.lists import page_of


@dataclass
class There:
    """What the source holds. `before` runs before each answer, with what is asked, and may raise."""

    rows: list[Standing] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _: None

    def list(self, page: int, stage: Stage | None) -> Page:
        """One page of what stands at this stage."""
        return page_of([one for one in self.rows if stage in (None, one.stage)], page)

    def count(self, what: str) -> int:
        """How often it was asked."""
        return sum(one.startswith(what) for one in self.asked)


class ScriptedSource(ICompleat):
    """iCompleat's own way of reading, with another list; a test sets `there`."""

    metadata = replace(
        ICompleat.metadata,
        settings=(Setting(key="base_url", label="Base URL"), Setting(key="security_key", label="Key", secret=True)),
    )
    offers: ClassVar[Offers] = Offers(lists=True)
    limits: ClassVar[Limits] = Limits()
    limit_by: ClassVar[tuple[str, ...]] = ()
    there: ClassVar[There] = There()

    def listed(self, page: int, *, stage: Stage | None = None, kind: Kind | None = None) -> Page:
        self._asked(f"list {stage} {page}")
        return self.there.list(page, stage)

    def standing(self, external_id: str) -> Standing:
        self._asked(f"standing {external_id}")
        found = next((one for one in self.there.rows if one.external_id == external_id), None)
        if found is None:
            raise Missing(f"There is no transaction {external_id}.")
        return found

    def fetch(self, external_id: str) -> bytes:
        self._asked(f"fetch {external_id}")
        if external_id not in self.there.bodies:
            raise Missing(f"There is no transaction {external_id}.")
        return self.there.bodies[external_id]

    def _asked(self, what: str) -> None:
        self.link.outbound.permit()
        self.there.asked.append(what)
        self.there.before(what)
