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

    The first reading may take hours, and nobody who has just agreed can wait for it: until then the company is called
    as it is at Codat, and the currency of its books is empty.

    Raises `Unauthorised` where the connection is not linked over there, `Retryable`, `Misconfigured`.
    """
    row = client.get(f"companies/{client.company}/connections/{client.connection}")
    status = row.get("status") if isinstance(row, Mapping) else None
    if not isinstance(status, str):
        raise Retryable("Codat did not tell whether the company is linked. It will be asked again.")
    if not is_linked(status):
        raise Unauthorised(f"In Codat the connection is {status[:40]} and not Linked. Link it again.")
    return _company(client, _info(client), told)


def _info(client: Client) -> Mapping[str, Any]:
    """What Codat has read of the company information; nothing, where that has to come: then it is asked to read."""
    try:
        info = client.get(f"companies/{client.company}/data/info")
    except NotFetched:
        syncing.have_read(client, "company")
        return {}
    if not isinstance(info, Mapping) or (info and not _MEMBERS & info.keys()):
        raise Retryable("Codat did not tell whose books they are. It will be asked again.")
    return info


def _company(client: Client, info: Mapping[str, Any], told: Mapping[str, Any]) -> Company:
    """What it does not tell today is as it was told before."""
    name = text(info.get("companyName")) or text(info.get("companyLegalName")) or text(told.get("company_name"))
    base = text(info.get("baseCurrency")) or text(told.get("base_currency"))
    return Company(
        external_id=client.company,
        name=name or _name_there(client),
        base_currency=base.upper(),
        legal_name=text(info.get("companyLegalName")) or text(told.get("legal_name")),
        registration=text(info.get("registrationNumber")) or text(told.get("registration")),
    )


def _name_there(client: Client) -> str:
    """What the company is called at Codat, by whoever made it there."""
    row = client.get(f"companies/{client.company}")
    name = text(row.get("name")) if isinstance(row, Mapping) else ""
    if not name:
        raise Retryable("Codat did not tell what the company is called. It will be asked again.")
    return name
