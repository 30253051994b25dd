"""Workers that stop in mid-call for as long as a test likes, one running at a time: what a frozen process does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections


class Killed(BaseException):
    """The process was killed: nothing that comes after it runs, no error handling either."""


class SlowWorker:
    """A thread that runs `body` until it calls `stop_here`, and goes on when it is told to.

    It uses the maker's database connection, so that a test's surrounding transaction holds what it does too. That is
    safe because maker and worker take turns: `go_on` returns when the worker has stopped again or has ended.
    """

    def __init__(self, body: Callable[[SlowWorker], None]) -> None:
        self._body = body
        self._connection = connections["default"]
        self._my_turn, self._your_turn = threading.Semaphore(0), threading.Semaphore(0)
        self._is_killed = self._has_ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="slow-worker", daemon=True)
        self._connection.inc_thread_sharing()
        self._thread.start()
        self._your_turn.acquire()

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to go on with."""
        return self._has_ended

    def go_on(self) -> None:
        """Let it run to its next stop or its end; what it raised is raised here."""
        if self.has_ended:
            return
        self._my_turn.release()
        self._your_turn.acquire()
        if self._error is not None:
            raise self._error

    def kill(self) -> None:
        """End it where it stands."""
        self._is_killed = True
        self.go_on()

    def stop_here(self) -> None:
        """Called by the body: wait to be told to go on."""
        self._your_turn.release()
        self._my_turn.acquire()
        if self._is_killed:
            raise Killed

    def _main(self) -> None:
        connections["default"] = self._connection
        try:
            self.stop_here()
            self._body(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by `go_on`, in the test's own thread
            self._error = error
        finally:
            self._connection.dec_thread_sharing()
            self._has_ended = True
            self._your_turn.release()
