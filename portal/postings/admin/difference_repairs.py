"""How the staff site words what may be done with a difference, and the pages that ask before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.postings.admin.repairs import MOST_AT_ONCE, MOST_LOOKED_UP, Repair
from portal.postings.reconciliation import repairs
from portal.postings.reconciliation.models import Difference
from portal.postings.repair import CannotRepair
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, row_url, say
from portal.staff.formats import link
from portal.staff.sections import Section, Table

MOST_TOLD: Final = 10
LOOK_AGAIN: Final = Repair(
    button=Button(name=repairs.LOOK_AGAIN, label="Look again", permission="postings.settle_difference"),
    effect="Look up {what} in the accounting system now. What is mended there is resolved; nothing else changes.",
    more=("Nothing is written there.",),
    undo="A difference that comes back is a new one.",
    done="Looked up {what}.",
    most=MOST_LOOKED_UP,
)
ACCEPT: Final = Repair(
    button=Button(name=repairs.ACCEPT, label="Accept as it is", permission="postings.settle_difference"),
    effect="Accept {what}: no alarm again, unless something else about it changes.",
    more=("A value that differs is kept with the posting, beside the document’s own.",),
    undo="This cannot be undone. Nothing is written in the accounting system, and no posting changes its state.",
    done="Accepted {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
MARK_POSTED: Final = Repair(
    button=Button(
        name=repairs.MARK_POSTED,
        label="Mark as posted with this document",
        permission="postings.mark_posting_posted",
    ),
    effect="Mark the posting of {what} as posted, with the document that stands there. Nothing is sent.",
    more=("It is looked up once more: only a document with our key under that number counts.",),
    undo="This cannot be undone: nothing leaves the state Posted.",
    done="Marked as posted: {what}.",
    most=MOST_LOOKED_UP,
    danger=True,
)
REPAIRS: Final = {each.button.name: each for each in (LOOK_AGAIN, MARK_POSTED, ACCEPT)}


def handle(
    request: HttpRequest,
    wanted: Repair,
    chosen: Sequence[Difference],
    context: dict[str, Any],
    *,
    back: str,
    action: str,
) -> HttpResponse:
    """Ask, and once confirmed do it and go `back`. `action` is the list's URL when it came from there, else empty."""
    user = request.user
    if not user.is_authenticated or not user.has_perm(wanted.button.permission):
        raise PermissionDenied
    if len(chosen) > wanted.most:
        say(request, f"Choose at most {wanted.most} differences for this; nothing was done.", level=messages.ERROR)
        return HttpResponseRedirect(back)
    name = wanted.button.name
    possible = [one for one in chosen if not repairs.why_not(one, name)]
    form = ReasonForm(form_data(request))
    if possible and form.is_valid():
        _do(request, user, wanted, possible, form.cleaned_data["reason"])
        _say_all(
            request, [f"{one}: {why}" for one in chosen if (why := repairs.why_not(one, name)) and one not in possible]
        )
        return HttpResponseRedirect(back)
    return ask(request, context, _question(wanted, chosen, possible, form, back, action))


def _question(
    wanted: Repair,
    chosen: Sequence[Difference],
    possible: Sequence[Difference],
    form: ReasonForm,
    back: str,
    action: str,
) -> Question:
    label, (_, _, filters) = wanted.button.label, back.partition("?")
    ticked = [("_selected_action", str(one.pk)) for one in possible]
    left = [one for one in chosen if one not in possible]
    return Question(
        title=f"{label}: {_counted(possible)}" if possible else f"{label}: not possible",
        effects=(wanted.effect.format(what=_counted(possible)), *wanted.more, wanted.undo)
        if possible
        else ("None of the chosen differences allows this.",),
        submit=f"{label}: {_counted(possible)}" if possible else "",
        cancel_url=back,
        form=form,
        action=action,
        sections=[*_listed("Chosen", possible, ""), *_listed("Left out", left, wanted.button.name)],
        hidden=[("action", wanted.button.name), ("filters", filters), *ticked] if action else (),
        danger=wanted.danger,
    )


def _do(request: HttpRequest, user: User, wanted: Repair, possible: Sequence[Difference], why: str) -> None:
    done: list[Difference] = []
    failed: list[str] = []
    for one in possible:
        try:
            if told := _one(user, wanted, one, why):
                say(request, f"{one}: {told}", level=messages.INFO)
            done.append(one)
        except CannotRepair as error:
            failed.append(f"{one}: {error.message}")
    if done:
        say(request, wanted.done.format(what=_counted(done)))
    _say_all(request, failed)


def _one(user: User, wanted: Repair, difference: Difference, why: str) -> str:
    """Do it; gives what there is to tell of it beside that. Raises `CannotRepair`."""
    if wanted is ACCEPT:
        repairs.accept(difference, user=user, why=why)
        return ""
    service = repairs.look_again if wanted is LOOK_AGAIN else repairs.mark_posted
    return service(difference, user=user, why=why)


def _say_all(request: HttpRequest, sentences: Sequence[str]) -> None:
    for sentence in sentences[:MOST_TOLD]:
        say(request, sentence, level=messages.WARNING)
    if len(sentences) > MOST_TOLD:
        say(request, f"{len(sentences) - MOST_TOLD} more could not be done.", level=messages.WARNING)


def _counted(differences: Sequence[Difference]) -> str:
    return str(differences[0]) if len(differences) == 1 else f"{len(differences):,} differences"


def _listed(title: str, differences: Sequence[Difference], name: str) -> list[Section]:
    """The rows; those that are left out say why."""
    if not differences:
        return []
    head = ("Difference", "Company", "There", *(["Why not"] if name else []))
    rows = [
        (
            link(row_url(one), str(one)),
            one.connection.company.name,
            in_short(one),
            *([repairs.why_not(one, name)] if name else []),
        )
        for one in differences
    ]
    return [Section(title=f"{title}: {_counted(differences)}", table=Table(head=head, rows=rows))]


def in_short(difference: Difference) -> str:
    """Field by field: `gross 120.00, there 121.00`."""
    return "; ".join(f"{name} {mine or 'none'}, there {theirs or 'none'}" for name, mine, theirs in difference.details)
