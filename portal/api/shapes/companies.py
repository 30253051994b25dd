"""What the API takes and tells of companies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from portal.api.paging import NumberedPage, Pages
from portal.api.shapes.connections import STATUSES, WORDS, ConnectionOfCompany, connection_json
from portal.api.shapes.fields import At, Shape, Words, moment
from portal.api.strict import Body, Choice, Line, Truth
from portal.connections.models import Connection, Side, Status
from portal.tenants.companies import LONGEST_NAME
from portal.tenants.models import Company

ORDERS: Final = {"name": ("name", "id"), "created": ("created_at", "id")}


class CompanyOfTenant(Shape):
    """One legal entity of the tenant."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    nameIsTemporary = serializers.BooleanField(  # noqa: N815
        help_text="Whether it stands for the name that the accounting system will tell."
    )
    baseCurrency = serializers.CharField(help_text="ISO 4217.")  # noqa: N815
    redirect = serializers.URLField(
        help_text="The page of ours where an owner chooses the accounting system and authorises it."
    )
    status = Words(
        *WORDS.values(),
        help_text=("Of its accounting connection. Blank: it has none yet. Unlinked: the one that it had has ended."),
    )
    created = At()
    live = At(allow_null=True, help_text="Since when deliveries are booked; null: not yet.")
    closed = At(allow_null=True, help_text="Since when nothing is taken in any more.")
    dataConnections = ConnectionOfCompany(many=True, help_text="The newest first.")  # noqa: N815


class Companies(NumberedPage):
    """A page of companies."""

    results = CompanyOfTenant(many=True)


class CompanyQuery(Pages):
    """Which companies."""

    name = Line(required=False, max_length=LONGEST_NAME, help_text="Only those with this in their name.")
    status = Choice(STATUSES, required=False, help_text="Only those with this status; both spellings are known.")
    isLive = Truth(required=False, help_text="Only those whose deliveries are booked, or only the others.")  # noqa: N815
    isClosed = Truth(required=False, help_text="Only closed ones, or only the others.")  # noqa: N815
    orderBy = Choice(  # noqa: N815
        [sign + name for name in ORDERS for sign in ("", "-")], default="name", help_text="A hyphen turns it round."
    )


class NewCompany(Body):
    """A company to create."""

    name = Line(required=False, max_length=LONGEST_NAME, help_text="Left out, where it is temporary: one is made up.")
    nameIsTemporary = Truth(  # noqa: N815
        default=False, help_text="Whether the accounting system's own name shall take its place once it is linked."
    )
    baseCurrency = Line(  # noqa: N815
        default="GBP", min_length=3, max_length=3, help_text="Of its books, ISO 4217."
    )


class CompanyName(Body):
    """Another name."""

    name = Line(max_length=LONGEST_NAME)


class CompanyWhole(Body):
    """Everything that can be changed of a company."""

    name = Line(max_length=LONGEST_NAME)
    baseCurrency = Line(  # noqa: N815
        min_length=3, max_length=3, help_text="It can be changed while nothing has come in yet."
    )


def company_json(company: Company, connections: Iterable[Connection]) -> dict[str, Any]:
    """One company with its connections."""
    every = sorted(connections, key=lambda one: one.created_at, reverse=True)
    return {
        "id": str(company.pk),
        "name": company.name,
        "nameIsTemporary": company.name_is_temporary,
        "baseCurrency": company.base_currency,
        "redirect": f"{settings.BASE_URL}{reverse('desk:choose', args=[company.pk])}",
        "status": WORDS[status_of(every)],
        "created": moment(company.created_at),
        "live": moment(company.live_at),
        "closed": moment(company.closed_at),
        "dataConnections": [connection_json(one) for one in every],
    }


def status_of(connections: Iterable[Connection]) -> str:
    """Of the accounting connection that is not unlinked, if there is one."""
    found = [one.status for one in connections if one.side == Side.ACCOUNTING]
    active = next((status for status in found if status != Status.UNLINKED), None)
    return active or (Status.UNLINKED if found else Status.BLANK)
