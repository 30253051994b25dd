"""Writing reference data: the replacement of a list by chunks with a token, and rows written one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from integrations.base import Refresh
from integrations.errors import NotEditable, OutcomeUnknown, Rejected, Retryable, RowsRefused
from integrations.icompleat.answers import ROW_REFUSED, TOKEN_SPENT, NoSuchCall, Refusal, Unexplained, UnknownCode
from integrations.icompleat.client import COLLECTIONS, Client
from integrations.reference import RecordKind, Row

ROWS_AT_ONCE: Final = 100
# A web server refuses these in a path, or reads them as something else.
_NOT_IN_PATHS: Final = frozenset("/\\?#%+")
_WORDS_IN_PATHS: Final = frozenset({".", "..", "null"})
_QUOTED: Final = re.compile("[\"'“‘`]([^\"'”’`]{1,100})[\"'”’`]")


class ListRefresh(Refresh):
    """One replacement of a list. `field` is the custom field's id where it is a dimension."""

    def __init__(self, client: Client, kind: RecordKind, field: str | None) -> None:
        self._client = client
        self._kind = kind
        self._field = field
        self._token = ""
        self._has_begun = False
        self._is_broken = False

    def send(self, rows: Sequence[Row]) -> None:
        """Send the next rows, 1 to 100 of them. Raises as the base says, and `ValueError` for another count.

        An empty request would wipe the list, and so would a later chunk without its token: neither is ever sent.
        """
        if not 1 <= len(rows) <= ROWS_AT_ONCE:
            raise ValueError(f"{len(rows)} rows cannot be sent at once")
        self._check_sound()
        self._is_broken = True
        try:
            self._token = self._sent(rows)
            self._has_begun = True
        except (Retryable, RowsRefused):
            self._is_broken = False
            raise
        self._is_broken = False

    def _check_sound(self) -> None:
        if self._is_broken:
            message = "The replacement of this list broke off. It has to begin again with the first row."
            raise OutcomeUnknown(message)
        if self._has_begun and not self._token:
            self._is_broken = True
            message = "iCompleat gave no token to append more rows with, so the list there is incomplete."
            raise Rejected(f"{message} Ask Compleat for the name of the token.")

    def _sent(self, rows: Sequence[Row]) -> str:
        try:
            return self._client.refresh(self._kind, [row.body for row in rows], self._token, field=self._field)
        except Refusal as refusal:
            if refusal.code == TOKEN_SPENT and self._has_begun:
                message = "iCompleat does not know the token of this replacement any more, so the list is incomplete."
                raise OutcomeUnknown(f"{message} It begins again with the first row.") from refusal
            refused = positions(refusal.words, self._client.terms.names[COLLECTIONS[self._kind].refresh], rows)
            if refused or refusal.code == ROW_REFUSED:
                raise RowsRefused(refusal.message, refused=dict.fromkeys(refused, refusal.message)) from refusal
            raise


def positions(words: str, array: str, rows: Sequence[Row]) -> list[int]:
    """Which rows a refusal speaks of: those that it numbers, `Suppliers[3]`, else those whose codes it quotes.

    Of rows with one code the first is not meant. Empty where it names none of the request.
    """
    numbered = {int(found) for found in re.findall(rf"\b{re.escape(array)}\[(\d{{1,6}})\]", words, re.IGNORECASE)}
    if inside := sorted(position for position in numbered if position < len(rows)):
        return inside
    quoted = {found.strip().casefold() for found in _QUOTED.findall(words)}
    by_code: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        if (code := row.code.strip().casefold()) in quoted:
            by_code.setdefault(code, []).append(position)
    return sorted(position for found in by_code.values() for position in (found[1:] or found))


def check_addressable(code: str) -> None:
    """Raises `NotEditable` for a code that cannot stand in a path."""
    if (
        code.lower() in _WORDS_IN_PATHS
        or _NOT_IN_PATHS.intersection(code)
        or code != code.strip()
        or not code.isprintable()
    ):
        message = f"The code {code[:50]} cannot be named by itself in iCompleat, so its list has to be replaced."
        raise NotEditable(message, field="code")


@contextmanager
def one_row(code: str) -> Iterator[None]:
    """Whatever says that a row cannot be written by itself becomes `NotEditable`, and a refused row `RowsRefused`.

    A refusal that is not understood counts as the former: what single edits must look like was never seen, while the
    replacement of the list was, and tells of a bad row as well.
    """
    try:
        yield
    except (UnknownCode, NoSuchCall, Unexplained, Refusal) as error:
        if isinstance(error, Refusal) and error.code == ROW_REFUSED:
            raise RowsRefused(error.message, refused={0: error.message}) from error
        message = f"iCompleat does not take the row {code[:50]} by itself, so its list has to be replaced."
        raise NotEditable(f"{message} {error.message}"[:500], field="code") from error
