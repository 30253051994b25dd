"""API tokens: issued once, kept as keyed digests, refused from the moment they are revoked or have run out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from portal.api.models import ApiToken, Scope
from portal.digests import digest
from portal.events.services import tell
from portal.tenants.models import Tenant

PREFIX: Final = "pra_"
SEEN_EVERY: Final = timedelta(minutes=1)
LONGEST: Final = 200


def issue(
    tenant: Tenant,
    name: str,
    scopes: Iterable[Scope],
    *,
    who: str,
    user: Any = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for a tenant; gives it in clear, for the one time it is shown.

    Raises `IntegrityError` where the tenant has a live token of this name.
    """
    clear = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        tenant=tenant,
        name=name,
        digest=digest(clear),
        hint=clear[-4:],
        scopes=[Scope(scope).value for scope in scopes],
        created_by=user,
        expires_at=expires_at,
    )
    _tell(token, "api_token.issued", f"The API token {token} was made.", who)
    return token, clear


def revoke(token: ApiToken, *, who: str) -> None:
    """Refuse it from now on. A second time changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        _tell(token, "api_token.revoked", f"The API token {token} was revoked.", who)


def live_token(clear: str) -> ApiToken | None:
    """The live token that this is, with its tenant, or None. When it was used is kept to the minute."""
    if not clear.startswith(PREFIX) or len(clear) > LONGEST:
        return None
    now = timezone.now()
    live = ApiToken.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)
    token = live.select_related("tenant").filter(digest=digest(clear)).first()
    if token is not None and (token.last_used_at is None or token.last_used_at <= now - SEEN_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def is_live(token: ApiToken) -> bool:
    """Whether it is accepted now."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > timezone.now())


def _tell(token: ApiToken, verb: str, message: str, who: str) -> None:
    tell(verb, message, who=who, subject=token, tenant_id=token.tenant_id, scopes=token.scopes)
