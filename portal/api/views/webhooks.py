"""Webhook consumers: addresses of the tenant that are told what happens."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.doors import Door
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import Pages, numbered
from portal.api.shapes import webhooks as shapes
from portal.api.shapes.examples import page_of
from portal.api.shapes.webhook_examples import CONSUMER, CONSUMER_WITH_SECRET, EVENT_TYPE, NEW_CONSUMER
from portal.api.webhook_consumers import as_asked, check_company, consumer_of
from portal.events.webhooks import services
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.logs import event_types
from portal.events.webhooks.models import Consumer

LIST: Final = f"The newest first; there are {services.MOST_CONSUMERS} at most."
TYPES: Final = "What can be told, each with what it says. `webhook.test` comes when a test is asked for."
CREATE: Final = (
    "Its signing secret is shown this one time. What happens from now on is sent, as docs/webhooks-out.md says, signed "
    f"by Standard Webhooks. A tenant has {services.MOST_CONSUMERS} at most."
)
CHANGE: Final = (
    "Its secret stays, and what is on its way goes to the new address. Disabled, it is told nothing, and what was on "
    "its way can be replayed; what happens meanwhile is never told."
)
ROTATE: Final = (
    "The new secret is shown this one time. For 24 hours each message carries two signatures, one of each; then the "
    "old one ends."
)
DELETE: Final = "For good: its secret is wiped, and nothing is sent to it any more."


class Webhooks(Door):
    """`webhooks`."""

    @operation(
        Operation(
            id="list-webhook-consumers", summary="List webhook consumers", description=LIST, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_READ, query=Pages, answer=shapes.WebhookConsumers, example=page_of(CONSUMER),
        )
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """A page of them."""
        rows = services.consumers_of(self.token.tenant_id).order_by("-created_at", "id")
        return Response(numbered(request, rows, shapes.consumer_json, self.query))

    @operation(
        Operation(
            id="create-webhook-consumer", summary="Create a webhook consumer", description=CREATE, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_WRITE, status=201, body=shapes.NewWebhookConsumer, headers=("Location",),
            answer=shapes.WebhookConsumerWithSecret, request_example=NEW_CONSUMER, example=CONSUMER_WITH_SECRET,
            in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """A new one, with its secret."""
        wanted, tenant_id = self.body, self.token.tenant_id
        company_id = wanted.get("companyId")
        check_company(tenant_id, company_id)
        with as_asked():
            made, secret = services.subscribe(
                tenant_id, wanted["url"], wanted.get("eventTypes", ()), company_id, self.who
            )
            made = services.disable(made, self.who) if wanted.get("disabled") else made
        address = reverse("api:webhook", args=[made.pk])
        told = {**shapes.consumer_json(made), "secret": secret}
        return Response(told, status=201, headers={"Location": address})


class WebhookEventTypes(Door):
    """`webhooks/eventTypes`."""

    @operation(
        Operation(
            id="list-webhook-event-types", summary="List event types", description=TYPES, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_READ, query=Pages, answer=shapes.EventTypes, example=page_of(EVENT_TYPE),
        )
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """A page of them, in the order of the documentation."""
        return Response(numbered(request, list(event_types().items()), _event_type, self.query))


class Webhook(Door):
    """`webhooks/<id>`."""

    @operation(
        Operation(
            id="get-webhook-consumer", summary="Get one webhook consumer", tag=Tag.WEBHOOKS, scope=Scope.WEBHOOKS_READ,
            description="As it stands, without its secret.", answer=shapes.WebhookConsumer, example=CONSUMER,
        )
    )  # fmt: skip
    def get(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """One of them."""
        return Response(shapes.consumer_json(consumer_of(self.token.tenant_id, webhook_id)))

    @operation(
        Operation(
            id="update-webhook-consumer", summary="Change, disable or enable a webhook consumer", description=CHANGE,
            tag=Tag.WEBHOOKS, scope=Scope.WEBHOOKS_WRITE, body=shapes.WebhookConsumerChange,
            answer=shapes.WebhookConsumer, request_example={"disabled": True},
            example={**CONSUMER, "disabled": True, "disabledSince": CONSUMER["created"]}, in_one_transaction=True,
        )
    )  # fmt: skip
    def patch(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """What was named, and nothing else."""
        consumer, wanted = consumer_of(self.token.tenant_id, webhook_id, held=True), self.body
        check_company(self.token.tenant_id, wanted.get("companyId"))
        with as_asked():
            if wanted.keys() - {"disabled"}:
                consumer = _changed(consumer, wanted, self.who)
            if "disabled" in wanted:
                switch = services.disable if wanted["disabled"] else services.enable
                consumer = switch(consumer, self.who)
        return Response(shapes.consumer_json(consumer))

    @operation(
        Operation(
            id="delete-webhook-consumer", summary="Delete a webhook consumer", description=DELETE, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_WRITE, status=204, errors=(409,), in_one_transaction=True,
        )
    )  # fmt: skip
    def delete(self, request: Request, webhook_id: uuid.UUID) -> HttpResponse:
        """The end of it."""
        with as_asked():
            services.delete(consumer_of(self.token.tenant_id, webhook_id), self.who)
        return HttpResponse(status=204)


class WebhookSecret(Door):
    """`webhooks/<id>/secret`."""

    @operation(
        Operation(
            id="rotate-webhook-secret", summary="Make a new signing secret", description=ROTATE, tag=Tag.WEBHOOKS,
            scope=Scope.WEBHOOKS_WRITE, status=201, answer=shapes.WebhookConsumerWithSecret,
            example=CONSUMER_WITH_SECRET, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """It takes the place of the one before."""
        consumer = consumer_of(self.token.tenant_id, webhook_id, held=True)
        with as_asked():
            secret = services.rotate(consumer, self.who)
        consumer.refresh_from_db(fields=["hint"])
        return Response({**shapes.consumer_json(consumer), "secret": secret}, status=201)


def _changed(consumer: Consumer, wanted: dict[str, Any], who: str) -> Consumer:
    """What is not named stays. So does an address that is given as answers show it: its query is never told."""
    url = wanted.get("url", consumer.url)
    return services.change(
        consumer,
        consumer.url if url == shown(consumer.url) else url,
        wanted.get("eventTypes", consumer.event_types),
        wanted.get("companyId", consumer.company_id),
        who,
    )


def _event_type(row: tuple[str, str]) -> dict[str, str]:
    return {"eventType": row[0], "description": row[1]}
