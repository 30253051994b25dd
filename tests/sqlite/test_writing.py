"""Writers of one process take turns; the turn is given back whatever happens."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError
from django.db.transaction import atomic, on_commit

from portal.sqlite.base import only_reads
from tests.sqlite.files import INSERT, finish, here, names, run, start, wait_until, waiting

pytestmark = pytest.mark.usefixtures("one")
ROOT = Path(__file__).resolve().parents[2]


class Holding:
    """Another thread that writes `held` in a transaction and keeps it open until told."""

    def __init__(self, alias: str = "one") -> None:
        self._written, self._go_on = threading.Event(), threading.Event()
        self._thread = start(self._work, alias)
        assert self._written.wait(20)

    def _work(self, alias: str) -> None:
        with atomic(using=alias):
            run(INSERT, "held", alias=alias)
            self._written.set()
            self._go_on.wait(20)

    def end(self) -> None:
        self._go_on.set()
        finish(self._thread)


def in_a_transaction(name: str) -> None:
    with atomic(using="one"):
        run(INSERT, name)


def test_writers_come_in_the_order_of_asking() -> None:
    holding = Holding()
    threads = []
    for number, write in enumerate([in_a_transaction, lambda name: run(INSERT, name), in_a_transaction]):
        threads.append(start(write, f"writer {number}"))
        wait_until(lambda expected=number + 1: waiting() == expected)  # type: ignore[misc]
    holding.end()
    finish(*threads)
    assert names() == ["held", "writer 0", "writer 1", "writer 2"]


def test_many_writers_lose_nothing() -> None:
    run(INSERT, "0")

    def work() -> None:
        for _ in range(25):
            with atomic(using="one"):
                ((last,),) = run("SELECT name FROM thing ORDER BY id DESC LIMIT 1")
                run(INSERT, str(int(last) + 1))

    finish(*[start(work) for _ in range(6)])
    assert names() == [str(number) for number in range(6 * 25 + 1)]


def test_readers_wait_for_nobody() -> None:
    holding = Holding()
    assert names() == []
    assert not here()._turn.held
    holding.end()
    assert names() == ["held"]


def test_another_database_has_turns_of_its_own(database: Callable[..., None], tmp_path: Path) -> None:
    database("two", tmp_path / "two.sqlite3")
    holding = Holding("two")
    run(INSERT, "at once")
    assert names() == ["at once"]
    holding.end()


def test_one_file_under_two_names_is_one_database(database: Callable[..., None], path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite3"
    link.symlink_to(path)
    database("two", link)
    assert here("one")._turn._lock is here("two")._turn._lock


def test_databases_in_memory_are_each_their_own(database: Callable[..., None]) -> None:
    database("two", ":memory:", init_command="")
    database("three", ":memory:", init_command="")
    with atomic(using="two"):
        run(INSERT, "two", alias="two")
        run(INSERT, "three", alias="three")
    here("two").close()
    assert (names("two"), names("three")) == (["two"], ["three"])


# --- the turn is given back ------------------------------------------------------------------------------------------


def roll_back() -> None:
    with suppress(ZeroDivisionError), atomic(using="one"):
        run(INSERT, "gone")
        raise ZeroDivisionError


def fail_alone() -> None:
    run(INSERT, "kept")
    with pytest.raises(IntegrityError):
        run(INSERT, "kept")


def fail_inside() -> None:
    with atomic(using="one"):
        run(INSERT, "kept")
        with suppress(IntegrityError), atomic(using="one"):
            run(INSERT, "kept")
        assert here()._turn.held


def fail_to_begin() -> None:
    with closing(sqlite3.connect(here().settings_dict["NAME"], isolation_level=None)) as somebody:
        here().connection.execute("PRAGMA busy_timeout=20")
        somebody.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="database is locked"), atomic(using="one"):
            pytest.fail("It has begun.")


def fail_to_commit() -> None:
    """SQLite checks these at the commit, and the transaction stays open after it."""
    run("CREATE TABLE child (thing_id integer REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(IntegrityError), atomic(using="one"):
        run("INSERT INTO child VALUES (7)")


def close_in_the_middle() -> None:
    with pytest.raises(ProgrammingError, match="closed database"), atomic(using="one"):
        run(INSERT, "gone")
        here().close()
        run(INSERT, "gone")


def without_autocommit() -> None:
    here().set_autocommit(False)
    run(INSERT, "kept")
    assert here()._turn.held
    here().commit()
    run(INSERT, "kept too")
    here().set_autocommit(True)


def many_at_once() -> None:
    with here().cursor() as cursor:
        cursor.executemany(INSERT, [("a",), ("b",)])


def many_and_one_is_wrong() -> None:
    with here().cursor() as cursor, pytest.raises(IntegrityError):
        cursor.executemany(INSERT, [("a",), ("a",)])


def nonsense() -> None:
    with pytest.raises(OperationalError, match="syntax error"):
        run("INSERTED")


def a_savepoint_alone() -> None:
    run("SAVEPOINT a")
    run(INSERT, "kept")
    assert here()._turn.held
    run("RELEASE a")


def change_the_schema() -> None:
    with here().schema_editor() as editor:
        editor.execute("CREATE TABLE more (id integer)")


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (lambda: in_a_transaction("kept"), ["kept"]),
        (roll_back, []),
        (fail_alone, ["kept"]),
        (fail_inside, ["kept"]),
        (fail_to_begin, []),
        (fail_to_commit, []),
        (close_in_the_middle, []),
        (without_autocommit, ["kept", "kept too"]),
        (many_at_once, ["a", "b"]),
        (many_and_one_is_wrong, ["a"]),
        (nonsense, []),
        (a_savepoint_alone, ["kept"]),
        (change_the_schema, []),
    ],
)
def test_the_turn_is_given_back(what: Callable[[], None], left: list[str]) -> None:
    what()
    assert not here()._turn.held
    finish(start(run, INSERT, "the next one"))
    assert names() == [*left, "the next one"]


def test_a_thread_that_ends_in_a_transaction_gives_its_turn_back() -> None:
    def work() -> None:
        here().set_autocommit(False)
        run(INSERT, "gone")
        assert here()._turn.held

    finish(start(work))
    run(INSERT, "the next one")
    assert names() == ["the next one"]


def test_what_runs_after_the_commit_holds_nobody_up() -> None:
    held: list[bool] = []
    with atomic(using="one"):
        run(INSERT, "kept")
        on_commit(lambda: held.append(here()._turn.held), using="one")
    assert held == [False]


# --- RETURNING -------------------------------------------------------------------------------------------------------

RETURNING = "INSERT INTO thing (name) VALUES ('a'), ('b'), ('c') RETURNING name"


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda cursor: cursor.fetchall(), [("a",), ("b",), ("c",)]),
        (lambda cursor: [cursor.fetchone() for _ in range(4)], [("a",), ("b",), ("c",), None]),
        (lambda cursor: [cursor.fetchmany(2), cursor.fetchmany(2)], [[("a",), ("b",)], [("c",)]]),
        (lambda cursor: [cursor.fetchmany(), cursor.fetchall()], [[("a",)], [("b",), ("c",)]]),
        (list, [("a",), ("b",), ("c",)]),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_rows_of_a_statement_that_writes(read: Callable[[Any], object], told: list[object], inside: bool) -> None:
    def look() -> None:
        with here().cursor() as cursor:
            cursor.execute(RETURNING)
            assert here()._turn.held is inside
            assert inside or cursor.rowcount == 3
            assert read(cursor) == told

    if inside:
        with atomic(using="one"):
            look()
    else:
        look()
    assert names() == ["a", "b", "c"]


def test_it_is_committed_before_a_row_is_read() -> None:
    with here().cursor() as cursor:
        cursor.execute(RETURNING)
        seen: list[str] = []
        finish(start(lambda: seen.extend(names())))
        assert seen == ["a", "b", "c"]


def test_a_cursor_forgets_the_rows_of_its_last_statement() -> None:
    with here().cursor() as cursor:
        cursor.execute(RETURNING)
        cursor.execute("SELECT 7")
        assert cursor.fetchall() == [(7,)]


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_turn_that_does_not_come_is_an_error_of_the_database(database: Callable[..., None], path: Path) -> None:
    database("hasty", path, timeout=0.05)
    holding = Holding()
    for write in (lambda: run(INSERT, "never", alias="hasty"), lambda: atomic(using="hasty").__enter__()):
        with pytest.raises(OperationalError, match=r"^database is locked$"):
            write()
    holding.end()
    run(INSERT, "now", alias="hasty")
    assert names() == ["held", "now"]


def test_two_connections_of_one_thread_do_not_hang(database: Callable[..., None], path: Path) -> None:
    """The second cannot write before the first has ended, and nobody could end it: an error, as SQLite's own is."""
    database("two", path, timeout=0.05)
    with atomic(using="one"):
        run(INSERT, "kept")
        with pytest.raises(OperationalError, match=r"^database is locked$"):
            run(INSERT, "never", alias="two")
    assert names() == ["kept"]


