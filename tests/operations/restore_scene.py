"""Run as a program: two companies that post into Demo Books, with endpoints that answer at once; told as JSON."""

from __future__ import annotations

import json
import os
import sys
from uuid import uuid4

import django

NAMES = ("Harbour Street Studios Ltd", "Quayside Events Ltd")


def main(sandbox: str) -> None:
    """`sandbox` is the address of Demo Books; its token stands in the environment."""
    django.setup()
    from django.utils import timezone

    from integrations.demo.sandbox import ACCESS_VARIABLE
    from integrations.icompleat.connector import ICompleat
    from portal.connections.models import AnswerPolicy, Side
    from portal.connections.services import connect, open_endpoint
    from portal.connections.tokens import issue_token
    from portal.tenants.models import Company, Tenant

    tenant, told = Tenant.objects.create(name="Harbour Group"), []
    for name in NAMES:
        company = Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())
        books = name.split()[0].lower()
        settings = {"base_url": sandbox, "company_id": books}
        secrets = {"token": os.environ[ACCESS_VARIABLE]}
        accounting = connect(company, "demo", side=Side.ACCOUNTING, who="tests", settings=settings, secrets=secrets)
        their_id = str(uuid4())
        source = connect(company, "icompleat", side=Side.SOURCE, who="tests", external_company_id=their_id)
        endpoint = open_endpoint(source, answer=AnswerPolicy.IMMEDIATE, who="tests")
        told.append(
            {
                "name": name, "company": str(company.pk), "connection": str(accounting.pk), "books": books,
                "their_id": their_id, "path": f"/webhooks/icompleat/{endpoint.pk}/",
                "headers": {ICompleat.token_headers[0]: issue_token(endpoint, who="tests")},
            }
        )  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
