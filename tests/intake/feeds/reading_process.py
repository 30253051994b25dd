"""A process that reads a feed, for tests that kill it: `seed URL KEY` makes what is read, `read ID` reads it."""

from __future__ import annotations

import sys
import time

import django


def seed(base_url: str, api_key: str) -> None:
    """A company on the built-in ledger and its link to accessplanit; prints the id of the reader of invoices."""
    from django.utils import timezone

    from ledger.services.opening import open_books
    from portal.connections.models import Connection, Side
    from portal.connections.services import connect, open_endpoint
    from portal.intake.feeds.models import FeedReader
    from portal.intake.feeds.setting_up import ensure
    from portal.reference.rules import How, Missing, Rule, Rules, to_json
    from portal.tenants.models import Company, Tenant

    tenant = Tenant.objects.create(name="Northgate Group")
    company = Company.objects.create(tenant=tenant, name="Northgate Ltd", base_currency="GBP", live_at=timezone.now())
    opened = {"books": str(open_books(company.name, company.base_currency).pk)}
    books = connect(company, "ledger", side=Side.ACCOUNTING, settings=opened, who="tests")
    revenue, tax = (
        Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default=code) for code in ("4000", "T1")
    )
    Connection.objects.filter(pk=books.pk).update(mapping=to_json(Rules(revenue=revenue, sales_tax=tax)))
    source = connect(
        company, "accessplanit", side=Side.SOURCE, settings={"base_url": base_url, "page_size": "3"},
        secrets={"api_key": api_key}, who="tests",
    )  # fmt: skip
    open_endpoint(source, who="tests")
    ensure(source, timezone.now())
    print(FeedReader.objects.get(connection=source, feed="invoice", still_open=False).pk)


def read(reader_id: str) -> None:
    """Try until a pass has ended, whoever ended it; says when somebody else is reading."""
    from portal.intake.feeds.models import FeedReader
    from portal.intake.feeds.reading import perform

    while not FeedReader.objects.filter(pk=reader_id, ended_at__isnull=False).exists():
        if not perform(int(reader_id), lambda *_: None):
            print("somebody else", flush=True)
            time.sleep(0.2)
    print("ended", flush=True)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "seed":
        seed(*sys.argv[2:])
    else:
        read(*sys.argv[2:])
