"""Staff in a real browser: every page keeps to the policy, and a token is copied the one time it is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.transaction import atomic
from django.urls import reverse

from integrations.documents import IdempotencyKey
from ledger.models import Books
from ledger.services import post_document
from portal.postings.states import State
from tests.admin.world import World, build
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, StaffFactory
from tests.samples import sale

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


@pytest.fixture
def page(world: World, visit: Visit) -> Watched:
    StaffFactory.create(username="sam")
    watched = visit()
    watched.open("/admin/")
    watched.log_in("sam", PASSWORD)
    return watched


def addresses(world: World) -> dict[str, str]:
    """The pages that look different from one another."""
    rejected, held, posted = (world.postings[state] for state in (State.REJECTED, State.HELD, State.POSTED))
    booked = world.ledger.postings.get()
    return {
        "index": reverse("admin:index"),
        "postings": reverse("admin:postings_posting_changelist"),
        "postings-filtered": reverse("admin:postings_posting_changelist") + "?state=person",
        "posting-rejected": reverse("admin:postings_posting_change", args=[rejected.pk]),
        "posting-posted": reverse("admin:postings_posting_change", args=[posted.pk]),
        "posting-ledger": reverse("admin:postings_posting_change", args=[booked.pk]),
        "posting-retry": reverse("admin:postings_posting_retry", args=[rejected.pk]),
        "posting-mark": reverse("admin:postings_posting_mark_posted", args=[held.pk]),
        "transactions": reverse("admin:postings_transaction_changelist"),
        "transaction": reverse("admin:postings_transaction_change", args=[booked.transaction.pk]),
        "deliveries": reverse("admin:intake_delivery_changelist"),
        "delivery": reverse("admin:intake_delivery_change", args=[world.delivery.pk]),
        "refused": reverse("admin:intake_refusedcalls_changelist"),
        "connections": reverse("admin:connections_connection_changelist"),
        "connection": reverse("admin:connections_connection_change", args=[world.demo.pk]),
        "connection-add": reverse("admin:connections_connection_add"),
        "connection-pause": reverse("admin:connections_connection_pause", args=[world.demo.pk]),
        "endpoints": reverse("admin:connections_endpoint_changelist"),
        "endpoint": reverse("admin:connections_endpoint_change", args=[world.endpoint.pk]),
        "endpoint-rotate": reverse("admin:connections_endpoint_rotate", args=[world.endpoint.pk]),
        "tenant": reverse("admin:tenants_tenant_change", args=[world.demo.company.tenant.pk]),
        "company": reverse("admin:tenants_company_change", args=[world.demo.company.pk]),
        "audit": reverse("admin:events_auditevent_changelist"),
        "user-add": reverse("admin:auth_user_add"),
        "group-add": reverse("admin:auth_group_add"),
    }


def test_every_kind_of_page_keeps_to_the_policy(page: Watched, world: World) -> None:
    for name, address in addresses(world).items():
        page.open(address)
        assert page.page.title().endswith("· Postroom"), name
        page.shoot(f"admin-{name}")


def test_a_payment_is_recorded_by_hand(page: Watched, world: World) -> None:
    books = Books.objects.get(pk=world.ledger.settings["books"])
    with atomic():
        invoice = post_document(books, sale(number="INV-2024-0117"), IdempotencyKey("invoice"), "P-000900")
    page.open(reverse("admin:ledger_books_change", args=[books.pk]))
    page.page.get_by_role("link", name="Record a payment or refund").click()
    page.page.get_by_label("Customer's code").fill("HARB01")
    page.page.get_by_role("button", name="Next").click()
    page.page.get_by_label("Amount").fill("170.50")
    page.page.get_by_label("Bank account").select_option("1200")
    page.page.get_by_label("INV-2024-0117").fill("70.50")
    page.shoot("admin-payment")
    page.page.get_by_role("button", name="Record").click()
    page.page.get_by_text("is booked as").wait_for()
    page.shoot("admin-payment-recorded")
    (allocation,) = invoice.settlements.all()
    assert (allocation.amount, allocation.entry.gross) == (Decimal("70.50"), Decimal("170.50"))


def test_a_token_is_rotated_and_copied(page: Watched, world: World) -> None:
    page.open(reverse("admin:connections_endpoint_change", args=[world.endpoint.pk]))
    page.page.get_by_role("link", name="Rotate token").click()
    page.page.get_by_role("button", name="Rotate token").click()
    token = page.page.locator(".token .number").inner_text()
    assert token.startswith("prm_")
    page.page.locator(".token .copy").click()
    page.page.get_by_text("Copied", exact=True).wait_for()
    assert page.page.evaluate("navigator.clipboard.readText()") == token
    page.page.get_by_role("link", name="I have copied it").click()
    assert token not in page.page.content()


def test_postings_are_chosen_in_the_list_and_retried_with_a_reason(page: Watched, world: World) -> None:
    page.open(reverse("admin:postings_posting_changelist") + "?state=person")
    page.page.locator("#action-toggle").check()
    page.page.locator("select[name=action]").select_option(label="Retry")
    page.page.get_by_role("button", name="Go").click()
    page.page.get_by_role("button", name="Retry 2 postings").click()
    page.page.get_by_text("Give a reason.").wait_for()
    page.page.get_by_label("Reason").fill("The account was added.")
    page.page.get_by_role("button", name="Retry 2 postings").click()
    page.page.get_by_text("Retrying 2 postings.").wait_for()
    assert "state=person" in page.page.url
    world.postings[State.REJECTED].refresh_from_db()
    assert world.postings[State.REJECTED].state == State.READY
