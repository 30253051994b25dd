"""A customer in a browser: logs in, sees what was posted, opens one, copies its numbers."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.transaction import atomic
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.documents import Dimension, Kind, Supplier
from portal.postings.changes import change
from portal.postings.models import Posting, Transaction
from portal.postings.states import Actor, State
from tests.admin.world import contested
from tests.desk.scene import Scene, a_demo_scene, a_scene
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, CompanyFactory, UserFactory, a_line

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ANSWERED_AT = datetime(2026, 11, 20, 14, 3, 25, tzinfo=UTC)


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """A company with transactions of several kinds and states."""
    scene = a_demo_scene(name="Northgate Training Ltd")
    lines = (
        a_line(1, description="Venue hire, three days", quantity=Decimal(3), net=Decimal("300.00"),
               tax=Decimal("60.00"), gross=Decimal("360.00"),
               dimensions=(Dimension(name="Department", code="TRN", label="Training"),)),
        a_line(2, description="Refreshments", account_code="7506", quantity=Decimal("90"),
               unit_price=Decimal("8.4555"), net=Decimal("761.00"), tax=Decimal("152.20"), gross=Decimal("913.20")),
        a_line(3, description="Early booking discount", quantity=None, unit_price=None, net=Decimal("-50.00"),
               tax=Decimal("-10.00"), gross=Decimal("-60.00")),
    )  # fmt: skip
    office = Supplier(code="OFFICE02", name="Office Supplies Direct")
    scene.in_state(State.POSTED, number="INV000120", party=office)
    scene.in_state(State.POSTED, number="INV000123", order_number="ORD000056", lines=lines, title="Venue, refreshments")
    scene.in_state(State.POSTED, number="CRN000009", kind=Kind.CREDIT_NOTE)
    posted = scene.in_state(State.POSTED, number="INV000125")
    Posting.objects.update(differences=[], attempts_made=1)
    contested(posted)
    for transaction in Transaction.objects.all():
        transaction.answered_number, transaction.answered_at = transaction.postings.get().external_number, ANSWERED_AT
        transaction.save()
    scene.in_state(State.REJECTED, number="INV000124")
    scene.in_state(State.UNKNOWN, number="INV000126", party=office)
    return scene


def _expect_rows(page: Page, *numbers: str) -> None:
    expect(page.locator("tbody .row-head a")).to_have_text(numbers)


def test_a_customer_logs_in_finds_a_posted_transaction_and_copies_its_numbers(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("/")
    visitor.shoot("login")
    visitor.log_in(scene.user.username, PASSWORD)
    expect(page).to_have_url(re.compile("/companies/[^/]+/$"))
    visitor.shoot("overview")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Transactions").click()
    expect(page).to_have_url(re.compile("/transactions/$"))
    _expect_rows(page, "INV000126", "INV000124", "INV000125", "CRN000009", "INV000123", "INV000120")
    visitor.shoot("transactions")

    page.get_by_role("link", name="Posted").click()
    _expect_rows(page, "INV000125", "CRN000009", "INV000123", "INV000120")
    page.get_by_label("Any whole number").fill("ord000056")
    page.get_by_role("button", name="Search").click()
    _expect_rows(page, "INV000123")

    page.get_by_role("link", name="INV000123").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Invoice\s+INV000123"))
    visitor.shoot("transaction-posted")
    button = page.get_by_role("button", name="Copy the portal number")
    button.click()
    expect(button.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "P-000002"
    expect(button.get_by_role("status")).to_have_text("")


def test_a_refused_one_says_why_and_what_to_do(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    visitor.open("/transactions/?state=attention")
    visitor.log_in(scene.user.username, PASSWORD)
    visitor.page.get_by_role("link", name="INV000124").click()
    expect(visitor.page.get_by_text("9999").first).to_be_visible()
    expect(visitor.page.get_by_text("send it again from iCompleat")).to_be_visible()
    visitor.shoot("transaction-rejected")


def test_a_transaction_under_way_comes_up_to_date_by_itself(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    visitor.open("/transactions/?state=under-way")
    visitor.log_in(scene.user.username, PASSWORD)
    visitor.page.get_by_role("link", name="INV000126").click()
    state = visitor.page.locator("#standing .badge")
    expect(state).to_have_text("Unknown")
    visitor.shoot("transaction-under-way")
    posting = Posting.objects.get(state=State.UNKNOWN)
    lease: dict[str, Any] = {"lease_token": uuid.uuid4(), "lease_until": timezone.now() + timedelta(minutes=1)}
    booked: dict[str, Any] = {"external_id": "77", "external_number": "PI-77", "posted_at": timezone.now()}
    with atomic():
        assert change(posting, State.CHECKING, who=Actor.WORKER, **lease)
        assert change(posting, State.POSTED, who=Actor.WORKER, **booked)
    expect(state).to_have_text("Posted", timeout=10_000)
    expect(visitor.page.locator("#standing")).to_contain_text("PI-77")
    assert visitor.page.locator("#standing").get_attribute("hx-get") is None


def test_contested_content_is_shown(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    visitor.open("/transactions/?q=INV000125")
    visitor.log_in(scene.user.username, PASSWORD)
    visitor.page.get_by_role("link", name="INV000125").click()
    expect(visitor.page.get_by_role("heading", name="iCompleat sent other content later")).to_be_visible()
    visitor.shoot("transaction-contested")


def test_the_pages_work_by_keyboard_alone(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("/transactions/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(scene.user.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Transactions")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "INV000126":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("INV000126")


def test_no_page_is_wider_than_its_window(scene: Scene, visit: Visit) -> None:
    CompanyFactory(tenant=scene.tenant, name="A company with a rather long name for a telephone (Holdings) Ltd")
    visitor = visit()
    visitor.expected = {"/nothing/"}
    visitor.open("/")
    assert visitor.too_narrow() == []
    visitor.log_in(scene.user.username, PASSWORD)
    visitor.shoot("home")
    long = "x" * 90
    Transaction.objects.filter(source_number="INV000126").update(
        source_number=long,
        supplier_name=long * 2,
        order_number=long,
        supplier_reference=long,
        answered_number="1" * 60,
        gross="-922337203685477.5807",
    )
    numbers = Transaction.objects.values_list("public_id", flat=True)
    pages = [
        "/",
        "/transactions/",
        "/transactions/?q=none",
        "/nothing/",
        "/accounts/2fa/",
        "/accounts/password/change/",
    ]
    for path in [*pages, *(f"/transactions/{number}/" for number in numbers)]:
        visitor.open(path)
        assert visitor.too_narrow() == [], path
    visitor.open("/transactions/")
    visitor.shoot("transactions-two-companies")


def test_empty_pages_and_pages_of_the_log_in(visit: Visit) -> None:
    scene = a_scene(name="Southgate Ltd", live_at=None)
    visitor = visit()
    visitor.expected = {"/nothing/"}
    visitor.open("/accounts/password/reset/")
    visitor.shoot("password-reset")
    visitor.open("/")
    visitor.log_in(scene.user.username, "wrong " + PASSWORD)
    expect(visitor.page.get_by_text("not correct")).to_be_visible()
    visitor.shoot("login-wrong")
    visitor.log_in(scene.user.username, PASSWORD)
    visitor.page.get_by_role("navigation", name="Main").get_by_role("link", name="Transactions").click()
    expect(visitor.page.get_by_role("heading", name="Nothing has come in for Southgate Ltd yet")).to_be_visible()
    visitor.shoot("transactions-empty")
    for name, path in {
        "mfa": "/accounts/2fa/",
        "password-change": "/accounts/password/change/",
        "nothing-matches": "/transactions/?q=none",
        "not-found": "/nothing/",
        "logout": "/accounts/logout/",
    }.items():
        visitor.open(path)
        visitor.shoot(name)
    visitor.open("/accounts/2fa/totp/activate/")
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_role("button", name="Go on").click()
    picture = visitor.page.get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.getBoundingClientRect().width") > 100
    visitor.shoot("mfa-activate")


def test_who_belongs_to_no_company_is_told_so(visit: Visit) -> None:
    user = UserFactory()
    visitor = visit()
    visitor.open("/")
    visitor.log_in(user.username, PASSWORD)
    expect(visitor.page.get_by_text("You belong to no company yet")).to_be_visible()
    visitor.page.get_by_role("button", name="Log out").click()
    expect(visitor.page.get_by_role("heading", name="Log in")).to_be_visible()
