"""`manage.py demo`, as people run it: real processes, real HTTP, twice in a row, and ended in three ways."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.operations.running import PRODUCTION, Process, answers, environment, get, manage, wait_for
from tests.servers import free_port

ROW = re.compile(r"(?P<company>.+ Ltd) +(?P<document>[A-Z]+\d+) +(?P<kind>[A-Z][a-z ]+?) +"
                 r"(?P<gross>[\d,.]+ [A-Z]{3}) +(?P<answer>\d+) +(?P<number>\S+) +(?P<ms>\d+)")  # fmt: skip


def run_once(directory: Path) -> tuple[list[dict[str, str]], dict[str, Any], str]:
    """One whole run: the rows of its table, its JSON, and everything that it said."""
    report = directory / "report.json"
    ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
    done = manage("demo", "--once", "--json", str(report), *ports, env=environment(directory))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [found.groupdict() for line in done.stdout.splitlines() if (found := ROW.fullmatch(line))]
    return rows, json.loads(report.read_text()), done.stdout


def test_it_answers_as_expected_and_twice_the_same(tmp_path: Path) -> None:
    first, report, said = run_once(tmp_path)
    answered = [(row["company"], row["kind"], row["gross"], row["answer"], row["number"]) for row in first]
    assert answered == [
        ("Northgate Training Ltd", "Purchase order", "1,187.28 GBP", "200", "MEM-000001"),
        ("Northgate Training Ltd", "Receipt", "1,149.12 GBP", "200", "MEM-000002"),
        ("Northgate Training Ltd", "Invoice", "1,378.44 GBP", "200", "JNL-000001"),
        ("Northgate Training Ltd", "Invoice", "1,337.25 USD", "200", "JNL-000002"),
        ("Northgate Training Ltd", "Credit note", "38.16 GBP", "200", "JNL-000003"),
        ("Northgate Training Ltd", "Invoice", "36.00 GBP", "200", "JNL-000004"),
        ("Northgate Training Ltd", "Invoice", "120.00 GBP", "400", "none"),
        ("Harbour Street Studios Ltd", "Purchase order", "1,187.28 GBP", "200", "PO-000001"),
        ("Harbour Street Studios Ltd", "Receipt", "1,149.12 GBP", "200", "MEM-000001"),
        ("Harbour Street Studios Ltd", "Invoice", "1,378.44 GBP", "200", "BILL-000001"),
        ("Harbour Street Studios Ltd", "Invoice", "1,337.25 USD", "200", "BILL-000002"),
        ("Harbour Street Studios Ltd", "Credit note", "38.16 GBP", "200", "CN-000001"),
        ("Harbour Street Studios Ltd", "Invoice", "36.00 GBP", "200", "BILL-000003"),
        ("Harbour Street Studios Ltd", "Invoice", "120.00 GBP", "400", "none"),
    ]
    assert said.count("9999") == 2
    assert report["staff"]["password"] in said
    assert {(row["company"], row["kind"]) for row in report["endpoints"]} == {
        (company, kind)
        for company in ("Northgate Training Ltd", "Harbour Street Studios Ltd")
        for kind in ("purchase_order", "invoice", "credit_note", "receipt", "all")
    }
    second, again, _ = run_once(tmp_path)
    assert [without_time(row) for row in second] == [without_time(row) for row in first]
    assert (again["staff"], again["customer"]) == (report["staff"], report["customer"])
    assert [row["token"] for row in again["endpoints"]] == [row["token"] for row in report["endpoints"]]


def without_time(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != "ms"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_runs_until_it_is_ended_and_leaves_nobody_behind(number: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "manage.py", "demo", "--json", str(report), "--port", str(free_port())]
    command += ["--sandbox-port", str(free_port())]
    with Process(command, env=environment(tmp_path), log=tmp_path / "demo.log") as demo:
        demo.wait_for(report.exists, "run")
        told = json.loads(report.read_text())
        assert get(f"{told['portal_url']}/readyz").json()["status"] == "ready"
        assert get(f"{told['sandbox_url']}/icompleat/").ok
        assert demo.end(number) == (0 if number == signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: not answers(f"{told['portal_url']}/healthz"), "the portal ends")
    wait_for(lambda: not answers(f"{told['sandbox_url']}/"), "the sandbox ends")
    wait_for(lambda: lock_is_free(tmp_path), "the lock is given back")


def lock_is_free(directory: Path) -> bool:
    """The portal's process is gone, not only its port: another one may serve, and stops for want of a free port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = manage("serve", "--port", str(taken.getsockname()[1]), env=environment(directory))
    return "cannot be listened on" in refused.stderr


def test_a_taken_port_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = manage("demo", "--port", port, env=environment(tmp_path))
    assert refused.returncode == 1
    assert f"Port {port} is taken by another program. Choose another with --port" in refused.stderr
    assert not (tmp_path / "postroom.sqlite3").exists()


def test_a_child_that_fails_is_quoted(tmp_path: Path) -> None:
    """The portal's last words say why: its lock is held by somebody else."""
    env = environment(tmp_path)
    assert manage("migrate", "-v0", env=env).returncode == 0
    ready = tmp_path / "ready"
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--ready-file", str(ready)]
    with Process(command, env=env, log=tmp_path / "serve.log") as other:
        other.wait_for(ready.exists, "serve")
        failed = manage("demo", "--once", "--port", str(free_port()), "--sandbox-port", str(free_port()), env=env)
    assert failed.returncode == 1
    assert "The portal ended by itself with code 1." in failed.stderr
    assert f"process {other.pid} already runs with" in failed.stderr


def test_the_demo_is_not_for_production(tmp_path: Path) -> None:
    refused = manage("demo", env=environment(tmp_path, **PRODUCTION))
    assert refused.returncode == 1
    assert "The demo is for the embedded shape" in refused.stderr
