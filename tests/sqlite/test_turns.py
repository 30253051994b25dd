"""The lock itself: first come, first served, within a time, and never lost."""

from __future__ import annotations

import gc
import signal
import sqlite3
import threading

import pytest

from portal.sqlite.turns import Turn, WriteLock, lock_of
from tests.sqlite.files import WITHIN_SECONDS, finish, start, wait_until


def test_who_asks_first_is_first() -> None:
    lock, order = WriteLock(), list[int]()

    def work(number: int) -> None:
        assert lock.take(WITHIN_SECONDS)
        order.append(number)
        lock.give_back()

    assert lock.take(0)
    threads = []
    for number in range(8):
        threads.append(start(work, number))
        wait_until(lambda expected=number + 1: lock.waiting == expected)  # type: ignore[misc]
    assert order == []
    lock.give_back()
    finish(*threads)
    assert order == list(range(8))
    assert lock.take(0)


def test_only_one_holds_it_at_a_time() -> None:
    lock, inside, most = WriteLock(), list[int](), list[int]()

    def work() -> None:
        for _ in range(200):
            assert lock.take(WITHIN_SECONDS)
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            lock.give_back()

    finish(*[start(work) for _ in range(4)])
    assert (len(most), max(most)) == (800, 1)


def test_a_wait_ends_with_its_time_and_leaves_no_trace() -> None:
    lock = WriteLock()
    assert lock.take(0)
    assert not lock.take(0.01)
    assert not lock.take(-1)
    assert lock.waiting == 0
    lock.give_back()
    assert lock.take(0)


def test_who_has_left_the_queue_is_passed_over() -> None:
    lock, came = WriteLock(), list[str]()

    def work(name: str, seconds: float) -> None:
        if lock.take(seconds):
            came.append(name)
            lock.give_back()

    assert lock.take(0)
    impatient = start(work, "impatient", 0.05)
    wait_until(lambda: lock.waiting == 1)
    patient = start(work, "patient", WITHIN_SECONDS)
    finish(impatient)
    lock.give_back()
    finish(patient)
    assert came == ["patient"]


def test_whoever_holds_it_already_waits_in_vain() -> None:
    """Not re-entrant: what asks twice is told so after its time, and does not hang."""
    turn = Turn(WriteLock(), 0.01)
    turn.take()
    with pytest.raises(sqlite3.OperationalError, match=r"^database is locked$"):
        turn.take()
    turn.give_back()
    turn.give_back()
    turn.take()


@pytest.mark.parametrize("came_in_that_moment", [False, True])
def test_an_interrupted_wait_loses_no_turn(came_in_that_moment: bool) -> None:
    """Ctrl-C reaches the main thread alone, wherever it waits."""
    lock = WriteLock()
    assert lock.take(0)

    def interrupt(*_: object) -> None:
        if came_in_that_moment:
            lock.give_back()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    main = threading.get_ident()
    try:

        def send() -> None:
            wait_until(lambda: lock.waiting == 1)
            signal.pthread_kill(main, signal.SIGUSR1)

        sender = start(send)
        with pytest.raises(KeyboardInterrupt):
            lock.take(WITHIN_SECONDS)
        finish(sender)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert lock.waiting == 0
    assert lock.take(0) is came_in_that_moment


def test_each_database_has_one_lock_for_as_long_as_it_is_used() -> None:
    first, again, other = lock_of("/somewhere/a"), lock_of("/somewhere/a"), lock_of("/somewhere/b")
    assert first is again
    assert first is not other
    assert first.take(0)
    assert other.take(0)
    del first, again
    gc.collect()
    assert lock_of("/somewhere/a").take(0)
