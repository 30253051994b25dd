"""The demo's child processes: started, watched until they are well, ended without orphans."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

TETHER = Path(__file__).with_name("tethered.py")
LOOK_EVERY_SECONDS = 0.05
STOPS_WITHIN_SECONDS = 25.0
LINES_SHOWN = 15


class DemoFailed(Exception):
    """The demo cannot go on; the message says why, and what the child said last."""


class Child:
    """A module of this project in a process of its own, tethered to ours. Its output goes to a log file.

    It has a session of its own: Ctrl-C reaches the demo alone, which then ends its children one after another.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(TETHER), module, *arguments],
                cwd=settings.BASE_DIR,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, happened: Callable[[], bool], what: str, within_seconds: float) -> None:
        """Wait for a condition. Raises `DemoFailed` when the child ends first, or time runs out."""
        deadline = time.monotonic() + within_seconds
        while not happened():
            self.check()
            if time.monotonic() > deadline:
                raise DemoFailed(f"{self.name} did not {what} within {within_seconds:.0f} seconds.{self.last_words()}")
            time.sleep(LOOK_EVERY_SECONDS)

    def check(self) -> None:
        """Raise `DemoFailed` if the child has ended."""
        code = self.process.poll()
        if code is not None:
            raise DemoFailed(f"{self.name} ended by itself with code {code}.{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log, indented, for an error message."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES_SHOWN:]
        said = "\n".join(f"  {line}" for line in lines)
        return f" Its log ({self.log}) ends with:\n{said}" if lines else f" Its log ({self.log}) is empty."

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Ask, wait, insist."""
        self.ask_to_stop()
        try:
            self.process.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()


class Children:
    """All children: whatever happens inside of the block, none is left at its end."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def add(self, child: Child) -> Child:
        """Take care of this one, too."""
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise `DemoFailed` if one has ended."""
        for child in self._children:
            child.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            child.ask_to_stop()
        for child in reversed(self._children):
            child.stop()
