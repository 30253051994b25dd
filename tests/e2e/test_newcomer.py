"""A newcomer in a browser: links iCompleat, tests it, opens the addresses, synchronises suppliers, sees them arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from ledger.models import Books, Supplier
from portal.connections.models import Connection, Side
from portal.reference.sync.leases import stopping
from portal.reference.sync.models import Record, SyncRun, SyncState
from portal.reference.sync.runner import Runner
from tests.desk.scene import Scene, a_scene
from tests.desk.there import KEY, NAME, There, put, running
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SUPPLIERS = 450


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """Books with so many suppliers that sending them takes some seconds."""
    scene = a_scene(name="Northgate Training Ltd")
    books = Books.objects.get(pk=scene.connection.settings["books"])
    names = [f"Supplier {number:03} & Sons" for number in range(SUPPLIERS)]
    Supplier.objects.bulk_create(
        Supplier(books=books, code=f"S{number:03}", name=name, name_key=name.casefold())
        for number, name in enumerate(names)
    )
    return scene


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    """iCompleat, as slow as it may be on a bad day."""
    with running(tmp_path) as there:
        yield there


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
    visitor.open("/")
    visitor.log_in(scene.user.username, PASSWORD)
    return visitor


def fill_in(page: Page, there: There) -> None:
    page.get_by_label("API base URL").fill(there.url)
    page.get_by_label("Tenant ID").fill(there.tenant_id)
    page.get_by_label("Company ID").fill(there.company_id)


def test_a_newcomer_sets_up_icompleat_and_sees_suppliers_arrive(
    watched: Watched, scene: Scene, there: There, worker: Runner
) -> None:
    page = watched.page
    page.get_by_role("link", name="Sources", exact=True).click()
    page.get_by_role("link", name="Choose iCompleat").click()
    expect(page.get_by_role("heading", name="Link iCompleat first")).to_be_visible()

    fill_in(page, there)
    page.get_by_label("Security key").fill("the wrong one, typed in haste")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#field-secret__security_key_error")).to_contain_text("does not accept this")
    watched.shoot("newcomer-wrong-key")
    page.get_by_label("Security key").fill(KEY)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text(f"iCompleat answers as {NAME}")).to_be_visible()
    expect(page.locator("#field-secret__security_key_error")).to_be_hidden()
    watched.shoot("newcomer-tested")
    assert not Connection.objects.filter(side=Side.SOURCE).exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Saved. iCompleat answers as {NAME}.")).to_be_visible()

    page.get_by_role("button", name="Open the missing addresses").click()
    page.get_by_role("link", name="Give it a token (Invoices)").click()
    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Copy the token").click()
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith("prm_")

    put(f"{there.url}/control/faults", slow_ms=900)
    page.get_by_role("link", name="Reference data").click()
    expect(page.get_by_text("Not read yet").first).to_be_visible()
    page.get_by_role("button", name="Sync now Suppliers").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("Sending to iCompleat:")).to_contain_text(f"of {SUPPLIERS}", timeout=20_000)
    watched.shoot("newcomer-sending")
    suppliers = page.locator("tr", has=page.get_by_role("link", name="Suppliers"))
    expect(suppliers.get_by_text("Complete", exact=True)).to_be_visible(timeout=40_000)
    assert page.locator("#kinds").get_attribute("hx-get") is None
    expect(suppliers).to_contain_text(f"{SUPPLIERS} added")
    watched.shoot("newcomer-done")

    run = SyncRun.objects.get()
    assert (run.state, run.sent, run.refused) == (SyncState.COMPLETE, SUPPLIERS, 0)
    assert sorted(row["Code"] for row in there.rows("suppliers")) == [f"S{number:03}" for number in range(SUPPLIERS)]
    assert Record.objects.exclude(pushed_code="").count() == SUPPLIERS

    suppliers.get_by_role("link", name="Suppliers", exact=True).click()
    page.get_by_label("Code or name").fill("supplier 123")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Supplier 123 & Sons")).to_be_visible()
    expect(page.get_by_text("There", exact=True)).to_be_visible()


def test_what_would_empty_the_list_waits_for_the_newcomer(
    watched: Watched, scene: Scene, there: There, worker: Runner
) -> None:
    page = watched.page
    scene.client.post(reverse("desk:source", args=[scene.company.pk]), there.form())
    watched.open(reverse("desk:reference", args=[scene.company.pk]))
    page.get_by_role("button", name="Sync now Suppliers").click()
    suppliers = page.locator("tr", has=page.get_by_role("link", name="Suppliers"))
    expect(suppliers.get_by_text("Complete", exact=True)).to_be_visible(timeout=40_000)
    Supplier.objects.exclude(code="S001").update(active=False)
    page.get_by_role("button", name="Sync now Suppliers").click()
    page.get_by_role("link", name="Look and decide").click(timeout=20_000)
    expect(page.get_by_role("heading", name=f"{SUPPLIERS - 1} rows would disappear from iCompleat")).to_be_visible()
    watched.shoot("newcomer-guard")
    page.get_by_role("button", name="Confirm:").click()
    expect(page.get_by_text("Complete", exact=True)).to_be_visible(timeout=20_000)
    assert [row["Code"] for row in there.rows("suppliers")] == ["S001"]
