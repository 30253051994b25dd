"""Who is behind a connection: what proves it, and what may be told of it besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from integrations.documents import Company
from integrations.errors import Rejected, Retryable
from integrations.icompleat.answers import member, text
from integrations.icompleat.client import Client, Fields
from integrations.icompleat.reading import canonical_id
from integrations.reference import RecordKind

T = TypeVar("T")


def company(client: Client) -> Company:
    """The first page of suppliers proves key, tenant and company, by a call that was seen. The rest is told by calls
    that are guesses: without them the name is the id, and the currency empty.

    Raises `Unauthorised`, `Misconfigured`, `Retryable`.
    """
    client.reference_page(RecordKind.SUPPLIER, 1)
    told: Fields = _tolerated(client.company, {})
    return Company(
        external_id=client.terms.company,
        name=text(told, "Name") or _tolerated(lambda: _listed_name(client), "") or client.terms.company,
        base_currency=text(told, "BaseCurrencyCode") or _tolerated(lambda: _base_currency(client), ""),
        registration=text(told, "VatNumber"),
    )


def _listed_name(client: Client) -> str:
    own = canonical_id(client.terms.company)
    return next((text(one, "Name") for one in client.companies() if canonical_id(text(one, "Id")) == own), "")


def _base_currency(client: Client) -> str:
    listed = client.reference(RecordKind.CURRENCY)
    return next((text(one, "Code") for one in listed if member(one, "IsBase") is True), "")


def _tolerated(ask: Callable[[], T], otherwise: T) -> T:
    """The answer of a call whose path is a guess. Only a rate limit and a lost key end the whole."""
    try:
        return ask()
    except Rejected:
        return otherwise
    except Retryable as error:
        if error.free:
            raise
        return otherwise
