"""A source's connection is proven before it is kept, and shares its vendor's limit with everybody who has its key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.db import connection as database

from integrations.errors import IntegrationError, Misconfigured, Unauthorised
from integrations.icompleat import sandbox
from integrations.icompleat.connector import ICompleat
from integrations.sandbox import Server, Store, mount
from portal.connections import setup
from portal.connections.limits import turn
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.relink import relink
from portal.connections.services import deauthorise
from portal.connections.setup import check, is_set_up, save_source
from portal.events.models import AuditEvent
from portal.fields import seal
from portal.tenants.models import Company
from tests.factories import CompanyFactory, SourceConnectionFactory

pytestmark = pytest.mark.django_db
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
