"""`kill -9` of the embedded process: what was answered ends in the outside system's books, each exactly once."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.exact import to_json
from integrations.icompleat.samples import transaction_for
from tests.operations.running import Process, answers, environment, manage, serving, wait_for
from tests.servers import free_port

DOCUMENTS = 24
SEEN_BEFORE_THE_KILL = 3
LATENCY_MS = 500
# A dead worker's call is looked up after half a minute, and what is then missed once more after another.
ENDS_WITHIN_SECONDS = 150.0
COMPANY = "Harbour Street Studios Ltd"


@dataclass(frozen=True)
class Scene:
    """A seeded data directory, the port that the sandbox must have, and the endpoint for invoices."""

    directory: Path
    sandbox_port: int
    access_token: str
    endpoint: dict[str, str]

    def in_the_books(self) -> Counter[str]:
        """How many documents Demo Books holds for each of our numbers, read from its own interface."""
        found: Counter[str] = Counter()
        page: int | None = 1
        while page:
            answer = requests.get(
                f"http://127.0.0.1:{self.sandbox_port}/demo/api/companies/harbour-street/documents",
                params={"page": page},
                headers={"Authorization": f"Bearer {self.access_token}"},
                timeout=10,
            ).json()
            found.update(document["reference"] for document in answer["documents"])
            page = answer["next_page"]
        return found

    def states(self) -> Counter[str]:
        """How many postings of the demo accounting system stand in each state."""
        with sqlite3.connect(self.directory / "postroom.sqlite3") as database:
            return Counter(state for (state,) in database.execute("SELECT state FROM postings_posting WHERE NOT kept"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """What a run of the demo leaves, with answers at once for Harbour Street's invoices."""
    port, report = free_port(), tmp_path / "report.json"
    ports = ("--port", str(free_port()), "--sandbox-port", str(port))
    done = manage("demo", "--once", "--json", str(report), *ports, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(report.read_text())["endpoints"]
    endpoint = next(row for row in told if (row["company"], row["kind"]) == (COMPANY, "invoice"))
    with sqlite3.connect(tmp_path / "postroom.sqlite3") as database:
        database.execute("UPDATE connections_endpoint SET answer = 'immediate'")
    return Scene(tmp_path, port, json.loads((tmp_path / "demo.json").read_text())["demo-books"], endpoint)


@contextmanager
def slow_sandbox(scene: Scene) -> Iterator[None]:
    command = [sys.executable, "-m", "integrations", "--port", str(scene.sandbox_port), "--only", "demo"]
    command += ["--state", str(scene.directory / "sandbox"), "--latency-ms", str(LATENCY_MS)]
    env = environment(scene.directory, POSTROOM_DEMO_TOKEN=scene.access_token)
    with Process(command, env=env, log=scene.directory / "sandbox.log") as sandbox:
        sandbox.wait_for(lambda: answers(f"http://127.0.0.1:{scene.sandbox_port}/"), "serve")
        yield


def deliver(scene: Scene, portal_url: str, copy: int) -> str:
    """One approved invoice to the portal: the number that it answered, or nothing when it died over it."""
    transaction = transaction_for("invoice", scene.endpoint["icompleat_company_id"], COMPANY, copy=copy)
    path = "/" + scene.endpoint["url"].split("/", 3)[3]
    headers = {scene.endpoint["token_header"]: scene.endpoint["token"], "Content-Type": "application/json"}
    try:
        response = requests.post(f"{portal_url}{path}", data=to_json(transaction), headers=headers, timeout=20)
    except requests.RequestException:
        return ""
    answer: dict[str, Any] = response.json()
    return str(answer["JournalNumber"])


def test_everything_that_was_answered_is_posted_exactly_once(scene: Scene) -> None:
    env = environment(scene.directory)
    before = scene_books(scene)
    with slow_sandbox(scene):
        with serving(scene.directory, env) as (portal, url), ThreadPoolExecutor(6) as senders:
            sent = [senders.submit(deliver, scene, url, copy) for copy in range(1, DOCUMENTS + 1)]
            wait_for(lambda: len(scene.in_the_books() - before) >= SEEN_BEFORE_THE_KILL, "some are booked")
            assert portal.end(signal.SIGKILL) == -signal.SIGKILL
            answered = {number for future in sent if (number := future.result())}
        left = scene.states()
        assert left["sending"] > 0, f"the kill did not come mid-way: {left}"
        with serving(scene.directory, env):
            wait_for(lambda: open_states(scene) == set(), "all is settled", ENDS_WITHIN_SECONDS)
            booked = scene.in_the_books() - before
    assert len(answered) > SEEN_BEFORE_THE_KILL
    assert answered <= set(booked)
    assert set(booked.values()) == {1}


def scene_books(scene: Scene) -> Counter[str]:
    """What the demo's own run had booked."""
    with slow_sandbox(scene):
        return scene.in_the_books()


def open_states(scene: Scene) -> set[str]:
    return set(scene.states()) - {"posted", "rejected"}
