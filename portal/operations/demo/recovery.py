"""The demo with faults: what became of each document that was posted into a disturbed Demo Books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from django.utils import timezone

from integrations.documents import Kind
from integrations.exact import from_json
from portal.operations.demo.children import DemoFailed
from portal.operations.demo.icompleat import TIMEOUT_SECONDS, Approved
from portal.operations.demo.outcome import UNKNOWN_ACCOUNT
from portal.postings.models import Posting, Transition
from portal.postings.states import NEEDS_A_PERSON, UNDER_WAY, State

RECOVERS_WITHIN_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.5
HEADS = ("Document", "Kind", "Gross", "Answered", "Portal", "Demo Books", "State", "Disturbed by")
TOOK_TOO_LONG = f"Not everything was final within {RECOVERS_WITHIN_SECONDS:.0f} seconds."


@dataclass(frozen=True, slots=True)
class Fate:
    """One document: what iCompleat was told, and where it stands now. `key` is what Demo Books knows it by."""

    document: str
    kind: Kind
    gross: str
    answered: str
    portal_number: str
    books_number: str
    state: State
    reason: str
    kept: bool
    key: str
    disturbed_by: tuple[str, ...]

    @property
    def is_under_way(self) -> bool:
        """Whether the engine has still to bring it to an end."""
        return self.state in UNDER_WAY

    def cells(self) -> tuple[str, ...]:
        """Its row in the table."""
        return (
            self.document, self.kind.label, self.gross, self.answered or "refused", self.portal_number,
            self.books_number or "none", str(self.state.label), ", ".join(self.disturbed_by) or "nothing",
        )  # fmt: skip


class Recovery:
    """Watches the documents of one company. `say` prints a line."""

    def __init__(
        self, approved: Sequence[Approved], *, portal_url: str, books_url: str, say: Callable[[str], None]
    ) -> None:
        self._approved = approved
        self._portal_url = portal_url
        self._books_url = books_url
        self._say = say
        self._told = 0
        self._session = requests.Session()
        self._session.trust_env = False

    def watch(self, check: Callable[[], None], *, within_seconds: float | None) -> bool:
        """Tell each step until every document is final, then the table. True when each is booked exactly once.

        `check` is called while waiting and may raise. With `within_seconds` the waiting ends there.
        """
        self._begin()
        deadline = time.monotonic() + within_seconds if within_seconds is not None else None
        while not self._is_over():
            check()
            if deadline is not None and time.monotonic() > deadline:
                self._say(TOOK_TOO_LONG)
                break
            time.sleep(LOOK_EVERY_SECONDS)
        return self._end()

    def _begin(self) -> None:
        report, fates = self._faults(), self._fates()
        self._told = max(self._steps().values_list("pk", flat=True), default=0)
        for line in opening(report, fates, portal_url=self._portal_url, books_url=self._books_url):
            self._say(line)

    def _is_over(self) -> bool:
        """Tell what moved since the last look. Nothing is over while a commit may still come late."""
        for step in self._steps().filter(pk__gt=self._told):
            self._told = step.pk
            at = timezone.localtime(step.at)
            move = f"{State(step.before).label} to {State(step.after).label}"
            self._say(f"  {at:%H:%M:%S}  {step.posting.transaction.number}  {move}. {step.why}".rstrip())
        return not self._faults()["waiting"] and not any(fate.is_under_way for fate in self._fates())

    def _end(self) -> bool:
        fates = self._fates()
        problems = list(wrong(fates, self._read("truth")["documents"]))
        if missing := len(self._approved) - len(fates):
            problems.append(f"{missing} of the documents never reached the portal.")
        verdict = problems or ["Each document is in Demo Books exactly once, and nothing that was refused."]
        for line in ["", *table(fates), "", *verdict]:
            self._say(line)
        return not problems

    def _fates(self) -> list[Fate]:
        found = {posting.transaction.external_id: posting for posting in self._postings()}
        notes = self._faults()["disturbed"]
        return [_fate(one, found[one.id.lower()], notes) for one in self._approved if one.id.lower() in found]

    def _postings(self) -> Iterable[Posting]:
        ids = [one.id.lower() for one in self._approved]
        return Posting.objects.filter(transaction__external_id__in=ids).select_related("transaction")

    def _steps(self) -> Any:
        steps = Transition.objects.filter(posting__in=[posting.pk for posting in self._postings()])
        return steps.select_related("posting__transaction").exclude(before="").order_by("pk")

    def _faults(self) -> Mapping[str, Any]:
        return self._read("faults")

    def _read(self, path: str) -> Mapping[str, Any]:
        try:
            answer = self._session.get(f"{self._books_url}/{path}", timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise DemoFailed(f"Demo Books did not answer: {error}") from error
        told: Mapping[str, Any] = from_json(answer.text)
        return told


def _fate(approved: Approved, posting: Posting, notes: Iterable[Mapping[str, Any]]) -> Fate:
    key = str(posting.idempotency_key)
    return Fate(
        document=approved.number,
        kind=Kind(approved.kind),
        gross=f"{approved.gross:,.2f} {approved.currency}",
        answered=approved.journal_number,
        portal_number=posting.transaction.number,
        books_number=posting.external_number,
        state=State(posting.state),
        reason=posting.reason,
        kept=posting.kept,
        key=key,
        # A later generation of the key begins with it.
        disturbed_by=tuple(note["fault"] for note in notes if note["key"].startswith(key)),
    )


def opening(report: Mapping[str, Any], fates: Sequence[Fate], *, portal_url: str, books_url: str) -> Iterator[str]:
    """What is going on, and how to watch it."""
    disturbed = len(report["disturbed"])
    yield f"Demo Books is disturbed: {report['spec']}, seed {report['seed']}; {disturbed} requests were hit so far."
    yield f"What was disturbed      {books_url}/faults"
    yield f'Other faults            curl -X PUT -d \'{{"spec": "chaos"}}\' {books_url}/faults'
    yield f"What is in its books    {books_url}/truth"
    yield f"Watch them recover      {portal_url}/admin/postings/posting/?state=under-way"
    yield ""
    open_ones = [fate for fate in fates if fate.is_under_way]
    if not open_ones:
        yield "Everything is final already."
        return
    yield "Not confirmed in time, and so answered with the portal's number:"
    for fate in open_ones:
        yield f"  {fate.document}  {fate.portal_number}  {fate.state.label}. {fate.reason}".rstrip()
    yield "The engine waits until nothing can come late, looks each one up, and sends again only what is not there:"


def table(fates: Sequence[Fate]) -> Iterator[str]:
    """The final table, with all numbers."""
    rows = [HEADS, *(fate.cells() for fate in fates)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def wrong(fates: Iterable[Fate], booked: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is not as it should be, one sentence each; `booked` is everything that Demo Books holds."""
    numbers: dict[str, list[str]] = {}
    for one in booked:
        numbers.setdefault(one["external_key"], []).append(one["number"])
    for fate in fates:
        yield from _wrong(fate, numbers.get(fate.key, []))


def _wrong(fate: Fate, booked: Sequence[str]) -> Iterator[str]:
    expected = [fate.books_number] if fate.state is State.POSTED and not fate.kept else []
    if booked != expected:
        yield (
            f"{fate.document} ({fate.portal_number}) is in Demo Books as {', '.join(booked) or 'nothing'}, "
            f"expected was {', '.join(expected) or 'nothing'}."
        )
    if fate.is_under_way or (fate.state in NEEDS_A_PERSON and UNKNOWN_ACCOUNT not in fate.reason):
        yield f"{fate.document} ({fate.portal_number}) is {str(fate.state.label).lower()}. {fate.reason}"
