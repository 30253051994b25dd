"""Where supervisors ask. The middleware answers the same paths before anything else; the names are for `reverse`."""

from __future__ import annotations

from django.urls import path

from portal.operations.views import healthz, metrics, readyz

app_name = "operations"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
