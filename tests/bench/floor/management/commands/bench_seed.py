"""`manage.py bench_seed`: three companies, each linked for one row of the bench; tells their endpoints as JSON."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.icompleat.connector import ICompleat
from ledger.connector import BuiltInLedger
from ledger.services import open_books
from portal.connections.models import AnswerPolicy, Connection, Side
from portal.connections.services import connect, open_endpoint, pause
from portal.connections.tokens import issue_token
from portal.tenants.models import Company, Tenant
from tests.bench.floor.companies import COMPANIES

WHO = "bench"


class Command(BaseCommand):
    """Make what the rows need."""

    help = "Seed the companies of the bench."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the demo accounting system is."""
        parser.add_argument("--accounting", required=True)

    @atomic
    def handle(self, *, accounting: str, **options: Any) -> None:
        """Receipt alone, the built-in ledger, and the demo system through a worker."""
        tenant = Tenant.objects.create(name="Northgate Group")
        receipt, ledger, worker = (_company(tenant, COMPANIES[row]) for row in ("receipt", "ledger", "worker"))
        pause(_on_demo(receipt, accounting), who=WHO, why="This row measures the receipt alone.")
        _on_the_ledger(ledger)
        _on_demo(worker, accounting)
        told = {
            "receipt": _endpoint(receipt, AnswerPolicy.IMMEDIATE),
            "ledger": _endpoint(ledger, AnswerPolicy.CONFIRMED),
            "worker": _endpoint(worker, AnswerPolicy.CONFIRMED),
        }
        self.stdout.write(json.dumps(told))


def _company(tenant: Tenant, name: str) -> Company:
    return Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())


def _on_the_ledger(company: Company) -> Connection:
    books = open_books(company.name, company.base_currency)
    slug = BuiltInLedger.metadata.slug
    return connect(company, slug, side=Side.ACCOUNTING, settings={"books": str(books.pk)}, who=WHO)


def _on_demo(company: Company, accounting: str) -> Connection:
    return connect(
        company, DemoBooks.metadata.slug, side=Side.ACCOUNTING, who=WHO,
        settings={"base_url": accounting, "company_id": "harbour-street"},
        secrets={"token": os.environ[ACCESS_VARIABLE]},
    )  # fmt: skip


def _endpoint(company: Company, answer: AnswerPolicy) -> dict[str, str]:
    icompleat_id, slug = str(uuid4()), ICompleat.metadata.slug
    source = connect(company, slug, side=Side.SOURCE, external_company_id=icompleat_id, who=WHO)
    endpoint = open_endpoint(source, answer=answer, who=WHO)
    return {
        "path": f"/webhooks/{slug}/{endpoint.pk}/",
        "token_header": ICompleat.token_headers[0],
        "token": issue_token(endpoint, who=WHO),
        "company_id": icompleat_id,
        "company_name": company.name,
    }
