"""A company is closed by an owner who types its name, when nothing is under way; then it stays readable."""

from __future__ import annotations

import pytest

from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.postings.models import Posting
from portal.postings.states import State
from portal.tenants import living
from portal.tenants.models import Company
from tests.desk.company_settings.conftest import of_company, page, said, text_of
from tests.desk.scene import Scene
from tests.factories import CompanyFactory, SourceConnectionFactory, with_token

pytestmark = pytest.mark.engine


def close(scene: Scene, **given: str) -> str:
    data = {"name": scene.company.name, "why": "It was merged.", **given}
    return text_of(scene.client.post(of_company(scene, "close"), data, follow=True))


def closed_at(scene: Scene) -> object:
    return Company.objects.get(pk=scene.company.pk).closed_at


def test_a_company_is_closed_and_its_links_end(demo: Scene) -> None:
    SourceConnectionFactory.create(company=demo.company)
    demo.in_state(State.POSTED)
    body = close(demo)
    assert f"{demo.company.name} is closed. Everything stays readable." in body
    assert closed_at(demo) is not None
    assert set(Connection.objects.filter(company=demo.company).values_list("status", flat=True)) == {Status.UNLINKED}
    verbs = AuditEvent.objects.filter(company_id=demo.company.pk).values_list("verb", flat=True)
    assert {"company.closed", "connection.unlinked"} <= set(verbs)


def test_whoever_sends_to_a_closed_company_is_told_that_it_is_closed(demo: Scene) -> None:
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=demo.company))
    close(demo)
    response = demo.client.post(
        f"/webhooks/icompleat/{endpoint.pk}/", b"{}", content_type="application/json",
        headers={"x-api-compleat-token": token},
    )  # fmt: skip
    assert response.status_code == 400
    assert "closed" in text_of(response)


def test_the_name_is_typed_as_it_stands(demo: Scene) -> None:
    assert "This is not the company’s name" in close(demo, name="Another Ltd")
    assert closed_at(demo) is None
    assert Connection.objects.get(pk=demo.connection.pk).status == Status.LINKED


@pytest.mark.parametrize("typed", ["  {name} ", "{lower}"])
def test_its_letter_case_and_blanks_around_it_do_not_matter(demo: Scene, typed: str) -> None:
    name = demo.company.name
    close(demo, name=typed.format(name=name, lower=name.lower()))
    assert closed_at(demo) is not None


def test_while_postings_are_under_way_it_says_so_and_does_nothing(demo: Scene) -> None:
    demo.in_state(State.READY)
    assert "1 posting is on the way" in page(demo.client, of_company(demo, "close"))
    assert "1 posting is on the way" in close(demo)
    assert closed_at(demo) is None
    assert Connection.objects.get(pk=demo.connection.pk).status == Status.LINKED


def test_what_waits_for_an_unlinked_connection_does_not_keep_it_open(demo: Scene) -> None:
    posting = demo.in_state(State.READY)
    Connection.objects.filter(pk=demo.connection.pk).update(status=Status.UNLINKED)
    close(demo)
    assert Posting.objects.get(pk=posting.pk).state == State.HELD
    assert closed_at(demo) is not None


def test_a_closed_company_stays_readable_and_offers_nothing_to_change(demo: Scene) -> None:
    close(demo)
    body = page(demo.client, of_company(demo, "settings"))
    assert "This company was closed on" in body
    for gone in ("Rename", "Unlink", "Authorise it anew", "Choose the accounting system"):
        assert gone not in body
    assert "It is closed" in page(demo.client, of_company(demo, "close"))
    for name in ("audit", "data-export"):
        page(demo.client, of_company(demo, name))


def test_what_was_linked_still_when_it_was_closed_can_be_unlinked_afterwards(demo: Scene) -> None:
    living.close(demo.company, who="staff", why="Asked for by mail.")
    assert "What happens" in page(demo.client, of_company(demo, "close"))
    response = demo.client.post(of_company(demo, "close"), {"name": demo.company.name, "why": "The rest."}, follow=True)
    assert said(response)[0].endswith("is closed. Everything stays readable.")
    assert Connection.objects.get(pk=demo.connection.pk).status == Status.UNLINKED


@pytest.mark.parametrize("name", ["source", "source-test", "endpoints-open", "sync-all", "unlink", "company-name"])
def test_nothing_of_a_closed_company_can_be_changed_and_it_says_why(demo: Scene, name: str) -> None:
    close(demo)
    events = AuditEvent.objects.count()
    response = demo.client.post(of_company(demo, name), {"why": "Because."})
    assert response.status_code == 403
    assert f"{demo.company.name} is closed, so nothing was done." in text_of(response)
    assert AuditEvent.objects.count() == events


def test_the_data_of_a_closed_company_can_be_taken_away_and_its_trail_read(demo: Scene) -> None:
    close(demo)
    response = demo.client.post(of_company(demo, "data-export"), {"form": "json"})
    assert demo.company.name.encode() in bytes(response.getvalue())
    assert "was closed: It was merged." in page(demo.client, of_company(demo, "audit"))


def test_the_list_of_companies_folds_those_that_are_closed(demo: Scene) -> None:
    CompanyFactory.create(tenant=demo.tenant, name="Open Quay Ltd")
    close(demo)
    body = page(demo.client, "/")
    assert "Closed companies (1)" in body
    assert body.index("Open Quay Ltd") < body.index("<details") < body.index(f">{demo.company.name}</a>")
