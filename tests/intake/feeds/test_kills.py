"""A reader that is killed or frozen in the middle of a feed: another process goes on, nothing is lost or booked twice.

Real processes on PostgreSQL and Redis over real HTTP; a gate before accessplanit's stand-in holds one request, and with
it whoever sent it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg
import pytest

from integrations.accessplanit.sandbox import build
from integrations.sandbox import Server, Store, mount
from tests.intake.feeds.platform import add
from tests.intake.feeds.test_accessplanit import invoice, item
from tests.integrations.accessplanit.scene import Clock, StandIn
from tests.operations.running import PRODUCTION, ROOT, Process, environment, wait_for
from tests.servers import Postgres, Redis

MADE, SEEDED = 12, 6
SECONDS = 400.0
READING = ("-m", "tests.intake.feeds.reading_process")
LEASE_IS_OVER: LiteralString = "UPDATE intake_feedreader SET lease_until = now() - interval '1 second' WHERE id = %s"
RECORDS: LiteralString = """
SELECT count(*), count(DISTINCT record.delivery_id) FROM intake_fedrecord record
JOIN intake_feedreader reader ON reader.connection_id = record.connection_id WHERE reader.id = %s
"""
BOOKED: LiteralString = """
SELECT entry.document_number FROM ledger_entry entry
JOIN connections_connection books ON books.settings ->> 'books' = entry.books_id::text
JOIN connections_connection source ON source.company_id = books.company_id
JOIN intake_feedreader reader ON reader.connection_id = source.id WHERE reader.id = %s
"""
READER: LiteralString = "SELECT read, unreadable, problem, lease_token FROM intake_feedreader WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Portal:
    """The environment of its processes, and its database."""

    env: dict[str, str]
    database: str

    def ask(self, question: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """One statement, and its rows."""
        with psycopg.connect(self.database, autocommit=True) as database:
            done = database.execute(question, values)
            return done.fetchall() if done.description else []


@dataclass
class Gate:
    """Stands before the stand-in, and holds the n-th read of a module; `asked` lists the reads."""

    app: WSGIApplication
    module: str = ""
    number: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, is_api, module = environ["PATH_INFO"].partition("/api/v2/")
        if is_api:
            self.asked.append((module, environ.get("QUERY_STRING", "")))
            if module == self.module and self.count(module) == self.number:
                self.reached.set()
                assert self.go_on.wait(SECONDS)
        return self.app(environ, start_response)

    def count(self, module: str) -> int:
        """How often a module was read."""
        return sum(one == module for one, _ in self.asked)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """In its production shape; no machine loses power here, so the database need not flush."""
    with Postgres() as postgres, Redis() as redis:
        url = postgres.create_database("postroom")
        servers = {"DATABASE_URL": url, "REDIS_URL": redis.url, "BASE_URL": "http://127.0.0.1"}
        settings = {"ALLOW_PRIVATE_TARGETS": "true", "DJANGO_SETTINGS_MODULE": "portal.settings"}
        env = environment(tmp_path_factory.mktemp("portal"), **{**PRODUCTION, **servers, **settings})
        carried_out(env, "manage.py", "migrate", "-v0", "--skip-checks")
        yield Portal(env, url)


@contextmanager
def gated() -> Iterator[tuple[Gate, StandIn]]:
    """The stand-in with some more invoices, behind a gate."""
    clock = Clock()
    gate = Gate(build(Store("accessplanit"), clock=clock))
    with Server(mount({"accessplanit": gate})) as server:
        standin = StandIn(server.url, clock)
        made = add(standin, "Invoice", *(invoice(n, DateCreated=f"2025-06-01T00:{n:02}:00") for n in range(MADE)))
        add(standin, "InvoiceItem", *(item(one) for one in made))
        yield gate, standin


def reader(env: dict[str, str], standin: StandIn) -> str:
    """The id of the reader of invoices."""
    return carried_out(env, *READING, "seed", standin.base, standin.platform["api_key"])


def carried_out(env: dict[str, str], *arguments: str) -> str:
    """What a command says."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("end", "module", "number"),
    [
        (signal.SIGKILL, "Invoice", 3),  # while a page is asked for
        (signal.SIGKILL, "InvoiceItem", 8),  # while a record of a page is
        (signal.SIGSTOP, "Invoice", 3),  # frozen, and awake again when all is done
        (signal.SIGSTOP, "InvoiceItem", 8),
    ],
    ids=str,
)
def test_another_process_goes_on_where_it_was(
    portal: Portal, tmp_path: Path, end: signal.Signals, module: str, number: int
) -> None:
    env = portal.env
    with gated() as (gate, standin):
        reader_id = reader(env, standin)
        gate.module, gate.number = module, number
        command = [sys.executable, *READING, "read", reader_id]
        with (
            Process(command, env=env, log=tmp_path / "one.log") as one,
            Process(command, env=env, log=tmp_path / "two.log") as two,
        ):
            wait_for(gate.reached.is_set, "the page is asked for", SECONDS)
            wait_for(lambda: "somebody else" in one.said() + two.said(), "it is taken", SECONDS)
            doomed, other = (two, one) if "somebody else" in one.said() else (one, two)
            doomed.popen.send_signal(end)
            portal.ask(LEASE_IS_OVER, reader_id)
            asked = len(gate.asked)
            gate.go_on.set()
            wait_for(lambda: "ended" in other.said(), f"the other one ends: {other.said()}", SECONDS)
            if end is signal.SIGSTOP:
                doomed.popen.send_signal(signal.SIGCONT)
                wait_for(lambda: "ended" in doomed.said(), f"the first one ends: {doomed.said()}", SECONDS)
        is_whole(portal, reader_id)
        again = [query for name, query in gate.asked[asked:] if name == "Invoice"]
        assert again[0] != gate.asked[0][1]  # not from the beginning


def is_whole(portal: Portal, reader_id: str) -> None:
    """Every record was kept once, and every invoice that is due is booked once."""
    everything = MADE + SEEDED
    assert portal.ask(RECORDS, reader_id) == [(everything, everything)]
    booked = [number for (number,) in portal.ask(BOOKED, reader_id)]
    due = [f"INV-{n}" for n in range(MADE)] + ["INV-10001", "INV-10002", "INV-10003", "INV-10005"]
    assert sorted(booked) == sorted(due)
    assert portal.ask(READER, reader_id) == [(everything, 0, "", None)]
