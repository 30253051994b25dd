"""Ask before a repair, then do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.postings import repair, tasks
from portal.postings.admin.repairs import ANOTHER, MARK_POSTED, RETRY, SAME, VOID, Repair, why_not
from portal.postings.badges import badge_html
from portal.postings.models import Posting
from portal.postings.twins import answering
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import row_url, say
from portal.staff.formats import link, money
from portal.staff.sections import Section, Table

# Beyond these the sweep finds the rows within seconds; ringing takes long while the broker is away.
MOST_RUNG: Final = 20
MOST_TOLD: Final = 10
SERVICES: Final[dict[str, Callable[..., None]]] = {
    RETRY.button.name: repair.retry,
    VOID.button.name: repair.void,
    SAME.button.name: answering.same,
    ANOTHER.button.name: answering.another,
}
RUNG: Final = (RETRY, ANOTHER)


class NumbersForm(ReasonForm):
    """The accounting system's number for each posting, and one reason for all."""

    def __init__(self, postings: Sequence[Posting], data: Any) -> None:
        super().__init__(data)
        self._single = len(postings) == 1
        for posting in postings:
            transaction = posting.transaction
            self.fields[f"number_{posting.pk}"] = forms.CharField(
                label=f"Number of {transaction.number}" if not self._single else "Number",
                help_text=f"{transaction.supplier_name}, {money(transaction.gross, transaction.currency)}.",
                required=self._single,
                max_length=100,
                error_messages={"required": "Give the number that the document has in the accounting system."},
                widget=forms.TextInput(attrs={"class": "vTextField short"}),
            )
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def number_of(self, posting: Posting) -> str:
        """What was typed for this one; empty: leave it alone."""
        return str(self.cleaned_data.get(f"number_{posting.pk}", ""))

    def clean(self) -> dict[str, Any]:
        """At least one number."""
        cleaned = super().clean() or {}
        if not self._single and not any(value for name, value in cleaned.items() if name.startswith("number_")):
            raise ValidationError("Give at least one number. What is left empty stays as it is.")
        return cleaned


def handle(
    request: HttpRequest,
    wanted: Repair,
    chosen: Sequence[Posting],
    context: dict[str, Any],
    *,
    back: str,
    action: str = "",
) -> HttpResponse:
    """Ask, and once confirmed do it and go `back`. `action` is the list's URL when it came from there."""
    user = request.user
    if not user.is_authenticated or not user.has_perm(wanted.button.permission):
        raise PermissionDenied
    if len(chosen) > wanted.most:
        say(request, f"Choose at most {wanted.most} postings for this; nothing was done.", level=messages.ERROR)
        return HttpResponseRedirect(back)
    possible = [posting for posting in chosen if not why_not(posting, wanted)]
    impossible = [posting for posting in chosen if why_not(posting, wanted)]
    form = _form(wanted, possible, form_data(request))
    if possible and form.is_valid():
        _do(request, user, wanted, possible, form)
        _say_what_was_left(request, [f"{each.transaction.number}: {why_not(each, wanted)}" for each in impossible])
        return HttpResponseRedirect(back)
    return ask(request, context, _question(wanted, possible, impossible, form, back, action))


def _form(wanted: Repair, possible: Sequence[Posting], data: Any) -> ReasonForm:
    return NumbersForm(possible, data) if wanted is MARK_POSTED else ReasonForm(data)


def _question(
    wanted: Repair, possible: Sequence[Posting], impossible: Sequence[Posting], form: forms.Form, back: str, action: str
) -> Question:
    label = wanted.button.label
    _, _, filters = back.partition("?")
    chosen = [("_selected_action", str(each.pk)) for each in possible]
    from_the_list = [("action", wanted.button.name), ("filters", filters), *chosen]

    doable = (wanted.effect.format(what=_counted(possible)), *wanted.more, wanted.undo)
    return Question(
        title=f"{label}: {_counted(possible)}" if possible else f"{label}: not possible",
        effects=doable if possible else ("None of the chosen postings allows this.",),
        submit=f"{label} {_counted(possible)}" if possible else "",
        cancel_url=back,
        form=form,
        action=action,
        sections=[*_listed(possible), *_excluded(impossible, wanted)],
        hidden=from_the_list if action else (),
        danger=wanted.danger,
    )


def _do(request: HttpRequest, user: User, wanted: Repair, possible: Sequence[Posting], form: ReasonForm) -> None:
    done: list[Posting] = []
    failed: list[str] = []
    for posting in possible:
        try:
            if _one(request, user, wanted, posting, form):
                done.append(posting)
        except repair.CannotRepair as error:
            failed.append(f"{posting.transaction.number}: {error.message}")
    if done:
        say(request, wanted.done.format(what=_counted(done)))
    _say_what_was_left(request, failed)
    for posting in done[: MOST_RUNG if wanted in RUNG else 0]:
        tasks.ring(posting.pk)


def _one(request: HttpRequest, user: User, wanted: Repair, posting: Posting, form: ReasonForm) -> bool:
    """Do it to one posting; False when it was left alone. Raises `CannotRepair`."""
    why = form.cleaned_data["reason"]
    if not isinstance(form, NumbersForm):
        SERVICES[wanted.button.name](posting, by=user, why=why)
        return True
    number = form.number_of(posting)
    if number:
        verified = repair.mark_posted(posting, number=number, by=user, why=why)
        say(request, f"{posting.transaction.number}: {verified}", level=messages.INFO)
    return bool(number)


def _say_what_was_left(request: HttpRequest, sentences: Sequence[str]) -> None:
    for sentence in sentences[:MOST_TOLD]:
        say(request, sentence, level=messages.WARNING)
    if len(sentences) > MOST_TOLD:
        say(request, f"{len(sentences) - MOST_TOLD} more could not be done.", level=messages.WARNING)


def _counted(postings: Sequence[Posting]) -> str:
    return postings[0].transaction.number if len(postings) == 1 else f"{len(postings):,} postings"


def _listed(postings: Sequence[Posting]) -> list[Section]:
    if not postings:
        return []
    head = ("Posting", "State", "Company", "Supplier", "Gross", "Reason")
    table = Table(head=head, rows=[_row(posting) for posting in postings], numeric=frozenset({4}))
    return [Section(title="Chosen", table=table)]


def _excluded(postings: Sequence[Posting], wanted: Repair) -> list[Section]:
    if not postings:
        return []
    head = ("Posting", "State", "Company", "Supplier", "Gross", "Why not")
    rows = [(*_row(posting)[:-1], why_not(posting, wanted)) for posting in postings]
    title = f"Left out: {_counted(postings)}"
    return [Section(title=title, table=Table(head=head, rows=rows, numeric=frozenset({4})))]


def _row(posting: Posting) -> tuple[str, ...]:
    transaction = posting.transaction
    return (
        link(row_url(posting), transaction.number),
        badge_html(posting.state),
        posting.connection.company.name,
        transaction.supplier_name,
        money(transaction.gross, transaction.currency),
        posting.reason,
    )
