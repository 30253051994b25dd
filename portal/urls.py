"""Every route, room by room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal.api.views import documents

urlpatterns = [
    path("", include("portal.intake.urls")),
    path("link/", include("portal.connections.urls")),
    path("api/v1/", include("portal.api.urls")),
    path("api/schema", documents.schema, name="api-schema"),
    path("api/docs", documents.docs, name="api-docs"),
    path("api/logos/<slug:key>.svg", documents.logo, name="api-logo"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("portal.operations.urls")),
    path("", include("portal.desk.urls")),
]
