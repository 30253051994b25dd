"""Setting up in a browser: kinds that the accounting system cannot take, codes that came before go-live, long lists."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from portal.connections.models import Connection, Endpoint
from portal.intake.before_live.making import make_due
from portal.intake.models import Delivery, KeptDryRun
from portal.reference.models import SyncSchedule
from portal.reference.sync.models import SyncState
from tests.desk.mapping.test_long_lists import accounts
from tests.desk.scene import Scene, a_demo_scene, a_scene
from tests.desk.syncs import a_sync
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, SourceConnectionFactory, with_token
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def visiting(visit: Visit, scene: Scene, name: str, query: str = "") -> Watched:
    watched = visit()
    watched.open(reverse(f"desk:{name}", args=[scene.company.pk]) + query)
    watched.shoot("log-in")
    watched.log_in(scene.user.username, PASSWORD)
    return watched


def test_a_kind_that_is_not_taken_is_kept_and_gets_its_address(visit: Visit) -> None:
    scene = a_demo_scene(name="Harbour Street Studios Ltd", live_at=None)
    source = SourceConnectionFactory.create(company=scene.company)
    for kind in ("purchase_order", "invoice", "credit_note"):
        with_token(connection=source, kind=kind)
    watched = visiting(visit, scene, "set-up")
    page = watched.page
    expect(page.locator("#step-addresses")).to_contain_text("Receipts are refused")
    watched.shoot("set-up-refused-kind")
    watched.open(reverse("desk:accounting", args=[scene.company.pk]))
    watched.shoot("accounting-keeping")
    assert watched.too_narrow() == []
    choice = page.get_by_role("group", name="Receipts")
    choice.get_by_label("Keep them as memo entries").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("It counts for what comes in from now on.")).to_be_visible()
    watched.open(reverse("desk:set-up", args=[scene.company.pk]))
    expect(page.locator("#step-addresses")).to_contain_text("Without a token: receipts.")
    page.locator("#do-addresses").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 address with its token")
    watched.shoot("tokens-made-one")
    assert Endpoint.objects.filter(connection=source, kind="receipt").count() == 1
    page.get_by_role("link", name="Accounting system", exact=True).click()
    page.get_by_role("group", name="Receipts").get_by_label("Refuse them").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="iCompleat", exact=True).click()
    expect(page.get_by_text("cannot take these, so each is refused.")).to_be_visible()
    watched.shoot("source-refused-kind")
    assert watched.too_narrow() == []


def test_codes_that_came_before_go_live_stand_among_the_gaps(visit: Visit) -> None:
    scene = a_scene(name="Northgate Training Ltd", live_at=None)
    endpoint, _ = with_token(connection=SourceConnectionFactory.create(company=scene.company))
    now, content = timezone.now(), body(a_transaction(Lines=[a_line(account="V-1"), a_line(account="V-2", Number=2)]))
    delivery = Delivery.objects.create(
        endpoint=endpoint, company=scene.company, received_at=now, verdict="not_live", body=content
    )  # fmt: skip
    KeptDryRun.objects.create(delivery=delivery, company=scene.company, asked_at=now, next_try_at=now)
    make_due(scene.company.pk)
    a_sync(scene.connection, kind="account")
    watched = visiting(visit, scene, "gaps")
    page = watched.page
    expect(page.get_by_role("heading", name="What came in before go-live")).to_be_visible()
    watched.shoot("gaps-before-live")
    assert watched.too_narrow() == []
    page.get_by_role("link", name="V-1", exact=True).click()
    page.get_by_role("button", name="Look up what is listed, send the rest as it is").click()
    expect(page.get_by_text("One that is not there is sent as it is.")).to_be_visible()
    expect(page.locator("span.code")).to_have_text(["V-1", "V-2"])
    watched.shoot("mapping-codes-as-is")
    assert watched.too_narrow() == []


def test_a_long_list_is_searched_while_somebody_types(visit: Visit) -> None:
    scene = a_scene(name="Northgate Training Ltd")
    accounts(scene, 0, 1_000)
    watched = visiting(visit, scene, "mapping-codes", "?family=account")
    page = watched.page
    options = page.locator("#known-codes option")
    expect(options).to_have_count(50)
    page.locator("input[name=sent_0]").fill("Account 0077")
    expect(options).to_have_count(10)
    assert options.first.get_attribute("value") == "00770"
    watched.shoot("mapping-codes-long")
    assert watched.too_narrow() == []


def test_each_kind_of_the_first_sync_says_how_it_ended(visit: Visit) -> None:
    scene = a_scene(name="Northgate Training Ltd", live_at=None)
    Connection.objects.filter(pk=scene.connection.pk).update(confirmed_at=timezone.now())
    watched = visiting(visit, scene, "set-up")
    page = watched.page
    for kind in SyncSchedule.objects.values_list("kind", flat=True):
        a_sync(scene.connection, kind=kind)
    ended = {"message": "iCompleat has no list custom field named Department.", "ended_at": timezone.now()}
    a_sync(scene.connection, SyncState.PREREQUISITE_NOT_MET, kind="tax", **ended)
    page.reload()
    watched.shoot("set-up-sync-ended")
    assert watched.too_narrow() == []
    page.get_by_role("button", name="Leave tax codes out").click()
    expect(page.locator("#step-sync")).to_contain_text("Left out: tax codes.")
    watched.shoot("set-up-sync-left-out")
