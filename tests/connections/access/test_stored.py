"""The access token of a connection: kept encrypted, renewed once for all workers, and never lost by a late answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.errors import IntegrationError, Retryable, Unauthorised
from integrations.http import Exchange, Outbound
from integrations.linking import Token
from portal.connections.access import grants
from portal.connections.access.linked import unlink
from portal.connections.access.models import AccessGrant
from portal.connections.access.stored import StoredAccess
from portal.connections.models import Connection
from portal.connections.services import system_of
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Agreed, Vendor

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
TERMS = Outbound(allow_private=True)
FIRST = Token(access="old-access", refresh="old-refresh")


def kept(connection: Connection, vendor: Vendor, *, ends_in: float | None = 3600.0) -> Token:
    """A token that the vendor knows, stored with this much life left of an hour."""
    given = vendor.grant()
    ends_at = None if ends_in is None else timezone.now() + timedelta(seconds=ends_in)
    token = Token(access=given.access, refresh=given.refresh, expires_at=ends_at)
    grants.put(connection, token, asked_at=ends_at - timedelta(hours=1) if ends_at else timezone.now())
    return token


def no_nap(seconds: float) -> None:
    """Who has a token, or may ask for one, does not wait."""
    pytest.fail(f"waited for {seconds} s")


def access_of(connection: Connection, sleep: Callable[[float], object] = no_nap) -> StoredAccess:
    """What a worker has. It does not wait unless the test says how."""
    return StoredAccess(connection, TERMS, sleep=sleep)


def stored(connection: Connection) -> tuple[Any, ...]:
    """The whole row but for its times."""
    row = AccessGrant.objects.get(connection=connection)
    return row.secrets, row.generation, row.lease, row.lease_until


def test_a_good_token_costs_one_query_and_no_request(
    connection: Connection, vendor: Vendor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token, access = kept(connection, vendor), access_of(connection)
    with django_assert_num_queries(1):
        assert [access.token(), access.token()] == [token.access, token.access]
    assert vendor.asked == []


@pytest.mark.parametrize("ends_in,renewed", [(None, False), (61.0, False), (60.0, True), (-5.0, True)])
def test_a_token_is_renewed_a_minute_before_its_end(
    connection: Connection, vendor: Vendor, ends_in: float | None, renewed: bool
) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        token = kept(connection, vendor, ends_in=ends_in)
        given = access_of(connection).token()
        assert vendor.asked == (["refresh_token"] if renewed else [])
        assert given == ("access-2" if renewed else token.access)
        expected = {"access": "access-2", "refresh": "refresh-2"} if renewed else _secrets(token)
        assert stored(connection) == (expected, 1 + renewed, None, None)
        row = AccessGrant.objects.get(connection=connection)
        assert row.expires_at == (timezone.now() + timedelta(hours=1) if renewed else token.expires_at)


def _secrets(token: Token) -> dict[str, str]:
    return {"access": token.access, "refresh": token.refresh}


def test_credentials_alone_get_a_first_token_which_is_kept_encrypted(vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    assert [access_of(connection).token(), access_of(connection).token()] == ["access-1", "access-1"]
    assert vendor.asked == ["client_credentials"]
    assert stored(connection) == ({"access": "access-1", "refresh": "refresh-1"}, 1, None, None)
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM connections_accessgrant")
        [(column,)] = cursor.fetchall()
    assert column.startswith("v1:")
    assert "access-1" not in column


def test_a_vendor_whose_tokens_hardly_live_is_asked_at_half_of_their_life(vendor: Vendor) -> None:
    vendor.life_seconds = 10
    connection = linked(vendor, way="form")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        access = access_of(connection)
        assert [access.token(), access.token()] == ["access-1", "access-1"]
        clock.shift(5)
        assert access.token() == "access-2"


def test_a_refused_token_is_renewed_only_while_it_is_still_the_stored_one(
    connection: Connection, vendor: Vendor
) -> None:
    old, one, other = kept(connection, vendor), access_of(connection), access_of(connection)
    assert one.token() == other.token() == old.access
    vendor.expire()
    assert [one.renewed(old.access), other.renewed(old.access)] == ["access-2", "access-2"]
    assert other.token() == "access-2"
    assert vendor.asked == ["refresh_token"]


def test_the_whole_dance_through_a_connector(connection: Connection, vendor: Vendor) -> None:
    kept(connection, vendor)
    vendor.expire()
    assert system_of(connection, TERMS).company().name == "Northgate Ltd"
    assert vendor.asked == ["refresh_token"]


@pytest.mark.parametrize("forgives", [True, False])
def test_a_refresh_whose_answer_is_lost_overwrites_nothing_and_is_asked_again(
    connection: Connection, vendor: Vendor, forgives: bool
) -> None:
    old = kept(connection, vendor, ends_in=0.0)
    vendor.lose, vendor.forgives = 1, forgives
    with pytest.raises(Retryable):
        access_of(connection).token()
    assert stored(connection) == (_secrets(old), 1, None, None)
    if forgives:
        assert access_of(connection).token() == "access-3"
        assert stored(connection) == ({"access": "access-3", "refresh": "refresh-3"}, 2, None, None)
    else:
        with pytest.raises(Unauthorised, match="The consent was withdrawn"):
            access_of(connection).token()
        assert stored(connection) == (_secrets(old), 1, None, None)
    assert vendor.asked == ["refresh_token"] * 2


def test_revoked_consent_is_final_and_keeps_nobody_waiting(connection: Connection, vendor: Vendor) -> None:
    old = kept(connection, vendor, ends_in=0.0)
    vendor.revoke()
    with pytest.raises(Unauthorised, match="gives no access: The consent was withdrawn"):
        access_of(connection).token()
    assert stored(connection) == (_secrets(old), 1, None, None)


def test_who_holds_the_lease_and_died_is_waited_for_and_then_replaced(connection: Connection, vendor: Vendor) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        kept(connection, vendor, ends_in=0.0)
        assert grants.lease(grants.read(connection))
        naps: list[float] = []
        with pytest.raises(Retryable) as caught:
            access_of(connection, naps.append).token()
        assert caught.value.free
        assert 20 <= sum(naps) < 21.5
        assert vendor.asked == []
        clock.shift(grants.LEASE_SECONDS)
        assert access_of(connection).token() == "access-2"


def test_who_waits_takes_over_when_the_lease_runs_out_meanwhile(connection: Connection, vendor: Vendor) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        kept(connection, vendor, ends_in=0.0)
        assert grants.lease(grants.read(connection))
        clock.shift(grants.LEASE_SECONDS - 5)
        assert access_of(connection, clock.shift).token() == "access-2"


def test_who_waits_for_one_who_fails_does_not_ask_in_his_place(connection: Connection, vendor: Vendor) -> None:
    kept(connection, vendor, ends_in=0.0)
    grant = grants.read(connection)
    mine = grants.lease(grant)
    assert mine
    with pytest.raises(Retryable, match="could not be renewed by another call") as caught:
        access_of(connection, lambda _: grants.release(grant, mine)).token()
    assert caught.value.free
    assert vendor.asked == []


def test_who_read_the_row_before_it_was_renewed_does_not_ask_again(connection: Connection, vendor: Vendor) -> None:
    kept(connection, vendor, ends_in=0.0)
    before = grants.read(connection)
    access_of(connection).token()
    assert grants.lease(before) is None
    assert grants.lease(grants.read(connection)) is not None


def in_the_middle(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], token: Token | None) -> None:
    """The first one who asks is frozen while this happens, and then has this token, or is refused."""
    real = Agreed.obtain

    def obtain(self: Agreed, previous: Token | None) -> Token:
        monkeypatch.setattr(Agreed, "obtain", real)
        happens()
        if token is None:
            raise Unauthorised("The consent was withdrawn.")
        return token

    monkeypatch.setattr(Agreed, "obtain", obtain)


LATE = Token(access="late-access", refresh="late-refresh")


def test_a_frozen_worker_that_wakes_late_overwrites_nothing_newer(
    connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(connection, vendor, ends_in=0.0)

    def another_worker() -> None:
        AccessGrant.objects.update(lease_until=timezone.now())
        assert access_of(connection).token() == "access-2"

    in_the_middle(monkeypatch, another_worker, LATE)
    assert access_of(connection).token() == "access-2"
    assert stored(connection) == ({"access": "access-2", "refresh": "refresh-2"}, 2, None, None)


def test_a_frozen_worker_overtakes_nobody_who_asks_at_this_moment(
    connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = kept(connection, vendor, ends_in=0.0)

    def another_worker() -> None:
        AccessGrant.objects.update(lease_until=timezone.now())
        assert grants.lease(grants.read(connection))

    in_the_middle(monkeypatch, another_worker, LATE)
    with pytest.raises(Retryable, match="being renewed by another call"):
        access_of(connection).token()
    row = AccessGrant.objects.get(connection=connection)
    assert (row.secrets, row.generation, row.lease is None) == (_secrets(old), 1, False)


def test_a_late_answer_is_kept_where_nothing_newer_came(
    connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(connection, vendor, ends_in=0.0)
    in_the_middle(monkeypatch, lambda: AccessGrant.objects.update(lease=None, lease_until=None), LATE)
    assert access_of(connection).token() == "late-access"
    assert stored(connection) == (_secrets(LATE), 2, None, None)


@pytest.mark.parametrize("token", [LATE, None])
def test_a_connection_that_is_linked_again_meanwhile_keeps_what_the_person_brought(
    connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, token: Token | None
) -> None:
    kept(connection, vendor, ends_in=0.0)
    brought = Token(access="brought", refresh="brought-too")
    in_the_middle(monkeypatch, lambda: grants.put(connection, brought, asked_at=timezone.now()), token)
    assert access_of(connection).token() == "brought"
    assert stored(connection) == (_secrets(brought), 2, None, None)


def test_a_connection_that_is_unlinked_meanwhile_gets_no_token(
    connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(connection, vendor, ends_in=0.0)
    in_the_middle(monkeypatch, lambda: unlink(connection, who="tests", why="It moves."), LATE)
    with pytest.raises(Unauthorised, match="was unlinked meanwhile"):
        access_of(connection).token()
    assert not AccessGrant.objects.exists()


def test_nothing_that_the_vendor_gave_is_recorded(connection: Connection, vendor: Vendor) -> None:
    kept(connection, vendor, ends_in=0.0)
    told: list[Exchange] = []
    StoredAccess(connection, Outbound(allow_private=True, record=told.append)).token()
    assert [one.status for one in told] == [200]
    assert not [secret for secret in ("access-", "refresh-", "the-client-secret") if secret in repr(told)]


class Crowd:
    """Workers in threads, each with a database connection of its own, all of whom find the token at its end."""

    def __init__(self, connection: Connection, vendor: Vendor, size: int) -> None:
        self.connection, self.vendor, self.size = connection, vendor, size
        self.got: list[str] = []
        self.idle: list[bool] = []
        self.napped = threading.Semaphore(0)
        self.looked = threading.local()

    def nap(self, _: float) -> None:
        self.idle.append(database.connection is None)
        if not hasattr(self.looked, "once"):
            self.looked.once = True  # of each worker the first time counts: one of them may look often meanwhile
            self.napped.release()
        threading.Event().wait(0.02)

    def work(self) -> None:
        try:
            self.got.append(StoredAccess(self.connection, TERMS, sleep=self.nap).token())
        except IntegrationError as error:
            self.got.append(error.message)
        finally:
            connections.close_all()

    def run(self) -> None:
        threads = [threading.Thread(target=self.work) for _ in range(self.size)]
        for thread in threads:
            thread.start()
        assert self.vendor.reached.wait(20)
        for _ in range(self.size - 1):  # everybody else has looked, and waits
            assert self.napped.acquire(timeout=20)
        assert self.vendor.gate
        self.vendor.gate.set()
        for thread in threads:
            thread.join(30)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["visit", "form"])
def test_many_workers_at_once_ask_once_and_hold_no_database_connection(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    connection = linked(vendor, way=way)
    if way == "visit":
        kept(connection, vendor, ends_in=0.0)
    vendor.gate = threading.Event()
    crowd, real = Crowd(connection, vendor, 6), Agreed.obtain

    def obtain(self: Agreed, previous: Token | None) -> Token:
        crowd.idle.append(database.connection is None)
        return real(self, previous)

    monkeypatch.setattr(Agreed, "obtain", obtain)
    crowd.run()
    fresh = f"access-{vendor.made}"
    assert crowd.got == [fresh] * 6
    assert vendor.asked == ["refresh_token" if way == "visit" else "client_credentials"]
    assert set(crowd.idle) == {True}
    assert stored(connection)[1:] == (2 if way == "visit" else 1, None, None)


@pytest.mark.django_db(transaction=True)
def test_many_workers_of_whom_one_is_refused_ask_once(vendor: Vendor) -> None:
    connection = linked(vendor)
    kept(connection, vendor, ends_in=0.0)
    vendor.revoke()
    vendor.gate = threading.Event()
    crowd = Crowd(connection, vendor, 4)
    crowd.run()
    assert vendor.asked == ["refresh_token"]
    assert (
        sorted(message.partition(".")[0] for message in crowd.got)[1:]
        == ["The access to Agreed Books could not be renewed by another call"] * 3
    )


def test_a_moment_is_kept_of_when_the_vendor_was_asked(connection: Connection, vendor: Vendor) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        kept(connection, vendor, ends_in=0.0)
        now: datetime = timezone.now()
        access_of(connection).token()
        row = AccessGrant.objects.get(connection=connection)
        assert (row.asked_at, row.obtained_at) == (now, now)
