"""What sends transactions to a company, and the pages of sources that are read."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.sources.views.address import fed_capture, fed_captured, fed_token
from portal.desk.sources.views.choosing import sources_page
from portal.desk.sources.views.field_names import fed_fields, fed_fields_read
from portal.desk.sources.views.linking import fed_look, fed_source, fed_source_test
from portal.desk.sources.views.reading import fed_log, fed_progress, fed_read
from portal.desk.sources.views.uat import fed_uat, fed_uat_begin, fed_uat_file, fed_uat_record

SOURCES: Final = "companies/<uuid:company_id>/sources/"
ONE: Final = f"{SOURCES}<slug:source>/"

urlpatterns: list[URLPattern] = [
    path(SOURCES, sources_page, name="sources"),
    path(ONE, fed_source, name="fed-source"),
    path(f"{ONE}test/", fed_source_test, name="fed-source-test"),
    path(f"{ONE}look/", fed_look, name="fed-look"),
    path(f"{ONE}fields/", fed_fields, name="fed-fields"),
    path(f"{ONE}fields/read/", fed_fields_read, name="fed-fields-read"),
    path(f"{ONE}token/", fed_token, name="fed-token"),
    path(f"{ONE}capture/", fed_capture, name="fed-capture"),
    path(f"{ONE}captured/", fed_captured, name="fed-captured"),
    path(f"{ONE}read/", fed_read, name="fed-read"),
    path(f"{ONE}progress/", fed_progress, name="fed-progress"),
    path(f"{ONE}log/", fed_log, name="fed-log"),
    path(f"{ONE}tests/", fed_uat, name="fed-uat"),
    path(f"{ONE}tests/begin/", fed_uat_begin, name="fed-uat-begin"),
    path(f"{ONE}tests/tests.csv", fed_uat_file, name="fed-uat-file"),
    path(f"{ONE}tests/<int:number>/<slug:step>/", fed_uat_record, name="fed-uat-record"),
]
