"""Programs that are killed, frozen and started again, each with its children in a process group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.operations.running import ROOT, wait_for
from tests.servers import children_of

STOPS_WITHIN_SECONDS = 20.0
STARTS_AGAIN_AFTER_SECONDS = 0.2


class Program:
    """`environment` is asked at each start, with how many there were. Its output is appended to `log`."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Callable[[int], Mapping[str, str]], log: Path
    ) -> None:
        self.name, self.log = name, log
        self.starts = 0
        self.frozen: list[int] = []
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._gone_at = 0.0

    def start(self) -> None:
        """Start it, or start it again."""
        self.starts += 1
        with self.log.open("ab") as output:
            output.write(f"--- start {self.starts} at {time.time():.3f}\n".encode())
            output.flush()
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment(self.starts), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def revive(self) -> bool:
        """Start it again when it has been gone for a moment. True when it was started."""
        if self._process is None or self._process.poll() is None:
            return False
        if not self._gone_at:
            self._kill_group()
            self._gone_at = time.monotonic()
        if time.monotonic() - self._gone_at < STARTS_AGAIN_AFTER_SECONDS:
            return False
        self._gone_at = 0.0
        self.start()
        return True

    def kill(self) -> None:
        """SIGKILL to it and all its children."""
        self._kill_group()
        self.frozen = []

    def kill_alone(self) -> None:
        """SIGKILL to it; its children find out by themselves, until it is started again."""
        self.ask(signal.SIGKILL)

    def kill_child(self, choose: Callable[[list[int]], int]) -> bool:
        """SIGKILL to one of its children. False when it has none."""
        children = self.children()
        if children:
            _send(choose(children), signal.SIGKILL)
        return bool(children)

    def freeze(self) -> None:
        """SIGSTOP to it and all its children, until `thaw`."""
        self.frozen = [*self.children(), *([self._process.pid] if self._process else [])]
        for pid in self.frozen:
            _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self.frozen:
            _send(pid, signal.SIGCONT)
        self.frozen = []

    def ask(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        if self._process is not None:
            _send(self._process.pid, number)

    def stop(self) -> None:
        """Ask, wait, insist; nothing of it is left."""
        if self._process is None:
            return
        self.thaw()
        self.ask(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN_SECONDS)
        self._kill_group()
        self._process.wait()
        self._process = None

    def children(self) -> list[int]:
        """The processes that it started and that live."""
        if self._process is None:
            return []
        return children_of(self._process.pid)

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fails when time runs out."""
        wait_for(happened, f"{self.name} should {what}: {self.said()[-3000:]}")

    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _kill_group(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
