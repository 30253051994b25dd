"""The test mail: to everybody who is told, and a plain word on how it went."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.events.conftest import addressed

pytestmark = pytest.mark.django_db


def test_everybody_gets_one(settings: Settings) -> None:
    settings.STAFF_ALERTS = ["b@example.org", "a@example.org"]
    out = StringIO()
    call_command("test_alert", stdout=out)
    assert addressed() == ["a@example.org", "b@example.org"]
    assert out.getvalue().splitlines() == [f"{one}@example.org: handed over to the mail server" for one in "ab"]


def test_another_address(settings: Settings) -> None:
    settings.STAFF_ALERTS = ["a@example.org"]
    call_command("test_alert", "--to", "c@example.org", stdout=StringIO())
    assert addressed() == ["c@example.org"]


def test_nobody_to_tell_is_an_error(settings: Settings) -> None:
    settings.STAFF_ALERTS = []
    with pytest.raises(CommandError, match="Nobody is told"):
        call_command("test_alert")


def test_a_server_that_is_away_is_an_error(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.STAFF_ALERTS = ["a@example.org"]
    err = StringIO()
    with pytest.raises(CommandError, match="1 of 1 could not be sent"):
        call_command("test_alert", stderr=err)
    assert err.getvalue().startswith("a@example.org: ConnectionRefusedError")
