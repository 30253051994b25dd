"""Where a second factor is required: the owner of a live company sets one up before anything else, and logs in with it
from then on; an operator is not stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_scene
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.e2e.people import look
from tests.factories import PASSWORD, MemberFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
WANTED = "/transactions/?state=posted"


@pytest.fixture(autouse=True)
def _required(settings: Any) -> Iterator[None]:
    """A code is good once, and allauth keeps in the cache which one was used last."""
    settings.SECOND_FACTOR = "required"
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return a_scene(name="Northgate Training Ltd")


def test_an_owner_sets_it_up_first_and_goes_on_to_what_was_wanted(scene: Scene, visit: Visit) -> None:
    owner = arrived(visit, scene.user, WANTED)
    page = owner.page
    _proves_it_is_the_owner(owner)
    expect(page.get_by_role("heading", name="Set up the authenticator app")).to_be_visible()
    expect(page.get_by_text("A company of yours is live, so its owners log in with a second factor.")).to_be_visible()
    look(owner, "second-factor-set-up")
    page.goto(f"{owner.base}/companies/{scene.company.pk}/settings/")
    expect(page.get_by_role("heading", name="Set up the authenticator app")).to_be_visible()

    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("Incorrect code.", exact=True)).to_be_visible()
    look(owner, "second-factor-wrong-code")
    secret = page.locator(".copyable .number").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Set it up").click()

    expect(page.get_by_role("heading", name="Keep them now: they are shown this once")).to_be_visible()
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(set(codes)) == 10
    look(owner, "second-factor-codes")
    page.get_by_role("link", name="I have kept them, go on").click()
    page.wait_for_url(f"{owner.base}/companies/{scene.company.pk}/settings/")
    owner.open("/accounts/2fa/recovery-codes/")
    expect(page.get_by_text("10 of 10 codes left")).to_be_visible()
    assert [code for code in codes if code in page.content()] == []
    look(owner, "second-factor-codes-gone")

    again = arrived(visit, scene.user, WANTED)
    expect(again.page.get_by_role("heading", name="Second factor")).to_be_visible()
    look(again, "second-factor-asked")
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=True):
        again.page.get_by_label("Code").fill(code_of(secret))
        again.page.get_by_role("button", name="Log in").click()
        again.page.wait_for_url(f"{again.base}{WANTED}")

    lost = arrived(visit, scene.user, WANTED)
    lost.page.get_by_label("Code").fill(codes[0])
    lost.page.get_by_role("button", name="Log in").click()
    lost.page.wait_for_url(f"{lost.base}{WANTED}")


def test_an_operator_is_not_stopped(scene: Scene, visit: Visit) -> None:
    member: Member = MemberFactory.create(tenant=scene.tenant, role=Role.OPERATOR)
    operator = arrived(visit, member.user, WANTED)
    operator.page.wait_for_url(f"{operator.base}{WANTED}")
    expect(operator.page.get_by_role("heading", name="Transactions")).to_be_visible()


def test_the_owner_of_a_company_that_is_not_live_is_not_stopped_yet(transactional_db: None, visit: Visit) -> None:
    scene = a_scene(name="Quay Ltd", live_at=None)
    owner = arrived(visit, scene.user, WANTED)
    owner.page.wait_for_url(f"{owner.base}{WANTED}")


def _proves_it_is_the_owner(owner: Watched) -> None:
    """The password once more, for an open browser is no proof."""
    page = owner.page
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    expect(page.get_by_text("A company of yours is live, so its owners log in with a second factor.")).to_be_visible()
    look(owner, "second-factor-confirm")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def arrived(visit: Visit, user: Any, path: str) -> Watched:
    """In a browser of its own, as far as the password leads."""
    visitor = visit()
    visitor.open(path)
    visitor.log_in(user.username, PASSWORD)
    visitor.page.wait_for_url(lambda address: "/login/" not in address)
    return visitor


def code_of(secret: str) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))
