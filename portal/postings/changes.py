"""The one function that changes a posting's state, and the row that it leaves behind."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from portal.postings.models import Posting, Transition
from portal.postings.states import LEASED, Actor, State, check_transition

NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_until": None}


def change(
    posting: Posting,
    after: State,
    *,
    who: Actor,
    why: str = "",
    user: AbstractBaseUser | None = None,
    guard: dict[str, Any] | None = None,
    **fields: Any,
) -> bool:
    """Take `posting` from the state in memory to `after`, and record it. Call it inside `atomic`.

    The UPDATE is guarded by the state in memory, by the lease token while one is held, and by `guard`; `fields` are
    written with it. True when the row was ours to change: then the object in memory is up to date. False when somebody
    else moved it first: nothing was written. Raises `IllegalTransition` for a way that the table does not know.
    """
    before = State(posting.state)
    check_transition(before, after, who)
    values = {**({} if after in LEASED else NO_LEASE), **fields, "state": after, "updated_at": timezone.now()}
    guards: dict[str, Any] = {"pk": posting.pk, "state": before, **(guard or {})}
    if before in LEASED:
        guards["lease_token"] = posting.lease_token
    if not Posting.objects.filter(**guards).update(**values):
        return False
    for name, value in values.items():
        setattr(posting, name, value)
    record(posting, before, after, who=who, why=why, user_id=user.pk if user else None, at=values["updated_at"])
    return True


def record(
    posting: Posting,
    before: State | None,
    after: State,
    *,
    who: Actor,
    at: datetime,
    why: str = "",
    user_id: int | None = None,
) -> None:
    """Append one row to the posting's history. `before` is None for a new posting."""
    Transition.objects.create(
        posting=posting, before=before or "", after=after, who=who, why=why, user_id=user_id, at=at
    )


def fresh_lease() -> uuid.UUID:
    """A token that nobody else holds."""
    return uuid.uuid4()
