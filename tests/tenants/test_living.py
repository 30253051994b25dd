"""The days that count in a company's life: going live, back to not live, and closing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.connections.models import Connection, EndpointToken, Status
from portal.events.models import AuditEvent
from portal.intake.closing import TOLD_FOR
from portal.postings.states import UNDER_WAY, State
from portal.tenants import living
from portal.tenants.models import Company
from tests.admin.world import in_state
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    SourceConnectionFactory,
    a_document,
    with_token,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def company() -> Company:
    """Not live, with everything that it needs for it."""
    company: Company = CompanyFactory.create(name="Northgate Training Ltd", live_at=None)
    DemoConnectionFactory.create(company=company, confirmed_at=timezone.now())
    with_token(connection=SourceConnectionFactory.create(company=company), kind="invoice")
    return company


def verbs(company: Company) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(company_id=company.pk, verb__startswith="company.").order_by("pk")
    return list(rows.values_list("verb", "who"))


def test_going_live_is_told_once(company: Company) -> None:
    assert living.go_live(company, who="jane")
    assert not living.go_live(company, who="joe")
    assert company.live_at is not None
    assert living.is_live(company, timezone.now())
    assert not living.is_live(company, company.live_at - timedelta(seconds=1))
    assert verbs(company) == [("company.went_live", "jane")]


def unlinked(company: Company) -> None:
    Connection.objects.filter(company=company, integration="demo").update(status=Status.UNLINKED)


def deauthorised(company: Company) -> None:
    Connection.objects.filter(company=company, integration="demo").update(status=Status.DEAUTHORISED)


def unconfirmed(company: Company) -> None:
    Connection.objects.filter(company=company, integration="demo").update(confirmed_at=None)


def without_source(company: Company) -> None:
    Connection.objects.filter(company=company, integration="icompleat").update(status=Status.UNLINKED)


def source_lost(company: Company) -> None:
    Connection.objects.filter(company=company, integration="icompleat").update(status=Status.DEAUTHORISED)


def without_token(company: Company) -> None:
    EndpointToken.objects.update(retires_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.parametrize(
    "change,why",
    [
        (unlinked, "No accounting system is chosen."),
        (deauthorised, "is Deauthorised. Authorise it"),
        (unconfirmed, "Nobody has confirmed"),
        (
            without_source,
            "No source is connected. Connect iCompleat or accessplanit: what is to be booked comes from there.",
        ),
        (source_lost, "iCompleat is Deauthorised. Enter its credentials again."),
        (without_token, "No address has a token."),
    ],
)
def test_what_is_missing_is_named_and_nothing_changes(company: Company, change: Any, why: str) -> None:
    change(company)
    with pytest.raises(living.CannotChange) as error:
        living.go_live(company, who="jane")
    assert len(error.value.messages) == 1
    assert why in error.value.message
    company.refresh_from_db()
    assert (company.live_at, verbs(company)) == (None, [])


def test_a_source_that_is_read_needs_an_open_address_and_no_token(company: Company) -> None:
    without_source(company)
    read = SourceConnectionFactory.create(company=company, integration="accessplanit")
    with pytest.raises(living.CannotChange, match="The address for accessplanit is closed"):
        living.go_live(company, who="jane")
    EndpointFactory.create(connection=read)
    living.go_live(company, who="jane")
    company.refresh_from_db()
    assert company.live_at is not None


def test_back_to_not_live_needs_a_reason_and_changes_nothing_else(company: Company) -> None:
    living.go_live(company, who="jane")
    posting = in_state(Connection.objects.get(integration="demo"), State.READY, a_document())
    with pytest.raises(living.CannotChange, match="Say why"):
        living.back_to_not_live(company, who="jane", why="  ")
    assert living.back_to_not_live(company, who="jane", why="The books are closed for the audit.")
    assert not living.back_to_not_live(company, who="jane", why="Again.")
    posting.refresh_from_db()
    assert (company.live_at, posting.state) == (None, State.READY)
    event = AuditEvent.objects.get(verb="company.back_to_not_live")
    assert "The books are closed for the audit." in event.message


@pytest.mark.parametrize("state", sorted(UNDER_WAY))
def test_a_company_is_not_closed_while_a_posting_is_on_its_way(company: Company, state: State) -> None:
    in_state(Connection.objects.get(integration="demo"), state, a_document())
    with pytest.raises(living.CannotChange, match="1 posting is on the way"):
        living.close(company, who="jane", why="Sold.")
    company.refresh_from_db()
    assert (company.closed_at, verbs(company)) == (None, [])


def test_closing_needs_a_reason(company: Company) -> None:
    with pytest.raises(living.CannotChange, match="Say why"):
        living.close(company, who="jane", why="")


def test_a_closed_company_is_told_once_and_its_tokens_retire(company: Company) -> None:
    living.go_live(company, who="jane")
    for state in (State.POSTED, State.REJECTED, State.HELD, State.WITHDRAWN, State.VOID):
        in_state(Connection.objects.get(integration="demo"), state, a_document())
    before = timezone.now()
    assert living.close(company, who="jane", why="Sold.")
    assert not living.close(company, who="joe", why="Sold again.")
    assert not living.is_live(company, timezone.now())
    token = EndpointToken.objects.get()
    assert token.retires_at is not None
    assert before + TOLD_FOR <= token.retires_at <= timezone.now() + TOLD_FOR
    assert verbs(company) == [("company.went_live", "jane"), ("company.closed", "jane")]
    assert Connection.objects.filter(company=company, status=Status.LINKED, paused=False).count() == 2


def test_a_token_that_retires_sooner_stays_so(company: Company) -> None:
    soon = timezone.now() + timedelta(hours=1)
    EndpointToken.objects.update(retires_at=soon)
    living.close(company, who="jane", why="Sold.")
    assert EndpointToken.objects.get().retires_at == soon


@pytest.mark.parametrize("change", ["go_live", "back"])
def test_a_closed_company_stays_closed(company: Company, change: str) -> None:
    living.close(company, who="jane", why="Sold.")
    with pytest.raises(living.CannotChange, match="a closed company stays closed"):
        if change == "go_live":
            living.go_live(company, who="jane")
        else:
            living.back_to_not_live(company, who="jane", why="Because.")


def test_a_delivery_to_a_closed_company_is_told_so_in_words(company: Company) -> None:
    endpoint, token = with_token(connection=Connection.objects.get(integration="icompleat"))
    living.close(company, who="jane", why="Sold.")
    answer = Client().post(
        f"/webhooks/icompleat/{endpoint.pk}/", b"{}", content_type="application/json",
        headers={"x-api-compleat-token": token},
    )  # fmt: skip
    assert (answer.status_code, "closed, nothing was booked" in answer.json()["ErrorMessage"]) == (400, True)
