"""Every page of the customers in Chromium, light and dark, wide and narrow: it is there, it complains of nothing, axe
finds nothing, and nothing sticks out of a telephone. A new address without its place in `places.py` fails.

Kept with POSTROOM_SCREENSHOTS: some 500 pictures, called page-<name>-<stage>-<scheme>-<width>.png.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern
from playwright.sync_api import expect
from pytest_django.asserts import assertContains

from portal.desk.urls import urlpatterns
from tests.desk.test_scope import ACTIONS
from tests.e2e import everything
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.e2e.everything import Everything
from tests.e2e.places import ALWAYS_THE_SAME, ELSEWHERE, FILES, FIRST, PARTS, PLACES, first, spots
from tests.factories import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
# Only sent, never opened, by visitors, too.
SENT = ACTIONS | {"invitation-as-another", "confirmation-again"}


@pytest.fixture
def world(transactional_db: None) -> Everything:
    return everything.build()


def test_every_address_has_its_place() -> None:
    assert all(isinstance(one, URLPattern) for one in urlpatterns)
    placed = [*PLACES, *PARTS, *FILES, *ELSEWHERE, *SENT]
    assert sorted(placed) == sorted(str(one.name) for one in urlpatterns)


def test_every_page(world: Everything, visit: Visit) -> None:
    readers = {name: _reader(visit, user) for name, user in world.people.items()}
    wrong: list[str] = []
    for name, spot in spots():
        path = spot.path(name, world)
        wrong += (f"{path}: {one}" for one in seen(readers[spot.who], path, spot.picture(name)))
    assert not wrong, "\n".join(wrong)


def test_where_there_is_nothing_yet_each_page_says_what_to_do_first(world: Everything) -> None:
    client = Client()
    client.force_login(world.people["newcomer"])
    of_the_newcomer = {name: spot for name, spot in spots() if spot.stage == "new" and not spot.query}
    assert set(of_the_newcomer) == set(FIRST) | ALWAYS_THE_SAME
    for name, words in FIRST.items():
        assertContains(client.get(of_the_newcomer[name].path(name, world)), words)


def test_what_is_no_page_is_what_it_is_said_to_be(world: Everything) -> None:
    client = Client()
    client.force_login(world.people["owner"])
    for name in FILES:
        answer = client.get(first(name, world))
        assert (answer.status_code, answer.headers["Content-Disposition"][:10]) == (200, "attachment"), name
    for name in PARTS:
        answer = client.get(first(name, world), headers={"HX-Request": "true"})
        assert (answer.status_code, b"<html" in answer.content) == (200, False), name


def seen(reader: Watched, path: str, picture: str) -> list[str]:
    """Open a page and look at it in every way; what is wrong with it."""
    before = len(reader.complaints)
    answer = reader.page.goto(reader.base + path)
    assert answer is not None
    wrong = [] if answer.status == 200 else [f"it answered {answer.status}"]
    if urlsplit(reader.page.url).path != urlsplit(path).path:
        wrong.append(f"it led to {reader.page.url}")
    expect(reader.page.locator(".htmx-request")).to_have_count(0)
    reader.shoot(picture, is_brisk=True)
    wrong += [f"{width} px are too narrow for it" for width in reader.too_narrow()]
    found = reader.complaints[before:]
    del reader.complaints[before:]
    return wrong + found


def _reader(visit: Visit, user: Any) -> Watched:
    reader = visit()
    reader.open("/accounts/login/")
    reader.log_in(user.username, PASSWORD)
    reader.page.wait_for_url(lambda address: "login" not in address)
    return reader
