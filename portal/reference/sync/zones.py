"""A tenant that has another zone from now on keeps the local times of its schedules."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from portal.reference.sync.schedules import move_with
from portal.tenants.models import Tenant


def listen() -> None:
    """Hear of each tenant that is saved."""
    post_save.connect(_saved, sender=Tenant, dispatch_uid="reference.zones")


def _saved(*, instance: Tenant, created: bool, **kwargs: Any) -> None:
    if not created:
        move_with(instance.pk)
