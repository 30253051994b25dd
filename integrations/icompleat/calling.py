"""One request of the vendor's API after the other: headers, paths from the table, answers judged, lists by the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from integrations.base import Link
from integrations.errors import Retryable
from integrations.http import Http, Options
from integrations.icompleat.answers import RATE_LIMITED, Told, checked
from integrations.icompleat.endpoints import Endpoint
from integrations.icompleat.terms import API_VERSION, Terms, read

ROWS_A_PAGE: Final = 100
# Half a million rows: a list that is longer than that does not end.
MOST_PAGES: Final = 5000

Rows = list[Mapping[str, Any]]
Value = str | int | None


class Calls:
    """The calls of one connection. Each request stands for itself: what one of them proves, no earlier one spoils.

    A 429 to a later request of a replacement is thereby proof that nothing of that request happened.
    """

    def __init__(self, link: Link) -> None:
        self.terms: Terms = read(link)
        self._outbound = link.outbound
        self._headers = {"x-api-compleat-key": self.terms.key, "x-api-version": API_VERSION}
        self._open: Callable[[], Http] = self._fresh

    def within_one_deadline(self) -> None:
        """From now on all requests share one connection and the deadline of one attempt. Only for reads."""
        http = self._fresh()
        self._open = lambda: http

    def ask(self, name: str, body: object = None, **values: Value) -> Told:
        """Carry out a call of the table; `body` is JSON where it is not None, `values` fill the path.

        Raises what `Http.request` raises and what `answers.checked` makes of a refusal; a rate limit, in a status or in
        a body, is `Retryable(free=True)`.
        """
        call = self.terms.endpoints[name]
        return self.send(call, call.path({"tenant": self.terms.tenant, "company": self.terms.company, **values}), body)

    def send(self, call: Endpoint, path: str, body: object = None) -> Told:
        """The same for a path that is ready."""
        options: Options = {"returns": (RATE_LIMITED,)}
        if body is not None:
            options["json"] = body
        return checked(self._open().request(call.method, path, **options), call)

    def rows(self, name: str, **values: Value) -> Rows:
        """The array of a list that comes at once, or of one page of it."""
        if values.get("page", 1) != 1 and not self.terms.endpoints[name].is_paged:
            return []
        return self.ask(name, **values).rows(self.terms.names[_list_of(name)])

    def pages(self, name: str, **values: Value) -> Iterator[Mapping[str, Any]]:
        """All rows of a list, page by page, until one is short or empty. Raises `Retryable` for an endless list."""
        before: Rows = []
        for page in range(1, MOST_PAGES + 1):
            rows = self.rows(name, page=page, **values)
            if rows and rows == before:
                break
            yield from rows
            if len(rows) < ROWS_A_PAGE:
                return
            before = rows
        raise Retryable(
            "iCompleat gave the same page of a list again, or a list without an end. It will be tried again."
        )

    def _fresh(self) -> Http:
        return Http(self.terms.base_url, self._outbound, headers=self._headers, secrets=(self.terms.key,))


def _list_of(name: str) -> str:
    """The array of `account_codes_of_user` is that of `account_codes`."""
    return name.partition("_of_")[0]
