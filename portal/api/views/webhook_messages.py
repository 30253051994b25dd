"""The messages to a webhook consumer: what came of each, sent again one by one or all that failed."""

from __future__ import annotations

import uuid
from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.doors import Door
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import from_cursor
from portal.api.shapes import webhook_examples as examples
from portal.api.shapes import webhooks as shapes
from portal.api.shapes.examples import MADE, part_of
from portal.api.webhook_consumers import as_asked, consumer_of, message_of
from portal.events.webhooks import services
from portal.events.webhooks.models import Dispatch

TEST: Final = "A message of the type `webhook.test`, whatever events it wants. It is tried once, within seconds."
LIST: Final = "The newest first. They are kept for 30 days."
ONE: Final = "What is sent, and what came of the latest ten tries, the last one first."
REPLAY: Final = (
    "Sends it once more, with the same `webhook-id` and body, as a message of its own. One that is on its way still is "
    "tried at once instead, and answered itself."
)
REPLAY_FAILED: Final = (
    "Everything that was given up since then and did not arrive otherwise, once more; what waits for its next try is "
    f"tried at once. {services.MOST_REPLAYED:,} at most, the newest of them."
)


class WebhookTest(Door):
    """`webhooks/<id>/test`."""

    @operation(
        Operation(
            id="test-webhook-consumer", summary="Send a test event", description=TEST, tag=Tag.WEBHOOKS, status=202,
            scope=Scope.WEBHOOKS_WRITE, answer=shapes.WebhookMessage, example=examples.TEST, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """To this one alone."""
        consumer = consumer_of(self.token.tenant_id, webhook_id)
        with as_asked():
            message = services.send_test(consumer, self.who)
        return Response(shapes.message_json(message), status=202)


class WebhookMessages(Door):
    """`webhooks/<id>/messages`."""

    @operation(
        Operation(
            id="list-webhook-messages", summary="List the messages to a consumer", description=LIST, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_READ, query=shapes.MessageQuery, answer=shapes.WebhookMessages,
            example=part_of(examples.MESSAGE),
        )
    )  # fmt: skip
    def get(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """A part of the list, without bodies. A message may change its status between two parts."""
        own = Dispatch.objects.filter(consumer=consumer_of(self.token.tenant_id, webhook_id))
        rows = own.select_related("announcement").defer("announcement__payload", "tries_told")
        if "status" in self.query:
            rows = rows.filter(state=self.query["status"])
        return Response(from_cursor(rows, _shown, self.query, ("id",), falling=True, within=own))


class WebhookMessage(Door):
    """`webhooks/<id>/messages/<id>`."""

    @operation(
        Operation(
            id="get-webhook-message", summary="Get one message", description=ONE, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_READ, answer=shapes.WebhookMessageWithAttempts,
            example=examples.MESSAGE_WITH_ATTEMPTS,
        )
    )  # fmt: skip
    def get(self, request: Request, webhook_id: uuid.UUID, message_id: int) -> Response:
        """With its body and its tries."""
        message = message_of(consumer_of(self.token.tenant_id, webhook_id), message_id)
        return Response(shapes.message_with_attempts_json(message))


class WebhookMessageReplay(Door):
    """`webhooks/<id>/messages/<id>/replay`."""

    @operation(
        Operation(
            id="replay-webhook-message", summary="Send a message again", description=REPLAY, tag=Tag.WEBHOOKS,
            status=202, scope=Scope.WEBHOOKS_WRITE, answer=shapes.WebhookMessage, example=examples.AGAIN,
            in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, webhook_id: uuid.UUID, message_id: int) -> Response:
        """Once more."""
        consumer = consumer_of(self.token.tenant_id, webhook_id)
        message = message_of(consumer, message_id)
        with as_asked():
            again = services.replay(message, self.who)
        return Response(shapes.message_json(message_of(consumer, again.pk)), status=202)


class WebhookReplay(Door):
    """`webhooks/<id>/replay`."""

    @operation(
        Operation(
            id="replay-failed-webhook-messages", summary="Send all failed messages again", description=REPLAY_FAILED,
            tag=Tag.WEBHOOKS, status=202, scope=Scope.WEBHOOKS_WRITE, body=shapes.ReplaySince, answer=shapes.Replayed,
            request_example={"since": MADE}, example={"replayed": 12, "mayBeMore": False}, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Those that were made since then."""
        consumer = consumer_of(self.token.tenant_id, webhook_id)
        with as_asked():
            count = services.replay_failed(consumer, self.body["since"], self.who)
        return Response({"replayed": count, "mayBeMore": count >= services.MOST_REPLAYED}, status=202)


def _shown(rows: list[Dispatch]) -> list[dict[str, object]]:
    return [shapes.message_json(row) for row in rows]
