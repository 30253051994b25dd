"""Who is told what waits for a person."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User

PERMISSION = "events.receive_alerts"
CHECKED_BY = "django.contrib.auth.backends.ModelBackend"


def recipients() -> list[str]:
    """The addresses of STAFF_ALERTS, and of active staff who were given the permission, each once, in order.

    A superuser has every permission and is told only when it was given to them, or to a group of theirs, by name.
    """
    staff = User.objects.with_perm(PERMISSION, include_superusers=False, backend=CHECKED_BY)
    addresses = [*settings.STAFF_ALERTS, *staff.filter(is_staff=True, is_active=True).values_list("email", flat=True)]
    return sorted({address.strip().lower() for address in addresses if address.strip()})
