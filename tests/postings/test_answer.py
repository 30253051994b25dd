"""What the source is told, in every state and under each policy; told once, told for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.connections.models import AnswerPolicy, Connection
from portal.postings import answer
from portal.postings.answer import Decision, decide, is_settled
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Transaction
from tests.factories import accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
REASON = "Account 9999 is unknown."
POSTED = {"external_id": "7", "external_number": "BILL-7", "posted_at": timezone.now(), "next_attempt_at": None}
OURS = Decision(200, number="P-000001")


def put(connection: Connection, state: str, **fields: Any) -> Posting:
    """A posting in a state, as if the engine had brought it there."""
    posting = accepted(connection).posting
    lease = {"lease_token": posting.idempotency_key, "lease_until": timezone.now()}
    held = lease if state in ("sending", "checking") else {}
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, reason=REASON, **held, **fields)
    return posting


@pytest.mark.parametrize(
    "state,fields,confirmed,strict",
    [
        ("posted", POSTED, Decision(200, number="BILL-7"), Decision(200, number="BILL-7")),
        ("posted", {**POSTED, "external_number": ""}, OURS, OURS),
        ("rejected", {"attempts_made": 1}, Decision(400, reason=REASON), Decision(400, reason=REASON)),
        ("withdrawn", {}, Decision(400, reason=REASON), Decision(400, reason=REASON)),
        ("held", {"may_exist": False}, Decision(400, reason=REASON), Decision(400, reason=REASON)),
        ("held", {"may_exist": True, "attempts_made": 1}, OURS, OURS),
        ("sending", {"attempts_made": 1}, OURS, OURS),
        ("awaiting", {"attempts_made": 1}, OURS, OURS),
        ("unknown", {"attempts_made": 1}, OURS, OURS),
        ("checking", {"attempts_made": 1}, OURS, OURS),
        ("ready", {"attempts_made": 1}, OURS, OURS),
    ],
)
def test_the_answer_in_every_state(
    connection: Connection, state: str, fields: dict[str, Any], confirmed: Decision, strict: Decision
) -> None:
    posting = put(connection, state, **fields)
    for policy, expected in ((AnswerPolicy.CONFIRMED, confirmed), (AnswerPolicy.STRICT, strict)):
        with maintenance():
            Transaction.objects.update(answered_number="", answered_at=None)
        assert decide(posting.pk, policy) == expected
        assert Transaction.objects.get().answered_number == expected.number


def test_strict_withdraws_what_never_started_and_it_is_not_posted_later(connection: Connection) -> None:
    posting = put(connection, "ready")
    decision = decide(posting.pk, AnswerPolicy.STRICT)
    posting.refresh_from_db()
    assert (decision.status, posting.state, posting.next_attempt_at) == (503, "withdrawn", None)
    assert Transaction.objects.get().answered_number == ""


def test_confirmed_answers_our_number_for_what_never_started(connection: Connection) -> None:
    posting = put(connection, "ready")
    assert decide(posting.pk, AnswerPolicy.CONFIRMED) == OURS
    posting.refresh_from_db()
    assert posting.state == "ready"


def test_immediate_answers_our_number_even_when_posted(connection: Connection) -> None:
    assert decide(put(connection, "posted", **POSTED).pk, AnswerPolicy.IMMEDIATE) == OURS


def test_whoever_told_another_number_in_the_same_moment_has_told_it_for_ever(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting = put(connection, "posted", **POSTED)
    read = answer._first_answer

    def somebody_is_faster(found: Posting, policy: str) -> Decision:
        Transaction.objects.update(answered_number="BILL-7", answered_at=timezone.now())
        return read(found, policy)

    monkeypatch.setattr(answer, "_first_answer", somebody_is_faster)
    assert decide(posting.pk, AnswerPolicy.IMMEDIATE) == Decision(200, number="BILL-7")


@pytest.mark.parametrize("state", ["rejected", "held", "posted"])
def test_what_was_told_once_is_told_for_ever(connection: Connection, state: str) -> None:
    posting = put(connection, "sending", attempts_made=1)
    assert decide(posting.pk, AnswerPolicy.CONFIRMED) == OURS
    fields = POSTED if state == "posted" else {"may_exist": False}
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, lease_token=None, lease_until=None, **fields)
    assert decide(posting.pk, AnswerPolicy.CONFIRMED) == OURS


def test_void_is_refused_even_after_a_number(connection: Connection) -> None:
    posting = put(connection, "void")
    Transaction.objects.update(answered_number="P-000001")
    decision = decide(posting.pk, AnswerPolicy.CONFIRMED)
    assert decision.status == 400
    assert REASON in decision.reason


@pytest.mark.parametrize(
    "state,fields,settled",
    [
        ("posted", POSTED, True),
        ("rejected", {}, True),
        ("sending", {}, False),
        ("ready", {"next_attempt_at": timezone.now()}, False),
        ("unknown", {"next_attempt_at": timezone.now() + timedelta(hours=1)}, True),
    ],
)
def test_waiting_ends_when_the_answer_is_certain(
    connection: Connection, state: str, fields: dict[str, Any], settled: bool
) -> None:
    assert is_settled(put(connection, state, **fields).pk, deadline_passes=8) is settled
