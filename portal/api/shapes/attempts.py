"""What the API tells of the tries of a posting, and of the changes of its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from portal.api.shapes.fields import At, Shape, Words, moment
from portal.postings.doers import doer, program_of
from portal.postings.models import Attempt, Purpose, Transition, Trigger
from portal.postings.states import Actor, State

ERROR: Final = "Error"
OUTCOMES: Final = (
    "Posted", "Awaiting", "Answered", "Rejected", "Misconfigured", "Malformed", "Retryable", "LeaseLost", "KeyRefused",
    "Unauthorised", "OutcomeUnknown", "Died", ERROR,
)  # fmt: skip
"""What came of an attempt. `Answered`: it was looked up, or asked for; `Died`: its worker did."""


class ExchangeOfAttempt(Shape):
    """One request and its answer as they were kept: redacted, and cut where they were long."""

    method = serializers.CharField()
    url = serializers.CharField()
    status = serializers.IntegerField(allow_null=True, help_text="Null: there was no answer.")
    failure = serializers.CharField(help_text="Why there was none.")
    durationMs = serializers.IntegerField()  # noqa: N815
    requestHeaders = serializers.DictField(child=serializers.CharField())  # noqa: N815
    requestBody = serializers.CharField()  # noqa: N815
    responseHeaders = serializers.DictField(child=serializers.CharField())  # noqa: N815
    responseBody = serializers.CharField()  # noqa: N815


class AttemptOfPosting(Shape):
    """One try."""

    number = serializers.IntegerField(min_value=1)
    purpose = Words(*Purpose.values, help_text="To send it, to look it up, or to ask what came of it.")
    trigger = Words(*Trigger.values, help_text="`manual`: a person asked for it on a page.")
    by = serializers.CharField(allow_null=True, help_text="The member who asked; null: nobody, or our staff.")
    startedAt = At()  # noqa: N815
    durationMs = serializers.IntegerField(allow_null=True, help_text="Null while it is under way.")  # noqa: N815
    outcome = Words(*OUTCOMES, allow_null=True, help_text="Null while it is under way.")
    message = serializers.CharField()
    exchanges = ExchangeOfAttempt(
        many=True, allow_null=True, help_text="Null for a token without `postings:write`, as pages are to viewers."
    )


class StepOfPosting(Shape):
    """One change of its state."""

    at = At()
    before = Words(*State.values, allow_null=True, help_text="Null for the first one.")
    after = Words(*State.values)
    by = serializers.CharField(help_text="A member, an API token, Staff, or the part of the portal that did it.")
    askedBy = serializers.CharField(allow_null=True, help_text="The member who had asked for it.")  # noqa: N815
    why = serializers.CharField()


def attempt_json(attempt: Attempt, *, shows_exchanges: bool) -> dict[str, Any]:
    """One try. Its user is loaded, and `by_member` says whether that one is a member."""
    took = attempt.ended_at - attempt.started_at if attempt.ended_at else None
    return {
        "number": attempt.number,
        "purpose": attempt.purpose,
        "trigger": attempt.trigger,
        "by": _asker(attempt) or None,
        "startedAt": moment(attempt.started_at),
        "durationMs": None if took is None else round(took.total_seconds() * 1000),
        "outcome": outcome(attempt.outcome),
        "message": attempt.message,
        "exchanges": [_exchange(each) for each in attempt.exchanges] if shows_exchanges else None,
    }


def step_json(step: Transition) -> dict[str, Any]:
    """One change of state. Its user is loaded, and `by_member` says whether that one is a member."""
    program, why = program_of(step)
    is_by_hand = step.who == Actor.STAFF
    asker = _asker(step)
    return {
        "at": moment(step.at),
        "before": step.before or None,
        "after": step.after,
        "by": program or (asker if is_by_hand and asker else step.get_who_display()),
        "askedBy": None if is_by_hand else asker or None,
        "why": why,
    }


def outcome(name: str) -> str | None:
    """An outcome by its word; the name of a bug's class is for staff alone."""
    return (name if name in OUTCOMES else ERROR) if name else None


def _asker(row: Any) -> str:
    return doer(row.user, is_member=row.by_member)


def _exchange(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": kept.get("method", ""),
        "url": kept.get("url", ""),
        "status": kept.get("status"),
        "failure": kept.get("failure") or "",
        "durationMs": kept.get("duration_ms", 0),
        "requestHeaders": kept.get("request_headers") or {},
        "requestBody": str(kept.get("request_body") or ""),
        "responseHeaders": kept.get("response_headers") or {},
        "responseBody": str(kept.get("response_body") or ""),
    }
