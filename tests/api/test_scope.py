"""Nobody reaches another tenant's data: every route of the API is walked with another tenant's token and ids.

A route that is new has no place in `WALK` and fails the first test until it is given one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from portal.api.models import Scope
from portal.api.tokens import issue
from portal.api.urls import urlpatterns
from portal.connections.models import Connection
from portal.raising.models import Raised
from portal.tenants.models import Company
from tests.api.calling import Program, an_order, error, read
from tests.factories import CompanyFactory
from tests.raising.conftest import link_source

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Call = Callable[[Program], Any]

NOTHING = "There is nothing here, or it is not yours."
WALK: dict[str, list[Call]] = {
    "transactions": [
        lambda program: program.get(),
        lambda program: program.get(f"?after={2**62}&status=on_its_way"),
        lambda program: program.post(an_order(key="Kestrel77")),
        lambda program: program.post(an_order(key="another")),
    ],
    "transaction": [lambda program: program.get("/Kestrel77"), lambda program: program.get("/another/Kestrel77")],
    "nowhere": [lambda program: Client().get("/api/v1/companies", headers=program.headers({}))],
}


@pytest.fixture
def intruder(company: Company, source: Connection, trays: object) -> Program:
    """A program of another tenant, with everything set up for itself, that knows this company's id."""
    own = CompanyFactory.create(name="Harbour Street Ltd")
    link_source(own)
    _, clear = issue(own.tenant, "Intruder", list(Scope), who="tests")
    assert Program(own, clear).post(an_order(key="own")).status_code == 202
    return Program(company, clear)


def test_every_route_has_its_place_in_the_walk() -> None:
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    assert {pattern.name for pattern in urlpatterns} == set(WALK)


@pytest.mark.parametrize("name", WALK)
def test_another_tenants_company_does_not_exist(name: str, program: Program, intruder: Program) -> None:
    assert program.post(an_order(key="Kestrel77")).status_code == 202
    before = list(Raised.objects.order_by("pk").values())
    for call in WALK[name]:
        response = call(intruder)
        assert (response.status_code, read(response)) == (404, error(404, NOTHING))
    assert list(Raised.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("name", [name for name in WALK if name != "nowhere"])
def test_its_owner_sees_it(name: str, program: Program) -> None:
    """Without this the test above could not fail."""
    assert program.post(an_order(key="Kestrel77")).status_code == 202
    assert b"Kestrel77" in WALK[name][0](program).content


@pytest.mark.parametrize("name", WALK)
def test_without_a_token_no_route_says_anything(name: str, company: Company) -> None:
    for call in WALK[name]:
        response = call(Program(company, "pra_none"))
        assert response.status_code == 401


def test_a_company_that_does_not_exist_answers_as_another_tenants_does(program: Program, intruder: Program) -> None:
    from uuid import uuid4

    address = f"/api/v1/companies/{uuid4()}/push/transactions"
    response = Client().get(address, headers=program.headers({}))
    assert (response.status_code, response.content) == (404, intruder.get().content)


def test_two_companies_of_one_tenant_do_not_share_keys(program: Program, company: Company) -> None:
    sister = CompanyFactory.create(tenant=company.tenant)
    link_source(sister)
    there = Program(sister, program.token)
    assert program.post(an_order()).status_code == 202
    assert there.get("/order-1").status_code == 404
    assert there.post(an_order(title="Other")).status_code == 202
