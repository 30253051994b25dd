"""The rows of access tokens: read, leased to one who asks the vendor, stored under a guard, forgotten."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q
from django.utils import timezone

from integrations.linking import Token
from integrations.oauth import is_good
from portal.connections.access.models import AccessGrant
from portal.connections.models import Connection
from portal.fields import Sealed, seal

LEASE_SECONDS: Final = 60.0
"""Longer than anybody who holds the lease may take to ask."""
NO_ROW: Final = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Grant:
    """A row as it was read; `pk` is `NO_ROW` where there is none. `token` is None where it holds no token."""

    pk: uuid.UUID = NO_ROW
    token: Token | None = None
    generation: int = 0
    obtained_at: datetime | None = None
    lease: uuid.UUID | None = None

    def serves(self, refused: str, *, newer_than: int, now: datetime) -> bool:
        """Whether its token can be used: another one than `refused`, and not near its end unless it is brand new."""
        if self.token is None or self.token.access == refused:
            return False
        return self.generation > newer_than or is_good(self.token, now=now, obtained_at=self.obtained_at)


def read(connection: Connection) -> Grant:
    """One query. Raises `Undecryptable`."""
    row = AccessGrant.objects.filter(connection_id=connection.pk).first()
    if row is None:
        return Grant()
    access = row.secrets.get("access", "")
    token = Token(access=access, refresh=row.secrets.get("refresh", ""), expires_at=row.expires_at) if access else None
    return Grant(row.pk, token, row.generation, row.obtained_at, row.lease)


def make_room(connection: Connection) -> None:
    """A row without a token, unless there is one."""
    AccessGrant.objects.bulk_create([AccessGrant(connection=connection)], ignore_conflicts=True)


def lease(grant: Grant) -> uuid.UUID | None:
    """Become the one who asks the vendor; None when somebody else is, or when the row has changed since it was read."""
    now, mine = timezone.now(), uuid.uuid4()
    free = Q(lease=None) | Q(lease_until__lte=now)
    taken = AccessGrant.objects.filter(free, pk=grant.pk, generation=grant.generation).update(
        lease=mine, lease_until=now + timedelta(seconds=LEASE_SECONDS), asked_at=now
    )
    return mine if taken else None


def store(grant: Grant, mine: uuid.UUID, token: Token, *, asked_at: datetime) -> bool:
    """Keep what the vendor gave. False when a newer token is there, or somebody else is asking by now: who woke late
    overwrites nothing."""
    rows = AccessGrant.objects.filter(Q(lease=mine) | Q(lease=None), pk=grant.pk, generation=grant.generation)
    return bool(rows.update(**_of(grant.pk, token, asked_at)))


def release(grant: Grant, mine: uuid.UUID) -> None:
    """Nothing came of it: the next one may ask at once."""
    AccessGrant.objects.filter(pk=grant.pk, lease=mine).update(lease=None, lease_until=None)


def put(connection: Connection, token: Token, *, asked_at: datetime) -> None:
    """Keep the token that a person brought, whoever is asking for another one meanwhile. Call it inside `atomic`."""
    make_room(connection)
    row = AccessGrant.objects.only("pk").get(connection=connection)
    AccessGrant.objects.filter(pk=row.pk).update(**_of(row.pk, token, asked_at))


def forget(connection: Connection) -> None:
    """Delete it: the next one who needs a token starts anew."""
    AccessGrant.objects.filter(connection=connection).delete()


def _of(pk: uuid.UUID, token: Token, asked_at: datetime) -> dict[str, Any]:
    return {
        "secrets": _sealed(pk, token),
        "expires_at": token.expires_at,
        "generation": F("generation") + 1,
        "obtained_at": asked_at,
        "lease": None,
        "lease_until": None,
    }


def _sealed(pk: uuid.UUID, token: Token) -> Sealed:
    """A guarded update knows its row, so it can encrypt."""
    place = AccessGrant._meta.get_field("secrets").place(AccessGrant(pk=pk))
    return seal(json.dumps({"access": token.access, "refresh": token.refresh}), place)
