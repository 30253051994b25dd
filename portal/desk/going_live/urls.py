"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.going_live import views

COMPANY: Final = "companies/<uuid:company_id>/"
BEFORE: Final = f"{COMPANY}before-live/"

urlpatterns: list[URLPattern] = [
    path(f"{COMPANY}set-up/", views.set_up, name="set-up"),
    path(f"{COMPANY}set-up/watch/", views.set_up_watch, name="set-up-watch"),
    path(f"{COMPANY}set-up/sync/", views.set_up_sync, name="set-up-sync"),
    path(f"{COMPANY}set-up/leave-out/", views.set_up_leave_out, name="set-up-leave-out"),
    path(f"{COMPANY}set-up/schedules/", views.schedules_recommended, name="schedules-recommended"),
    path(f"{COMPANY}icompleat/tokens/", views.tokens_made, name="tokens-made"),
    path(f"{COMPANY}icompleat/deliveries/", views.deliveries_watch, name="deliveries-watch"),
    path(BEFORE, views.before_live, name="before-live"),
    path(f"{BEFORE}again/", views.all_again, name="before-live-all-again"),
    path(f"{BEFORE}<int:kept>/", views.before_live_one, name="before-live-one"),
    path(f"{BEFORE}<int:kept>/again/", views.again, name="before-live-again"),
    path(f"{COMPANY}go-live/", views.go_live, name="go-live"),
    path(f"{COMPANY}go-live/back/", views.not_live, name="not-live"),
]
