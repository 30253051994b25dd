"""The dry run for staff: what came in and what would be sent, side by side, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join

from portal.connections.models import Connection, Side
from portal.postings.admin.documents import UNREADABLE, facts_of
from portal.postings.models import Posting, Transaction
from portal.postings.preview.coded import CodeRow
from portal.postings.preview.report import DryRun, Outcome, Shown
from portal.postings.preview.running import dry_run_of
from portal.reference.gaps import field_of
from portal.reference.mending import is_of_a_mapping, mend_url
from portal.staff.base import Button, ReadOnlyAdmin, row_url
from portal.staff.formats import NOTHING, block, copyable, folded, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

M = TypeVar("M", bound=Model)

DRY_RUN: Final = Button(name="dry_run", label="Dry run", permission="postings.view_posting")
SEES_BODIES: Final = "intake.view_delivery"
TEMPLATE: Final = "admin/postings/preview.html"
NO_POSTING: Final = "This transaction has no posting, so nothing would be sent for it."
CANNOT_BE_READ: Final = "What is stored of this transaction cannot be read as a document any more."
NOT_YOURS: Final = "Who may see deliveries sees the raw body here."
NO_BODY: Final = "No raw body is kept of it."
WORDS: Final = {
    Outcome.SENT: (POSTED, "Would be sent"),
    Outcome.THERE: (POSTED, "There already"),
    Outcome.KEPT: (CLOSED, "Kept as a memo entry"),
    Outcome.NOT_TAKEN: (PERSON, "Refused"),
    Outcome.GAPS: (PERSON, "Refused"),
    Outcome.OBJECTIONS: (PERSON, "Refused"),
    Outcome.FAILED: (WAITING, "Not known"),
}


class PreviewPages(ReadOnlyAdmin[M]):
    """The page behind the button `DRY_RUN`, for postings and transactions."""

    def dry_run(self, request: HttpRequest, obj: M) -> HttpResponse:
        """Run it and show it. A transaction's is that of its posting into the books."""
        posting = obj if isinstance(obj, Posting) else _posting_of(obj)
        context = {**self.page_context(request, obj, DRY_RUN.label), "back_url": row_url(obj)}
        return TemplateResponse(request, TEMPLATE, {**context, "sections": _sections(request, posting)})


def sections_of(run: DryRun, connection: Connection, *, shows_body: bool) -> list[Section]:
    """A dry run as sections of a staff page."""
    return [
        _summary(run, connection),
        *_problems(run, connection),
        Section(title="Side by side", columns=[_came_in(run, shows_body=shows_body), _would_be_sent(run)]),
        *([_codes(run)] if run.codes else []),
    ]


def _posting_of(obj: Model) -> Posting | None:
    """The newest one into an accounting system, else the newest."""
    if not isinstance(obj, Transaction):
        return None
    rows = obj.postings.select_related("transaction", "connection__company")
    return max(rows, key=lambda each: (each.connection.side == Side.ACCOUNTING, each.pk), default=None)


def _sections(request: HttpRequest, posting: Posting | None) -> Sequence[Section]:
    if posting is None:
        return [Section(title=DRY_RUN.label, note=NO_POSTING)]
    try:
        run = dry_run_of(posting)
    except UNREADABLE:
        return [Section(title=DRY_RUN.label, note=CANNOT_BE_READ)]
    return sections_of(run, posting.connection, shows_body=request.user.has_perm(SEES_BODIES))


def _summary(run: DryRun, connection: Connection) -> Section:
    colour, word = WORDS[run.outcome]
    key = f"{run.key} (made up)" if run.is_made_up else copyable(run.key)
    facts = [
        Fact("Outcome", tone(colour, word)),
        Fact("Why" if colour != POSTED else "What", run.sentence, wide=True),
        Fact("Goes to", link(row_url(connection), run.system)),
        Fact("Journal number", f"{run.reference} (made up)" if run.is_made_up else copyable(run.reference)),
        Fact("Idempotency key", key, wide=True),
        Fact("Looked at", moment(run.at, seconds=True)),
    ]
    if is_of_a_mapping(run.field):
        facts.append(Fact("Mend", link(mend_url(connection, run.field, run.document.kind), "Mend the mapping")))
    notes = format_html_join("", '<p class="note">{}</p>', ((note,) for note in run.notes))
    return Section(title=DRY_RUN.label, facts=facts, html=notes)


def _problems(run: DryRun, connection: Connection) -> list[Section]:
    found = []
    if run.gaps:
        rows: list[tuple[str, ...]] = [
            (gap.sentence, link(mend_url(connection, field_of(gap.family, gap.code)), "Mend"))
            for gap in run.distinct_gaps
        ]
        found.append(Section(title="Missing in the mapping", table=Table(head=("What", ""), rows=rows)))
    if run.objections:
        told = [(str(each.line or NOTHING), each.message) for each in run.objections]
        found.append(Section(title=f"What {run.system} would refuse", table=Table(head=("Line", "What"), rows=told)))
    if run.warnings:
        doubtful = [(each,) for each in run.warnings]
        found.append(Section(title="May be refused", table=Table(head=("What",), rows=doubtful)))
    return found


def _came_in(run: DryRun, *, shows_body: bool) -> Section:
    if not run.came_in:
        return Section(title="What came in", facts=facts_of(run.document), note=NO_BODY)
    if not shows_body:
        return Section(title="What came in", facts=facts_of(run.document), note=NOT_YOURS)
    return Section(title="What came in", facts=facts_of(run.document), html=block(run.came_in))


def _would_be_sent(run: DryRun) -> Section:
    if not run.requests:
        return Section(title="What would be sent", note=run.sentence)
    return Section(
        title="What would be sent", html=format_html_join("", "{}", ((_request(one),) for one in run.requests))
    )


def _request(shown: Shown) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in shown.headers.items())
    where = block(f"{shown.method} {shown.url}") if shown.url else ""
    return format_html("{}{}{}", where, folded("Headers", block(headers)) if headers else "", block(shown.body))


def _codes(run: DryRun) -> Section:
    rows = [_code(row) for row in run.codes]
    table = Table(head=("Line", "What", "Came in", "Sent", ""), rows=rows)
    return Section(title="Codes, as they came in and as they are sent", table=table)


def _code(row: CodeRow) -> tuple[str, ...]:
    note = tone(PERSON, row.note) if row.is_missing else row.note
    return (str(row.line or "Header"), row.what, row.own or NOTHING, row.sent or NOTHING, note)
