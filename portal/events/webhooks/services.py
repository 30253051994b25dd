"""What people and programs may do with webhooks: subscribe, change, switch off and on, new secret, test, replay.

Each leaves an audit event with `who`, a user's name or a token's. A company that is named is one of the tenant's: the
door has seen to that.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.standard_webhooks import new_secret
from portal.events.webhooks.addresses import BadAddress, checked_address, shown
from portal.events.webhooks.logs import TEST, event_types
from portal.events.webhooks.models import Announcement, Consumer, Dispatch, DispatchState
from portal.events.webhooks.sending import SIGNING, overlapping
from portal.events.webhooks.stopping import give_up_open, tell_of
from portal.fields import Undecryptable

MOST_CONSUMERS: Final = 50
OVERLAP: Final = timedelta(hours=24)
MOST_REPLAYED: Final = 2_000
BATCH: Final = 500
HINT: Final = 4
TOO_MANY: Final = f"There are {MOST_CONSUMERS} webhooks already. Delete one that is not needed any more."
UNKNOWN_TYPE: Final = "There is no event called {name}."
IS_OFF: Final = "It is switched off. Switch it on first."
IS_GONE: Final = "It was deleted."
TEST_SAYS: Final = "This is a test. Nothing has happened."


class CannotDo(Exception):
    """What was asked for is not possible. `message` is one plain sentence, `field` the one at fault (`url`,
    `event_types`), or empty."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def consumers_of(tenant_id: uuid.UUID) -> QuerySet[Consumer]:
    """A tenant's consumers, the newest first, without their secrets."""
    return Consumer.objects.filter(tenant_id=tenant_id, deleted_at__isnull=True).defer("secrets")


def subscribe(
    tenant_id: uuid.UUID, url: str, event_types: Sequence[str], company_id: uuid.UUID | None, who: str
) -> tuple[Consumer, str]:
    """A new consumer of these types (none: all) of one company (None: all). Gives its secret in clear, for the one time
    that it is shown. Raises `CannotDo`."""
    url, types, secret = _address(url), _types(event_types), new_secret()
    with atomic():
        if consumers_of(tenant_id).count() >= MOST_CONSUMERS:
            raise CannotDo(TOO_MANY)
        consumer = Consumer.objects.create(
            tenant_id=tenant_id, url=url, event_types=types, company_id=company_id, secrets={SIGNING: secret},
            hint=secret[-HINT:], created_by=who,
        )  # fmt: skip
        tell_of(consumer, "webhook.added", f"A webhook to {shown(url)} was added.", who, event_types=types)
    return consumer, secret


def change(
    consumer: Consumer, url: str, event_types: Sequence[str], company_id: uuid.UUID | None, who: str
) -> Consumer:
    """Another address, other types, another company. Its secret stays; what is on its way goes to the new address.
    Raises `CannotDo`."""
    url, types = _address(url), _types(event_types)
    with atomic():
        row = _locked(consumer)
        row.url, row.event_types, row.company_id = url, types, company_id
        row.save(update_fields=["url", "event_types", "company_id"])
        tell_of(row, "webhook.changed", f"The webhook to {shown(url)} was changed.", who, event_types=types)
    return row


def disable(consumer: Consumer, who: str) -> Consumer:
    """Tell it nothing any more; what was on its way can be replayed. A second time changes nothing."""
    with atomic():
        row = _locked(consumer)
        if row.disabled_at is None:
            row.disabled_at, row.disabled_why = timezone.now(), ""
            row.save(update_fields=["disabled_at", "disabled_why"])
            give_up_open(row)
            tell_of(row, "webhook.disabled", f"The webhook to {shown(row.url)} was switched off.", who)
    return row


def enable(consumer: Consumer, who: str) -> Consumer:
    """Tell it again what happens from now on. A second time changes nothing."""
    with atomic():
        row = _locked(consumer)
        if row.disabled_at is not None:
            row.disabled_at, row.disabled_why, row.failing_since = None, "", None
            row.save(update_fields=["disabled_at", "disabled_why", "failing_since"])
            tell_of(row, "webhook.enabled", f"The webhook to {shown(row.url)} was switched on.", who)
    return row


def rotate(consumer: Consumer, who: str) -> str:
    """A new signing secret, given in clear this once. For 24 hours messages carry two signatures, one of each."""
    secret, until = new_secret(), timezone.now() + OVERLAP
    with atomic():
        row = _locked(consumer)
        try:
            row.secrets = overlapping(dict(row.secrets), secret, until)
        except Undecryptable:
            row.secrets = {SIGNING: secret}
        row.hint = secret[-HINT:]
        row.save(update_fields=["secrets", "hint"])
        tell_of(row, "webhook.secret_rotated", f"The webhook to {shown(row.url)} got a new signing secret.", who)
    return secret


