"""`manage.py bench_feeds`: companies that read accessplanit into the built-in ledger, and passes; JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.accessplanit.connector import AccessPlanit
from ledger.services.opening import open_books
from portal.connections.models import Connection, Side
from portal.connections.services import connect, open_endpoint
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.setting_up import ensure
from portal.intake.feeds.tasks import ring_reader
from portal.reference.rules import How, Missing, Rule, Rules, to_json
from portal.tenants.models import Company, Tenant

WHO = "bench"


class Command(BaseCommand):
    """Asked `{"link": {name: {...}}}` it makes companies and tells their links to the source; asked `{"read": id}`, it
    makes every feed of one due."""

    help = "Seed and start what the scenario of the feeds needs."

    def handle(self, **options: Any) -> None:
        """Carry it out."""
        asked = json.load(sys.stdin)
        if "read" in asked:
            self.stdout.write(json.dumps(_due(Connection.objects.select_related("company").get(pk=asked["read"]))))
            return
        with atomic():
            told = {name: _linked(name, settings) for name, settings in asked["link"].items()}
        self.stdout.write(json.dumps(told))


def _linked(name: str, wanted: Mapping[str, str]) -> str:
    """Whatever is sold goes to one account. Nothing is read before it is asked for."""
    tenant = Tenant.objects.create(name=f"{name.capitalize()} Group")
    company = Company.objects.create(
        tenant=tenant, name=f"{name.capitalize()} Ltd", base_currency="GBP", live_at=timezone.now()
    )
    rules = Rules(revenue=_always("4000"), bank=_always("1200"), sales_tax=_always("T1"))
    opened = {"books": str(open_books(company.name, company.base_currency).pk)}
    books = connect(company, "ledger", side=Side.ACCOUNTING, settings=opened, who=WHO)
    Connection.objects.filter(pk=books.pk).update(mapping=to_json(rules))
    settings, secrets = {**wanted}, {"api_key": wanted["api_key"]}
    del settings["api_key"]
    source = connect(company, AccessPlanit.metadata.slug, side=Side.SOURCE, settings=settings, secrets=secrets, who=WHO)
    open_endpoint(source, who=WHO)
    ensure(source, timezone.now() + timedelta(days=1))
    return str(source.pk)


def _always(code: str) -> Rule:
    return Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default=code)


def _due(connection: Connection) -> list[int]:
    readers = FeedReader.objects.filter(connection=connection, still_open=False)
    readers.update(next_at=timezone.now(), ended_at=None)
    found = list(readers.values_list("pk", flat=True))
    for reader_id in found:
        ring_reader(reader_id)
    return found
