"""Every route of the API, below /api/v1/. A new one needs its place in tests/api/test_scope.py."""

from __future__ import annotations

from typing import Final

from django.urls import path, re_path

from portal.api import views

COMPANY: Final = "companies/<uuid:company_id>"
CONNECTION: Final = f"{COMPANY}/connections/<uuid:connection_id>"
WEBHOOK: Final = "webhooks/<uuid:webhook_id>"
POSTING: Final = f"{COMPANY}/postings/<int:posting_id>"

app_name = "api"
urlpatterns = [
    path("integrations", views.Integrations.as_view(), name="integrations"),
    path("integrations/<slug:key>", views.Integration.as_view(), name="integration"),
    path("companies", views.Companies.as_view(), name="companies"),
    path(COMPANY, views.Company.as_view(), name="company"),
    path(f"{COMPANY}/live", views.GoLive.as_view(), name="live"),
    path(f"{COMPANY}/integrations/<slug:key>/platforms", views.Platforms.as_view(), name="platforms"),
    path(f"{COMPANY}/connections", views.Connections.as_view(), name="connections"),
    path(CONNECTION, views.Connection.as_view(), name="connection"),
    path(f"{CONNECTION}/authorization", views.Authorization.as_view(), name="authorization"),
    path(f"{CONNECTION}/confirm", views.Confirmation.as_view(), name="confirm"),
    path(f"{CONNECTION}/endpoints", views.Endpoints.as_view(), name="endpoints"),
    path(f"{CONNECTION}/endpoints/<uuid:endpoint_id>/tokens", views.EndpointTokens.as_view(), name="endpoint-tokens"),
    path(f"{COMPANY}/dataStatus", views.DataStatus.as_view(), name="data-status"),
    path(f"{COMPANY}/syncSettings", views.SyncSettings.as_view(), name="sync-settings"),
    path(f"{COMPANY}/data/info", views.DataInfo.as_view(), name="data-info"),
    path(f"{COMPANY}/data/all", views.QueueAll.as_view(), name="data-all"),
    path(f"{COMPANY}/data/queue/all", views.QueueAllToo.as_view(), name="queue-all"),
    path(f"{COMPANY}/data/queue/<slug:data_type>", views.Queue.as_view(), name="queue"),
    path(f"{COMPANY}/data/history", views.History.as_view(), name="history"),
    path(f"{COMPANY}/data/history/<int:dataset_id>", views.Run.as_view(), name="run"),
    path(f"{COMPANY}/data/<slug:data_type>", views.Records.as_view(), name="records"),
    path(f"{COMPANY}/transactions", views.CompanyTransactions.as_view(), name="company-transactions"),
    path(
        f"{COMPANY}/transactions/<uuid:transaction_id>", views.CompanyTransaction.as_view(), name="company-transaction"
    ),
    path(f"{COMPANY}/postings", views.Postings.as_view(), name="postings"),
    path(POSTING, views.PostingById.as_view(), name="posting"),
    path(f"{POSTING}/retry", views.PostingRetry.as_view(), name="posting-retry"),
    path(f"{POSTING}/resolve", views.PostingResolution.as_view(), name="posting-resolve"),
    path(f"{COMPANY}/push/transactions", views.Transactions.as_view(), name="transactions"),
    path(f"{COMPANY}/push/transactions/<path:key>", views.Transaction.as_view(), name="transaction"),
    path("webhooks", views.Webhooks.as_view(), name="webhooks"),
    path("webhooks/eventTypes", views.WebhookEventTypes.as_view(), name="webhook-event-types"),
    path(WEBHOOK, views.Webhook.as_view(), name="webhook"),
    path(f"{WEBHOOK}/secret", views.WebhookSecret.as_view(), name="webhook-secret"),
    path(f"{WEBHOOK}/test", views.WebhookTest.as_view(), name="webhook-test"),
    path(f"{WEBHOOK}/replay", views.WebhookReplay.as_view(), name="webhook-replay"),
    path(f"{WEBHOOK}/messages", views.WebhookMessages.as_view(), name="webhook-messages"),
    path(f"{WEBHOOK}/messages/<int:message_id>", views.WebhookMessage.as_view(), name="webhook-message"),
    path(
        f"{WEBHOOK}/messages/<int:message_id>/replay",
        views.WebhookMessageReplay.as_view(),
        name="webhook-message-replay",
    ),
    re_path(r"^[\s\S]*$", views.Nowhere.as_view(), name="nowhere"),
]
