"""Warns of settings under which nobody would hear of what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.checks import Warning as Caution
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

SILENT: Final = (
    "django.core.mail.backends.console.EmailBackend",
    "django.core.mail.backends.dummy.EmailBackend",
    "django.core.mail.backends.locmem.EmailBackend",
)


def check_alerts(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """What the settings alone can tell; staff users who have the permission are rows and not asked for."""
    found: list[CheckMessage] = []
    wrong = [address for address in settings.STAFF_ALERTS if not _is_address(address)]
    if wrong:
        found.append(checks.Error(f"STAFF_ALERTS: {', '.join(wrong)} is no e-mail address.", id="postroom.E020"))
    if not settings.EMBEDDED and settings.EMAIL_BACKEND in SILENT:
        found.append(
            Caution(
                "E-mails are not sent: nobody, staff or customer, hears of what waits for them.",
                hint="Set EMAIL_URL, such as smtp+tls://user:password@host:587.",
                id="postroom.W020",
            )
        )
    if not settings.EMBEDDED and not settings.STAFF_ALERTS:
        found.append(
            Caution(
                "STAFF_ALERTS is empty: only staff users with the permission to receive alerts hear of what waits.",
                hint="Set it to an address that somebody reads every day; try it with manage.py test_alert.",
                id="postroom.W021",
            )
        )
    return found


def _is_address(text: str) -> bool:
    try:
        validate_email(text.strip())
    except ValidationError:
        return False
    return True
