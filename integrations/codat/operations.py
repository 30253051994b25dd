"""What became of something that was pushed: an operation is asked for until it is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from integrations.codat.client import Client
from integrations.codat.refusals import refusal
from integrations.codat.values import text
from integrations.errors import Rejected, Retryable

_NO_REASON: Final = "Codat refused the document and gave no reason."


def read(client: Client, operation: str) -> Mapping[str, Any]:
    """One operation. Raises `Missing` where Codat no longer knows it, and as `Client.get`."""
    told = client.get(f"companies/{client.company}/push/{quote(operation, safe='')}")
    return told if isinstance(told, Mapping) else {}


def failed(told: Mapping[str, Any], otherwise: str = _NO_REASON) -> Rejected:
    """The refusal that an operation ended with."""
    words, field = refusal(told, otherwise=otherwise)
    return Rejected(words, field=field)


def record(told: Mapping[str, Any]) -> str:
    """The id of what was written. Raises `Retryable` where it is not told."""
    changes = told.get("changes")
    for change in changes if isinstance(changes, list) else []:
        ref = change.get("recordRef") if isinstance(change, Mapping) else None
        if isinstance(ref, Mapping) and (found := text(ref.get("id"))):
            return found
    raise Retryable("Codat has booked the document and does not tell its id yet. It will be asked again.")
