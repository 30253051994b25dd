"""Out to a vendor on another site and back, in Chromium: policies and cookies are kept by browsers, not by us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from portal.connections.models import Connection, Status
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Vendor
from tests.e2e.browser import Watched, chromium, shots_directory
from tests.e2e.conftest import visitors
from tests.factories import PASSWORD, StaffFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(
    live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Watched]:
    """A page that fails its test on any complaint, of the policy above all."""
    settings.BASE_URL = live_server.url
    # Playwright's sync API leaves an event loop running in this thread, beside which Django refuses its ORM.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with chromium() as browser, visitors(browser, live_server.url, shots_directory(tmp_path)) as visitor:
        yield visitor()


def test_staff_authorise_a_connection_at_a_vendor_on_another_site(page: Watched, vendor: Vendor) -> None:
    connection = linked(vendor, status=Status.PENDING_AUTH)
    StaffFactory.create(username="sam")
    page.open(f"/admin/connections/connection/{connection.pk}/change/")
    page.log_in("sam", PASSWORD)
    page.page.get_by_role("link", name="Authorise", exact=True).click()
    page.page.get_by_role("button", name="Authorise", exact=True).click()
    page.shoot("leaving")
    assert page.too_narrow() == []
    page.page.get_by_role("link", name="Continue to Agreed Books").click()
    page.page.get_by_role("listitem").filter(has_text="is linked to Northgate Ltd at Agreed Books").wait_for()
    assert page.page.url == f"{page.base}/admin/connections/connection/{connection.pk}/change/"
    page.shoot("linked")
    stands = Connection.objects.get(pk=connection.pk)
    assert (stands.status, stands.external_company_name) == (Status.LINKED, "Northgate Ltd")
