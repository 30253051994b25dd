from __future__ import annotations

from django.apps import AppConfig


class TimetableConfig(AppConfig):
    name = "portal.timetable"
    label = "timetable"
