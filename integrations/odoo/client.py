"""The JSON-2 interface of Odoo: paths, the key, the company, paging, and the closed table of its errors.

Everything is `POST /json/2/<model>/<method>` with named arguments. A failure has a status and
`{name, message, arguments, context, debug}`, where `debug` is a traceback of the server, neither shown nor recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from integrations.base import Link
from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable
from integrations.http import Exchange, Http, Outbound
from integrations.redaction import HIDDEN
from integrations.reply import Reply
from integrations.sentences import sentence

MODULE: Final = "postroom"
"""The module name of our external ids; Odoo keeps (module, name) unique."""
PAGE_SIZE: Final = 200
# Two million records: a listing that is longer than that does not end.
_MOST_PAGES: Final = 10_000
_NO_REASON: Final = "Odoo refused the document and gave no reason."
_NOT_HERE: Final = frozenset({404, 405, 410})

Row = Mapping[str, Any]
Domain = Sequence[object]

# Odoo undoes the whole request when one of these is raised, so nothing was booked. What is not in here proves nothing.
_REFUSALS: Final[Mapping[str, type[Rejected]]] = {
    "odoo.exceptions.UserError": Rejected,
    "odoo.exceptions.ValidationError": Rejected,
    "odoo.exceptions.RedirectWarning": Rejected,
    "odoo.exceptions.MissingError": Rejected,
    "odoo.exceptions.AccessError": Misconfigured,
    "odoo.exceptions.AccessDenied": Misconfigured,
    "werkzeug.exceptions.NotFound": Misconfigured,
    # With status 500: a value that cannot be read as a date or a number, or a field that there is not.
    "builtins.ValueError": Rejected,
}
_OTHER_COMPANY: Final = "unauthorized or invalid companies"
# What `load` says inside a 200 when the database was busy with the same rows. It has undone everything by then.
_BUSY: Final = re.compile(r"could not serialize access|deadlock detected|could not obtain lock", re.IGNORECASE)
_BROKEN: Final = re.compile(r"^Unknown (database )?error|current transaction is aborted", re.IGNORECASE)
_POSTED: Final = re.compile(r"\bfields on a posted move\b")
_FORBIDDEN: Final = re.compile(r"^You are not allowed to")
# The record may be cut within it, so there may be no closing quotation mark.
_DEBUG: Final = re.compile(r'("debug":\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)')


class Client:
    """One company in one Odoo database, for one attempt."""

    def __init__(self, link: Link) -> None:
        key = link.secrets.get("api_key", "").strip()
        database = link.settings.get("database", "").strip()
        headers = {"Authorization": f"bearer {key}", **({"X-Odoo-Database": database} if database else {})}
        terms = without_debug(link.outbound)
        self._http = Http(link.settings.get("base_url", ""), terms, headers=headers, secrets=(key,))
        self._company = link.settings.get("company_id", "").strip()

    @property
    def company_id(self) -> int:
        """The company's id. Raises `Misconfigured` where the setting is no number."""
        if self._company.isascii() and self._company.isdigit():
            return int(self._company)
        raise Misconfigured("The company of the connection is no number. Enter its id in Odoo.", field="company_id")

    def read(self, model: str, domain: Domain, fields: Sequence[str], *, limit: int | None = None) -> list[Row]:
        """The records that match, archived ones too, by id; each has all of the fields."""
        return self._searched(model, domain, fields, {} if limit is None else {"limit": limit})[1]

    def one(self, model: str, record: int, fields: Sequence[str]) -> Row:
        """One record that is known to be there: one that cannot be seen is not absent. Raises `Misconfigured`."""
        reply, rows = self._searched(model, [["id", "=", record]], fields, {})
        if rows:
            return rows[0]
        if reply.wrote:
            raise reply.unclear("nothing where the document was")
        raise Misconfigured(
            "Odoo has a document with our key in another company, or hides it from the user of the API key. "
            "Check the company's id.",
            field="company_id",
        )

    def _searched(
        self, model: str, domain: Domain, fields: Sequence[str], more: Mapping[str, int]
    ) -> tuple[Reply, list[Row]]:
        asked = {"domain": domain, "fields": fields, "order": "id", **more, "context": self._context(active_test=False)}
        reply = self._http.post(f"json/2/{model}/search_read", json=asked, reads=True)
        rows = _accepted(reply, writes=False)
        if not isinstance(rows, list) or not all(_is_row(row, fields) for row in rows):
            raise reply.unclear("something that is no list of records")
        return reply, rows

    def pages(self, model: str, domain: Domain, fields: Sequence[str]) -> Iterator[list[Row]]:
        """All records that match, page after page in the order of their ids, until a page is empty.

        Each page begins after the last id that was seen: what changes in the meantime moves nothing out of sight.
        """
        last = 0
        for _ in range(_MOST_PAGES):
            page = self.read(model, [*domain, ["id", ">", last]], fields, limit=PAGE_SIZE)
            if not page:
                return
            yield page
            if page[-1]["id"] <= last:
                break
            last = page[-1]["id"]
        raise Retryable("Odoo answered with more pages than there can be. It will be tried again.")

    def named(self, model: str, name: str) -> int | None:
        """The id of the record with our external id, in any state; None where there is none."""
        domain = [["module", "=", MODULE], ["model", "=", model], ["name", "=", name]]
        for row in self.read("ir.model.data", domain, ["name", "res_id"]):
            if _is_id(row.get("res_id")):
                return int(row["res_id"])
            raise Retryable("Odoo told an external id without its record. It will be tried again.")
        return None

    def load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[str]]) -> int | None:
        """Write one record with its lines under external ids, all or nothing; give its id.

        None where the external id is a posted document's: somebody was faster. One of several at once wins, the others
        get `Retryable`: what they tried was undone.
        """
        arguments = {"fields": fields, "data": data}
        reply = self._write(f"{model}/load", arguments)
        answer = _accepted(reply, writes=True)
        ids, messages = (answer.get("ids"), answer.get("messages")) if isinstance(answer, Mapping) else (None, None)
        if ids is False and isinstance(messages, list) and messages:
            refusal = _not_loaded(reply, messages)
            if isinstance(refusal, Rejected) and _POSTED.search(refusal.message):
                return None
            raise refusal
        if isinstance(ids, list) and len(ids) == 1 and _is_id(ids[0]):
            return int(ids[0])
        raise reply.unclear("something without an id")

    def change(self, model: str, method: str, record: int, **arguments: object) -> None:
        """Call a method that writes, on one record. What it gives back means nothing."""
        self.change_all(model, method, [record], **arguments)

    def change_all(self, model: str, method: str, records: Sequence[int], **arguments: object) -> None:
        """The same on several records at once."""
        _accepted(self._write(f"{model}/{method}", {"ids": [*records], **arguments}), writes=True)

    def _write(self, path: str, arguments: Mapping[str, object]) -> Reply:
        return self._http.post(f"json/2/{path}", json={**arguments, "context": self._context()}, returns={500})

    def _context(self, **more: object) -> dict[str, object]:
        """English, since the words of refusals are passed on, and this company and no other."""
        return {"lang": "en_US", "allowed_company_ids": [self.company_id], **more}


