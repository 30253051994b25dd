"""Where nothing proves absence staff decide by what is in the books, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.chaos import world
from tests.chaos.resolving import FOUND, SEVERAL, TYPED, resolve


@dataclass
class Books:
    """A stage, as far as it is asked: what is in the books, and who types."""

    documents: list[dict[str, str]]
    typed: dict[str, str] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def truth(self) -> list[dict[str, str]]:
        return self.documents

    def command(self, *arguments: str) -> Any:
        self.commands.append(arguments)
        return {number: {"key": f"new {number}", "number": f"BILL-{number}"} for number in arguments[1:]}


@dataclass
class Clicks:
    """Somebody of the staff, who remembers what was marked."""

    marked: list[dict[int, str]] = field(default_factory=list)

    def mark_posted(self, numbers: Mapping[int, str]) -> None:
        self.marked.append(dict(numbers))


def _resolved(books: Books, held: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Clicks]:
    monkeypatch.setattr(world, "held_rows", lambda _: held)
    staff = Clicks()
    return resolve(books, staff, lambda _: None), staff  # type: ignore[arg-type]


def _held(*postings: int) -> list[dict[str, Any]]:
    return [{"id": posting, "key": f"key {posting}", "number": f"P-{posting:06}"} for posting in postings]


def test_what_is_there_is_marked_and_what_is_not_is_entered_first(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books([{"external_key": "key 1", "number": "BILL-9"}, {"external_key": "somebody's", "number": "BILL-8"}])
    done, staff = _resolved(books, _held(1, 2), monkeypatch)
    assert done == {FOUND: 1, TYPED: 1}
    assert books.commands == [("chaos_type", "2")]
    assert (books.typed, books.marked) == ({"new 2": "key 2"}, {"key 1", "key 2"})
    assert staff.marked == [{1: "BILL-9", 2: "BILL-2"}]


def test_what_is_there_twice_stays_for_the_checker(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books([{"external_key": "key 1", "number": "BILL-9"}, {"external_key": "key 1", "number": "BILL-8"}])
    done, staff = _resolved(books, _held(1), monkeypatch)
    assert (done, books.commands, books.marked, staff.marked) == ({SEVERAL: 1}, [], set(), [])


def test_a_page_gets_ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books([{"external_key": f"key {number}", "number": f"BILL-{number}"} for number in range(1, 13)])
    _, staff = _resolved(books, _held(*range(1, 13)), monkeypatch)
    assert [len(some) for some in staff.marked] == [10, 2]


def test_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books([])
    done, staff = _resolved(books, [], monkeypatch)
    assert (done, books.commands, staff.marked) == ({}, [], [])
