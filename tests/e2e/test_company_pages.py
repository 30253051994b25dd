"""A company's pages in a real browser: each at every width, in light and in dark, with nothing that complains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from portal.connections.models import Connection, Endpoint
from portal.connections.registry import source as source_of
from portal.intake.models import Capture
from portal.postings.attachments.models import FileState, HandedFile, Handover, HandoverState
from portal.postings.states import State
from portal.reference.sync.models import Change, SyncRun, SyncState
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_demo_scene, a_scene
from tests.desk.syncs import a_change, a_record, a_sync, an_incomplete_list, refused
from tests.desk.there import KEY, NAME, There, running
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, CompanyFactory, SourceConnectionFactory, with_token

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
DEFAULTS = {each.key: each.default for each in source_of("icompleat").metadata.settings if not each.secret}
SETTINGS = {**DEFAULTS, "base_url": "https://api-eu1.compleat.online", "tenant_id": "t", "company_id": "c"}
LONG = "A supplier with a rather long name for a telephone (Holdings) and Sons International Limited"


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return a_demo_scene(name="Harbour Street Studios Ltd")


@pytest.fixture
def source(scene: Scene) -> Connection:
    """A finished link to iCompleat."""
    source: Connection = SourceConnectionFactory.create(
        company=scene.company, settings=SETTINGS, secrets={"security_key": "planted-key"}, linked_at=timezone.now(),
        external_company_name="Harbour Street Studios",
    )  # fmt: skip
    return source


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    """iCompleat's stand-in, with one company."""
    with running(tmp_path) as there:
        yield there


@pytest.fixture
def watched(scene: Scene, visit: Visit) -> Watched:
    visitor = visit()
    visitor.open("/transactions/")
    visitor.log_in(scene.user.username, PASSWORD)
    return visitor


def address(scene: Scene, name: str, *more: object) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk, *more])


def look(watched: Watched, path: str, name: str) -> None:
    """Open a page, keep its pictures, and measure it."""
    watched.open(path)
    watched.shoot(name)
    assert watched.too_narrow() == [], path


def runs(scene: Scene, source: Connection) -> dict[str, SyncRun]:
    """Suppliers wait for a person, accounts are being sent, tax codes failed, currencies are done."""
    old = a_sync(
        scene.connection, source=source, read=1204, added=3, changed=2, removed=1, unchanged=1198, sent=5, deleted=1,
        asked_by=scene.user, calls=14,
    )  # fmt: skip
    a_change(old, Change.ADDED, "CROWN01")
    fields = [["name", "Lakeside Learning", "Lakeside Learning Inc"], ["payment_days", "30", "60"]]
    a_change(old, Change.CHANGED, "LAKES01", fields=fields)
    a_change(old, Change.REMOVED, "METRO01", name=LONG)
    a_change(old, Change.REFUSED, "A/B", reason="Suppliers[3].Code holds a slash, which iCompleat does not take.")
    guard = [{"dimension": "", "before": 1204, "after": 3}]
    waiting = a_sync(
        scene.connection, SyncState.VALIDATION_QUEUED, source=source, read=3, removed=1201, unchanged=3, guard=guard,
        message="1,201 of 1,204 suppliers would disappear: somebody has to confirm it.",
    )  # fmt: skip
    sending = a_sync(
        scene.connection, SyncState.PROCESSING, kind="account", source=source, read=400, changed=12, done=200,
        total=400,
    )  # fmt: skip
    why = "Harbour Street’s books could not be read: the token was refused. Link them again."
    a_sync(scene.connection, SyncState.AUTH_ERROR, kind="tax", message=why)
    a_sync(scene.connection, kind="currency", read=3, unchanged=3, source=source)
    an_incomplete_list(source, kind="account")
    return {"old": old, "waiting": waiting, "sending": sending}


