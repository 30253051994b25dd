"""Request ids, probes before everything, security headers."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from portal import context
from portal.operations.middleware import RequestContext, SecurityHeaders

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; img-src 'self'"
)


def ids_inside(**headers: str) -> tuple[dict[str, str], str]:
    seen: dict[str, str] = {}

    def view(request: HttpRequest) -> HttpResponse:
        seen.update(context.ids())
        return HttpResponse()

    response = RequestContext(view)(RequestFactory().get("/page", headers=headers))
    return seen, response.headers["X-Request-ID"]


def test_a_sane_request_id_is_taken_and_given_back() -> None:
    assert ids_inside(**{"X-Request-ID": "caller-0001"}) == ({"request_id": "caller-0001"}, "caller-0001")


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with blank 123", "line\nbreak-123", "quote'12345"])
def test_any_other_one_is_replaced(given: str) -> None:
    seen, answered = ids_inside(**{"X-Request-ID": given})
    assert len(answered) == 32
    assert seen == {"request_id": answered}


def test_the_next_request_starts_clean() -> None:
    ids_inside(**{"X-Request-ID": "caller-0001"})
    assert context.ids() == {}


def test_an_answer_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "portal.request")
    RequestContext(lambda _: HttpResponse(status=418))(RequestFactory().get("/page?secret=1"))
    assert caplog.records[0].getMessage().startswith("GET /page 418 ")
    assert "secret" not in caplog.text


def test_probes_are_answered_whatever_the_host(client: Client) -> None:
    response = client.get("/healthz", headers={"Host": "10.0.0.7"})
    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get("/nothing", headers={"Host": "10.0.0.7"}).status_code == 400


def secured(view_headers: dict[str, str]) -> HttpResponse:
    response = SecurityHeaders(lambda _: HttpResponse(headers=view_headers))(RequestFactory().get("/"))
    assert isinstance(response, HttpResponse)
    return response


def test_security_headers_are_strict() -> None:
    headers = secured({}).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]


def test_what_a_view_says_itself_stays() -> None:
    assert secured({"Content-Security-Policy": "default-src 'none'"}).headers["Content-Security-Policy"] == (
        "default-src 'none'"
    )


def test_every_page_of_the_site_has_them(client: Client) -> None:
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["X-Frame-Options"] == "DENY"
