"""Run a module as a child that cannot outlive its parent: `python tethered.py <module> [arguments]`.

The parent holds the other end of our standard input and never writes. When it ends, in whatever way, `kill -9` too, the
kernel closes that end: we ask ourselves to stop, and insist a little later. Started by its path, it imports nothing of
ours.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from pathlib import Path

INSIST_AFTER_SECONDS = 30.0


def watch_parent() -> None:
    """Read until the parent is gone, then end this process."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(INSIST_AFTER_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Become the module, with the working directory in the place of this file's own."""
    threading.Thread(target=watch_parent, name="tether", daemon=True).start()
    sys.path[0] = str(Path.cwd())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
