"""Tryton's REST interface: paths, key, context, paging, and the closed table of its refusals."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from integrations.base import Link
from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable
from integrations.exact import to_json
from integrations.http import Http
from integrations.reply import Reply
from integrations.sentences import sentence

PAGE_SIZE = 500
# A million records of one kind: a list that is longer than that does not end.
_MOST_PAGES = 2000
_TOO_LARGE: Final = 413
_NO_REASON = "Tryton refused the document and gave no reason."
# What Tryton says of itself is asked for in English, so that the phrases below are met.
_ENGLISH: Final = "en"


class Similar(Rejected):
    """Tryton knows an invoice of this supplier with this number, in any state; nothing was booked."""


class Asked(Rejected):
    """A question that Tryton puts to whoever posts a sales invoice by hand, about its dates; nothing was booked."""


class WrongState(Rejected):
    """The document is no longer in the state that the step begins with: somebody else has done it."""


# Refusals are JSON with status 400, raised inside of Tryton's transaction, which is then rolled back (seen in 8.2.1).
# These phrases need more than being shown; `field` names what is at fault.
_PHRASES: Final[Sequence[tuple[str, type[Rejected], str]]] = (
    ("is similar to invoice", Similar, "supplier_reference"),
    ("generates a payment date", Asked, "due_date"),
    ("an invoice date in the future", Asked, "date"),
    ("You can not call", WrongState, ""),
    ("you must create a period", Rejected, "date"),
    ("you must reopen the period", Rejected, "date"),
    ("you must create a fiscal year", Rejected, "date"),
    ("you must reopen the fiscal year", Rejected, "date"),
    ("You are not allowed to", Misconfigured, "api_key"),
)


class Client:
    """One company in one Tryton database, for one attempt."""

    def __init__(self, link: Link) -> None:
        key = link.secrets.get("api_key", "").strip()
        self.company_id = _number(link.settings.get("company_id", ""))
        headers = {"Authorization": f"bearer {key}", "Accept-Language": _ENGLISH, **self._within()}
        database = quote(link.settings.get("database", "").strip(), safe="")
        address = f"{link.settings.get('base_url', '').strip().rstrip('/')}/{database}/rest/model"
        self._http = Http(address, link.outbound, headers=headers, secrets=(key,))

    def search(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """All records of a domain in the order of their ids, page after page.

        A page begins after the last id, so that no record is missed when others come or go meanwhile.
        """
        last = 0
        for _ in range(_MOST_PAGES):
            page = self._page(model, [["id", ">", last], *domain], fields)
            yield from page
            if len(page) < PAGE_SIZE:
                return
            last = page[-1]["id"]
        raise Retryable("Tryton answered with more pages than there can be. It will be tried again.")

    def create(
        self, model: str, values: Mapping[str, Any], fields: Sequence[str], *, too_large: str = ""
    ) -> Mapping[str, Any]:
        """Make one record; tells `fields` of it. Raises `Rejected` where Tryton refuses it.

        `too_large` says it where a request can be larger than Tryton reads; else that is an answer like any other.
        """
        reply = self._http.post(_path(model, fields), json=values)
        if too_large and reply.status == _TOO_LARGE:
            raise Rejected(too_large, field="content")
        return _record(reply, _accepted(reply))

    def act(
        self, model: str, record: int, action: str, fields: Sequence[str], *, whatever_it_warns: bool = False
    ) -> Mapping[str, Any]:
        """Press a button of a record; tells `fields` of it as they are then.

        `whatever_it_warns` answers yes to the questions that Tryton would put to a person at the screen.
        """
        headers = self._within(_skip_warnings=True) if whatever_it_warns else {}
        reply = self._http.post(_path(f"{model}/{record}/{action}", fields), json={}, headers=headers)
        return _record(reply, _accepted(reply))

    def delete(self, model: str, record: int) -> None:
        """Throw a draft away; one that is gone already is as good."""
        reply = self._http.request("DELETE", f"{model}/{record}")
        if reply.status not in (204, 404):
            _accepted(reply)
            raise reply.unclear("something else than that it is gone")

    def _within(self, **context: bool) -> dict[str, str]:
        """The context of a request. Without `active_test=False` inactive records look like none; a clause on `active`
        has no effect beside an OR (seen in 8.2.1)."""
        company = {"company": self.company_id, "companies": [self.company_id]}
        return {"X-Tryton-Context": _encoded({**company, **context})}

    def _page(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[Mapping[str, Any]]:
        wanted = {"d": _encoded(domain), "o": _encoded([["id", "ASC"]]), "s": str(PAGE_SIZE)}
        reply = self._http.get(_path(model, fields, wanted), headers=self._within(active_test=False))
        records = _accepted(reply)
        if not isinstance(records, list):
            raise reply.unclear("no list of records")
        return [_record(reply, one) for one in records]


def _path(path: str, fields: Sequence[str], wanted: Mapping[str, str] | None = None) -> str:
    return f"{path}?{urlencode([*(wanted or {}).items(), *(('f', field) for field in fields)])}"


def _encoded(value: object) -> str:
    """JSON as Tryton wants it in queries and headers."""
    return base64.urlsafe_b64encode(to_json(value).encode()).decode()


def _number(text: str) -> int:
    """A company's id; what is none becomes one that no company has."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _accepted(reply: Reply) -> Any:
    """The JSON of a success. Raises what a refusal means; what has not the shape of one proves nothing."""
    if reply.status == 404 and not reply.wrote:
        message = f"There is no such Tryton database at {reply.system}. Check the address and the name of the database."
        raise Misconfigured(message, field="base_url")
    answer = reply.json()
    if isinstance(answer, Mapping) and answer.get("status") == 400 and isinstance(answer.get("message"), str):
        raise _refusal(reply, answer["message"])
    if reply.status >= 300:
        raise reply.unclear("an error that is not known")
    return answer


def _refusal(reply: Reply, message: str) -> IntegrationError:
    """A refusal inside of any other status than its own is not to be trusted."""
    if reply.status != 400:
        return reply.unclear("a refusal inside of another answer")
    words = sentence(message, otherwise=_NO_REASON)
    for phrase, error, field in _PHRASES:
        if phrase.lower() in message.lower():
            return error(words, field=field)
    return Rejected(words) if reply.wrote else Misconfigured(words, field="api_key")


def _record(reply: Reply, told: object) -> Mapping[str, Any]:
    if isinstance(told, Mapping) and isinstance(told.get("id"), int) and not isinstance(told["id"], bool):
        return told
    raise reply.unclear("something without an id")
