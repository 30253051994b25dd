"""The demo with a real accounting system beside it: `make demo SYSTEM=tryton`.

What follows the system's name goes to `manage.py demo`. Its books are kept below `var/live` from one demo to the next,
as the portal's own are.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.live.tryton import rig
from tests.live.tryton.furnishing import KEY

Described = dict[str, Any]


@contextmanager
def tryton() -> Iterator[Described]:
    """Tryton, installed and furnished where that was not done yet."""
    place = rig.cache() / "demo"
    (place / "db").mkdir(parents=True, exist_ok=True)
    database = place / "db" / f"{rig.DATABASE}.sqlite"
    if not database.exists():
        shutil.copy(rig.furnished(), database)
    with rig.Server(place, database) as server:
        settings = {"base_url": server.url, "database": rig.DATABASE, "company_id": rig.COMPANY}
        yield {
            "slug": "tryton", "settings": settings, "secrets": {"api_key": KEY}, "account_code": "7504",
            "tax_code": "T1",
            "web": f"{server.url} for its desktop client: database {rig.DATABASE}, user admin, password {rig.PASSWORD}",
        }  # fmt: skip


SYSTEMS: Mapping[str, Callable[[], AbstractContextManager[Described]]] = {"tryton": tryton}


def main(arguments: list[str]) -> int:
    """Start the system, run the demo, end both. The demo's exit status; 2 for a system that nobody knows."""
    name, *others = arguments or [""]
    if name not in SYSTEMS:
        print(f"SYSTEM may be {', '.join(SYSTEMS)}.", file=sys.stderr)
        return 2
    print(f"Starting {name.capitalize()}; the first time takes a minute.", flush=True)
    # Ctrl-C reaches the demo as well; it says so and ends first.
    with SYSTEMS[name]() as described, tempfile.TemporaryDirectory(prefix="postroom-demo-") as directory:
        file = Path(directory) / "accounting.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(described))
        demo = subprocess.Popen([sys.executable, "manage.py", "demo", "--accounting", str(file), *others], cwd=rig.ROOT)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: demo.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return demo.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
