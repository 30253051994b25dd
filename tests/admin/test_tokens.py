"""An endpoint's tokens in the staff site: shown once, never again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Endpoint
from portal.connections.tokens import carries_live_token, issue_token, live_tokens
from portal.events.models import AuditEvent
from tests.factories import EndpointFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint() -> Endpoint:
    made: Endpoint = EndpointFactory.create()
    return made


def page(endpoint: Endpoint, name: str) -> str:
    return reverse(f"admin:connections_endpoint_{name}", args=[endpoint.pk])


def rotate(client: Client, endpoint: Endpoint) -> Any:
    """Ask and confirm, as a browser does."""
    asked = client.get(page(endpoint, "rotate")).content.decode()
    newest = re.search(r'name="newest"(?: value="(\d+)")?', asked)
    assert newest
    data = {"confirmed": "yes", "newest": newest[1] or ""}
    return client.post(page(endpoint, "rotate"), data)


def accepted(endpoint: Endpoint, token: str) -> bool:
    return carries_live_token([row.digest for row in live_tokens(endpoint, timezone.now())], [token])


def test_the_new_token_is_shown_exactly_once_with_a_copy_button(staff: Client, endpoint: Endpoint) -> None:
    older = issue_token(endpoint, who="tests")
    events = AuditEvent.objects.count()
    response = rotate(staff, endpoint)
    text = response.content.decode()
    found = re.search(r'data-copy="(prm_[\w-]+)"', text)
    assert found
    token = found[1]
    assert "no-store" in response.headers["Cache-Control"]
    assert f"The token ending in {older[-4:]} keeps working until it retires." in text
    assert accepted(endpoint, token)
    assert accepted(endpoint, older)
    assert AuditEvent.objects.count() == events + 1
    for address in (
        page(endpoint, "change"),
        page(endpoint, "rotate"),
        reverse("admin:index"),
        "/admin/events/auditevent/",
    ):
        assert token not in staff.get(address).content.decode()


def test_a_look_at_the_confirm_page_makes_no_token(staff: Client, endpoint: Endpoint) -> None:
    staff.get(page(endpoint, "rotate"))
    staff.post(page(endpoint, "rotate"), {"newest": ""})
    assert endpoint.tokens.count() == 0


def test_a_reload_of_the_page_with_the_token_makes_no_second_one(staff: Client, endpoint: Endpoint) -> None:
    assert rotate(staff, endpoint).status_code == 200
    again = staff.post(page(endpoint, "rotate"), {"confirmed": "yes", "newest": ""}, follow=True)
    assert "A token was made meanwhile, so nothing was done." in again.content.decode()
    assert endpoint.tokens.count() == 1


def test_the_confirm_page_says_what_becomes_of_the_older_ones(staff: Client, endpoint: Endpoint) -> None:
    first, second = issue_token(endpoint, who="tests"), issue_token(endpoint, who="tests")
    text = staff.get(page(endpoint, "rotate")).content.decode()
    assert f"The token ending in {first[-4:]} is refused from then on: at most two are live." in text
    assert f"The token ending in {second[-4:]} works for 24 hours more" in text
    rotate(staff, endpoint)
    assert (accepted(endpoint, first), accepted(endpoint, second)) == (False, True)


def test_a_pasted_token_is_taken_and_not_shown_and_a_short_one_warned_about(staff: Client, endpoint: Endpoint) -> None:
    token = "eighteen-chars-abc"
    response = staff.post(page(endpoint, "paste"), {"confirmed": "yes", "token": token}, follow=True)
    text = response.content.decode()
    assert "This token has 18 characters. 24 or more are advised" in text
    assert token not in text
    assert "…-abc" in text
    assert accepted(endpoint, token)


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("fifteen-chars-a", "A token needs at least 16 characters; this one has 15."),
        ("a token with blanks in it", "A token is at most 500 printable ASCII characters without blanks."),
        ("", "This field is required."),
    ],
)
def test_a_bad_token_is_refused_and_not_echoed(staff: Client, endpoint: Endpoint, token: str, problem: str) -> None:
    text = staff.post(page(endpoint, "paste"), {"confirmed": "yes", "token": token}).content.decode()
    assert problem in text
    assert not token or token not in text
    assert endpoint.tokens.count() == 0


def test_one_token_is_retired_now(staff: Client, endpoint: Endpoint) -> None:
    first, second = issue_token(endpoint, who="tests"), issue_token(endpoint, who="tests")
    row = endpoint.tokens.get(hint=second[-4:])
    asked = staff.get(page(endpoint, "retire") + f"?token={row.pk}").content.decode()
    assert f"Calls with the token ending in {second[-4:]} are refused at once." in asked
    assert "The other live token keeps working." in asked
    staff.post(page(endpoint, "retire"), {"confirmed": "yes", "token": str(row.pk)})
    assert (accepted(endpoint, first), accepted(endpoint, second)) == (True, False)


def test_retiring_the_last_one_says_so(staff: Client, endpoint: Endpoint) -> None:
    issue_token(endpoint, who="tests")
    asked = staff.get(page(endpoint, "retire") + f"?token={endpoint.tokens.get().pk}").content.decode()
    assert "No live token is left: every call is refused until there is one." in asked


@pytest.mark.parametrize("token", ["", "x", "999999", "٣", "1; drop"])
def test_a_token_that_is_not_this_endpoints_is_not_found(staff: Client, endpoint: Endpoint, token: str) -> None:
    other: Endpoint = EndpointFactory.create()
    issue_token(other, who="tests")
    assert staff.get(page(endpoint, "retire"), {"token": token or str(other.tokens.get().pk)}).status_code == 404


def test_discovery_is_open_for_an_hour(staff: Client, endpoint: Endpoint) -> None:
    staff.post(page(endpoint, "discovery"), {"confirmed": "yes"})
    endpoint.refresh_from_db()
    assert endpoint.discovery_until is not None
    left = endpoint.discovery_until - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)
    assert "Open until" in staff.get(page(endpoint, "change")).content.decode()


@pytest.mark.parametrize("name", ["rotate", "paste", "retire", "discovery"])
def test_tokens_are_closed_to_staff_who_may_only_look(
    endpoint: Endpoint, staff_with: Callable[..., Client], name: str
) -> None:
    viewer = staff_with("connections.view_endpoint")
    data = {"confirmed": "yes", "newest": "", "token": "a-token-of-twenty-four-characters"}
    assert viewer.get(page(endpoint, "change")).status_code == 200
    assert viewer.get(page(endpoint, name)).status_code == 403
    assert viewer.post(page(endpoint, name), data).status_code == 403
    assert endpoint.tokens.count() == 0
    endpoint.refresh_from_db()
    assert endpoint.discovery_until is None


def test_the_url_to_enter_at_the_source_can_be_copied(staff: Client, endpoint: Endpoint) -> None:
    url = f"http://127.0.0.1:8000/webhooks/icompleat/{endpoint.pk}/"
    assert f'data-copy="{url}"' in staff.get(page(endpoint, "change")).content.decode()
