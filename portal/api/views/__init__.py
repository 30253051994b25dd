"""The doors of the API, by what they are about."""

from __future__ import annotations

from portal.api.views.companies import Companies, Company, GoLive
from portal.api.views.connections import Authorization, Confirmation, Connection, Connections
from portal.api.views.endpoints import Endpoints, EndpointTokens
from portal.api.views.integrations import Integration, Integrations, Platforms
from portal.api.views.nowhere import Nowhere
from portal.api.views.postings import PostingById, PostingResolution, PostingRetry, Postings
from portal.api.views.pushing import Transaction, Transactions
from portal.api.views.records import Records
from portal.api.views.schedules import SyncSettings
from portal.api.views.syncs import DataInfo, DataStatus, History, Queue, QueueAll, QueueAllToo, Run
from portal.api.views.transactions import CompanyTransaction, CompanyTransactions
from portal.api.views.webhook_messages import (
    WebhookMessage,
    WebhookMessageReplay,
    WebhookMessages,
    WebhookReplay,
    WebhookTest,
)
from portal.api.views.webhooks import Webhook, WebhookEventTypes, Webhooks, WebhookSecret

__all__ = [
    "Authorization",
    "Companies",
    "Company",
    "CompanyTransaction",
    "CompanyTransactions",
    "Confirmation",
    "Connection",
    "Connections",
    "DataInfo",
    "DataStatus",
    "EndpointTokens",
    "Endpoints",
    "GoLive",
    "History",
    "Integration",
    "Integrations",
    "Nowhere",
    "Platforms",
    "PostingById",
    "PostingResolution",
    "PostingRetry",
    "Postings",
    "Queue",
    "QueueAll",
    "QueueAllToo",
    "Records",
    "Run",
    "SyncSettings",
    "Transaction",
    "Transactions",
    "Webhook",
    "WebhookEventTypes",
    "WebhookMessage",
    "WebhookMessageReplay",
    "WebhookMessages",
    "WebhookReplay",
    "WebhookSecret",
    "WebhookTest",
    "Webhooks",
]  # fmt: skip
