from __future__ import annotations

from django.apps import AppConfig


class RaisingConfig(AppConfig):
    name = "portal.raising"
    label = "raising"
