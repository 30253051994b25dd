"""Conformance runs for staff: what was checked against a live account, and whether its keys are trusted. Read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.connections.conformance import Outcome
from portal.connections.models import Conformance, Connection
from portal.connections.registry import accounting_systems
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.formats import NOTHING, copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, tone

TONES: Final = {Outcome.PASSED: POSTED, Outcome.FAILED: PERSON, Outcome.NOT_POSSIBLE: CLOSED}
HOW: Final = "No run yet. Run: manage.py conformance {slug} --connection {pk}"
MOST_SHOWN: Final = 5


@admin.register(Conformance)
class ConformanceAdmin(ReadOnlyAdmin[Conformance]):
    """The runs of `manage.py conformance`, the latest first."""

    list_display = ("shown_at", "integration", "company", "address", "shown_trust", "counts")
    list_display_links = ("shown_at",)
    list_select_related = ("connection__company",)
    list_filter = ("trusted", "integration", "ended_at")
    search_fields = ("=integration", "connection__company__name", "external_company_name")
    search_help_text = "An integration's slug, or a part of a company's name."

    def for_list(self, queryset: QuerySet[Conformance]) -> QuerySet[Conformance]:
        """Secrets of the connection are not even read."""
        return queryset.defer("connection__secrets", "connection__settings", "connection__mapping")

    def sections(self, request: HttpRequest, obj: Conformance) -> Sequence[Section]:
        """The whole run."""
        connection = obj.connection
        facts = [
            Fact("Key", trust_html(obj)),
            Fact("Integration", obj.integration),
            Fact("Connection", link(row_url(connection), str(connection)) if connection else "None: own credentials"),
            Fact("Company over there", f"{obj.external_company_name} ({obj.external_company_id})"),
            Fact("Address", copyable(obj.base_url)),
            Fact("Started", moment(obj.started_at, seconds=True)),
            Fact("Ended", moment(obj.ended_at, seconds=True)),
            Fact("Source of the connector", obj.version),
            Fact("By", obj.who),
        ]
        return [Section(title="Run", facts=facts), Section(title="Checks", table=_checks(obj.checks))]

    @admin.display(description="Ended", ordering="ended_at")
    def shown_at(self, obj: Conformance) -> str:
        """When."""
        return moment(obj.ended_at)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: Conformance) -> str:
        """Ours, or the one over there."""
        return obj.connection.company.name if obj.connection else obj.external_company_name

    @admin.display(description="Address", ordering="base_url")
    def address(self, obj: Conformance) -> str:
        """Where the system was."""
        return obj.base_url or NOTHING

    @admin.display(description="Key", ordering="trusted")
    def shown_trust(self, obj: Conformance) -> str:
        """As a badge."""
        return trust_html(obj)

    @admin.display(description="Passed")
    def counts(self, obj: Conformance) -> str:
        """How many of the checks."""
        return _passed(obj)


def applies_to(connection: Connection) -> bool:
    """Whether there is anything to check: not for what books in our own transaction, nor for a source."""
    system = accounting_systems().get(connection.integration)
    return system is not None and not system.can.transactional


def conformance_section(connection: Connection) -> Section:
    """The latest runs, on the page of their connection."""
    rows = [
        (link(row_url(run), f"{run.ended_at:%d %b %Y %H:%M}"), trust_html(run), _passed(run), run.base_url or NOTHING)
        for run in connection.conformances.order_by("-ended_at", "-pk")[:MOST_SHOWN]
    ]
    empty = HOW.format(slug=connection.integration, pk=connection.pk)
    head = ("Ended", "Key", "Passed", "Address")
    return Section(title="Conformance", table=Table(head=head, rows=rows, empty=empty))


def trust_html(run: Conformance) -> str:
    """Whether the key may be relied on, as a badge."""
    return tone(POSTED, "Trusted") if run.trusted else tone(CLOSED, "Not trusted")


def _passed(run: Conformance) -> str:
    counting = [check for check in run.checks if check.get("counts", True)]
    return f"{sum(check['outcome'] == Outcome.PASSED for check in counting)} of {len(counting)}"


def _checks(checks: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (check["title"], _outcome(check["outcome"]), _documents(check.get("documents")), check["seen"])
        for check in checks
    ]
    return Table(head=("Check", "Outcome", "Documents there", "Seen"), rows=rows, numeric=frozenset({2}))


def _outcome(value: str) -> str:
    outcome = Outcome(value)
    return tone(TONES[outcome], str(outcome.label))


def _documents(count: int | None) -> str:
    return "not counted" if count is None else str(count)
