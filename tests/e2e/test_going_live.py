"""Going live in a browser: the checklist turns green by itself, the tokens are copied, the first document is noticed,
looked at, and booked once the company is live."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.connections.models import Connection, Endpoint
from portal.intake.before_live.making import make_due
from portal.postings.models import Transaction
from portal.reference.sync.leases import stopping
from portal.reference.sync.runner import Runner
from portal.tenants.models import Company, Member, Role
from tests.desk.scene import Scene, a_scene
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, SourceConnectionFactory
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """A company with an accounting system and iCompleat, and nothing else yet."""
    scene = a_scene(name="Northgate Training Ltd", live_at=None)
    SourceConnectionFactory.create(company=scene.company, external_company_name="Northgate Training")
    return scene


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Runner]:
    """The sync's thread of a worker process."""
    runner = Runner(threads=2)
    runner.start()
    yield runner
    runner.stop()
    stopping.clear()


@pytest.fixture
def watched(scene: Scene, visit: Visit) -> Watched:
    visitor = visit()
    visitor.open(reverse("desk:set-up", args=[scene.company.pk]))
    visitor.log_in(scene.user.username, PASSWORD)
    return visitor


def copied(page: Page, label: str) -> str:
    page.get_by_role("button", name=f"Copy {label}", exact=True).click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def deliver(watched: Watched, token: str, content: bytes) -> tuple[int, str]:
    """As iCompleat does it, to the address for invoices."""
    endpoint = Endpoint.objects.get(kind="invoice")
    address = f"{watched.base}/webhooks/icompleat/{endpoint.pk}/"
    answer = requests.post(address, content, headers={"x-api-compleat-token": token}, timeout=10)
    return answer.status_code, answer.text


def test_a_company_goes_live_step_by_step(watched: Watched, scene: Scene, worker: Runner) -> None:
    page = watched.page
    expect(page.get_by_role("heading", name="3 of 11 steps done")).to_be_hidden()
    watched.shoot("set-up-begun")
    assert watched.too_narrow() == []

    page.get_by_role("button", name="Make them all").click()
    expect(page.get_by_role("heading", name="4 addresses with their tokens")).to_be_visible()
    assert copied(page, "invoices address").endswith(f"/{Endpoint.objects.get(kind='invoice').pk}/")
    token = copied(page, "invoices token")
    watched.shoot("tokens-made")
    assert watched.too_narrow() == []

    first = a_transaction(Id=str(uuid.uuid4()), Lines=[a_line(account="9999")])
    status, answer = deliver(watched, token, body(first))
    assert (status, "not live yet, nothing was booked" in answer) == (400, True)
    expect(page.get_by_text("Invoice INV000123").first).to_be_visible(timeout=10_000)
    make_due(scene.company.pk)
    expect(page.get_by_text("Would be refused", exact=True)).to_be_visible(timeout=10_000)
    watched.shoot("first-delivery")

    page.get_by_role("link", name="What would have been done").click()
    expect(page.get_by_role("heading", name="What Postroom ledger would refuse")).to_be_visible()
    watched.shoot("came-before-one")
    page.get_by_role("link", name="Before go-live").click()
    watched.shoot("came-before")
    assert watched.too_narrow() == []
    page.get_by_role("button", name="Run all again that would be refused").click()
    expect(page.get_by_text("It is looked at again.")).to_be_visible()
    make_due(scene.company.pk)
    expect(page.get_by_text("It is looked at again.")).to_be_hidden(timeout=10_000)

    page.get_by_role("link", name="Set up", exact=True).first.click()
    expect(page.get_by_text("The document that came in would be refused.").first).to_be_visible()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("kinds have been read.", exact=False).first).to_be_visible(timeout=20_000)
    Connection.objects.filter(pk=scene.connection.pk).update(confirmed_at=timezone.now())
    watched.open(reverse("desk:set-up", args=[scene.company.pk]))
    watched.shoot("set-up-ready")

    page.locator("#do-go-live").click()
    watched.shoot("go-live")
    assert watched.too_narrow() == []
    page.get_by_role("button", name="Go live all the same").click()
    expect(page.get_by_text("press Retry posting, for one document or for all.")).to_be_visible()
    watched.shoot("set-up-live")
    _books_and_goes_back(watched, token, a_transaction(Id=first["Id"], Lines=[a_line()]))


def _books_and_goes_back(watched: Watched, token: str, mended: dict[str, Any]) -> None:
    page = watched.page
    status, answer = deliver(watched, token, body(mended))
    assert (status, "JNL-000001" in answer) == (200, True)
    assert Transaction.objects.get().number == "P-000001"
    page.get_by_role("link", name="Back to not live").click()
    watched.shoot("not-live")
    page.get_by_role("button", name="Back to not live").click()
    expect(page.get_by_text("Say why: it is kept in the history, with your name.")).to_be_visible()
    page.get_by_label("Reason").fill("The audit.")
    page.get_by_role("button", name="Back to not live").click()
    expect(page.get_by_text("Deliveries are refused until it goes live again.")).to_be_visible()
    assert deliver(watched, token, body(mended))[0] == 400


def test_the_first_sync_shows_how_far_it_is_and_ends(watched: Watched, scene: Scene, worker: Runner) -> None:
    page = watched.page
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("All 5 kinds have been read").or_(page.get_by_text("kinds have been read."))).to_be_visible(
        timeout=20_000
    )
    expect(page.locator("#step-sync").get_by_text("Done", exact=True)).to_be_visible(timeout=30_000)


def test_a_viewer_sees_where_it_stands_and_no_buttons(watched: Watched, scene: Scene) -> None:
    Member.objects.update(role=Role.VIEWER)
    watched.open(reverse("desk:set-up", args=[scene.company.pk]))
    expect(watched.page.get_by_text("Owners can do this.").first).to_be_visible()
    expect(watched.page.locator("#checklist").get_by_role("button")).to_have_count(0)
    watched.shoot("set-up-viewer")


def test_empty_and_closed_pages_say_what_to_do(watched: Watched, scene: Scene) -> None:
    for name in ("before-live", "not-live", "go-live", "source"):
        watched.open(reverse(f"desk:{name}", args=[scene.company.pk]))
        watched.shoot(f"empty-{name}")
        assert watched.too_narrow() == []
    Company.objects.update(closed_at=timezone.now())
    for name in ("set-up", "go-live"):
        watched.open(reverse(f"desk:{name}", args=[scene.company.pk]))
        watched.shoot(f"closed-{name}")
