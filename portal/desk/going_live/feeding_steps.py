"""The steps of a source that is read: its access, what its user sees, the names of its fields, its webhook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.urls import reverse

from portal.connections.field_list_form import unverified
from portal.connections.field_lists import has_field_lists, hidden, parts
from portal.connections.models import Connection, Endpoint, EndpointToken, Status
from portal.desk.going_live.facts import Facts
from portal.desk.going_live.steps import Stand, Step
from portal.desk.sources.cards import source_url
from portal.desk.words import source_name

LOST: Final = "It no longer accepts our access. Enter the new key and save: reading goes on by itself."
SHUT: Final = "Its address is shut, so what is read has no place to go. Make a token: that opens it."
BY_ITSELF: Final = "Optional: without it everything is read within a quarter of an hour, with it within seconds."
SEEN: Final = "Its user sees invoices, payments and credit notes."


def feeding_steps(facts: Facts) -> Iterator[Step]:
    """The steps of every source that is read."""
    for connection in facts.senders.fed:
        href = source_url(facts.place.company.pk, connection.integration)
        yield _access(connection, href)
        if connection.status == Status.LINKED:
            yield _seen(connection, href)
            yield from _names(facts, connection)
            yield _webhook(connection, href)


def _access(connection: Connection, href: str) -> Step:
    name, status = source_name(connection.integration), str(connection.get_status_display())
    title, key = f"Connect {name}", connection.integration
    if connection.status != Status.LINKED:
        return Step(key=key, title=title, stand=Stand.MEND, said=LOST, href=href, action="Mend", status=status)
    if not Endpoint.objects.filter(connection=connection, is_active=True, kind="").exists():
        return Step(key=key, title=title, stand=Stand.MEND, said=SHUT, href=href, action="Mend", status=status)
    start = str(connection.settings.get("start_date") or "")
    said = f"Linked to {connection.external_company_name or name}."
    said += f" What was made before {start} is left alone." if start else " Everything that there ever was is read."
    return Step(key=key, title=title, stand=Stand.DONE, said=said, href=href, action="Look", status=status)


def _seen(connection: Connection, href: str) -> Step:
    name, unseen = source_name(connection.integration), hidden(connection)
    title, key = f"See everything in {name}", f"{connection.integration}-seen"
    if not unseen:
        return Step(
            key=key, title=title, stand=Stand.DONE, said=SEEN, href=href, action="Look", is_required=False
        )  # fmt: skip
    return Step(
        key=key, title=title, stand=Stand.MEND, said=" ".join(unseen), href=href, action="What to do",
        is_required=False,
    )  # fmt: skip


def _names(facts: Facts, connection: Connection) -> Iterator[Step]:
    if not has_field_lists(connection):
        return
    name, left = source_name(connection.integration), unverified(parts(connection))
    href = reverse("desk:fed-fields", args=[facts.place.company.pk, connection.integration])
    title, key = f"Check the field names of {name}", f"{connection.integration}-fields"
    if not left:
        said = "Every name is in its own list."
        yield Step(key=key, title=title, stand=Stand.DONE, said=said, href=href, action="Look", is_required=False)
        return
    count = f"{left} {'name is' if left == 1 else 'names are'} not verified."
    said = f"{count} Payments are read by them: choose from its own list."
    yield Step(key=key, title=title, stand=Stand.OPTIONAL, said=said, href=href, action="Check", is_required=False)


def _webhook(connection: Connection, href: str) -> Step:
    name = source_name(connection.integration)
    title, key = f"Let {name} call", f"{connection.integration}-webhook"
    has_token = EndpointToken.objects.filter(endpoint__connection=connection, endpoint__is_active=True).exists()
    stand, said = (Stand.DONE, "Its address has a token.") if has_token else (Stand.OPTIONAL, BY_ITSELF)
    return Step(
        key=key, title=title, stand=stand, said=said, href=href, is_required=False,
        action="Look" if has_token else "What to set up",
    )  # fmt: skip
