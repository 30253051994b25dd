"""What is done inside of the processes: crossings are told apart by what they write, and every point can be passed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.inside.boundaries import When, written
from tests.chaos.inside.mines import HELD_UP, Mines, happened, over
from tests.chaos.inside.points import POINTS


@pytest.mark.parametrize(
    ("statement", "marks"),
    [
        ('INSERT INTO "intake_delivery" ("endpoint_id") VALUES (%s)', {"insert intake_delivery"}),
        ('UPDATE "postings_posting" SET "state" = %s WHERE id = %s', {"update postings_posting"}),
        ("update only postings_posting set state = 'x'", {"update postings_posting"}),
        ('SELECT 1 FROM "postings_posting" FOR NO KEY UPDATE', set()),
        (
            """WITH n AS (UPDATE postings_numberseries SET last = 1), t AS (INSERT
            INTO postings_transaction SELECT 1) INSERT INTO postings_transition SELECT 'sweep'""",
            {
                "update postings_numberseries", "insert postings_transaction", "insert postings_transition", "by sweep",
            },
        ),
    ],
)  # fmt: skip
def test_what_a_statement_writes(statement: str, marks: set[str]) -> None:
    assert {mark for mark in written(statement) if not mark.startswith("update set")} == marks


@pytest.mark.parametrize("name", POINTS)
def test_a_process_dies_at_its_point_and_nowhere_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point, killed = POINTS[name], list[int]()
    monkeypatch.setattr("tests.chaos.inside.mines.os.kill", lambda _, number: killed.append(number))
    mines = _mines(point.part, tmp_path / "crashes.log")
    mines.target = name
    other = When.AFTER if point.when is When.BEFORE else When.BEFORE
    mines.passed(other, point.marks)
    mines.passed(point.when, frozenset({"insert nothing"}))
    assert killed == []
    mines.passed(point.when, point.marks | {"insert something"})
    assert (len(killed), happened(tmp_path / "crashes.log")) == (1, {name: 1})


def test_points_that_were_hit_least_get_their_turn(tmp_path: Path) -> None:
    path = tmp_path / "crashes.log"
    missing = "sent, nothing is heard"
    for name in POINTS:
        _mark(path, *[name] * (0 if name == missing else 2))
    assert {_mines("worker", path, seed).target for seed in range(20)} == {missing}


def test_a_thread_is_held_up_after_its_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()
    monkeypatch.setattr("tests.chaos.inside.mines.time.sleep", slept.append)
    mines = Mines(random.Random(1), "worker", 0.0, 1.0, tmp_path / "crashes.log")
    mines.passed(When.BEFORE, frozenset({"insert postings_attempt"}))
    assert slept == []
    mines.passed(When.AFTER, frozenset({"insert postings_attempt"}))
    over(tmp_path / "crashes.log").touch()
    mines.passed(When.AFTER, frozenset({"insert postings_attempt"}))
    assert (len(slept), happened(tmp_path / "crashes.log")) == (1, {HELD_UP: 1})


def _mines(part: str, path: Path, seed: int = 1) -> Mines:
    mines = Mines(random.Random(seed), part, 1.0, 0.0, path)
    mines._armed_at = 0.0
    return mines


def _mark(path: Path, *names: str) -> None:
    with path.open("a") as file:
        file.writelines(f"1.0 1 {name}\n" for name in names)
