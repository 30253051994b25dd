"""The middleware that sends people to set up their second factor before they see what it guards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from portal.tenants.second_factor import is_required, needs_second_factor

# The customer pages and the staff site. Log-in and account pages, static files, probes, the API, webhooks and the way
# back from a vendor are none of these.
GUARDED: Final = frozenset({"desk", "admin"})
# Whoever only looks at an invitation, or logs out, is not stopped.
OPEN: Final = frozenset(
    {"desk:invitation", "desk:invitation-as-another", "admin:logout", "admin:login", "admin:jsi18n"}
)
WANTED: Final = "wanted_before_second_factor"


class SecondFactorFirst:
    """Between a person and the pages of a live company's owner, or of staff, where SECOND_FACTOR is `required`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """The way to the set-up, or nothing."""
        if not is_required() or not _is_guarded(request) or not needs_second_factor(request.user):
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponseClientRedirect(reverse("mfa_activate_totp"))
        if request.method == "GET":
            request.session[WANTED] = request.get_full_path()
        return redirect("mfa_activate_totp")


def _is_guarded(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.app_name in GUARDED and match.view_name not in OPEN
