"""Settings under which nobody would be told are named."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from portal.events.checks import check_alerts

SMTP = "django.core.mail.backends.smtp.EmailBackend"
CONSOLE = "django.core.mail.backends.console.EmailBackend"


@pytest.mark.parametrize(
    ("embedded", "backend", "addresses", "expected"),
    [
        (True, CONSOLE, [], []),
        (False, SMTP, ["ops@example.org"], []),
        (False, CONSOLE, ["ops@example.org"], ["postroom.W020"]),
        (False, SMTP, [], ["postroom.W021"]),
        (True, CONSOLE, ["ops@example.org", "nobody"], ["postroom.E020"]),
    ],
)
def test_what_is_named(
    settings: Settings, embedded: bool, backend: str, addresses: list[str], expected: list[str]
) -> None:
    settings.EMBEDDED, settings.EMAIL_BACKEND, settings.STAFF_ALERTS = embedded, backend, addresses
    assert [found.id for found in check_alerts()] == expected
