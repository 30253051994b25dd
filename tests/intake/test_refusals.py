"""Counts of refused calls: collected, written at most once a second, added up per endpoint and hour."""

from __future__ import annotations

import uuid

import pytest

from portal.intake import refusals as module
from portal.intake.models import RefusedCalls
from portal.intake.refusals import RefusalCounter

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def counts() -> dict[str, int]:
    return dict(RefusedCalls.objects.values_list("endpoint_id_called", "count"))


def test_a_flood_is_written_once_a_second(clock: Clock) -> None:
    counter, endpoint = RefusalCounter(clock), uuid.uuid4()
    for _ in range(50):
        counter.add(endpoint, ["x-token", "accept"])
    assert counts() == {str(endpoint): 1}
    clock.now += 1.1
    counter.add(None, ["host"])
    assert counts() == {str(endpoint): 50, "unknown": 1}
    assert RefusedCalls.objects.get(endpoint_id_called=str(endpoint)).header_names == ["accept", "x-token"]


def test_a_good_call_writes_what_is_left(clock: Clock) -> None:
    counter = RefusalCounter(clock)
    for _ in range(3):
        counter.add(None, [])
    clock.now += 1.1
    counter.write_if_due()
    assert counts() == {"unknown": 3}
    counter.write_if_due()
    assert counts() == {"unknown": 3}


def test_only_some_header_names_are_kept() -> None:
    counter = RefusalCounter()
    counter.add(None, [f"x-{n:03d}" for n in range(500)])
    assert len(RefusedCalls.objects.get().header_names) == module.NAMES_AT_MOST
