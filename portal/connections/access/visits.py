"""A person's visit at an outside system, to link a connection: begun here, finished once, by whoever began it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from integrations.base import Link, System
from integrations.errors import AnotherCompany, Cancelled, IntegrationError, Misconfigured, Unauthorised
from integrations.http import Outbound, nothing
from integrations.linking import Arrival
from integrations.oauth import Fresh
from portal.connections.access.installation import of_installation
from portal.connections.access.linked import ENDED, Brought, CannotLink, take_over
from portal.connections.access.models import Visit, VisitOutcome
from portal.connections.models import Connection, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import UnknownIntegration, system
from portal.connections.services import link_of, system_of
from portal.connections.setup import CHECKED_WITHIN_SECONDS, PATIENCE_SECONDS
from portal.connections.surveying import keep, survey
from portal.digests import digest
from portal.fields import Undecryptable
from portal.tenants.models import Member, Role

GOOD_FOR: Final = timedelta(minutes=10)
STATE: Final = "state"
THIS_VISIT: Final = uuid.UUID(int=0)
_STATE_BYTES: Final = 32
LOST_KEY: Final = "The credentials of this installation cannot be read any more. Its operator has to enter them again."
NO_ADDRESS: Final = "{name} gave an address to authorise at that is none. It will not help to try again: tell support."


class Person(Protocol):
    """Whoever is logged in."""

    pk: Any
    is_active: bool
    is_staff: bool

    def has_perm(self, perm: str) -> bool: ...
    def get_username(self) -> str: ...


class NotThisWay(Exception):
    """What came back belongs to no visit that this person began in this session and that still waits."""


def is_linked_by_visit(connection: Connection) -> bool:
    """Whether a person has to visit the outside system. False for one that is not installed any more."""
    try:
        connector, ours = system(connection.integration), of_installation(connection.integration)
    except UnknownIntegration:
        return False
    return connector.is_linked_by_visit({**connection.settings, **ours.settings})


def may_link(user: Person, connection: Connection) -> bool:
    """Owners of the tenant, and staff who may change connections."""
    if not user.is_active:
        return False
    if user.is_staff and user.has_perm("connections.change_connection"):
        return True
    members = Member.objects.filter(user__pk=user.pk, tenant=connection.company.tenant_id, role=Role.OWNER)
    return members.exists()


def begin(connection: Connection, *, user: Person, session_key: str, next_url: str) -> str:
    """Where this person goes now to authorise the connection. They come back to `link/back/`, within ten minutes.

    `next_url` is the path of ours that they are shown afterwards; `THIS_VISIT` in it stands for the visit's own id. The
    system may be asked first, within its limits.
    Raises `CannotLink`, and what `System.depart` raises: then nothing was begun.
    """
    if connection.status == Status.UNLINKED or not is_linked_by_visit(connection):
        raise CannotLink(f"{connection} is not linked by a visit: there is nothing to authorise.")
    if not is_own_path(next_url):
        raise ValueError("a person is only sent on to a page of ours")
    state = secrets.token_urlsafe(_STATE_BYTES)
    return_url = f"{settings.BASE_URL}{reverse('connections:back')}"
    with _asking(connection) as outbound:
        departure = system_of(connection, outbound).depart(state=state, return_url=return_url)
    _check_address(connection, departure.url)
    if departure.told:
        keep(connection, departure.told, who=user.get_username())
    now, visit_id = timezone.now(), uuid.uuid4()
    Visit.objects.create(
        id=visit_id, connection=connection, user_id=user.pk, state_digest=digest(state),
        session_digest=digest(session_key), secrets=dict(departure.keep), return_url=return_url,
        next_url=next_url.replace(str(THIS_VISIT), str(visit_id)), began_at=now, good_until=now + GOOD_FOR,
    )  # fmt: skip
    return departure.url


def finish(query: Mapping[str, str], *, user: Person, session_key: str) -> Visit:
    """What came of the visit that this person comes back from; its outcome and a sentence are in the row.

    Raises `NotThisWay` for everything that is no visit of theirs: unknown, used, too late, another session or person.
    Anything else that goes wrong is an outcome, and the connection stays as it was.
    """
    visit = _theirs(query.get(STATE, ""), user, session_key)
    visit.outcome, visit.message = _outcome(visit, {name: query[name] for name in query if name != STATE}, user)
    visit.secrets = {}
    visit.save(update_fields=["outcome", "message", "secrets"])
    if visit.outcome != VisitOutcome.LINKED:
        _look_again(visit.connection, user)
    return visit


def is_own_path(url: str) -> bool:
    """Whether it leads to a page of ours and nowhere else."""
    return url.startswith("/") and len(url) <= 500 and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def _vouches(user: Person) -> bool:
    """Staff link what a customer has asked them to; customers confirm on a page of their own."""
    return user.is_staff and user.has_perm("connections.change_connection")


def _look_again(connection: Connection, user: Person) -> None:
    """A visit that linked nothing may have ended what was linked: nothing is sent to wherever it leads now."""
    if connection.status != Status.LINKED:
        return
    try:
        if system(connection.integration).survey is System.survey:
            return
        survey(connection, who=user.get_username())
    except (IntegrationError, UnknownIntegration, Undecryptable):
        Connection.objects.filter(pk=connection.pk).update(told_at=None)


def _theirs(state: str, user: Person, session_key: str) -> Visit:
    now = timezone.now()
    waiting = Visit.objects.filter(
        state_digest=digest(state), session_digest=digest(session_key), user__pk=user.pk or 0,
        used_at=None, good_until__gt=now,
    )  # fmt: skip
    visit = waiting.select_related("connection__company").first()
    if visit is None or not may_link(user, visit.connection) or not waiting.update(used_at=now):
        raise NotThisWay
    visit.used_at = now
    return visit


def _outcome(visit: Visit, query: Mapping[str, str], user: Person) -> tuple[VisitOutcome, str]:
    connection = visit.connection
    if connection.status == Status.UNLINKED:
        return VisitOutcome.FAILED, ENDED
    try:
        with _asking(connection) as outbound:
            brought = _brought(visit, query, outbound)
    except Cancelled as error:
        return VisitOutcome.CANCELLED, error.message
    except AnotherCompany as error:
        return VisitOutcome.ANOTHER_COMPANY, error.message
    except IntegrationError as error:
        return VisitOutcome.FAILED, error.message
    except UnknownIntegration as error:
        return VisitOutcome.FAILED, str(error)
    except Undecryptable:
        return VisitOutcome.FAILED, LOST_KEY
    return take_over(connection, brought, who=user.get_username(), confirms=_vouches(user))


def _brought(visit: Visit, query: Mapping[str, str], outbound: Outbound) -> Brought:
    """The system is asked who was authorised: what stands in the address proves nothing."""
    connector, asked_at = system(visit.connection.integration), timezone.now()
    link = replace(link_of(visit.connection, outbound), access=None)
    arrival = connector(link).arrive(query, keep=visit.secrets, return_url=visit.return_url)
    link = _as_arrived(link, arrival)
    company = connector(link).company()
    brought = Brought(company=company, token=arrival.token, told=arrival.told, asked_at=asked_at)
    try:
        told = {**arrival.told, **connector(link).survey()}
    except Unauthorised:
        raise
    except IntegrationError:
        return brought  # the code is used up: what it tells of itself can be asked for later
    return replace(brought, told=told, told_at=timezone.now())


def _as_arrived(link: Link, arrival: Arrival) -> Link:
    token = arrival.token
    return replace(link, told=arrival.told, access=Fresh(lambda _: token) if token else None)


def _check_address(connection: Connection, url: str) -> None:
    schemes = ("https", "http") if settings.ALLOW_PRIVATE_TARGETS else ("https",)
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise Misconfigured(NO_ADDRESS.format(name=system(connection.integration).metadata.name))


@contextmanager
def _asking(connection: Connection) -> Iterator[Outbound]:
    """A person waits for the answer, one of a few."""
    with (
        one_of(connection.company_id),
        paced(
            connection, nothing, patience_seconds=PATIENCE_SECONDS, deadline_seconds=CHECKED_WITHIN_SECONDS
        ) as outbound,
    ):
        yield outbound
