"""The calls of one attempt: one entity, one access token that is renewed once, results judged by the closed table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from integrations.accountsiq.soap.addresses import address_of
from integrations.accountsiq.soap.answers import Answer, Told, answered, body_text
from integrations.accountsiq.soap.envelopes import CONTENT_TYPE, NAMESPACE, Part, Parts, envelope, escaped
from integrations.accountsiq.soap.refusals import is_absent, is_expired, refused_read, refused_write
from integrations.base import Link
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Retryable, Unauthorised
from integrations.http import Http
from integrations.linking import Access
from integrations.reply import Reply

# A million transactions by the hundred: a list that is longer than that does not end.
_MOST_PAGES: Final = 10_000
_NOT_ACCEPTED: Final = "AccountsIQ does not accept the access token, not even a fresh one. Link the connection again."


class Client:
    """One entity in AccountsIQ, for one attempt."""

    def __init__(self, link: Link, access: Access) -> None:
        self.entity = link.settings.get("company_ref", "").strip()
        self._access = access
        self._token = ""
        self._secrets = {spelling for one in link.secrets.values() for spelling in (one, escaped(one))}
        base, self._path = address_of(link.settings)
        headers = {"Accept": "text/xml", "Content-Type": CONTENT_TYPE}
        # The set grows with each token, and what is in it is hidden when a request is recorded.
        self._http = Http(base, link.outbound, headers=headers, secrets=self._secrets)

    def read(self, operation: str, parts: Parts = ()) -> Answer:
        """What a call that changes nothing tells. Raises `Retryable`, `Unauthorised`, `Misconfigured`; after a write of
        this attempt `OutcomeUnknown`."""
        answer = self._answer(operation, parts, reads=True)
        if not answer.is_good:
            raise refused_read(answer)
        return answer

    def look(self, operation: str, parts: Parts) -> Told | None:
        """One thing; None where AccountsIQ says that there is none. Raises as `read`."""
        answer = self._answer(operation, parts, reads=True)
        if is_absent(answer):
            return None
        if not answer.is_good:
            raise refused_read(answer)
        return answer.result

    def rows(self, operation: str, row: str, parts: Parts = ()) -> list[Told]:
        """A whole list. Where there is nothing, a good answer has no result at all (seen in a public client).

        Raises as `read`.
        """
        answer = self.read(operation, parts)
        if answer.result is None:
            return []
        found, every = answer.result.parts(row), answer.result.rows()
        if len(found) != len(every):
            raise answer.reply.unclear("a list of other things than were asked for")
        return found

    def pages(self, operation: str, row: str, query: Sequence[Part]) -> Iterator[Told]:
        """A list by pages, until one is empty: how many rows a page holds is the server's own affair.

        Raises as `read`. `query` has its `Skip` in its place, whatever it is.
        """
        seen = 0
        for _ in range(_MOST_PAGES):
            asked = [(name, seen if name == "Skip" else value) for name, value in query]
            found = self.rows(operation, row, [("query", asked)])
            if not found:
                return
            yield from found
            seen += len(found)
        raise Retryable("AccountsIQ answered with more pages than there can be. It will be tried again.")

    def write(self, operation: str, parts: Parts, id_name: str = "") -> Answer:
        """Carry out a call that writes. `id_name` is what it gives back beside its result.

        Raises as `System.post`.
        """
        answer = self._answer(operation, parts, reads=False)
        if not answer.is_good:
            raise refused_write(answer, id_name)
        return answer

    def raw(self, operation: str, parts: Parts, *, reads: bool) -> str:
        """The XML of an answer, whatever it says, for people who look into a matter. Raises as `read` and `write`."""
        return body_text(self._answer(operation, parts, reads=reads).reply)

    def _answer(self, operation: str, parts: Parts, *, reads: bool) -> Answer:
        if not self.entity:
            raise Misconfigured("The entity in AccountsIQ is missing. Enter it.", field="company_ref")
        if not self._token:
            self._take(self._access.token())
        answer = self._exchanged(operation, parts, reads)
        if is_expired(answer):
            self._renew(answer, reads)
            answer = self._exchanged(operation, parts, reads)
            if is_expired(answer):
                raise self._after(answer.reply, reads, Unauthorised(_NOT_ACCEPTED))
        return answer

    def _exchanged(self, operation: str, parts: Parts, reads: bool) -> Answer:
        body = envelope(operation, parts, entity=self.entity, token=self._token)
        headers = {"SOAPAction": f"{NAMESPACE}{operation}"}
        return answered(self._http.post(self._path, body=body, headers=headers, reads=reads), operation)

    def _renew(self, answer: Answer, reads: bool) -> None:
        try:
            self._take(self._access.renewed(self._token))
        except IntegrationError as error:
            raise self._after(answer.reply, reads, error) from error

    def _take(self, token: str) -> None:
        self._token = token
        self._secrets |= {token, escaped(token)}

    def _after(self, reply: Reply, reads: bool, error: IntegrationError) -> IntegrationError:
        """A write that was told to be expired was not carried out. A read after a write proves nothing about that."""
        if reads and reply.wrote:
            return OutcomeUnknown(f"An earlier step went out, then: {error.message}", field=error.field)
        return error
