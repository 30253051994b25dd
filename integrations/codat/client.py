"""Codat's HTTP interface: address, key, paging, uploads, and the closed table of its refusals."""

from __future__ import annotations

import re
import uuid
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final, Unpack

from integrations.base import Link
from integrations.codat.refusals import refusal
from integrations.errors import IntegrationError, KeyRefused, Misconfigured, Missing, Rejected, Retryable, Unauthorised
from integrations.http import Http, Options
from integrations.papers import File
from integrations.reply import Reply
from integrations.sentences import LONGEST_SENTENCE

PAGE_SIZE: Final = 500
# A list that is longer than that does not end: half a million rows at 500 a page.
_MOST_PAGES: Final = 1000
# Keys of ours that are no GUID become one in this namespace; Codat takes nothing else.
_NAMESPACE: Final = uuid.UUID("6b7e5c1e-0e5c-5a0b-9e0e-6f0d6a6d1c11")
_NOT_READY_SECONDS: Final = 60.0

# What a status means of an answer in Codat's own error shape, for a write. The status counts, not the `statusCode`
# inside, which is wrong in several of the vendor's own examples.
_REFUSALS: Final[Mapping[int, type[IntegrationError]]] = {
    400: Rejected,
    402: Rejected,
    403: Misconfigured,
    404: Missing,
    451: Rejected,
}
# How a write is refused for a connection that was given up over there is not documented; its status is in the words.
_GIVEN_UP: Final = re.compile(r"\b(Deauthori[sz]ed|Unlinked|PendingAuth)\b")
_KEY_REFUSED: Final = (
    "Codat does not accept the API key of this installation. Its operator has to enter it again; until then all waits."
)
_KEY_LACKS_RIGHTS: Final = (
    "The API key of this installation may not do this in Codat: it is an old one, or not for this product. Look at the "
    "key in the Codat portal, and enter the right one."
)
_OTHERWISE: Final[Mapping[int, str]] = {
    402: "Codat's plan does not allow it. Look at the plan of this account in the Codat portal.",
    404: "Codat has no such thing.",
    451: "Codat may not do this on this platform, for reasons of compliance.",
}


class NotFetched(Retryable):
    """Codat has not read this type of data from the accounting software yet, or is reading it: a delay, no failure."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=_NOT_READY_SECONDS, free=True)


class Client:
    """One company in Codat and its accounting connection, for one attempt.

    `company` and `connection` are Codat's ids from what was told, empty before it is linked. Paths start after the
    address, such as `companies/…/connections`.
    """

    def __init__(self, link: Link) -> None:
        key = link.secrets.get("api_key", "").strip()
        encoded = b64encode(key.encode()).decode()
        headers = {"Authorization": f"Basic {encoded}"}
        address = link.settings.get("base_url", "")
        self._http = Http(address, link.outbound, headers=headers, secrets=(key, encoded))
        self.company = str(link.told.get("company") or "")
        self.connection = str(link.told.get("connection") or "")
        self.departed_at = str(link.told.get("departed_at") or "")

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON of an answer. Raises `Missing` on 404, `NotFetched` for a data set that is not ready, `KeyRefused`
        on 401, `Misconfigured` on 403."""
        return _accepted(self._ask("GET", path, params=params))

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> Any:
        """The JSON of a 2xx, None where it has no body. `key` is any text: Codat's header gets a GUID made of it.

        `reads` says that it changes nothing in the books, such as queueing a data set. A 5xx with a key is played
        again to every repeat of the key for 90 minutes; a 429 is not.
        """
        options: dict[str, Any] = {} if body is None else {"json": body}
        reply = self._ask(method, path, headers=_keyed(key), params=params or {}, reads=reads, **options)
        return _accepted(reply)

    def upload(self, path: str, file: File, *, key: str = "") -> Any:
        """Send one file as the one part of a form; the JSON of a 2xx."""
        boundary = f"postroom-{uuid.uuid5(_NAMESPACE, f'{path} {file.name}').hex}"
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", **_keyed(key)}
        return _accepted(self._ask("POST", path, body=_form(boundary, file), headers=headers))

    def pages(self, path: str, **params: str | int) -> Iterator[Mapping[str, Any]]:
        """All rows of a list that is read by `page` and `pageSize`, until there are as many as it says that it has."""
        read = 0
        for page in range(1, _MOST_PAGES + 1):
            reply = self._ask("GET", path, params={"pageSize": PAGE_SIZE, **params, "page": page})
            rows, total = _page(reply)
            yield from rows
            read += len(rows)
            if read >= total:
                return
            if not rows:
                raise Retryable("A list in Codat changed while it was read. It will be read again.")
        raise Retryable("Codat answered with more pages than there can be. It will be tried again.")

    def tokens(self, path: str, **params: str | int) -> Iterator[Mapping[str, Any]]:
        """All rows of a list that is read by continuation tokens."""
        wanted: dict[str, str | int] = dict(params)
        for _ in range(_MOST_PAGES):
            reply = self._ask("GET", path, params=wanted)
            answer = _accepted(reply)
            yield from _rows(reply, answer)
            token = _next_token(answer)
            if not token:
                return
            wanted = {**params, "continuationToken": token}
        raise Retryable("Codat answered with more pages than there can be. It will be tried again.")

    def _ask(self, method: str, path: str, **options: Unpack[Options]) -> Reply:
        """The key is the installation's, so that no connection has to be linked again where it is refused."""
        try:
            return self._http.request(method, path, **options)
        except Unauthorised as error:
            raise KeyRefused(_KEY_REFUSED, field="api_key") from error


