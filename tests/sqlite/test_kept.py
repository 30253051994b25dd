"""Open connections are handed on, clean; whoever ends, and whatever becomes of the file, nothing leaks."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.transaction import atomic

from portal.sqlite.kept import KeptConnections, Place, file_id, kept
from tests.sqlite.files import INSERT, TABLE, add_database, finish, here, names, run, start


def handles(path: Path) -> int:
    """How many file descriptors of this process are open on the database file itself.

    SQLite closes none of a file's while another connection to it is open (it would lose that one's locks), but uses
    them for the next connections: not even these may add up.
    """
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += descriptor.readlink() == path
        except FileNotFoundError:  # the one that lists them
            continue
    return found


def is_open(connection: sqlite3.Connection) -> bool:
    """Whether nobody has closed it."""
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


@pytest.fixture
def keeping(database: Callable[..., None]) -> None:
    """The database `one`, of which two connections are kept."""
    database(keep=2)


@pytest.mark.usefixtures("keeping")
def test_the_next_one_gets_what_was_closed(path: Path) -> None:
    first = here().connection
    here().close()
    assert here().connection is None
    taken: list[object] = []

    def work() -> None:
        run(INSERT, "theirs")
        taken.append(here().connection)
        here().close()

    finish(start(work))
    assert taken == [first]
    assert names() == ["theirs"]
    assert here().connection is first
    assert handles(path) == 1


@pytest.mark.usefixtures("keeping")
def test_a_connection_is_set_up_once() -> None:
    run("PRAGMA cache_size=-77")
    here().close()
    assert run("PRAGMA cache_size") == [(-77,)]
    assert run("PRAGMA foreign_keys") == [(1,)]


@pytest.mark.usefixtures("one")
def test_nothing_is_kept_unless_asked(path: Path) -> None:
    assert handles(path) == 1
    here().close()
    assert handles(path) == 0
    assert names() == []


def test_no_more_than_asked_are_kept(database: Callable[..., None], path: Path) -> None:
    aliases = ("one", "two", "three")
    for alias in aliases:
        database(alias, path, keep=2)
    opened = [here(alias).connection for alias in aliases]
    for alias in aliases:
        here(alias).close()
    assert [is_open(connection) for connection in opened] == [True, True, False]
    kept.close()
    assert [is_open(connection) for connection in opened] == [False, False, False]
    assert handles(path) == 0


def test_other_options_are_another_connection(database: Callable[..., None], path: Path) -> None:
    database("one", path, keep=2)
    database("two", path, keep=2, init_command="PRAGMA cache_size=-77")
    first = here("one").connection
    here("one").close()
    here("two").close()
    assert run("PRAGMA cache_size", alias="two") == [(-77,)]
    assert here("two").connection is not first


def leave_a_transaction_open() -> None:
    here().set_autocommit(False)
    run(INSERT, "gone")


def meet_an_error() -> None:
    with pytest.raises(OperationalError):
        run("SELECT nothing FROM nowhere")


def turn_constraints_off() -> None:
    assert here().disable_constraint_checking()


def end_inside_a_block() -> None:
    with atomic(using="one"):
        run(INSERT, "gone")
        here().close()


def end_inside_a_block_that_sqlite_rolled_back() -> None:
    with atomic(using="one"):
        here().connection.execute("ROLLBACK")
        here().close()


@pytest.mark.usefixtures("keeping")
@pytest.mark.parametrize(
    "what",
    [
        leave_a_transaction_open,
        meet_an_error,
        turn_constraints_off,
        end_inside_a_block,
        end_inside_a_block_that_sqlite_rolled_back,
    ],
)
def test_what_the_next_one_could_not_use_is_closed(path: Path, what: Callable[[], None]) -> None:
    before = here().connection
    what()
    here().close()
    assert handles(path) == 0
    assert not is_open(before)
    assert (names(), run("PRAGMA foreign_keys")) == ([], [(1,)])


@pytest.mark.usefixtures("keeping")
def test_a_result_that_was_not_read_to_its_end_does_not_hold_the_next_one_in_the_past() -> None:
    with here().cursor() as cursor:
        cursor.executemany(INSERT, [(str(number),) for number in range(500)])
    unread = here().create_cursor()
    unread.execute("SELECT name FROM thing")
    assert unread.fetchone() == ("0",)
    here().close()
    finish(start(run, INSERT, "later"))
    assert names()[-1] == "later"
    with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
        unread.fetchone()


@pytest.mark.usefixtures("keeping")
def test_a_replaced_file_is_opened_anew(path: Path, tmp_path: Path) -> None:
    run(INSERT, "old")
    here().close()
    kept_one = handles(path)
    other = tmp_path / "other.sqlite3"
    add_database("other", other)
    run(TABLE, alias="other")
    run(INSERT, "new", alias="other")
    here("other").close()
    shutil.move(other, path)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    assert (kept_one, names(), handles(path)) == (1, ["new"], 1)


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("open_transaction", [False, True])
def test_a_thread_that_ends_closes_what_it_opened(path: Path, open_transaction: bool) -> None:
    here().close()

    def work() -> None:
        if open_transaction:
            here().set_autocommit(False)
        run(INSERT, "theirs")
        assert handles(path) == 1

    finish(start(work))
    assert handles(path) == 0
    assert names() == ([] if open_transaction else ["theirs"])


@pytest.mark.usefixtures("keeping")
def test_threads_that_end_do_not_add_up(path: Path) -> None:
    for _ in range(10):
        finish(*[start(names) for _ in range(4)])
    assert handles(path) <= 1 + 4
    here().close()
    kept.close()
    assert handles(path) == 0


@pytest.mark.usefixtures("one")
def test_what_is_shared_between_threads_outlives_the_one_that_opened_it() -> None:
    connection = here()
    connection.close()
    connection.inc_thread_sharing()

    def work() -> None:
        connection.ensure_connection()

    finish(start(work))
    assert names() == []
    connection.dec_thread_sharing()


def test_a_forked_child_starts_with_nothing_and_closes_nothing(path: Path) -> None:
    connections, place = KeptConnections(), Place(str(path), "")
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE thing (id)")
    file = file_id(str(path))
    assert file is not None
    assert connections.keep(place, file, connection, 1)
    connections.forget()
    assert connections.take(place) is None
    connections.close()
    assert connection.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    connection.close()


@pytest.mark.usefixtures("keeping")
def test_the_process_closes_all_at_its_end(path: Path) -> None:
    here().close()
    assert handles(path) == 1
    kept.close()
    assert handles(path) == 0
    assert not path.with_name(f"{path.name}-wal").exists()


@pytest.mark.usefixtures("keeping")
def test_a_test_database_of_the_same_name_is_a_new_one(path: Path, tmp_path: Path) -> None:
    creation, own = here().creation, here().settings_dict
    own["TEST"]["NAME"] = str(tmp_path / "test.sqlite3")
    here().close()
    for _ in range(2):
        creation.connection.settings_dict["NAME"] = own["TEST"]["NAME"]
        run(TABLE)
        run(INSERT, "only")
        assert names() == ["only"]
        creation.destroy_test_db(str(path), verbosity=0)
        assert handles(tmp_path / "test.sqlite3") == 0
