"""Secret tokens of endpoints: made here or pasted in, kept as keyed digests, two live at most."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Endpoint, EndpointToken, TokenOrigin
from portal.connections.registry import UnknownIntegration, source
from portal.digests import digest
from portal.events.services import tell

PREFIX = "prm_"
SHORTEST = 16
ADVISED = 24
LIVE_AT_MOST = 2
OVERLAP = timedelta(hours=24)
SHORT = "This token has {length} characters. {advised} or more are advised: ask {source} for a longer one."
PRINTABLE = re.compile(r"[\x21-\x7e]+")


def live_tokens(endpoint: Endpoint, at: datetime) -> list[EndpointToken]:
    """The tokens that are accepted at the aware UTC time `at`, oldest first."""
    return list(_live(endpoint, at).order_by("pk"))


def issue_token(endpoint: Endpoint, *, who: str, overlap: timedelta = OVERLAP) -> str:
    """Make a token and return it in clear, for the one time it is shown. Older live tokens retire after `overlap`."""
    token = PREFIX + secrets.token_urlsafe(32)
    _store(endpoint, token, TokenOrigin.OURS, overlap)
    _tell(endpoint, "endpoint.token_issued", f"A new token ending in {token[-4:]} was made.", who)
    return token


def paste_token(endpoint: Endpoint, token: str, *, who: str, overlap: timedelta = OVERLAP) -> str | None:
    """Store a token that the source generated. Returns a warning for a weak one, else None.

    Raises `ValidationError` below 16 characters, or when it has blanks or other than printable ASCII characters.
    """
    token = token.strip()
    if len(token) < SHORTEST:
        raise ValidationError(f"A token needs at least {SHORTEST} characters; this one has {len(token)}.")
    if not PRINTABLE.fullmatch(token) or len(token) > 500:
        raise ValidationError("A token is at most 500 printable ASCII characters without blanks.")
    _store(endpoint, token, TokenOrigin.PASTED, overlap)
    _tell(endpoint, "endpoint.token_pasted", f"A token ending in {token[-4:]} was pasted in.", who)
    if len(token) < ADVISED:
        return SHORT.format(length=len(token), advised=ADVISED, source=_source_name(endpoint))
    return None


def retire_token(token: EndpointToken, *, who: str) -> None:
    """Refuse this token from now on."""
    EndpointToken.objects.filter(pk=token.pk).update(retires_at=timezone.now())
    _tell(token.endpoint, "endpoint.token_retired", f"The token ending in {token.hint} was retired.", who)


def open_discovery(endpoint: Endpoint, *, minutes: int = 60, who: str) -> None:
    """For `minutes`, accept a live token in any header and remember that header's name."""
    endpoint.discovery_until = timezone.now() + timedelta(minutes=minutes)
    endpoint.save(update_fields=["discovery_until"])
    _tell(endpoint, "endpoint.discovery_opened", f"Token-header discovery is open for {minutes} minutes.", who)


def learn_header(endpoint: Endpoint, name: str, known: Iterable[str]) -> None:
    """Discovery found the token in header `name`: keep the name and close the discovery."""
    endpoint.token_header_names = [name, *known]
    endpoint.discovery_until = None
    endpoint.save(update_fields=["token_header_names", "discovery_until"])
    _tell(endpoint, "endpoint.header_learnt", f"The token arrives in the header {name}.", "intake")


def carries_live_token(digests: Iterable[str], presented: Iterable[str]) -> bool:
    """Whether any presented value is a live token. Every pair is compared, in constant time."""
    live = list(digests)
    found = False
    for value in presented:
        candidate = digest(value)
        for known in live:
            found |= hmac.compare_digest(candidate, known)
    return found


def header_with_token(digests: Iterable[str], headers: Mapping[str, str]) -> str | None:
    """For discovery: the name of the header whose whole value is a live token."""
    live = list(digests)
    for name, value in headers.items():
        if len(value) >= SHORTEST and carries_live_token(live, [value]):
            return name
    return None


def _live(endpoint: Endpoint, at: datetime) -> QuerySet[EndpointToken]:
    return endpoint.tokens.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at))


def _source_name(endpoint: Endpoint) -> str:
    try:
        return source(endpoint.connection.integration).metadata.name
    except UnknownIntegration:
        return "the source"


def _store(endpoint: Endpoint, token: str, origin: TokenOrigin, overlap: timedelta) -> None:
    now = timezone.now()
    with atomic():
        live = live_tokens(endpoint, now)
        surplus = [row.pk for row in live[: max(0, len(live) - (LIVE_AT_MOST - 1))]]
        EndpointToken.objects.filter(pk__in=surplus).update(retires_at=now)
        _live(endpoint, now).filter(retires_at__isnull=True).update(retires_at=now + overlap)
        EndpointToken.objects.update_or_create(
            endpoint=endpoint,
            digest=digest(token),
            defaults={"hint": token[-4:], "origin": origin, "retires_at": None},
        )


def _tell(endpoint: Endpoint, verb: str, message: str, who: str) -> None:
    company = endpoint.connection.company
    tell(verb, message, who=who, subject=endpoint, tenant_id=company.tenant_id, company_id=company.pk)