def delete(consumer: Consumer, who: str) -> None:
    """For good: its secret is wiped and nothing is sent to it any more."""
    with atomic():
        row = _locked(consumer)
        row.deleted_at, row.secrets = timezone.now(), {}
        row.save(update_fields=["deleted_at", "secrets"])
        give_up_open(row)
        tell_of(row, "webhook.deleted", f"The webhook to {shown(row.url)} was deleted.", who)


def send_test(consumer: Consumer, who: str) -> Dispatch:
    """A message of the type `webhook.test`, tried once."""
    now = timezone.now()
    with atomic():
        row = _on(_locked(consumer))
        announcement = Announcement.objects.create(
            type=TEST, tenant_id=row.tenant_id, company_id=row.company_id, payload={"message": TEST_SAYS},
            origin=f"test:{uuid.uuid4()}", happened_at=now, made_at=now,
        )  # fmt: skip
        tell_of(row, "webhook.tested", f"A test was sent to {shown(row.url)}.", who)
        return Dispatch.objects.create(consumer=row, announcement=announcement, made_at=now, next_try_at=now)


def replay(dispatch: Dispatch, who: str) -> Dispatch:
    """Send a message once more, with the same id and body. One that is on its way still is tried at once instead.
    Raises `CannotDo`."""
    now = timezone.now()
    with atomic():
        consumer = _on(_locked(dispatch.consumer))
        said = f"A message to {shown(consumer.url)} is sent again."
        tell_of(consumer, "webhook.replayed", said, who, dispatch=dispatch.pk)
        _hurry(Dispatch.objects.filter(pk=dispatch.pk), now)
        dispatch.refresh_from_db()
        if dispatch.state in (DispatchState.WAITING, DispatchState.SENDING):
            return dispatch
        return Dispatch.objects.create(**_again(dispatch, now))


def replay_failed(consumer: Consumer, since: datetime, who: str) -> int:
    """Send everything again that was given up since then and did not arrive otherwise. What still waits is tried
    at once. Returns how many, 2,000 at most, the newest of them. Raises `CannotDo`."""
    now = timezone.now()
    with atomic():
        row = _on(_locked(consumer))
        own = Dispatch.objects.filter(consumer=row, made_at__gte=since)
        count = _hurry(own.filter(tries__gt=0), now)
        failed = _failed(own)
        Dispatch.objects.bulk_create((Dispatch(**_again(each, now)) for each in failed), batch_size=BATCH)
        count += len(failed)
        said = f"Failed messages to {shown(row.url)} are sent again: {count:,}."
        tell_of(row, "webhook.replayed", said, who, count=count, since=since.isoformat())
    return count


def _failed(own: QuerySet[Dispatch]) -> list[Dispatch]:
    """One message of each announcement that was given up, and of which none is under way or arrived."""
    others = Dispatch.objects.filter(consumer=OuterRef("consumer"), announcement=OuterRef("announcement"))
    rows = own.filter(~Exists(others.exclude(state=DispatchState.GIVEN_UP)), state=DispatchState.GIVEN_UP)
    found = rows.exclude(announcement__type=TEST).order_by("-pk").defer("tries_told")[:MOST_REPLAYED]
    return sorted({each.announcement_id: each for each in found}.values(), key=lambda each: each.announcement_id)


def _hurry(rows: QuerySet[Dispatch], now: datetime) -> int:
    return rows.filter(state=DispatchState.WAITING, next_try_at__gt=now).update(next_try_at=now)


def _again(dispatch: Dispatch, now: datetime) -> dict[str, Any]:
    """A replay is always one of the first message, however often it was replayed before."""
    return {
        "consumer_id": dispatch.consumer_id, "announcement_id": dispatch.announcement_id, "made_at": now,
        "next_try_at": now, "replay_of_id": dispatch.replay_of_id or dispatch.pk,
    }  # fmt: skip


def _locked(consumer: Consumer) -> Consumer:
    row = Consumer.objects.select_for_update(no_key=True).filter(pk=consumer.pk, deleted_at__isnull=True).first()
    if row is None:
        raise CannotDo(IS_GONE)
    return row


def _on(consumer: Consumer) -> Consumer:
    if consumer.disabled_at is not None:
        raise CannotDo(IS_OFF)
    return consumer


def _address(url: str) -> str:
    try:
        return checked_address(url)
    except BadAddress as error:
        raise CannotDo(error.message, field="url") from error


def _types(names: Sequence[str]) -> list[str]:
    """In the order in which they are listed, each once."""
    known = event_types()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CannotDo(UNKNOWN_TYPE.format(name=unknown[0]), field="event_types")
    return [name for name in known if name in names]