OTHER_PROCESS = """
import sys, django
from django.conf import settings
settings.configure()
from django.db.transaction import atomic, on_commit
from tests.sqlite.files import INSERT, add_database, run
add_database("one", sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    with atomic(using="one"):
        run(INSERT, f"theirs {number}")
"""


def test_another_process_is_kept_out_by_sqlites_own_lock(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        for number in range(100):
            in_a_transaction(f"ours {number}")
        assert other.wait(60) == 0
    expected = {f"{whose} {number}" for whose in ("ours", "theirs") for number in range(100)}
    assert set(names()) == expected


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("SELECT 1", True),
        ("  select 1", True),
        ("EXPLAIN QUERY PLAN DELETE FROM thing", True),
        ("PRAGMA foreign_keys", True),
        ("SAVEPOINT s", True),
        ("RELEASE SAVEPOINT s", True),
        ("ROLLBACK TO SAVEPOINT s", True),
        ("BEGIN", True),
        ("BEGIN DEFERRED", True),
        ("BEGIN IMMEDIATE", False),
        ("BEGIN EXCLUSIVE", False),
        ("INSERT INTO thing VALUES (1)", False),
        ("UPDATE thing SET name = ''", False),
        ("DELETE FROM thing", False),
        ("REPLACE INTO thing VALUES (1)", False),
        ("CREATE TABLE a (b)", False),
        ("WITH x AS (SELECT 1) INSERT INTO thing SELECT * FROM x", False),
        ("VACUUM", False),
        ("SELECTED", False),
    ],
)
def test_which_statements_wait(query: str, reads: bool) -> None:
    assert bool(only_reads(query)) is reads
