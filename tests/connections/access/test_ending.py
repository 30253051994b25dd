"""A connection is ended: its vendor is told where that can be, and whatever it says, nothing goes on here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from integrations.base import Link
from integrations.errors import IntegrationError, Rejected, Retryable
from integrations.linking import Token
from portal.connections import registry
from portal.connections.access import ending, grants
from portal.connections.access.ending import end
from portal.connections.models import AccessGrant, Connection, Status
from portal.events.models import AuditEvent
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import CLIENT_SECRET, SLUG, Agreed, Vendor
from tests.factories import EndpointFactory, LedgerConnectionFactory, StaffFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
WHY = "They moved to other books."


class Ends(Agreed):
    """The same vendor, which can be told from here."""

    told: ClassVar[list[tuple[str, str]]] = []
    fails: ClassVar[IntegrationError | None] = None

    @classmethod
    def can_unlink(cls, settings: Mapping[str, str]) -> bool:
        return cls.is_linked_by_visit(settings)

    def unlink(self, granted: Token | None) -> None:
        if self.fails:
            raise self.fails
        self.told.append((self.link.secrets["client_secret"], granted.refresh if granted else ""))


@pytest.fixture
def ends(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> type[Ends]:
    known = {**registry.accounting_systems(), SLUG: Ends}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(Ends, "told", [])
    monkeypatch.setattr(Ends, "fails", None)
    return Ends


def why_it_ended() -> str:
    return AuditEvent.objects.get(verb="connection.unlinked").message


@pytest.fixture
def granted(vendor: Vendor, connection: Connection) -> Connection:
    """Linked, with the token that somebody brought."""
    grants.put(connection, vendor.grant(), asked_at=connection.created_at)
    return connection


def test_the_vendor_is_told_with_what_is_stored_and_then_all_of_it_is_wiped(
    ends: type[Ends], granted: Connection
) -> None:
    connection = granted
    assert end(connection, who="olga", why=WHY) == ""
    assert ends.told == [(CLIENT_SECRET, "refresh-1")]
    assert (connection.status, connection.secrets) == (Status.UNLINKED, {})
    assert not AccessGrant.objects.exists()
    assert why_it_ended() == f"Unlinked: {WHY} Agreed Books was told."


@pytest.mark.parametrize("error", [Retryable("It does not answer."), Rejected("It does not answer.")])
def test_what_the_vendor_does_not_take_is_said_and_ends_nothing_less(
    ends: type[Ends], granted: Connection, error: IntegrationError, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = granted
    monkeypatch.setattr(ends, "fails", error)
    said = "Agreed Books could not be told: It does not answer. Take the access away there, too."
    assert end(connection, who="olga", why=WHY) == said
    connection.refresh_from_db()
    assert connection.status == Status.UNLINKED
    assert why_it_ended() == f"Unlinked: {WHY} {said}"


def test_one_that_cannot_be_told_leaves_something_to_do_there(connection: Connection) -> None:
    assert end(connection, who="olga", why=WHY) == (
        "Agreed Books cannot be told from here. Take the access of Postroom away there, too."
    )
    assert connection.status == Status.UNLINKED


def test_what_was_typed_into_a_form_leaves_nothing_to_do_there(ends: type[Ends], vendor: Vendor) -> None:
    assert end(linked(vendor, way="form"), who="olga", why=WHY) == ""
    assert end(LedgerConnectionFactory.create(), who="olga", why=WHY) == ""
    assert ends.told == []


def test_a_secret_that_cannot_be_read_any_more_ends_it_here(ends: type[Ends], connection: Connection) -> None:
    other = Connection.objects.create(company=LedgerConnectionFactory.create().company, integration="x", side="source")
    sealed = Connection.objects.filter(pk=other.pk).values_list("secrets", flat=True)
    Connection.objects.filter(pk=connection.pk).update(secrets=sealed[0])
    found = Connection.objects.get(pk=connection.pk)
    assert "could not be told: What is stored for it cannot be read any more." in end(found, who="olga", why=WHY)
    assert found.status == Status.UNLINKED


def test_who_was_never_let_in_has_nothing_to_give_back(ends: type[Ends], vendor: Vendor) -> None:
    assert end(linked(vendor, status=Status.PENDING_AUTH), who="olga", why=WHY) == ""
    assert ends.told == []


def test_without_the_token_nothing_can_be_given_back_from_here(ends: type[Ends], connection: Connection) -> None:
    assert "cannot be told from here" in end(connection, who="olga", why=WHY)
    assert ends.told == []


def test_ending_twice_tells_once(ends: type[Ends], granted: Connection) -> None:
    for _ in range(2):
        assert end(granted, who="olga", why=WHY) == ""
    assert len(ends.told) == 1
    assert AuditEvent.objects.filter(verb="connection.unlinked").count() == 1


def test_an_integration_that_is_not_installed_any_more_is_ended_here(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(integration="gone")
    connection.refresh_from_db()
    assert end(connection, who="olga", why=WHY) == ""
    assert connection.status == Status.UNLINKED


def test_a_connector_that_cannot_end_it_says_so_when_it_is_asked_all_the_same(vendor: Vendor) -> None:
    with pytest.raises(Rejected, match="Agreed Books cannot be told from here"):
        Agreed(Link(settings={"base_url": vendor.url})).unlink(None)
    assert "{name}" in ending.NOT_TOLD


# --- what belongs to it, whoever ends it ------------------------------------------------------------------------------


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What a room above was told, and nothing else is done."""
    calls: list[tuple[str, object]] = []
    monkeypatch.setattr(ending, "_afterwards", [lambda one, user: calls.append((one.status, user))])
    return calls


def test_rooms_above_do_their_part_once_it_is_unlinked_and_again_the_second_time(
    granted: Connection, done: list[tuple[str, object]]
) -> None:
    user = StaffFactory.create()
    end(granted, who="olga", why=WHY, user=user)
    end(granted, who="a program", why=WHY)
    assert done == [(Status.UNLINKED, user), (Status.UNLINKED, None)]


def test_nobody_is_told_twice_who_asks_to_be_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_afterwards", [])
    for _ in range(2):
        ending.afterwards(print)
    assert ending._afterwards == [print]


@pytest.mark.parametrize("stay", [False, True])
def test_the_addresses_of_a_source_are_shut_with_it_unless_they_shall_stay(stay: bool) -> None:
    endpoint = EndpointFactory.create()
    end(endpoint.connection, who="olga", why=WHY, addresses_stay=stay)
    endpoint.refresh_from_db()
    assert endpoint.is_active is stay


def test_an_address_that_was_opened_again_after_the_end_stays(done: list[tuple[str, object]]) -> None:
    endpoint = EndpointFactory.create(connection__status=Status.UNLINKED)
    end(endpoint.connection, who="olga", why=WHY)
    endpoint.refresh_from_db()
    assert endpoint.is_active
