"""A connection is linked by what a visit brought, or comes to an end: the rules, in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Company as CompanyThere
from integrations.linking import Token
from portal.connections.access import grants
from portal.connections.access.addresses import lead_elsewhere
from portal.connections.access.models import VisitOutcome
from portal.connections.models import Connection, Status
from portal.connections.registry import system
from portal.connections.setup import is_same_address
from portal.events.services import tell

LINKED: Final = "{company} is linked to {there} at {name}."
ANOTHER: Final = (
    "You authorised {there}, but this connection belongs to {known} at {name}. Nothing was changed. "
    "Authorise {known}, or unlink the connection first."
)
TAKEN: Final = (
    "{there} at {name} is linked to another company of this installation already. Nothing was changed. "
    "Authorise another company there, or unlink the other connection first."
)
_JUDGED_BY: Final = (
    "status", "linked_at", "confirmed_at", "paused", "external_company_id", "external_company_name", "settings",
    "secrets",
)  # fmt: skip
_LINKED_BY: Final = (*_JUDGED_BY, "told", "told_at", "there")
ENDED: Final = "The connection was unlinked meanwhile. Nothing was changed; make a new one."


class CannotLink(Exception):
    """The connection cannot be linked in this way; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What came of a visit: who it is over there, a token where the system gives one, what it told of itself.

    `told_at` is None where it could not be asked: then it is asked again soon. `settings` and `secrets` are what led
    there and is kept with it; None where those that are stored did.
    """

    company: CompanyThere
    token: Token | None
    told: Mapping[str, Any] = field(default_factory=dict)
    told_at: datetime | None = None
    asked_at: datetime
    settings: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = field(default=None, repr=False)


def take_over(
    connection: Connection, brought: Brought, *, who: str, why: str = "", confirms: bool = False
) -> tuple[VisitOutcome, str]:
    """Link the connection, unless it belongs to another company there or another connection belongs to that one.

    Two that bring the same company at once are taken one after the other. `confirms`: whoever links it vouches for the
    company; else somebody has to confirm it, once, and until then nothing is sent for a company that is live. Gives the
    outcome and a sentence.
    """
    with atomic():
        _in_turn(connection.integration)
        connection.refresh_from_db(fields=_JUDGED_BY)
        outcome, message = _judged(connection, brought)
        if outcome is VisitOutcome.LINKED:
            _link(connection, brought, who, f"{message} {why}".strip(), confirms=confirms)
    return outcome, message


def facts_of(company: CompanyThere) -> dict[str, str]:
    """What a person confirms a company by, as it is kept in `Connection.there`; what is not known is left out."""
    facts = {name: getattr(company, name) for name in ("base_currency", "legal_name", "registration")}
    return {name: value for name, value in facts.items() if value}


def unlink(connection: Connection, *, who: str, why: str) -> bool:
    """End a connection for good: nothing is sent through it any more, and its credentials are gone from here.

    What was posted keeps pointing at it; another one can be linked in its place. False when it was unlinked already.
    """
    with atomic():
        changed = _alive(connection).update(status=Status.UNLINKED)
        if changed:
            forget(connection)
            _tell(connection, "connection.unlinked", f"Unlinked: {why}", who)
    connection.refresh_from_db()
    return bool(changed)


def forget(connection: Connection) -> None:
    """Wipe the token and the secrets of a connection."""
    grants.forget(connection)
    connection.visits.filter(used_at=None).update(used_at=timezone.now(), outcome=VisitOutcome.FAILED, message=ENDED)
    connection.secrets = {}
    connection.save(update_fields=["secrets"])


def _in_turn(slug: str) -> None:
    """Until the end of the transaction nobody else takes over a company at this vendor."""
    rows = Connection.objects.filter(integration=slug).exclude(status=Status.UNLINKED).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _judged(connection: Connection, brought: Brought) -> tuple[VisitOutcome, str]:
    known, company = connection.external_company_id, brought.company
    settings = connection.settings if brought.settings is None else brought.settings
    words = {
        "company": connection.company,
        "name": system(connection.integration).metadata.name,
        "there": company.name or company.external_id,
        "known": connection.external_company_name or known,
    }
    if connection.status == Status.UNLINKED:
        return VisitOutcome.FAILED, ENDED
    if known and not _is_the_same(connection, company, settings):
        return VisitOutcome.ANOTHER_COMPANY, ANOTHER.format(**words)
    if _is_taken(connection, company.external_id, settings):
        return VisitOutcome.TAKEN, TAKEN.format(**words)
    return VisitOutcome.LINKED, LINKED.format(**words)


def _is_the_same(connection: Connection, company: CompanyThere, settings: Mapping[str, Any]) -> bool:
    """By its id; where the address is another one, an id alone says nothing, and the name has to agree, too."""
    if connection.external_company_id != company.external_id:
        return False
    known, name = connection.external_company_name, company.name[:200]
    return is_same_address(connection, settings) or not known or known.casefold() == name.casefold()


def _is_taken(connection: Connection, external_id: str, settings: Mapping[str, Any]) -> bool:
    """Ids of two systems at different addresses have nothing to do with each other."""
    others = Connection.objects.filter(
        integration=connection.integration, side=connection.side, external_company_id=external_id,
        status__in=(Status.LINKED, Status.DEAUTHORISED),
    ).exclude(pk=connection.pk)  # fmt: skip
    return any(not lead_elsewhere(settings, other.settings) for other in others.only("settings"))


def _link(connection: Connection, brought: Brought, who: str, message: str, *, confirms: bool) -> None:
    verb = "connection.linked_again" if connection.linked_at else "connection.linked"
    connection.status, connection.linked_at = Status.LINKED, timezone.now()
    connection.external_company_id = brought.company.external_id
    connection.external_company_name, connection.there = brought.company.name[:200], facts_of(brought.company)
    connection.told, connection.told_at = dict(brought.told), brought.told_at
    _keep_what_led_there(connection, brought)
    _confirm_or_wait(connection, confirms=confirms)
    connection.save(update_fields=_LINKED_BY)
    if brought.token:
        grants.put(connection, brought.token, asked_at=brought.asked_at)
    _tell(connection, verb, message, who)


def _keep_what_led_there(connection: Connection, brought: Brought) -> None:
    """A token that was given for other settings than these is forgotten."""
    if brought.settings is not None:
        connection.settings = dict(brought.settings)
        connection.secrets = connection.secrets if brought.secrets is None else dict(brought.secrets)
        if system(connection.integration).uses_tokens:
            grants.forget(connection)


def _confirm_or_wait(connection: Connection, *, confirms: bool) -> None:
    """The same company as before was confirmed before. Nothing is sent into books of which nobody has said that they
    are the right ones; `confirm` lets it go on."""
    if connection.confirmed_at is None and confirms:
        connection.confirmed_at = connection.linked_at
    elif connection.confirmed_at is None and connection.company.live_at is not None:
        connection.paused = True


def _alive(connection: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=connection.pk).exclude(status=Status.UNLINKED)


def _tell(connection: Connection, verb: str, message: str, who: str) -> None:
    company = connection.company
    tell(verb, message, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk)
