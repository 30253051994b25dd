"""The pages of an organisation's webhooks."""

from __future__ import annotations

from typing import Any, Final

from portal.events.webhooks.models import Consumer, Dispatch
from portal.postings.models import Transaction
from tests.desk.walks import Walk
from tests.events.webhooks.ear import a_consumer, a_dispatch


def _ids(transaction: Transaction) -> dict[str, Any]:
    """A webhook of the organisation, with one message that waits."""
    tenant_id = transaction.company.tenant_id
    consumer = Consumer.objects.filter(tenant_id=tenant_id, deleted_at__isnull=True).first()
    if consumer is None:
        consumer, _ = a_consumer("https://kestrel77.example.com/hook", tenant_id)
        a_dispatch(consumer)
    return {"consumer_id": consumer.pk, "dispatch_id": Dispatch.objects.filter(consumer=consumer).earliest("pk").pk}


_ONE: Final = ("consumer_id",)
_MESSAGE: Final = ("consumer_id", "dispatch_id")

WALK: Final = Walk(
    tenant_pages={
        "webhooks": (),
        "webhook-guide": (),
        "webhook-add": (),
        "webhook": _ONE,
        "webhook-change": _ONE,
        "webhook-secret": _ONE,
        "webhook-test": _ONE,
        "webhook-switch": _ONE,
        "webhook-replay-failed": _ONE,
        "webhook-delete": _ONE,
        "webhook-message": _MESSAGE,
        "webhook-replay": _MESSAGE,
    },
    actions=frozenset({"webhook-test", "webhook-switch", "webhook-replay-failed", "webhook-replay"}),
    owned=frozenset(
        {
            "webhook-add", "webhook-change", "webhook-secret", "webhook-test", "webhook-switch",
            "webhook-replay-failed", "webhook-delete", "webhook-replay",
        }
    ),
    ids=_ids,
)  # fmt: skip
