"""The portal's routes, and the floor's one."""

from __future__ import annotations

from django.urls import include, path

from tests.bench.floor.views import InsertOneRow

urlpatterns = [path("bench/floor/", InsertOneRow.as_view()), path("", include("portal.urls"))]
