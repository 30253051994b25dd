"""The gaps as a CSV file, line by line: of the last transactions, then of each list of the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from integrations.reference import RecordList
from portal.postings.gaps import GapReport
from portal.postings.list_gaps import ListReport, Reading
from portal.reference.judging import Fate, Judged
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe

HEADINGS: Final = ("Found in", "Codes", "Code", "Sent as", "Transactions", "Latest", "What becomes of it", "Why")
TRANSACTIONS: Final = "Last transactions"
BEFORE: Final = "Before go-live"
WORDS: Final = {
    Fate.SENT: "Sent",
    Fate.SENT_AS_DEFAULT: "Sent as the default",
    Fate.PERHAPS_REFUSED: "Perhaps refused",
    Fate.REFUSED: "Refused",
}
READ: Final = "Codes read: {read:,}"


def csv_lines(report: GapReport, reading: Reading | None, targets: Iterable[RecordList]) -> Iterator[str]:
    """The whole file. Without a reading only the transactions are in it. What could not be read says so in its line."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for each in report.found:
        where = BEFORE if each.is_before else TRANSACTIONS
        yield _line(where, each.judged, f"{each.transactions}", each.example[1], each.about)
    for note in report.notes:
        yield csv_line(map(safe, (TRANSACTIONS, "", "", "", "", "", "Not known", note)))
    for target in targets if reading else ():
        yield from _list_lines(reading, ListReport(target))


def not_read(why: str) -> str:
    """The line that says why no list is in the file."""
    return csv_line(map(safe, ("Lists", "", "", "", "", "", "Not known", why)))


def _list_lines(reading: Reading | None, report: ListReport) -> Iterator[str]:
    for gap in reading.gaps(report) if reading else ():
        yield _line(report.label, gap.judged, f"{gap.used}", "")
    why = report.problem or "The whole list"
    yield csv_line(map(safe, (report.label, "", "", "", "", "", READ.format(read=report.read), why)))


def _line(where: str, judged: Judged, transactions: str, latest: str, about: str = "") -> str:
    what = judged.what[:1].upper() + judged.what[1:]
    why = f"{about}: {judged.sentence}" if about else judged.sentence
    cells = (where, what, judged.code, judged.sent, transactions, latest, WORDS[judged.fate], why)
    return csv_line(map(safe, cells))
