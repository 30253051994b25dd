"""Who is told what waits for a person: staff, and the members of the companies that it is a matter of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User

PERMISSION = "events.receive_alerts"
CHECKED_BY = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A member who hears of one company by mail: what waits (`alerts`), its figures (`digest`), or both.

    `zone` is the tenant's clock. The addresses end the one or the other for this company, without a log-in.
    """

    address: str
    company_id: UUID
    company_name: str
    zone: str
    is_owner: bool
    alerts: bool
    digest: bool
    end_alerts_url: str
    end_digest_url: str


Readers = Callable[[Collection[UUID]], Iterable[Reader]]


def _nobody(_: Collection[UUID]) -> Iterable[Reader]:
    return ()


_asked: dict[str, Readers] = {"members": _nobody}


def register_readers(readers: Readers) -> None:
    """Say who hears of companies, by their ids: this room knows no members."""
    _asked["members"] = readers


def readers_of(company_ids: Collection[UUID]) -> list[Reader]:
    """Everybody who hears of one of these companies now, in a constant number of queries."""
    return list(_asked["members"](company_ids)) if company_ids else []


def recipients() -> list[str]:
    """The addresses of STAFF_ALERTS, and of active staff who were given the permission, each once, in order.

    A superuser has every permission and is told only when it was given to them, or to a group of theirs, by name.
    """
    staff = User.objects.with_perm(PERMISSION, include_superusers=False, backend=CHECKED_BY)
    addresses = [*settings.STAFF_ALERTS, *staff.filter(is_staff=True, is_active=True).values_list("email", flat=True)]
    return sorted({address.strip().lower() for address in addresses if address.strip()})
