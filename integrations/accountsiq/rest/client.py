"""AccountsIQ over REST: address, token, the two styles of parameters and bodies, and paging."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Unpack
from urllib.parse import quote

from integrations.accountsiq.rest import answers
from integrations.accountsiq.rest.answers import Page, Row
from integrations.accountsiq.rest.endpoints import COMPANY, Endpoint
from integrations.accountsiq.rest.terms import RestTerms
from integrations.base import Link
from integrations.errors import Misconfigured, Missing, Retryable, Unauthorised
from integrations.http import Http, Options
from integrations.linking import Access
from integrations.reply import Reply

_PAGE: Final = "Page"
# A list that is longer than that does not end.
_MOST_PAGES: Final = 2000
_LARGEST_ANSWER_SHOWN: Final = 1_000_000
_NO_ADDRESS: Final = (
    "The address of the REST interface is missing, and none is public. Enter the one that AccountsIQ gave you."
)


class Client:
    """One company in one AccountsIQ, for one attempt."""

    def __init__(self, link: Link, access: Access, terms: RestTerms) -> None:
        self._link, self._access, self._terms = link, access, terms
        self._base_url = link.settings.get("base_url", "").strip()
        self._end: float | None = None
        self._tokens: list[str] = []
        self._http: Http | None = None

    def one(self, name: str, id_name: str, **values: str) -> Row:
        """One thing, read by a call. Raises as `rows`; `Missing` where there is none."""
        endpoint = self._endpoint(name)
        return answers.one(self._asked(endpoint, values), endpoint, id_name)

    def rows(self, name: str, id_name: str, **values: str) -> Iterator[Row]:
        """All rows of a list, page after page. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        endpoint = self._endpoint(name)
        reply = self._asked(endpoint, values)
        for _ in range(_MOST_PAGES):
            page = answers.page(reply, endpoint, id_name)
            yield from page.rows
            if page.next is None:
                return
            reply = self._following(endpoint, values, page, reply)
        raise Retryable("AccountsIQ answered with more pages than there can be. It will be tried again.")

    def write(self, name: str, fields: Mapping[str, Any], id_name: str) -> Row:
        """Save one thing; gives what the answer tells of it, its id at least. Raises as `AccountingSystem.post`."""
        endpoint = self._endpoint(name)
        return answers.one(self._saved(endpoint, fields), endpoint, id_name)

    def text(self, name: str, values: Mapping[str, str], body: object) -> str:
        """Carry out any call for support work, and give the answer as it came."""
        if name not in self._terms.endpoints:
            raise Missing(f"AccountsIQ has no call {name} over REST. `calls` tells which there are.")
        endpoint = self._endpoint(name)
        if endpoint.method != "POST":
            reply = self._asked(endpoint, values)
        elif isinstance(body, Mapping):
            reply = self._saved(endpoint, body)
        else:
            raise Misconfigured(f"The call {name} needs a JSON object with the fields to save.", field="body")
        answers.accepted(reply)
        return reply.body.decode(errors="replace")[:_LARGEST_ANSWER_SHOWN]

    def _endpoint(self, name: str) -> Endpoint:
        return self._terms.endpoints[name]

    def _asked(self, endpoint: Endpoint, values: Mapping[str, str]) -> Reply:
        params = self._params(endpoint, values)
        path = endpoint.path
        if self._terms.puts_first_into_path and params:
            path = f"{path}/{quote(params.pop(next(iter(params))), safe='')}"
        return self._sent(endpoint.method, path, params=params)

    def _params(self, endpoint: Endpoint, values: Mapping[str, str]) -> dict[str, str]:
        """In the order in which the call names them; what it does not name follows."""
        known = {COMPANY: str(self._terms.company), **values}
        named = {name: known[name] for name in endpoint.takes if known.get(name)}
        for name in endpoint.takes:
            if name not in named and name not in endpoint.optional:
                raise Misconfigured(f"The call {endpoint.name} needs a value for {name}.", field=name)
        return {**named, **{name: value for name, value in values.items() if name not in endpoint.takes}}

    def _saved(self, endpoint: Endpoint, fields: Mapping[str, Any]) -> Reply:
        is_wrapped = set(fields) == {endpoint.wrapper}
        wraps = self._terms.is_wrapped and endpoint.wrapper and not is_wrapped
        return self._sent(endpoint.method, endpoint.path, json={endpoint.wrapper: fields} if wraps else fields)

    def _following(self, endpoint: Endpoint, values: Mapping[str, str], page: Page, reply: Reply) -> Reply:
        if isinstance(page.next, int):
            return self._asked(endpoint, {**values, _PAGE: str(page.next)})
        path = answers.local_path(page.next or "", self._base_url)
        if path is None or not path.startswith("/"):
            raise reply.unclear("a next page that is somewhere else")
        return self._sent(endpoint.method, path)

    # --- sending -----------------------------------------------------------------------------------------------------

    def _sent(self, method: str, path: str, **options: Unpack[Options]) -> Reply:
        """A refused token proves that the request was not carried out: it goes out once more, with another one.

        `Unauthorised` comes only before anything was written; so nothing is lost with the old `Http`.
        """
        if not self._base_url:
            raise Misconfigured(_NO_ADDRESS, field="base_url")
        http = self._http or self._opened(self._access.token())
        try:
            return http.request(method, path, **options)
        except Unauthorised:
            fresh = self._access.renewed(self._tokens[-1])
        return self._opened(fresh).request(method, path, **options)

    def _opened(self, token: str) -> Http:
        """The deadline covers all requests of the attempt, with whatever token."""
        now, whole = time.monotonic(), self._link.outbound.deadline_seconds
        self._end = now + whole if self._end is None else self._end
        outbound = replace(self._link.outbound, deadline_seconds=max(self._end - now, 0.0))
        self._tokens.append(token)
        secrets = (*self._tokens, self._link.secrets.get("client_secret", ""))
        headers = {"Authorization": f"Bearer {token}"}
        self._http = Http(self._base_url, outbound, headers=headers, secrets=secrets)
        return self._http
