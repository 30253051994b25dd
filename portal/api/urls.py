"""Every route of the API, below /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from portal.api import views

app_name = "api"
urlpatterns = [
    path("companies/<uuid:company_id>/push/transactions", views.Transactions.as_view(), name="transactions"),
    path("companies/<uuid:company_id>/push/transactions/<path:key>", views.Transaction.as_view(), name="transaction"),
    re_path(r"^.*$", views.Nowhere.as_view(), name="nowhere"),
]
