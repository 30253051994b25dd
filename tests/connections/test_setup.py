"""A source's connection is proven before it is kept, and shares its vendor's limit with everybody who has its key."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.db import connection as database
from django.db import connections

from integrations.errors import IntegrationError, Misconfigured, Retryable, Unauthorised
from integrations.icompleat import sandbox
from integrations.icompleat.connector import ICompleat
from integrations.sandbox import Server, Store, mount
from portal.connections import onlookers, setup
from portal.connections import relink as relinking
from portal.connections.limits import turn
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.relink import relink
from portal.connections.services import connect, deauthorise
from portal.connections.setup import check, is_set_up, save_source
from portal.events.models import AuditEvent
from portal.fields import seal
from portal.tenants.models import Company
from tests.factories import CompanyFactory, SourceConnectionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
TENANT, THEIRS, KEY = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in (1, 2, 3))


@dataclass(frozen=True)
class There:
    """iCompleat with one tenant and one company."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        return {"base_url": f"{self.url}/icompleat", "tenant_id": TENANT, "company_id": THEIRS}

    def put(self, path: str, body: dict[str, Any]) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.put(f"{self.url}/icompleat/control/{path}", json=body, timeout=10).raise_for_status()


@pytest.fixture
def there() -> Iterator[There]:
    with Server(mount({"icompleat": sandbox.build(store := Store("icompleat"))})) as server:
        made = There(server.url)
        made.put(f"tenants/{TENANT}", {"name": "Northgate", "security_key": KEY})
        made.put(f"companies/{THEIRS}", {"name": "Northgate Ltd", "base_currency": "GBP", "tenant_id": TENANT})
        yield made
    store.close()


@pytest.fixture
def company() -> Company:
    made: Company = CompanyFactory.create()
    return made


