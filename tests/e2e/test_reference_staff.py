"""Staff look at the reference sync in a real browser, and confirm a run that would remove much."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.connections.models import Connection
from portal.reference.sync.models import Record, SourceList, SyncRun, SyncSchedule, SyncState
from portal.staff.base import row_url
from tests.desk.syncs import one_of_each
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, CompanyFactory, DemoConnectionFactory, SourceConnectionFactory, StaffFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def books(transactional_db: None) -> Connection:
    """A connection with a row of everything."""
    linked: Connection = DemoConnectionFactory.create(company=CompanyFactory.create(name="Harbour Street Studios Ltd"))
    one_of_each(linked, SourceConnectionFactory.create(company=linked.company))
    return linked


@pytest.fixture
def watched(books: Connection, visit: Visit) -> Watched:
    StaffFactory.create(username="sam")
    watched = visit()
    watched.open("/admin/")
    watched.log_in("sam", PASSWORD)
    return watched


def test_the_pages_of_the_sync_fit_every_width(watched: Watched) -> None:
    for model in (Record, SourceList, SyncSchedule, SyncRun):
        name = model.__name__.lower()
        for suffix, place in (
            ("list", reverse(f"admin:reference_{name}_changelist")),
            ("row", row_url(model.objects.get())),
        ):
            watched.open(place)
            watched.shoot(f"staff-{name}-{suffix}")
            assert watched.too_narrow() == [], place


def test_a_run_that_would_remove_much_is_confirmed(watched: Watched) -> None:
    page = watched.page
    run = SyncRun.objects.get()
    watched.open("/admin/")
    page.get_by_role("link", name="would remove much").click()
    page.get_by_role("link", name="ValidationQueued").click()
    page.get_by_role("link", name="Confirm", exact=True).click()
    watched.shoot("staff-syncrun-confirm")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Done: confirm.")).to_be_visible()
    run.refresh_from_db()
    assert (run.state, run.confirmed_by and run.confirmed_by.get_username()) == (SyncState.PROCESSING_QUEUED, "sam")
