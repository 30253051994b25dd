"""Attempts and their exchanges, and the history of states, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.postings.badges import badge_html
from portal.postings.doers import program_of
from portal.postings.models import Attempt, Posting, Transition
from portal.staff.formats import NOTHING, block, folded, indented, moment
from portal.staff.sections import Section, Table

MOST_SHOWN = 100


def attempts_section(attempts: Sequence[Attempt]) -> Section:
    """Every try, the latest first."""
    rows = [
        (
            str(attempt.number),
            attempt.get_purpose_display(),
            _trigger(attempt),
            moment(attempt.started_at, seconds=True),
            took(attempt),
            attempt.outcome or "Under way",
            attempt.message or NOTHING,
            exchanges_html(attempt) or "Nothing went over the network",
        )
        for attempt in attempts
    ]
    head = ("No.", "For", "Set off", "Started", "Took", "Outcome", "Message", "Exchanges")
    table = Table(head=head, rows=rows, numeric=frozenset({4}), empty="Nothing was tried yet.")
    return Section(title="Attempts", table=table)


def history_section(transitions: Sequence[Transition]) -> Section:
    """Every change of the state, the latest first."""
    rows = [
        (
            moment(transition.at, seconds=True),
            badge_html(transition.before) if transition.before else "New",
            badge_html(transition.after),
            _who(transition),
            program_of(transition)[1] or NOTHING,
        )
        for transition in transitions
    ]
    return Section(title="History", table=Table(head=("At", "From", "To", "Who", "Why"), rows=rows))


def attempts_of(posting: Posting) -> list[Attempt]:
    """The latest attempts."""
    return list(posting.attempts.select_related("user").order_by("-id")[:MOST_SHOWN])


def transitions_of(posting: Posting) -> list[Transition]:
    """The latest changes of state."""
    return list(posting.transitions.select_related("user").order_by("-id")[:MOST_SHOWN])


def exchanges_html(attempt: Attempt) -> SafeString:
    """Requests and responses, folded up, redacted as they were stored."""
    return format_html_join("", "{}", ((_exchange(each),) for each in attempt.exchanges))


def took(attempt: Attempt) -> str:
    """How long, in milliseconds."""
    if attempt.ended_at is None:
        return NOTHING
    return f"{round((attempt.ended_at - attempt.started_at).total_seconds() * 1000):,} ms"


def _exchange(exchange: Mapping[str, Any]) -> SafeString:
    status = exchange.get("status")
    answer = str(status) if status is not None else exchange.get("failure") or "no answer"
    summary = (
        f"{exchange.get('method', '')} {exchange.get('url', '')} – {answer} in {exchange.get('duration_ms', 0):,} ms"
    )
    return folded(
        summary, format_html("{}{}", _half("Request", exchange, "request"), _half("Response", exchange, "response"))
    )


def _half(title: str, exchange: Mapping[str, Any], side: str) -> SafeString:
    headers = exchange.get(f"{side}_headers") or {}
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    body = indented(str(exchange.get(f"{side}_body") or ""))
    return format_html("<h4>{}</h4>{}{}", title, block(lines) if lines else "", block(body) if body else "")


def _trigger(attempt: Attempt) -> str:
    return f"{attempt.get_trigger_display()}, {attempt.user}" if attempt.user else str(attempt.get_trigger_display())


def _who(transition: Transition) -> str:
    if program := program_of(transition)[0]:
        return program
    return (
        f"{transition.get_who_display()}: {transition.user}" if transition.user else str(transition.get_who_display())
    )
