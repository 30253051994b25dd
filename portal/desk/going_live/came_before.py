"""What came in before go-live, as its pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import QuerySet
from django.http import Http404, QueryDict

from integrations.documents import Kind
from portal.desk.access import Place
from portal.desk.going_live.noticing import kept_words
from portal.desk.keyset import Cut, cut
from portal.intake.before_live.stored import StoredRun, stored_run
from portal.intake.bodies import body_shown
from portal.intake.models import Forecast, KeptDryRun

# A page names a kept dry run by a number that no database column may be too small for.
LARGEST: Final = 2**63
ALL: Final = ""
KINDS: Final = {kind.value: kind.label for kind in Kind}


@dataclass(frozen=True)
class KeptRow:
    """One of them."""

    kept: KeptDryRun

    @property
    def kind(self) -> str:
        """In words; empty where it could not be read and its address takes all kinds."""
        return KINDS.get(self.kept.kind, "")

    @property
    def tone(self) -> str:
        """The colour of what would become of it."""
        return kept_words(self.kept)[0]

    @property
    def word(self) -> str:
        """What would become of it."""
        return kept_words(self.kept)[1]

    @property
    def said(self) -> str:
        """Why, where there is something to say."""
        return kept_words(self.kept)[2]

    @property
    def is_made_again(self) -> bool:
        """Whether what is shown is of before, and a new one is on the way."""
        return self.kept.made_at is not None and self.kept.next_try_at is not None

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page shows of it, to tell whether that has changed."""
        return (self.kept.pk, kept_words(self.kept), self.is_made_again, self.kept.made_at)


@dataclass(frozen=True)
class Shown:
    """One of them with its whole dry run; `run` is None where there is none to show."""

    row: KeptRow

    @cached_property
    def run(self) -> StoredRun | None:
        """What was found."""
        return stored_run(self.row.kept.result, self._body)

    @property
    def tone(self) -> str:
        """The colour of what would happen."""
        return self.row.tone

    @property
    def word(self) -> str:
        """What would happen, in a word or two."""
        return self.row.word

    @property
    def body(self) -> str:
        """What came in as text; empty where it is not kept any more."""
        return body_shown(self._body) if self._body else ""

    @property
    def _body(self) -> bytes:
        return bytes(self.row.kept.delivery.body)


def rows_of(place: Place) -> QuerySet[KeptDryRun]:
    """The company's, without bodies and results."""
    rows = KeptDryRun.objects.filter(company=place.company).select_related("delivery")
    return rows.defer("result", "delivery__body", "delivery__headers", "delivery__answer_body")


def page_of(place: Place, query: QueryDict) -> Cut[KeptDryRun]:
    """A page of them, the newest first, of one forecast or of all. Raises `Http404` for what is no position."""
    rows, wanted = rows_of(place), query.get("forecast", ALL)
    narrowed = rows.filter(forecast=wanted) if wanted in Forecast else rows
    return cut(narrowed, query, descending=True, within=rows)


def one_of(place: Place, number: int) -> KeptDryRun:
    """One of them, whole. Raises `Http404` for everybody else's, as for one that does not exist."""
    rows = KeptDryRun.objects.filter(company=place.company).select_related("delivery__endpoint", "company")
    found = rows.filter(pk=number).first() if number < LARGEST else None
    if found is None:
        raise Http404("There is no such delivery.")
    return found
