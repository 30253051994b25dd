"""`manage.py after_restore`, and the whole procedure of docs/operate.md with real servers: nothing is booked twice."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.exact import to_json
from integrations.icompleat.samples import transaction_for
from portal.events.models import AuditEvent
from portal.operations.models import Part, Sign
from portal.operations.serve import serve_lock
from portal.postings.models import Posting, VoidNumbers
from portal.postings.states import State
from portal.reference.sync.models import SourceList
from tests.admin.world import in_state
from tests.factories import DemoConnectionFactory, SourceConnectionFactory
from tests.operations.running import PRODUCTION, ROOT, Process, answers, environment, manage, serving, wait_for
from tests.servers import Postgres, Redis, free_port

WITHIN_SECONDS = 240.0
TOKEN = "demo-token-for-tests"
BACKUP = "backup.sqlite3"


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def restored(db: None) -> None:
    """Two open postings in the state of an hour ago."""
    connection = DemoConnectionFactory.create(company__name="Harbour Street")
    for state in (State.READY, State.REJECTED):
        in_state(connection, state)
    Posting.objects.update(created_at=timezone.now() - timedelta(hours=1))


def run(*arguments: str, answer: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    out = StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr("builtins.input", lambda _: answer)
    call_command("after_restore", "--who", "sam", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.engine
def test_it_says_what_it_will_do_and_does_it_after_a_yes(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(answer="yes", monkeypatch=monkeypatch)
    assert "1:00:00 ago" in said
    assert "marked so: 1 ready, 1 rejected" in said
    assert "Harbour Street: P-000003 to P-002000" in said
    assert "Done: 2 postings, 1 series of numbers." in said
    assert Counter(Posting.objects.values_list("state", flat=True)) == Counter(["unknown", "rejected"])
    event = AuditEvent.objects.get(verb="portal.restored")
    assert (event.who, event.subject_type, event.details["postings"]) == ("sam", "portal", {"ready": 1, "rejected": 1})
    assert (
        run("--yes").strip() == "There is nothing to do: nothing is open, and no number can have been answered twice."
    )
    assert VoidNumbers.objects.count() == 1


@pytest.mark.engine
def test_what_sources_hold_is_not_believed_either(db: None) -> None:
    now, source = timezone.now(), SourceConnectionFactory.create()
    Sign.objects.create(part=Part.WORKER, process="host:1", started_at=now, seen_at=now - timedelta(hours=1))
    SourceList.objects.create(connection=source, kind="supplier", rows=3, replaced_at=now)
    assert "replaced by their next sync: 1" in run("--yes")
    assert list(SourceList.objects.values_list("replaced_at", "rows")) == [(None, 3)]
    assert "nothing to do" in run("--yes")


@pytest.mark.engine
def test_without_a_yes_nothing_is_changed(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Nothing was changed"):
        run(answer="y", monkeypatch=monkeypatch)
    assert Counter(Posting.objects.values_list("state", flat=True)) == Counter(["ready", "rejected"])
    assert not VoidNumbers.objects.exists()


def test_numbers_that_somebody_knows(restored: None) -> None:
    assert "P-000003 to P-000009\n" in run("--yes", "--numbers-up-to", "harbour street=P-000009", "--leave-out", "0")


@pytest.mark.parametrize(
    ("given", "said"),
    [("Nobody=P-000009", "no company 'Nobody'"), ("Harbour Street=9", "'9' is no number"), ("Harbour Street=X-9", "X")],
)
def test_what_cannot_be_is_refused(restored: None, given: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("--yes", "--numbers-up-to", given)


def test_while_a_worker_lives_it_is_refused(restored: None, settings: Settings) -> None:
    settings.EMBEDDED = False
    now = timezone.now()
    sign = Sign.objects.create(part=Part.WORKER, process="host:1", started_at=now, seen_at=now)
    with pytest.raises(CommandError, match="host:1"):
        run("--yes")
    Sign.objects.filter(pk=sign.pk).update(seen_at=now - timedelta(seconds=31))
    assert "Done: 2 postings" in run("--yes")


def test_it_may_be_forced(restored: None, settings: Settings) -> None:
    settings.EMBEDDED = False
    now = timezone.now()
    Sign.objects.create(part=Part.WORKER, process="host:1", started_at=now, seen_at=now)
    assert "Done: 2 postings" in run("--yes", "--force")


def test_while_the_embedded_portal_serves_it_is_refused(restored: None) -> None:
    with serve_lock(), pytest.raises(CommandError, match="already runs"):
        run("--yes", "--force")


@pytest.mark.django_db
def test_an_empty_database_tells_no_time(settings: Settings) -> None:
    with pytest.raises(CommandError, match="--backup-at"):
        run("--yes")
    assert "nothing to do" in run("--yes", "--backup-at", "2026-11-20T14:00Z")


# --- the procedure ---------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """The companies, and Demo Books, whose own interface says what it holds."""

    companies: list[dict[str, Any]]
    sandbox: str

    def in_the_books(self) -> Counter[tuple[str, str]]:
        """How many documents there are for each of our numbers, by company."""
        found: Counter[tuple[str, str]] = Counter()
        for company in self.companies:
            page: int | None = 1
            while page:
                url = f"{self.sandbox}/api/companies/{company['books']}/documents"
                headers = {"Authorization": f"Bearer {TOKEN}"}
                answer = requests.get(url, params={"page": page}, headers=headers, timeout=10).json()
                found.update((company["name"], document["reference"]) for document in answer["documents"])
                page = answer["next_page"]
        return found

    def deliver(self, portal: str, company: dict[str, Any], *copies: int) -> list[str]:
        """Approved invoices; the numbers that were answered."""
        return [self._deliver(portal, company, copy) for copy in copies]

    def _deliver(self, portal: str, company: dict[str, Any], copy: int) -> str:
        body = to_json(transaction_for("invoice", company["their_id"], company["name"], copy=copy))
        headers = {**company["headers"], "Content-Type": "application/json"}
        answer = requests.post(f"{portal}{company['path']}", data=body, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["JournalNumber"])


@contextmanager
def demo_books(directory: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "integrations", "--port", str(port), "--only", "demo"]
    env = environment(directory, **{ACCESS_VARIABLE: TOKEN})
    with Process([*command, "--state", str(directory / "books")], env=env, log=directory / "books.log") as sandbox:
        sandbox.wait_for(lambda: answers(f"http://127.0.0.1:{port}/"), "serve")
        yield f"http://127.0.0.1:{port}/demo"


def seeded(env: dict[str, str], sandbox: str) -> Scene:
    command = [sys.executable, "-m", "tests.operations.restore_scene", sandbox]
    done = subprocess.run(
        command, cwd=ROOT, env={**env, ACCESS_VARIABLE: TOKEN, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    companies = json.loads(done.stdout)
    with sqlite3.connect(Path(env["POSTROOM_DATA_DIR"]) / "books" / "demo.sqlite3") as books:
        rows = [(company["books"], company["name"], "GBP") for company in companies]
        books.executemany("INSERT OR IGNORE INTO company VALUES (?, ?, ?)", rows)
    return Scene(companies, sandbox)


@contextmanager
def web(directory: Path, env: dict[str, str]) -> Iterator[str]:
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("granian")),
        "--interface",
        "wsgi",
        "--no-ws",
        "portal.wsgi:application",
    ]
    command += ["--port", str(port), "--blocking-threads", "8"]
    with Process(command, env={**env, "WEB_THREADS": "8"}, log=directory / "web.log") as server:
        server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "serve")
        yield f"http://127.0.0.1:{port}"
        server.end(signal.SIGTERM)


@contextmanager
def worker(directory: Path, env: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--concurrency", "4", "--without-mingle"]
    with Process(command, env=env, log=directory / "worker.log") as process:
        yield
        process.end(signal.SIGTERM)


@pytest.mark.postgres
def test_the_whole_procedure_on_postgresql(tmp_path: Path) -> None:
    """Post, dump, post more, lose the database, restore the older dump, run the command, let a worker run."""
    with Postgres(durable=True) as postgres, Redis() as redis, demo_books(tmp_path) as sandbox:
        url = postgres.create_database("postroom")
        servers = {"DATABASE_URL": url, "REDIS_URL": redis.url, "BASE_URL": "http://127.0.0.1"}
        env = environment(tmp_path, **{**PRODUCTION, **servers, "ALLOW_PRIVATE_TARGETS": "true"})
        assert manage("migrate", "-v0", env=env).returncode == 0
        scene = seeded(env, sandbox)
        harbour, quayside = scene.companies

        def states() -> Counter[str]:
            with psycopg.connect(url) as connection:
                return Counter(row[0] for row in connection.execute("SELECT state FROM postings_posting"))

        with web(tmp_path, env) as portal:
            with worker(tmp_path, env):
                told = scene.deliver(portal, harbour, 1, 2, 3)
                wait_for(lambda: states() == {"posted": 3}, "the first are posted", WITHIN_SECONDS)
            told += scene.deliver(portal, harbour, 4, 5, 6, 7)
            scene.deliver(portal, quayside, 1, 2)
            assert states() == {"posted": 3, "ready": 6}
            dump = tmp_path / "postroom.dump"
            backup(postgres, dump)
            with psycopg.connect(url, autocommit=True) as connection:  # these two are not posted before the loss
                connection.execute(
                    "UPDATE connections_connection SET paused = true WHERE id = %s", [quayside["connection"]]
                )
            with worker(tmp_path, env):
                told += scene.deliver(portal, harbour, 8, 9)
                wait_for(lambda: states() == {"posted": 9, "ready": 2}, "the rest is posted", WITHIN_SECONDS)
        before = scene.in_the_books()
        assert set(before.values()) == {1}
        assert len(before) == 9

        restore(postgres, dump)
        assert states() == {"posted": 3, "ready": 6}
        wait_for(lambda: "to do it" in after_restore(env, answer="no").stdout, "the workers' signs are old enough")
        done = after_restore(env, answer="yes")
        assert done.returncode == 0, done.stderr
        assert "marked so: 6 ready" in done.stdout
        assert "Harbour Street Studios Ltd: P-000008 to P-002000" in done.stdout
        assert states() == {"posted": 3, "unknown": 6}
        assert "nothing to do" in after_restore(env, answer="yes").stdout

        with worker(tmp_path, env):
            wait_for(lambda: states() == {"posted": 9}, f"all is settled: {states()}", WITHIN_SECONDS)
            assert reconciled(url, env) == [("extra", "open")] * 2
            with web(tmp_path, env) as portal:
                new = scene.deliver(portal, harbour, 20)
                wait_for(lambda: states() == {"posted": 10}, "a new one is posted", WITHIN_SECONDS)
        after = scene.in_the_books()
        assert set(after.values()) == {1}, after
        assert after - before == Counter(
            {(quayside["name"], "P-000001"): 1, (quayside["name"], "P-000002"): 1, (harbour["name"], new[0]): 1}
        )
        assert new == ["P-002001"]
        assert len({*told, *new}) == len(told) + 1 == 10


def reconciled(url: str, env: dict[str, str]) -> list[tuple[str, str]]:
    """What was lost here stands there: the reconciliation names it."""
    assert manage("reconcile", env=env).returncode == 1
    with psycopg.connect(url) as connection:
        return [(kind, state) for kind, state in connection.execute("SELECT kind, state FROM postings_difference")]


def after_restore(env: dict[str, str], *, answer: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "after_restore", "--who", "sam"],
        cwd=ROOT, env=env, input=f"{answer}\n", capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def backup(postgres: Postgres, dump: Path) -> None:
    """`pg_dump --format custom`, as docs/operate.md says it."""
    tool(postgres, "pg_dump", "--format", "custom", "--file", str(dump), "postroom")


def restore(postgres: Postgres, dump: Path) -> None:
    """`pg_restore --clean --if-exists`, as docs/operate.md says it."""
    tool(postgres, "pg_restore", "--clean", "--if-exists", "--dbname", "postroom", str(dump))


def tool(postgres: Postgres, name: str, *arguments: str) -> None:
    program, socket = postgres._package.bin_path / name, str(postgres._data)
    command = [str(program), "-h", socket, "-U", "postgres", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_whole_procedure_in_the_embedded_shape(tmp_path: Path) -> None:
    """The file is copied while it is served, and put back."""
    with demo_books(tmp_path) as sandbox:
        env = environment(tmp_path)
        assert manage("migrate", "-v0", env=env).returncode == 0
        scene = seeded(env, sandbox)
        harbour, quayside = scene.companies
        file = tmp_path / "postroom.sqlite3"

        def states() -> Counter[str]:
            with sqlite3.connect(file) as database:
                return Counter(row[0] for row in database.execute("SELECT state FROM postings_posting"))

        def pause(*, paused: bool) -> None:
            with sqlite3.connect(file) as database:
                database.execute("UPDATE connections_connection SET paused = ? WHERE side = 'accounting'", [paused])

        with serving(tmp_path, env) as (portal, address):
            told = scene.deliver(address, harbour, 1)
            wait_for(lambda: states() == {"posted": 1}, "the first is posted", WITHIN_SECONDS)
            pause(paused=True)
            told += scene.deliver(address, harbour, 2, 3)
            with closing(sqlite3.connect(file)) as database, closing(sqlite3.connect(tmp_path / BACKUP)) as copy:
                database.backup(copy)
                copy.execute("UPDATE connections_connection SET paused = false")
                copy.commit()
            pause(paused=False)
            told += scene.deliver(address, harbour, 4)
            wait_for(lambda: states() == {"posted": 4}, "the rest is posted", WITHIN_SECONDS)
            refused = after_restore(env, answer="yes")
            assert (refused.returncode, "already runs" in refused.stderr) == (1, True)
            portal.end(signal.SIGTERM)
        before = scene.in_the_books()
        for left in tmp_path.glob("postroom.sqlite3-*"):
            left.unlink()
        (tmp_path / BACKUP).replace(file)
        assert states() == {"posted": 1, "ready": 2}
        done = after_restore(env, answer="yes")
        assert "Done: 2 postings, 2 series of numbers." in done.stdout, done.stderr
        with serving(tmp_path, env) as (_, address):
            wait_for(lambda: states() == {"posted": 3}, "all is settled", WITHIN_SECONDS)
            assert scene.deliver(address, quayside, 1) == ["P-001001"]
            wait_for(lambda: states() == {"posted": 4}, "a new one is posted", WITHIN_SECONDS)
        assert scene.in_the_books() - before == {(quayside["name"], "P-001001"): 1}
        assert set(scene.in_the_books().values()) == {1}
