"""The HTTP interface of Demo Books: paths, token, paging, and the closed table of its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from integrations.base import Link
from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable
from integrations.http import Http
from integrations.reply import Reply
from integrations.sentences import sentence

# More pages than one key can fill, even if every try had made a document.
_MOST_PAGES = 20
# Half a million documents, five million rows: a listing that is longer than that does not end.
_MOST_PAGES_LISTED = 10_000
_NO_REASON = "Demo Books refused the document and gave no reason."

# The refusals that we know, by the code that Demo Books gives. Nothing was booked then.
_REFUSALS: Final[Mapping[str, type[Rejected]]] = {
    "bad_request": Rejected,
    "missing": Rejected,
    "invalid": Rejected,
    "unknown_account": Rejected,
    "unknown_tax_code": Rejected,
    "unknown_currency": Rejected,
    "base_amounts_missing": Rejected,
    "amounts_disagree": Rejected,
    "negative_total": Rejected,
    "wrong_base_currency": Misconfigured,
    "unknown_document": Rejected,
    "cannot_settle": Rejected,
    "not_open": Rejected,
    "too_large": Rejected,
    "unknown_company": Misconfigured,
    "not_found": Misconfigured,
}
# Statuses with which any web server says that the path does not exist there.
_NOT_HERE: Final = frozenset({404, 405, 410})


class Client:
    """One company in one Demo Books, for one attempt."""

    def __init__(self, link: Link) -> None:
        token = link.secrets.get("token", "").strip()
        headers = {"Authorization": f"Bearer {token}"}
        self._http = Http(link.settings.get("base_url", ""), link.outbound, headers=headers, secrets=(token,))
        self._company = f"api/companies/{quote(link.settings.get('company_id', '').strip(), safe='')}"

    def company(self) -> Mapping[str, Any]:
        """The company's own record."""
        reply = self._http.get(self._company)
        return _with_id(reply, _accepted(reply))

    def create(self, collection: str, body: Mapping[str, Any], *, key: str) -> Mapping[str, Any]:
        """Post one document under an idempotency key; give the document that is in the books."""
        reply = self._http.post(f"{self._company}/{collection}", json=body, headers={"Idempotency-Key": key})
        return _with_id(reply, _accepted(reply))

    def find(self, external_key: str) -> Iterator[Mapping[str, Any]]:
        """All documents that carry our key, page after page."""
        return self._pages({"external_key": external_key}, _MOST_PAGES)

    def booked_since(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """All documents with an external key that were booked at or after `since` (aware UTC), page after page."""
        return self._pages({"booked_since": since.isoformat(timespec="milliseconds")}, _MOST_PAGES_LISTED)

    def settled_since(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """All payments and refunds that were booked at or after `since` (aware UTC), whoever did, page after page."""
        wanted = {"booked_since": since.isoformat(timespec="milliseconds")}
        return self._pages(wanted, _MOST_PAGES_LISTED, "settlements")

    def settlements_of(self, document_id: str) -> Iterator[Mapping[str, Any]]:
        """All payments and refunds that go to a document. Raises `Rejected` where there is no such document."""
        reply = self._http.get(f"{self._company}/documents/{quote(document_id, safe='')}/settlements")
        return iter(_listed(reply, _accepted(reply), "settlements"))

    def rows(self, resource: str) -> Iterator[Mapping[str, Any]]:
        """All rows of a resource, such as `tax-codes`, page after page."""
        return self._pages({}, _MOST_PAGES_LISTED, resource)

    def files(self, document_id: str) -> list[Mapping[str, Any]]:
        """What is told of the files of a document. Raises `Rejected` where there is no such document."""
        reply = self._http.get(self._files(document_id))
        return _listed(reply, _accepted(reply), "attachments")

    def attach(self, document_id: str, body: Mapping[str, Any]) -> None:
        """Keep a file with a document. One of its name that is there already stays as it is."""
        reply = self._http.post(self._files(document_id), json=body)
        _with_id(reply, _accepted(reply))

    def _files(self, document_id: str) -> str:
        return f"{self._company}/documents/{quote(document_id, safe='')}/attachments"

    def _pages(self, wanted: Mapping[str, str], most: int, resource: str = "documents") -> Iterator[Mapping[str, Any]]:
        page = 1
        for _ in range(most):
            rows, next_page = self._page(wanted, page, resource)
            yield from rows
            if next_page is None:
                return
            page = next_page
        raise Retryable("Demo Books answered with more pages than there can be. It will be tried again.")

    def _page(self, wanted: Mapping[str, str], page: int, resource: str) -> tuple[list[Mapping[str, Any]], int | None]:
        reply = self._http.get(f"{self._company}/{resource}", params={**wanted, "page": page})
        answer = _accepted(reply)
        next_page = answer.get("next_page")
        rows = _listed(reply, answer, resource.replace("-", "_"))
        return rows, next_page if isinstance(next_page, int) else None


def _listed(reply: Reply, answer: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    rows = answer.get(member)
    if not isinstance(rows, list):
        raise reply.unclear(f"no list of {member.replace('_', ' ')}")
    return [_with_id(reply, one) for one in rows]


def _accepted(reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success. Raises what the refusal in it means, whatever the status says."""
    if reply.status in _NOT_HERE and not reply.is_json:
        raise Misconfigured(f"There is no Demo Books at {reply.system}. Check the address.", field="base_url")
    answer = reply.json()
    if not isinstance(answer, Mapping):
        raise reply.unclear("JSON that is no object")
    if reply.status >= 400 or answer.get("error") is not None:
        raise _refusal(reply, answer.get("error"))
    return answer


def _refusal(reply: Reply, error: object) -> IntegrationError:
    """A code that is not in the table proves nothing, not even with a 4xx: only a lookup can tell.

    So does the conflict of a key: something is in the books under it.
    """
    told = error if isinstance(error, Mapping) else {}
    known = _REFUSALS.get(str(told.get("code")))
    if known is None:
        return reply.unclear("an error that is not known")
    message, field = sentence(told.get("message"), otherwise=_NO_REASON), told.get("field")
    return known(message, field=field if isinstance(field, str) else "")


def _with_id(reply: Reply, told: object) -> Mapping[str, Any]:
    if isinstance(told, Mapping) and isinstance(told.get("id"), str) and told["id"]:
        return told
    raise reply.unclear("something without an id")
