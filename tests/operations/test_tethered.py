"""A child ends with its parent, however the parent ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from portal.operations.demo.children import TETHER
from tests.operations.running import wait_for

PARENT = """
import subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, sys.argv[1], "http.server", "0", "--bind", "127.0.0.1"],
    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
)
print(child.pid, flush=True)
time.sleep(120)
"""


def test_the_child_of_a_killed_parent_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(TETHER)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert lives(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        try:
            wait_for(lambda: not lives(child), "the child ends")
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def lives(pid: int) -> bool:
    """Whether this process runs; one that ended and was not collected yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
