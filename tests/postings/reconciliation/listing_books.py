"""The fake accounting system of the engine's tests, with a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from integrations.documents import Written
from integrations.http import nothing
from tests.postings.fake_books import FakeBooks


class ListingBooks(FakeBooks):
    """Lists everything, whatever the moment; `times` says how often each document comes.

    `at_listing` is called with the moment from which it was asked to list, and before each document; it may raise.
    """

    can = replace(FakeBooks.can, lists=True)
    at_listing: ClassVar[Callable[[datetime], None] | None] = None
    times: ClassVar[int] = 1

    def written_since(self, since: datetime) -> Iterator[Written]:
        act = type(self).at_listing or nothing
        for key, documents in self.books.documents.items():
            for posted in documents * self.times:
                self.link.outbound.permit()
                act(since)
                yield Written(key=key, posted=posted)
        if not self.books.documents:
            act(since)
