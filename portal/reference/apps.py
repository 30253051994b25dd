from __future__ import annotations

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "portal.reference"
    label = "reference"
    verbose_name = "Mapping"
