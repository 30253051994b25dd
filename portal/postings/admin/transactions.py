"""Transactions for staff: what a source approved, every version of it, how it came in and where it goes."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from portal.postings.admin.attachment_sections import files_section, timeline_sections
from portal.postings.admin.documents import document_of, facts_of, lines_of, raw, revision_section
from portal.postings.admin.preview_pages import DRY_RUN, PreviewPages
from portal.postings.attachments.models import Handover
from portal.postings.badges import badge_html
from portal.postings.models import Posting, Transaction
from portal.postings.search import HELP, transactions_with
from portal.staff.base import row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import NOTHING, copyable, link, moment, money
from portal.staff.sections import Fact, Section, Table

MOST_SHOWN = 50


@admin.register(Transaction)
class TransactionAdmin(PreviewPages[Transaction]):
    """One approved document, accepted once and for ever."""

    list_display = (
        "number", "answered_number", "states", "company", "shown_kind", "source_number",
        "party", "shown_gross", "received",
    )  # fmt: skip
    list_select_related = ("company",)
    list_filter = ("kind", CompanyFilter)
    search_fields = ("number",)
    buttons = (DRY_RUN,)
    search_help_text = HELP

    @admin.display(description="Supplier or customer", ordering="supplier_name")
    def party(self, obj: Transaction) -> str:
        """Who is owed, or owes."""
        return obj.supplier_name

    def for_list(self, queryset: QuerySet[Transaction]) -> QuerySet[Transaction]:
        """With the postings' states, without the documents."""
        postings = Posting.objects.only("id", "state", "transaction_id").order_by("id")
        return queryset.defer("content").prefetch_related(Prefetch("postings", queryset=postings))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transaction], search_term: str
    ) -> tuple[QuerySet[Transaction], bool]:
        """By any number."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=transactions_with(search_term).order_by().values("pk")), False

    def sections(self, request: HttpRequest, obj: Transaction) -> Sequence[Section]:
        """The document, its postings, its other versions, its deliveries, its files, the timeline at the source."""
        document = document_of(obj)
        body = [Section(title="Document", facts=facts_of(document)), lines_of(document)] if document else [raw(obj)]
        revisions = [revision_section(revision) for revision in obj.revisions.all()[:MOST_SHOWN]]
        handovers = Handover.objects.filter(posting__transaction=obj).select_related("connection").order_by("pk")
        files = [*files_section(handovers), *timeline_sections(request, obj)]
        return [_numbers(obj), _postings(obj), *body, *_amendments(obj), *revisions, _deliveries(obj), *files]

    @admin.display(description="State")
    def states(self, obj: Transaction) -> str:
        """Of each posting."""
        return format_html_join(" ", "{}", ((badge_html(posting.state),) for posting in obj.postings.all()))

    @admin.display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Transaction) -> str:
        """What it is."""
        return str(obj.get_kind_display())

    @admin.display(description="Gross")
    def shown_gross(self, obj: Transaction) -> str:
        """With its currency."""
        return money(obj.gross, obj.currency)

    @admin.display(description="Received", ordering="id")
    def received(self, obj: Transaction) -> str:
        """When it came in."""
        return moment(obj.received_at)


def _numbers(transaction: Transaction) -> Section:
    facts = [
        Fact("Portal number", copyable(transaction.number)),
        Fact(
            "Answered to the source",
            copyable(transaction.answered_number) if transaction.answered_number else "Nothing yet",
        ),
        Fact("Answered", moment(transaction.answered_at, seconds=True)),
        Fact("Company", link(row_url(transaction.company), transaction.company.name)),
        Fact("Source", transaction.source),
        Fact("Source’s id", copyable(transaction.external_id), wide=True),
        Fact("Revision", str(transaction.revision)),
        Fact("Received", moment(transaction.received_at, seconds=True)),
    ]
    return Section(title="Numbers", facts=facts)


def _postings(transaction: Transaction) -> Section:
    rows = [
        (
            badge_html(posting.state),
            link(row_url(posting), f"Into {posting.connection.integration}"),
            copyable(posting.external_number),
            moment(posting.posted_at),
            posting.reason,
        )
        for posting in transaction.postings.select_related("connection").order_by("id")[:MOST_SHOWN]
    ]
    head = ("State", "Posting", "Number in the books", "Posted", "Reason")
    return Section(title="Postings", table=Table(head=head, rows=rows, empty="None."))


def _amendments(transaction: Transaction) -> list[Section]:
    """What was changed on either side after posting; as with deliveries, the rows are asked what they say."""
    rows = [
        (
            link(row_url(one), str(one.get_state_display())),
            str(one.get_member_display()),
            f"{one.before or NOTHING} → {one.after or NOTHING}",
            one.connection.integration,
            moment(one.noticed_at),
            one.message or one.why,
        )
        for posting in transaction.postings.all()
        for one in posting.amendments.select_related("connection")[:MOST_SHOWN]
    ]
    head = ("State", "What", "Change", "Into", "Noticed", "Why")
    return [Section(title="Changed after posting", table=Table(head=head, rows=rows))] if rows else []


def _deliveries(transaction: Transaction) -> Section:
    """This room may not know the next one, but a transaction's rows may be asked what they say of themselves."""
    rows = [
        (
            link(row_url(delivery), moment(delivery.received_at, seconds=True)),
            str(delivery.get_verdict_display()),
            str(delivery.answer_status or ""),
            delivery.reason,
        )
        for delivery in transaction.deliveries.defer("body", "headers", "answer_body").order_by("-id")[:MOST_SHOWN]
    ]
    return Section(title="Deliveries", table=Table(head=("Received", "Verdict", "Answer", "Reason"), rows=rows))
