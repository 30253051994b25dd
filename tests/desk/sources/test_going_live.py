"""The way to going live of a company whose documents are read, with iCompleat beside it and without."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.connections.models import Connection, Endpoint, Status
from portal.connections.surveying import survey
from portal.desk.access import Place
from portal.desk.going_live.checklist import Checklist, checklist_of
from portal.desk.going_live.steps import Stand, Step
from portal.tenants import living
from portal.tenants.models import Company
from tests.desk.scene import Scene
from tests.desk.sources.platform import Platform
from tests.desk.sources.test_linking import text_of
from tests.factories import SourceConnectionFactory

pytestmark = pytest.mark.engine
OURS = ["accessplanit", "accessplanit-seen", "accessplanit-fields", "accessplanit-webhook"]


@pytest.fixture(autouse=True)
def not_live(scene: Scene) -> None:
    Company.objects.filter(pk=scene.company.pk).update(live_at=None)
    scene.company.refresh_from_db()
    scene.connection.confirmed_at = scene.connection.created_at
    scene.connection.save()


def checklist(scene: Scene) -> Checklist:
    return checklist_of(Place.of(scene.user, scene.company.pk))


def step(scene: Scene, key: str) -> Step:
    return next(one for one in checklist(scene).all_steps if one.key == key)


def keys(scene: Scene) -> list[str]:
    return [one.key for one in checklist(scene).steps]


def test_without_any_source_one_is_to_be_chosen(scene: Scene) -> None:
    found = step(scene, "source")
    assert (found.title, found.stand) == ("Connect what sends documents", Stand.TO_DO)
    assert found.href == reverse("desk:sources", args=[scene.company.pk])


def test_with_accessplanit_alone_there_is_no_step_of_icompleat(scene: Scene, linked: Connection) -> None:
    found = keys(scene)
    assert [key for key in found if key in {"source", "addresses", "delivery"}] == []
    assert [key for key in found if key in OURS] == OURS
    assert "iCompleat" not in text_of(scene.client.get(reverse("desk:set-up", args=[scene.company.pk])))
    assert step(scene, "go-live").said.endswith("Until then nothing is read from accessplanit, and nothing is booked.")


def test_with_both_there_are_the_steps_of_both(scene: Scene, linked: Connection) -> None:
    SourceConnectionFactory.create(company=scene.company)
    assert [key for key in keys(scene) if key in {"source", "addresses", "delivery", *OURS}] == [
        "source", "addresses", "delivery", *OURS,
    ]  # fmt: skip
    assert "Connect iCompleat" in step(scene, "source").title


def test_with_icompleat_alone_nothing_is_new(scene: Scene) -> None:
    SourceConnectionFactory.create(company=scene.company)
    assert set(keys(scene)).isdisjoint(OURS)
    assert step(scene, "go-live").said.endswith("Until then iCompleat is told “not live yet”, and nothing is booked.")


def test_what_its_user_does_not_see_is_to_be_mended(scene: Scene, linked: Connection, platform: Platform) -> None:
    assert step(scene, "accessplanit-seen").stand is Stand.DONE
    platform.change(hidden=["Transaction"])
    survey(linked, who="tests")
    assert step(scene, "accessplanit-seen").stand is Stand.MEND
    assert "Payments and refunds" in step(scene, "accessplanit-seen").said


@pytest.mark.parametrize("status", [Status.DEAUTHORISED, Status.PENDING_AUTH])
def test_a_lost_access_is_the_only_step_of_it(scene: Scene, linked: Connection, status: Status) -> None:
    Connection.objects.filter(pk=linked.pk).update(status=status)
    assert step(scene, "accessplanit").stand is Stand.MEND
    assert [key for key in keys(scene) if key in OURS] == ["accessplanit"]
    assert any(one.key == "accessplanit" for one in checklist(scene).missing)


def test_without_an_open_address_nothing_could_be_kept(scene: Scene, linked: Connection) -> None:
    Endpoint.objects.filter(connection=linked).update(is_active=False)
    assert step(scene, "accessplanit").stand is Stand.MEND


def test_the_company_goes_live_without_a_token(scene: Scene, linked: Connection) -> None:
    assert checklist(scene).missing == []
    page = text_of(scene.client.get(reverse("desk:go-live", args=[scene.company.pk])))
    assert "Reading accessplanit begins within a minute" in page
    assert "iCompleat" not in page
    assert list(living.lacks(scene.company)) == []


def test_going_back_says_that_nothing_is_read(scene: Scene, linked: Connection) -> None:
    Company.objects.filter(pk=scene.company.pk).update(live_at=scene.connection.created_at)
    page = text_of(scene.client.get(reverse("desk:not-live", args=[scene.company.pk])))
    assert "Nothing is read from accessplanit any more." in page
    assert "iCompleat" not in page
