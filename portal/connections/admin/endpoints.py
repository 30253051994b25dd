"""Endpoints for staff: the URL to enter at the source, the answer policy, and the secret tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from integrations.documents import Kind
from portal.connections.admin.forms import EndpointForm
from portal.connections.admin.token_pages import CHANGE, RETIRE, TokenPages, is_live
from portal.connections.models import AnswerPolicy, Connection, Endpoint, EndpointToken, Side
from portal.connections.registry import UnknownIntegration, source
from portal.connections.services import endpoint_url, open_endpoint
from portal.staff.base import changelist_url, name_of, row_url, say
from portal.staff.filters import CompanyFilter
from portal.staff.formats import age, copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone


class EndpointCompanyFilter(CompanyFilter):
    """An endpoint belongs to a company through its connection."""

    path = "connection__company_id"


@admin.register(Endpoint)
class EndpointAdmin(TokenPages):
    """One inbound URL. It is closed, never deleted: deliveries keep pointing at it."""

    form = EndpointForm
    fields = (
        "connection",
        "kind",
        "is_active",
        "answer",
        "answer_within_seconds",
        "answer_template",
        "token_header_names",
    )
    list_display = ("company", "shown_kind", "integration", "shown_answer", "shown_tokens", "open")
    list_display_links = ("company", "shown_kind")
    list_select_related = ("connection__company",)
    list_filter = ("is_active", "answer", "kind", EndpointCompanyFilter)
    search_fields = ("connection__company__name", "=id")
    search_help_text = "A part of the company's name, or the endpoint's whole id, as it stands in the URL."
    ordering = ("-created_at",)
    sections_first = True

    def for_list(self, queryset: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
        """With the tokens' rows (never more than a hint of each)."""
        return queryset.prefetch_related("tokens").defer("connection__secrets")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        """An endpoint stays at its connection."""
        return ("connection",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only sources send something."""
        if db_field.name == "connection":
            sources = Connection.objects.filter(side=Side.SOURCE).select_related("company").defer("secrets")
            kwargs["queryset"] = sources.order_by("company__name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Open an endpoint, or write what was changed."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made = open_endpoint(
            obj.connection,
            who=name_of(request.user),
            kind=Kind(obj.kind) if obj.kind else None,
            answer=AnswerPolicy(obj.answer),
            is_active=obj.is_active,
            answer_within_seconds=obj.answer_within_seconds,
            answer_template=obj.answer_template,
            token_header_names=obj.token_header_names,
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def log_addition(self, request: HttpRequest, obj: Endpoint, message: Any) -> Any:
        """The service has told the audit trail already."""
        return admin.ModelAdmin.log_addition(self, request, obj, message)

    def response_add(self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None) -> HttpResponse:
        """On to its page: it needs a token next."""
        say(request, "The endpoint is open. It refuses everything until it has a token: rotate one, or paste one.")
        return HttpResponseRedirect(row_url(obj))

    # --- what the page shows -----------------------------------------------------------------------------------------

    def sections(self, request: HttpRequest, obj: Endpoint) -> Sequence[Section]:
        """The URL and the tokens."""
        may_change = request.user.has_perm(CHANGE)
        facts = [
            Fact("URL", copyable(endpoint_url(obj)), wide=True),
            Fact("Company", link(row_url(obj.connection.company), obj.connection.company.name)),
            Fact("Token headers", ", ".join(obj.token_header_names or _default_headers(obj)), wide=True),
            Fact("Discovery", _discovery(obj)),
            Fact(
                "Refused calls",
                link(changelist_url("intake_refusedcalls", f"q={obj.pk}"), "Calls without a good token"),
            ),
            Fact(
                "Deliveries",
                link(changelist_url("intake_delivery", f"company={obj.connection.company_id}"), "What came in"),
            ),
        ]
        return [
            Section(title="For the source", facts=facts),
            Section(
                title="Tokens",
                table=self._tokens(obj, may_change),
                note="At most two are live, so that one can be replaced without a refused call.",
            ),
        ]

    def _tokens(self, obj: Endpoint, may_change: bool) -> Table:
        now = timezone.now()
        rows = [
            (
                f"…{token.hint}",
                token.get_origin_display(),
                age(token.created_at, now),
                _life(token),
                link(f"{self.button_url(obj, RETIRE)}?token={token.pk}", RETIRE.label)
                if may_change and is_live(token)
                else "",
            )
            for token in sorted(obj.tokens.all(), key=lambda token: -token.pk)[:20]
        ]
        return Table(
            head=("Ends in", "From", "Age", "State", ""), rows=rows, empty="No token yet: every call is refused."
        )

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: Endpoint) -> str:
        """Whose endpoint it is."""
        return obj.connection.company.name

    @admin.display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Endpoint) -> str:
        """One kind, or all."""
        return str(obj.get_kind_display() or "All kinds")

    @admin.display(description="Source", ordering="connection__integration")
    def integration(self, obj: Endpoint) -> str:
        """Who sends here."""
        return obj.connection.integration

    @admin.display(description="Answer", ordering="answer")
    def shown_answer(self, obj: Endpoint) -> str:
        """The policy in one word."""
        return str(AnswerPolicy(obj.answer).label).partition(":")[0]

    @admin.display(description="Live tokens")
    def shown_tokens(self, obj: Endpoint) -> str:
        """Their last characters and their age."""
        now = timezone.now()
        live = [f"…{token.hint} ({age(token.created_at, now)})" for token in obj.tokens.all() if is_live(token)]
        return ", ".join(live) or tone(PERSON, "None")

    @admin.display(description="Open", ordering="is_active", boolean=True)
    def open(self, obj: Endpoint) -> bool:
        """Whether it takes anything."""
        return obj.is_active


def _life(token: EndpointToken) -> str:
    if token.retires_at is None:
        return tone(POSTED, "Live")
    state = tone(WAITING, "Live until") if is_live(token) else tone(CLOSED, "Retired")
    return format_html("{} {}", state, moment(token.retires_at))


def _discovery(endpoint: Endpoint) -> str:
    if endpoint.discovery_until is None or endpoint.discovery_until <= timezone.now():
        return "Closed"
    return format_html("{} {}", tone(WAITING, "Open until"), moment(endpoint.discovery_until))


def _default_headers(endpoint: Endpoint) -> Sequence[str]:
    try:
        return source(endpoint.connection.integration).token_headers
    except UnknownIntegration:
        return ()
