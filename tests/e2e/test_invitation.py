"""An owner invites an operator in a browser; the mail's link is opened in another one, by whoever reads the address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import expect

from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_scene
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.e2e.people import look
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
KIM = "kim@example.org"
# It puts the form of this page to another use, as an old tab does whose reader was an owner when it was opened.
SEND_ELSEWHERE = """([form, address]) => { form.action = address; form.submit(); }"""


@pytest.fixture(autouse=True)
def _nobody_was_here_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    scene = a_scene(name="Northgate Training Ltd")
    scene.receive(number="INV-1")
    return scene


def test_an_operator_is_invited_joins_and_sees_what_operators_see(scene: Scene, visit: Visit) -> None:
    link = _invited(scene, visit)
    kim = visit()
    kim.open(link)
    expect(kim.page.get_by_role("heading", name=f"Join {scene.tenant.name}")).to_be_visible()
    assert "token" not in kim.page.url
    look(kim, "invitation-opened")
    kim.page.get_by_role("link", name="Choose a password and join").click()
    expect(kim.page.get_by_label("E-mail address")).to_have_value(KIM)
    expect(kim.page.get_by_label("E-mail address")).to_be_disabled()
    look(kim, "invitation-password")
    kim.page.get_by_label("Password", exact=True).fill(PASSWORD)
    kim.page.get_by_role("button", name="Join").click()
    expect(kim.page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(kim.page.get_by_text(scene.company.name).first).to_be_visible()
    look(kim, "invitation-joined")
    member = Member.objects.get(user__email=KIM)
    assert (member.tenant, member.role) == (scene.tenant, Role.OPERATOR)

    _finds_the_owners_pages_shut(scene, kim)
    _is_good_once(visit, link)


def test_it_is_accepted_with_the_address_alone_that_it_was_sent_to(scene: Scene, visit: Visit) -> None:
    link, other = _invited(scene, visit), UserFactory.create(username="lee", email="lee@example.org")
    lee = visit()
    lee.open("/accounts/login/")
    lee.log_in(other.username, PASSWORD)
    lee.page.wait_for_url(lambda address: "/login/" not in address)
    lee.open(link)
    expect(lee.page.get_by_role("heading", name="This invitation is for somebody else")).to_be_visible()
    expect(lee.page.get_by_role("button", name="Join")).to_have_count(0)
    assert KIM not in lee.page.content()
    look(lee, "invitation-for-somebody-else")
    assert not Member.objects.filter(user=other).exists()
    lee.page.get_by_role("button", name="Stay logged in").click()
    expect(lee.page.get_by_role("heading", name="Companies")).to_be_visible()


def _invited(scene: Scene, visit: Visit) -> str:
    """What the mail's link leads to; the owner sees who is invited."""
    owner = visit()
    owner.open(reverse("desk:people", args=[scene.tenant.pk]))
    owner.log_in(scene.user.username, PASSWORD)
    owner.page.get_by_label("E-mail address").fill(KIM)
    owner.page.get_by_label(re.compile("^Operator")).check()
    owner.page.get_by_role("button", name="Send the invitation").click()
    expect(owner.page.get_by_role("heading", name=KIM)).to_be_visible()
    look(owner, "invitation-sent")
    [sent] = [one for one in mail.outbox if one.to == [KIM]]
    [link] = re.findall(r"https?://[^/\s]+(/\S+)", str(sent.body))[:1]
    return str(link)


def _finds_the_owners_pages_shut(scene: Scene, kim: Watched) -> None:
    page = kim.page
    for name, said in (("unlink", "can do this"), ("close", "can do this"), ("audit", "This is for owners")):
        kim.open(reverse(f"desk:{name}", args=[scene.company.pk]))
        expect(page.locator("main")).to_contain_text(said)
        expect(page.locator("main form[method=post]")).to_have_count(0)
    kim.open(reverse("desk:people", args=[scene.tenant.pk]))
    expect(page.get_by_text(f"Owners of {scene.tenant.name} invite people")).to_be_visible()
    expect(page.get_by_role("button", name="Send the invitation")).to_have_count(0)

    address = reverse("desk:close", args=[scene.company.pk])
    kim.expected.add(address)
    page.evaluate(SEND_ELSEWHERE, [page.locator(".top form").element_handle(), address])
    expect(page.get_by_role("heading", name="You may look, but not change this")).to_be_visible()
    expect(page.get_by_text(f"Only owners of {scene.tenant.name} can do this, so nothing was done.")).to_be_visible()
    look(kim, "invitation-owners-only")
    page.get_by_role("link", name=f"Back to {scene.company.name}").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    scene.company.refresh_from_db()
    assert scene.company.closed_at is None


def _is_good_once(visit: Visit, link: str) -> None:
    somebody = visit()
    somebody.expected.add(reverse("desk:invitation"))
    somebody.open(link)
    expect(somebody.page.get_by_role("heading", name="This invitation was used")).to_be_visible()
    look(somebody, "invitation-used")
