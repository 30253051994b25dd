"""What stand-ins share: a memory that survives, one port for all, a record of what was asked."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import WSGIApplication

import pytest
import requests
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from integrations.sandbox import Recorder, Server, Store, mount

SCHEMA = "CREATE TABLE IF NOT EXISTS word (text TEXT)"
ROOT = Path(__file__).parents[2]


def says(word: str) -> WSGIApplication:
    return Request.application(lambda request: Response(f"{word} {request.script_root} {request.path}"))


def words(store: Store) -> list[str]:
    with store.transaction() as database:
        return [row["text"] for row in database.execute("SELECT text FROM word")]


def test_a_file_remembers_and_memory_does_not(tmp_path: Path) -> None:
    for directory, expected in ((tmp_path, ["hello"]), (None, [])):
        first = Store("some", directory)
        first.create(SCHEMA)
        with first.transaction() as database:
            database.execute("INSERT INTO word VALUES ('hello')")
        first.close()
        second = Store("some", directory)
        second.create(SCHEMA)
        assert words(second) == expected
        second.close()
    assert (tmp_path / "some.sqlite3").exists()


def test_a_transaction_is_all_or_nothing() -> None:
    store = Store("some")
    store.create(SCHEMA)

    def fail() -> None:
        with store.transaction() as database:
            database.execute("INSERT INTO word VALUES ('half')")
            raise KeyError("half-way")

    with pytest.raises(KeyError):
        fail()
    assert words(store) == []


def test_a_closed_store_says_so() -> None:
    store = Store("some")
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        words(store)


def test_a_token_is_kept_where_only_we_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_TOKEN", raising=False)
    token = Store("some", tmp_path).token("some-token", "SOME_TOKEN")
    assert len(token) >= 43
    assert Store("some", tmp_path).token("some-token", "SOME_TOKEN") == token
    assert stat.S_IMODE((tmp_path / "some-token").stat().st_mode) == 0o600
    assert (tmp_path / "some-token").read_text() == token
    assert Store("some").token("some-token", "SOME_TOKEN") != token


def test_a_given_token_is_used_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "given")
    assert Store("some", tmp_path).token("some-token", "SOME_TOKEN") == "given"
    assert not (tmp_path / "some-token").exists()


def test_stand_ins_share_a_port_by_prefix() -> None:
    client = Client(mount({"one": says("eins"), "two": says("zwei")}))
    assert client.get("/one/a/b").text == "eins /one /a/b"
    assert client.get("/two").text == "zwei /two /"
    index = client.get("/")
    assert 'href="/one/"' in index.text
    assert 'href="/two/"' in index.text
    assert client.get("/sandbox.css").mimetype == "text/css"
    assert client.get("/three").status_code == 404


def test_something_can_be_put_before_a_stand_in() -> None:
    def wrap(slug: str, app: WSGIApplication) -> WSGIApplication:
        return says("disturbed") if slug == "two" else app

    client = Client(mount({"one": says("eins"), "two": says("zwei")}, wrap=wrap))
    assert client.get("/one/").text == "eins /one /"
    assert client.get("/two/").text == "disturbed /two /"


def test_the_recorder_remembers_the_last_requests_as_they_came() -> None:
    echo = Request.application(lambda request: Response(request.get_data(), status=202))
    recorder = Recorder(echo, keep=2)
    client = Client(recorder)
    for word in ("a", "b", "c"):
        assert client.post(f"/{word}?q=1", data=word, headers={"X-Word": word}).text == word
    assert [(seen.method, seen.path, seen.query, seen.body, seen.status) for seen in recorder.seen] == [
        ("POST", "/b", "q=1", b"b", 202),
        ("POST", "/c", "q=1", b"c", 202),
    ]
    assert recorder.seen[1].headers["X-Word"] == "c"


def test_a_body_without_a_length_arrives() -> None:
    recorder = Recorder(Request.application(lambda request: Response(request.get_data())))
    with Server(recorder) as server:
        answer = requests.post(server.url, data=iter([b"in ", b"pieces"]), timeout=5)
    assert answer.text == "in pieces"
    assert recorder.seen[0].body == b"in pieces"


def test_a_stopped_server_frees_its_port() -> None:
    with Server(says("hello")) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert requests.get(server.url, timeout=5).status_code == 200
    with Server(says("again"), port=int(server.url.rpartition(":")[2])) as second:
        assert requests.get(second.url, timeout=5).text.startswith("again")
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m integrations` as a process of its own, with the address that it printed."""
    command = [sys.executable, "-m", "integrations", "--port", "0", *arguments]
    environment = {**os.environ, "POSTROOM_DEMO_TOKEN": ""}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            ready, _, url = process.stdout.readline().strip().partition(" ")
            assert ready == "ready"
            yield process, url
        finally:
            process.kill()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_runner_ends_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    with running("--only", "demo", "--state", str(tmp_path / "new" / "state")) as (process, url):
        assert requests.get(f"{url}/demo/", timeout=5).status_code == 200
        process.send_signal(end)
        assert process.wait(timeout=10) == 0


def test_the_runner_disturbs_as_it_is_told(tmp_path: Path) -> None:
    with running("--state", str(tmp_path), "--faults", "500_before_commit,hang_seconds=7", "--seed", "9") as (_, url):
        plan = requests.get(f"{url}/demo/faults", timeout=5).json()
        assert (plan["seed"], plan["rates"]) == (9, {"500_before_commit": 1.0})
        assert plan["terms"]["hang_seconds"] == 7.0
        address = f"{url}/demo/api/companies/harbour-street/bills"
        assert requests.post(address, json={}, timeout=5).status_code == 500
        assert requests.get(f"{url}/icompleat/control/companies", timeout=5).status_code == 200


def test_the_runner_refuses_a_plan_that_it_cannot_read() -> None:
    command = [sys.executable, "-m", "integrations", "--faults", "earthquake"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert "earthquake is unknown here" in ended.stderr


def test_a_killed_runner_remembers(tmp_path: Path) -> None:
    body = {
        "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
        "date": "2024-03-14",
        "currency": "GBP",
        "net": 10,
        "tax": 2,
        "gross": 12,
        "lines": [{"number": 1, "account_code": "7504", "tax_code": "T1", "net": 10, "tax": 2, "gross": 12}],
    }

    def post(url: str, key: str) -> dict[str, str]:
        token = (tmp_path / "demo-token").read_text()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        address = f"{url}/demo/api/companies/harbour-street/bills"
        answer: dict[str, str] = requests.post(address, json=body, headers=headers, timeout=5).json()
        return answer

    with running("--only", "demo", "--state", str(tmp_path)) as (process, url):
        first = post(url, "a")
        process.kill()
        process.wait(timeout=10)
    with running("--only", "demo", "--state", str(tmp_path)) as (_, url):
        assert post(url, "a") == first
        assert post(url, "b")["number"] == "BILL-000002"
