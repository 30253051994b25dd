"""Run Tryton and say how to link to it: `python -m tests.live.tryton`, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading

from tests.live.tryton.rig import running, settings


def main() -> None:
    """Install and furnish it where that was not done yet, then serve."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    sys.stdout.write("The first time takes a minute; then some seconds.\n")
    sys.stdout.flush()
    with running() as server:
        for name, value in settings(server).items():
            sys.stdout.write(f"{name:<12} {value}\n")
        sys.stdout.write(f"{'web':<12} {server.url} (user admin, password rig, for Tryton's desktop client)\n")
        sys.stdout.flush()
        over.wait()


if __name__ == "__main__":
    main()
