"""One process per data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.operations.lock import AlreadyRunning, ProcessLock

HOLDER = """
import sys
from pathlib import Path
from portal.operations.lock import ProcessLock
ProcessLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "serve.lock"
    with ProcessLock(path), pytest.raises(AlreadyRunning, match=f"process {os.getpid()} already runs") as caught:
        ProcessLock(path).take()
    assert caught.value.pid == os.getpid()


def test_the_next_one_may_come_when_it_was_given_back(tmp_path: Path) -> None:
    path = tmp_path / "data" / "serve.lock"
    with ProcessLock(path):
        pass
    with ProcessLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "serve.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"):
            ProcessLock(path).take()
        holder.kill()
        holder.wait()
    with ProcessLock(path):
        assert path.read_text() == f"{os.getpid()}\n"
