"""The acceptance tests of a source: what to try, what is expected, what was seen, and what a person says of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks
from portal.desk.sources.fed import linked
from portal.desk.sources.uat_page import FindingForm, file_lines, processes, round_of, rounds_of
from portal.desk.words import source_name
from portal.tenants import living
from portal.uat import services
from portal.uat.evidence import evidence
from portal.uat.models import Round
from portal.uat.steps import STEPS


@looks
@linked
def fed_uat(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The round that is walked now, or an older one."""
    return _page(request, place, connection, round_of(connection, request.GET.get("round", "")))


@acts
@linked
def fed_uat_begin(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """A new round; the one before stays as it is. Sent twice, it begins one."""
    now = services.current(connection)
    if request.POST.get("after", "") == (str(now.number) if now else ""):
        begun = services.begin(connection, who=request.user.get_username())
        messages.success(request, f"{begun} has begun. What comes in from now on is looked at.")
    return redirect("desk:fed-uat", place.company.pk, connection.integration)


@acts
@linked
def fed_uat_record(request: HttpRequest, place: Place, connection: Connection, number: int, step: str) -> HttpResponse:
    """Keep what a person found in one step, with what was seen of it at that moment."""
    found, form = round_of(connection, str(number)), FindingForm(request.POST, auto_id=f"{step}-%s")
    if step not in {one.key for one in STEPS}:
        raise Http404("There is no such step.")
    if found and form.is_valid() and _recorded(request, connection, found, step, form):
        back = redirect("desk:fed-uat", place.company.pk, connection.integration)
        return redirect(f"{back.url}#{step}")
    return _page(request, place, connection, found, wrong={step: form})


@looks
@linked
def fed_uat_file(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse | StreamingHttpResponse:
    """A round as CSV."""
    found = round_of(connection, request.GET.get("round", ""))
    if found is None:
        raise Http404("No round was begun yet.")
    name = f"acceptance-tests-{connection.integration}-{found.number}-{timezone.now():%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = file_lines(found, services.stands(found), place.zone)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _recorded(request: HttpRequest, connection: Connection, found: Round, step: str, form: FindingForm) -> bool:
    given, who = form.cleaned_data, request.user.get_username()
    said = [one.said for one in evidence(found)[step]]
    try:
        services.record(connection, found.number, step, given["outcome"], given["note"], who=who, evidence=said)
    except services.CannotRecord as error:
        form.add_error(error.field or None, error.message)
        return False
    messages.success(request, "Recorded.")
    return True


def _page(
    request: HttpRequest, place: Place, connection: Connection, found: Round | None,
    wrong: dict[str, FindingForm] | None = None,
) -> HttpResponse:  # fmt: skip
    rounds = rounds_of(connection)
    is_current = bool(found and rounds and found.pk == rounds[0].pk)
    fresh = {one.key: FindingForm(auto_id=f"{one.key}-%s") for one in STEPS} if is_current and place.may_act else {}
    stands = services.stands(found) if found else []
    seen = evidence(found) if found and is_current else {}
    shown = {
        "connection": connection, "source_name": source_name(connection.integration), "round": found,
        "rounds": rounds, "is_current": is_current, "tried": sum(one.latest is not None for one in stands),
        "steps": len(STEPS), "is_live": living.is_live(place.company, timezone.now()),
        "processes": processes(connection, place.accounting(), stands, seen, {**fresh, **(wrong or {})}),
    }  # fmt: skip
    return render(request, "portal/desk/sources/uat.html", place.context(**shown))
