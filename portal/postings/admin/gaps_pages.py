"""The gaps of a connection for staff: codes of the last transactions, and of the source's own lists, and all as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join

from integrations.errors import IntegrationError, Misconfigured
from portal.connections.models import Connection, Side
from portal.connections.onlookers import one_of
from portal.connections.registry import UnknownIntegration
from portal.postings.gap_asking import ALL_LISTS, Asked, asked_for, file_lines, name_in_query
from portal.postings.gap_files import WORDS
from portal.postings.gaps import CountedGap, gaps_of
from portal.postings.list_gaps import ListGap, ListReport
from portal.postings.models import Posting
from portal.reference.judging import Fate, Judged
from portal.reference.mending import gaps_url, mend_url
from portal.staff.base import ReadOnlyAdmin
from portal.staff.formats import NOTHING, link
from portal.staff.sections import Fact, Section, Table
from portal.tones import PERSON, WAITING, tone

VIEW: Final = "postings.view_posting"
HEAD: Final = ("Codes", "Code", "Transactions", "The latest", "Now", "Why", "")
LIST_HEAD: Final = ("Code", "Transactions", "Now", "Why", "")
NO_GAPS: Final = "Every code has its row. Nothing is known to be refused."
NOTHING_CAME: Final = "No transaction that this accounting system takes has come in yet. Look again after the first."
LOOKED: Final = "Transactions looked at: {count:,}, the latest of the company that this accounting system takes."
READ: Final = "Read: {read:,}. Refused, or perhaps refused: {refused:,}. Sent as a default: {default:,}."
FIRST: Final = "These are the first {shown:,} of {all:,}; the CSV has all of them."
LIVE: Final = "They are read now, within the limits of the connection, which takes up to {seconds:.0f} seconds."
NO_CODE: Final = "None in the document"
ALL_FINE: Final = "Nothing in this list is known to be refused."


class GapsPages(ReadOnlyAdmin[Posting]):
    """Two addresses of a connection, beside the pages of rows."""

    def get_urls(self) -> list[URLPattern]:
        """The page and the file."""
        view = self.admin_site.admin_view
        own = [
            path("gaps/", view(self.gaps_view), name="postings_posting_gaps"),
            path("gaps.csv", view(self.gaps_file), name="postings_posting_gaps_file"),
        ]
        return own + super().get_urls()

    def gaps_view(self, request: HttpRequest) -> HttpResponse:
        """What would be refused: of the latest transactions, and with `in` of the source's lists."""
        connection = self.connection_of(request, VIEW)
        context = self.page_context(request, None, f"Gaps in the mapping of {connection}")
        sections = _sections(connection, request.GET.get("in", ""))
        return TemplateResponse(
            request,
            "admin/postings/posting/gaps.html",
            {**context, "mapping_url": mapping_url(connection), "sections": sections},
        )

    def gaps_file(self, request: HttpRequest) -> HttpResponseBase:
        """All of it as CSV; with `in` the lists as well, as they are read."""
        connection = self.connection_of(request, VIEW)
        try:
            asked = asked_for(connection, request.GET.get("in", ""), within_seconds=Asked.FILE_SECONDS)
            lines = file_lines(asked, gaps_of(connection))
        except Misconfigured as error:
            return HttpResponse(f"{error.message}\n", status=409, content_type="text/plain; charset=utf-8")
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="gaps-{connection.pk}.csv"'
        return answer

    def connection_of(self, request: HttpRequest, permission: str) -> Connection:
        """The accounting connection that the query names: 403 without the permission, 404 without the row."""
        if not self.has_view_permission(request) or not request.user.has_perm(permission):
            raise PermissionDenied
        try:
            wanted = UUID(request.GET.get("connection", ""))
        except ValueError:
            raise Http404("There is no such connection.") from None
        rows = Connection.objects.filter(pk=wanted, side=Side.ACCOUNTING).select_related("company").defer("secrets")
        connection = rows.first()
        if connection is None:
            raise Http404("There is no such connection.")
        return connection


def mapping_url(connection: Connection) -> str:
    """The staff page of a connection's mapping."""
    return reverse("admin:reference_codemapping_change", args=[connection.pk])


