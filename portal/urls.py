"""Every route, room by room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("portal.intake.urls")),
    path("link/", include("portal.connections.urls")),
    path("api/v1/", include("portal.api.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("portal.operations.urls")),
    path("", include("portal.desk.urls")),
]
