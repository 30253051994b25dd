"""Promises beside the way of one document: numbers, strangers, other tenants, the right books, the timetable."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from tests.chaos.inside.ticking import JOB
from tests.chaos.papers import Told
from tests.chaos.seen import Problem, Seen, books_of

# 401, or nobody there, or a database that cannot be asked.
REFUSED = frozenset({0, 401, 503})


def _numbers_have_no_gap(seen: Seen) -> Iterator[Problem]:
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in seen.world.transactions:
        numbers[row["company"]].append(row["number"])
    for company, found in numbers.items():
        expected = {f"P-{number:06}" for number in range(1, len(found) + 1)}
        if set(found) != expected or seen.world.series.get(company) != len(found):
            missing = sorted(expected - set(found))[:5]
            told = f"{len(found)} numbers, the last is {seen.world.series.get(company)}, missing {missing}"
            yield Problem("no gap, no repeat", told)


def _the_ledger_has_no_gap(seen: Seen) -> Iterator[Problem]:
    """The built-in ledger's own numbers, in each series of each books."""
    sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in seen.world.entries:
        sequences[entry["company"], entry["series"]].append(entry["sequence"])
    for (_, series), found in sequences.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield Problem("no gap, no repeat", f"series {series} of the ledger: {len(found)} up to {max(found)}")


def _the_right_books(seen: Seen) -> Iterator[Problem]:
    """A document lies in the books of its own company."""
    books = {company["company"]: books_of(company) for company in seen.companies}
    for key, documents in seen.booked.items():
        row = seen.by_key.get(key)
        for document in documents if row else ():
            if document["company"] not in books[row["company"]]:  # type: ignore[index]
                told = f"{document['number']} lies in the books {document['company']}"
                yield Problem("nobody else's books", told, row["id"])  # type: ignore[index]


def _strangers_stay_outside(seen: Seen) -> Iterator[Problem]:
    """A wrong token is refused with the same bytes each time, and keeps nothing."""
    words = Counter(sent.text for paper in seen.papers for sent in paper.forged if sent.status == 401)
    if len(words) > 1:
        yield Problem("a wrong token gets one answer", f"{[text[:80] for text in words]}")
    for paper in seen.papers:
        for sent in paper.forged:
            if sent.status not in REFUSED:
                told = f"{paper.label}: {sent.status} {sent.text[:100]}"
                yield Problem("a wrong token gets one answer", told, None, paper.identity)
        row = seen.of(paper) if paper.is_strange else None
        if row is not None:
            yield Problem("a wrong token keeps nothing", f"{paper.label} is {row['number']}", row["id"])


def _the_bystander_is_untouched(seen: Seen) -> Iterator[Problem]:
    """Another tenant's company, which got nothing meanwhile, has what it had, in rows and in books."""
    if seen.before is None:
        return
    company = seen.companies[-1]
    now = seen.world.of(company["company"], *books_of(company))
    for name, had in seen.before.items():
        if now[name] != had:
            yield Problem("other tenants are untouched", f"{company['name']}: its {name} are not what they were")


def _a_restart_in_order_drops_nothing(seen: Seen) -> Iterator[Problem]:
    """What was delivered while web was replaced in order, and nothing else happened, was answered at the first try."""
    for paper in seen.calm:
        for sent in paper.sent[:1]:
            if sent.told is Told.LOST:
                told = f"{paper.label}: {sent.told.value} {sent.status} {sent.text[:100]}"
                yield Problem("a restart in order drops nothing", told, None, paper.identity)


def _slots_are_run_once(seen: Seen) -> Iterator[Problem]:
    """One row for a slot; one run for a try; no row left open after its lease."""
    rows = Counter((row["job"], row["starts_at"]) for row in seen.world.slots)
    runs = Counter(seen.world.ticks)
    for (job, at), count in rows.items():
        if count > 1:
            yield Problem("every slot once", f"{job} at {at} has {count} rows")
    for row in seen.world.slots:
        about = f"{row['job']} at {row['starts_at']}"
        if row["finished_at"] is None and row["expired"]:
            yield Problem("every slot ends", f"{about} is open and nobody holds it")
        if row["job"] != JOB:
            continue
        count = runs.pop(row["starts_at"].isoformat(), 0)
        if count > row["tries"] or (row["outcome"] == "done" and count == 0):
            yield Problem("every slot once", f"{about} was run {count} times in {row['tries']} tries: {row['outcome']}")
    for slot in runs:
        yield Problem("every slot once", f"{slot} was run and has no row")


BESIDE: tuple[Callable[[Seen], Iterator[Problem]], ...] = (
    _numbers_have_no_gap,
    _the_ledger_has_no_gap,
    _the_right_books,
    _strangers_stay_outside,
    _the_bystander_is_untouched,
    _a_restart_in_order_drops_nothing,
    _slots_are_run_once,
)
