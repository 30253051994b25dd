"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
