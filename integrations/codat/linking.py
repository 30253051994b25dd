"""The visit that links a company: there through a link of Codat's, back to us, and what is so afterwards.

Making a company or a connection over there changes nothing in any books, so these requests count as reads.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from integrations.base import Link
from integrations.codat import telling
from integrations.codat.addresses import insist_on_return, with_state
from integrations.codat.client import Client
from integrations.codat.statuses import LINKED, UNLINKED, is_linked, theirs_spelt, told_as
from integrations.errors import AnotherCompany, Cancelled, Misconfigured, Missing, Rejected, Retryable
from integrations.linking import Arrival, Departure
from integrations.sentences import sentence

_KEY: Final = re.compile(r"[a-z]{4}")
# Codat strips all other characters of a company's name without a word.
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9 \-',&@.,?!]+")
_LONGEST_NAME: Final = 120
# For a name of which nothing is left.
_NAMELESS: Final = "Company of Postroom"
_CANCELLED: Final = "403"
_UNSUPPORTED: Final = "501"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The connection over there that a visit is about."""

    company: str
    connection: str
    url: str = ""

    @property
    def ids(self) -> Mapping[str, str]:
        return {"company": self.company, "connection": self.connection}


def depart(link: Link, *, state: str, return_url: str) -> Departure:
    """Make the company and the connection over there, as far as there are none, and send the person to its link.

    A link is good once and for a day, so it is asked for at each visit and never built. Codat gives our `state` back
    in the address that is set for the whole account; that one must lead to `return_url`. What was made over there is
    told at once, so that the next visit takes it up if this one comes to nothing.

    Raises `Misconfigured` for a platform that there is not, or that is switched off, and for a wrong address of
    return; as `System.company` else.
    """
    client = Client(link)
    key = _platform_key(link)
    insist_on_return(client, return_url)
    place = _known(client, key) or _made(client, key, state, stripped(link.company_name))
    url = with_state(place.url, state, is_private=link.outbound.allow_private)
    # What Codat has read until now may be of other books than those that the person chooses.
    return Departure(url=url, keep=place.ids, told={**place.ids, "departed_at": _now()})


def arrive(link: Link, query: Mapping[str, str], *, keep: Mapping[str, str]) -> Arrival:
    """What came of a visit. Anybody can write the address of return, so only what Codat says itself counts: a
    connection that is linked there is linked, and one that is not is not, whatever `query` says.

    Raises `Cancelled` where the person said no, `Rejected` in words where it failed, was another platform's or leads to
    another company than before; as `System.company` else.
    """
    company = keep.get("company") or str(link.told.get("company") or "")
    connection = keep.get("connection") or str(link.told.get("connection") or "")
    client = Client(replace(link, told={**link.told, "company": company, "connection": connection}))
    row = _connection(client, company, connection)
    if not is_linked(row.get("status")):
        raise _not_linked(query, row)
    _insist_on_platform(_platform_key(link), row)
    try:
        return Arrival(told=telling.of_connection(client, link.told, row, is_visit=True))
    except AnotherCompany:
        # It leads to other books from now on, and no document may go there while somebody mends it.
        with suppress(Rejected, Retryable):
            _unlink(client, connection)
        raise


def survey(link: Link) -> Mapping[str, Any]:
    """What Codat tells of the connection today. One that was deleted over there is told as unlinked.

    Raises as `System.company`.
    """
    client = Client(link)
    try:
        row = _connection(client, client.company, client.connection)
    except Missing:
        return {**link.told, "status": UNLINKED}
    if not is_linked(row.get("status")):
        return {**link.told, "status": told_as(row.get("status"))}
    return telling.of_connection(client, link.told, row)


def unlink(link: Link) -> None:
    """Give the access up over there; what Codat has read stays readable. One that is not linked stays as it is."""
    client = Client(link)
    try:
        row = _connection(client, client.company, client.connection)
    except Missing:
        return
    if is_linked(row.get("status")):
        _unlink(client, client.connection)


def stripped(name: str) -> str:
    """A company's name as Codat takes it: what it would leave out silently is left out here."""
    return " ".join(_NOT_IN_NAMES.sub(" ", name).split())[:_LONGEST_NAME].strip()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _platform_key(link: Link) -> str:
    key = link.settings.get("platform", "").strip().lower()
    if _KEY.fullmatch(key):
        return key
    message = "The platform is no key of four letters, such as gbol for Xero. Choose the accounting software."
    raise Misconfigured(message, field="platform")


