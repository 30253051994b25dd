"""A short run of Schemathesis with all checks; `make fuzz` does the long one."""

from __future__ import annotations

import pytest

from portal.api import rate
from tests.fuzz import campaign, world
from tests.raising.fake_source import Trays


@pytest.mark.django_db(transaction=True)
def test_generated_requests_find_nothing(trays: Trays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "LIMIT", 10**9)
    made = world.make()
    outcome = campaign.run(campaign.configuration(made, examples=4, phases=("examples", "fuzzing")))
    assert not outcome.problems, "\n\n".join(outcome.problems)
    assert outcome.cases > 120
    assert {200, 201, 204, 400, 404, 409} <= set(outcome.statuses)
