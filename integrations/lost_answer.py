"""Throw an answer away: the request is sent and read to its end, and the connector is told that nobody knows."""

from __future__ import annotations

from dataclasses import replace

from integrations.errors import OutcomeUnknown
from integrations.http import Exchange, Outbound


class LostAnswer:
    """Terms under which the answer to one write of an attempt is lost. Made for checks against a live account.

    `write` says which one, from 1. `happened` turns true when the attempt came that far: the system has answered then,
    so it did whatever it was going to do, and the connector saw no more of it than of a connection that broke.
    """

    def __init__(self, terms: Outbound, *, write: int = 1) -> None:
        self._inner = terms
        self._left = write
        self._is_writing = False
        self.happened = False
        self.terms = replace(terms, still_ours=self._begin, record=self._end)

    def _begin(self) -> None:
        """A write is about to go out."""
        self._inner.still_ours()
        self._is_writing = True
        self._left -= 1

    def _end(self, exchange: Exchange) -> None:
        """An exchange is over. Raises `OutcomeUnknown` after the write that was chosen, if it was answered at all."""
        self._inner.record(exchange)
        was_written, self._is_writing = self._is_writing, False
        if was_written and self._left == 0 and exchange.status is not None:
            self.happened = True
            raise OutcomeUnknown("The answer was thrown away, so it is not known whether the request was carried out.")
