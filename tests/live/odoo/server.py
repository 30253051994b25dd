"""One Odoo on a free port of this machine, and the databases that it serves, each a copy of one that was made once."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from psycopg import sql

from tests.live.odoo import packages
from tests.servers import Postgres, free_port

MODULES: Final = "account,purchase,stock,l10n_uk"
TEMPLATE: Final = "template_odoo"
BOOKS: Final = "books_"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
_BOOKS: Final = Path(__file__).with_name("books.py.txt")
_USER: Final = Path(__file__).with_name("user.py.txt")
# Named by what they are made with: other books make new ones.
_MADE_WITH: Final = hashlib.sha256(MODULES.encode() + _BOOKS.read_bytes()).hexdigest()[:12]
_DUMP: Final = packages.CACHE / f"template-{_MADE_WITH}.dump"
_KEY: Final = packages.CACHE / f"key-{_MADE_WITH}"


class Odoo:
    """A running Odoo over a PostgreSQL of its own. As a context manager it starts both and leaves nothing running.

    `new_books` makes a database out of the template; the earlier one is dropped.
    """

    def __init__(self) -> None:
        self._python, self._source = packages.python(), packages.source()
        self._postgres = Postgres()
        self._process: subprocess.Popen[bytes] | None = None
        self._books = 0
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = packages.CACHE / "odoo.log"

    @property
    def key(self) -> str:
        """The API key of the administrator, the same in every copy."""
        return _KEY.read_text().strip()

    @property
    def database(self) -> str:
        """The database that is served now."""
        return f"{BOOKS}{self._books}"

    @property
    def pid(self) -> int:
        """The server's process. Raises `RuntimeError` when it does not run."""
        if self._process is None:
            raise RuntimeError("Odoo does not run")
        return self._process.pid

    def __enter__(self) -> Self:
        self.log.unlink(missing_ok=True)
        self._postgres.start()
        self._postgres.execute("CREATE ROLE odoo LOGIN CREATEDB")
        try:
            self._bring_template()
            self.start()
        except BaseException:
            self._postgres.remove()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        self._postgres.remove()
        self._settings().unlink()

    def new_books(self) -> str:
        """The name of a fresh copy of the template, which every request has to name."""
        if self._books:
            self._postgres.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database))
            )
        self._books += 1
        self._copy(TEMPLATE, self.database)
        return self.database

    def start(self) -> None:
        """Serve; returns when it answers. Raises `TimeoutError` with the end of the log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("server", "--no-database-list"),
                env=self._environment(), stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise TimeoutError(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server by its pid; the database stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Answer nothing for the length of a `with` block, without closing a connection (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def rows(self, database: str, query: sql.SQL | sql.Composed) -> list[tuple[object, ...]]:
        """What a database itself says, past Odoo."""
        with self._postgres.connect(database) as connection:
            return connection.execute(query).fetchall()

    def key_of_user(self, database: str, *groups: str) -> str:
        """The API key of a new user who belongs to these groups of Odoo, such as `account.group_account_invoice`."""
        text = f"GROUPS = {groups!r}\n{_USER.read_text()}"
        told = self._odoo("shell", "-d", database, "--no-http", text=text)
        return told.partition("THE KEY IS ")[2].split()[0]

    # --- the template ------------------------------------------------------------------------------------------------

    def _bring_template(self) -> None:
        """Restore the kept dump, or make the database (half a minute) and keep a dump of it."""
        self._postgres.execute(sql.SQL("CREATE DATABASE {} OWNER odoo").format(sql.Identifier(TEMPLATE)))
        if _DUMP.exists() and _KEY.exists():
            self._tool("pg_restore", "--no-owner", "--role=odoo", f"--dbname={TEMPLATE}", str(_DUMP))
            return
        self._odoo("server", "-d", TEMPLATE, "-i", MODULES, "--without-demo", "--stop-after-init", timeout=600)
        told = self._odoo("shell", "-d", TEMPLATE, "--no-http", text=f"KEY_FILE = {str(_KEY)!r}\n{_BOOKS.read_text()}")
        if "BOOKS ARE READY" not in told:
            raise RuntimeError(f"The books of the template could not be made: {told[-4000:]}")
        _KEY.chmod(0o600)
        making = _DUMP.with_suffix(".making")
        self._tool("pg_dump", "--format=custom", f"--file={making}", TEMPLATE)
        making.rename(_DUMP)

    def _copy(self, template: str, name: str) -> None:
        names = map(sql.Identifier, (name, template))
        self._postgres.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER odoo").format(*names))

    def _tool(self, name: str, *arguments: str) -> None:
        directory = self._postgres.programs
        where = ("--host", str(self._postgres.socket_directory), "--username", "postgres")
        subprocess.run((str(directory / name), *where, *arguments), check=True)

    # --- the program -------------------------------------------------------------------------------------------------

    def _odoo(self, *arguments: str, text: str = "", timeout: float = 120) -> str:
        done = subprocess.run(
            self._command(*arguments), env=self._environment(), cwd="/", input=text, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"Odoo ended with {done.returncode}: {done.stdout[-4000:]}")
        return done.stdout

    def _command(self, *arguments: str) -> list[str]:
        first, *rest = arguments
        return [str(self._python), "-m", "odoo", first, f"--config={self._settings()}", *rest]

    def _settings(self) -> Path:
        """A file of settings: everything on loopback and below our directory, no jobs of its own."""
        told = {
            "db_host": self._postgres.socket_directory, "db_user": "odoo",
            "http_interface": "127.0.0.1", "http_port": self.port,
            "data_dir": packages.CACHE / "data", "list_db": False,
            # The template must not be opened: while somebody is in it, it cannot be copied.
            "dbfilter": f"^{BOOKS}", "workers": 0, "max_cron_threads": 0,
            "with_demo": False, "log_level": "warn",
        }  # fmt: skip
        path = packages.CACHE / f"odoo-{self.port}.conf"
        path.write_text("[options]\n" + "".join(f"{name} = {value}\n" for name, value in told.items()))
        return path

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._source), "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
