"""Nobody reaches another tenant's data: every route of the API is walked with another tenant's token and ids.

A route or a method that is new has no place in `WALK` and fails the first test until it is given one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import URLPattern

from portal.api.doors import Door
from portal.api.models import ApiToken, Scope
from portal.api.operation import operation_of
from portal.api.tokens import issue
from portal.api.urls import urlpatterns
from portal.connections.models import Connection
from portal.connections.services import open_endpoint
from portal.events.webhooks.models import Consumer, Dispatch
from portal.reference.sync.models import SyncRun
from portal.tenants.models import Company
from tests.api.calling import Program, an_order, error, read
from tests.desk.syncs import a_record, a_sync
from tests.events.webhooks.ear import a_consumer, a_dispatch
from tests.factories import CompanyFactory, a_document, a_line, accepted
from tests.raising.conftest import link_source

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

NOTHING = "There is nothing here, or it is not yours."
SECRET = "Kestrel77"


@dataclass(frozen=True)
class Call:
    """A request below /api/v1/. `{company}` and the like are of the company that is walked; `answer` is what another
    tenant's program gets."""

    method: str
    path: str
    body: Any = None
    answer: int = 404


WALK: dict[str, list[Call]] = {
    "integrations": [Call("GET", "integrations", answer=200)],
    "integration": [Call("GET", "integrations/ledger", answer=200)],
    "platforms": [Call("GET", "{company}/integrations/ledger/platforms")],
    "companies": [
        Call("GET", "companies", answer=200),
        Call("GET", f"companies?name={SECRET.lower()}", answer=200),
        Call("POST", "companies", {"name": "Another company"}, answer=201),
    ],
    "company": [
        Call("GET", "{company}"),
        Call("PATCH", "{company}", {"name": "Renamed"}),
        Call("PUT", "{company}", {"name": "Renamed", "baseCurrency": "EUR"}),
    ],
    "live": [Call("POST", "{company}/live")],
    "connections": [
        Call("GET", "{company}/connections"),
        Call("POST", "{company}/connections", {"platformKey": "ledger"}),
    ],
    "connection": [
        Call("GET", "{company}/connections/{books}"),
        Call("GET", "{own}/connections/{books}"),
        Call("PATCH", "{company}/connections/{books}", {"status": "Unlinked"}),
        Call("PATCH", "{own}/connections/{books}", {"status": "Unlinked"}),
    ],
    "authorization": [
        Call("PUT", "{company}/connections/{books}/authorization", {"suppliers": "refuse"}),
        Call("PUT", "{own}/connections/{books}/authorization", {"suppliers": "refuse"}),
    ],
    "confirm": [
        Call("POST", "{company}/connections/{books}/confirm"),
        Call("POST", "{own}/connections/{books}/confirm"),
    ],
    "endpoints": [
        Call("GET", "{company}/connections/{source}/endpoints"),
        Call("GET", "{own}/connections/{source}/endpoints"),
        Call("POST", "{company}/connections/{source}/endpoints", {"kind": "invoice"}),
    ],
    "endpoint-tokens": [
        Call("POST", "{company}/connections/{source}/endpoints/{endpoint}/tokens"),
        Call("POST", "{own}/connections/{own_source}/endpoints/{endpoint}/tokens"),
    ],
    "data-status": [Call("GET", "{company}/dataStatus")],
    "sync-settings": [
        Call("GET", "{company}/syncSettings"),
        Call("PUT", "{company}/syncSettings", {"settings": [{"dataType": "suppliers", "frequency": "off"}]}),
    ],
    "data-info": [Call("GET", "{company}/data/info"), Call("GET", "{company}/data/info?refresh=true")],
    "data-all": [Call("POST", "{company}/data/all")],
    "queue-all": [Call("POST", "{company}/data/queue/all")],
    "queue": [Call("POST", "{company}/data/queue/suppliers")],
    "history": [Call("GET", "{company}/data/history"), Call("GET", "{own}/data/history", answer=200)],
    "run": [Call("GET", "{company}/data/history/{run}"), Call("GET", "{own}/data/history/{run}")],
    "records": [Call("GET", "{company}/data/suppliers")],
    "company-transactions": [
        Call("GET", "{company}/transactions"),
        Call("GET", f"{{company}}/transactions?number=INV-{SECRET}"),
        Call("GET", f"{{own}}/transactions?number=INV-{SECRET}", answer=200),
        Call("GET", "{own}/transactions?state=rejected", answer=200),
        Call("GET", f"{{own}}/transactions?kind=invoice&after={2**59}", answer=200),
    ],
    "company-transaction": [
        Call("GET", "{company}/transactions/{transaction}"),
        Call("GET", "{own}/transactions/{transaction}"),
    ],
    "postings": [
        Call("GET", "{company}/postings"),
        Call("GET", "{own}/postings?state=rejected&connectionId={books}", answer=200),
        Call("GET", f"{{own}}/postings?connectionId={{books}}&after={2**59}", answer=200),
    ],
    "posting": [Call("GET", "{company}/postings/{posting}"), Call("GET", "{own}/postings/{posting}")],
    "posting-retry": [
        Call("POST", "{company}/postings/{posting}/retry", {"reason": "Again."}),
        Call("POST", "{own}/postings/{posting}/retry", {"reason": "Again."}),
    ],
    "posting-resolve": [
        Call("POST", "{company}/postings/{posting}/resolve", {"action": "void", "reason": "Away with it."}),
        Call("POST", "{own}/postings/{posting}/resolve", {"action": "void", "reason": "Away with it."}),
        Call("POST", "{own}/postings/{posting}/resolve", {"action": "markPosted", "number": "1", "reason": "There."}),
    ],
    "transactions": [
        Call("GET", "{company}/push/transactions"),
        Call("GET", f"{{company}}/push/transactions?after={2**59}&status=on_its_way"),
        Call("POST", "{company}/push/transactions", an_order(key=SECRET)),
        Call("POST", "{company}/push/transactions", an_order(key="another")),
    ],
    "transaction": [
        Call("GET", f"{{company}}/push/transactions/{SECRET}"),
        Call("GET", f"{{company}}/push/transactions/another/{SECRET}"),
        Call("GET", f"{{own}}/push/transactions/{SECRET}"),
    ],
    "webhooks": [
        Call("GET", "webhooks", answer=200),
        Call("POST", "webhooks", {"url": "https://hooks.example.com/b"}, answer=201),
        Call("POST", "webhooks", {"url": "https://hooks.example.com/b", "companyId": "{company}"}, answer=400),
    ],
    "webhook-event-types": [Call("GET", "webhooks/eventTypes", answer=200)],
    "webhook": [
        Call("GET", "webhooks/{webhook}"),
        Call("PATCH", "webhooks/{webhook}", {"disabled": True}),
        Call("PATCH", "webhooks/{own_webhook}", {"companyId": "{company}"}, answer=400),
        Call("DELETE", "webhooks/{webhook}"),
    ],
    "webhook-secret": [Call("POST", "webhooks/{webhook}/secret")],
    "webhook-test": [Call("POST", "webhooks/{webhook}/test")],
    "webhook-replay": [Call("POST", "webhooks/{webhook}/replay", {"since": "2020-01-01T00:00:00Z"})],
    "webhook-messages": [
        Call("GET", "webhooks/{webhook}/messages"),
        Call("GET", "webhooks/{own_webhook}/messages", answer=200),
        Call("GET", "webhooks/{own_webhook}/messages?after={message}", answer=400),
    ],
    "webhook-message": [
        Call("GET", "webhooks/{webhook}/messages/{message}"),
        Call("GET", "webhooks/{own_webhook}/messages/{message}"),
    ],
    "webhook-message-replay": [
        Call("POST", "webhooks/{webhook}/messages/{message}/replay"),
        Call("POST", "webhooks/{own_webhook}/messages/{message}/replay"),
    ],
    "nowhere": [Call("GET", "nowhere"), Call("GET", "companies/none"), Call("GET", "companies/"), Call("GET", "a%0Ab")],
}


