"""Read a source's list page by page, and no more of it than has to be: its order is found out on the way.

Where what was created falls from page to page, the first page that is wholly older than the window is the last one.
Where it rises, the page on which the window begins is searched for, and from there everything is read. Else all of it
is. An order that was believed and does not hold is given up, and the rest is read as well. Pure functions: whoever
calls gives the question, and keeps the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from integrations.standing import Page, Standing

Ask = Callable[[int], Page]


class Order(StrEnum):
    """How the dates of creation go from page to page, as far as it is known."""

    UNKNOWN = "unknown"
    DOWN = "down"
    UP = "up"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: in this order, with this page."""

    order: Order = Order.UNKNOWN
    page: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """Some transactions, and where reading goes on after them; None: that was the end."""

    rows: Sequence[Standing]
    then: Place | None


START = Place()


def read(ask: Ask, since: datetime, place: Place = START) -> Iterator[Step]:
    """Everything that was created at or after `since` (aware UTC), and whatever else comes with it. Rows without a date
    keep no order and end nothing. `ask` gives a page and may raise; then reading goes on at the last step's `then`."""
    reader = _Reader(ask, since)
    if place.order is Order.DOWN:
        return reader.down(place.page)
    if place.order is Order.UNKNOWN:
        return reader.begin(place.page)
    return reader.rest(place)


def trend(before: Sequence[Standing], after: Sequence[Standing]) -> Order:
    """How the dates go from one page to a later one. What moved over while it was read is not looked at twice."""
    seen = {one.external_id for one in before}
    first = [one.created_at for one in before if one.created_at]
    second = [one.created_at for one in after if one.created_at and one.external_id not in seen]
    if not first or not second:
        return Order.UNKNOWN
    falls, rises = max(second) <= min(first), min(second) >= max(first)
    if falls and rises:
        return Order.UNKNOWN
    return Order.DOWN if falls else Order.UP if rises else Order.MIXED


@dataclass(slots=True)
class _Reader:
    """`asked` holds the pages that were looked at and not told yet: none is asked for twice."""

    ask: Ask
    since: datetime
    asked: dict[int, Page] = field(default_factory=dict)

    def begin(self, number: int) -> Iterator[Step]:
        """Look at two pages, at more while they do not differ, and choose the way."""
        page = self._page(number)
        while not page.is_last:
            order = trend(page.rows, self._page(number + 1).rows)
            then = Place(order, number + 1)
            yield self._told(number, Place(Order.UNKNOWN, number + 1) if order is Order.UP else then)
            if order is Order.DOWN:
                yield from self.down(then.page, before=page)
                return
            if order is not Order.UNKNOWN:
                yield from self._up(then) if order is Order.UP else self.rest(then)
                return
            page, number = self._page(number + 1), number + 1
        yield self._told(number, None)

    def down(self, number: int, before: Page | None = None) -> Iterator[Step]:
        """The newest first: read until a whole page is older, if nothing newer lies behind it."""
        while True:
            page = self._page(number)
            is_out_of_order = before is not None and trend(before.rows, page.rows) in (Order.UP, Order.MIXED)
            is_over = page.is_last or self._is_older(page)
            if is_out_of_order or (is_over and not page.is_last and self._is_newer_behind(number)):
                yield from self.rest(Place(Order.MIXED, number))
                return
            yield self._told(number, None if is_over else Place(Order.DOWN, number + 1))
            if is_over:
                return
            before, number = page, number + 1

    def rest(self, place: Place) -> Iterator[Step]:
        """Everything from here on."""
        number = place.page
        while not (page := self._page(number)).is_last:
            yield self._told(number, Place(place.order, number + 1))
            number += 1
        yield Step(page.rows, None)

    def _up(self, place: Place) -> Iterator[Step]:
        """The oldest first: find the first page that reaches into the window, by doubling and then by halving."""
        low, high = place.page, None if self._is_older(self._page(place.page)) else place.page
        while high is None or high - low > 1:
            number = low * 2 if high is None else (low + high) // 2
            page = self._page(number)
            if trend(self._page(low).rows, page.rows) in (Order.DOWN, Order.MIXED):
                yield from self.rest(Place(Order.MIXED, place.page))
                return
            if page.is_last or not self._is_older(page):
                high = number
            else:
                low = number
        yield from self.rest(Place(Order.UP, high))

    def _is_older(self, page: Page) -> bool:
        """Whether the whole page lies before the window, and proves it."""
        return bool(page.rows) and all(one.created_at and one.created_at < self.since for one in page.rows)

    def _is_newer_behind(self, number: int) -> bool:
        """A list may fall in several runs, one for each type of transaction. Looks at ever longer distances: that finds
        a long run, and costs a handful of calls; it is no proof."""
        page = self._page(number)
        while not page.is_last:
            number *= 2
            page = self._page(number)
            if any(one.created_at and one.created_at >= self.since for one in page.rows):
                return True
        return False

    def _page(self, number: int) -> Page:
        if number not in self.asked:
            self.asked[number] = self.ask(number)
        return self.asked[number]

    def _told(self, number: int, then: Place | None) -> Step:
        return Step(self.asked.pop(number).rows, then)