def guid(key: str) -> str:
    """A key of ours as Codat wants it: itself where it is a GUID, else one that is always the same for it."""
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, key))


def _keyed(key: str) -> dict[str, str]:
    """The second header says in our own words which try it was, for whoever reads both logs."""
    return {"Idempotency-Key": guid(key), "X-Postroom-Key": key} if key else {}


def _form(boundary: str, file: File) -> bytes:
    """QuickBooks Online insists on the part's real content type (facts: codat-docs, PR #1204)."""
    # Quotes and line ends are written as browsers write them.
    name = file.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {file.content_type}\r\n\r\n"
    )
    return head.encode() + file.content + f"\r\n--{boundary}--\r\n".encode()


def _page(reply: Reply) -> tuple[list[Mapping[str, Any]], int]:
    answer = _accepted(reply)
    rows = _rows(reply, answer)
    total = answer.get("totalResults")
    if not isinstance(total, int) or isinstance(total, bool):
        raise reply.unclear("a list that does not say how long it is")
    return rows, total


def _rows(reply: Reply, answer: object) -> list[Mapping[str, Any]]:
    rows = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise reply.unclear("no list of results")
    return rows


def _next_token(answer: Mapping[str, Any]) -> str:
    pagination = answer.get("pagination")
    return str(pagination.get("continuationToken") or "") if isinstance(pagination, Mapping) else ""


def _accepted(reply: Reply) -> Any:
    """The JSON of a success. Raises what a refusal means; what has not the shape of one proves nothing."""
    if reply.status == 404 and not reply.is_json and not reply.wrote:
        raise Misconfigured(f"There is no Codat at {reply.system}. Check the address.", field="base_url")
    if not reply.body and reply.status < 300:
        return None
    answer = reply.json()
    if _is_error(answer):
        raise _refusal(reply, answer)
    if reply.status >= 300:
        raise reply.unclear("an error that is not known")
    return answer


def _is_error(answer: object) -> bool:
    """Whether it has the shape of Codat's error body; a push operation has `errorMessage` instead."""
    return isinstance(answer, Mapping) and isinstance(answer.get("error"), str) and "statusCode" in answer


def _refusal(reply: Reply, answer: Mapping[str, Any]) -> IntegrationError:
    """A conflict of a write is another request under the same key, still running or with another body: look it up."""
    if reply.status == 409 and not reply.wrote:
        words, _ = refusal(answer, otherwise="Codat has not fetched this yet.")
        return NotFetched(words)
    known = _REFUSALS.get(reply.status)
    if known is None:
        return reply.unclear("an error that leaves open what happened")
    if reply.status == 400 and _GIVEN_UP.search(str(answer["error"])):
        return Unauthorised("Codat has lost its access to the accounting software. Link the connection again.")
    if reply.status == 403:
        words, _ = refusal(answer, otherwise="")
        said = f" Codat says: {words}" if words else ""
        return Misconfigured(f"{_KEY_LACKS_RIGHTS}{said}"[:LONGEST_SENTENCE], field="api_key")
    words, field = refusal(answer, otherwise=_OTHERWISE.get(reply.status, "Codat refused it and gave no reason."))
    return known(words, field=field)
