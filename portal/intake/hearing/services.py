"""Take a vendor's message: prove its origin, keep it once, and do what it hints at. Doing it twice does no harm."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from django.db import IntegrityError
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Link, System
from integrations.documents import Kind
from integrations.errors import Unauthorised
from integrations.hearing import Heard, Hears, Hint
from integrations.reference import RecordKind
from portal.connections.access.hooks import digest_of
from portal.connections.access.installation import of_installation
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import UnknownIntegration, system
from portal.connections.services import link_of
from portal.digests import digest
from portal.intake.hearing.effects import Effects, lists_of
from portal.intake.hearing.models import VendorMessage
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.sync.asking import CannotSync, ask

LONGEST: Final = 200
# The others are asked for at their own time: the vendor is waiting for our answer.
ASKED_AT_MOST: Final = 50
UNKNOWN_COMPANY: Final = "No connection of this installation is linked to that company."
NOT_THEIRS: Final = "The message does not prove where it comes from."


def hear_installation(integration: str, headers: Mapping[str, str], body: bytes) -> Effects:
    """A message to the one address of the installation. Names in `headers` are lower case.

    Raises `Unauthorised` where it proves nothing (the same for an integration that sends none), `Malformed`.
    """
    connector, ours = _hearing(integration, Hears.AT_THE_INSTALLATION), of_installation(integration)
    link = Link(settings=ours.settings, secrets=ours.secrets)
    return _taken(integration, connector(link).hear(headers, body), None)


def hear_connection(
    integration: str, connection_id: uuid.UUID, token: str, headers: Mapping[str, str], body: bytes
) -> Effects:
    """A message to the address of one connection, with its secret token. Raises as `hear_installation`."""
    connector = _hearing(integration, Hears.AT_THE_CONNECTION)
    stored = digest_of(integration, connection_id)
    if not hmac.compare_digest(stored or digest(""), digest(token)) or not stored:
        raise Unauthorised(NOT_THEIRS)
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    return _taken(integration, connector(link_of(connection)).hear(headers, body), connection)


def _hearing(integration: str, where: Hears) -> type[System]:
    try:
        connector = system(integration)
    except UnknownIntegration:
        raise Unauthorised(NOT_THEIRS) from None
    if connector.hears is not where:
        raise Unauthorised(NOT_THEIRS)
    return connector


def _taken(integration: str, heard: Heard, connection: Connection | None) -> Effects:
    """Keep it, then act. A repeat is counted, and acts again: the first may have died in between."""
    pairs = [(hint, connection or _named(integration, hint)) for hint in heard.hints]
    message = _kept(integration, heard, next((one for _, one in pairs if one is not None), None))
    effects = Effects()
    for hint, meant in pairs:
        if meant is None:
            effects.words.append(UNKNOWN_COMPANY)
        else:
            _act(hint, meant, effects)
    VendorMessage.objects.filter(pk=message.pk).update(effects=effects.words)
    return effects


def _kept(integration: str, heard: Heard, connection: Connection | None) -> VendorMessage:
    columns = {"about": heard.about[:LONGEST], "connection": connection}
    try:
        with atomic():
            return VendorMessage.objects.create(integration=integration, message_id=heard.id[:LONGEST], **columns)
    except IntegrityError:
        found = VendorMessage.objects.get(integration=integration, message_id=heard.id[:LONGEST])
        VendorMessage.objects.filter(pk=found.pk).update(repeats=F("repeats") + 1)
        return found


def _named(integration: str, hint: Hint) -> Connection | None:
    """The connection that is linked to the company that a hint names; an unlinked one hears nothing any more."""
    if not hint.company_id:
        return None
    rows = Connection.objects.filter(integration=integration, external_company_id=hint.company_id, side=Side.ACCOUNTING)
    return rows.exclude(status=Status.UNLINKED).order_by("-created_at").first()


def _act(hint: Hint, connection: Connection, effects: Effects) -> None:
    if hint.operation:
        effects.postings += list(_due_now(connection, hint.operation))
        effects.words.append(f"The operation {hint.operation} is asked for.")
    if hint.documents:
        asked = list(_read_anew(connection, hint.documents))
        effects.postings += asked
        effects.words.append(f"Documents on their way that are asked for: {len(asked):,}.")
    if hint.asks_status:
        Connection.objects.filter(pk=connection.pk).update(told_at=None)
        effects.words.append("Its status is asked for.")
    if hint.records:
        _sync(connection, hint.records, effects)


def _due_now(connection: Connection, operation: str) -> Iterator[int]:
    """The posting that awaits this operation: its answer is asked for now, and not at its own time."""
    rows = Posting.objects.filter(connection=connection, operation=operation[:LONGEST], state=State.AWAITING)
    for pk in rows.values_list("pk", flat=True):
        if rows.filter(pk=pk).update(next_attempt_at=timezone.now()):
            yield pk


def _read_anew(connection: Connection, kinds: Iterable[Kind]) -> Iterator[int]:
    """The postings of these kinds that await their outcome: it can be told now."""
    rows = Posting.objects.filter(connection=connection, state=State.AWAITING, transaction__kind__in=kinds)
    for pk in rows.order_by("next_attempt_at").values_list("pk", flat=True)[:ASKED_AT_MOST]:
        if Posting.objects.filter(pk=pk, state=State.AWAITING).update(next_attempt_at=timezone.now()):
            yield pk


def _sync(connection: Connection, records: Iterable[RecordKind], effects: Effects) -> None:
    for kind in sorted(records):
        try:
            effects.syncs.append(ask(connection, kind).pk)
            effects.words.append(f"A sync was asked for: {lists_of(kind)}.")
        except CannotSync as error:
            effects.words.append(error.message)
