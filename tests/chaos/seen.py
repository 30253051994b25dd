"""What the checker judges: a world with its ways of finding, and what a broken promise looks like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.papers import Paper
from tests.chaos.world import Row, World


@dataclass(frozen=True, slots=True)
class Problem:
    """A promise that was broken, and the posting or paper that shows it."""

    rule: str
    about: str
    posting: int | None = None
    identity: str = ""


def books_of(company: Mapping[str, Any]) -> tuple[str, ...]:
    """The books in which a company's documents may lie: its own, and those of its memo entries where it has any."""
    return tuple(filter(None, (company["books"], company.get("memo_books"))))


class Seen:
    """Everything that is known at the end. `papers` holds the calm ones too."""

    def __init__(
        self,
        world: World,
        papers: list[Paper],
        companies: list[dict[str, Any]],
        calm: Sequence[Paper] = (),
        before: Mapping[str, object] | None = None,
    ) -> None:
        self.world, self.papers, self.companies, self.calm, self.before = world, papers, companies, calm, before
        self.posting = {(row["company"], row["identity"]): row for row in world.postings}
        self.by_key = {row["key"]: row for row in world.postings}
        self.booked: dict[str, list[Row]] = defaultdict(list)
        for row in (*world.books, *world.entries):
            self.booked[row["external_key"]].append(row)

    def of(self, paper: Paper) -> Row | None:
        """The posting of a paper."""
        return self.posting.get((self.companies[paper.company]["company"], paper.identity))
