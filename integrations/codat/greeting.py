"""Who is linked: the company in Codat, by the name and the currency of its books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.codat import syncing
from integrations.codat.client import Client, NotFetched
from integrations.codat.statuses import is_linked
from integrations.codat.values import text
from integrations.documents import Company
from integrations.errors import Retryable, Unauthorised

_MEMBERS: Final = frozenset({"companyName", "companyLegalName", "baseCurrency"})


def greeted(client: Client, told: Mapping[str, Any]) -> Company:
    """The company, once its connection is seen to be linked. What Codat has not read yet is as it was told before.

    Raises `Unauthorised` where the connection is not linked over there, `Retryable`, `Misconfigured`.
    """
    row = client.get(f"companies/{client.company}/connections/{client.connection}")
    status = row.get("status") if isinstance(row, Mapping) else None
    if not isinstance(status, str):
        raise Retryable("Codat did not tell whether the company is linked. It will be asked again.")
    if not is_linked(status):
        raise Unauthorised(f"In Codat the connection is {status[:40]} and not Linked. Link it again.")
    return _company(client, _info(client, told), told)


def _info(client: Client, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Codat has read of the company information; nothing, where that has to come and it is known from before."""
    try:
        info = client.get(f"companies/{client.company}/data/info")
    except NotFetched:
        if told.get("company_name") and told.get("base_currency"):
            return {}
        syncing.queue(client, "company")
        raise
    if not isinstance(info, Mapping) or not _MEMBERS & info.keys():
        raise Retryable("Codat did not tell whose books they are. It will be asked again.")
    return info


def _company(client: Client, info: Mapping[str, Any], told: Mapping[str, Any]) -> Company:
    """What it does not tell today is as it was told before."""
    name = text(info.get("companyName")) or text(info.get("companyLegalName")) or text(told.get("company_name"))
    base = text(info.get("baseCurrency")) or text(told.get("base_currency"))
    if not (name and base):
        raise Retryable("Codat does not know the name or the currency of the books yet. It will be asked again.")
    return Company(
        external_id=client.company,
        name=name,
        base_currency=base.upper(),
        legal_name=text(info.get("companyLegalName")) or text(told.get("legal_name")),
        registration=text(info.get("registrationNumber")) or text(told.get("registration")),
    )
