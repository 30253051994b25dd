"""Before anything is sent: the dry run of a transaction or of a pasted body, and the codes that would be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations.documents import Kind
from integrations.errors import IntegrationError, Misconfigured
from portal.connections.onlookers import one_of
from portal.connections.registry import UnknownIntegration
from portal.desk.access import Place, looks, looks_and_acts
from portal.desk.mapping.missing import gaps_with_what_came_before
from portal.desk.selectors import Sight
from portal.intake.dry_running import CannotRun, dry_run_of_body
from portal.postings.gap_asking import ALL_LISTS, Asked, asked_for, file_lines, name_in_query
from portal.postings.gap_files import WORDS as FATES
from portal.postings.gaps import CountedGap
from portal.postings.list_gaps import ListReport
from portal.postings.preview.report import DryRun, Outcome
from portal.postings.preview.running import dry_run_of
from portal.postings.which import posting_of
from portal.reference.judging import Fate, Judged
from portal.tones import CLOSED, PERSON, POSTED, WAITING

ONLY_ACTING: Final = "Owners and operators can have it shown: the accounting system is asked for it."
LINK_FIRST: Final = "Link iCompleat first: the company’s id decides which documents are yours."
WORDS: Final = {
    Outcome.SENT: (POSTED, "Would be sent"),
    Outcome.THERE: (POSTED, "There already"),
    Outcome.KEPT: (CLOSED, "Kept as a memo entry"),
    Outcome.NOT_TAKEN: (PERSON, "Refused"),
    Outcome.GAPS: (PERSON, "Refused"),
    Outcome.OBJECTIONS: (PERSON, "Refused"),
    Outcome.FAILED: (WAITING, "Not known"),
}
KINDS: Final = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT)


class BodyForm(forms.Form):
    """A document as iCompleat would send it."""

    body = forms.CharField(
        label="JSON from iCompleat",
        strip=False,
        help_text="One approved transaction, as iCompleat sends it.",
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "code"}),
        error_messages={"required": "Paste a document."},
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        help_text="A receipt need not say what it is; everything else does.",
        choices=[("", "As its Type says"), *((kind.value, kind.label) for kind in KINDS)],
    )


@dataclass(frozen=True)
class Seen:
    """A dry run as a page shows it."""

    run: DryRun

    @property
    def tone(self) -> str:
        """The colour of what would happen."""
        return WORDS[self.run.outcome][0]

    @property
    def word(self) -> str:
        """What would happen, in a word or two."""
        return WORDS[self.run.outcome][1]


@dataclass(frozen=True)
class Found:
    """A gap as a page shows it. `used` is how many of what came in have it; `before` is the kept dry run of the latest,
    where that came in before go-live. `about` is what was sold, in words."""

    judged: Judged
    used: int
    number: str = ""
    before: int | None = None
    about: str = ""

    @classmethod
    def of(cls, gap: CountedGap) -> Found:
        """One of what came in."""
        pk, number = gap.example
        return cls(gap.judged, gap.transactions, number, pk if gap.is_before else None, gap.about)

    @property
    def tone(self) -> str:
        """Red only where it is sure."""
        return PERSON if self.judged.fate is Fate.REFUSED else WAITING

    @property
    def word(self) -> str:
        """What becomes of it."""
        is_default = self.judged.fate is Fate.SENT_AS_DEFAULT
        return f"Sent as {self.judged.sent}" if is_default else FATES[self.judged.fate]

    @property
    def why(self) -> str:
        """What to do; nothing where it is sent."""
        return "" if self.judged.fate is Fate.SENT_AS_DEFAULT else self.judged.sentence

    @property
    def what(self) -> str:
        """The family in words."""
        return self.judged.what[:1].upper() + self.judged.what[1:]


@require_safe
@login_required
@never_cache
def dry_run_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What would be sent for one transaction, beside what came in. Owners and operators may ask for it."""
    transaction = Sight.of(request.user).transaction(public_id)
    place = Place.of(request.user, transaction.company_id)
    posting = posting_of(transaction)
    if posting is None:
        messages.info(request, "No accounting system was linked when it came in, so nothing would be sent for it.")
        return redirect("desk:transaction", public_id)
    seen = Seen(dry_run_of(posting)) if place.may_act else None
    context = place.context(transaction=transaction, seen=seen, obstacle=ONLY_ACTING)
    return render(request, "portal/desk/dry_run.html", context)


