"""Start an Odoo with fresh books and say how to reach it: `python -m tests.live.odoo`. Ctrl-C ends it."""

from __future__ import annotations

import signal
import threading

from tests.live.odoo import packages
from tests.live.odoo.server import Odoo


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Odoo() as odoo:
        database = odoo.new_books()
        print(f"Odoo {packages.version()}\nready {odoo.url}\ndatabase {database}\nkey {odoo.key}", flush=True)
        over.wait()


if __name__ == "__main__":
    main()
