"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.desk.amendments import views
from portal.desk.repairs.urls import ONE

urlpatterns: list[URLPattern] = [
    path(f"{ONE}amendments/<int:amendment>/<slug:choice>/", views.decide_page, name="amendment"),
]
