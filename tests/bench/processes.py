"""Start programs, and read from /proc what they and all their children used."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import sysconf
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PROC = Path("/proc")
TICK_MS = 1000 / sysconf("SC_CLK_TCK")
STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1
# Two readings this far apart that differ by no more than this are taken as rest.
REST_EVERY_SECONDS = 0.25
REST_MS = 15.0
REST_WITHIN_SECONDS = 20.0


class BenchFailed(Exception):
    """The run cannot be trusted or could not go on; the message says why."""


class Program:
    """A process with its output in a log file, ended at the end of a `with` block."""

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        self.pid = self._process.pid

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for a condition. Raises `BenchFailed` when the program ends first, or time runs out."""
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not happened():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = "\n".join(self.said().splitlines()[-20:])
                raise BenchFailed(f"{self.name} did not {what}. Its log ends with:\n{said}")
            time.sleep(LOOK_EVERY_SECONDS)

    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ask_to_stop(self) -> None:
        """Ask; what is asked at the same time ends at the same time."""
        self._process.terminate()

    def stop(self) -> None:
        """Ask, wait, insist."""
        self.ask_to_stop()
        try:
            self._process.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class Meter:
    """What the parts of a shape use: `parts` is the first process of each, by name; its children count with it."""

    parts: Mapping[str, int]

    def cpu_ms(self) -> dict[str, float]:
        """CPU time of each part since it began, user and system, in milliseconds."""
        trees = self._trees()
        return {name: sum(_cpu_ms(pid) for pid in trees[name]) for name in self.parts}

    def resident_mb(self, names: Sequence[str]) -> float:
        """Resident memory of these parts together, in MB (10^6); pages that processes share count for each."""
        trees = self._trees()
        return sum(_resident_kb(pid) for name in names for pid in trees[name]) * 1024 / 1e6

    def rest(self) -> None:
        """Wait until the parts have nothing left to do. Raises `BenchFailed` when they stay busy."""
        deadline = time.monotonic() + REST_WITHIN_SECONDS
        before = sum(self.cpu_ms().values())
        while time.monotonic() < deadline:
            time.sleep(REST_EVERY_SECONDS)
            now = sum(self.cpu_ms().values())
            if now - before <= REST_MS:
                return
            before = now
        raise BenchFailed(f"The servers are still busy {REST_WITHIN_SECONDS:.0f} seconds after the last answer.")

    def _trees(self) -> dict[str, list[int]]:
        children = _children()
        return {name: _tree(pid, children) for name, pid in self.parts.items()}


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*"):
        fields = _stat(int(path.name))
        if fields:
            children[int(fields[1])].append(int(path.name))
    return children


def _tree(pid: int, children: Mapping[int, list[int]]) -> list[int]:
    return [pid, *(below for child in children.get(pid, []) for below in _tree(child, children))]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold blanks; none when the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cpu_ms(pid: int) -> float:
    """A process's own time and that of the children that it has outlived.

    `stat` counts in ticks of 10 ms. A process of one thread (a PostgreSQL backend) is read in nanoseconds instead:
    with twenty of them the ticks would be all the figure.
    """
    fields = _stat(pid)
    if not fields:
        return 0.0
    user, system, dead_user, dead_system, threads = (int(fields[position]) for position in (11, 12, 13, 14, 17))
    own = _exact_ms(pid) if threads == 1 else (user + system) * TICK_MS
    return own + (dead_user + dead_system) * TICK_MS


def _exact_ms(pid: int) -> float:
    try:
        return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e6
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _resident_kb(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