def _known(client: Client, key: str) -> _Place | None:
    """The connection of an earlier visit with a fresh link; None where there is none, or it is another platform's."""
    if not (client.company and client.connection):
        return None
    try:
        row = _connection(client, client.company, client.connection)
    except Missing:
        return None
    if row.get("integrationKey") == key:
        return _Place(company=client.company, connection=client.connection, url=str(row.get("linkUrl") or ""))
    # A company has one accounting connection at a time; what was read through the old one stays.
    if is_linked(row.get("status")):
        _unlink(client, client.connection)
    return None


def _made(client: Client, key: str, state: str, name: str) -> _Place:
    """A connection, in the company of before if that is still there. The keys outlast a repeat of the same visit."""
    seed = hashlib.sha256(state.encode()).hexdigest()
    company = client.company
    if not (company and _is_there(client)):
        body = {"name": name or _NAMELESS}
        company = _id(client.send("POST", "companies", body, key=f"company-{seed}", reads=True))
    path = f"companies/{company}/connections"
    connection = _id(client.send("POST", path, {"platformKey": key}, key=f"connection-{seed}", reads=True))
    # Only a connection that is asked for is said to have a fresh link.
    url = str(_connection(client, company, connection).get("linkUrl") or "")
    return _Place(company=company, connection=connection, url=url)


def _is_there(client: Client) -> bool:
    try:
        client.get(f"companies/{client.company}")
    except Missing:
        return False
    return True


def _connection(client: Client, company: str, connection: str) -> Mapping[str, Any]:
    if not (company and connection):
        raise Missing("Nothing was linked in Codat yet. Begin again.")
    row = client.get(f"companies/{company}/connections/{connection}")
    if not isinstance(row, Mapping):
        raise Retryable("Codat did not tell the connection. It will be asked again.")
    return row


def _unlink(client: Client, connection: str) -> None:
    path = f"companies/{client.company}/connections/{connection}"
    client.send("PATCH", path, {"status": UNLINKED}, reads=True)


def _id(row: object) -> str:
    found = row.get("id") if isinstance(row, Mapping) else None
    if isinstance(found, str) and found:
        return found
    raise Retryable("Codat made something without telling its id. It will be tried again.")


def _insist_on_platform(key: str, row: Mapping[str, Any]) -> None:
    there = str(row.get("integrationKey") or "")
    if there and there != key:
        name = sentence(row.get("platformName"), otherwise=there)
        message = (
            f"In Codat this connection belongs to {name} ({there}), and not to {key}. Choose {name}, or begin again."
        )
        raise Misconfigured(message, field="platform")


def _not_linked(query: Mapping[str, str], row: Mapping[str, Any]) -> Cancelled | Rejected:
    """Why, in the words of the connection itself, and in those of the address of return where it has none."""
    name = sentence(row.get("platformName"), otherwise="the accounting software")
    code = query.get("statusCode", "")
    if code == _CANCELLED:
        return Cancelled(f"Access to {name} was not given, so nothing was linked. Begin again when you are ready.")
    if code == _UNSUPPORTED:
        return Rejected(f"Codat does not support this edition of {name}. Nothing was linked.", field="platform")
    reason = _reason(row) or sentence(query.get("errorMessage"), otherwise="")
    if reason:
        return Rejected(f"{name} could not be linked: {reason.rstrip('.')}. Begin again.")
    status = theirs_spelt(row.get("status")) or "nothing"
    return Rejected(
        f"Codat has not linked {name} yet (its status is {status}, not {LINKED}). Finish it, then begin again."
    )


def _reason(row: Mapping[str, Any]) -> str:
    """The latest error of a connection that was not resolved."""
    errors = row.get("dataConnectionErrors")
    rows = [one for one in errors if isinstance(one, Mapping)] if isinstance(errors, list) else []
    open_ones = [one for one in rows if one.get("status") != "Resolved" and not one.get("resolvedOnUtc")]
    latest = max(open_ones, key=lambda one: str(one.get("erroredOnUtc") or ""), default={})
    return sentence(latest.get("errorMessage"), otherwise="")
