"""`manage.py chaos_seed`: the companies of a run, linked; tells their endpoints as JSON."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.text import slugify

from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.icompleat.connector import ICompleat
from ledger.connector import BuiltInLedger
from ledger.services import open_books
from portal.connections.models import AnswerPolicy, Side
from portal.connections.services import connect, open_endpoint
from portal.connections.tokens import issue_token
from portal.tenants.models import Company, Tenant

WHO = "chaos"
NAMESPACE = UUID("5d1a0c0e-6f0b-4d0e-9a55-3c6a0b7f9e21")
# Name, whether it posts into the demo system, and its endpoint's answer policy with its wait.
COMPANIES = (
    ("Northgate Training Ltd", True, AnswerPolicy.CONFIRMED, 3),
    ("Harbour Lane Studios Ltd", True, AnswerPolicy.STRICT, 1),
    ("Westfield Catering Ltd", True, AnswerPolicy.IMMEDIATE, 1),
    ("Quayside Events Ltd", False, AnswerPolicy.CONFIRMED, 3),
)
# Another tenant's: it gets its documents before anything goes wrong, and must be found as it was.
BYSTANDER = ("Millbrook Travel Ltd", True, AnswerPolicy.CONFIRMED, 3)


class Command(BaseCommand):
    """Make what a run needs."""

    help = "Seed the companies of a fault campaign."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the demo accounting system is, and how staff log in."""
        parser.add_argument("--sandbox", required=True)
        parser.add_argument("--staff", required=True)
        parser.add_argument("--password", required=True)

    @atomic
    def handle(self, *, sandbox: str, staff: str, password: str, **options: Any) -> None:
        """Companies that post into the demo system, one for each answer policy, and one with the built-in ledger.

        The last one is the bystander's.
        """
        get_user_model().objects.create_superuser(staff, password=password)
        tenant, elsewhere = Tenant.objects.create(name="Northgate Group"), Tenant.objects.create(name="Millbrook")
        told = [self._company(tenant, sandbox, *row) for row in COMPANIES]
        told.append(self._company(elsewhere, sandbox, *BYSTANDER))
        self.stdout.write(json.dumps(told))

    def _company(
        self, tenant: Tenant, sandbox: str, name: str, outside: bool, answer: AnswerPolicy, seconds: int
    ) -> dict[str, Any]:
        company = Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())
        their_books = slugify(name)
        if outside:
            connect(
                company, DemoBooks.metadata.slug, side=Side.ACCOUNTING, who=WHO,
                settings={"base_url": sandbox, "company_id": their_books},
                secrets={"token": os.environ[ACCESS_VARIABLE]},
            )  # fmt: skip
        else:
            books = open_books(name, "GBP")
            their_books = str(books.pk)
            settings = {"books": their_books}
            connect(company, BuiltInLedger.metadata.slug, side=Side.ACCOUNTING, settings=settings, who=WHO)
        their_id, slug = str(uuid5(NAMESPACE, name)), ICompleat.metadata.slug
        source = connect(company, slug, side=Side.SOURCE, external_company_id=their_id, who=WHO)
        endpoint = open_endpoint(source, answer=answer, answer_within_seconds=seconds, who=WHO)
        return {
            "company": str(company.pk),
            "name": name,
            "their_id": their_id,
            "outside": outside,
            "books": their_books,
            "policy": answer.value,
            "path": f"/webhooks/{slug}/{endpoint.pk}/",
            "headers": {ICompleat.token_headers[0]: issue_token(endpoint, who=WHO)},
        }
