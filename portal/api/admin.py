"""API tokens for staff: issue one, shown once; revoke one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import mark_safe

from portal.api import tokens
from portal.api.models import ApiToken, Scope
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, StaffAdmin, name_of, row_url, say
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section
from portal.tenants.models import Tenant
from portal.tones import CLOSED, POSTED, tone

WHERE = mark_safe(
    "The program that calls the API sends it as <code>Authorization: Bearer</code> and the token. "
    '<a href="/api/docs">Every operation, to read and to try</a>'
)
REVOKE = Button(name="revoke", label="Revoke", permission="api.change_apitoken")


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """For whom, what for, what it may do, and for how long."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=Scope.values, help_text="What it may do."
    )

    def clean_expires_at(self) -> Any:
        """Not in the past."""
        moment_given = self.cleaned_data["expires_at"]
        if moment_given is not None and moment_given <= timezone.now():
            raise forms.ValidationError("Choose a moment that is still to come, or leave it empty.")
        return moment_given

    def clean(self) -> dict[str, Any]:
        """One live token of a name in a tenant: sending the form again makes no second one."""
        cleaned = super().clean() or {}
        tenant, name = cleaned.get("tenant"), cleaned.get("name")
        if tenant and name and ApiToken.objects.filter(tenant=tenant, name=name, revoked_at__isnull=True).exists():
            self.add_error("name", f"{tenant} has a token of this name. Revoke that one first, or choose another name.")
        return cleaned


@admin.register(ApiToken)
class ApiTokenAdmin(StaffAdmin[ApiToken]):
    """A token is made and revoked, never changed; what was made is never deleted."""

    form = TokenForm
    list_display = ("name", "tenant", "shown_state", "hint", "shown_scopes", "used", "made")
    list_select_related = ("tenant",)
    search_fields = ("name", "=hint", "tenant__name")
    search_help_text = "A part of its name or of the tenant's, or its last four characters."
    fields = ("tenant", "name", "scopes", "expires_at")
    autocomplete_fields = ("tenant",)
    buttons = (REVOKE,)

    def for_list(self, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        """No digest leaves the database for a page."""
        return queryset.defer("digest")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: who asked for what stays known."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A form for a new one alone."""
        return [] if obj else super().get_fieldsets(request, obj)

    def offers(self, button: Button, obj: ApiToken) -> bool:
        """While it is not revoked."""
        return obj.revoked_at is None

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Issue it; the token in clear stays with this request."""
        tenant: Tenant = form.cleaned_data["tenant"]
        scopes = [Scope(one) for one in form.cleaned_data["scopes"]]
        made, clear = tokens.issue(
            tenant, form.cleaned_data["name"], scopes, who=name_of(request.user), user=request.user,
            expires_at=form.cleaned_data["expires_at"],
        )  # fmt: skip
        obj.pk, obj.hint, obj.digest = made.pk, made.hint, made.digest
        obj.created_at, obj._state.adding = made.created_at, False
        request.META["issued_token"] = clear

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show it, for the one time."""
        context = {
            **self.page_context(request, obj, "The new token"),
            "token": copyable(request.META["issued_token"]),
            "where": WHERE,
        }
        return TemplateResponse(request, "admin/shown_once.html", context)

    def revoke(self, request: HttpRequest, obj: ApiToken) -> HttpResponse:
        """Refuse it from now on."""
        form = SureForm(form_data(request))
        if form.is_valid():
            tokens.revoke(obj, who=name_of(request.user))
            say(request, f"The token ending in {obj.hint} is refused from now on.")
            return HttpResponseRedirect(row_url(obj))
        effects = (
            f"Every call with the token {obj} is refused at once.",
            "What was raised with it stays as it is.",
            "This cannot be undone: a program that used it needs a new one.",
        )
        question = Question(
            title="Revoke", effects=effects, submit="Revoke", cancel_url=row_url(obj), form=form, danger=True
        )
        return ask(request, self.page_context(request, obj, "Revoke"), question)

    def sections(self, request: HttpRequest, obj: ApiToken) -> Sequence[Section]:
        """What there is to know of it, but for the token itself."""
        facts = [
            Fact("State", _state(obj)),
            Fact("Tenant", link(row_url(obj.tenant), obj.tenant.name)),
            Fact("Name", obj.name),
            Fact("Ends in", obj.hint),
            Fact("May", _may(obj), wide=True),
            Fact("Last used", moment(obj.last_used_at)),
            Fact("Made", moment(obj.created_at, seconds=True)),
            Fact("Made by", str(obj.created_by or "")),
            Fact("Runs out", moment(obj.expires_at, seconds=True)),
            Fact("Revoked", moment(obj.revoked_at, seconds=True)),
        ]
        return [Section(title="Token", facts=facts)]

    @admin.display(description="State")
    def shown_state(self, obj: ApiToken) -> str:
        """Whether it is accepted."""
        return _state(obj)

    @admin.display(description="May")
    def shown_scopes(self, obj: ApiToken) -> str:
        """Its scopes in words."""
        return _may(obj)

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, obj: ApiToken) -> str:
        """To the minute."""
        return moment(obj.last_used_at)

    @admin.display(description="Made", ordering="id")
    def made(self, obj: ApiToken) -> str:
        """When."""
        return moment(obj.created_at)


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return tone(CLOSED, "Revoked")
    return tone(POSTED, "Live") if tokens.is_live(token) else tone(CLOSED, "Run out")


def _may(token: ApiToken) -> str:
    labels = dict(Scope.choices)
    return ", ".join(str(labels.get(scope, scope)) for scope in token.scopes)
