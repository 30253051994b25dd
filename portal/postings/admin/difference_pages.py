"""The page that asks before something is done with differences, one or many, and the way it is done then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.postings.admin.repairs import Repair
from portal.postings.repair import CannotRepair
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import row_url, say
from portal.staff.formats import link
from portal.staff.sections import Section, Table

D = TypeVar("D", bound=Model)

MOST_TOLD: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferencePages(Generic[D]):
    """What is particular to one sort of difference.

    `why_not` says in one sentence why a repair, by its name, cannot be done; empty when it can. `do` does it, gives
    what there is to tell of it besides, and raises `CannotRepair`. `company` and `in_short` are two columns of the
    lists, the latter under the heading `there`.
    """

    why_not: Callable[[D, str], str]
    do: Callable[[User, Repair, D, str], str]
    company: Callable[[D], str]
    in_short: Callable[[D], str]
    there: str

    def handle(
        self,
        request: HttpRequest,
        wanted: Repair,
        chosen: Sequence[D],
        context: dict[str, Any],
        *,
        back: str,
        action: str,
    ) -> HttpResponse:
        """Ask, and once confirmed do it and go `back`. `action` is the list's URL when it came from there, or empty."""
        user = request.user
        if not user.is_authenticated or not user.has_perm(wanted.button.permission):
            raise PermissionDenied
        if len(chosen) > wanted.most:
            say(request, f"Choose at most {wanted.most} differences for this; nothing was done.", level=messages.ERROR)
            return HttpResponseRedirect(back)
        reasons = {one.pk: self.why_not(one, wanted.button.name) for one in chosen}
        possible = [one for one in chosen if not reasons[one.pk]]
        form = ReasonForm(form_data(request))
        if possible and form.is_valid():
            self._do_all(request, user, wanted, possible, form.cleaned_data["reason"])
            _say_all(request, [f"{one}: {reasons[one.pk]}" for one in chosen if reasons[one.pk]])
            return HttpResponseRedirect(back)
        return ask(request, context, self._question(wanted, chosen, reasons, form, back, action))

    def _question(
        self,
        wanted: Repair,
        chosen: Sequence[D],
        reasons: dict[Any, str],
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
            sections=[*self._listed("Chosen", possible, {}), *self._listed("Left out", left, reasons)],
            hidden=[("action", wanted.button.name), ("filters", filters), *ticked] if action else (),
            danger=wanted.danger,
        )

    def _do_all(self, request: HttpRequest, user: User, wanted: Repair, possible: Sequence[D], why: str) -> None:
        done: list[D] = []
        failed: list[str] = []
        for one in possible:
            try:
                if told := self.do(user, wanted, one, why):
                    say(request, f"{one}: {told}", level=messages.INFO)
                done.append(one)
            except CannotRepair as error:
                failed.append(f"{one}: {error.message}")
        if done:
            say(request, wanted.done.format(what=_counted(done)))
        _say_all(request, failed)

    def _listed(self, title: str, differences: Sequence[D], reasons: dict[Any, str]) -> list[Section]:
        """The rows; those that are left out say why."""
        if not differences:
            return []
        head = ("Difference", "Company", self.there, *(["Why not"] if reasons else []))
        rows = [
            (
                link(row_url(one), str(one)),
                self.company(one),
                self.in_short(one),
                *([reasons[one.pk]] if reasons else []),
            )
            for one in differences
        ]
        return [Section(title=f"{title}: {_counted(differences)}", table=Table(head=head, rows=rows))]


def _say_all(request: HttpRequest, sentences: Sequence[str]) -> None:
    for sentence in sentences[:MOST_TOLD]:
        say(request, sentence, level=messages.WARNING)
    if len(sentences) > MOST_TOLD:
        say(request, f"{len(sentences) - MOST_TOLD} more could not be done.", level=messages.WARNING)


def _counted(differences: Sequence[Model]) -> str:
    return str(differences[0]) if len(differences) == 1 else f"{len(differences):,} differences"
