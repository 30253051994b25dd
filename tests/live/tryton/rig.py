"""Runs Tryton on this machine: installed once, furnished once, started on a free port of loopback, put back at will.

All of it lives below `var/live/tryton`, or where POSTROOM_LIVE_TRYTON says: a virtual environment and a furnished
database, each named by what it was made from, and the database of a running server, which goes with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.live.tryton.furnishing import KEY, furnish
from tests.live.tryton.rpc import Rpc
from tests.servers import free_port

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[2]
REQUIREMENTS: Final = HERE / "requirements.txt"
DATABASE: Final = "rig"
PASSWORD: Final = "rig"
MODULES: Final = ("account_invoice", "analytic_account", "purchase")
COMPANY: Final = "1"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0


def cache() -> Path:
    """Where the rig keeps what takes long to make."""
    given = os.environ.get("POSTROOM_LIVE_TRYTON")
    path = Path(given) if given else ROOT / "var" / "live" / "tryton"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def environment() -> Path:
    """The virtual environment with Tryton in it. Made on first use, which needs a package index."""
    path = cache() / f"venv-{_digest(REQUIREMENTS)}"
    if not (path / "complete").exists():
        shutil.rmtree(path, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(path))
        _run(str(path / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS))
        (path / "complete").touch()
    return path


def furnished() -> Path:
    """The database that every run starts from. Made on first use, and anew when what it is made of has changed."""
    last_year = dt.datetime.now(dt.UTC).year + 1
    made_of = (REQUIREMENTS, Path(__file__), *(HERE / name for name in ("furnishing.py", "rpc.py")))
    path = cache() / f"furnished-{_digest(*made_of)}-{last_year}.sqlite"
    if not path.exists():
        with _workplace() as place, Server(place, _empty(place)) as server:
            furnish(server.rpc(), last_year=last_year)
            _copy(server.database, place / "done.sqlite")
            (place / "done.sqlite").replace(path)
    return path


class Server:
    """A running Tryton with the database at `database`; a context manager, or `start` and `stop`."""

    def __init__(self, place: Path, database: Path) -> None:
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process, for tests that freeze it."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers. Raises `RuntimeError` with the end of its log."""
        config = _configured(self._place, self.port)
        log = (self._place / "log").open("ab")
        command = [str(environment() / "bin" / "trytond"), "-c", str(config), "-d", DATABASE]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Tryton did not start: {(self._place / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End this one process, frozen or not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def rpc(self) -> Rpc:
        """The way in that is not the connector's, as the administrator."""
        rpc = Rpc(self.url, DATABASE, "admin", PASSWORD)
        rpc.context = {"company": int(COMPANY), "companies": [int(COMPANY)], "language": "en"}
        return rpc

    def reset(self, to: Path) -> None:
        """Put the database back, while the server runs: SQLite's own backup does it in one transaction."""
        _copy(to, self.database)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def running() -> Iterator[Server]:
    """A server with the furnished database, for as long as the block lasts."""
    start_from = furnished()
    with _workplace() as place:
        database = place / "db" / f"{DATABASE}.sqlite"
        shutil.copy(start_from, database)
        with Server(place, database) as server:
            yield server


def settings(server: Server) -> Mapping[str, str]:
    """What a connection's form would be given; the key is `KEY`."""
    return {"base_url": server.url, "database": DATABASE, "company_id": COMPANY, "api_key": KEY}


@contextmanager
def _workplace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=cache(), prefix="run-") as name:
        (Path(name) / "db").mkdir()
        yield Path(name)


def _empty(place: Path) -> Path:
    """A database with Tryton's modules and nothing in it."""
    database = place / "db" / f"{DATABASE}.sqlite"
    # Tryton takes an empty file for a database to be made, and no file for a mistake.
    database.touch()
    (place / "password").write_text(PASSWORD)
    config = _configured(place, free_port())
    admin = str(environment() / "bin" / "trytond-admin")
    with_password = {"TRYTONPASSFILE": str(place / "password")}
    first = ("--all", "--language", "en", "--email", "admin@example.com", "--password")
    _run(admin, "-c", str(config), "-d", DATABASE, *first, variables=with_password)
    _run(admin, "-c", str(config), "-d", DATABASE, "-u", *MODULES, "--activate-dependencies")
    return database


def _configured(place: Path, port: int) -> Path:
    config = place / "trytond.conf"
    config.write_text(f"[database]\nuri = sqlite://\npath = {place / 'db'}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return config


def _answers(url: str) -> bool:
    body = json.dumps({"id": 1, "method": "common.server.version", "params": []}).encode()
    request = urllib.request.Request(f"{url}/rpc/", body, {"Content-Type": "application/json"})
    with suppress(OSError, ValueError), urllib.request.urlopen(request, timeout=5) as answer:
        return "result" in json.load(answer)
    return False


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target, timeout=30)) as here:
        there.backup(here)


def _run(*command: str, variables: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={**os.environ, **(variables or {})},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-2000:]}")


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]
