"""The pages that ask before attachments are handed over, for one posting or again for many, and then do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.postings.attachments import asking, tasks
from portal.postings.attachments.models import Handover
from portal.postings.models import Posting
from portal.postings.repair import CannotRepair
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, row_url, say
from portal.staff.sections import Section, Table

MOST_TOLD: Final = 10
AGAIN: Final = Button(name="again", label="Hand over again", permission="postings.start_handover")
HAND_OVER: Final = Button(name="hand_over", label="Hand over attachments", permission="postings.start_handover")
EFFECTS: Final = (
    "The source is asked for the files of {what} within a minute, and each that is missing in the books is attached.",
    "What is there already, by its name, stays as it is. The posting does not change.",
    "This cannot be undone here: a file that was attached is removed in the accounting system.",
)


def ask_again(
    request: HttpRequest, chosen: Sequence[Handover], context: dict[str, Any], *, back: str, action: str = ""
) -> HttpResponse:
    """Ask, and once confirmed make them due again and go `back`. `action` is the list's URL when it came from there."""
    user = _person(request)
    possible = [one for one in chosen if not asking.why_not_again(one)]
    form = ReasonForm(form_data(request))
    if possible and form.is_valid():
        _do_again(request, user, chosen, form.cleaned_data["reason"])
        return HttpResponseRedirect(back)
    return ask(request, context, _question(chosen, possible, form, back, action))


def ask_for(request: HttpRequest, posting: Posting, context: dict[str, Any]) -> HttpResponse:
    """Ask, and once confirmed have the files of a posting handed over that nobody noticed."""
    user, form = _person(request), ReasonForm(form_data(request))
    if not form.is_valid():
        effects = [each.format(what=posting.transaction.number) for each in EFFECTS]
        label, back = HAND_OVER.label, row_url(posting)
        question = Question(title=label, effects=effects, submit=label, cancel_url=back, form=form)
        return ask(request, context, question)
    try:
        handover = asking.ask_for(posting, user=user, why=form.cleaned_data["reason"])
    except CannotRepair as error:
        say(request, error.message, level=messages.ERROR)
        return HttpResponseRedirect(row_url(posting))
    tasks.ring(handover.connection_id)
    return HttpResponseRedirect(row_url(handover))


def _person(request: HttpRequest) -> User:
    user = request.user
    if not user.is_authenticated or not user.has_perm(AGAIN.permission):
        raise PermissionDenied
    return user


def _do_again(request: HttpRequest, user: User, chosen: Sequence[Handover], why: str) -> None:
    done: list[Handover] = []
    failed: list[str] = []
    for one in chosen:
        try:
            asking.again(one, user=user, why=why)
            done.append(one)
        except CannotRepair as error:
            failed.append(error.message)
    for connection_id in {one.connection_id for one in done}:
        tasks.ring(connection_id)
    if done:
        say(request, f"Handing over again: {_counted(done)}.")
    for sentence in failed[:MOST_TOLD]:
        say(request, sentence, level=messages.WARNING)


def _question(
    chosen: Sequence[Handover], possible: Sequence[Handover], form: ReasonForm, back: str, action: str
) -> Question:
    label, (_, _, filters) = AGAIN.label, back.partition("?")
    ticked = [("_selected_action", str(one.pk)) for one in possible]
    why_not = [(_named(one), why) for one in chosen if (why := asking.why_not_again(one))]
    left = [Section(title="Left out", table=Table(head=("Attachments of", "Why not"), rows=why_not))] if why_not else []
    effects = [each.format(what=_counted(possible)) for each in EFFECTS]
    return Question(
        title=f"{label}: {_counted(possible)}" if possible else f"{label}: not possible",
        effects=effects if possible else ("None of the chosen ones allows this.",),
        submit=f"{label}: {_counted(possible)}" if possible else "",
        cancel_url=back,
        form=form,
        action=action,
        sections=left,
        hidden=[("action", "again"), ("filters", filters), *ticked] if action else (),
    )


def _counted(handovers: Sequence[Handover]) -> str:
    return _named(handovers[0]) if len(handovers) == 1 else f"{len(handovers):,} documents"


def _named(handover: Handover) -> str:
    return handover.posting.transaction.number
