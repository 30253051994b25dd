"""Deliveries for staff: raw as they came, and how each was judged. Read-only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from portal.intake.admin.hinted_records import HintFilter
from portal.intake.bodies import body_text
from portal.intake.models import Delivery, Origin, Verdict
from portal.postings.search import transactions_with
from portal.staff.base import Button, ReadOnlyAdmin, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import NOTHING, block, json_text, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

TONES = {
    Verdict.RECEIVED: UNDER_WAY,
    Verdict.ACCEPTED: POSTED,
    Verdict.REPEATED: CLOSED,
    Verdict.REVISED: POSTED,
    Verdict.CONTESTED: PERSON,
    Verdict.REFUSED: PERSON,
    Verdict.UNREADABLE: PERSON,
    Verdict.NOT_LIVE: WAITING,
    Verdict.CLOSED: CLOSED,
    Verdict.FAILED: PERSON,
    Verdict.HINT: UNDER_WAY,
    Verdict.SKIPPED: CLOSED,
    Verdict.SUPERSEDED: CLOSED,
}
HASH = re.compile(r"[0-9a-f]{64}")
DOWNLOAD = Button(name="body", label="Download the body", permission="intake.view_delivery")


def verdict_html(verdict: str) -> str:
    """A verdict's first word as a badge."""
    known = Verdict(verdict)
    return tone(TONES[known], _parts(known)[0])


def _parts(verdict: Verdict) -> tuple[str, str]:
    """`Refused: this cannot be booked` as its two halves."""
    word, meaning = re.split(r"[:,] ", str(verdict.label), maxsplit=1)
    return word, meaning


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """One request with a good token, as it came, or one thing that was read from a source."""

    list_display = ("shown_at", "shown_verdict", "company", "kind", "number", "answer", "took", "reason")
    list_select_related = ("company", "endpoint", "transaction")
    list_filter = ("verdict", CompanyFilter, "endpoint__kind", HintFilter)
    search_fields = ("=body_sha256",)
    search_help_text = "A portal number, a number of the source, an id, or the SHA-256 of a body, whole."
    buttons = (DOWNLOAD,)

    def for_list(self, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Bodies stay in the database until one is looked at."""
        return queryset.defer("body", "headers", "answer_body", "transaction__content", "endpoint__answer_template")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By a number of the transaction; what looks like a hash is one."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        if HASH.fullmatch(term):
            return queryset.filter(body_sha256=term), False
        return queryset.filter(transaction__in=transactions_with(search_term).order_by().values("pk")), False

    def sections(self, request: HttpRequest, obj: Delivery) -> Sequence[Section]:
        """The verdict, the answer, the body, the headers."""
        return [
            Section(title="Verdict", facts=_verdict(obj)),
            Section(
                title="Answer", facts=_answer(obj), html=block(json_text(obj.answer_body)) if obj.answer_body else ""
            ),
            Section(
                title="Body",
                note=f"{len(obj.body):,} bytes, SHA-256 {obj.body_sha256}.",
                html=block(body_text(obj.body)),
            ),
            Section(title="Headers", table=Table(head=("Header", "Value"), rows=sorted(obj.headers.items()))),
        ]

    def body(self, request: HttpRequest, obj: Delivery) -> HttpResponse:
        """The bytes as they came, as a file: never something that a browser would run."""
        headers = {
            "Content-Disposition": f'attachment; filename="delivery-{obj.pk}.json"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return HttpResponse(bytes(obj.body), content_type="application/octet-stream", headers=headers)

    @admin.display(description="Received", ordering="id")
    def shown_at(self, obj: Delivery) -> str:
        """When it came."""
        return moment(obj.received_at, seconds=True)

    @admin.display(description="Verdict", ordering="verdict")
    def shown_verdict(self, obj: Delivery) -> str:
        """What became of it."""
        return verdict_html(obj.verdict)

    @admin.display(description="Kind")
    def kind(self, obj: Delivery) -> str:
        """The transaction's kind, else the endpoint's."""
        if obj.transaction:
            return str(obj.transaction.get_kind_display())
        return str(obj.endpoint.get_kind_display() or NOTHING)

    @admin.display(description="Number")
    def number(self, obj: Delivery) -> str:
        """The portal's number and the source's."""
        return f"{obj.transaction.number} {obj.transaction.source_number}".strip() if obj.transaction else ""

    @admin.display(description="Answer", ordering="answer_status")
    def answer(self, obj: Delivery) -> str:
        """The HTTP status."""
        return str(obj.answer_status or "")

    @admin.display(description="After", ordering="answered_after_ms")
    def took(self, obj: Delivery) -> str:
        """How long the sender waited."""
        return "" if obj.answered_after_ms is None else f"{obj.answered_after_ms:,} ms"


def _verdict(delivery: Delivery) -> list[Fact]:
    transaction = delivery.transaction
    return [
        Fact("Verdict", verdict_html(delivery.verdict)),
        Fact("Meaning", _parts(Verdict(delivery.verdict))[1].capitalize()),
        Fact("Reason", delivery.reason, wide=True),
        Fact("Field", delivery.field),
        Fact("Received", moment(delivery.received_at, seconds=True)),
        Fact("Came by", str(Origin(delivery.origin).label)),
        Fact("Company", link(row_url(delivery.company), delivery.company.name)),
        Fact("Endpoint", link(row_url(delivery.endpoint), str(delivery.endpoint.get_kind_display() or "All kinds"))),
        Fact("Transaction", link(row_url(transaction), str(transaction)) if transaction else ""),
    ]


def _answer(delivery: Delivery) -> list[Fact]:
    status = "" if delivery.answer_status is None else str(delivery.answer_status)
    after = "" if delivery.answered_after_ms is None else f"{delivery.answered_after_ms:,} ms"
    return [Fact("Status", status or "Not answered"), Fact("After", after)]