@dataclass
class Walked:
    """The company whose doors are tried, and somebody of another tenant who knows all of its ids."""

    owner: Program
    intruder: Program
    ids: dict[str, str]

    def url(self, call: Call) -> str:
        below = "companies/" if call.path.startswith("{") else ""
        return f"/api/v1/{below}{call.path.format(**self.ids)}"

    def body(self, call: Call) -> Any:
        """With the ids that it names."""
        if not isinstance(call.body, dict):
            return call.body
        return {name: self.ids.get(str(value).strip("{}"), value) for name, value in call.body.items()}


@pytest.fixture
def walked(program: Program, source: Connection, books: Connection) -> Walked:
    """Something is there behind every door."""
    program.company.name = f"{SECRET} Ltd"
    program.company.save()
    own = CompanyFactory.create(name="Harbour Street Ltd")
    _, clear = issue(own.tenant, "Intruder", list(Scope), who="tests")
    assert program.post(an_order(key=SECRET)).status_code == 202
    a_record(books, SECRET)
    run = a_sync(books, message=SECRET)
    webhook, _ = a_consumer(f"https://hooks.example.com/{SECRET}", program.company.tenant_id)
    refused = accepted(books, a_document(number=f"INV-{SECRET}", lines=(a_line(account_code="9999"),))).posting
    ids = {
        "company": program.company.pk, "books": books.pk, "source": source.pk, "run": run.pk,
        "endpoint": open_endpoint(source, who=SECRET).pk, "own": own.pk, "own_source": link_source(own).pk,
        "webhook": webhook.pk, "message": a_dispatch(webhook).pk,
        "own_webhook": a_consumer("https://hooks.example.com/own", own.tenant_id)[0].pk,
        "posting": refused.pk, "transaction": refused.transaction.public_id,
    }  # fmt: skip
    return Walked(program, Program(own, clear), {name: str(value) for name, value in ids.items()})


def test_every_route_and_every_method_has_its_place_in_the_walk() -> None:
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    doors = {pattern.name: _door(pattern) for pattern in urlpatterns}
    assert set(doors) == set(WALK)
    for name, door in doors.items():
        there = {method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if operation_of(door, method)}
        assert there == {call.method for call in WALK[str(name)] if name != "nowhere"}, name


