"""The headline run: approved transactions through the whole portal into books that nobody here wrote.

Web, workers, PostgreSQL and Redis are real processes. Meanwhile workers are killed, and the accounting system's server
is stopped in the middle of a call and goes on later. In the end its own books are read, apart from our connector.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, LiteralString, Protocol
from uuid import UUID

from psycopg.rows import dict_row

from tests.chaos.papers import Due, Mail, Paper
from tests.chaos.programs import Program
from tests.chaos.sender import Sender
from tests.chaos.shape import DATABASE, commands, surroundings
from tests.operations.running import ROOT, answers, manage
from tests.servers import Postgres, Redis, free_port

DOCUMENTS = 100
CREDITED = 0.15
OVER_SECONDS = 40.0
RESTS_WITHIN_SECONDS = 400.0
STEP_SECONDS = 0.1
PROGRAMS = ("web-1", "worker-1", "worker-2")
KILL_EVERY_SECONDS, FREEZE_EVERY_SECONDS = (2.5, 5.0), (4.0, 7.0)
# Longer than the portal waits for an answer, shorter than its quiet period.
FROZEN_SECONDS = (6.5, 8.0)
KILL_AFTER_SECONDS = 1.5

UNSETTLED: LiteralString = (
    "SELECT count(*) AS open FROM postings_posting WHERE state NOT IN ('posted', 'rejected', 'held')"
)
POSTINGS: LiteralString = """
SELECT p.state, p.reason, p.external_number, p.differences, t.number, t.answered_number, t.gross, t.kind, t.identity
FROM postings_posting p JOIN postings_transaction t ON t.id = p.transaction_id
"""
OUTCOMES: LiteralString = "SELECT purpose, outcome, count(*) AS times FROM postings_attempt GROUP BY 1, 2"


@dataclass(frozen=True, slots=True)
class Move:
    """A posted document as it stands in their books: our number on it, its gross amount, negative for a credit."""

    reference: str
    number: str
    gross: Decimal


class TheirBooks(Protocol):
    """A running accounting system, and the way to look at it that is not our connector's."""

    @property
    def slug(self) -> str:
        """Of the integration."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What the connection's form would be given, without secrets."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """And the secrets."""

    @property
    def account_code(self) -> str:
        """An account for expenses."""

    @property
    def taxes(self) -> Mapping[str, str]:
        """Its own codes by those of the source."""

    def frozen(self) -> AbstractContextManager[None]:
        """The server stopped (SIGSTOP) for the length of a `with` block."""

    def moves(self) -> list[Move]:
        """Everything that was posted, read from their side without our connector."""

    def drafts(self) -> int:
        """How many documents were begun and not posted."""


@dataclass(slots=True)
class Seen:
    """What a run came to."""

    papers: list[Paper]
    postings: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    drafts: int = 0
    kills: int = 0
    freezes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def told(self) -> str:
        """In one line."""
        ends = ", ".join(f"{outcome} {times}" for outcome, times in sorted(self.outcomes.items()))
        return (
            f"{len(self.papers)} documents, {len(self.moves)} moves, {self.kills} kills, {self.freezes} freezes, "
            f"{self.seconds:.0f} s; attempts: {ends}"
        )


def run(books: TheirBooks, directory: Path, *, documents: int = DOCUMENTS, seed: int = 1) -> Seen:
    """Deliver, disturb, wait for rest, read both sides."""
    with _portal(directory) as portal:
        company = portal.seed(books)
        seen = Seen(_papers(seed, documents, books.account_code))
        deliveries = [Due(OVER_SECONDS * at / documents, at, 0) for at in range(documents)]
        sender = Sender(Mail(seen.papers, deliveries), portal.urls, [company], seed)
        began = time.monotonic()
        sender.start()
        try:
            _disturb(portal, books, sender, seen, random.Random(f"{seed} nemeses"))
            _rest(portal, sender)
        finally:
            sender.stop()
        seen.seconds = time.monotonic() - began
        seen.postings = portal.rows(POSTINGS)
        for row in portal.rows(OUTCOMES):
            seen.outcomes[f"{row['purpose']} {row['outcome'] or 'open'}"] += row["times"]
    seen.moves, seen.drafts = books.moves(), books.drafts()
    return seen


@dataclass(slots=True)
class _Portal:
    environment: Mapping[str, str]
    urls: tuple[str, ...]
    postgres: Postgres
    programs: dict[str, Program]

    def seed(self, books: TheirBooks) -> dict[str, Any]:
        """Link the company; its endpoint as the sender wants it."""
        where = {
            "slug": books.slug, "settings": dict(books.settings), "secrets": dict(books.secrets),
            "taxes": dict(books.taxes),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "manage.py", "live_seed"], cwd=ROOT, env=self.environment, input=json.dumps(where),
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """What the database says."""
        with self.postgres.connect(DATABASE) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    @property
    def workers(self) -> list[Program]:
        return [program for name, program in self.programs.items() if name.startswith("worker")]

    def revive(self) -> None:
        """Start again what has ended."""
        for program in self.programs.values():
            program.revive()


@contextmanager
def _portal(directory: Path) -> Iterator[_Portal]:
    with ExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres(durable=True)), stack.enter_context(Redis())
        ports = [free_port(), free_port()]
        env = {**surroundings(directory, postgres, redis, ports), "DJANGO_SETTINGS_MODULE": "tests.live.settings"}
        for arguments in (("migrate",), ("collectstatic", "--noinput")):
            if (done := manage(*arguments, env=env)).returncode:
                raise RuntimeError(done.stderr[-3000:])
        url = f"http://127.0.0.1:{ports[0]}"
        made = _Portal(env, (url,), postgres, {})
        for name, command in commands(ports).items():
            if name in PROGRAMS:
                program = Program(name, command, environment=lambda _: env, log=directory / f"{name}.log")
                made.programs[name] = program
                stack.callback(program.stop)
                program.start()
        made.programs["web-1"].wait_until(lambda: answers(f"{url}/healthz"), "answer")
        yield made


def _papers(seed: int, count: int, account: str) -> list[Paper]:
    dice = random.Random(f"{seed} headline")
    return [
        Paper(
            identity=str(UUID(int=dice.getrandbits(128), version=4)), company=0, order="",
            kind="CRD" if dice.random() < CREDITED else "INV", label=f"LIVE{position:06}",
            versions=[(Decimal(dice.randrange(1_00, 900_00, 5)) / 100, account)],
        )
        for position in range(count)
    ]  # fmt: skip


def _disturb(portal: _Portal, books: TheirBooks, sender: Sender, seen: Seen, dice: random.Random) -> None:
    """Until everything was delivered once and answered: kill a worker, stop their server, let it go on."""
    began = time.monotonic()
    kill_at, freeze_at = (began + dice.uniform(*every) for every in (KILL_EVERY_SECONDS, FREEZE_EVERY_SECONDS))
    while (now := time.monotonic()) - began < OVER_SECONDS or not sender.is_done:
        portal.revive()
        if now >= kill_at:
            dice.choice(portal.workers).kill()
            seen.kills += 1
            kill_at = now + dice.uniform(*KILL_EVERY_SECONDS)
        if now >= freeze_at:
            with books.frozen():
                _while_frozen(portal, seen, now + dice.uniform(*FROZEN_SECONDS))
            seen.freezes += 1
            freeze_at = time.monotonic() + dice.uniform(*FREEZE_EVERY_SECONDS)
        time.sleep(STEP_SECONDS)


def _while_frozen(portal: _Portal, seen: Seen, until: float) -> None:
    """Every other time all workers are killed meanwhile, in the middle of their calls; else they wait in vain."""
    kill_at = time.monotonic() + KILL_AFTER_SECONDS if seen.freezes % 2 else None
    while (now := time.monotonic()) < until:
        portal.revive()
        if kill_at is not None and now >= kill_at:
            for worker in portal.workers:
                worker.kill()
                seen.kills += 1
            kill_at = None
        time.sleep(STEP_SECONDS)


def _rest(portal: _Portal, sender: Sender) -> None:
    """Wait until nothing moves any more; staff look at what is held then."""
    deadline = time.monotonic() + RESTS_WITHIN_SECONDS
    _until(portal, lambda: sender.is_done and not portal.rows(UNSETTLED)[0]["open"], deadline)
    if any(row["state"] == "held" for row in portal.rows(POSTINGS)):
        if (done := manage("chaos_staff", env=portal.environment)).returncode:
            raise RuntimeError(done.stderr[-3000:])
        _until(portal, lambda: not portal.rows(UNSETTLED)[0]["open"], deadline)


def _until(portal: _Portal, happened: Callable[[], bool], deadline: float) -> None:
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It did not come to rest: {Counter(row['state'] for row in portal.rows(POSTINGS))}")
        portal.revive()
        time.sleep(0.5)


def shortfalls(seen: Seen) -> list[str]:
    """What was meant to go wrong and did not, in sentences."""
    broken = sum(seen.outcomes[f"send {how}"] for how in ("Died", "OutcomeUnknown", "Retryable"))
    looked_up = sum(times for what, times in seen.outcomes.items() if what.startswith("lookup"))
    happened = {
        "Few workers were killed.": seen.kills >= 5,
        "Their server was hardly stopped.": seen.freezes >= 2,
        "No call was broken off.": bool(broken),
        "Nothing was looked up.": bool(looked_up),
    }
    return [sentence for sentence, did in happened.items() if not did]


def problems(seen: Seen) -> list[str]:
    """What their books and ours do not agree about, in sentences. None: each document is there once, to the cent."""
    found = [f"{row['number']} is {row['state']}: {row['reason']}" for row in seen.postings if row["state"] != "posted"]
    ours = {
        row["number"]: Decimal(row["gross"]) / 10_000 * (-1 if row["kind"] == "credit_note" else 1)
        for row in seen.postings
    }
    sent = {paper.identity: paper.gross(0) * (-1 if paper.kind == "CRD" else 1) for paper in seen.papers}
    if sorted(ours.values()) != sorted(sent.values()):
        found.append("Our amounts are not those that were sent.")
    times = Counter(move.reference for move in seen.moves)
    found += [f"{reference} is in their books {count} times." for reference, count in times.items() if count != 1]
    found += [f"{number} is missing in their books." for number in ours.keys() - times.keys()]
    found += [f"{reference} is in their books and not ours." for reference in times.keys() - ours.keys()]
    found += [
        f"{move.reference} is {move.gross} in their books, {ours[move.reference]} in ours."
        for move in seen.moves
        if move.reference in ours and move.gross != ours[move.reference]
    ]
    if sum(move.gross for move in seen.moves) != sum(sent.values()):
        found.append("The totals differ.")
    if seen.drafts:
        found.append(f"{seen.drafts} documents were begun over there and never posted.")
    numbers = {move.reference: move.number for move in seen.moves}
    found += [
        f"{row['number']} says {row['external_number']}, their books {numbers[row['number']]}."
        for row in seen.postings
        if row["number"] in numbers and row["external_number"] != numbers[row["number"]]
    ]
    told = {number for paper in seen.papers for number in paper.numbers}
    known = {row["answered_number"] for row in seen.postings}
    found += [f"{number} was answered and is not kept." for number in told - known]
    found += [f"{paper.label} got two answers: {paper.numbers}." for paper in seen.papers if len(paper.numbers) != 1]
    return found
