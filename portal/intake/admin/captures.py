"""Captured requests for staff: the raw body, the header names, and where the token was. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from portal.intake.bodies import body_shown, hex_text
from portal.intake.capturing import VIEW, is_waiting
from portal.intake.models import Capture
from portal.staff.base import Button, ReadOnlyAdmin, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import NOTHING, block, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

DOWNLOAD: Final = Button(name="body", label="Download the body", permission=VIEW)
LARGEST_COPIED: Final = 64 * 1024
TOKENLESS: Final = "No header’s value is a live token of this endpoint."
REFUSED: Final = (
    "A live token came in the header {header}, and the call was refused: that header is not looked at. Name it in the "
    "endpoint’s token headers, or open discovery, and send it again."
)
GOOD: Final = "A live token came in the header {header}."


class CaptureCompanyFilter(CompanyFilter):
    """A capture belongs to a company through its endpoint's connection."""

    path = "endpoint__connection__company_id"


@admin.register(Capture)
class CaptureAdmin(ReadOnlyAdmin[Capture]):
    """One request to an endpoint that somebody waited for."""

    list_display = ("badge", "company", "endpoint_kind", "armed", "armed_by", "taken", "method", "answer_status")
    list_display_links = ("badge", "company")
    list_select_related = ("endpoint__connection__company", "armed_by")
    list_filter = (CaptureCompanyFilter,)
    buttons = (DOWNLOAD,)

    def for_list(self, queryset: QuerySet[Capture]) -> QuerySet[Capture]:
        """Bodies stay in the database until one is looked at."""
        return queryset.defer("body", "headers", "endpoint__answer_template", "endpoint__connection__secrets")

    def offers(self, button: Button, obj: Capture) -> bool:
        """Where there is something."""
        return bool(obj.body)

    def sections(self, request: HttpRequest, obj: Capture) -> Sequence[Section]:
        """What came, the headers, the body."""
        what = Section(title="What was captured", note=_token_note(obj), facts=_facts(obj))
        if obj.taken_at is None:
            return [what]
        note = f"{len(obj.body):,} bytes{', the beginning of a larger one' if obj.is_cut else ''}."
        return [
            what,
            Section(
                title="Headers",
                note="Values are masked, but for those that are no secret.",
                table=Table(head=("Header", "Value"), rows=sorted(obj.headers.items())),
            ),
            Section(title="Body", note=note, html=_body(bytes(obj.body))),
        ]

    def body(self, request: HttpRequest, obj: Capture) -> HttpResponse:
        """The bytes as they came, as a file: never something that a browser would run."""
        headers = {
            "Content-Disposition": f'attachment; filename="capture-{obj.pk}.bin"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return HttpResponse(bytes(obj.body), content_type="application/octet-stream", headers=headers)

    @admin.display(description="State")
    def badge(self, obj: Capture) -> str:
        """Waiting, captured, or over."""
        return capture_badge(obj, timezone.now())

    @admin.display(description="Company", ordering="endpoint__connection__company__name")
    def company(self, obj: Capture) -> str:
        """Whose."""
        return obj.endpoint.connection.company.name

    @admin.display(description="Endpoint", ordering="endpoint__kind")
    def endpoint_kind(self, obj: Capture) -> str:
        """One kind, or all."""
        return str(obj.endpoint.get_kind_display() or "All kinds")

    @admin.display(description="Asked for", ordering="armed_at")
    def armed(self, obj: Capture) -> str:
        """When somebody began to wait."""
        return moment(obj.armed_at)

    @admin.display(description="Captured", ordering="taken_at")
    def taken(self, obj: Capture) -> str:
        """When it came."""
        return moment(obj.taken_at, seconds=True)


def capture_badge(capture: Capture, now: datetime) -> str:
    """Where a capture stands, as a badge."""
    if capture.taken_at is not None:
        return tone(POSTED if capture.token_header else PERSON, "Captured")
    if is_waiting(capture, now):
        return tone(WAITING, "Waiting")
    return tone(CLOSED, "Disarmed" if capture.disarmed_at and capture.disarmed_at < capture.armed_until else "Ran out")


def _body(body: bytes) -> str:
    shown = block(body_shown(body))
    if not body or len(body) > LARGEST_COPIED or body_shown(body) == hex_text(body):
        return shown
    button = '<button type="button" class="copy" data-copy="{}">Copy the body<span class="copy-done" role="status">'
    return format_html(f"<p>{button}</span></button></p>{{}}", body.decode("utf-8-sig"), shown)


def _token_note(capture: Capture) -> str:
    if capture.taken_at is None:
        return ""
    if not capture.token_header:
        return TOKENLESS
    return (REFUSED if capture.answer_status == 401 else GOOD).format(header=capture.token_header)


def _facts(capture: Capture) -> list[Fact]:
    endpoint = capture.endpoint
    company = endpoint.connection.company
    delivery = capture.delivery
    return [
        Fact("State", capture_badge(capture, timezone.now())),
        Fact("Company", link(row_url(company), company.name)),
        Fact("Endpoint", link(row_url(endpoint), str(endpoint.get_kind_display() or "All kinds"))),
        Fact("Asked for by", capture.armed_by.get_username() if capture.armed_by else ""),
        Fact("Asked for", moment(capture.armed_at, seconds=True)),
        Fact("Waits until", moment(capture.armed_until, seconds=True)),
        Fact("Captured", moment(capture.taken_at, seconds=True)),
        Fact("Method", capture.method),
        Fact("Answered", str(capture.answer_status or NOTHING)),
        Fact("Token came in", capture.token_header),
        Fact("Delivery", link(row_url(delivery), str(delivery)) if delivery else ""),
    ]
