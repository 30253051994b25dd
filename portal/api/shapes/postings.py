"""What the API takes and tells of a posting: where it stands, what may be done about it, and all that happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from integrations.documents import Kind
from portal.api.paging import CursorPage, KeyCursor
from portal.api.shapes.attempts import OUTCOMES, AttemptOfPosting, StepOfPosting, attempt_json, outcome, step_json
from portal.api.shapes.fields import Amount, At, Shape, Words, moment
from portal.api.shapes.transactions import PostingOfTransaction, posting_of_transaction_json
from portal.api.strict import PLAIN, Body, Choice, Identifier, Line, Truth
from portal.postings.models import Attempt, Posting, Transition
from portal.postings.repair import MARK_POSTED, RETRY, VOID
from portal.postings.repairing.offers import why_not
from portal.postings.states import State

WORDS: Final = {RETRY: "retry", MARK_POSTED: "markPosted", VOID: "void"}
MARK: Final = WORDS[MARK_POSTED]
LONGEST_REASON: Final = 500
LONGEST_NUMBER: Final = 100
MARK_ONLY: Final = "It belongs to markPosted alone."
MISSING: Final = "It is missing."


TEXT: Final = {"type": "string", "pattern": PLAIN.replace(r"\A", "^").replace(r"\Z", "$")}
REASON: Final = {**TEXT, "maxLength": LONGEST_REASON, "description": "Why; it is kept in the history."}
NUMBER: Final = {**TEXT, "maxLength": LONGEST_NUMBER, "description": "The number that it has in the outside system."}
UNVERIFIED: Final = {
    "type": "boolean",
    "default": False,
    "description": "Mark it all the same where the outside system cannot be asked: somebody has seen it there.",
}
RESOLUTION: Final[dict[str, Any]] = {
    "oneOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["action", "number", "reason"],
            "properties": {
                "action": {"type": "string", "enum": [MARK]}, "number": NUMBER, "evenUnverified": UNVERIFIED,
                "reason": REASON,
            },
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["action", "reason"],
            "properties": {"action": {"type": "string", "enum": [WORDS[VOID]]}, "reason": REASON},
        },
    ]
}  # fmt: skip


class Difference(Shape):
    """What the outside system booked otherwise than the document says."""

    field = serializers.CharField()
    ours = serializers.CharField()
    theirs = serializers.CharField()


class TransactionOfPosting(Shape):
    """The transaction that it belongs to, shortly."""

    id = serializers.UUIDField()
    kind = Words(*Kind)
    number = serializers.CharField(help_text="The portal's own journal number.")
    answeredNumber = serializers.CharField(help_text="The one that the source was told.")  # noqa: N815
    sourceNumber = serializers.CharField()  # noqa: N815
    supplierName = serializers.CharField()  # noqa: N815
    currency = serializers.CharField()
    gross = Amount()


class PostingOfCompany(PostingOfTransaction):
    """The duty to write one transaction into one outside system."""

    errorClass = Words(*OUTCOMES, allow_null=True, help_text="Of the error that it stands at.")  # noqa: N815
    attempts = serializers.IntegerField(min_value=0, help_text="How often it was tried, lookups too.")
    nextAttemptAt = At(allow_null=True, help_text="When it is tried again by itself.")  # noqa: N815
    createdAt = At()  # noqa: N815
    updatedAt = At()  # noqa: N815
    transaction = TransactionOfPosting()


class PostingsOfCompany(CursorPage):
    """Postings, those of the newest transaction first."""

    results = PostingOfCompany(many=True)


class Impossible(Shape):
    """What cannot be done about it, and why."""

    action = Words(*WORDS.values())
    why = serializers.CharField()


class WholePosting(PostingOfCompany):
    """The same with what may be done about it, and with all that happened."""

    isMemo = serializers.BooleanField(  # noqa: N815
        help_text="A memo entry: the system cannot take this kind, and the company keeps it here."
    )
    mayExist = serializers.BooleanField(  # noqa: N815
        help_text="It may be in the outside system although there is no proof; a retry looks first."
    )
    differences = Difference(many=True)
    possibleRepairs = serializers.ListField(child=Words(*WORDS.values()))  # noqa: N815
    impossibleRepairs = Impossible(many=True)  # noqa: N815
    latestAttempts = AttemptOfPosting(many=True, help_text="At most 50, the latest last.")  # noqa: N815
    history = StepOfPosting(many=True, help_text="At most 200 changes of state, the latest last.")


class PostingQuery(KeyCursor):
    """Which postings."""

    state = Choice(State.values, required=False, help_text="Only those in this state.")
    connectionId = Identifier(required=False, help_text="Only those to this connection.")  # noqa: N815


class Retry(Body):
    """Try it again."""

    reason = Line(max_length=LONGEST_REASON, help_text="Why; it is kept in the history.")


class Resolution(Body):
    """Close it without sending it."""

    document = RESOLUTION

    action = Choice((MARK, WORDS[VOID]))
    number = Line(required=False, max_length=LONGEST_NUMBER)
    evenUnverified = Truth(required=False)  # noqa: N815
    reason = Line(max_length=LONGEST_REASON)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The number goes with `markPosted`, and with that alone. Raises `ValidationError`."""
        if attrs["action"] == MARK and "number" not in attrs:
            raise ValidationError({"number": [MISSING]})
        wrong = [name for name in ("number", "evenUnverified") if name in attrs] if attrs["action"] != MARK else []
        if wrong:
            raise ValidationError({name: [MARK_ONLY] for name in wrong})
        return attrs


def posting_json(posting: Posting) -> dict[str, Any]:
    """One posting. Its transaction and its connection are loaded."""
    transaction = posting.transaction
    return {
        **posting_of_transaction_json(posting),
        "errorClass": outcome(posting.error_class),
        "attempts": posting.attempt_count,
        "nextAttemptAt": moment(posting.next_attempt_at),
        "createdAt": moment(posting.created_at),
        "updatedAt": moment(posting.updated_at),
        "transaction": {
            "id": str(transaction.public_id),
            "kind": transaction.kind,
            "number": transaction.number,
            "answeredNumber": transaction.answered_number,
            "sourceNumber": transaction.source_number,
            "supplierName": transaction.supplier_name,
            "currency": transaction.currency,
            "gross": transaction.gross,
        },
    }


def whole_posting_json(
    posting: Posting, attempts: Iterable[Attempt], steps: Iterable[Transition], *, shows_exchanges: bool
) -> dict[str, Any]:
    """The same with what may be done about it, and with all that happened. The connection's company is loaded."""
    whys = {word: why_not(posting, name) for name, word in WORDS.items()}
    return {
        **posting_json(posting),
        "isMemo": posting.kept,
        "mayExist": posting.may_exist,
        "differences": [
            {"field": field, "ours": ours, "theirs": theirs} for field, ours, theirs in posting.differences
        ],
        "possibleRepairs": [word for word, why in whys.items() if not why],
        "impossibleRepairs": [{"action": word, "why": why} for word, why in whys.items() if why],
        "latestAttempts": [attempt_json(each, shows_exchanges=shows_exchanges) for each in attempts],
        "history": [step_json(each) for each in steps],
    }