def test_reference_data(watched: Watched, scene: Scene, source: Connection) -> None:
    found = runs(scene, source)
    for number in range(60):
        a_record(scene.connection, f"SUP{number:03}", details={"city": "Leeds", "payment_days": "30"})
    refused(scene.connection, "LONG1", "Its name is longer than 255 characters.", name=LONG * 4)
    look(watched, address(scene, "reference"), "reference")
    for name, run in found.items():
        look(watched, address(scene, "run", run.pk), f"run-{name}")
    look(watched, address(scene, "records", "supplier"), "records")
    look(watched, address(scene, "records", "supplier") + "?q=nothing", "records-none")
    look(watched, address(scene, "records", "account"), "records-empty")
    look(watched, address(scene, "runs"), "runs")
    look(watched, address(scene, "schedule", "supplier"), "schedule")


def test_icompleat(watched: Watched, scene: Scene) -> None:
    look(watched, address(scene, "source"), "source-none")
    source = SourceConnectionFactory.create(
        company=scene.company, settings=SETTINGS, secrets={"security_key": "planted-key"}, linked_at=timezone.now(),
        external_company_name="Harbour Street Studios",
    )  # fmt: skip
    with_token(connection=source, kind="invoice")
    look(watched, address(scene, "source"), "source")
    watched.page.get_by_role("button", name="Open the missing addresses").click()
    expect(watched.page.get_by_role("link", name="Give it a token (Purchase orders)")).to_be_visible()
    watched.shoot("source-open")
    # Demo Books takes no receipts, and nobody chose to keep them.
    assert set(Endpoint.objects.values_list("kind", flat=True)) == {"credit_note", "invoice", "purchase_order"}
    endpoint = Endpoint.objects.get(kind="purchase_order")
    look(watched, address(scene, "endpoint", endpoint.pk), "endpoint")
    watched.page.get_by_role("button", name="Capture next delivery").click()
    expect(watched.page.get_by_text("Waiting", exact=True)).to_be_visible()
    watched.shoot("endpoint-waiting")
    Capture.objects.update(
        taken_at=timezone.now(), method="POST", answer_status=401, token_header="x-api-other",
        headers={"content-type": "application/json", "x-api-other": "***"},
        body=b'{"Transaction":{"Id":"6f1c","Type":"ORD","Lines":[]},"MetaData":{"Version":1}}',
    )  # fmt: skip
    expect(watched.page.get_by_text("The token came in the header x-api-other.")).to_be_visible()
    watched.shoot("endpoint-captured")
    watched.page.get_by_role("button", name="Look in every header for 24 hours").click()
    expect(watched.page.get_by_text("Looking", exact=True)).to_be_visible()
    watched.page.get_by_role("button", name="Make a token").click()
    expect(watched.page.get_by_role("heading", name="The new token for purchase orders")).to_be_visible()
    watched.shoot("token")
    assert watched.too_narrow() == []


def test_raising(watched: Watched, scene: Scene, source: Connection) -> None:
    page = watched.page
    look(watched, address(scene, "raising"), "raise-off")
    Connection.objects.filter(pk=source.pk).update(settings={**SETTINGS, "raise_transactions": "yes"})
    for kind, code in (("supplier", "CROWN01"), ("account", "5010"), ("account", "7504"), ("tax", "T1"), ("tax", "T0")):
        a_record(scene.connection, code, kind=kind, name="Crown Conference Centre")
    look(watched, address(scene, "raising"), "raise")
    with page.expect_download() as template:
        page.get_by_role("link", name="Download the template").click()
    content = template.value.path().read_bytes().replace(b"600.00,,", b"600.00,5010,T1")
    wrong = content.replace(b"CROWN01", b"NOBODY").replace(b"250.00", b"a lot")
    for name, body in (("wrong", wrong), ("right", content)):
        watched.open(address(scene, "raising"))
        page.get_by_label("Fully approved at once").check()
        page.get_by_label("CSV file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": body})
        page.get_by_role("button", name="Look at it").click()
        watched.shoot(f"raise-{name}")
        assert watched.too_narrow() == [], name
    expect(page.get_by_text("up to 1 e-mail goes out to suppliers now")).to_be_visible()
    page.get_by_role("button", name="Raise 3 in iCompleat").click()
    expect(page.get_by_text("3 taken in.")).to_be_visible()
    assert page.locator("tbody tr").count() == 3
    watched.shoot("raise-done")
    assert watched.too_narrow() == []
    watched.open("/transactions/")
    watched.shoot("raise-transactions")
    page.get_by_role("link", name="order-2026-001").click()
    watched.shoot("raise-transaction")


