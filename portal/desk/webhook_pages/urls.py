"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.webhook_pages import views

WEBHOOKS: Final = "organisations/<uuid:tenant_id>/webhooks/"
WEBHOOK: Final = f"{WEBHOOKS}<uuid:consumer_id>/"
MESSAGE: Final = f"{WEBHOOK}messages/<int:dispatch_id>/"

urlpatterns: list[URLPattern] = [
    path(WEBHOOKS, views.webhooks, name="webhooks"),
    path(f"{WEBHOOKS}guide/", views.webhook_guide, name="webhook-guide"),
    path(f"{WEBHOOKS}add/", views.webhook_add, name="webhook-add"),
    path(WEBHOOK, views.webhook, name="webhook"),
    path(f"{WEBHOOK}change/", views.webhook_change, name="webhook-change"),
    path(f"{WEBHOOK}secret/", views.webhook_secret, name="webhook-secret"),
    path(f"{WEBHOOK}test/", views.webhook_test, name="webhook-test"),
    path(f"{WEBHOOK}switch/", views.webhook_switch, name="webhook-switch"),
    path(f"{WEBHOOK}replay/", views.webhook_replay_failed, name="webhook-replay-failed"),
    path(f"{WEBHOOK}delete/", views.webhook_delete, name="webhook-delete"),
    path(MESSAGE, views.webhook_message, name="webhook-message"),
    path(f"{MESSAGE}replay/", views.webhook_replay, name="webhook-replay"),
]
