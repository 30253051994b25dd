"""What is linked, what unlinking means, and what it does: said before, done once, by owners alone."""

from __future__ import annotations

from typing import Any

import pytest

from portal.connections.models import Connection, Endpoint, Status
from portal.desk.company_settings import views
from portal.events.models import AuditEvent
from portal.postings import unlinked
from portal.postings.models import Posting
from portal.postings.states import State
from portal.tenants.models import Role
from tests.desk.company_settings.conftest import of_company, page, said, text_of, with_role
from tests.desk.scene import Scene
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, with_token

pytestmark = pytest.mark.engine
WHY = "We change over."


def status(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).status


def test_the_page_says_what_is_linked_and_since_when(demo: Scene) -> None:
    Connection.objects.filter(pk=demo.connection.pk).update(
        linked_at="2026-11-20T12:00Z", external_company_name="Harbour Street in Leeds"
    )
    body = page(demo.client, of_company(demo, "settings"))
    assert "Harbour Street in Leeds · linked since" in body
    assert "20 Nov 2026 12:00" in body
    assert "Demo Books" in body
    assert demo.company.base_currency in body


def test_what_has_lost_its_access_says_so_and_how_to_mend_it(demo: Scene) -> None:
    Connection.objects.filter(pk=demo.connection.pk).update(status=Status.DEAUTHORISED)
    body = page(demo.client, of_company(demo, "settings"))
    assert "Demo Books does not accept our access any more. Nothing is lost" in body
    assert "Link it again" in body


def test_without_any_link_it_says_what_to_do_first(demo: Scene) -> None:
    Connection.objects.filter(pk=demo.connection.pk).update(status=Status.UNLINKED)
    assert "Choose the accounting system" in page(demo.client, of_company(demo, "settings"))


def test_the_confirmation_says_what_waits_and_what_becomes_of_it(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlinked, "COUNTED", 2)
    for state in (State.READY, State.READY, State.READY, State.UNKNOWN, State.HELD):
        demo.in_state(state)
    body = page(demo.client, of_company(demo, "unlink"))
    assert "2+ postings</strong> that wait and have not been booked" in body
    assert "1 posting</strong> of which it is not known whether it is booked" in body
    assert "1 posting</strong> that needs a person already" in body
    assert "credentials that are stored here are deleted" in body
    assert status(demo.connection) == Status.LINKED


def test_unlinking_wipes_the_credentials_and_holds_what_waits(demo: Scene) -> None:
    ready, posted = demo.in_state(State.READY), demo.in_state(State.POSTED)
    response = demo.client.post(of_company(demo, "unlink"), {"why": WHY}, follow=True)
    assert said(response)[0] == "Demo Books is unlinked. Nothing is sent there any more."
    connection = Connection.objects.get(pk=demo.connection.pk)
    assert (connection.status, connection.secrets) == (Status.UNLINKED, {})
    assert Posting.objects.get(pk=ready.pk).state == State.HELD
    assert Posting.objects.get(pk=posted.pk).state == State.POSTED
    body = text_of(response)
    assert "What an unlinked connection left behind" in body
    assert "1 that needs a person" in body
    event = AuditEvent.objects.get(verb="connection.unlinked")
    assert (event.who, event.company_id) == (demo.user.username, demo.company.pk)
    assert WHY in event.message


def test_a_reason_is_asked_for_and_nothing_is_done_without(demo: Scene) -> None:
    response = demo.client.post(of_company(demo, "unlink"), {"why": " "})
    assert "Say why" in text_of(response)
    assert 'href="#field-why"' in text_of(response)
    assert status(demo.connection) == Status.LINKED


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
@pytest.mark.parametrize("name", ["unlink", "unlink-source", "close"])
def test_owners_alone_end_anything(demo: Scene, role: Role, name: str) -> None:
    SourceConnectionFactory.create(company=demo.company)
    client, _ = with_role(demo.tenant, role)
    assert "can do this" in page(client, of_company(demo, name))
    assert client.post(of_company(demo, name), {"why": WHY, "name": demo.company.name}).status_code == 403
    assert status(demo.connection) == Status.LINKED


def test_a_second_press_finds_nothing_to_unlink(demo: Scene) -> None:
    demo.client.post(of_company(demo, "unlink"), {"why": WHY})
    assert "There is nothing to unlink" in text_of(demo.client.post(of_company(demo, "unlink"), {"why": WHY}))
    assert AuditEvent.objects.filter(verb="connection.unlinked").count() == 1


def test_what_the_vendor_did_not_take_is_said(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(connection: Connection, **_: Any) -> str:
        Connection.objects.filter(pk=connection.pk).update(status=Status.UNLINKED)
        return "It could not be told. Take the access away there, too."

    monkeypatch.setattr(views, "end", end)
    response = demo.client.post(of_company(demo, "unlink"), {"why": WHY}, follow=True)
    assert said(response)[1] == "It could not be told. Take the access away there, too."


def test_unlinking_icompleat_shuts_its_addresses(demo: Scene) -> None:
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=demo.company))
    body = page(demo.client, of_company(demo, "unlink-source"))
    assert "The 1 address that iCompleat sends to is shut at once" in body
    demo.client.post(of_company(demo, "unlink-source"), {"why": WHY})
    assert not Endpoint.objects.get(pk=endpoint.pk).is_active
    response = demo.client.post(
        f"/webhooks/icompleat/{endpoint.pk}/", b"{}", content_type="application/json",
        headers={"x-api-compleat-token": token},
    )  # fmt: skip
    assert response.status_code == 401
    assert status(demo.connection) == Status.LINKED
    assert AuditEvent.objects.filter(verb="endpoint.shut", company_id=demo.company.pk).count() == 1


def test_the_page_costs_the_same_however_much_waits(demo: Scene, django_assert_num_queries: Any) -> None:
    DemoConnectionFactory.create(company=demo.company, status=Status.UNLINKED)
    client = demo.client
    client.get(of_company(demo, "settings"))
    with django_assert_num_queries(10):
        client.get(of_company(demo, "settings"))
    for _ in range(5):
        demo.in_state(State.READY)
    SourceConnectionFactory.create(company=demo.company)
    with django_assert_num_queries(10):
        client.get(of_company(demo, "settings"))
