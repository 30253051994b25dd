"""The acceptance tests of a source as its page and its file show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import Http404

from portal.connections.choosing import chosen_name
from portal.connections.models import Connection
from portal.desk.words import source_name
from portal.notation import moment_text
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe
from portal.tones import CLOSED, PERSON, POSTED
from portal.uat.evidence import Seen
from portal.uat.models import Finding, Outcome, Round
from portal.uat.services import LONGEST_NOTE, Stand
from portal.uat.steps import PROCESSES

BADGES: Final[Mapping[str, tuple[str, str]]] = {
    Outcome.PASSED: (POSTED, "Passed"),
    Outcome.FAILED: (PERSON, "Failed"),
}
NOT_TRIED: Final = (CLOSED, "Not tried")
HEADINGS: Final = ("Round", "Process", "Step", "Outcome", "Note", "Who", "When", "What Postroom had seen")
MOST_ROUNDS: Final = 50


class FindingForm(forms.Form):
    """What a person found in one step."""

    outcome = forms.ChoiceField(label="Outcome", choices=Outcome.choices, error_messages={"required": "Choose one."})
    note = forms.CharField(
        label="Note", required=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed where it failed: what you did, what you saw, and the number of the invoice.",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """One step on the page. `form` is None in a round that is over, and for who may only look."""

    stand: Stand
    names: Mapping[str, str]
    seen: Sequence[Seen]
    form: FindingForm | None

    @property
    def do(self) -> str:
        """What to do over there."""
        return self.stand.step.do.format(**self.names)

    @property
    def expect(self) -> str:
        """What should come of it."""
        return self.stand.step.expect.format(**self.names)

    @property
    def badge(self) -> tuple[str, str]:
        """The tone and the word of where it stands."""
        return BADGES[self.stand.latest.outcome] if self.stand.latest else NOT_TRIED


@dataclass(frozen=True, kw_only=True)
class Process:
    """The steps of one process."""

    title: str
    rows: list[Row]


def processes(
    connection: Connection, accounting: Connection | None, stands: Sequence[Stand],
    seen: Mapping[str, Sequence[Seen]], forms_of: Mapping[str, FindingForm],
) -> list[Process]:  # fmt: skip
    """Every step under its process. `forms_of` are by the keys of the steps."""
    system = chosen_name(accounting) if accounting else "the accounting system"
    names = {"source": source_name(connection.integration), "system": system}
    rows = [
        Row(stand=one, names=names, seen=seen.get(one.step.key, ()), form=forms_of.get(one.step.key)) for one in stands
    ]
    return [Process(title=title, rows=[row for row in rows if row.stand.step.process == title]) for title in PROCESSES]


def round_of(connection: Connection, asked: str) -> Round | None:
    """The round that is asked for by its number, else the current one. Raises `Http404` for what is none of its."""
    rows = Round.objects.select_related("connection__company").filter(connection=connection)
    if not asked:
        return rows.order_by("-number").first()
    found = rows.filter(number=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    if found is None:
        raise Http404("There is no such round.")
    return found


def rounds_of(connection: Connection) -> list[Round]:
    """The latest, the newest first."""
    return list(Round.objects.filter(connection=connection).order_by("-number")[:MOST_ROUNDS])


def file_lines(found: Round, stands: Sequence[Stand], zone: str) -> Iterator[str]:
    """The round as CSV: a line for each finding, and one for each step that nobody has tried."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for stand in stands:
        for finding in stand.findings or (None,):
            yield csv_line(safe(str(cell)) for cell in _cells(found, stand, finding, zone))


def _cells(found: Round, stand: Stand, finding: Finding | None, zone: str) -> tuple[Any, ...]:
    step = (found.number, stand.step.process, stand.step.title)
    if finding is None:
        return (*step, NOT_TRIED[1], "", "", "", "")
    told = (finding.get_outcome_display(), finding.note, finding.who, moment_text(finding.at, zone))
    return (*step, *told, " ".join(finding.evidence))
