"""Where sources deliver, and where outside systems call by themselves."""

from __future__ import annotations

from django.urls import path

from portal.intake.views import HearVendor, ReceiveHint, ReceiveWebhook

app_name = "intake"
urlpatterns = [
    path("webhooks/<slug:integration>/<uuid:endpoint_id>/", ReceiveWebhook.as_view(), name="receive"),
    path("webhooks/<slug:integration>/<uuid:endpoint_id>/<str:token>/", ReceiveHint.as_view(), name="hint"),
    path("hooks/<slug:integration>/", HearVendor.as_view(), name="hear"),
    path("hooks/<slug:integration>/<uuid:connection_id>/", HearVendor.as_view(), name="hear_connection"),
]
