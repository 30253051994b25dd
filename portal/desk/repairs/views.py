"""What owners and operators do about a transaction, each asked for on a page first; and what every member looks at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.desk.access import Place, decides, looks, looks_and_decides
from portal.desk.next_steps import NO_POSTING
from portal.desk.repairs import doing
from portal.desk.repairs.bulk import BULK, MOST, Chosen
from portal.desk.repairs.finding import attempt_of, one_of, some_of
from portal.desk.repairs.forms import ReasonForm, VoidForm
from portal.desk.repairs.mending import mending_of
from portal.desk.repairs.three_ways import talks, three_ways
from portal.desk.repairs.wording import VOID, WORDINGS, Case, number_known
from portal.postings import repair, tasks
from portal.postings.repairing.offers import why_not

# Beyond these the sweep finds the rows within seconds; ringing takes long while the broker is away.
MOST_RUNG = 20
MOST_TOLD = 10
TOO_MANY = f"Choose at most {MOST} transactions at once. Nothing was done."
NONE_CHOSEN = "Choose at least one transaction. Nothing was done."
NO_SUCH = "That cannot be done to several transactions at once. Nothing was done."


@looks_and_decides
def repair_page(request: HttpRequest, place: Place, public_id: UUID, name: str) -> HttpResponse:
    """Ask before one repair; sent with a reason, it is done."""
    wanted = WORDINGS[name]
    transaction, posting = one_of(place, public_id)
    shown: dict[str, Any] = {"transaction": transaction, "wanted": wanted, "case": None, "why_not": NO_POSTING}
    shown["may_act"] = place.may_decide
    if posting is None:
        return render(request, "portal/desk/repairs/repair.html", place.context(**shown))
    case, form = Case(transaction, posting), None
    shown["why_not"] = why_not(posting, name)
    if not shown["why_not"] and place.may_decide:
        form = doing.form_of(wanted, case, request.POST if request.method == "POST" else None)
        if form.is_valid() and (told := doing.one(request.user, wanted, case, form)):
            _said(request, told)
            return redirect("desk:transaction", public_id)
    shown |= {"case": case, "form": form, "effects": wanted.effects(case), "loud": wanted.loud(case)}
    shown["mending"] = mending_of(posting) if name == repair.RETRY else None
    return render(request, "portal/desk/repairs/repair.html", place.context(**shown))


@decides
def repair_chosen(request: HttpRequest, place: Place) -> HttpResponse:
    """Ask before several are repaired, then do it to each of them."""
    back = _list(place, request.POST.get("back", ""))
    wanted = BULK.get(request.POST.get("repair", ""))
    ids = list(dict.fromkeys(request.POST.getlist("chosen")))
    if wanted is None or not ids or len(ids) > MOST:
        messages.error(request, NO_SUCH if wanted is None else TOO_MANY if ids else NONE_CHOSEN)
        return redirect(back)
    chosen = Chosen.of(wanted, some_of(place, ids))
    known = number_known(chosen.possible) if wanted is VOID else ""
    form = VoidForm(request.POST if "sure" in request.POST else None, told=known)
    if chosen.possible and form.is_valid():
        _several(request, chosen, form)
        return redirect(back)
    shown = {"wanted": wanted, "chosen": chosen, "form": form, "back": back, "query": request.POST.get("back", "")}
    return render(request, "portal/desk/repairs/several.html", place.context(**shown))


@looks
def books_now(request: HttpRequest, place: Place, public_id: UUID) -> HttpResponse:
    """The three views with what the books say now; a part of the page when the page asks for it."""
    transaction, posting = one_of(place, public_id)
    ways = None
    if posting is not None and place.may_act:
        sent = posting.attempts.filter(purpose="send").order_by("-pk").first()
        ways = three_ways(posting, sent, shows_talks=True, ask=True)
    shown = place.context(transaction=transaction, three=ways)
    part = ways is not None and request.headers.get("HX-Request") == "true"
    return render(request, f"portal/desk/repairs/{'three_ways' if part else 'books'}.html", shown)


@looks
def attempt_page(request: HttpRequest, place: Place, public_id: UUID, attempt: int) -> HttpResponse:
    """What went over the network in one attempt; a part of the page when the page asks for it."""
    transaction, _ = one_of(place, public_id)
    found = attempt_of(transaction, attempt)
    shown = place.context(transaction=transaction, attempt=found, talks=talks(found) if place.may_act else [])
    part = request.headers.get("HX-Request") == "true"
    return render(request, f"portal/desk/repairs/{'talks' if part else 'attempt'}.html", shown)


def _several(request: HttpRequest, chosen: Chosen, form: ReasonForm) -> None:
    outcome = doing.several(request.user, chosen, form.why_given)
    if outcome.done:
        messages.success(request, chosen.wanted.done.format(what=outcome.what))
    left = [*outcome.failed, *(f"{each.number}: {why}" for each, why in chosen.skipped)]
    for sentence in left[:MOST_TOLD]:
        messages.warning(request, sentence)
    if len(left) > MOST_TOLD:
        messages.warning(request, f"{len(left) - MOST_TOLD} more could not be done.")
    if chosen.wanted.name == repair.RETRY:
        for case in outcome.done[:MOST_RUNG]:
            tasks.ring(case.posting.pk)


def _said(request: HttpRequest, told: doing.Told) -> None:
    messages.success(request, told.done)
    if told.note:
        messages.info(request, told.note)
    if told.ring:
        tasks.ring(told.ring)


def _list(place: Place, query: str) -> str:
    """The list that somebody came from, with its filters; never anywhere else."""
    kept = QueryDict(query, mutable=True)
    for name in ("company", "choose"):
        kept.pop(name, None)
    kept["company"] = str(place.company.pk)
    return f"{reverse('desk:transactions')}?{kept.urlencode()}"