@pytest.mark.parametrize("name", WALK)
def test_another_tenants_things_do_not_exist(name: str, walked: Walked) -> None:
    before = _everything_of(walked.owner.company)
    for call in WALK[name]:
        response = walked.intruder.call(call.method, walked.url(call), walked.body(call))
        assert response.status_code == call.answer, (call, response.content)
        if call.answer == 404:
            assert read(response) == error(404, NOTHING)
        assert SECRET.encode() not in response.content
        assert not any(value.encode() in response.content for value in _foreign(walked.ids))
    assert _everything_of(walked.owner.company) == before


@pytest.mark.parametrize("name", [name for name in WALK if name not in ("nowhere", "integrations", "integration")])
def test_its_owner_is_let_in(name: str, walked: Walked) -> None:
    """Without this the test above could not fail."""
    for call in WALK[name]:
        if "{own" not in call.path and "another/" not in call.path:
            response = walked.owner.call(call.method, walked.url(call), walked.body(call))
            assert response.status_code != 404, (call, response.content)


@pytest.mark.parametrize("name", WALK)
def test_without_a_token_no_route_says_anything(name: str, walked: Walked) -> None:
    nobody = Program(walked.owner.company, "pra_none")
    for call in WALK[name]:
        assert nobody.call(call.method, walked.url(call), walked.body(call)).status_code == 401


@pytest.mark.parametrize("name", [name for name in WALK if name != "nowhere"])
def test_each_method_needs_its_scope_and_no_other(name: str, walked: Walked) -> None:
    door = next(_door(one) for one in urlpatterns if one.name == name)
    for call in WALK[name]:
        told = operation_of(door, call.method)
        assert told is not None
        others = [scope for scope in Scope if scope is not told.scope]
        without = _program(walked.owner.company, others)
        refused = without.call(call.method, walked.url(call), walked.body(call))
        sentence = f"This token may not do that: it lacks the scope {told.scope.value}."
        assert (refused.status_code, read(refused)) == (403, error(403, sentence))
        let_in = _program(walked.owner.company, [told.scope]).call(call.method, walked.url(call), walked.body(call))
        assert let_in.status_code != 403


def test_a_company_that_does_not_exist_answers_as_another_tenants_does(walked: Walked) -> None:
    from uuid import uuid4

    address = f"/api/v1/companies/{uuid4()}/push/transactions"
    response = Client().get(address, headers=walked.owner.headers({}))
    other = walked.intruder.call("GET", f"/api/v1/companies/{walked.owner.company.pk}/push/transactions")
    assert (response.status_code, response.content) == (404, other.content)


def test_two_companies_of_one_tenant_do_not_share_keys(program: Program, company: Company) -> None:
    sister = CompanyFactory.create(tenant=company.tenant)
    link_source(sister)
    there = Program(sister, program.token)
    assert program.post(an_order()).status_code == 202
    assert there.get("/order-1").status_code == 404
    assert there.post(an_order(title="Other")).status_code == 202


def test_an_idempotency_key_is_the_tenants_own(walked: Walked) -> None:
    """Another tenant neither learns that a key was used, nor gets what was answered to it."""
    mine = walked.owner.call("POST", "/api/v1/companies", {"name": "Mine"}, idempotency_key=SECRET)
    theirs = walked.intruder.call("POST", "/api/v1/companies", {"name": "Mine"}, idempotency_key=SECRET)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert read(mine)["id"] != read(theirs)["id"]


def _door(pattern: URLPattern) -> type[Door]:
    door: type[Door] = vars(pattern.callback)["view_class"]
    return door


def _program(company: Company, scopes: list[Scope]) -> Program:
    ApiToken.objects.filter(name="Narrow").delete()
    _, clear = issue(company.tenant, "Narrow", scopes, who="tests")
    return Program(company, clear)


def _foreign(ids: dict[str, str]) -> list[str]:
    return [value for name, value in ids.items() if not name.startswith("own") and len(value) > 20]


def _everything_of(company: Company) -> dict[str, Any]:
    """All rows that belong to a company, to see that nothing was changed; what a token was used at is its own."""
    return {model._meta.label: list(rows.order_by("pk").values()) for model, rows in _rows(company)}


def _rows(company: Company) -> Iterator[tuple[type[models.Model], Any]]:
    yield Company, Company.objects.filter(pk=company.pk)
    yield Connection, Connection.objects.filter(company=company)
    yield SyncRun, SyncRun.objects.filter(company=company)
    yield Consumer, Consumer.objects.filter(tenant_id=company.tenant_id)
    yield Dispatch, Dispatch.objects.filter(consumer__tenant_id=company.tenant_id)
    for label in (
        "postings.Posting",
        "raising.Raised",
        "connections.Endpoint",
        "connections.EndpointToken",
        "reference.SyncSchedule",
    ):
        model = apps.get_model(label)
        names = {field.name for field in model._meta.fields}
        way = "company" if "company" in names else "connection__company"
        yield model, model.objects.filter(**{"endpoint__" + way if label.endswith("Token") else way: company})