def without_debug(outbound: Outbound) -> Outbound:
    """The same terms, recording answers without the tracebacks in them."""

    def record(exchange: Exchange) -> None:
        outbound.record(replace(exchange, response_body=_DEBUG.sub(rf'\1"{HIDDEN}"', exchange.response_body)))

    return replace(outbound, record=record)


def _accepted(reply: Reply, *, writes: bool) -> Any:
    """The JSON of a success. Raises what the failure in it means."""
    if reply.status in _NOT_HERE and not reply.is_json and not reply.wrote:
        message = (
            f"There is no Odoo 19 at {reply.system}, or no database is chosen. Check the address and the database."
        )
        raise Misconfigured(message, field="base_url")
    answer = reply.json()
    if reply.status >= 400:
        raise _failure(reply, answer if isinstance(answer, Mapping) else {}, writes=writes)
    return answer


def _failure(reply: Reply, told: Row, *, writes: bool) -> IntegrationError:
    """A refusal counts for the request that was refused: a read that fails says nothing of an earlier write."""
    name, message = str(told.get("name")), told.get("message")
    known = _REFUSALS.get(name)
    if known is None or (not writes and (reply.wrote or known is not Misconfigured)):
        return reply.unclear("an error that is not known")
    words = sentence(message, otherwise=_NO_REASON)
    if name == "builtins.ValueError":
        return Rejected(f"Odoo could not read a value of the document: {words}")
    if known is Misconfigured:
        return _not_allowed(words)
    return known(words)


def _not_allowed(words: str) -> Misconfigured:
    if _OTHER_COMPANY in words:
        message = "The user of the API key does not belong to this company in Odoo. Check the company's id."
        return Misconfigured(message, field="company_id")
    if "ir.model.data" in words:
        message = (
            "The user of the API key may not read external ids in Odoo. Give it Administration: Access Rights there."
        )
        return Misconfigured(message, field="api_key")
    return Misconfigured(f"Odoo does not let the API key do this: {words}"[:300], field="api_key")


def _not_loaded(reply: Reply, messages: Sequence[object]) -> IntegrationError:
    """What a `load` that wrote nothing means: it was in another's way, something broke in it, or it was refused."""
    errors = [one for one in messages if isinstance(one, Mapping) and one.get("type") == "error"]
    words = [str(one.get("message")) for one in errors if isinstance(one.get("message"), str)]
    if any(_BUSY.search(text) for text in words):
        return Retryable("Odoo was busy with the same records and wrote nothing. It will be tried again.")
    if not errors or any(_BROKEN.search(text) for text in words):
        return reply.unclear("a failure that is not known")
    told = sentence(words[0] if words else None, otherwise=_NO_REASON)
    return _not_allowed(told) if _FORBIDDEN.search(told) else Rejected(told)


def _is_row(row: object, fields: Sequence[str]) -> bool:
    return isinstance(row, Mapping) and _is_id(row.get("id")) and all(name in row for name in fields)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
