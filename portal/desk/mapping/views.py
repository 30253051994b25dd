"""The pages on which a company's own people say what becomes of codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from integrations.errors import Misconfigured
from portal.connections.access.visits import is_own_path
from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks, looks_and_acts
from portal.desk.mapping.sheet import Sheet, edits_of, families_of, known_codes, rules_of, sent_lines, sheet_of
from portal.reference import table_import
from portal.reference.models import CodeMapping
from portal.reference.rules import ACCOUNT, LONGEST_CODE
from portal.reference.rules_form import DESCRIPTIONS, GROUPS, RulesForm, form_for
from portal.reference.services import save_rules
from portal.reference.table_edits import CannotSave, Saved, look_up, save_codes
from portal.reference.table_files import csv_lines
from portal.reference.table_import import CannotImport
from portal.reference.upload_form import UploadForm

MOST_SUGGESTED: Final = 50
MOST_SHOWN: Final = 50
LATER: Final = "It counts for whatever is sent from now on; what was refused stays so until it is tried again."
Mapped = Callable[[HttpRequest, Place, Connection], HttpResponseBase]


def _needs_a_system(view: Mapped) -> Callable[[HttpRequest, Place], HttpResponseBase]:
    """Without an accounting system there is nothing to map to: the page of the gaps says what to do first."""

    @wraps(view)
    def page(request: HttpRequest, place: Place) -> HttpResponseBase:
        connection = place.accounting()
        if connection is None:
            return redirect("desk:gaps", place.company.pk)
        return view(request, place, connection)

    return page


@looks_and_acts
@_needs_a_system
def mapping_rules(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """What becomes of suppliers, accounts, tax codes, currencies and each dimension."""
    mapping = CodeMapping.objects.select_related("company").get(pk=connection.pk)
    form = form_for(mapping)(request.POST or None, instance=mapping, auto_id="field-%s")
    if request.method == "POST" and form.is_valid():
        changed = save_rules(connection, form.rules(), who=request.user.get_username())
        messages.success(request, f"Saved. {LATER}" if changed else "Nothing was different.")
        return redirect("desk:mapping-rules", place.company.pk)
    return render(request, "portal/desk/mapping/rules.html", place.context(form=form, groups=list(_groups(form))))


@looks_and_acts
@_needs_a_system
def mapping_codes(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The table of one family: what lacks its like first. Sent, all of it is saved, or nothing."""
    if request.method != "POST":
        return _sheet(request, place, sheet_of(connection, request.GET))
    lines = sent_lines(request.POST)
    family = sheet_of(connection, request.GET, lines).family
    try:
        saved = save_codes(connection, family.key, edits_of(lines), who=request.user.get_username())
    except CannotSave as error:
        return _sheet(
            request, place, _with_errors(sheet_of(connection, request.GET, lines), error.problems), wrong=True
        )
    _say(request, saved)
    return redirect(f"{request.path}?{request.GET.urlencode()}")


@looks
@_needs_a_system
def mapping_known(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The accounting system's codes that begin like what was typed, as the options of a list."""
    rules = rules_of(connection)
    field = next((name for name in request.GET if name.startswith("sent_")), "sent_")
    typed = request.GET.get(field, "").strip()[:LONGEST_CODE]
    family = request.GET.get("family", ACCOUNT)
    if family not in {one.key for one in families_of(connection, rules)}:
        raise Http404("There are no such codes.")
    found = list(known_codes(connection, rules, family, typed.replace("\0", ""))[:MOST_SUGGESTED])
    return render(request, "portal/desk/mapping/known.html", place.context(known=found))


@acts
@_needs_a_system
def mapping_look_up(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """From now on the codes of a family are looked up in its table."""
    family = request.POST.get("family", "")
    if family not in {one.key for one in families_of(connection, rules_of(connection))}:
        raise Http404("There are no such codes.")
    try:
        look_up(connection, family, who=request.user.get_username(), rest_as_it_is="rest_as_it_is" in request.POST)
    except (Misconfigured, ValueError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"These codes are looked up in the table now. {LATER}")
    return redirect(f"{reverse('desk:mapping-codes', args=[place.company.pk])}?{urlencode({'family': family})}")


@looks_and_acts
@_needs_a_system
def mapping_import(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Upload a file of rows, see what it would do, then take it."""
    mapping = CodeMapping.objects.get(pk=connection.pk)
    who = request.user.get_username()
    form = UploadForm(mapping, *([request.POST, request.FILES] if request.method == "POST" else []))
    form.auto_id = "field-%s"
    if request.method == "POST" and form.is_valid():
        table_import.keep(connection, form.cleaned_data["file"], family=form.cleaned_data["family"], who=who)
        return redirect(f"{request.path}?waiting=1")
    plan = table_import.plan_of(connection, who) if request.method != "POST" and "waiting" in request.GET else None
    shown = {"form": form, "plan": plan, "most": MOST_SHOWN}
    return render(request, "portal/desk/mapping/import.html", place.context(**shown))


@acts
@_needs_a_system
def mapping_import_take(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Take the file that waits, as it was shown."""
    try:
        plan = table_import.take(connection, stamp=request.POST.get("stamp", ""), who=request.user.get_username())
    except CannotImport as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('desk:mapping-import', args=[place.company.pk])}?waiting=1")
    messages.success(request, f"Codes added: {len(plan.new):,}. Changed: {len(plan.changed):,}. {LATER}")
    return redirect("desk:mapping-codes", place.company.pk)


@looks
@_needs_a_system
def mapping_export(request: HttpRequest, _place: Place, connection: Connection) -> HttpResponse:
    """All tables as one CSV file, as the import takes it."""
    mapping = CodeMapping.objects.get(pk=connection.pk)
    answer = HttpResponse(csv_lines(mapping), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="mapping-{timezone.now():%Y%m%d-%H%M}.csv"'
    return answer


def _groups(form: RulesForm) -> Any:
    """The fields in their groups, each with its title and a sentence about it."""
    for family, title in GROUPS.items():
        if fields := [form[name] for name in form.fields if name.startswith(f"{family}__")]:
            yield title, fields, DESCRIPTIONS.get(family, "")
    for slot in range(form.slots):
        name = form[f"dimension_{slot}__name"].value()
        fields = [form[each] for each in form.fields if each.startswith(f"dimension_{slot}__")]
        yield f"Dimension {name}" if name else "Another dimension", fields, ""


def _with_errors(sheet: Sheet, problems: dict[int, str]) -> Sheet:
    """The same with an error at each line that has one; edits are counted without the lines that nobody filled in."""
    kept = [place for place, one in enumerate(sheet.lines) if one.sent or one.was or one.is_new]
    lines = list(sheet.lines)
    for index, message in problems.items():
        lines[kept[index]] = replace(lines[kept[index]], error=message)
    return replace(sheet, lines=lines)


def _say(request: HttpRequest, saved: Saved) -> None:
    parts = [
        f"{count:,} {words}"
        for count, words in ((saved.added, "added"), (saved.changed, "changed"), (saved.removed, "taken away"))
        if count
    ]
    messages.success(request, f"Saved: {', '.join(parts)}. {LATER}" if parts else "Nothing was different.")


def _sheet(request: HttpRequest, place: Place, sheet: Sheet, *, wrong: bool = False) -> HttpResponse:
    back = request.GET.get("back", "")
    shown = place.context(sheet=sheet, wrong=wrong, page=sheet.page, back=back if is_own_path(back) else "")
    return render(request, "portal/desk/mapping/codes.html", shown, status=422 if wrong else 200)
