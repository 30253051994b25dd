from __future__ import annotations

from django.apps import AppConfig


class UatConfig(AppConfig):
    name = "portal.uat"
    label = "uat"
    verbose_name = "user acceptance tests"
