"""Where outside systems call by themselves."""

from __future__ import annotations

from django.urls import path

from portal.intake.hearing.door import HearVendor

app_name = "hearing"
urlpatterns = [
    path("<slug:integration>/", HearVendor.as_view(), name="installation"),
    path("<slug:integration>/<uuid:connection_id>/", HearVendor.as_view(), name="connection"),
]
