"""Nobody sees another tenant's data: every address of the customer pages is walked with another tenant's ids.

A page that is new has no place in `WALK` and fails the first test until it is given one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from portal.connections.models import Endpoint, EndpointToken
from portal.desk.urls import urlpatterns
from portal.events.models import AuditEvent
from portal.postings.models import Transaction
from portal.reference import tasks
from portal.reference.sync.models import Change, SyncRun, SyncState
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_scene, marked
from tests.desk.syncs import a_change, a_record, a_sync
from tests.desk.test_frame import FROM_OUTSIDE, INLINE
from tests.desk.walks import (
    amendments,
    company_settings,
    core,
    dashboard,
    going_live,
    mapping,
    people,
    repairs,
    setting_up,
    sources,
    webhook_pages,
)
from tests.factories import SourceConnectionFactory, UserFactory, with_token

pytestmark = pytest.mark.engine
Address = Callable[[Transaction], list[str]]

# What their paths name is no object of somebody, but a word that means the same to everybody.
WORDS_ONLY = {("kind",), ("source",)}
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


# The areas, each with its own pages; a new area needs its line here.
AREAS = (
    amendments.WALK,
    company_settings.WALK,
    core.WALK,
    dashboard.WALK,
    going_live.WALK,
    mapping.WALK,
    setting_up.WALK,
    people.WALK,
    repairs.WALK,
    sources.WALK,
    webhook_pages.WALK,
)
COMPANY_PAGES = {name: ids for area in AREAS for name, ids in area.company_pages.items()}
TENANT_PAGES = {name: ids for area in AREAS for name, ids in area.tenant_pages.items()}
INNER_PAGES = COMPANY_PAGES | TENANT_PAGES
ACTIONS = frozenset[str]().union(*(area.actions for area in AREAS))
OWNED = frozenset[str]().union(*(area.owned for area in AREAS))
OPEN_TO_ALL = frozenset[str]().union(*(area.open_to_all for area in AREAS))
NO_PAGE = frozenset[str]().union(*(area.no_page for area in AREAS))


def _keys(transaction: Transaction) -> dict[str, Any]:
    """The ids of everything that the transaction's company has, by the name that a path gives them."""
    company = transaction.company
    found = {"company_id": company.pk, "tenant_id": company.tenant_id, "public_id": transaction.public_id}
    return found | {name: value for area in AREAS for name, value in area.ids(transaction).items()}


def _of(name: str, *names: str) -> Address:
    def addresses(transaction: Transaction) -> list[str]:
        keys = _keys(transaction)
        return [reverse(f"desk:{name}", kwargs={each: keys[each] for each in names})]

    return addresses


PARAMETERS = {
    "transaction": {"public_id"},
    "standing": {"public_id"},
    "at-source": {"public_id"},
    "dry-run": {"public_id"},
    **{name: {"company_id", *names} for name, names in COMPANY_PAGES.items()},
    **{name: {"tenant_id", *names} for name, names in TENANT_PAGES.items()},
}
WALK: dict[str, tuple[str, Address]] = {
    "home": (A_LIST, lambda _: [reverse("desk:home")]),
    "transactions": (A_LIST, _list("desk:transactions")),
    "export": (A_LIST, _list("desk:export")),
    **{name: (OF_ONE, _of(name, *sorted(names))) for name, names in PARAMETERS.items()},
}


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which a door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def other(db: None) -> tuple[Scene, Transaction, tuple[str, ...]]:
    """Another tenant, one of its transactions, and every text by which it could be recognised."""
    scene = a_scene(name="Harbour Street Ltd")
    transaction, marks = marked(scene, "Kestrel77")
    _furnish(scene, "Kestrel77")
    return scene, transaction, (*marks, "Harbour Street", str(scene.company.pk))


def _furnish(scene: Scene, mark: str) -> None:
    """Connections to iCompleat and to accessplanit with an endpoint each, a record, a run and its change."""
    endpoint, _ = with_token(connection=SourceConnectionFactory.create(company=scene.company))
    with_token(connection=SourceConnectionFactory.create(company=scene.company, integration="accessplanit"))
    a_record(scene.connection, mark)
    run = a_sync(scene.connection, SyncState.VALIDATION_QUEUED, source=endpoint.connection, message=f"Message {mark}")
    a_change(run, Change.REMOVED, mark)


def _body(response: Any) -> str:
    return bytes(response.getvalue()).decode()


def _seen(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address)
    return response.status_code, _body(response)


def _walked(kind: str) -> list[str]:
    return [name for name, (which, _) in WALK.items() if which == kind]


def test_every_page_has_its_place_in_the_walk() -> None:
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns), "an included list must be walked, too"
    assert {pattern.name for pattern in urlpatterns} == set(WALK) | OPEN_TO_ALL


