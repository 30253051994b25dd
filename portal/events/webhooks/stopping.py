"""A consumer that is told nothing any more: because a person wants it so, or because nothing arrives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from portal.events.services import tell
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState

WHO: Final = "webhooks"
FIVE_DAYS: Final = "Nothing arrived for five days."
GONE_WORDS: Final = "It answered 410: it wants no more messages."
NOT_SENT: Final = "It was switched off before this was sent."


def switch_off(consumer: Consumer, why: str, now: datetime) -> bool:
    """The portal's own decision, at `now`; `why` is one plain sentence. Its owners are told by what waits for them
    (waits.py). False when it was off already. Call it inside `atomic`."""
    off = Consumer.objects.filter(pk=consumer.pk, disabled_at__isnull=True)
    if not off.update(disabled_at=now, disabled_why=why):
        return False
    give_up_open(consumer)
    tell_of(consumer, "webhook.disabled", f"The webhook to {shown(consumer.url)} was switched off. {why}", WHO)
    return True


def give_up_open(consumer: Consumer) -> int:
    """What still waits for it is sent no more, and can be replayed. What is being sent settles itself."""
    waiting = Dispatch.objects.filter(consumer=consumer, next_try_at__isnull=False, state=DispatchState.WAITING)
    return waiting.update(state=DispatchState.GIVEN_UP, next_try_at=None, problem=NOT_SENT)


def tell_of(consumer: Consumer, verb: str, message: str, who: str, **details: Any) -> None:
    """Into the audit trail, under the consumer's tenant and company."""
    tell(
        verb, message, who=who, subject=consumer, tenant_id=consumer.tenant_id, company_id=consumer.company_id,
        **details,
    )  # fmt: skip
