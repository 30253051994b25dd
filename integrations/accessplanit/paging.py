"""Reading a feed page by page without losing a record, whatever is made, changed or deleted meanwhile.

Counting from the start (`$skip`) would lose a record with every one that leaves the part that was read already. So
each page asks for what is at or after the last moment that was read, in the order of moments and ids, and begins with
the last record of the page before. If that record is not the first one, something moved: then all records of that
moment are read again. A record may therefore come twice, which its hash tells; none is left out. The end is a page with
nothing new, never a short one: a platform may give fewer records than it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from integrations.accessplanit import moments
from integrations.accessplanit.answers import NotUnderstood
from integrations.accessplanit.client import Client
from integrations.accessplanit.names import INVOICE
from integrations.accessplanit.places import Place, from_text, id_of, moment_of
from integrations.accessplanit.query import Query, equals, from_moment
from integrations.errors import Misconfigured, Retryable
from integrations.feeds import Wanted

# What may change yet, and what it may have become: a cancelled invoice is no longer among the open ones. `or` is not
# known to be understood, so each is a question of its own.
OPEN_STATUSES: Final = ("Outstanding", "Part-Completed", "Cancelled")
_MOST_AT_ONCE: Final = 20_000
_MOST_TRIES: Final = 5
_ROUNDING: Final = timedelta(seconds=1)


class Pages:
    """The pages of one feed. `moment` is the property that orders it, `made` the one of a record's making."""

    def __init__(self, client: Client, wanted: Wanted, *, moment: str, made: str, by_id: bool) -> None:
        self._client, self._wanted = client, wanted
        self._moment, self._made, self._by_id = moment, made, by_id
        self._reading = client.terms.reading
        self._statuses: Sequence[str] = OPEN_STATUSES if wanted.feed == INVOICE else ()

    def read(self) -> tuple[list[Any], str]:
        """The rows of the wanted page, and what leads to the next one; empty: there is none."""
        if self._wanted.still_open and not self._statuses:
            return [], ""
        place = from_text(self._wanted.after, self._moment) or self._start()
        rows, next_ = self._page(place)
        if next_ is not None:
            return rows, next_.text()
        if self._wanted.still_open and place.phase + 1 < len(self._statuses):
            return rows, replace(self._start(), phase=place.phase + 1, by_id=place.by_id).text()
        return rows, ""

    def _start(self) -> Place:
        if self._wanted.still_open:
            return Place(moment=self._moment, at="", by_id=self._by_id)
        at = moments.written_from(self._wanted.since, self._reading.zone)
        if self._made == self._moment and self._reading.start is not None:
            at = max(at, moments.written_day(self._reading.start))
        return Place(moment=self._moment, at=at, by_id=self._by_id)

    def _page(self, place: Place) -> tuple[list[Any], Place | None]:
        """The next rows, and the place behind them; None where there is nothing behind them."""
        size = self._client.terms.page_size
        if not place.count:
            rows, place = self._asked(place, top=size, skip=0)
            return rows, place.after(rows, again=False) if rows else None
        if place.by_id and place.last:
            rows, place = self._asked(place, top=size + 1, skip=place.count - 1)
            if rows and id_of(rows[0]) == place.last:
                return rows[1:], place.after(rows[1:], again=False) if rows[1:] else None
        return self._again(place, size)

    def _again(self, place: Place, size: int) -> tuple[list[Any], Place | None]:
        """Everything from the last moment on, and more. Raises `Retryable` where it does not stand still for that."""
        if place.count > _MOST_AT_ONCE:
            raise Retryable("More records changed at accessplanit than can be read in one go. It will be tried again.")
        for _ in range(_MOST_TRIES):
            rows, place = self._gathered(place, size)
            if rows is not None:
                found = place.after(rows, again=True)
                has_moved = found.at != place.at or found.count > place.count
                return rows, found if rows and has_moved else None
        raise Retryable("A list at accessplanit keeps changing while it is read. It will be tried again.")

    def _gathered(self, place: Place, size: int) -> tuple[list[Any] | None, Place]:
        """More rows than were read before, if there are more: in several requests where the platform gives no more at
        once than it likes. None where one of them does not go on where the one before it ended."""
        most = place.count + size
        rows, place = self._asked(place, top=most, skip=0)
        while rows and len(rows) <= place.count:
            more, place = self._asked(place, top=most - len(rows) + 1, skip=len(rows) - 1)
            if not more or id_of(more[0]) != id_of(rows[-1]):
                return None, place
            if len(more) == 1:
                break
            rows = [*rows, *more[1:]]
        return rows, place

    def _asked(self, place: Place, *, top: int, skip: int) -> tuple[list[Any], Place]:
        """The rows of one request; the place says whether the order went by id."""
        try:
            rows = self._client.rows(self._wanted.feed, self._query(place, top=top, skip=skip))
        except NotUnderstood:
            if not place.by_id:
                raise
            place = replace(place, by_id=False)
            rows = self._client.rows(self._wanted.feed, self._query(place, top=top, skip=skip))
        self._check(place, rows)
        return rows, place

    def _query(self, place: Place, *, top: int, skip: int) -> Query:
        quoted, start = self._client.terms.quotes_dates, self._reading.start
        where = [equals("Status", self._statuses[place.phase])] if self._wanted.still_open else []
        if place.at:
            where.append(from_moment(self._moment, place.at, is_quoted=quoted))
        if start is not None and not (place.at and self._made == self._moment):
            where.append(from_moment(self._made, moments.written_day(start), is_quoted=quoted))
        order = (self._moment, "ID") if place.by_id else (self._moment,)
        return Query(where=where, order=order, top=top, skip=skip)

    def _check(self, place: Place, rows: Sequence[Any]) -> None:
        """Raises `Misconfigured` for an answer to another question: reading on would never end."""
        asked = moments.read(place.at)
        for row in rows:
            told = moments.read(moment_of(row, self._moment))
            if asked and told and told.replace(tzinfo=None) < asked.replace(tzinfo=None) - _ROUNDING:
                raise Misconfigured(
                    f"accessplanit was asked for records from {place.at} on, and told one of {told}. It does not heed "
                    "the filter: change how dates are written in the settings (Dates in quotes).",
                    field="quote_dates",
                )
