"""Where the navigation of a company leads for what sends its documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django import template
from django.urls import reverse

from portal.connections.models import Connection, Side, Status
from portal.connections.registry import sources
from portal.desk.access import ICOMPLEAT
from portal.desk.sources.cards import source_url
from portal.desk.words import source_name
from portal.tenants.models import Company

register = template.Library()

SEVERAL: Final = "Sources"


@dataclass(frozen=True)
class SourceLink:
    """The one entry: the only source's own page, or that of all of them."""

    label: str
    url: str


@register.simple_tag
def source_link(company: Company) -> SourceLink:
    """The source by its name where there is one only, installed or linked; else all of them."""
    only = _only(company)
    if only:
        return SourceLink(source_name(only), source_url(company.pk, only))
    return SourceLink(SEVERAL, reverse("desk:sources", args=[company.pk]))


def _only(company: Company) -> str:
    if len(sources()) == 1:
        return next(iter(sources()), ICOMPLEAT)
    rows = Connection.objects.filter(company=company, side=Side.SOURCE, integration__in=list(sources()))
    linked = set(rows.exclude(status=Status.UNLINKED).values_list("integration", flat=True))
    return linked.pop() if len(linked) == 1 else ""
