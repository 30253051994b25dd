"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.setting_up import views

COMPANY: Final = "companies/<uuid:company_id>/"
ACCOUNTING: Final = f"{COMPANY}accounting/"

urlpatterns: list[URLPattern] = [
    path("organisations/<uuid:tenant_id>/companies/new/", views.company_new, name="company-new"),
    path(f"{COMPANY}name/", views.company_name, name="company-name"),
    path(ACCOUNTING, views.accounting, name="accounting"),
    path(f"{ACCOUNTING}choose/", views.choose, name="choose"),
    path(f"{ACCOUNTING}authorise/", views.authorise, name="authorise"),
    path(f"{ACCOUNTING}authorise/test/", views.authorise_test, name="authorise-test"),
    path(f"{ACCOUNTING}authorise/way/", views.authorise_way, name="authorise-way"),
    path(f"{ACCOUNTING}visits/<uuid:visit_id>/", views.visit, name="visit"),
    path(f"{ACCOUNTING}kept-kinds/", views.kept_kinds, name="kept-kinds"),
    path(f"{ACCOUNTING}confirm/", views.confirm_company, name="confirm-company"),
    path(f"{ACCOUNTING}confirm/ask/", views.ask_company, name="ask-company"),
    path(f"{ACCOUNTING}start-again/", views.start_again, name="start-again"),
    path("accounting-systems/<slug:integration>/<slug:page>/", views.vendor_page, name="vendor-page"),
]
