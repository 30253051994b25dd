"""What the API takes and tells of webhook consumers and of the messages to them."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from portal.api.paging import Cursor, CursorPage, NumberedPage
from portal.api.shapes.fields import At, Shape, moment
from portal.api.strict import Body, Choice, Identifier, Moment, Text, Truth
from portal.events.webhooks.addresses import LONGEST, shown
from portal.events.webhooks.logs import event_types
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.events.webhooks.sending import envelope
from portal.events.webhooks.services import MOST_REPLAYED

MOST_TYPES: Final = 100
ADDRESS: Final = "An `https` address on the public internet, without a user name or password; a query is allowed."
WANTED: Final = "What it is told; empty: every event, and those that come later."


class EventType(Shape):
    """One event that can be told."""

    eventType = serializers.CharField()  # noqa: N815
    description = serializers.CharField()


class EventTypes(NumberedPage):
    """A page of events."""

    results = EventType(many=True)


class WebhookConsumer(Shape):
    """One address of yours that is told what happens."""

    id = serializers.UUIDField()
    url = serializers.CharField(help_text="The address. What stands behind a question mark is never told: `?…`.")
    eventTypes = serializers.ListField(child=serializers.CharField(), help_text=WANTED)  # noqa: N815
    companyId = serializers.UUIDField(  # noqa: N815
        allow_null=True, help_text="The one company whose events it is told; null: all of them."
    )
    disabled = serializers.BooleanField(help_text="Whether it is told nothing.")
    disabledSince = At(allow_null=True)  # noqa: N815
    disabledReason = serializers.CharField(  # noqa: N815
        help_text="Why Postroom switched it off by itself; empty where somebody did."
    )
    failingSince = At(allow_null=True, help_text="Since when nothing arrives; null while all is well.")  # noqa: N815
    secretHint = serializers.CharField(help_text="The last four characters of its signing secret.")  # noqa: N815
    created = At()


class WebhookConsumerWithSecret(WebhookConsumer):
    """The same, with its signing secret."""

    secret = serializers.CharField(help_text="Verify every message with it (Standard Webhooks). Shown this one time.")


class WebhookConsumers(NumberedPage):
    """A page of consumers."""

    results = WebhookConsumer(many=True)


class Wanted(serializers.ListField):
    """Some of the events that there are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Choice(event_types()), max_length=MOST_TYPES, **kwargs)
        self.error_messages |= {"not_a_list": "It must be a list.", "null": "It must not be null."}


class WebhookConsumerChange(Body):
    """What shall be changed; members that are not there stay as they are."""

    url = Text(required=False, max_length=LONGEST, help_text=f"{ADDRESS} As an answer told it, it stays as it is.")
    companyId = Identifier(  # noqa: N815
        required=False, allow_null=True, help_text="The one company whose events it is told; null: all of them."
    )
    disabled = Truth(required=False, help_text="True: it is told nothing more. False: what happens from now on.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The events are those of this installation."""
        return {**super().get_fields(), "eventTypes": Wanted(required=False, help_text=WANTED)}


class NewWebhookConsumer(WebhookConsumerChange):
    """Whom to tell, and what."""

    url = Text(max_length=LONGEST, help_text=ADDRESS)


class WebhookMessage(Shape):
    """One event on its way to one consumer."""

    id = serializers.CharField()
    webhookId = serializers.UUIDField(  # noqa: N815
        help_text="The header `webhook-id` of every try, and of every time that it is sent again."
    )
    eventType = serializers.CharField()  # noqa: N815
    companyId = serializers.UUIDField(allow_null=True)  # noqa: N815
    status = serializers.ChoiceField(choices=[(one, one) for one in DispatchState.values])
    tries = serializers.IntegerField(min_value=0)
    statusCode = serializers.IntegerField(  # noqa: N815
        allow_null=True, help_text="What was answered to the last try; null where nothing was."
    )
    problem = serializers.CharField(help_text="Why the last try failed; empty where it did not.")
    replayOf = serializers.CharField(  # noqa: N815
        allow_null=True, help_text="The message that this one sends again; null for a first one."
    )
    happened = At(help_text="When it happened.")
    created = At()
    nextTry = At(allow_null=True)  # noqa: N815
    arrived = At(allow_null=True)


class WebhookMessages(CursorPage):
    """A part of a consumer's messages."""

    results = WebhookMessage(many=True)


class WebhookAttempt(Shape):
    """One try."""

    at = At()
    statusCode = serializers.IntegerField(allow_null=True)  # noqa: N815
    milliseconds = serializers.IntegerField(min_value=0)
    problem = serializers.CharField(help_text="Empty: it arrived.")


class WebhookMessageWithAttempts(WebhookMessage):
    """The same, with its body and the latest ten tries."""

    body = serializers.DictField(help_text="What is sent, in docs/webhooks-out.schema.json.")
    attempts = WebhookAttempt(many=True)


class MessageQuery(Cursor):
    """Which messages."""

    status = Choice(DispatchState.values, required=False, help_text="Only those with this status.")


class ReplaySince(Body):
    """How far back."""

    since = Moment(help_text="Messages that were made from then on. They are kept for 30 days.")


class Replayed(Shape):
    """How many are sent again."""

    replayed = serializers.IntegerField(min_value=0)
    mayBeMore = serializers.BooleanField(  # noqa: N815
        help_text=f"At most {MOST_REPLAYED:,} are sent again at once: ask once more for the rest."
    )


def consumer_json(consumer: Consumer) -> dict[str, Any]:
    """One consumer, without its secrets and its address's query."""
    return {
        "id": str(consumer.pk),
        "url": shown(consumer.url),
        "eventTypes": list(consumer.event_types),
        "companyId": _text(consumer.company_id),
        "disabled": consumer.disabled_at is not None,
        "disabledSince": moment(consumer.disabled_at),
        "disabledReason": consumer.disabled_why,
        "failingSince": moment(consumer.failing_since),
        "secretHint": consumer.hint,
        "created": moment(consumer.created_at),
    }


def message_json(dispatch: Dispatch) -> dict[str, Any]:
    """One message; its announcement is loaded."""
    announcement = dispatch.announcement
    return {
        "id": str(dispatch.pk),
        "webhookId": str(announcement.public_id),
        "eventType": announcement.type,
        "companyId": _text(announcement.company_id),
        "status": str(dispatch.state),
        "tries": dispatch.tries,
        "statusCode": dispatch.status_code,
        "problem": dispatch.problem,
        "replayOf": _text(dispatch.replay_of_id),
        "happened": moment(announcement.happened_at),
        "created": moment(dispatch.made_at),
        "nextTry": moment(dispatch.next_try_at),
        "arrived": moment(dispatch.arrived_at),
    }


def message_with_attempts_json(dispatch: Dispatch) -> dict[str, Any]:
    """The same, with what is sent and what came of each try, the latest first."""
    return {
        **message_json(dispatch),
        "body": envelope(dispatch.announcement),
        "attempts": [_attempt(one) for one in reversed(dispatch.tries_told)],
    }


def _attempt(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": told["at"], "statusCode": told["status"], "milliseconds": told["milliseconds"],
        "problem": told["problem"],
    }  # fmt: skip


def _text(key: object) -> str | None:
    return None if key is None else str(key)
