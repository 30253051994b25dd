"""The pages for customers. Each begins with what its reader may see."""

from __future__ import annotations

from portal.desk.views.connecting import source_page, source_test
from portal.desk.views.endpoints import (
    endpoint_capture,
    endpoint_captured,
    endpoint_discovery,
    endpoint_page,
    endpoint_token,
    endpoints_open,
)
from portal.desk.views.mapping_pages import dry_run_form, dry_run_page, gaps_file, gaps_page
from portal.desk.views.raising import raising, raising_confirm, raising_template
from portal.desk.views.records import records, records_export
from portal.desk.views.reference import reference, reference_progress, schedule, sync_all, sync_one
from portal.desk.views.runs import run_cancel, run_confirm, run_discard, run_page, run_progress, runs
from portal.desk.views.transactions import at_source, export, home, standing, transaction, transactions

__all__ = [
    "at_source", "dry_run_form", "dry_run_page", "endpoint_capture", "endpoint_captured", "endpoint_discovery",
    "endpoint_page", "endpoint_token", "endpoints_open", "export", "gaps_file", "gaps_page", "home", "raising",
    "raising_confirm", "raising_template", "records", "records_export", "reference", "reference_progress",
    "run_cancel", "run_confirm", "run_discard", "run_page", "run_progress", "runs", "schedule", "source_page",
    "source_test", "standing", "sync_all", "sync_one", "transaction", "transactions",
]  # fmt: skip
