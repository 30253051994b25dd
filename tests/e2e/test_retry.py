"""The whole way through a browser: refused for an account that is missing, mended and retried by staff, posted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.connections.models import Endpoint
from portal.postings.models import Posting
from portal.postings.states import State
from portal.postings.sweep import Sweeper
from tests.desk.scene import Scene, a_scene
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, SourceConnectionFactory, StaffFactory, with_token
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
WHY = "Account 9999 was added to the chart."


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return a_scene(name="Northgate Training Ltd")


@pytest.fixture
def _worker(scene: Scene) -> Iterator[None]:
    """The engine's own thread that finds due postings without the broker."""
    sweeper = Sweeper(threads=2)
    sweeper.start()
    yield
    sweeper.stop()
    sweeper.join(timeout=10)
    assert not sweeper.is_alive()


@pytest.fixture
def endpoint(scene: Scene) -> tuple[Endpoint, str]:
    """Where iCompleat sends for the company, and the token."""
    return with_token(connection=SourceConnectionFactory(company=scene.company))


def _deliver(base: str, endpoint: tuple[Endpoint, str], transaction: dict[str, Any]) -> tuple[int, Any]:
    """Over real HTTP, as iCompleat does."""
    row, token = endpoint
    response = requests.post(
        f"{base}/webhooks/icompleat/{row.pk}/",
        data=body(transaction),
        headers={"Content-Type": "application/json", "x-api-compleat-token": token},
        timeout=30,
    )
    return response.status_code, response.json()


def _add_the_account(visitor: Watched, scene: Scene) -> None:
    visitor.open(reverse("admin:ledger_account_add"))
    page = visitor.page
    page.get_by_label("Books").select_option(label=scene.company.name)
    page.get_by_label("Code").fill("9999")
    page.get_by_label("Name").fill("Venues, other")
    page.get_by_label("Type").select_option(label="Expense")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


@pytest.mark.usefixtures("_worker")
def test_staff_retry_what_was_refused_and_the_customer_sees_it_posted(
    scene: Scene, endpoint: tuple[Endpoint, str], visit: Visit, live_server: LiveServer
) -> None:
    refused = a_transaction(Lines=[a_line(account="9999")])
    status, answer = _deliver(live_server.url, endpoint, refused)
    assert status == 400
    assert "9999" in answer["ErrorMessage"]

    StaffFactory.create(username="sam")
    staff = visit()
    staff.open("/admin/")
    staff.log_in("sam", PASSWORD)
    _add_the_account(staff, scene)

    staff.open(reverse("admin:postings_posting_changelist") + "?state=person")
    staff.page.get_by_role("link", name="P-000001").click()
    expect(staff.page.get_by_text("9999").first).to_be_visible()
    staff.page.get_by_role("link", name="Retry", exact=True).click()
    staff.page.get_by_label("Reason").fill(WHY)
    staff.page.get_by_role("button", name="Retry P-000001").click()
    expect(staff.page.get_by_text("Retrying P-000001.")).to_be_visible()

    customer = visit()
    customer.open("/")
    customer.log_in(scene.user.username, PASSWORD)
    customer.page.get_by_role("navigation", name="Main").get_by_role("link", name="Transactions").click()
    customer.page.get_by_role("link", name="INV000123").click()
    expect(customer.page.locator("#standing .badge")).to_have_text("Posted", timeout=15_000)
    expect(customer.page.locator("#standing")).to_contain_text(re.compile(r"JNL-\d+"))
    expect(customer.page.locator("#standing")).to_contain_text(re.compile(r"iCompleat was told\s*Refused"))
    expect(customer.page.get_by_text("Send it again from iCompleat")).to_be_visible()
    customer.shoot("transaction-posted-after-retry")
    customer.open("/transactions/?state=posted")
    expect(customer.page.get_by_role("link", name="INV000123")).to_be_visible()

    posting = Posting.objects.get()
    assert posting.state == State.POSTED
    assert [each.why for each in posting.transitions.all() if each.user] == [WHY, ""]
    assert _deliver(live_server.url, endpoint, refused) == (200, {"JournalNumber": posting.external_number})
