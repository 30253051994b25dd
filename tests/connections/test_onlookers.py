"""Who waits for a vendor on a page must leave the web threads to everybody else."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

import pytest

from integrations.errors import Retryable
from portal.connections import onlookers
from portal.connections.onlookers import BUSY, one_of

ONE, TWO, THREE = (uuid.UUID(int=number) for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlookers, "MOST", 3)
    monkeypatch.setattr(onlookers, "MOST_OF_ONE", 2)


def refused(company_id: uuid.UUID) -> bool:
    """Whether there is no room; the refusal counts as no failure of the vendor's."""
    try:
        with one_of(company_id):
            return False
    except Retryable as error:
        return (error.message, error.free) == (BUSY, True)


def test_a_company_has_its_share_and_all_together_have_theirs() -> None:
    with ExitStack() as waiting:
        waiting.enter_context(one_of(ONE))
        waiting.enter_context(one_of(ONE))
        assert [refused(one) for one in (ONE, TWO, THREE)] == [True, False, False]
        waiting.enter_context(one_of(TWO))
        assert [refused(one) for one in (ONE, TWO, THREE)] == [True, True, True]
    assert [refused(one) for one in (ONE, TWO, THREE)] == [False, False, False]


def test_a_place_is_free_again_whatever_happened_in_it() -> None:
    for _ in range(5):
        with pytest.raises(LookupError), one_of(ONE):
            raise LookupError
    assert not refused(ONE)
    assert onlookers._held == {}
