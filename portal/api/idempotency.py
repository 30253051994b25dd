"""The same request with the same `Idempotency-Key` is carried out once, and answered the same for a day.

Each step is a statement of its own: while a request is carried out no transaction is open on behalf of its key.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from portal.api.errors import ApiError
from portal.api.models import LONGEST_KEY, IdempotentAnswer
from portal.digests import digest
from portal.fields import Undecryptable, seal

HEADER: Final = "Idempotency-Key"
REPLAY: Final = "Idempotent-Replay"
METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
KEPT_FOR: Final = timedelta(hours=24)
KEPT_DAYS: Final = 1
# Longer than any request takes: whoever carried this one out is gone.
ABANDONED_AFTER: Final = timedelta(minutes=5)
NOT_KEPT: Final = frozenset({429, *range(500, 600)})
SHAPE: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")

NO_KEY: Final = f"A key has 1 to {LONGEST_KEY} printable ASCII characters and no blanks."
WRONG: Final = "The request has errors; nothing was done."
OTHER: Final = "This Idempotency-Key was used for another request within the last 24 hours: use another one."
RUNNING: Final = "The request with this Idempotency-Key is still being carried out. Ask again in a moment."
LOST: Final = "The request with this Idempotency-Key was carried out, but its answer cannot be read any more."


def check(key: str) -> None:
    """Raises `ApiError` 400 for what can be no key."""
    if not SHAPE.fullmatch(key):
        raise ApiError(400, WRONG, details=[(HEADER, NO_KEY)])


def begin(tenant_id: uuid.UUID, key: str, *, request: str, body: bytes) -> IdempotentAnswer:
    """The row of a key. With a `status` it is to be answered again; without one it is ours to carry out.

    `request` is method and address. Raises `ApiError` 422 where the key belongs to another request, and 409 where
    somebody else carries it out at this moment.
    """
    now, wanted = timezone.now(), (digest(request), digest(body.decode("latin-1")))
    fresh = IdempotentAnswer(tenant_id=tenant_id, key=key, request_digest=wanted[0], body_digest=wanted[1], made_at=now)
    try:
        with atomic():
            fresh.save(force_insert=True)
    except IntegrityError:
        found = IdempotentAnswer.objects.filter(tenant_id=tenant_id, key=key).first()
    else:
        return fresh
    if found is None:  # it was let go of in this very moment
        raise _running()
    if found.made_at <= now - KEPT_FOR:
        return _taken_over(found, fresh)
    if (found.request_digest, found.body_digest) != wanted:
        raise ApiError(422, OTHER, details=[(HEADER, OTHER)])
    if found.status is None and found.made_at > now - ABANDONED_AFTER:
        raise _running()
    return _taken_over(found, fresh) if found.status is None else found


def keep(row: IdempotentAnswer, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """This is what was answered, unless it says nothing of the request itself: then the key is free again."""
    if status in NOT_KEPT:
        release(row)
        return
    kept = json.dumps({"body": body.decode(), "headers": json.dumps(dict(headers))})
    field = IdempotentAnswer._meta.get_field("answer")
    _ours(row).update(status=status, answer=seal(kept, field.place(row)))


def release(row: IdempotentAnswer) -> None:
    """Nothing was carried out: the key is free again."""
    _ours(row).delete()


def kept(row: IdempotentAnswer) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers as they were answered. Raises `ApiError` 409 where they cannot be decrypted any more."""
    try:
        answer = row.answer
    except Undecryptable:
        raise ApiError(409, LOST) from None
    return row.status or 0, answer["body"].encode(), json.loads(answer["headers"])


def _taken_over(found: IdempotentAnswer, fresh: IdempotentAnswer) -> IdempotentAnswer:
    """The row for a new request, where nobody is faster."""
    taken = IdempotentAnswer.objects.filter(pk=found.pk, claim=found.claim).update(
        claim=fresh.claim, status=None, made_at=fresh.made_at,
        request_digest=fresh.request_digest, body_digest=fresh.body_digest,
    )  # fmt: skip
    if not taken:
        raise _running()
    fresh.pk = found.pk
    return fresh


def _running() -> ApiError:
    return ApiError(409, RUNNING, headers={"Retry-After": "1"}, can_be_retried=True)


def _ours(row: IdempotentAnswer) -> QuerySet[IdempotentAnswer]:
    return IdempotentAnswer.objects.filter(pk=row.pk, claim=row.claim)
