"""What the API takes and tells of a raised transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.documents import Kind, Stage
from portal.api.paging import CursorPage
from portal.api.shapes.fields import Amount, At, Shape, Words, moment
from portal.api.strict import Body
from portal.postings.states import State
from portal.raising.bodies import MOST_LINES
from portal.raising.members import HEADER, LINE, Member
from portal.raising.members import Shape as Form
from portal.raising.models import Origin, Raised, Wish
from portal.raising.statuses import Status, reason_of, status_of
from portal.raising.wanted import Problem

DIMENSIONS: Final = {
    "type": ["array", "null"],
    "maxItems": MOST_LINES,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "code"],
        "properties": {name: {"type": "string", "minLength": 1, "maxLength": 100} for name in ("name", "code")},
    },
}
AMOUNT: Final = {
    "oneOf": [{"type": ["number", "null"]}, {"type": "string", "pattern": "^-?[0-9]{1,12}([.][0-9]{1,4})?$"}],
}
KINDS: Final = (Kind.PURCHASE_ORDER.value, Kind.INVOICE.value, Kind.CREDIT_NOTE.value)


@extend_schema_field(AMOUNT)
class AmountToRaise(serializers.JSONField):
    """A JSON number, or a number as text."""


@extend_schema_field(DIMENSIONS)
class DimensionsToRaise(serializers.JSONField):
    """A list of names with their codes."""


class LineToRaise(Body):
    """One line. `portal.raising.bodies` reads it; two of net, tax and gross are needed."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Those that can be raised."""
        return {**_members(LINE), "dimensions": DimensionsToRaise(required=False)}


class TransactionToRaise(Body):
    """A transaction. `portal.raising.bodies` reads it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Those that can be raised."""
        return {
            **_members(HEADER),
            "stage": Words("draft", "approved", required=False, allow_null=True),
            "dimensions": DimensionsToRaise(required=False),
            "lines": LineToRaise(many=True, min_length=1, max_length=MOST_LINES),  # type: ignore[call-arg]
        }


class PostingOfRaised(Shape):
    """How it gets to the source."""

    state = Words(*State.values)
    reason = serializers.CharField()
    field = serializers.CharField(help_text="The member that the reason is about, if it is about one.")
    postedAt = At(allow_null=True)  # noqa: N815


class AtTheSource(Shape):
    """What is known of it at the source."""

    integration = serializers.CharField()
    transactionId = serializers.CharField(allow_null=True)  # noqa: N815
    number = serializers.CharField()
    stage = Words("", *Stage, help_text="Empty while nothing is known.")
    word = serializers.CharField(help_text="The source's own word for the stage.")
    seenAt = At(allow_null=True)  # noqa: N815


class CameBack(Shape):
    """The delivery with which it came back approved."""

    number = serializers.CharField(help_text="The portal's number of the delivery.")
    journalNumber = serializers.CharField(allow_null=True, help_text="What the source was told.")  # noqa: N815
    sourceNumber = serializers.CharField()  # noqa: N815
    at = At(allow_null=True)


class Warning(Shape):  # noqa: A001 - the word of the answer
    """What is odd, and taken as it is."""

    field = serializers.CharField()
    message = serializers.CharField()


class RaisedTransaction(Shape):
    """A transaction that was raised, and where it stands."""

    key = serializers.CharField()
    status = Words(*Status.values)
    reason = serializers.CharField()
    kind = Words(*Kind)
    stage = Words(*Wish.values)
    number = serializers.CharField(help_text="The portal's own number.")
    origin = Words(*Origin.values)
    createdAt = At()  # noqa: N815
    supplierName = serializers.CharField()  # noqa: N815
    currency = serializers.CharField()
    net = Amount()
    tax = Amount()
    gross = Amount()
    posting = PostingOfRaised()
    source = AtTheSource()  # type: ignore[assignment]
    cameBack = CameBack(allow_null=True)  # noqa: N815
    warnings = Warning(many=True)


class RaisedTransactions(CursorPage):
    """What was raised, the newest first."""

    results = RaisedTransaction(many=True)


def raised_json(raised: Raised, warnings: Iterable[Problem] = ()) -> dict[str, Any]:
    """One raised transaction. Amounts are numbers in `currency`, times UTC."""
    transaction = raised.posting.transaction
    return {
        "key": raised.caller_key,
        "status": status_of(raised).value,
        "reason": reason_of(raised),
        "kind": transaction.kind,
        "stage": raised.wish,
        "number": transaction.number,
        "origin": raised.origin,
        "createdAt": moment(raised.created_at),
        "supplierName": transaction.supplier_name,
        "currency": transaction.currency,
        "net": transaction.net,
        "tax": transaction.tax,
        "gross": transaction.gross,
        "posting": {
            "state": raised.posting.state,
            "reason": raised.posting.reason,
            "field": raised.posting.reason_field,
            "postedAt": moment(raised.posting.posted_at),
        },
        "source": _source(raised),
        "cameBack": _came_back(raised),
        "warnings": [{"field": each.path, "message": each.message} for each in warnings],
    }


def _source(raised: Raised) -> dict[str, Any]:
    return {
        "integration": raised.posting.connection.integration,
        "transactionId": raised.posting.external_id,
        "number": raised.number_there or raised.posting.external_number,
        "stage": raised.stage_there,
        "word": raised.word_there,
        "seenAt": moment(raised.stage_seen_at),
    }


def _came_back(raised: Raised) -> dict[str, Any] | None:
    back = raised.came_back
    if back is None:
        return None
    return {
        "number": back.number,
        "journalNumber": back.answered_number,
        "sourceNumber": back.source_number,
        "at": moment(raised.came_back_at),
    }


def _members(members: Iterable[Member]) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    return {member.path: _field(member) for member in members}


def _field(member: Member) -> serializers.Field[Any, Any, Any, Any]:
    optional: dict[str, Any] = {"required": False, "allow_null": True}
    if member.shape is Form.NUMBER:
        return AmountToRaise(required=False)
    if member.shape is Form.KIND:
        return Words(*KINDS)
    if member.shape is Form.DATE:
        return serializers.DateField(**optional)
    return serializers.CharField(max_length=member.longest, allow_blank=True, **optional)
