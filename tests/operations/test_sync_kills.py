"""`kill -9` in the middle of a refresh: the list at iCompleat mends itself within a minute, and says so meanwhile.

All over real HTTP between real processes: the portal, Demo Books, iCompleat's stand-in, and a gate before it that knows
which chunk is under way. Six companies send at the same time, each at another chunk when their sender is killed.
"""

from __future__ import annotations

import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
import pytest

from tests.operations.running import PRODUCTION, Process, environment, manage, serving, wait_for
from tests.operations.sync_gate import Asked, Hold, Moment
from tests.operations.sync_scene import CHUNKS, SUPPLIERS, Customer, Firm, Scene, staged
from tests.servers import Postgres, Redis

RESUMES_WITHIN_SECONDS: Final = 60.0
# What of each company's list is held at the gate when its sender is killed. Its request goes on from there long after
# the kill, as a slow iCompleat may work on it for long. The last one alone goes on before: the kill follows its
# answer.
HELD: Final = (
    (1, Moment.UNDER_WAY),
    (2, Moment.STORED),
    (3, Moment.UNDER_WAY),
    (4, Moment.STORED),
    (5, Moment.STORED),
    (3, Moment.UNDER_WAY),
)
# A quarter of these are sync threads.
WORKER_THREADS: Final = {"WORKER_THREADS": "32"}
BROKE_OFF: Final = re.compile(
    r"Broke off (at row \d+ )?\(the worker that ran it ended in the middle\)\. "
    r"It goes on by itself now from the first row\."
)
RUNNING: Final = re.compile(r"Suppliers: a sync is running already \(sending, \d+ of 420, since \d\d:\d\d\)\.")
REPLACED: Final = "iCompleat’s list is being replaced and is incomplete until this ends."
AGAIN: Final = "the sync broke off in the middle. It is sent again from the first row."
Ask = Callable[[LiteralString], list[tuple[Any, ...]]]


def test_refreshes_that_died_with_the_portal_mend_themselves_when_it_is_back(tmp_path: Path) -> None:
    """Embedded: whole lists are being replaced, and whoever else wants to send has to wait."""
    env = environment(tmp_path, **WORKER_THREADS)
    migrate(env)

    def ask(question: LiteralString) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(tmp_path / "postroom.sqlite3", timeout=20)) as database, database:
            return database.execute(question).fetchall()

    with staged(tmp_path, env, len(HELD)) as scene:
        with serving(tmp_path, env) as (portal, url):
            customer = Customer(url)
            customer.synchronise(*scene.firms)
            wait_for(lambda: ended_well(ask) == len(HELD), "all lists are whole")
            for firm in scene.firms:
                scene.rename(firm, 30)
            broken = killed_in_mid_refresh(scene, [portal], lambda: customer.synchronise(*scene.firms))
            assert broken.firms == list(scene.firms)
        started_at = time.time()
        again = [scene.gate.hold(firm.their_id, 1) for firm in scene.firms]
        make_due(ask)
        with serving(tmp_path, env) as (_, url):
            customer = Customer(url)
            for firm in scene.firms:
                customer.synchronise(firm)
                page = customer.reference(firm)
                assert REPLACED in page, page
                assert RUNNING.search(page), page
            goes_on(scene, broken, again, started_at)
            says_so(ask, scene.firms)
            for firm in scene.firms:
                assert AGAIN in customer.reference(firm)
            is_mended(scene, broken, again, ask, runs=2 * len(HELD))
            for firm in scene.firms:
                assert "incomplete" not in customer.reference(firm)
            asked = len(scene.gate.asked)
            customer.synchronise(*scene.firms)
            wait_for(lambda: ended_well(ask) == 3 * len(HELD), "the next syncs find nothing to send")
            assert scene.gate.asked[asked:] == []


@pytest.mark.postgres
def test_refreshes_that_died_with_a_worker_are_mended_by_the_other_within_a_minute(tmp_path: Path) -> None:
    """Production: the first refreshes of all, begun by their schedules, which come again; nobody does anything."""
    with Postgres(durable=True) as postgres, Redis() as redis:
        url = postgres.create_database("postroom")

        def ask(question: LiteralString) -> list[tuple[Any, ...]]:
            with psycopg.connect(url, autocommit=True) as database:
                done = database.execute(question)
                return done.fetchall() if done.description else []

        servers = {"DATABASE_URL": url, "REDIS_URL": redis.url, "BASE_URL": "http://127.0.0.1"}
        env = environment(tmp_path, **{**PRODUCTION, **servers, **WORKER_THREADS, "ALLOW_PRIVATE_TARGETS": "true"})
        migrate(env)
        with staged(tmp_path, env, len(HELD)) as scene, two_workers(tmp_path, env, ask) as workers:
            broken = killed_in_mid_refresh(scene, workers, lambda: make_due(ask))
            again = [scene.gate.hold(firm.their_id, 1) for firm in broken.firms]
            make_due(ask)
            goes_on(scene, broken, again, broken.at)
            says_so(ask, broken.firms)
            is_mended(scene, broken, again, ask, runs=len(HELD))
            for firm in set(scene.firms) - set(broken.firms):  # what the other one sent itself
                is_whole(scene, firm, 0)


# --- what happens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """Whose refreshes broke off, when, and how many requests there were until then."""

    firms: list[Firm]
    at: float
    asked: int


