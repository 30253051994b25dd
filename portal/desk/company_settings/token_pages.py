"""The API tokens of an organisation: made once, shown once, revoked for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.api import tokens
from portal.api.models import ApiToken, Scope
from portal.desk.access import House, house_looks_and_owns
from portal.desk.company_settings.forms import SAME_NAME, TokenForm
from portal.desk.keyset import cut
from portal.desk.syncing import person
from portal.tones import CLOSED, POSTED, WAITING

SOON: Final = timedelta(days=14)


@dataclass(frozen=True)
class Row:
    """One token as the page shows it; the token itself is nowhere."""

    token: ApiToken

    @property
    def state(self) -> tuple[str, str]:
        """Tone and word."""
        if self.token.revoked_at is not None:
            return CLOSED, "Revoked"
        if not self.is_live:
            return CLOSED, "Ran out"
        return (WAITING, "Runs out soon") if self.runs_out_soon else (POSTED, "Live")

    @property
    def is_live(self) -> bool:
        """Whether it is accepted now."""
        return tokens.is_live(self.token)

    @property
    def runs_out_soon(self) -> bool:
        """Within two weeks."""
        return self.token.expires_at is not None and self.token.expires_at <= timezone.now() + SOON

    @property
    def may(self) -> list[str]:
        """What it may do, in words."""
        if len(self.token.scopes) == len(Scope):
            return ["Everything"]
        labels = dict(Scope.choices)
        return [str(labels.get(scope, scope)) for scope in self.token.scopes]


@house_looks_and_owns
def api_tokens(request: HttpRequest, house: House) -> HttpResponse:
    """Every token, newest first; sent, one is made and shown."""
    form = TokenForm(request.POST if request.method == "POST" else None, house.tenant)
    if form.is_valid() and (made := _issued(request, house, form)):
        token, clear = made
        shown = {"row": Row(token), "clear": clear}
        return render(request, "portal/desk/company_settings/api_token_made.html", house.context(**shown))
    page = cut(_of(house), request.GET, descending=True)
    shown = {"form": form, "page": page, "rows": [Row(token) for token in page.rows]}
    return render(request, "portal/desk/company_settings/api_tokens.html", house.context(**shown))


@house_looks_and_owns
def api_token_revoke(request: HttpRequest, house: House, token_id: int) -> HttpResponse:
    """What it means to revoke a token; sent, it is done."""
    token = _of(house).filter(pk=token_id).first() if token_id < 2**63 else None
    if token is None:
        raise Http404("There is no such token.")
    if request.method != "POST":
        return render(request, "portal/desk/company_settings/api_token_revoke.html", house.context(row=Row(token)))
    tokens.revoke(token, who=request.user.get_username())
    messages.success(request, f"The token {token.name} is refused from now on.")
    return redirect("desk:api-tokens", house.tenant.pk)


def _of(house: House) -> QuerySet[ApiToken]:
    """No digest leaves the database for a page."""
    return ApiToken.objects.filter(tenant=house.tenant).select_related("created_by").defer("digest")


def _issued(request: HttpRequest, house: House, form: TokenForm) -> tuple[ApiToken, str] | None:
    given = form.cleaned_data
    try:
        with atomic():
            return tokens.issue(
                house.tenant, given["name"], [Scope(one) for one in given["scopes"]],
                who=request.user.get_username(), user=person(request), expires_at=form.expires_at,
            )  # fmt: skip
    except IntegrityError:  # sent twice at once
        form.add_error("name", SAME_NAME)
        return None