def _sections(connection: Connection, wanted: str) -> Sequence[Section]:
    try:
        asked = asked_for(connection, wanted)
        sections = [_of_transactions(connection), _elsewhere(connection, asked)]
        return sections + _of_lists(connection, asked)
    except (Misconfigured, UnknownIntegration) as error:
        return [Section(title="Gaps", note=str(error))]


def _of_transactions(connection: Connection) -> Section:
    report = gaps_of(connection)
    rows = [_row(connection, each) for each in report.found]
    empty = NO_GAPS if report.looked_at else NOTHING_CAME
    table = Table(head=HEAD, rows=rows, numeric=frozenset({2}), empty=empty)
    note = LOOKED.format(count=report.looked_at)
    return Section(title="Codes of the last transactions", note=note, html=_notes(report.notes), table=table)


def _elsewhere(connection: Connection, asked: Asked) -> Section:
    """The ways to the lists and to the file."""
    if asked.why_not:
        ways = [Fact("Lists", asked.why_not, wide=True)]
    else:
        every = [(ALL_LISTS, "All of them"), *((name_in_query(one), ListReport(one).label) for one in asked.every)]
        links = ((link(_url(connection, name), label),) for name, label in every)
        ways = [Fact("Read the lists of", format_html_join(", ", "{}", links), wide=True)]
    files = [("", "The transactions"), *(() if asked.why_not else ((ALL_LISTS, "With all lists"),))]
    links = ((link(_url(connection, name, "_file"), label),) for name, label in files)
    ways.append(Fact("Download as CSV", format_html_join(", ", "{}", links), wide=True))
    return Section(title="The source’s own lists", note=LIVE.format(seconds=Asked.PAGE_SECONDS), facts=ways)


def _of_lists(connection: Connection, asked: Asked) -> list[Section]:
    if asked.reading is None:
        return []
    try:
        with one_of(connection.company_id):
            found = [_list_section(connection, report) for report in asked.reading.reports(asked.targets)]
    except IntegrationError as error:
        return [Section(title="Lists", note=error.message)]
    notes = asked.reading.judge.notes()
    return found + ([Section(title="Not known", html=_notes(notes))] if notes else [])


def _list_section(connection: Connection, report: ListReport) -> Section:
    default = report.counts.get(Fate.SENT_AS_DEFAULT, 0)
    said = [READ.format(read=report.read, refused=report.refused, default=default), report.problem]
    if len(report.found) < report.found_in_all:
        said.append(FIRST.format(shown=len(report.found), all=report.found_in_all))
    rows = [_list_row(connection, gap) for gap in report.found]
    empty = "" if report.problem else ALL_FINE
    table = Table(head=LIST_HEAD, rows=rows, numeric=frozenset({1}), empty=empty)
    return Section(title=report.label, note=" ".join(filter(None, said)), table=table)


def _list_row(connection: Connection, gap: ListGap) -> tuple[str, ...]:
    used = f"{gap.used:,}" if gap.used else NOTHING
    return (gap.judged.code, used, *_becomes(connection, gap.judged))


def _row(connection: Connection, each: CountedGap) -> tuple[str, ...]:
    judged, (pk, number) = each.judged, each.example
    what: Any = judged.what[:1].upper() + judged.what[1:]
    return (
        what,
        f"{judged.code or NO_CODE}{f': {each.about}' if each.about else ''}",
        f"{each.transactions:,}",
        link(reverse("admin:postings_transaction_change", args=[pk]), number),
        *_becomes(connection, judged),
    )


def _becomes(connection: Connection, judged: Judged) -> tuple[str, str, str]:
    is_hint = judged.fate is Fate.SENT_AS_DEFAULT
    words = f"Sent as {judged.sent}" if is_hint else WORDS[judged.fate]
    shown = tone(PERSON if judged.fate is Fate.REFUSED else WAITING, words)
    return shown, "" if is_hint else judged.sentence, link(mend_url(connection, judged.field), "Mend")


def _notes(notes: Sequence[str]) -> str:
    return format_html_join("", '<p class="note">{}</p>', ((note,) for note in notes))


def _url(connection: Connection, wanted: str, suffix: str = "") -> str:
    if not suffix:
        return f"{gaps_url(connection.pk)}&{urlencode({'in': wanted})}"
    query = {"connection": connection.pk, **({"in": wanted} if wanted else {})}
    return f"{reverse(f'admin:postings_posting_gaps{suffix}')}?{urlencode(query)}"