@looks_and_acts
def dry_run_form(request: HttpRequest, place: Place) -> HttpResponse:
    """Paste a document as iCompleat would send it, and see what would be sent."""
    form, seen = BodyForm(request.POST or None), None
    connection = place.source()
    if request.method == "POST" and form.is_valid() and connection is not None:
        kind = form.cleaned_data["kind"]
        try:
            seen = Seen(dry_run_of_body(connection, form.cleaned_data["body"].encode(), Kind(kind) if kind else None))
        except CannotRun as error:
            form.add_error("body", f"{error.field}: {error.message}" if error.field else error.message)
    obstacle = ONLY_ACTING if not place.may_act else "" if connection else LINK_FIRST
    context = place.context(form=form, seen=seen, obstacle=obstacle)
    return render(request, "portal/desk/dry_run_form.html", context)


@looks
def gaps_page(request: HttpRequest, place: Place) -> HttpResponse:
    """Codes of the last transactions that would be refused; with `?in=lists` those of iCompleat's own lists, too."""
    connection = place.accounting()
    if connection is None:
        return render(request, "portal/desk/gaps.html", place.context(connection=None))
    wanted = request.GET.get("in", "") if place.may_act else ""
    try:
        asked, report = asked_for(connection, wanted), gaps_with_what_came_before(connection)
    except (Misconfigured, UnknownIntegration) as error:
        return render(request, "portal/desk/gaps.html", place.context(connection=connection, problem=str(error)))
    lists, problem = _read(asked)
    notes = dict.fromkeys((*report.notes, *(asked.reading.judge.notes() if asked.reading else ())))
    shown = {
        "connection": connection,
        "asked": asked,
        "report": report,
        "found": [Found.of(each) for each in report.found],
        "lists": lists,
        "choices": [(name_in_query(one), ListReport(one).label) for one in asked.every],
        "wanted": wanted,
        "problem": problem,
        "notes": list(notes),
    }
    return render(request, "portal/desk/gaps.html", place.context(**shown))


@looks
def gaps_file(request: HttpRequest, place: Place) -> HttpResponseBase:
    """The same as CSV; with `?in=lists` the lists as well, as they are read."""
    connection = place.accounting()
    if connection is None:
        raise Http404("No accounting system is linked.")
    wanted = ALL_LISTS if place.may_act and request.GET.get("in") == ALL_LISTS else ""
    try:
        asked, report = (
            asked_for(connection, wanted, within_seconds=Asked.FILE_SECONDS),
            gaps_with_what_came_before(connection),
        )
    except (Misconfigured, UnknownIntegration) as error:
        messages.error(request, str(error))
        return redirect("desk:gaps", place.company.pk)

    headers = {"Content-Disposition": f'attachment; filename="gaps-{timezone.now():%Y%m%d-%H%M}.csv"'}
    return StreamingHttpResponse(file_lines(asked, report), content_type="text/csv; charset=utf-8", headers=headers)


def _read(asked: Asked) -> tuple[list[tuple[ListReport, list[Found]]], str]:
    """The lists that are asked for with what was found in each, and why none could be read."""
    if asked.reading is None:
        return [], ""
    try:
        with one_of(asked.reading.connection.company_id):
            reports = list(asked.reading.reports(asked.targets))
    except IntegrationError as error:
        return [], error.message
    return [(one, [Found(gap.judged, gap.used) for gap in one.found]) for one in reports], ""
