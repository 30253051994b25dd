"""`manage.py bench_reference`: companies between two stand-ins, and runs of their suppliers; JSON in, JSON out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.icompleat.connector import ICompleat
from integrations.reference import RecordKind
from portal.connections.models import Connection, Side
from portal.connections.services import connect
from portal.reference.sync.asking import ask
from portal.reference.tasks import ring
from portal.tenants.models import Company, Tenant

WHO = "bench"


class Command(BaseCommand):
    """Asked `{"link": {name: {...}}}` it makes companies and tells their connections; asked `{"sync": id}`, a run."""

    help = "Seed and start what the scenario of the reference sync needs."

    def handle(self, **options: Any) -> None:
        """Carry it out."""
        asked = json.load(sys.stdin)
        if "sync" in asked:
            run = ask(Connection.objects.select_related("company").get(pk=asked["sync"]), RecordKind.SUPPLIER)
            ring(run.pk)
            self.stdout.write(json.dumps(run.pk))
            return
        with atomic():
            told = {name: self._linked(name, wanted) for name, wanted in asked["link"].items()}
        self.stdout.write(json.dumps(told))

    def _linked(self, name: str, wanted: Mapping[str, Any]) -> str:
        tenant = Tenant.objects.create(name=f"{name.capitalize()} Group")
        company = Company.objects.create(tenant=tenant, name=f"{name.capitalize()} Ltd", live_at=timezone.now())
        accounting = connect(
            company, DemoBooks.metadata.slug, side=Side.ACCOUNTING, who=WHO,
            settings={"base_url": wanted["accounting"], "company_id": wanted["books"]},
            secrets={"token": os.environ[ACCESS_VARIABLE]},
        )  # fmt: skip
        connect(
            company, ICompleat.metadata.slug, side=Side.SOURCE, who=WHO,
            settings=wanted["source"], secrets={"security_key": wanted["key"]},
        )  # fmt: skip
        return str(accounting.pk)
