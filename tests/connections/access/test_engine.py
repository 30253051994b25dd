"""Revoked consent, seen from the engine: the tenant is told once, postings wait, and go on after a visit."""

from __future__ import annotations

import pytest
import requests
from django.utils import timezone

from portal.connections.access import grants
from portal.connections.access.models import VisitOutcome
from portal.connections.access.visits import begin, finish
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.postings import work
from portal.postings.models import Attempt, Posting
from portal.postings.states import State
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Vendor
from tests.factories import StaffFactory, a_document, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def states() -> list[str]:
    """Of all postings, in their order."""
    return list(Posting.objects.order_by("pk").values_list("state", flat=True))


def run_all() -> None:
    """What a worker does with each."""
    for posting in Posting.objects.order_by("pk"):
        work.run(posting.pk)


def authorised_again(connection: Connection) -> str:
    """A person goes there and back."""
    user = StaffFactory.create()
    url = begin(connection, user=user, session_key="s", next_url="/")
    back = requests.get(url, allow_redirects=False, timeout=10).headers["Location"]
    query = dict(pair.split("=", 1) for pair in back.partition("?")[2].split("&"))
    return finish(query, user=user, session_key="s").outcome


def test_postings_wait_for_a_consent_that_was_revoked_and_go_on_after_it_is_given_anew(vendor: Vendor) -> None:
    connection = linked(vendor)
    Connection.objects.filter(pk=connection.pk).update(external_company_id="1042")
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    for number in range(3):
        accepted(connection, a_document(number=f"INV-{number}"))
    vendor.revoke()
    run_all()
    connection.refresh_from_db()
    assert (connection.status, states()) == (Status.DEAUTHORISED, [State.READY] * 3)
    assert (vendor.asked, vendor.bills) == (["refresh_token"], [])
    [event] = AuditEvent.objects.filter(verb="connection.deauthorised")
    assert event.tenant_id == connection.company.tenant_id
    assert event.message == (
        "The credentials are not accepted any more: 127.0.0.1 gives no access: The consent was withdrawn. "
        "Link the connection again."
    )
    assert authorised_again(connection) == VisitOutcome.LINKED
    run_all()
    assert states() == [State.POSTED] * 3
    assert [bill["gross"] for bill in vendor.bills] == [120.0] * 3


def test_an_expired_token_costs_a_posting_nothing_and_leaves_no_secret_in_its_attempt(vendor: Vendor) -> None:
    connection = linked(vendor)
    given = vendor.grant()
    grants.put(connection, given, asked_at=timezone.now())
    vendor.expire()
    posting = accepted(connection, a_document()).posting
    work.run(posting.pk)
    assert (states(), vendor.asked, len(vendor.bills)) == ([State.POSTED], ["refresh_token"], 1)
    [attempt] = Attempt.objects.all()
    assert [(one["method"], one["status"]) for one in attempt.exchanges] == [
        ("POST", 401), ("POST", 200), ("POST", 201),
    ]  # fmt: skip
    told = repr(attempt.exchanges)
    for secret in (given.access, given.refresh, "access-2", "refresh-2", "the-client-secret"):
        assert secret not in told


def test_a_vendor_that_gives_no_token_for_now_leaves_the_posting_due(vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    vendor.fails_with = 503
    posting = accepted(connection, a_document()).posting
    work.run(posting.pk)
    connection.refresh_from_db()
    assert (states(), connection.status, vendor.bills) == ([State.READY], Status.LINKED, [])
