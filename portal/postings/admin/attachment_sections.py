"""Sections of the pages of a transaction and a posting: the files, and the timeline at the source beside ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.http import HttpRequest

from portal.postings.attachments.models import FileState, HandedFile, Handover, HandoverState
from portal.postings.badges import badge_html
from portal.postings.models import Transaction, Transition
from portal.postings.timeline import Timeline, has_timeline, timeline_of
from portal.staff.base import row_url
from portal.staff.formats import NOTHING, link, moment
from portal.staff.sections import Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

MOST_SHOWN: Final = 100
ASKED_FOR: Final = "timeline"
TONES: Final = {
    HandoverState.WAITING: WAITING,
    HandoverState.DONE: POSTED,
    HandoverState.NOTHING: CLOSED,
    HandoverState.PARTLY: PERSON,
    HandoverState.GIVEN_UP: PERSON,
}
FILE_TONES: Final = {FileState.WAITING: WAITING, FileState.HANDED: POSTED, FileState.REFUSED: PERSON}
NOT_LISTED: Final = "Not known yet: the source is asked when it is their turn."
ASK: Final = "Ask {source} what happened to it there"
ASK_AGAIN: Final = "Ask again"
LAST_KNOWN: Final = "This is the last that is known. {why}"


def handover_badge(handover: Handover) -> str:
    """The state of a handover as a badge."""
    state = HandoverState(handover.state)
    return tone(TONES[state], str(state.label))


def file_badge(file: HandedFile) -> str:
    """The state of a file as a badge."""
    state = FileState(file.state)
    return tone(FILE_TONES[state], str(state.label))


def files_section(handovers: Iterable[Handover]) -> list[Section]:
    """The files of these handovers, one section for each; none where there is no handover."""
    return [_files_of(each) for each in handovers]


def files_table(handover: Handover) -> Table:
    """Each file with what became of it."""
    rows = [
        (
            file_badge(one),
            one.name,
            one.content_type,
            size_text(one.size),
            moment(one.handed_at),
            one.message or NOTHING,
        )
        for one in handover.files.order_by("pk")[:MOST_SHOWN]
    ]
    empty = NOT_LISTED if handover.state == HandoverState.WAITING else "None."
    head = ("State", "Name in the books", "Type", "Size", "Handed over", "Message")
    return Table(head=head, rows=rows, numeric=frozenset({3}), empty=empty)


def size_text(size: int | None) -> str:
    """In the unit that fits: `812 B`, `47 kB`, `3.2 MB`."""
    if size is None:
        return NOTHING
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} kB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"


def timeline_sections(request: HttpRequest, transaction: Transaction) -> list[Section]:
    """The timeline at the source beside ours once it is asked for, else the way to ask; nothing where there is none.

    No page waits for a vendor by itself.
    """
    if not has_timeline(transaction):
        return []
    title, source = "Timeline at the source", transaction.source
    if not request.GET.get(ASKED_FOR):
        return [Section(title=title, html=link(f"?{ASKED_FOR}=1", ASK.format(source=source)))]
    theirs, again = timeline_of(transaction), link(f"?{ASKED_FOR}=1", ASK_AGAIN)
    columns = [_theirs(theirs, source), _ours(transaction)]
    return [Section(title=title, html=again, columns=columns)]


def _files_of(handover: Handover) -> Section:
    standing = link(row_url(handover), f"{HandoverState(handover.state).label} in {handover.connection.integration}")
    return Section(title="Attachments", note=handover.message, html=standing, table=files_table(handover))


def _theirs(timeline: Timeline, source: str) -> Section:
    rows = [
        (moment(one.at, seconds=True), one.what, one.who or NOTHING, one.detail or NOTHING)
        for one in timeline.events[-MOST_SHOWN:]
    ]
    table = Table(head=("At", "What", "Who", "Detail"), rows=rows, empty=timeline.problem or "Nothing was told.")
    note = LAST_KNOWN.format(why=timeline.note) if timeline.note else ""
    asked = moment(timeline.asked_at, seconds=True) if timeline.asked_at else ""
    return Section(title=f"At {source}", note=note, table=table, html=asked)


def _ours(transaction: Transaction) -> Section:
    """The changes of its postings' states, the oldest first, as they stand there."""
    changes = Transition.objects.filter(posting__transaction=transaction).select_related("user", "posting__connection")
    rows = [
        (
            moment(one.at, seconds=True),
            badge_html(one.after),
            str(one.user or one.get_who_display()),
            one.why or f"Into {one.posting.connection.integration}",
        )
        for one in changes.order_by("pk")[:MOST_SHOWN]
    ]
    received = (moment(transaction.received_at, seconds=True), "Received", transaction.source, transaction.number)
    return Section(title="At Postroom", table=Table(head=("At", "What", "Who", "Detail"), rows=[received, *rows]))
