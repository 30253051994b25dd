"""The access token of a connection: read, and renewed once for all workers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django.utils import timezone

from integrations.base import Link
from integrations.errors import Retryable, Unauthorised
from integrations.http import Outbound
from integrations.linking import Token
from integrations.oauth import without_tokens
from portal.connections.access import grants
from portal.connections.access.grants import NO_ROW, Grant
from portal.connections.access.installation import of_installation
from portal.connections.models import Connection, Status
from portal.connections.registry import system
from portal.idle import give_back_connection

ASKS_FOR_SECONDS: Final = 20.0
"""So long may asking for a token take in all: less than the lease, and than what is left of an attempt's."""
WAITS_FOR_SECONDS: Final = 20.0
FIRST_LOOK_SECONDS: Final = 0.1
LONGEST_LOOK_SECONDS: Final = 1.0
IN_PROGRESS: Final = "The access to {name} is being renewed by another call, which takes long. It will be tried again."
NOT_RENEWED: Final = "The access to {name} could not be renewed by another call. It will be tried again."
GONE: Final = "The connection to {name} was unlinked meanwhile. Link it again."


class StoredAccess:
    """An `Access` that reads and renews `AccessGrant`. One object serves one thread.

    Whoever finds no good token takes the row's lease and asks the vendor; all others look at the row until it is there.
    No lock, no transaction and no database connection is held meanwhile. The terms of `outbound` hold for asking, too.
    """

    def __init__(
        self, connection: Connection, outbound: Outbound, *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._connection, self._outbound, self._sleep = connection, outbound, sleep
        self._known = Grant()

    def token(self) -> str:
        """One that is good for a while yet. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        if not self._known.serves("", newer_than=self._known.generation, now=timezone.now()):
            self._known = self._current("")
        return self._known.token.access if self._known.token else ""

    def renewed(self, refused: str) -> str:
        """Another one than `refused`: the one that somebody else got meanwhile, else a fresh one. Raises as `token`."""
        self._known = self._current(refused)
        return self._known.token.access if self._known.token else ""

    def _current(self, refused: str) -> Grant:
        first = found = self._read()
        waited, nap, others_ask = 0.0, FIRST_LOOK_SECONDS, False
        while not found.serves(refused, newer_than=first.generation, now=timezone.now()):
            if others_ask and found.lease is None:
                raise self._later(NOT_RENEWED)
            if mine := grants.lease(found):
                return self._asked(found, mine, refused)
            if waited >= WAITS_FOR_SECONDS:
                raise self._later(IN_PROGRESS)
            others_ask = True
            give_back_connection()
            self._sleep(nap)
            waited, nap = waited + nap, min(2 * nap, LONGEST_LOOK_SECONDS)
            found = self._read()
        return found

    def _read(self) -> Grant:
        """The row as it stands, made where there is none yet."""
        found = grants.read(self._connection)
        if found.pk == NO_ROW:
            if not Connection.objects.filter(pk=self._connection.pk).exclude(status=Status.UNLINKED).exists():
                raise Unauthorised(GONE.format(name=self._name))
            grants.make_room(self._connection)
            found = grants.read(self._connection)
        return found

    def _asked(self, found: Grant, mine: uuid.UUID, refused: str) -> Grant:
        """What the vendor gives, or what somebody else stored while it was asked (the connection was linked again)."""
        asked_at = timezone.now()
        try:
            token = self._obtain(found.token)
            if grants.store(found, mine, token, asked_at=asked_at):
                return Grant(found.pk, token, found.generation + 1, asked_at)
        except Unauthorised:
            newest = grants.read(self._connection)
            if newest.generation > found.generation and newest.token:
                return newest
            raise
        finally:
            grants.release(found, mine)
        newest = self._read()
        if newest.serves(refused, newer_than=found.generation, now=timezone.now()):
            return newest
        raise self._later(IN_PROGRESS)

    def _obtain(self, previous: Token | None) -> Token:
        slug, ours = self._connection.integration, of_installation(self._connection.integration)
        terms = replace(
            self._outbound,
            deadline_seconds=min(self._outbound.deadline_seconds, ASKS_FOR_SECONDS),
            record=without_tokens(self._outbound.record),
        )
        link = Link(
            settings={**self._connection.settings, **ours.settings},
            secrets={**self._connection.secrets, **ours.secrets},
            outbound=terms,
            told=self._connection.told,
        )
        give_back_connection()
        return system(slug)(link).obtain(previous)

    def _later(self, message: str) -> Retryable:
        return Retryable(message.format(name=self._name), free=True)

    @property
    def _name(self) -> str:
        return system(self._connection.integration).metadata.name
