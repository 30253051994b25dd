"""The tables that `make bench` prints: Markdown, so that they can stand in docs/performance.md as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.figures import Figures, figures, overhead
from tests.bench.finding import Finding
from tests.bench.rows import MANY, ROWS, Measured
from tests.bench.shapes import LATENCY_MS

HEADS = (
    "row", "accepted/s", "CPU ms each", "lowest-highest", "per CPU-second", "floor : row", "p50 at 1, ms",
    f"p50 at {MANY}, ms", f"p99 at {MANY}, ms",
)  # fmt: skip


def table(measured: Measured) -> str:
    """One shape: its rows, where their CPU time went, and what the tables do not say."""
    lines = figures(measured)
    rows = [HEADS, *(_cells(name, line) for name, line in lines.items())]
    about = f"**{measured.name}**: {measured.about}"
    return "\n\n".join((about, markdown(rows), markdown(_parts(measured, lines)), "\n".join(_sentences(measured))))


def told(finding: Finding) -> str:
    """What a scenario came to."""
    return f"**{finding.name}**: {finding.about}\n\n{markdown([('what', 'figure', 'promised'), *finding.lines])}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table that reads well as it is. The first row is the head; the first column is text, the others are figures."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    rule = [f"{'-' * (width - (position > 0))}{':' * (position > 0)}" for position, width in enumerate(widths)]
    return "\n".join(_joined(row, widths) for row in (rows[0], rule, *rows[1:]))


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    figures_of_row = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return f"| {' | '.join((row[0].ljust(widths[0]), *figures_of_row))} |"


def _cells(name: str, line: Figures) -> tuple[str, ...]:
    return (
        ROWS[name],
        f"{line.per_second:.0f}",
        f"{line.cpu_ms:.2f}",
        f"{line.cpu_ms_lowest:.2f}-{line.cpu_ms_highest:.2f}",
        f"{line.per_cpu_second:.0f}",
        f"{line.to_floor:.2f}",
        f"{line.p50_one:.1f}",
        f"{line.p50_many:.1f}",
        f"{line.p99_many:.1f}",
    )


def _parts(measured: Measured, lines: dict[str, Figures]) -> list[tuple[str, ...]]:
    idle = measured.idle_cpu_ms
    return [
        ("CPU ms each, by part", *idle),
        *((ROWS[name], *(f"{ms:.2f}" for ms in line.parts.values())) for name, line in lines.items()),
        ("(in a second of doing nothing)", *(f"{ms:.1f}" for ms in idle.values())),
    ]


def _sentences(measured: Measured) -> Iterator[str]:
    added = overhead(measured)
    yield (
        f"- Through a worker, over the {LATENCY_MS} ms that the accounting system sleeps: "
        f"p50 {added.over_latency_p50_one:+.1f} ms with 1 in flight, "
        f"p99 {added.over_latency_p99_many:+.1f} ms with {MANY}."
    )
    yield (
        "- Over what its answer took, as the worker saw it: "
        f"p50 {added.over_call_p50_one:+.1f} ms with 1 in flight, p99 {added.over_call_p99_many:+.1f} ms with {MANY}. "
        f"Its own number was in {added.own_numbers:.1%} of the answers."
    )
    yield (
        f"- Resident memory of the portal's processes: {measured.resident_before_mb:.0f} MB before, "
        f"{measured.resident_after_mb:.0f} MB after."
    )
    beside = {name: line.beside for name, line in figures(measured).items() if line.beside}
    told = ", ".join(f"{name} {of['client']:.2f} + {of['accounting']:.2f}" for name, of in beside.items())
    yield f"- On the same machine, in no figure: CPU ms of client and accounting system for each webhook: {told}."
    yield f"- All {measured.answered} answers were found in the database, and every posting once in the books."
