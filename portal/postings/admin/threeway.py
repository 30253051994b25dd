"""What came in, what was sent, what is in the books: side by side."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import NoReverseMatch, reverse

from integrations.documents import Document
from portal.postings.admin.attempts import exchanges_html, took
from portal.postings.admin.documents import facts_of
from portal.postings.badges import badge_html
from portal.postings.models import Attempt, Posting, Purpose
from portal.postings.states import State
from portal.staff.base import row_url
from portal.staff.formats import block, copyable, folded, link, moment
from portal.staff.sections import Fact, Section, differences

BOOKED_INSIDE = "Booked inside Postroom’s own database: nothing went over the network."
NEVER_WENT_OUT = "Nothing went over the network."


def standing(posting: Posting) -> Section:
    """Where it stands and why, with every number."""
    transaction, connection = posting.transaction, posting.connection
    facts = [
        Fact("State", badge_html(posting.state)),
        Fact("Reason", posting.reason, wide=True),
        Fact("Field", posting.reason_field),
        Fact("Portal number", copyable(transaction.number)),
        Fact(
            "Answered to the source",
            copyable(transaction.answered_number) if transaction.answered_number else "Nothing yet",
        ),
        Fact("Number in the books", copyable(posting.external_number)),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("Goes to", link(row_url(connection), _destination(posting))),
        *([Fact("Waits for the order", posting.waits_for)] if posting.waits_for else []),
        *([Fact("Operation at the vendor", copyable(posting.operation), wide=True)] if posting.operation else []),
        Fact("Next attempt", moment(posting.next_attempt_at, seconds=True)),
        Fact("Sending begun", f"{posting.attempts_made} times; {posting.tries} failures count"),
        Fact(
            "May be in the books", "Yes: it is looked up before it is sent again" if _in_doubt(posting) else "No doubt"
        ),
        Fact("Idempotency key", copyable(str(posting.idempotency_key)), wide=True),
    ]
    return Section(title="Where it stands", facts=facts)


def three_way(posting: Posting, document: Document | None, attempts: Sequence[Attempt]) -> Section:
    """The three columns."""
    return Section(
        title="Came in, sent, in the books",
        columns=[_came_in(posting, document), _sent(attempts), _in_the_books(posting)],
    )


def our_error(posting: Posting) -> Section:
    """The traceback of a bug of ours."""
    return Section(
        title="An error on our side", html=folded(posting.error_class or "Traceback", block(posting.traceback))
    )


def _came_in(posting: Posting, document: Document | None) -> Section:
    own = link(row_url(posting.transaction), f"Transaction {posting.transaction.number}")
    facts = [Fact("All of it", own), Fact("Received", moment(posting.transaction.received_at, seconds=True))]
    return Section(title="What came in", facts=facts + (facts_of(document) if document else []))


def _sent(attempts: Sequence[Attempt]) -> Section:
    last = next((attempt for attempt in attempts if attempt.purpose == Purpose.SEND), None)
    if last is None:
        return Section(title="What was sent", note="Nothing yet.")
    facts = [
        Fact("Attempt", f"{last.number}, {last.outcome or 'under way'}"),
        Fact("Started", moment(last.started_at, seconds=True)),
        Fact("Took", took(last)),
    ]
    quiet = BOOKED_INSIDE if last.outcome == "Posted" else NEVER_WENT_OUT
    return Section(title="What was sent", facts=facts, note="" if last.exchanges else quiet, html=exchanges_html(last))


def _in_the_books(posting: Posting) -> Section:
    if posting.state != State.POSTED:
        return Section(title="What is in the books", note="Nothing that we know of.")
    told = [Fact(name.replace("_", " ").capitalize(), str(value)) for name, value in posting.booked.items()]
    facts = [
        Fact("Number", copyable(posting.external_number)),
        Fact("Id there", _entry(posting)),
        Fact("Posted", moment(posting.posted_at, seconds=True)),
        *told,
    ]
    if not posting.differences:
        return Section(title="What is in the books", facts=facts, note="It agrees with what came in." if told else "")
    table = differences(posting.differences, ours="Came in", theirs="Booked")
    return Section(title="What is in the books", facts=facts, note="It differs from what came in.", table=table)


def _entry(posting: Posting) -> str:
    """The id over there; a link where the books are our own."""
    external_id = posting.external_id or ""
    if posting.connection.integration != "ledger" and not posting.kept:
        return copyable(external_id)
    try:
        return link(reverse("admin:ledger_entry_change", args=[external_id]), f"Entry {posting.external_number}")
    except NoReverseMatch:
        return copyable(external_id)


def _destination(posting: Posting) -> str:
    return (
        f"{posting.connection.integration} (kept as a memo entry)" if posting.kept else posting.connection.integration
    )


def _in_doubt(posting: Posting) -> bool:
    return posting.may_exist and posting.state != State.POSTED
