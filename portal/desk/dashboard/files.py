"""The figures of days as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from portal.postings.figures.reading import Day
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line


def days_lines(days: Sequence[Day], columns: Mapping[str, str], zone: str) -> Iterator[str]:
    """The file line by line, the newest day first. `columns` are names of figures with their headings; the median is in
    seconds, empty where nothing was posted."""
    yield BYTE_ORDER_MARK + csv_line(["Day", "Time zone", *columns.values(), "Median seconds to a number"])
    for each in reversed(days):
        median = each.figures.median_seconds
        counts = [str(getattr(each.figures, name)) for name in columns]
        yield csv_line([each.day.isoformat(), zone, *counts, "" if median is None else f"{median:.2f}"])