def migrate(env: dict[str, str]) -> None:
    """Make the tables."""
    done = manage("migrate", "-v0", env=env)
    assert done.returncode == 0, done.stderr


@contextmanager
def two_workers(directory: Path, env: dict[str, str], ask: Ask) -> Iterator[list[Process]]:
    """Two workers, each with a runner of its own, that have shown that they live."""
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "threads", "--without-mingle"]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Process([*command, "-n", f"{name}@%h"], env=env, log=directory / f"{name}.log"))
            for name in ("one", "two")
        ]
        for worker in workers:
            worker.wait_for(lambda: ask("SELECT count(*) FROM operations_sign WHERE part = 'worker'") == [(2,)], "live")
        yield workers


def make_due(ask: Ask) -> None:
    """The next slot of every schedule has come."""
    ask("UPDATE reference_syncschedule SET next_at = CURRENT_TIMESTAMP WHERE kind = 'supplier'")


def killed_in_mid_refresh(scene: Scene, senders: list[Process], begin: Callable[[], None]) -> Broken:
    """Begin, wait until each list is where it is held, and kill whoever sends the last company's."""
    doomed, last = list[Process](), scene.firms[-1]
    holds = [scene.gate.hold(firm.their_id, *held) for firm, held in zip(scene.firms, HELD, strict=True)]
    scene.gate.at(last.their_id, HELD[-1][0], Moment.ANSWERED, lambda: doomed[0].end(signal.SIGKILL))
    begin()
    wait_for(lambda: all(hold.reached.is_set() for hold in holds), "a chunk of each list is under way")
    sending = {firm: scene.gate.of(firm.their_id)[-1].sender for firm in scene.firms}
    doomed += [sender for sender in senders if sending[last] in ports_of(sender)]
    ports = ports_of(doomed[0])
    holds[-1].go_on.set()
    wait_for(lambda: doomed[0].popen.poll() == -signal.SIGKILL, "the sender is dead")
    return Broken([firm for firm, port in sending.items() if port in ports], time.time(), len(scene.gate.asked))


def ports_of(process: Process) -> set[int]:
    """The ports of a process's connections."""
    sockets = set()
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            sockets.add(str(descriptor.readlink()))
    lines = [line.split() for line in Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if f"socket:[{line[9]}]" in sockets}


# --- what is seen ----------------------------------------------------------------------------------------------------


def goes_on(scene: Scene, broken: Broken, again: list[Hold], since: float) -> None:
    """Within a minute each list is begun again with its first row, and nothing else was sent to it before."""
    for firm, hold in zip(broken.firms, again, strict=True):
        wait_for(hold.reached.is_set, f"the list of {firm.name} is begun again", RESUMES_WITHIN_SECONDS)
        first, before = scene.gate.of(firm.their_id, broken.asked)[0], scene.gate.of(firm.their_id)
        assert (first.method, first.chunk, first.token) == ("POST", 1, "")
        assert first.at - since < RESUMES_WITHIN_SECONDS
        # iCompleat has done with the dead one's requests: none of them can wipe what is sent from here on.
        assert all(one.status for one in before[: before.index(first)])


def says_so(ask: Ask, firms: tuple[Firm, ...] | list[Firm]) -> None:
    """While lists are incomplete, it stands on them and on their runs."""
    lists = ask("SELECT broke_off_at IS NOT NULL FROM reference_sourcelist WHERE is_incomplete")
    assert lists == [(True,)] * len(firms)
    runs = ask("SELECT state, message FROM reference_syncrun WHERE ended_at IS NULL")
    assert [state for state, _ in runs] == ["Processing"] * len(firms)
    assert all(BROKE_OFF.fullmatch(message) for _, message in runs), runs


def is_mended(scene: Scene, broken: Broken, again: list[Hold], ask: Ask, *, runs: int) -> None:
    """Let the new refreshes go on: then every list is whole, and no other run was made."""
    for hold in again:
        hold.go_on.set()
    wait_for(lambda: ended_well(ask) == runs, "all refreshes end")
    assert ask("SELECT count(*) FROM reference_syncrun") == [(runs,)]
    lists = ask("SELECT is_incomplete, broke_off_at, rows FROM reference_sourcelist")
    assert lists == [(False, None, SUPPLIERS)] * len(scene.firms)
    for firm in broken.firms:
        is_whole(scene, firm, broken.asked)
    went_through = [(one.method, one.path.removeprefix("/icompleat"), one.status) for one in scene.gate.asked]
    assert sorted(went_through) == sorted(scene.writes_there())


def is_whole(scene: Scene, firm: Firm, since: int) -> None:
    """Since so many requests one refresh alone went to a list, and it holds what the books hold, row by row."""
    rows = scene.in_the_books(firm)
    assert len(rows) == SUPPLIERS
    assert scene.over_there(firm) == rows
    asked = scene.gate.of(firm.their_id, since)
    assert [told(one) for one in asked] == [("POST", "suppliers", n, n > 1, 200) for n in range(1, CHUNKS + 1)]
    assert [code for one in asked for code in one.codes] == [row["Code"] for row in rows]


def told(one: Asked) -> tuple[str, str, int, bool, int]:
    """Method, list, chunk, whether it has a token, status."""
    return one.method, one.path.split("/")[3], one.chunk, bool(one.token), one.status


def ended_well(ask: Ask) -> int:
    """How many runs are complete without a word."""
    return int(ask("SELECT count(*) FROM reference_syncrun WHERE state = 'Complete' AND message = ''")[0][0])
