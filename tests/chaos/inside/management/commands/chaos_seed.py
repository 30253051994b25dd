"""`manage.py chaos_seed`: the companies of a run, linked; tells their endpoints as JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Kind
from integrations.icompleat.connector import ICompleat
from ledger.connector import BuiltInLedger
from ledger.services import open_books
from portal.connections.models import AnswerPolicy, Side
from portal.connections.registry import system
from portal.connections.services import connect, open_endpoint
from portal.connections.tokens import issue_token
from portal.reference.models import MappedCode
from portal.reference.rules import SUPPLIER
from portal.tenants.models import Company, Tenant
from tests.chaos.inside.linking import LINKS, Linked

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


SENT = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE)


class Command(BaseCommand):
    """Make what a run needs."""

    help = "Seed the companies of a fault campaign."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which accounting system, where its stand-ins are (one, or one for each company), and how staff log in."""
        parser.add_argument("--system", choices=LINKS, required=True)
        parser.add_argument("--sandbox", action="append", required=True)
        parser.add_argument("--staff", required=True)
        parser.add_argument("--password", required=True)

    @atomic
    def handle(self, *, sandbox: list[str], staff: str, password: str, **options: Any) -> None:
        """Companies that post into the accounting system, one for each answer policy, and one with the built-in ledger.

        The last one is the bystander's.
        """
        self._system, self._sandboxes, self._outside = options["system"], sandbox, 0
        get_user_model().objects.create_superuser(staff, password=password)
        tenant, elsewhere = Tenant.objects.create(name="Northgate Group"), Tenant.objects.create(name="Millbrook")
        told = [self._company(tenant, *row) for row in COMPANIES]
        told.append(self._company(elsewhere, *BYSTANDER))
        self.stdout.write(json.dumps(told))

    def _company(self, tenant: Tenant, name: str, outside: bool, answer: AnswerPolicy, seconds: int) -> dict[str, Any]:
        company = Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())
        if outside:
            books = self._link(company)
        else:
            opened = str(open_books(name, "GBP").pk)
            books = {"books": opened}
            connect(company, BuiltInLedger.metadata.slug, side=Side.ACCOUNTING, settings=books, who=WHO)
        their_id, slug = str(uuid5(NAMESPACE, name)), ICompleat.metadata.slug
        source = connect(company, slug, side=Side.SOURCE, external_company_id=their_id, who=WHO)
        endpoint = open_endpoint(source, answer=answer, answer_within_seconds=seconds, who=WHO)
        return {
            "company": str(company.pk),
            "name": name,
            "their_id": their_id,
            "outside": outside,
            **books,
            "policy": answer.value,
            "path": f"/webhooks/{slug}/{endpoint.pk}/",
            "headers": {ICompleat.token_headers[0]: issue_token(endpoint, who=WHO)},
        }

    def _link(self, company: Company) -> dict[str, str]:
        """Link it to the accounting system; what the campaign has to know of its books."""
        place, self._outside = self._outside, self._outside + 1
        linked = LINKS[self._system](company.name, self._sandboxes[place % len(self._sandboxes)], place)
        kept = _kept(linked)
        memos = {"memo_books": str(open_books(f"{company.name}, memo entries", "GBP").pk)} if kept else {}
        connection = connect(
            company, linked.integration, side=Side.ACCOUNTING, settings={**linked.settings, **memos},
            secrets=linked.secrets, mapping=linked.mapping, kept_kinds=kept, external_company_id=linked.company_there,
            who=WHO,
        )  # fmt: skip
        if linked.told:
            connection.told, connection.told_at = dict(linked.told), timezone.now()
            connection.save(update_fields=["told", "told_at"])
        for theirs, code in linked.codes.items():
            MappedCode.objects.create(connection=connection, family=SUPPLIER, source_code=theirs, accounting_code=code)
        due = {"payment_due": linked.payment_due} if linked.payment_due else {}
        return {"books": linked.books, **memos, **due}


def _kept(linked: Linked) -> tuple[Kind, ...]:
    """What the system does not take of what the campaign sends is kept as a memo entry."""
    takes = system(linked.integration).can_for(linked.settings, linked.told).kinds
    return tuple(kind for kind in SENT if kind not in takes)
