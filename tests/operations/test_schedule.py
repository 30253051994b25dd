"""The beat table: nothing but what exists, and what it starts does something."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.celery import app
from portal.operations.tasks import clear_sessions


def test_every_entry_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_sessions_that_have_run_out_are_deleted() -> None:
    now = timezone.now()
    for key, minutes in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(minutes=minutes))
    clear_sessions()
    assert [session.session_key for session in Session.objects.all()] == ["new"]
