"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.company_settings import mail_pages, token_pages, trail_pages, views

COMPANY: Final = "companies/<uuid:company_id>/"
TENANT: Final = "organisations/<uuid:tenant_id>/"

urlpatterns: list[URLPattern] = [
    path(f"{COMPANY}settings/", views.settings, name="settings"),
    path(f"{COMPANY}settings/unlink/", views.unlink, name="unlink"),
    path(f"{COMPANY}settings/unlink-icompleat/", views.unlink_source, name="unlink-source"),
    path(f"{COMPANY}settings/unlink/<slug:source>/", views.unlink_fed, name="unlink-fed"),
    path(f"{COMPANY}settings/close/", views.close, name="close"),
    path(f"{COMPANY}export/", views.data_export, name="data-export"),
    path(f"{COMPANY}audit/", views.audit, name="audit"),
    path(f"{TENANT}api-tokens/", token_pages.api_tokens, name="api-tokens"),
    path(f"{TENANT}api-tokens/<int:token_id>/revoke/", token_pages.api_token_revoke, name="api-token-revoke"),
    path(f"{TENANT}audit/", trail_pages.organisation_audit, name="organisation-audit"),
    path(f"{TENANT}mails/", mail_pages.mails, name="mails"),
    path("mails/end/<str:ticket>/", mail_pages.mails_end, name="mails-end"),
]
