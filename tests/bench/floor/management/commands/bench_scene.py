"""`manage.py bench_scene`: companies for a scenario, as JSON on stdin asks for them; tells their endpoints as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db.transaction import atomic
from django.utils import timezone

from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.icompleat.connector import ICompleat
from portal.connections.models import AnswerPolicy, Side
from portal.connections.services import connect, open_endpoint, pause
from portal.connections.tokens import issue_token
from portal.tenants.models import Company, Member, Tenant

WHO = "bench"


class Command(BaseCommand):
    """Make what a scenario needs: for each company a tenant of its own, a member who logs in, and two connections."""

    help = "Seed the companies of a scenario."

    @atomic
    def handle(self, **options: Any) -> None:
        """Asked: `accounting` (its address), `password`, and `companies` by name with `answer`, `seconds`, `paused`,
        and how many more its tenant has `beside` it, with nothing in them."""
        asked = json.load(sys.stdin)
        get_user_model().objects.create_superuser(WHO, password=asked["password"])
        told = {name: self._company(name, asked, wanted) for name, wanted in asked["companies"].items()}
        self.stdout.write(json.dumps(told))

    def _company(self, name: str, asked: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
        tenant = Tenant.objects.create(name=f"{name.capitalize()} Group")
        user = get_user_model().objects.create_user(name, password=asked["password"])
        Member.objects.create(tenant=tenant, user=user)
        company = Company.objects.create(
            tenant=tenant, name=f"{name.capitalize()} Ltd", base_currency="GBP", live_at=timezone.now()
        )
        for number in range(wanted.get("beside", 0)):
            Company.objects.create(
                tenant=tenant, name=f"{name.capitalize()} Beside {number} Ltd", live_at=timezone.now()
            )
        accounting = connect(
            company, DemoBooks.metadata.slug, side=Side.ACCOUNTING, who=WHO,
            settings={"base_url": asked["accounting"], "company_id": name},
            secrets={"token": os.environ[ACCESS_VARIABLE]},
        )  # fmt: skip
        if wanted.get("paused"):
            pause(accounting, who=WHO, why="The scenario begins with it paused.")
        their_id, slug = str(uuid4()), ICompleat.metadata.slug
        source = connect(company, slug, side=Side.SOURCE, external_company_id=their_id, who=WHO)
        answer = AnswerPolicy(wanted.get("answer", AnswerPolicy.CONFIRMED))
        endpoint = open_endpoint(source, answer=answer, answer_within_seconds=wanted.get("seconds", 8), who=WHO)
        return {
            "company": str(company.pk),
            "connection": str(accounting.pk),
            "path": f"/webhooks/{slug}/{endpoint.pk}/",
            "token_header": ICompleat.token_headers[0],
            "token": issue_token(endpoint, who=WHO),
            "company_id": their_id,
            "company_name": company.name,
        }
