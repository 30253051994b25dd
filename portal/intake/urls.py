"""Where sources call."""

from __future__ import annotations

from django.urls import path

from portal.intake.views import ReceiveWebhook

app_name = "intake"
urlpatterns = [path("<slug:integration>/<uuid:endpoint_id>/", ReceiveWebhook.as_view(), name="receive")]
