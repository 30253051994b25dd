"""What needs a person: each thing with its reason, who can mend it, and the way there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from portal.api.models import ApiToken
from portal.connections import registry
from portal.connections.models import Connection, EndpointToken, Status
from portal.connections.services import pause
from portal.desk.dashboard.mending import Mender, mender_of
from portal.intake.models import Verdict
from portal.postings.figures.counting import count
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.sync.models import SyncState
from tests.admin.world import contested, delivery
from tests.desk.scene import Scene, a_demo_scene
from tests.desk.syncs import a_sync, an_incomplete_list
from tests.factories import SourceConnectionFactory, with_token
from tests.raising.rows import a_token

pytestmark = pytest.mark.engine


def seen(scene: Scene) -> Any:
    """The dashboard as its member sees it."""
    return scene.client.get(reverse("desk:company", args=[scene.company.pk]))


def test_nothing_needs_anybody(demo: Scene, source: Connection) -> None:
    for state in set(State) - {State.REJECTED, State.HELD}:
        demo.in_state(state)
    response = seen(demo)
    assertContains(response, "Nothing needs you.")
    assertNotContains(response, "Can be mended by")


def test_a_rejected_one_is_told_with_its_reason_who_mends_it_and_its_page(demo: Scene, source: Connection) -> None:
    posting = demo.in_state(State.REJECTED, number="INV-7781")
    response = seen(demo)
    assertContains(response, "Invoice INV-7781</strong>, Crown Conference Centre")
    assertContains(response, "Account 9999 is unknown.")
    assertContains(response, "Can be mended by: Whoever sends it, in iCompleat")
    assertContains(response, reverse("desk:transaction", args=[posting.transaction.public_id]))
    assertNotContains(response, "Nothing needs you.")


WHO = [
    ({"state": State.REJECTED}, "", Mender.SENDER),
    ({"state": State.REJECTED}, "P-000001", Mender.BOOKKEEPER),
    ({"state": State.REJECTED, "reason_field": "mapping.account[9999]"}, "P-000001", Mender.HERE),
    ({"state": State.REJECTED, "reason_field": "defaults.tax_code"}, "", Mender.HERE),
    ({"state": State.REJECTED, "error_class": "Misconfigured"}, "", Mender.HERE),
    ({"state": State.HELD}, "P-000001", Mender.HERE),
    ({"state": State.HELD, "error_class": "OutcomeUnknown"}, "", Mender.HERE),
    ({"state": State.HELD, "error_class": "ZeroDivisionError"}, "", Mender.SUPPORT),
]


@pytest.mark.parametrize(("fields", "answered", "who"), WHO)
def test_who_can_mend_it(demo: Scene, fields: dict[str, Any], answered: str, who: Mender) -> None:
    row = Posting(connection=demo.connection, transaction=Transaction(answered_number=answered), **fields)
    assert mender_of(row) is who


def test_what_was_raised_is_mended_by_who_raised_it(demo: Scene, source: Connection) -> None:
    row = Posting(connection=source, transaction=Transaction(), state=State.REJECTED)
    assert mender_of(row) is Mender.RAISER


def test_the_newest_are_shown_and_all_are_counted(demo: Scene, source: Connection) -> None:
    for number in range(7):
        demo.in_state(State.HELD, number=f"HELD-{number}")
    response = seen(demo)
    assertContains(response, "Rejected or held: 7")
    assertContains(response, "HELD-6")
    assertNotContains(response, "HELD-1<")
    assertContains(response, f"{reverse('desk:transactions')}?company={demo.company.pk}&amp;state=attention")
    assertContains(response, "All 7 of them")


def test_no_more_than_fifty_are_counted(demo: Scene, source: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.desk.dashboard.bounded.MOST_COUNTED", 2)
    for number in range(4):
        demo.in_state(State.HELD, number=f"HELD-{number}")
    response = seen(demo)
    assertContains(response, "Rejected or held: 2+")
    assertContains(response, '>2+<span class="visually-hidden"> Need a person')


def test_codes_that_the_mapping_lacks_lead_to_the_mapping(demo: Scene, source: Connection) -> None:
    for code in ("9999", "9998"):
        posting = demo.in_state(State.REJECTED, number=f"INV-{code}")
        Posting.objects.filter(pk=posting.pk).update(reason_field=f"mapping.account[{code}]")
    response = seen(demo)
    assertContains(response, "2 refused for a code or a setting")
    assertContains(response, f'href="{reverse("desk:gaps", args=[demo.company.pk])}">Mend the mapping')


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.DEAUTHORISED, "Our access is no longer accepted there."),
        (Status.PENDING_AUTH, "The link is not finished."),
        (Status.UNLINKED, "No accounting system is chosen yet."),
    ],
)
def test_a_lost_connection_is_told_with_the_way_to_link_it(
    demo: Scene, source: Connection, status: Status, said: str
) -> None:
    Connection.objects.filter(pk=demo.connection.pk).update(status=status)
    response = seen(demo)
    assertContains(response, said)
    assertContains(response, f'href="{reverse("desk:accounting", args=[demo.company.pk])}">Link it')


def test_what_a_former_connection_has_left_is_told(demo: Scene, source: Connection) -> None:
    demo.in_state(State.HELD, number="LEFT-OVER")
    Connection.objects.filter(pk=demo.connection.pk).update(status=Status.UNLINKED)
    assertContains(seen(demo), "Invoice LEFT-OVER")


def test_without_a_source_nothing_comes_in(demo: Scene) -> None:
    response = seen(demo)
    assertContains(response, "Nothing can come in until it is connected.")
    assertContains(response, f'href="{reverse("desk:sources", args=[demo.company.pk])}">Connect it')


def test_without_icompleat_nothing_comes_in_where_it_is_the_only_source(demo: Scene, settings: Settings) -> None:
    settings.SOURCES = ["integrations.icompleat.connector.ICompleat"]
    registry.sources.cache_clear()
    try:
        response = seen(demo)
    finally:
        registry.sources.cache_clear()
    assertContains(response, f'href="{reverse("desk:source", args=[demo.company.pk])}">Connect it')


def test_a_pause_and_a_breaker_are_told(demo: Scene, source: Connection) -> None:
    Connection.objects.filter(pk=demo.connection.pk).update(
        open_until=timezone.now() + timedelta(minutes=5), failures=7
    )
    assertContains(seen(demo), "does not answer at the moment")
    pause(demo.connection, who="tests", why="A test.")
    assertContains(seen(demo), "Sending is paused.")


def test_a_sync_that_waits_leads_to_its_decision(demo: Scene, source: Connection) -> None:
    run = a_sync(demo.connection, SyncState.VALIDATION_QUEUED, source=source)
    response = seen(demo)
    assertContains(response, "The sync would remove much.")
    assertContains(response, f'href="{reverse("desk:run", args=[demo.company.pk, run.pk])}">Look and decide')


def test_incomplete_lists_are_named_together(demo: Scene, source: Connection) -> None:
    an_incomplete_list(source)
    an_incomplete_list(source, kind="dimension", dimension="Project")
    an_incomplete_list(source, kind="tax", broke_off_at=None)
    assertContains(seen(demo), "A sync broke off in the middle of: Dimensions Project, Suppliers.")


def test_contested_deliveries_of_the_last_days_are_told(demo: Scene, source: Connection) -> None:
    posting = demo.in_state(State.POSTED)
    assertNotContains(seen(demo), "came again with other content")
    contested(posting)
    endpoint, _ = with_token(connection=source)
    found = delivery(endpoint, Verdict.CONTESTED)
    type(found).objects.filter(pk=found.pk).update(transaction=posting.transaction)
    for _ in range(2):  # before it is counted, and afterwards
        response = seen(demo)
        assertContains(response, f"{posting.transaction.number} came again with other content")
        assertContains(response, "Compare")
        count(timezone.now() + timedelta(minutes=3))


def test_keys_that_run_out_soon_are_told(demo: Scene, source: Connection) -> None:
    endpoint, _ = with_token(connection=source)
    now = timezone.now()
    EndpointToken.objects.filter(endpoint=endpoint).update(retires_at=now + timedelta(hours=9))
    soon, later = a_token(demo.tenant), ApiToken(tenant=demo.tenant, name="Later", digest="l", hint="late")
    later.expires_at = now + timedelta(days=40)
    later.save()
    ApiToken.objects.filter(pk=soon.pk).update(expires_at=now + timedelta(days=13))
    response = seen(demo)
    assertContains(response, f"API token “{soon.name}” …{soon.hint}")
    assertContains(response, f'href="{reverse("desk:api-tokens", args=[demo.tenant.pk])}">Make one')
    assertContains(response, f"Token …{endpoint.tokens.get().hint} for all kinds")
    assertNotContains(response, "Later")


def test_another_companys_matters_are_not_told(demo: Scene, source: Connection) -> None:
    other = a_demo_scene()
    other.in_state(State.HELD, number="KESTREL")
    their_source = SourceConnectionFactory.create(company=other.company)
    a_sync(other.connection, SyncState.VALIDATION_QUEUED, source=their_source)
    an_incomplete_list(their_source)
    token = a_token(other.tenant)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() + timedelta(days=1))
    assertContains(seen(demo), "Nothing needs you.")
