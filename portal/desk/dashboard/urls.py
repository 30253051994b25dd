"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.dashboard import views

COMPANY: Final = "companies/<uuid:company_id>/"

urlpatterns: list[URLPattern] = [
    path(COMPANY, views.company, name="company"),
    path(f"{COMPANY}now/", views.company_now, name="company-now"),
    path(f"{COMPANY}days.csv", views.company_days, name="company-days"),
]
