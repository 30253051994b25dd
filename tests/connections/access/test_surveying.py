"""What systems tell of themselves, and connections that are linked again with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import Retryable, Unauthorised
from portal.connections.access import grants
from portal.connections.models import Connection, Status
from portal.connections.relink import CannotLink, relink
from portal.connections.surveying import due, survey
from portal.events.models import AuditEvent
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Vendor
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def with_access(vendor: Vendor, connection: Connection) -> Connection:
    """Its token is stored."""
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    return connection


def told_of(verb: str) -> list[str]:
    """What the audit trail has under a verb."""
    return list(AuditEvent.objects.filter(verb=verb).values_list("message", flat=True))


def test_what_is_told_is_kept_and_a_changed_coverage_is_told_once(vendor: Vendor, connection: Connection) -> None:
    with_access(vendor, connection)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert survey(connection, who="survey")
        assert (connection.told, connection.told_at) == ({"status": "linked", "kinds": ["invoice"]}, timezone.now())
        assert connection.taken_kinds == ["invoice"]
        clock.shift(60)
        assert not survey(connection, who="survey")
        assert connection.told_at == timezone.now()
    vendor.told["kinds"] = ["credit_note"]
    assert survey(connection, who="survey")
    assert connection.taken_kinds == ["credit_note"]
    assert told_of("connection.coverage_changed") == [
        f"What agreed can do for {connection.company} has changed: new: credit note; gone: invoice.",
        f"What agreed can do for {connection.company} has changed: new: invoice.",
    ]


def test_what_it_does_not_say_again_stays_known(vendor: Vendor, connection: Connection) -> None:
    with_access(vendor, connection)
    Connection.objects.update(told={"arrived": "yes", "kinds": ["credit_note"]})
    connection.refresh_from_db()
    survey(connection, who="survey")
    assert connection.told == {"arrived": "yes", "status": "linked", "kinds": ["invoice"]}


@pytest.mark.parametrize("word", ["deauthorised", "unlinked", "Unlinked"])
def test_a_connection_that_ended_over_there_is_deauthorised_once(
    vendor: Vendor, connection: Connection, word: str
) -> None:
    with_access(vendor, connection)
    vendor.told["status"] = word
    survey(connection, who="survey")
    survey(connection, who="survey")
    assert connection.status == Status.DEAUTHORISED
    [message] = told_of("connection.deauthorised")
    assert f"was {word.casefold()} there" in message


def test_credentials_that_are_refused_deauthorise(vendor: Vendor, connection: Connection) -> None:
    with_access(vendor, connection)
    vendor.revoke()
    with pytest.raises(Unauthorised):
        survey(connection, who="survey")
    connection.refresh_from_db()
    assert (connection.status, connection.told, connection.told_at) == (Status.DEAUTHORISED, {}, None)
    assert len(told_of("connection.deauthorised")) == 1


def test_a_system_that_is_not_there_changes_nothing(vendor: Vendor, connection: Connection) -> None:
    vendor.fails_with = 503
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    vendor.expire()
    with pytest.raises(Retryable):
        survey(connection, who="survey")
    connection.refresh_from_db()
    assert (connection.status, connection.told, connection.told_at) == (Status.LINKED, {}, None)


def test_linked_ones_that_have_something_to_tell_are_asked_daily_the_oldest_first(vendor: Vendor) -> None:
    now = timezone.now()
    LedgerConnectionFactory.create()
    DemoConnectionFactory.create()
    ages = {"never": None, "a day": timedelta(days=1), "a week": timedelta(days=7), "today": timedelta(hours=23)}
    for name, age in ages.items():
        made = linked(vendor)
        Connection.objects.filter(pk=made.pk).update(told_at=now - age if age else None, external_company_name=name)
    for name, told_at in (("hinted at", None), ("quiet", now - timedelta(days=2))):
        ended = linked(vendor, status=Status.DEAUTHORISED)
        Connection.objects.filter(pk=ended.pk).update(told_at=told_at, external_company_name=name)
    linked(vendor, status=Status.PENDING_AUTH)
    found = [one.external_company_name for one in due(now)]
    assert sorted(found[:2]) == ["hinted at", "never"]
    assert found[2:] == ["a week", "a day"]


# Linked again


def test_credentials_are_proven_themselves_and_not_by_a_token_that_they_once_gave(vendor: Vendor) -> None:
    connection = with_access(vendor, linked(vendor, way="form", status=Status.DEAUTHORISED))
    vendor.secret = "another one by now"
    with pytest.raises(Unauthorised):
        relink(connection, who="sam", why="Mended.")
    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORISED
    vendor.secret = connection.secrets["client_secret"]
    relink(connection, who="sam", why="Mended.")
    connection.refresh_from_db()
    assert (connection.status, connection.told) == (Status.LINKED, {"status": "linked", "kinds": ["invoice"]})
    assert vendor.asked == ["client_credentials"] * 2
    assert told_of("connection.linked_again") == [f"{connection.company} was linked to agreed again: Mended."]


def known_there(vendor: Vendor, external_id: str = "1042") -> Connection:
    """Authorised once, and deauthorised since."""
    connection = with_access(vendor, linked(vendor, status=Status.DEAUTHORISED))
    Connection.objects.update(
        external_company_id=external_id, external_company_name="Northgate Ltd", linked_at=timezone.now()
    )
    connection.refresh_from_db()
    return connection


def test_what_a_person_authorised_is_taken_up_again_while_it_is_good(vendor: Vendor) -> None:
    connection = known_there(vendor)
    relink(connection, who="sam", why="It was a mistake.")
    connection.refresh_from_db()
    assert (connection.status, connection.told) == (Status.LINKED, {"status": "linked", "kinds": ["invoice"]})
    assert grants.read(connection).generation == 1
    assert told_of("connection.linked_again") == [
        f"{connection.company} is linked to Northgate Ltd at Agreed Books. It was a mistake."
    ]


def stands(connection: Connection) -> dict[str, Any]:
    """All that linking changes."""
    names = ("status", "external_company_id", "told", "linked_at")
    return dict(Connection.objects.filter(pk=connection.pk).values(*names).get())


def test_what_leads_to_another_company_by_now_is_not_taken_up(vendor: Vendor) -> None:
    connection = known_there(vendor, "2000")
    before = stands(connection)
    with pytest.raises(CannotLink, match="this connection belongs to Northgate Ltd"):
        relink(connection, who="sam", why="Mended.")
    assert stands(connection) == before


def test_what_nobody_authorised_yet_is_not_linked_by_a_button(vendor: Vendor) -> None:
    connection = with_access(vendor, linked(vendor, status=Status.PENDING_AUTH))
    with pytest.raises(CannotLink, match="Nobody has authorised"):
        relink(connection, who="sam", why="Mended.")
    connection.refresh_from_db()
    assert connection.status == Status.PENDING_AUTH
