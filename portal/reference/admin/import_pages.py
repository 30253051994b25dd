"""Upload a file of rows, see what it would do, then take it: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from portal.reference import table_import
from portal.reference.models import CodeMapping
from portal.reference.rules import PLAIN, family_words
from portal.reference.rules_form import stored_rules
from portal.reference.table_import import CannotImport, Plan
from portal.reference.upload_form import UploadForm
from portal.staff.asking import Question, SureForm, ask, is_confirmed
from portal.staff.base import Button, StaffAdmin, name_of, row_url, say
from portal.staff.sections import Fact, Section, Table

IMPORT: Final = Button(name="import_rows", label="Import", permission="reference.change_mappedcode")
MOST_BAD_SHOWN: Final = 100
MOST_SHOWN: Final = 50
WAITING: Final = "uploaded"


class ImportPages(StaffAdmin[CodeMapping]):
    """The pages behind the button Import. What they do is in `portal.reference.table_import`."""

    buttons: Sequence[Button] = (IMPORT,)

    def import_rows(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        """Upload, look, confirm."""
        if is_confirmed(request):
            return self._take(request, obj)
        if request.method == "GET" and WAITING in request.GET:
            plan = table_import.plan_of(obj, name_of(request.user))
            if plan is not None:
                return ask(request, self.page_context(request, obj, "Import"), _question(plan, self._here(obj), obj))
        return self._upload(request, obj)

    def _upload(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        form = UploadForm(obj, *([request.POST, request.FILES] if request.method == "POST" else []))
        if form.is_valid():
            given = form.cleaned_data
            table_import.keep(obj, given["file"], family=given["family"], who=name_of(request.user))
            return HttpResponseRedirect(f"{self._here(obj)}?{WAITING}=1")
        context = {**self.page_context(request, obj, "Import"), "form": form}
        return TemplateResponse(request, "admin/reference/codemapping/upload.html", context)

    def _take(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        try:
            plan = table_import.take(obj, stamp=request.POST.get("stamp", ""), who=name_of(request.user))
        except CannotImport as error:
            say(request, str(error), level=messages.ERROR)
            return HttpResponseRedirect(f"{self._here(obj)}?{WAITING}=1")
        say(
            request, f"Codes added: {len(plan.new):,}. Changed: {len(plan.changed):,}. The same already: {plan.same:,}."
        )
        return HttpResponseRedirect(row_url(obj))

    def _here(self, obj: CodeMapping) -> str:
        return self.button_url(obj, IMPORT)


def _question(plan: Plan, here: str, mapping: CodeMapping) -> Question:
    return Question(
        title="Import",
        effects=_effects(plan),
        submit="Import" if plan.writes else "",
        cancel_url=here,
        form=SureForm(),
        action=here,
        sections=_sections(plan, mapping),
        hidden=(("stamp", plan.stamp),),
    )


def _effects(plan: Plan) -> Sequence[str]:
    if plan.bad:
        return (f"Lines that cannot be taken: {len(plan.bad):,}. So nothing is. Mend the file and upload it again.",)
    if not plan.writes:
        return ("Everything in the file is in the tables already: there is nothing to import.",)
    return (
        f"Codes added: {len(plan.new):,}. Codes changed: {len(plan.changed):,}. All of them in one go.",
        "Rows that the file does not name stay as they are.",
        "It counts for whatever is sent from then on. To undo it, import the tables as they were: export them first.",
    )


def _sections(plan: Plan, mapping: CodeMapping) -> list[Section]:
    counts = {"New": len(plan.new), "Changed": len(plan.changed), "Same": plan.same, "Bad": len(plan.bad)}
    facts = [Fact(label, f"{count:,}") for label, count in counts.items()]
    return [
        Section(title="What the file holds", facts=facts),
        *_bad(plan),
        *_changed(plan, mapping),
        *_new(plan, mapping),
    ]


def _bad(plan: Plan) -> list[Section]:
    rows = [(f"{bad.line:,}", bad.reason) for bad in plan.bad[:MOST_BAD_SHOWN]]
    table = Table(head=("Line", "Why"), rows=rows, numeric=frozenset({0}))
    return (
        [Section(title="Lines that cannot be taken", note=_first(len(plan.bad), len(rows)), table=table)]
        if rows
        else []
    )


def _changed(plan: Plan, mapping: CodeMapping) -> list[Section]:
    rules = stored_rules(mapping) or PLAIN
    rows = [
        (family_words(each.row.family, rules), each.row.source_code, each.before, each.row.accounting_code)
        for each in plan.changed[:MOST_SHOWN]
    ]
    table = Table(head=("Codes", "Source code", "Sent until now", "Sent then"), rows=rows)
    return [Section(title="Changed", note=_first(len(plan.changed), len(rows)), table=table)] if rows else []


def _new(plan: Plan, mapping: CodeMapping) -> list[Section]:
    rules = stored_rules(mapping) or PLAIN
    rows = [
        (family_words(row.family, rules), row.source_code, row.accounting_code, row.note or "")
        for row in plan.new[:MOST_SHOWN]
    ]
    table = Table(head=("Codes", "Source code", "Accounting code", "Note"), rows=rows)
    return [Section(title="New", note=_first(len(plan.new), len(rows)), table=table)] if rows else []


def _first(count: int, shown: int) -> str:
    return f"The first {shown:,} of {count:,}." if count > shown else ""
