"""Commands of the portal as real processes, in a directory and an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import requests

ROOT = Path(__file__).resolve().parents[2]
WITHIN_SECONDS = 60.0
# Nothing else of the test run's environment reaches the process.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
PRODUCTION = {
    "POSTROOM_SHAPE": "production",
    "SECRET_KEY": "a-secret-key-for-tests-only-0123456789-0123456789-0123",
    "TOKEN_PEPPER": "a-token-pepper-for-tests-only",
    "FIELD_KEYS": "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "DATABASE_URL": "postgres://nobody@/nowhere?host=/nonexistent",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "BASE_URL": "https://post.example.com",
}


def environment(directory: Path, **more: str) -> dict[str, str]:
    """What a process sees: the data directory, and what the test gives it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "POSTROOM_DATA_DIR": str(directory), "PYTHONUNBUFFERED": "1", **more}


def manage(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Process:
    """A program in the background, its output in a file; killed at the end of a `with` block if it still runs."""

    def __init__(self, command: list[str], *, env: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        """Fails when the program ends first, or time runs out."""
        wait_for(lambda: self.popen.poll() is not None or happened(), f"{what}: {self.said()}")
        assert self.popen.poll() is None, f"ended before it would {what}: {self.said()}"

    def end(self, number: int) -> int:
        """Send a signal, wait, give the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(WITHIN_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


def wait_for(happened: Callable[[], bool], what: str, within_seconds: float = WITHIN_SECONDS) -> None:
    """Wait for a condition; fails when time runs out."""
    deadline = time.monotonic() + within_seconds
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in time: {what}"
        time.sleep(0.05)


def get(url: str, **headers: str) -> requests.Response:
    """One request without proxies or redirects."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=10, allow_redirects=False)


def answers(url: str) -> bool:
    """Whether somebody answers there."""
    try:
        return get(url).ok
    except requests.RequestException:
        return False


@contextmanager
def serving(directory: Path, env: Mapping[str, str], *arguments: str) -> Iterator[tuple[Process, str]]:
    """`manage.py serve` on a free port: the process and its address."""
    ready = directory / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--ready-file", str(ready), *arguments]
    with Process(command, env=env, log=directory / "serve.log") as process:
        process.wait_for(ready.exists, "serve")
        url: str = json.loads(ready.read_text())["url"]
        process.wait_for(lambda: get(f"{url}/readyz").json()["status"] == "ready", "become ready")
        yield process, url
