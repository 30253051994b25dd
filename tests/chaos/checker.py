"""Whether every promise was kept: compares what the sender was told, the portal's rows, and the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.chaos.beside import BESIDE
from tests.chaos.papers import Paper, Sent, Told
from tests.chaos.seen import Problem, Seen
from tests.chaos.world import Row, World

# docs/architecture.md, written down a second time: who may take a posting where.
LEGAL: Mapping[str, str] = {
    "": "ready:intake",
    "ready": "sending:worker posted:intake,worker rejected:intake,worker held:intake,worker withdrawn:intake",
    "sending": "posted:worker awaiting:worker rejected:worker ready:worker unknown:worker,sweep",
    "awaiting": "posted:worker,vendor rejected:worker,vendor unknown:worker,vendor",
    "unknown": "checking:worker held:worker",
    "checking": "posted:worker unknown:worker,sweep ready:worker held:worker",
    "rejected": "ready:intake,staff posted:staff void:staff",
    "withdrawn": "ready:intake,staff void:staff",
    "held": "ready:staff checking:staff posted:staff void:staff",
    "posted": "",
    "void": "",
}
WITH_A_PERSON = frozenset({"rejected", "held"})
AT_REST = WITH_A_PERSON | {"posted", "withdrawn", "void"}


def check(
    world: World,
    papers: list[Paper],
    companies: list[dict[str, Any]],
    *,
    calm: Sequence[Paper] = (),
    before: Mapping[str, object] | None = None,
) -> list[Problem]:
    """Every broken promise.

    `calm` are the papers that were delivered before anything went wrong, beside `papers`; `before` is what the last
    company, the bystander, had then.
    """
    seen = Seen(world, [*papers, *calm], companies, calm, before)
    return [problem for rule in (*RULES, *BESIDE) for problem in rule(seen)]


def _taken_means_kept(seen: Seen) -> Iterator[Problem]:
    """Law 2: a number was told, so it is in the books once, or in front of a person with a reason."""
    for paper in seen.papers:
        if not paper.numbers:
            continue
        row = seen.of(paper)
        if row is None:
            yield Problem("answered means kept", f"{paper.label} was answered and is not there", None, paper.identity)
            continue
        if row["state"] not in {"posted", *WITH_A_PERSON}:
            yield Problem("answered means kept", f"{paper.label} was answered and is {row['state']}", row["id"])
        if row["answered_number"] not in paper.numbers:
            told = f"{paper.label} was told {paper.numbers}, kept is {row['answered_number']!r}"
            yield Problem("what was told is kept", told, row["id"])


def _booked_once(seen: Seen) -> Iterator[Problem]:
    for row in seen.world.postings:
        count = len(seen.booked[row["key"]])
        if count > 1:
            yield Problem("never booked twice", f"{row['number']} is booked {count} times", row["id"])
        elif row["state"] == "posted" and count == 0:
            yield Problem("posted means booked", f"{row['number']} is not in the books", row["id"])
        elif row["state"] in {"rejected", "withdrawn", "ready"} and count:
            yield Problem("booked means posted", f"{row['number']} is {row['state']} and booked", row["id"])


def _nothing_strange_in_the_books(seen: Seen) -> Iterator[Problem]:
    sent = {(seen.companies[paper.company]["company"], paper.identity) for paper in seen.papers if paper.sent}
    for key, documents in seen.booked.items():
        row = seen.by_key.get(key)
        if row is None and documents:
            yield Problem("only what was accepted is booked", f"{documents[0]['number']} has the strange key {key}")
        elif row is not None and (row["company"], row["identity"]) not in sent:
            yield Problem("only what was accepted is booked", f"{row['number']} was never sent", row["id"])


def _same_in_both(seen: Seen) -> Iterator[Problem]:
    """Amounts, reference and the link between the two."""
    for row in seen.world.postings:
        for document in seen.booked[row["key"]]:
            if document["reference"] != row["number"]:
                yield Problem("the same reference", f"{row['number']}: {document['reference']}", row["id"])
            if row["state"] == "posted" and row["external_id"] not in _ids(seen, row):
                yield Problem("the right document", f"{row['number']} names another", row["id"])
            for name in ("net", "tax", "gross"):
                if Decimal(document[name]) != row[name]:
                    told = f"{row['number']}: {name} is {row[name]}, in the books {document[name]}"
                    yield Problem("never a silent difference", told, row["id"])
            moved = "date" in document and row["date"] and date.fromisoformat(document["date"]) != row["date"]
            if row["state"] == "posted" and bool(moved) != bool(row["differences"]):
                told = f"{row['number']} of {row['date']} is booked at {document.get('date')}: {row['differences']}"
                yield Problem("never a silent difference", told, row["id"])


def _ids(seen: Seen, row: Row) -> set[str]:
    """What a posting may name its document by: its id, or its number where a person gave that."""
    booked = seen.booked[row["key"]]
    marked = {f"marked:{one['number']}" for one in booked} if row["key"] in seen.world.marked else set()
    return {one["id"] for one in booked} | marked


def _a_version_that_was_sent(seen: Seen) -> Iterator[Problem]:
    for paper in seen.papers:
        row = seen.of(paper)
        if row is None:
            continue
        if row["gross"] not in {paper.gross(sent.version) for sent in paper.sent}:
            yield Problem("only what was sent", f"{row['number']} is over {row['gross']}", row["id"])
        last = _last_alone(paper)
        if last is not None and last.told is Told.TAKEN and row["gross"] != paper.gross(last.version):
            told = f"{row['number']}: the version of {paper.gross(last.version)} was taken, kept is {row['gross']}"
            yield Problem("what was taken counts", told, row["id"])


def _last_alone(paper: Paper) -> Sent | None:
    """The delivery that began last, if all others were over by then."""
    last = max(paper.sent, key=lambda sent: sent.began, default=None)
    if last is None or any(sent.ended > last.began or sent.told is Told.LOST for sent in paper.sent if sent != last):
        return None
    return last


def _answers_agree(seen: Seen) -> Iterator[Problem]:
    """One number for ever; and once it was told, the same content is never refused."""
    for paper in seen.papers:
        if len(paper.numbers) > 1:
            yield Problem("answers never contradict", f"{paper.label}: {sorted(paper.numbers)}", None, paper.identity)
        taken = min((sent.ended for sent in paper.sent if sent.told is Told.TAKEN), default=float("inf"))
        for sent in paper.sent if not paper.is_edited else ():
            if sent.began > taken and sent.told in (Told.FAILED, Told.CONTESTED):
                told = f"{paper.label} was taken, then refused: {sent.text}"
                yield Problem("answers never contradict", told, None, paper.identity)


def _failed_means_not_booked(seen: Seen) -> Iterator[Problem]:
    """Law 1: what was answered as failed is booked only after it was sent again, or because staff said so."""
    for paper in seen.papers:
        row = seen.of(paper)
        for document in seen.booked[row["key"]] if row else ():
            if "booked_at" not in document:
                continue
            at = datetime.fromisoformat(document["booked_at"]).timestamp()
            before = [sent for sent in paper.sent if sent.began < at]
            decided = row is not None and _staff_decided(seen, row["id"], after=before[-1].ended if before else at)
            if before and not decided and all(sent.ended < at and sent.told is Told.FAILED for sent in before):
                told = f"{row['number']} was refused {at - before[-1].ended:.3f} s before it was booked"  # type: ignore[index]
                yield Problem("failed means not booked", told, row["id"] if row else None)


def _staff_decided(seen: Seen, posting: int, *, after: float) -> bool:
    """Whether a person took it out of `rejected` after it had been answered for the last time."""
    return any(
        step["before"] == "rejected" and step["who"] == "staff" and step["at"].timestamp() > after
        for step in seen.world.transitions.get(posting, ())
    )


def _history_is_legal(seen: Seen) -> Iterator[Problem]:
    for row in seen.world.postings:
        state = ""
        for step in seen.world.transitions.get(row["id"], ()):
            if step["before"] != state:
                told = f"{row['number']} left {step['before']} while it was {state}"
                yield Problem("every change is recorded", told, row["id"])
            if step["who"] not in _who(step["before"], step["after"]):
                told = f"{row['number']}: {step['who']} took it from {step['before']} to {step['after']}"
                yield Problem("every change is legal", told, row["id"])
            state = step["after"]
        if state != row["state"]:
            yield Problem("every change is recorded", f"{row['number']} is {row['state']}, told {state}", row["id"])


def _who(before: str, after: str) -> set[str]:
    ways = dict(way.split(":") for way in LEGAL[before].split())
    return set(ways.get(after, "").split(","))


def _at_rest(seen: Seen) -> Iterator[Problem]:
    """Everything is final or in front of a person, who is told why; no attempt is left open."""
    for row in seen.world.postings:
        if row["state"] not in AT_REST or row["leased"]:
            yield Problem("everything comes to rest", f"{row['number']} is {row['state']}", row["id"])
        if row["state"] in WITH_A_PERSON and not row["reason"].strip():
            yield Problem("a person is told why", f"{row['number']} is {row['state']}", row["id"])
        if any(attempt["ended_at"] is None for attempt in seen.world.attempts.get(row["id"], ())):
            yield Problem("every attempt is closed", f"{row['number']} has an open one", row["id"])


def _a_person_has_decided(seen: Seen) -> Iterator[Problem]:
    """Where nothing proves absence staff have looked into the books: nothing waits for them any more."""
    for row in seen.world.postings if seen.world.is_resolved else ():
        if row["state"] == "held":
            yield Problem("a person decides", f"{row['number']} is still held: {row['reason']}", row["id"])


def _every_paper_was_answered(seen: Seen) -> Iterator[Problem]:
    for paper in seen.papers:
        if not paper.is_strange and not any(sent.told is not Told.LOST for sent in paper.sent):
            yield Problem("every paper is answered", f"{paper.label} after {len(paper.sent)} deliveries")
        odd = Counter(sent.status for sent in paper.sent) - Counter({0: 10**9, 200: 10**9, 400: 10**9, 503: 10**9})
        if odd:
            text = next(sent.text for sent in paper.sent if sent.status in odd)
            yield Problem("only known answers", f"{paper.label}: {dict(odd)} {text[:200]}", None, paper.identity)


RULES = (
    _taken_means_kept,
    _booked_once,
    _nothing_strange_in_the_books,
    _same_in_both,
    _a_version_that_was_sent,
    _answers_agree,
    _failed_means_not_booked,
    _history_is_legal,
    _at_rest,
    _a_person_has_decided,
    _every_paper_was_answered,
)
