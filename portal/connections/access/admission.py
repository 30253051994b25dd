"""Whether a vendor accepts what the installation has there. Where it does not, everything waits and staff are told."""

from __future__ import annotations

from django.utils import timezone

from portal.connections.access.models import IntegrationSettings
from portal.events.services import tell


def refused(integration: str, why: str, *, who: str) -> None:
    """The vendor does not accept the installation's key. Told once, until it is accepted again."""
    rows = IntegrationSettings.objects.filter(integration=integration, refused_at=None)
    if rows.update(refused_at=timezone.now(), refused_why=why):
        tell("installation.refused", f"{integration} does not accept the key of this installation: {why}", who=who)


def accepted(integration: str, *, who: str) -> None:
    """It does, again."""
    rows = IntegrationSettings.objects.filter(integration=integration, refused_at__isnull=False)
    if rows.update(refused_at=None, refused_why=""):
        tell("installation.accepted", f"{integration} accepts the key of this installation again.", who=who)
