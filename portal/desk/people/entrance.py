"""What people see before they belong anywhere: the invitation that they were sent, and the mail that they wait for."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.desk.syncing import person
from portal.tenants import inviting, verifying
from portal.tenants.inviting import SESSION_KEY, Stand
from portal.tenants.models import Invitation
from portal.tenants.naming import masked
from portal.tenants.refusing import Refused

STATUS: Final = {Stand.OPEN: 200}
GONE, UNKNOWN = 410, 404


@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """The invitation whose link was opened; sent, it is accepted, or put aside.

    The link's token goes into the session as its digest, and out of the address. Opening it changes nothing: programs
    that look into mails open links, too.
    """
    if token := request.GET.get("token", ""):
        return _opened(request, inviting.invitation_behind(token))
    found = inviting.with_digest(str(request.session.get(SESSION_KEY, "")))
    if request.method != "POST" or found is None:
        return _shown(request, found)
    if "forget" in request.POST:
        del request.session[SESSION_KEY]
        return redirect("desk:home")
    return _accepted(request, found)


@require_POST
def as_another(request: HttpRequest) -> HttpResponse:
    """Log out and keep the invitation, for whoever it was meant for."""
    kept = request.session.get(SESSION_KEY)
    get_adapter(request).logout(request)
    request.session[SESSION_KEY] = kept
    return redirect("desk:invitation")


@require_POST
def confirmation_again(request: HttpRequest) -> HttpResponse:
    """Send the link that proves an address once more."""
    if verifying.remembered_address(request) and not verifying.send_again(request):
        messages.info(request, "A mail went out less than three minutes ago. Look for it, or try again then.")
    return redirect("account_email_verification_sent")


def _opened(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    """Strangers with made-up links leave nothing behind."""
    if found is None:
        return _shown(request, None)
    request.session[SESSION_KEY] = found.digest
    return redirect("desk:invitation")


def _accepted(request: HttpRequest, found: Invitation) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("desk:invitation")
    try:
        member = inviting.accept(found, person(request))
    except Refused:
        return _shown(request, found)
    del request.session[SESSION_KEY]
    messages.success(request, f"You belong to {member.tenant} now, as {member.get_role_display().lower()}.")
    return redirect("desk:home")


def _shown(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    if found is None:
        return render(request, "portal/desk/people/invitation_unknown.html", status=UNKNOWN)
    stand = inviting.stand(found)
    if stand is Stand.ACCEPTED and _belongs(request, found):
        return redirect("desk:home")
    shown = {"invitation": found, "stand": stand.value, "address": masked(found.email), **_reader(request, found)}
    return render(request, "portal/desk/people/invitation.html", shown, status=STATUS.get(stand, GONE))


def _reader(request: HttpRequest, found: Invitation) -> dict[str, Any]:
    """Who looks at it, and what they can do. Whoever has the link reads the mails of the address."""
    if request.user.is_authenticated:
        return {"is_for_me": inviting.is_for(found, person(request))}
    return {"has_account": inviting.addressed_to(found.email).exists()}


def _belongs(request: HttpRequest, found: Invitation) -> bool:
    user = request.user
    return isinstance(user, User) and user.memberships.filter(tenant=found.tenant).exists()