def test_what_happened_at_icompleat_is_shown_beside_ours(watched: Watched, scene: Scene, there: There) -> None:
    SourceConnectionFactory.create(
        company=scene.company, settings=there.settings, secrets={"security_key": KEY}, external_company_name=NAME
    )
    posting = scene.in_state(State.POSTED, number="INV000120", external_id=there.transaction_ids()[0])
    handover = Handover.objects.create(
        posting=posting, connection=scene.connection, state=HandoverState.PARTLY, created_at=timezone.now(),
        ended_at=timezone.now(), message="One of two files was refused.",
    )  # fmt: skip
    files = (("invoice.pdf", FileState.HANDED, ""), ("photo.heic", FileState.REFUSED, "Demo Books takes no pictures."))
    for name, state, message in files:
        HandedFile.objects.create(
            handover=handover, external_id=name, name=name, state=state, message=message, size=48_213,
            handed_at=timezone.now() if state == FileState.HANDED else None,
        )  # fmt: skip
    watched.open(f"/transactions/{posting.transaction.public_id}/")
    expect(watched.page.locator("#at-source")).to_contain_text("Created")
    expect(watched.page.get_by_role("heading", name="At iCompleat")).to_be_visible()
    expect(watched.page.get_by_text("Demo Books takes no pictures.")).to_be_visible()
    watched.shoot("transaction-at-source")
    assert watched.too_narrow() == []


def test_empty_pages(visit: Visit) -> None:
    scene = a_scene(name="Southgate Ltd")
    bare = CompanyFactory.create(tenant=scene.tenant, name="Northgate Training and Conference Services (Holdings) Ltd")
    visitor = visit()
    visitor.open("/")
    visitor.log_in(scene.user.username, PASSWORD)
    look(visitor, reverse("desk:reference", args=[bare.pk]), "reference-no-system")
    look(visitor, reverse("desk:reference", args=[scene.company.pk]), "reference-no-icompleat")
    look(visitor, reverse("desk:raising", args=[bare.pk]), "raise-none")
    look(visitor, reverse("desk:transactions") + f"?company={bare.pk}", "transactions-of-one")
    Member.objects.update(role=Role.VIEWER)
    look(visitor, reverse("desk:source", args=[scene.company.pk]), "source-viewer")


def test_the_schedule_is_changed_by_keyboard(watched: Watched, scene: Scene, source: Connection) -> None:
    page = watched.page
    watched.open(address(scene, "schedule", "supplier"))
    page.get_by_label("How often").focus()
    page.keyboard.press("w")
    page.get_by_label("At", exact=True).fill("06:30")
    page.get_by_label("On", exact=True).select_option("Friday")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Suppliers: Weekly on Friday at 06:30 (Europe/London).")).to_be_visible()


def test_a_run_that_ends_shows_its_changes_without_a_reload_by_hand(
    watched: Watched, scene: Scene, source: Connection
) -> None:
    run = a_sync(scene.connection, SyncState.PROCESSING, source=source, done=1, total=4)
    watched.open(address(scene, "run", run.pk))
    expect(watched.page.get_by_text("Sending to iCompleat: 1 of 4")).to_be_visible()
    SyncRun.objects.update(done=3)
    expect(watched.page.get_by_text("Sending to iCompleat: 3 of 4")).to_be_visible()
    a_change(run, Change.ADDED, "NEW01")
    SyncRun.objects.update(
        state=SyncState.COMPLETE, lease_token=None, lease_until=None, ended_at=timezone.now() + timedelta(seconds=1)
    )
    expect(watched.page.get_by_text("Supplier NEW01")).to_be_visible()
    assert watched.page.locator("#run").get_attribute("hx-get") is None
