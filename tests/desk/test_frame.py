"""What every page has in common: the frame, the log-in, the error pages, and nothing inline."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults
from django.views.csrf import csrf_failure
from pytest_django.asserts import assertContains, assertNotContains

from portal.postings.states import State
from tests.desk.scene import Scene
from tests.factories import PASSWORD, StaffFactory

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
FROM_OUTSIDE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""", re.IGNORECASE)
PAGES = (
    "/",
    "/transactions/",
    "/transactions/?q=nothing",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/reauthenticate/",
    "/accounts/2fa/",
)


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_outside(scene: Scene, address: str) -> None:
    for client in (Client(), scene.client):
        body = client.get(address, follow=True).content.decode()
        assert INLINE.findall(body) == []
        assert FROM_OUTSIDE.findall(body) == []


def test_the_page_of_a_transaction_has_nothing_inline(demo: Scene) -> None:
    posting = demo.in_state(State.UNKNOWN)
    body = demo.client.get(f"/transactions/{posting.transaction.public_id}/").content.decode()
    assert INLINE.findall(body) == []
    assert FROM_OUTSIDE.findall(body) == []


def test_the_policy_stands_on_the_pages(scene: Scene) -> None:
    policy = scene.client.get("/transactions/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", PAGES)
def test_the_frame_can_be_used_without_a_mouse(scene: Scene, address: str) -> None:
    body = scene.client.get(address, follow=True).content.decode()
    assert '<html lang="en-GB">' in body
    assert body.index('class="skip-link" href="#content"') < body.index("<header")
    assert '<main id="content"' in body
    assert len(re.findall(r"<h1\b", body)) == 1


def test_every_field_has_its_label(scene: Scene) -> None:
    scene.receive()
    for address in ("/transactions/", "/accounts/password/change/"):
        body = scene.client.get(address).content.decode()
        fields = re.findall(r'<(?:input|select|textarea)\b(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', body)
        assert fields
        assert [field for field in fields if f'<label for="{field}">' not in body] == []


def test_a_visitor_is_sent_to_log_in_and_comes_back(scene: Scene) -> None:
    client = Client()
    wanted = "/transactions/?state=posted"
    address = client.get(wanted).headers["Location"]
    assertContains(client.get(address), "E-mail address")
    for login in (scene.user.username, scene.user.email):
        fresh = Client()
        response = fresh.post(address, {"login": login, "password": PASSWORD})
        assert (response.status_code, response.headers["Location"]) == (302, wanted)


def test_a_wrong_password_says_so_and_logs_nobody_in(scene: Scene) -> None:
    client = Client()
    response = client.post(reverse("account_login"), {"login": scene.user.username, "password": "wrong"})
    assertContains(response, "are not correct together")
    assert client.get("/transactions/").status_code == 302


def test_nobody_signs_up_alone(db: None, settings: Any) -> None:
    settings.SIGN_UP = "invited"
    response = Client().get(reverse("account_signup"))
    assertNotContains(response, "<input")


def test_logging_out_needs_a_deliberate_press(scene: Scene) -> None:
    client = scene.client
    assertContains(client.get(reverse("account_logout")), "This ends your session")
    assert client.get("/transactions/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/transactions/").status_code == 302


def test_only_staff_are_shown_the_way_to_the_staff_site(scene: Scene) -> None:
    assertNotContains(scene.client.get("/transactions/"), reverse("admin:index"))
    client = Client()
    client.force_login(StaffFactory())
    assertContains(client.get("/"), f'href="{reverse("admin:index")}"')


def test_the_error_pages_say_what_to_do() -> None:
    request = RequestFactory().get("/")
    pages = {
        400: defaults.bad_request(request, SuspiciousOperation()),
        403: defaults.permission_denied(request, PermissionError()),
        404: defaults.page_not_found(request, LookupError()),
        500: defaults.server_error(request),
    }
    for status, page in pages.items():
        assert page.status_code == status
        body = page.content.decode()
        assert "postroom/desk.css" in body
        assert "To the start page" in body
        assert INLINE.findall(body) == []


def test_a_form_that_expired_says_that_nothing_was_changed() -> None:
    response = csrf_failure(RequestFactory().post("/"))
    assertContains(response, "Nothing was changed.", status_code=403)


def test_the_page_of_a_failure_asks_for_nothing_that_may_be_broken(settings: Any) -> None:
    """Neither the database, which this test has none of, nor the manifest of static files: both may be why it shows."""
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}
    page = defaults.server_error(RequestFactory().get("/"))
    assert b'href="/static/postroom/tokens.css"' in page.content