def test_the_companys_name_comes_back(there: There, company: Company) -> None:
    found = check(None, company, "icompleat", there.settings, {"security_key": KEY})
    assert (found.name, found.external_id, found.base_currency) == ("Northgate Ltd", THEIRS, "GBP")
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "changed,secret,error,field",
    [
        ({}, "another-key", Unauthorised, ""),
        ({}, "", Misconfigured, "security_key"),
        ({"tenant_id": "00000000-0000-4000-8000-000000000009"}, KEY, Unauthorised, ""),
        ({"company_id": "00000000-0000-4000-8000-000000000009"}, KEY, Misconfigured, "company_id"),
        ({"company_id": " "}, KEY, Misconfigured, "company_id"),
        ({"base_url": "http://127.0.0.1:1"}, KEY, IntegrationError, ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    there: There, company: Company, changed: dict[str, str], secret: str, error: type[IntegrationError], field: str
) -> None:
    with pytest.raises(error) as raised:
        check(None, company, "icompleat", {**there.settings, **changed}, {"security_key": secret})
    assert raised.value.field == field
    assert not Connection.objects.exists()


def test_it_is_kept_and_an_empty_secret_keeps_the_stored_one(there: There, company: Company) -> None:
    made = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    assert (made.status, made.external_company_id, is_set_up(made)) == (Status.LINKED, THEIRS, True)
    found = check(made, company, "icompleat", there.settings, {"security_key": ""})
    again = save_source(
        company, "icompleat", {**there.settings, "requests_per_minute": "40"}, {"security_key": ""}, "sam", linked=found
    )
    again.refresh_from_db()
    assert again.pk == made.pk
    assert (again.secrets, again.external_company_name) == ({"security_key": KEY}, "Northgate Ltd")
    told = AuditEvent.objects.get(verb="connection.changed")
    assert told.details == {"settings": ["requests_per_minute"], "secrets": []}


def test_credentials_that_are_accepted_again_link_it_again(there: There, company: Company) -> None:
    made = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    deauthorise(made, who="sync", why="401")
    made.refresh_from_db()
    assert made.status == Status.DEAUTHORISED
    found = check(made, company, "icompleat", there.settings, {"security_key": ""})
    save_source(company, "icompleat", there.settings, {}, "sam", linked=found)
    made.refresh_from_db()
    assert made.status == Status.LINKED


def test_staff_cannot_link_again_what_is_refused(there: There, company: Company) -> None:
    made = save_source(company, "icompleat", there.settings, {"security_key": "old"}, "sam")
    deauthorise(made, who="sync", why="401")
    made.refresh_from_db()
    with pytest.raises(Unauthorised):
        relink(made, who="sam", why="tried")
    save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    relink(Connection.objects.get(pk=made.pk), who="sam", why="a new key")
    made.refresh_from_db()
    assert made.status == Status.LINKED


def test_a_source_that_only_sends_needs_no_access() -> None:
    only_sends = SourceConnectionFactory.create(settings={}, secrets={}, status=Status.DEAUTHORISED)
    assert not is_set_up(only_sends)
    relink(only_sends, who="sam", why="it sends again")
    only_sends.refresh_from_db()
    assert only_sends.status == Status.LINKED


def test_a_lost_key_of_the_database_does_not_stand_in_the_way_of_a_new_secret(there: There, company: Company) -> None:
    save_source(company, "icompleat", there.settings, {"security_key": "old"}, "sam")
    with database.cursor() as cursor:
        cursor.execute("UPDATE connections_connection SET secrets = %s", [seal('{"security_key": "x"}', "another row")])
    again = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    assert Connection.objects.get(pk=again.pk).secrets == {"security_key": KEY}


def test_connections_with_one_key_share_its_limit(there: There) -> None:
    settings = {**there.settings, "requests_per_minute": "1"}
    one, two, other = (
        save_source(CompanyFactory.create(), "icompleat", settings, {"security_key": key}, "sam")
        for key in (KEY, KEY, "another")
    )
    assert one.limit_group
    assert (one.limit_group == two.limit_group, one.limit_group == other.limit_group) == (True, False)

    def granted(connection: Connection) -> bool:
        with turn(connection.pk, ICompleat, uuid.uuid4(), lambda _: ()) as allowed:
            return allowed is not None

    assert [granted(one), granted(two), granted(other)] == [True, False, True]


def test_a_check_counts_in_the_limit_of_its_key(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "PATIENCE_SECONDS", 0.0)
    settings = {**there.settings, "requests_per_minute": "1"}
    made = save_source(CompanyFactory.create(), "icompleat", settings, {"security_key": KEY}, "sam")
    naps: list[float] = []
    with paced(made, lambda: None, patience_seconds=0, sleep=naps.append) as outbound:
        outbound.permit()
    with pytest.raises(IntegrationError, match="used up"):
        check(made, made.company, "icompleat", settings, {})
    assert naps == []


def test_both_sides_of_a_company_are_connections_of_their_own(there: There, company: Company) -> None:
    save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    assert Connection.objects.get(company=company).side == Side.SOURCE


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.2", "https://127.0.0.1", "http://127.0.0.1.example"])
def test_a_stored_secret_is_not_sent_to_another_address(
    there: There, company: Company, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    settings = {**there.settings, "base_url": f"{elsewhere}:{there.url.rpartition(':')[2]}/icompleat"}
    with monkeypatch.context() as patch:
        patch.setattr(ICompleat, "company", lambda _: pytest.fail("It was asked."))
        with pytest.raises(Misconfigured) as raised:
            check(made, company, "icompleat", settings, {"security_key": " "})
    assert (raised.value.field, raised.value.message) == (
        "security_key",
        "The address is another one than before. Enter the Security key again: it is not sent there unasked.",
    )
    assert save_source(company, "icompleat", settings, {}, "sam").secrets == {}


def test_another_path_or_another_spelling_of_the_same_address_keeps_the_secret(there: There, company: Company) -> None:
    made = save_source(company, "icompleat", {**there.settings, "base_url": there.url}, {"security_key": KEY}, "sam")
    settings = {**there.settings, "base_url": f" {there.settings['base_url'].replace('http', 'HTTP')}/ "}
    assert check(made, company, "icompleat", there.settings, {}).name == "Northgate Ltd"
    assert save_source(company, "icompleat", settings, {}, "sam").secrets == {"security_key": KEY}


def test_what_was_unlinked_stays_so_and_a_new_connection_is_made(there: There, company: Company) -> None:
    old = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    Connection.objects.filter(pk=old.pk).update(status=Status.UNLINKED)
    new = save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
    assert {one.pk: one.status for one in Connection.objects.all()} == {
        old.pk: Status.UNLINKED, new.pk: Status.LINKED,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_make_one_connection(
    there: There, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_is_in, second_is_done = threading.Event(), threading.Event()

    def slowly(*args: Any, **options: Any) -> Connection:
        if not first_is_in.is_set():
            first_is_in.set()
            second_is_done.wait(0.5)
        return connect(*args, **options)

    def save() -> None:
        save_source(company, "icompleat", there.settings, {"security_key": KEY}, "sam")
        connections.close_all()

    monkeypatch.setattr(setup, "connect", slowly)
    first = threading.Thread(target=save)
    first.start()
    assert first_is_in.wait(5)
    save()
    second_is_done.set()
    first.join(10)
    assert Connection.objects.filter(company=company).count() == 1


def test_while_too_many_wait_for_an_answer_nobody_is_asked(
    there: There, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ICompleat, "company", lambda _: pytest.fail("It was asked."))
    monkeypatch.setattr(onlookers, "MOST", 0)
    with pytest.raises(Retryable, match="Too many pages wait for an answer at this moment"):
        check(None, company, "icompleat", there.settings, {"security_key": KEY})


def test_linking_again_counts_in_the_limit_of_its_key(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relinking, "PATIENCE_SECONDS", 0.0)
    settings = {**there.settings, "requests_per_minute": "1"}
    made = save_source(CompanyFactory.create(), "icompleat", settings, {"security_key": KEY}, "sam")
    deauthorise(made, who="sync", why="401")
    with paced(made, lambda: None, patience_seconds=0) as outbound:
        outbound.permit()
    with pytest.raises(Retryable, match="used up"):
        relink(made, who="sam", why="tried")
    made.refresh_from_db()
    assert made.status == Status.DEAUTHORISED
