"""Tags for the pages of log-in, sign-up and second factors."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from portal.tenants import adapter, second_factor, second_factor_first, verifying
from portal.tenants.models import Invitation

register = template.Library()


@register.simple_tag(takes_context=True)
def sign_up_is_open(context: Context) -> bool:
    """Whether this visitor may make an account."""
    return adapter.People().is_open_for_signup(_request(context))


@register.simple_tag(takes_context=True)
def invitation_here(context: Context) -> Invitation | None:
    """The open invitation that was opened in this browser."""
    return adapter.open_invitation(_request(context))


@register.simple_tag(takes_context=True)
def address_to_prove(context: Context) -> str:
    """The address that waits for its proof in this browser."""
    return verifying.remembered_address(_request(context))


@register.simple_tag
def why_second_factor(user: Any) -> str:
    """Why this user must set one up now; empty where they need not."""
    return second_factor.why_needed(user)


@register.simple_tag(takes_context=True)
def wanted_page(context: Context) -> str:
    """The page that was asked for before the second factor came first; else the start page."""
    return str(_request(context).session.get(second_factor_first.WANTED) or reverse("desk:home"))


@register.filter
def drawing(svg: str) -> SafeString:
    """The QR code that a library of ours drew: paths alone, named for who cannot see it."""
    return mark_safe(svg.replace("<svg", '<svg class="qr" role="img" aria-label="QR code of the key below"', 1))  # noqa: S308


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request
