"""How a page looks again: soon while something runs, ever more rarely while it waits, and not for ever."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from portal.desk.going_live.watching import LONGEST_LOOKS, Watch, watch


def looked(turns: int, *, is_moving: bool = False, is_waiting: bool = True) -> Watch:
    seen = watch("/", "the same", QueryDict(), is_moving=is_moving).seen
    query = QueryDict(f"turn={turns}&seen={seen}")
    return watch("/", "the same", query, is_moving=is_moving, is_waiting=is_waiting)


def test_it_waits_longer_from_look_to_look() -> None:
    delays = [looked(turns).delay for turns in range(12)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (3, 60)


def test_it_does_not_wait_longer_while_something_runs() -> None:
    assert {looked(turns, is_moving=True).delay for turns in range(100)} == {2}


def test_with_nothing_to_wait_for_it_stops() -> None:
    assert not looked(0, is_waiting=False).looks_again


def test_it_does_not_look_for_ever() -> None:
    assert looked(LONGEST_LOOKS - 2).looks_again
    assert not looked(LONGEST_LOOKS - 1).looks_again


def test_after_a_change_it_begins_anew() -> None:
    found = watch("/", "another", QueryDict("turn=9&seen=of-before"), is_moving=False, is_waiting=True)
    assert (found.has_changed, found.turn) == (True, 0)


@pytest.mark.parametrize("turn", ["", "-1", "x", "9" * 40, "٣"])
def test_nonsense_is_the_first_look(turn: str) -> None:
    seen = watch("/", 1, QueryDict(), is_moving=False).seen
    query = QueryDict(mutable=True)
    query.update({"turn": turn, "seen": seen})
    assert watch("/", 1, query, is_moving=False, is_waiting=True).turn == 0
