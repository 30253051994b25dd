"""From a posting to the mapping that refused it, and from a mapping to what it refuses: gaps, and retrying."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integrations.documents import Document
from integrations.errors import Misconfigured
from portal.connections.models import Connection, Side
from portal.postings.admin.coding import codes_of, missing_section, note_of
from portal.postings.admin.documents import lines_of
from portal.postings.admin.repair_pages import handle
from portal.postings.admin.repairs import RETRY
from portal.postings.gaps import CountedGap, gaps_of, refused_for
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.gaps import field_of
from portal.reference.mending import is_of_a_mapping, mend_url
from portal.reference.rules import family_words
from portal.staff.asking import Question, SureForm, ask
from portal.staff.base import Button, ReadOnlyAdmin, say
from portal.staff.formats import link
from portal.staff.sections import Section, Table
from portal.tones import PERSON, WAITING, tone

MEND: Final = Button(name="mend", label="Mend the mapping", permission="reference.view_codemapping")
HEAD: Final = ("Codes", "Code", "Transactions", "The latest", "Now", "")
NO_GAPS: Final = "Every code has its row. There is nothing to do."
NOTHING_CAME: Final = "No transaction that this accounting system takes has come in yet. Look again after the first."
LOOKED: Final = "Transactions looked at: {count:,}, the latest of the company that this accounting system takes."
NOTHING_REFUSED: Final = "Nothing stands rejected for want of {what}: there is nothing to retry."
MORE_REFUSED: Final = "More than {most} postings were refused for this. These are the first; come back for the others."


class MappingPages(ReadOnlyAdmin[Posting]):
    """What the admin of postings has to do with the mapping of codes."""

    def get_urls(self) -> list[URLPattern]:
        """Two pages of a connection, beside the pages of rows."""
        view = self.admin_site.admin_view
        own = [
            path("gaps/", view(self.gaps_view), name="postings_posting_gaps"),
            path("refused/", view(self.refused_view), name="postings_posting_refused"),
        ]
        return own + super().get_urls()

    def coded(self, obj: Posting, document: Document) -> list[Section]:
        """The document's lines with the codes that are sent, and what is missing for that."""
        codes = codes_of(obj, document)
        missing = missing_section(obj.connection, document, codes) if codes and obj.state != State.POSTED else []
        return [*missing, lines_of(document, codes, note_of(obj))]

    def offers(self, button: Button, obj: Posting) -> bool:
        """Mending is offered where the reason names the mapping."""
        return obj.state == State.REJECTED and is_of_a_mapping(obj.reason_field)

    def button_url(self, obj: Posting, button: Button) -> str:
        """Straight to the form, with family and code filled in."""
        return mend_url(obj.connection, obj.reason_field) if button is MEND else super().button_url(obj, button)

    def mend(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """On to the form."""
        return HttpResponseRedirect(self.button_url(obj, MEND))

    def gaps_view(self, request: HttpRequest) -> HttpResponse:
        """Which codes of the latest transactions have no row."""
        connection = self._connection(request, "postings.view_posting")
        context = self.page_context(request, None, f"Gaps in the mapping of {connection}")
        return TemplateResponse(
            request,
            "admin/postings/posting/gaps.html",
            {**context, "mapping_url": _mapping_url(connection), "sections": _gap_sections(connection)},
        )

    def refused_view(self, request: HttpRequest) -> HttpResponse:
        """Retry what was refused for want of a code, or of any code of the connection."""
        connection = self._connection(request, RETRY.button.permission)
        family, code = request.GET.get("family", ""), request.GET.get("code", "")
        refused = refused_for(connection.pk, family, code).select_related("transaction", "connection__company")
        if chosen_before := request.POST.getlist("_selected_action"):
            refused = refused.filter(pk__in=[pk for pk in chosen_before if pk.isdecimal()])
        chosen = list(refused[: RETRY.most + 1])
        context = self.page_context(request, None, RETRY.button.label)
        if not chosen:
            return ask(request, context, _nothing(connection, family, code))
        if len(chosen) > RETRY.most:
            say(request, MORE_REFUSED.format(most=RETRY.most), level=messages.INFO)
        here = request.get_full_path()
        return handle(request, RETRY, chosen[: RETRY.most], context, back=_mapping_url(connection), action=here)

    def _connection(self, request: HttpRequest, permission: str) -> Connection:
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


def _mapping_url(connection: Connection) -> str:
    return reverse("admin:reference_codemapping_change", args=[connection.pk])


def _nothing(connection: Connection, family: str, code: str) -> Question:
    what = " ".join(filter(None, (family_words(family), code))) if family else "a code"
    sentence = NOTHING_REFUSED.format(what=what)
    return Question(
        title="Retry: nothing to do",
        effects=(sentence,),
        submit="",
        cancel_url=_mapping_url(connection),
        form=SureForm(),
    )


def _gap_sections(connection: Connection) -> Sequence[Section]:
    try:
        report = gaps_of(connection)
    except Misconfigured as error:
        return [Section(title="Gaps", note=error.message)]
    rows = [_gap_row(connection, each) for each in report.found]
    empty = NO_GAPS if report.looked_at else NOTHING_CAME
    table = Table(head=HEAD, rows=rows, numeric=frozenset({2}), empty=empty)
    return [Section(title="Codes without a row", note=LOOKED.format(count=report.looked_at), table=table)]


def _gap_row(connection: Connection, each: CountedGap) -> tuple[str, ...]:
    gap, (pk, number) = each.gap, each.example
    what: Any = gap.what[:1].upper() + gap.what[1:]
    return (
        what,
        gap.code or "None in the document",
        f"{each.transactions:,}",
        link(reverse("admin:postings_transaction_change", args=[pk]), number),
        tone(WAITING, f"Sent as {each.default}") if each.default else tone(PERSON, "Refused"),
        link(mend_url(connection, field_of(gap.family, gap.code)), "Mend"),
    )
