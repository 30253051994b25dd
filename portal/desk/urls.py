"""The customer pages, area by area. A new page needs its place in tests/desk/walks/."""

from __future__ import annotations

from django.urls import path

from portal.desk import views
from portal.desk.amendments.urls import urlpatterns as amendments
from portal.desk.company_settings.urls import urlpatterns as company_settings
from portal.desk.dashboard.urls import urlpatterns as dashboard
from portal.desk.going_live.urls import urlpatterns as going_live
from portal.desk.mapping.urls import urlpatterns as mapping
from portal.desk.people.urls import urlpatterns as people
from portal.desk.repairs.urls import urlpatterns as repairs
from portal.desk.setting_up.urls import urlpatterns as setting_up
from portal.desk.sources.urls import urlpatterns as sources
from portal.desk.webhook_pages.urls import urlpatterns as webhook_pages

COMPANY = "companies/<uuid:company_id>/"
ENDPOINT = f"{COMPANY}icompleat/endpoints/<uuid:endpoint_id>/"
RUN = f"{COMPANY}reference/runs/<int:run>/"
KIND = f"{COMPANY}reference/<slug:kind>/"

app_name = "desk"
urlpatterns = [
    *people,
    *setting_up,
    *sources,
    *going_live,
    *mapping,
    *dashboard,
    *repairs,
    *amendments,
    *company_settings,
    *webhook_pages,
    path("", views.home, name="home"),
    path("transactions/", views.transactions, name="transactions"),
    path("transactions.csv", views.export, name="export"),
    path("transactions/<uuid:public_id>/", views.transaction, name="transaction"),
    path("transactions/<uuid:public_id>/standing/", views.standing, name="standing"),
    path("transactions/<uuid:public_id>/dry-run/", views.dry_run_page, name="dry-run"),
    path("transactions/<uuid:public_id>/source/", views.at_source, name="at-source"),
    path(f"{COMPANY}icompleat/", views.source_page, name="source"),
    path(f"{COMPANY}icompleat/test/", views.source_test, name="source-test"),
    path(f"{COMPANY}icompleat/endpoints/", views.endpoints_open, name="endpoints-open"),
    path(ENDPOINT, views.endpoint_page, name="endpoint"),
    path(f"{ENDPOINT}token/", views.endpoint_token, name="endpoint-token"),
    path(f"{ENDPOINT}discovery/", views.endpoint_discovery, name="endpoint-discovery"),
    path(f"{ENDPOINT}capture/", views.endpoint_capture, name="endpoint-capture"),
    path(f"{ENDPOINT}captured/", views.endpoint_captured, name="endpoint-captured"),
    path(f"{COMPANY}mapping/", views.gaps_page, name="gaps"),
    path(f"{COMPANY}mapping/gaps.csv", views.gaps_file, name="gaps-file"),
    path(f"{COMPANY}mapping/dry-run/", views.dry_run_form, name="dry-run-form"),
    path(f"{COMPANY}raise/", views.raising, name="raising"),
    path(f"{COMPANY}raise/confirm/", views.raising_confirm, name="raising-confirm"),
    path(f"{COMPANY}raise/template.csv", views.raising_template, name="raising-template"),
    path(f"{COMPANY}reference/", views.reference, name="reference"),
    path(f"{COMPANY}reference/progress/", views.reference_progress, name="reference-progress"),
    path(f"{COMPANY}reference/sync/", views.sync_all, name="sync-all"),
    path(f"{COMPANY}reference/runs/", views.runs, name="runs"),
    path(RUN, views.run_page, name="run"),
    path(f"{RUN}progress/", views.run_progress, name="run-progress"),
    path(f"{RUN}confirm/", views.run_confirm, name="run-confirm"),
    path(f"{RUN}discard/", views.run_discard, name="run-discard"),
    path(f"{RUN}cancel/", views.run_cancel, name="run-cancel"),
    path(KIND, views.records, name="records"),
    path(f"{KIND}records.csv", views.records_export, name="records-export"),
    path(f"{KIND}schedule/", views.schedule, name="schedule"),
    path(f"{KIND}sync/", views.sync_one, name="sync"),
]
