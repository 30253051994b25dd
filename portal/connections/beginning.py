"""A company's way to its accounting system begins: which one it is to be, before anybody was let in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import AccountingSystem, Link
from integrations.documents import Company as CompanyThere
from portal.connections.access.installation import is_offered
from portal.connections.access.linked import Brought, CannotLink, take_over, unlink
from portal.connections.access.models import VisitOutcome
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_system
from portal.connections.services import accounting_connection
from portal.events.services import tell
from portal.tenants.living import is_closed
from portal.tenants.models import Company

CHANGED: Final = "Another accounting system was chosen before it was linked."
LINKED_ALREADY: Final = "{company} is linked to {name} already. Unlink it first, then choose another accounting system."
NOT_OFFERED: Final = "{name} is not offered here: the operator of this installation has to enter its keys first."
CLOSED: Final = "{company} is closed: nothing can be linked to it any more."
NO_SETTING: Final = "{name} has no setting {key}."
NEEDS_A_FORM: Final = "{name} makes no books by itself: link it by its form, or by a visit."


def begin(company: Company, integration: str, *, who: str, settings: Mapping[str, str] | None = None) -> Connection:
    """The connection to an accounting system that nobody has let us into yet; nothing goes out.

    It is PendingAuth, or Blank while nothing is chosen that the integration stands for (`System.chosen_by`). `settings`
    are readable ones, such as the platform that was chosen. Beginning again gives the same connection with the other
    settings; another integration takes the place of the one before. Raises `UnknownIntegration`, and `CannotLink` for
    a company that is closed or was linked already, and for an integration that is not offered.
    """
    connector, given = accounting_system(integration), dict(settings or {})
    _check(connector, company, given)
    with atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # two at once make one connection
        found = accounting_connection(company)
        if found is not None and _was_linked(found):
            raise CannotLink(LINKED_ALREADY.format(company=company, name=_name(found.integration)))
        if found is not None and found.integration == integration:
            return _chosen_again(found, connector, given, who)
        if found is not None:
            unlink(found, who=who, why=CHANGED)
        return _made(company, connector, given, who)


def open_books(connection: Connection, *, who: str) -> Connection:
    """Link a system that makes the books of a company by itself; those of before are taken up again.

    There is no company over there to mistake for another, so it is confirmed at once. Raises `CannotLink`.
    """
    connector, company = accounting_system(connection.integration), connection.company
    if not connector.opens_books:
        raise CannotLink(NEEDS_A_FORM.format(name=connector.metadata.name))
    with atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        connection.refresh_from_db()
        if connection.status == Status.LINKED:
            return connection
        settings = _books_of_before(connection) or connector(Link()).open_books(company.name, company.base_currency)
        there = _introduced(connector, settings)
        brought = Brought(
            company=there, token=None, asked_at=timezone.now(), settings={**connection.settings, **settings}
        )
        outcome, message = take_over(connection, brought, who=who, confirms=True)
        if outcome is not VisitOutcome.LINKED:
            raise CannotLink(message)
    return connection


def _introduced(connector: type[AccountingSystem], settings: Mapping[str, str]) -> CompanyThere:
    return connector(Link(settings=settings)).company()


def _books_of_before(connection: Connection) -> dict[str, str]:
    """Of the latest connection of this company to the same system; none where there was none."""
    rows = Connection.objects.filter(
        company=connection.company, integration=connection.integration, side=connection.side, status=Status.UNLINKED,
        linked_at__isnull=False,
    )  # fmt: skip
    before = rows.order_by("-linked_at").first()
    return dict(before.settings) if before else {}


def _check(connector: type[AccountingSystem], company: Company, settings: Mapping[str, str]) -> None:
    if is_closed(company, timezone.now()):
        raise CannotLink(CLOSED.format(company=company))
    name, known = connector.metadata.name, connector.metadata.settings
    if not is_offered(connector.metadata.slug):
        raise CannotLink(NOT_OFFERED.format(name=name))
    readable = {one.key for one in known if not one.secret and not one.of_installation}
    for key in settings:
        if key not in readable:
            raise CannotLink(NO_SETTING.format(name=name, key=key))


def _was_linked(connection: Connection) -> bool:
    return connection.linked_at is not None or connection.status in (Status.LINKED, Status.DEAUTHORISED)


def _chosen_again(
    found: Connection, connector: type[AccountingSystem], given: Mapping[str, str], who: str
) -> Connection:
    settings = {**found.settings, **given}
    status = _status(connector, settings)
    if (settings, status) == (found.settings, found.status):
        return found
    found.visits.filter(used_at=None).update(used_at=timezone.now())  # they lead to what was chosen before
    found.settings, found.status = settings, status
    found.save(update_fields=["settings", "status"])
    _tell(found, who)
    return found


def _made(company: Company, connector: type[AccountingSystem], given: Mapping[str, str], who: str) -> Connection:
    made = Connection.objects.create(
        company=company, integration=connector.metadata.slug, side=Side.ACCOUNTING,
        status=_status(connector, given), settings=dict(given),
    )  # fmt: skip
    _tell(made, who)
    return made


def _status(connector: type[AccountingSystem], settings: Mapping[str, str]) -> Status:
    is_chosen = all(str(settings.get(name, "")).strip() for name in connector.chosen_by)
    return Status.PENDING_AUTH if is_chosen else Status.BLANK


def _name(integration: str) -> str:
    try:
        return accounting_system(integration).metadata.name
    except LookupError:
        return integration


def _tell(connection: Connection, who: str) -> None:
    company = connection.company
    tell(
        "connection.begun", f"{company} is to be linked to {_name(connection.integration)}.", who=who,
        subject=connection, tenant_id=company.tenant_id, company_id=company.pk,
        settings=sorted(connection.settings),
    )  # fmt: skip