def test_every_id_in_a_path_is_walked() -> None:
    found = {str(pattern.name): set(pattern.pattern.converters) for pattern in urlpatterns}
    assert {name: ids for name, ids in found.items() if ids and name not in OPEN_TO_ALL} == PARAMETERS
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


@pytest.mark.parametrize("name", sorted(INNER_PAGES))
def test_nothing_of_another_tenants_company_can_be_changed(
    name: str, scene: Scene, other: tuple[Scene, Transaction, tuple[str, ...]], rung: list[int]
) -> None:
    _, transaction, marks = other
    before = _all_of(transaction)
    for address in WALK[name][1](transaction):
        response = scene.client.post(address, {"why": "Because.", "newest": "", "token": "x" * 40})
        assert response.status_code in {404, 405}, address
        assert [mark for mark in marks if mark in _body(response)] == []
    assert (_all_of(transaction), rung) == (before, [])


@pytest.mark.parametrize("name", [name for name, names in INNER_PAGES.items() if names and names not in WORDS_ONLY])
def test_another_tenants_object_is_not_found_under_ones_own_company(
    name: str, scene: Scene, other: tuple[Scene, Transaction, tuple[str, ...]], rung: list[int]
) -> None:
    marked(scene, "Merlin31")
    _furnish(scene, "Merlin31")
    _, transaction, _ = other
    before = _all_of(transaction)
    keys = {**_keys(transaction), "company_id": scene.company.pk, "tenant_id": scene.tenant.pk}
    address = reverse(f"desk:{name}", kwargs={each: keys[each] for each in PARAMETERS[name]})
    method = scene.client.post if name in ACTIONS else scene.client.get
    assert method(address, {"why": "Because."}).status_code == 404
    assert (_all_of(transaction), rung) == (before, [])


@pytest.mark.parametrize("name", sorted(set(INNER_PAGES) - ACTIONS))
def test_a_company_page_is_seen_by_whom_it_belongs_to(
    name: str, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    """Without this the tests above could not fail."""
    owner, transaction, _ = other
    for address in WALK[name][1](transaction):
        assert owner.client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", sorted(set(INNER_PAGES) - ACTIONS - NO_PAGE))
def test_a_company_page_has_nothing_inline_and_a_label_for_every_field(
    name: str, other: tuple[Scene, Transaction, tuple[str, ...]]
) -> None:
    owner, transaction, _ = other
    for address in WALK[name][1](transaction):
        body = _body(owner.client.get(address))
        assert (INLINE.findall(body), FROM_OUTSIDE.findall(body)) == ([], [])
        fields = re.findall(r'<(?:input|select|textarea)\b(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', body)
        assert [field for field in fields if f'<label for="{field}">' not in body] == []
        assert len(re.findall(r"<h1\b", body)) == (1 if "<html" in body else 0)


@pytest.mark.parametrize("name", sorted(INNER_PAGES))
def test_a_viewer_looks_and_changes_nothing(
    name: str, other: tuple[Scene, Transaction, tuple[str, ...]], rung: list[int]
) -> None:
    owner, transaction, _ = other
    Member.objects.filter(user=owner.user).update(role=Role.VIEWER)
    before = _all_of(transaction)
    for address in WALK[name][1](transaction):
        assert owner.client.get(address).status_code == (405 if name in ACTIONS else 200), address
        response = owner.client.post(address, {"why": "Because.", "newest": "", "token": "x" * 40})
        assert response.status_code in ({403} if name in ACTIONS else {403, 405}), address
        if response.status_code == 403:
            assert "You may look, but not change this" in _body(response)
    assert (_all_of(transaction), rung) == (before, [])


@pytest.mark.parametrize("name", sorted(OWNED))
def test_an_operator_does_not_do_what_owners_do(
    name: str, other: tuple[Scene, Transaction, tuple[str, ...]], rung: list[int]
) -> None:
    owner, transaction, _ = other
    Member.objects.filter(user=owner.user).update(role=Role.OPERATOR)
    for address in WALK[name][1](transaction):
        before = _all_of(transaction)
        response = owner.client.post(address, {"why": "Because."})
        assert response.status_code == 403, address
        assert "Only owners of" in _body(response)
        assert (_all_of(transaction), rung) == (before, [])


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


def _all_of(transaction: Transaction) -> tuple[object, ...]:
    """Everything of the transaction's company that a page could change."""
    company = transaction.company
    return (
        list(SyncRun.objects.filter(company=company).values()),
        list(Endpoint.objects.filter(connection__company=company).values()),
        list(EndpointToken.objects.filter(endpoint__connection__company=company).values()),
        list(company.connections.values("settings", "status")),
        AuditEvent.objects.filter(company_id=company.pk).count(),
    )


def _without_the_query(body: str, asked: str) -> str:
    """The page without what its reader typed: a search repeats its words."""
    for parameter in asked.split("&"):
        value = parameter.partition("=")[2]
        body = body.replace(value, "") if value else body
    return body
