"""`manage.py live_seed`: a company that is linked to a live accounting system; tells its endpoint as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.icompleat.connector import ICompleat
from portal.connections.models import AnswerPolicy, Side
from portal.connections.services import connect, connector_of, open_endpoint
from portal.connections.tokens import issue_token
from portal.reference import rules
from portal.reference.models import MappedCode
from portal.tenants.models import Company, Tenant

WHO = "live"
ANSWER_WITHIN_SECONDS = 3


class Command(BaseCommand):
    """Reads from standard input where the books are: slug, settings, secrets, and the codes over there."""

    help = "Link a company to a live accounting system."

    @atomic
    def handle(self, **options: Any) -> None:
        """The connection proves itself before anything else is made."""
        books = json.load(sys.stdin)
        get_user_model().objects.create_superuser("staff", password=str(uuid4()))
        tenant = Tenant.objects.create(name="Northgate Group")
        name = "Northgate Training Ltd"
        company = Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())
        mapping = rules.to_json(rules.Rules(tax=rules.Rule(how=rules.How.TABLE)))
        linked = connect(
            company, books["slug"], side=Side.ACCOUNTING, settings=books["settings"], secrets=books["secrets"],
            mapping=mapping, who=WHO,
        )  # fmt: skip
        for theirs, ours in books["taxes"].items():
            MappedCode.objects.create(connection=linked, family=rules.TAX, source_code=theirs, accounting_code=ours)
        found = connector_of(linked).company()
        their_id, slug = str(uuid4()), ICompleat.metadata.slug
        source = connect(company, slug, side=Side.SOURCE, external_company_id=their_id, who=WHO)
        endpoint = open_endpoint(
            source, answer=AnswerPolicy.CONFIRMED, answer_within_seconds=ANSWER_WITHIN_SECONDS, who=WHO
        )
        told = {
            "found": found.name, "name": name, "their_id": their_id, "path": f"/webhooks/{slug}/{endpoint.pk}/",
            "headers": {ICompleat.token_headers[0]: issue_token(endpoint, who=WHO)},
        }  # fmt: skip
        self.stdout.write(json.dumps(told))
