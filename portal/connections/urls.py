"""On the way to an outside system and back. The first is posted to, the second is where the system sends people."""

from __future__ import annotations

from django.urls import path

from portal.connections import views

app_name = "connections"
urlpatterns = [
    path("back/", views.back, name="back"),
    path("<uuid:connection_id>/", views.depart, name="depart"),
]
