from __future__ import annotations

from django.apps import AppConfig


class SettlementsConfig(AppConfig):
    name = "portal.settlements"
    label = "settlements"
