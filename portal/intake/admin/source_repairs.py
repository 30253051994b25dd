"""How the staff site words a difference with a source, what may be done with it, and the pages that ask before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.intake.models import SourceDifference
from portal.intake.reconciliation import repairs
from portal.intake.reconciliation.comparing import NEVER, postings_of
from portal.intake.reconciliation.models import SourceDifferenceKind
from portal.postings.admin.repairs import MOST_AT_ONCE, MOST_LOOKED_UP, Repair
from portal.postings.reconciliation.models import DifferenceState
from portal.postings.repair import CannotRepair
from portal.postings.tasks import ring
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, row_url, say
from portal.staff.formats import link, money
from portal.staff.sections import Section, Table
from portal.tones import CLOSED, PERSON, POSTED, tone

MOST_TOLD: Final = 10
TONES: Final = {DifferenceState.OPEN: PERSON, DifferenceState.RESOLVED: POSTED, DifferenceState.DISMISSED: CLOSED}
RECEIVE: Final = Repair(
    button=Button(name=repairs.RECEIVE, label="Receive it now", permission="intake.receive_sourcedifference"),
    effect="Read {what} from the source and take it in, as if it had just come: it is booked where that is possible.",
    more=("Should the source send it after all, it is the same transaction again and gets the same number.",),
    undo="This cannot be taken back: what has been booked is corrected in the accounting system.",
    done="Received {what}.",
    most=MOST_LOOKED_UP,
)
VOID: Final = Repair(
    button=Button(name=repairs.VOID, label="Void its posting", permission="postings.void_posting"),
    effect="Void the posting of {what}: never booked, and refused if the source sends it again.",
    more=("The journal number stays used, and the reason explains it.",),
    undo="This cannot be undone: nothing leaves the state Void.",
    done="Voided {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
DISMISS: Final = Repair(
    button=Button(name=repairs.DISMISS, label="Dismiss", permission="intake.settle_sourcedifference"),
    effect="Dismiss {what}: no alarm again, as long as the source tells the same of it.",
    more=("Nothing is written at the source or in the books, and no posting changes its state.",),
    undo="This cannot be undone.",
    done="Dismissed {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
REPAIRS: Final = {each.button.name: each for each in (RECEIVE, VOID, DISMISS)}

ADVICE_NEVER: Final = (
    "The source has approved it, and we do not hold it: the webhook never came, or was refused when it came. “Receive "
    "it now” reads it from the source and takes it in. If it shall not be booked, “Dismiss” it with the reason."
)
ADVICE_DELETED: Final = {
    repairs.REVERSE: "The source has deleted it, and it is in the books: the entry must be reversed in the accounting "
    "system, by a credit note or a reversal. Then “Dismiss” it, with the number of that entry as the reason.",
    repairs.WAIT: "The source has deleted it while its posting is under way. Wait until that is settled.",
    repairs.MAY_EXIST: "The source has deleted it, and it may be in the books: settle its posting first.",
    repairs.NOTHING_LEFT: "Nothing of it is in the books any more: the next run resolves it.",
    "": "The source has deleted it, and it was never booked: “Void its posting”.",
}


def advice(difference: SourceDifference) -> str:
    """What it means, and what to do about it, in plain words; empty once it is closed."""
    if difference.state != DifferenceState.OPEN:
        return ""
    return ADVICE_NEVER if difference.kind == NEVER else ADVICE_DELETED[repairs.why_not(difference, repairs.VOID)]


def handle(
    request: HttpRequest,
    wanted: Repair,
    chosen: Sequence[SourceDifference],
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
    reasons = {one.pk: repairs.why_not(one, wanted.button.name) for one in chosen}
    possible = [one for one in chosen if not reasons[one.pk]]
    form = ReasonForm(form_data(request))
    if possible and form.is_valid():
        _do(request, user, wanted, possible, form.cleaned_data["reason"])
        _say_all(request, [f"{one}: {reasons[one.pk]}" for one in chosen if reasons[one.pk]])
        return HttpResponseRedirect(back)
    return ask(request, context, _question(wanted, chosen, reasons, form, back, action))


def _question(
    wanted: Repair,
    chosen: Sequence[SourceDifference],
    reasons: dict[int, str],
    form: ReasonForm,
    back: str,
    action: str,
) -> Question:
    possible, left = [one for one in chosen if not reasons[one.pk]], [one for one in chosen if reasons[one.pk]]
    label, (_, _, filters) = wanted.button.label, back.partition("?")
    ticked = [("_selected_action", str(one.pk)) for one in possible]
    what = _counted(possible)
    return Question(
        title=f"{label}: {what}" if possible else f"{label}: not possible",
        effects=(wanted.effect.format(what=what), *wanted.more, wanted.undo)
        if possible
        else ("None of the chosen differences allows this.",),
        submit=f"{label}: {what}" if possible else "",
        cancel_url=back,
        form=form,
        action=action,
        sections=[*_listed("Chosen", possible, {}), *_listed("Left out", left, reasons)],
        hidden=[("action", wanted.button.name), ("filters", filters), *ticked] if action else (),
        danger=wanted.danger,
    )


def _do(request: HttpRequest, user: User, wanted: Repair, possible: Sequence[SourceDifference], why: str) -> None:
    done: list[SourceDifference] = []
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


def _one(user: User, wanted: Repair, difference: SourceDifference, why: str) -> str:
    """Do it; gives what there is to tell of it beside that. Raises `CannotRepair`."""
    if wanted is RECEIVE:
        return repairs.receive(difference, user=user, why=why, ring=ring)
    service = repairs.void if wanted is VOID else repairs.dismiss
    return service(difference, user=user, why=why)


def _say_all(request: HttpRequest, sentences: Sequence[str]) -> None:
    for sentence in sentences[:MOST_TOLD]:
        say(request, sentence, level=messages.WARNING)
    if len(sentences) > MOST_TOLD:
        say(request, f"{len(sentences) - MOST_TOLD} more could not be done.", level=messages.WARNING)


def _counted(differences: Sequence[SourceDifference]) -> str:
    return str(differences[0]) if len(differences) == 1 else f"{len(differences):,} differences"


def _listed(title: str, differences: Sequence[SourceDifference], reasons: dict[int, str]) -> list[Section]:
    """The rows; those that are left out say why."""
    if not differences:
        return []
    head = ("Difference", "Company", "At the source", *(["Why not"] if reasons else []))
    rows = [
        (
            link(row_url(one), str(one)),
            one.connection.company.name,
            in_short(one),
            *([reasons[one.pk]] if reasons else []),
        )
        for one in differences
    ]
    return [Section(title=f"{title}: {_counted(differences)}", table=Table(head=head, rows=rows))]


def in_short(difference: SourceDifference) -> str:
    """Who, how much: `Crown Conference Centre, 120.00 GBP`."""
    gross = "" if difference.gross is None else money(difference.gross, difference.currency)
    return ", ".join(
        part for part in (str(difference.get_transaction_kind_display()), difference.supplier, gross) if part
    )


def difference_badge(difference: SourceDifference) -> str:
    """The kind while it is open, then how it ended."""
    state = DifferenceState(difference.state)
    kind = str(SourceDifferenceKind(difference.kind).label).partition(":")[0]
    return tone(TONES[state], kind if state is DifferenceState.OPEN else f"{kind}, {state.label.lower()}")


def postings_shown(difference: SourceDifference) -> list[tuple[str, str]]:
    """Its postings, as link and state."""
    return [(link(row_url(one), one.transaction.number), one.get_state_display()) for one in postings_of(difference)]
