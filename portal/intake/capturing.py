"""Capture the next request to an endpoint, whole and whatever its token was: for the first real contact with a source.

Whether one is waited for is read with the endpoint itself, so that a delivery nobody waits for costs nothing more. The
caller's answer does not change.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import Error as DatabaseError
from django.db import IntegrityError
from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Endpoint, EndpointToken
from portal.connections.tokens import header_with_token
from portal.events.services import tell
from portal.intake.authenticate import bare
from portal.intake.endpoints import open_at
from portal.intake.models import Capture
from portal.tenants.models import Member, Role

logger = logging.getLogger(__name__)

MINUTES: Final = 60
LONGEST_MINUTES: Final = 24 * 60
KEPT_DAYS: Final = 7
VIEW: Final = "intake.view_capture"
HIDDEN: Final = "***"
SHOWN: Final = frozenset({"accept", "content-length", "content-type", "host", "user-agent"})
CLOSED: Final = "{endpoint} is closed: nothing that comes to it is looked at. Open it first."
LENGTH: Final = "A capture waits for 1 to {longest} minutes, not {given}."


class CannotCapture(Exception):
    """There is nothing to wait for; `message` says why in one plain sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. `headers` has lower-case names; `is_cut` says that the body went on."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


def arm(endpoint: Endpoint, *, user: AbstractBaseUser | None, minutes: int = MINUTES) -> Capture:
    """Wait for the next request to this endpoint, for so many minutes. Where a capture waits already, it waits on.

    Raises `CannotCapture` for a closed endpoint, and for less than a minute or more than a day.
    """
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise CannotCapture(LENGTH.format(longest=f"{LONGEST_MINUTES:,}", given=minutes))
    if not endpoint.is_active:
        raise CannotCapture(CLOSED.format(endpoint=endpoint))
    now = timezone.now()
    times = {"armed_at": now, "armed_until": now + timedelta(minutes=minutes), "armed_by_id": user.pk if user else None}
    capture = _waiting_on(endpoint, now, times) or _made(endpoint, now, times)
    _tell(endpoint, "endpoint.capture_armed", f"Its next request is captured, within {minutes} minutes.", _who(user))
    return capture


def disarm(endpoint: Endpoint, *, user: AbstractBaseUser | None) -> bool:
    """Wait no longer. False where nothing waited any more."""
    ended = Capture.objects.filter(endpoint=endpoint, **open_at(timezone.now())).update(disarmed_at=timezone.now())
    if ended:
        _tell(endpoint, "endpoint.capture_disarmed", "No request is waited for any more.", _who(user))
    return bool(ended)


def latest(endpoint: Endpoint) -> Capture | None:
    """What was captured last, or what waits now."""
    return Capture.objects.filter(endpoint=endpoint).defer("body").order_by("-pk").first()


def is_waiting(capture: Capture, now: datetime) -> bool:
    """Whether the next request is still waited for."""
    return capture.taken_at is None and capture.disarmed_at is None and capture.armed_until > now


def may_see(user: Any, endpoint: Endpoint) -> bool:
    """Staff with the permission, and the owners of the company: a body may hold anything, and a caller anybody's."""
    if user.is_staff and user.has_perm(VIEW):
        return True
    tenant_id = endpoint.connection.company.tenant_id
    return Member.objects.filter(tenant_id=tenant_id, user_id=user.pk, role=Role.OWNER).exists()


def waiting_for(integration: str, endpoint_id: uuid.UUID) -> int | None:
    """The capture that waits for this endpoint's next request: for calls that are answered without looking it up."""
    waiting = Capture.objects.filter(
        endpoint_id=endpoint_id, endpoint__is_active=True, endpoint__connection__integration=integration,
        **open_at(timezone.now()),
    )  # fmt: skip
    return waiting.values_list("pk", flat=True).first()


def take(capture_id: int, call: Call, *, delivery_id: int | None = None) -> bool:
    """Keep this request, if it is still waited for; of several at once, one is. False also when it cannot be written:
    whoever calls is answered all the same."""
    now = timezone.now()
    try:
        with atomic():
            kept = Capture.objects.filter(pk=capture_id, **open_at(now)).update(
                taken_at=now, method=call.method[:20], headers=masked(call.headers), body=call.body,
                is_cut=call.is_cut, token_header=_token_header(capture_id, call.headers, now)[:200],
                delivery_id=delivery_id,
            )  # fmt: skip
            if kept:
                _tell_taken(capture_id, call)
    except DatabaseError:
        logger.exception("A request that was waited for could not be captured.")
        return False
    return bool(kept)


def answered(capture_id: int, status: int) -> None:
    """Keep how the captured request was answered."""
    try:
        with atomic():
            Capture.objects.filter(pk=capture_id).update(answer_status=status)
    except DatabaseError:
        logger.exception("How a captured request was answered could not be kept.")


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names, with the values of the few that are certainly no secret."""
    return {name: value[:500] if name in SHOWN else HIDDEN for name, value in sorted(headers.items())}


def _waiting_on(endpoint: Endpoint, now: datetime, times: dict[str, Any]) -> Capture | None:
    waiting = Capture.objects.filter(endpoint=endpoint, **open_at(now))
    return latest(endpoint) if waiting.update(**times) else None


def _made(endpoint: Endpoint, now: datetime, times: dict[str, Any]) -> Capture:
    """A new one; what waited in vain is closed. Whoever was faster by a moment has armed it as well."""
    Capture.objects.filter(
        endpoint=endpoint, taken_at__isnull=True, disarmed_at__isnull=True, armed_until__lte=now
    ).update(disarmed_at=now)
    try:
        with atomic():
            return Capture.objects.create(endpoint=endpoint, **times)
    except IntegrityError:
        return Capture.objects.filter(endpoint=endpoint).latest("pk")


def _token_header(capture_id: int, headers: Mapping[str, str], now: datetime) -> str:
    """The header whose whole value is a live token, whether it is looked at or not."""
    live = EndpointToken.objects.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=now))
    digests = live.filter(endpoint__captures=capture_id).values_list("digest", flat=True)
    return header_with_token(digests, {name: bare(value) for name, value in headers.items()}) or ""


def _tell_taken(capture_id: int, call: Call) -> None:
    capture = Capture.objects.select_related("endpoint__connection__company").get(pk=capture_id)
    message = f"A {call.method[:20]} request of {len(call.body):,} bytes was captured."
    _tell(capture.endpoint, "endpoint.captured", message, "intake")


def _who(user: AbstractBaseUser | None) -> str:
    return user.get_username() if user else "nobody"


def _tell(endpoint: Endpoint, verb: str, message: str, who: str) -> None:
    company = endpoint.connection.company
    tell(verb, message, who=who, subject=endpoint, tenant_id=company.tenant_id, company_id=company.pk)
