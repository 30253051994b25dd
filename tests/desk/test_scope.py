"""Nobody sees another tenant's data: every address of the customer pages is walked with another tenant's ids.

A page that is new has no place in `WALK` and fails the first test until it is given one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from portal.desk.urls import urlpatterns
from portal.postings.models import Transaction
from tests.desk.scene import Scene, a_scene, marked
from tests.factories import UserFactory

pytestmark = pytest.mark.engine
Address = Callable[[Transaction], list[str]]

OF_ONE = "one object, found by its id in the path"
A_LIST = "a list, narrowed by its query"


def _queries(transaction: Transaction) -> list[str]:
    """Every parameter that takes an id or a number, each with one of the transaction's own."""
    return [
        "",
        f"?company={transaction.company_id}",
        f"?after={transaction.public_id}",
        f"?before={transaction.public_id}",
        f"?sort=oldest&before={transaction.public_id}",
        f"?q={transaction.number}",
        f"?q={transaction.source_number}",
        f"?q={transaction.external_id}",
        f"?q={transaction.postings.get().external_number}",
        f"?state=posted&kind={transaction.kind}",
    ]


def _list(name: str) -> Address:
    return lambda transaction: [reverse(name) + query for query in _queries(transaction)]


def _one(name: str) -> Address:
    return lambda transaction: [reverse(name, kwargs={"public_id": transaction.public_id})]


WALK: dict[str, tuple[str, Address]] = {
    "home": (A_LIST, lambda _: [reverse("desk:home")]),
    "transactions": (A_LIST, _list("desk:transactions")),
    "export": (A_LIST, _list("desk:export")),
    "transaction": (OF_ONE, _one("desk:transaction")),
    "standing": (OF_ONE, _one("desk:standing")),
}
PARAMETERS = {"transaction": {"public_id"}, "standing": {"public_id"}}


@pytest.fixture
def other(db: None) -> tuple[Scene, Transaction, tuple[str, ...]]:
    """Another tenant, one of its transactions, and every text by which it could be recognised."""
    scene = a_scene(name="Harbour Street Ltd")
    transaction, marks = marked(scene, "Kestrel77")
    return scene, transaction, (*marks, "Harbour Street", str(scene.company.pk))


def _body(response: Any) -> str:
    return bytes(response.getvalue()).decode()


def _seen(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address)
    return response.status_code, _body(response)


def _walked(kind: str) -> list[str]:
    return [name for name, (which, _) in WALK.items() if which == kind]


def test_every_page_has_its_place_in_the_walk() -> None:
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns), "an included list must be walked, too"
    assert {pattern.name for pattern in urlpatterns} == set(WALK)


def test_every_id_in_a_path_is_walked() -> None:
    found = {str(pattern.name): set(pattern.pattern.converters) for pattern in urlpatterns}
    assert {name: ids for name, ids in found.items() if ids} == PARAMETERS
    assert set(PARAMETERS) == set(_walked(OF_ONE))


@pytest.mark.parametrize("name", _walked(OF_ONE))
def test_another_tenants_object_does_not_exist(
    name: str, scene: Scene, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    _, transaction, marks = other
    for address in WALK[name][1](transaction):
        status, body = _seen(scene.client, address)
        assert status in {403, 404}, address
        assert [mark for mark in marks if mark in body] == []


@pytest.mark.parametrize("name", _walked(A_LIST))
def test_no_list_shows_another_tenants_rows(
    name: str, scene: Scene, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    marked(scene, "Merlin31")
    _, transaction, marks = other
    for address in WALK[name][1](transaction):
        status, body = _seen(scene.client, address)
        assert status in {200, 302, 400}, address
        asked = address.partition("?")[2]
        assert [mark for mark in marks if mark in _without_the_query(body, asked)] == [], address


@pytest.mark.parametrize("name", _walked(A_LIST))
def test_the_marks_are_seen_by_whom_they_belong_to(
    name: str, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    """Without this the test above could not fail."""
    owner, transaction, _ = other
    address = WALK[name][1](transaction)[0]
    body = _body(owner.client.get(address, follow=True))
    assert "Kestrel77" in body or "Harbour Street" in body


@pytest.mark.parametrize("name", WALK)
def test_a_visitor_sees_nothing(name: str, other: tuple[Scene, Transaction, tuple[str, ...]]) -> None:
    _, transaction, _ = other
    for address in WALK[name][1](transaction):
        response = Client().get(address)
        assert _body(response) == ""
        to_log_in = response.headers.get("Location", "").startswith("/accounts/login/?next=")
        assert to_log_in or response.headers.get("HX-Refresh") == "true", address


@pytest.mark.parametrize("name", _walked(A_LIST))
def test_who_belongs_to_no_tenant_sees_no_rows(name: str, other: tuple[Scene, Transaction, tuple[str, ...]]) -> None:
    _, transaction, marks = other
    client = Client()
    client.force_login(UserFactory())
    for address in WALK[name][1](transaction):
        _, body = _seen(client, address)
        assert [mark for mark in marks if mark in _without_the_query(body, address.partition("?")[2])] == [], address


def test_a_page_behind_another_tenants_row_is_empty(
    scene: Scene, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    scene.receive(number="INV-OWN")
    _, transaction, _ = other
    body = _seen(scene.client, f"{reverse('desk:transactions')}?before={transaction.public_id}")[1]
    assert "INV-OWN" not in body
    assert "Nothing matches" in body


def _without_the_query(body: str, asked: str) -> str:
    """The page without what its reader typed: a search repeats its words."""
    for parameter in asked.split("&"):
        value = parameter.partition("=")[2]
        body = body.replace(value, "") if value else body
    return body
