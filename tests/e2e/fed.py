"""A company that is linked to accessplanit, with something of everything that its pages show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from portal.connections.models import Connection, Endpoint
from portal.connections.registry import source
from portal.connections.told_fields import TOLD
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint, find
from portal.intake.feeds.hints import FOUND, SEARCHED
from portal.intake.feeds.models import FedRecord, FeedReader
from portal.intake.models import Origin, Verdict
from portal.postings.models import Posting
from portal.tenants.models import Company
from portal.uat import services
from tests.factories import SourceConnectionFactory, with_token

SLUG: Final = "accessplanit"
PLATFORM: Final = "northgate.accessplanit.com/accessplansandbox"
WHY: Final = "The API user does not see CreditNote (403). Give its role the module, or leave credit notes out."
LONG: Final = (
    "The total of the lines is 582.00 and that of the invoice 594.00: look at its lines there, then save it anew."
)


def a_link(company: Company, posting: Posting) -> Connection:
    """Credit notes are not seen, one feed did not end, some records were refused, and a round of tests is under way."""
    there = source(SLUG).metadata
    settings = {one.key: one.default for one in there.settings if not one.secret}
    connection: Connection = SourceConnectionFactory.create(
        company=company, integration=SLUG, secrets={"api_key": "planted-key"}, linked_at=timezone.now(),
        settings={**settings, "base_url": f"https://{PLATFORM}", "start_date": "2026-04-01"},
        external_company_name=PLATFORM, told=_told(),
    )  # fmt: skip
    endpoint, _ = with_token(connection=connection)
    _readers(connection)
    _came(endpoint, posting)
    _round(connection)
    return connection


def _told() -> dict[str, Any]:
    seen = {"visible": True, "why": "", "by_id": True, "changes": "", "fields": []}
    feeds = {"invoice": seen, "transaction": seen, "credit_note": {**seen, "visible": False, "why": WHY}}
    fields = [
        {"name": name, "label": "", "type": "String", "is_writable": None} for name in ("DateCreated", "TargetID")
    ]
    lists = {"read_at": timezone.now().isoformat(), "parts": {"invoice": {"why": "", "fields": fields}}}
    return {"feeds": feeds, "parts": {}, "takes_payments": False, TOLD: lists}


def _readers(connection: Connection) -> None:
    now, soon = timezone.now(), timezone.now() + timedelta(minutes=9)
    done = {"began_at": now, "ended_at": now, "read_through": now, "next_at": soon}
    FeedReader.objects.create(connection=connection, feed="invoice", read=1204, taken=3, **done)
    FeedReader.objects.create(connection=connection, feed="invoice", still_open=True, read=88, **done)
    FeedReader.objects.create(
        connection=connection, feed="transaction", began_at=now, next_at=soon, unreadable=1,
        problem="accessplanit answers with an error (500).",
    )  # fmt: skip


def _came(endpoint: Endpoint, posting: Posting) -> None:
    _kept(endpoint, Verdict.HINT, FOUND.format(record="invoice invoice-10482"))
    _kept(endpoint, Verdict.HINT, SEARCHED)
    _kept(endpoint, Verdict.ACCEPTED, "", record="10482", transaction_id=posting.transaction_id)
    _kept(endpoint, Verdict.REFUSED, LONG, record="10483")
    _kept(endpoint, Verdict.SKIPPED, "The invoice is temporary: it is not committed yet.", record="10484")
    _kept(endpoint, Verdict.CONTESTED, "Its total was changed after it was sent.", record="10485")


def _kept(endpoint: Endpoint, verdict: Verdict, reason: str, record: str = "", **more: Any) -> None:
    found, now = find(SLUG, endpoint.pk, timezone.now()), timezone.now()
    assert isinstance(found, OpenEndpoint)
    origin = Origin.FEED if record else Origin.WEBHOOK
    pk = deliveries.keep(found, now, b"{}", {}, origin)
    deliveries.judge(pk, Judgement(verdict, reason, **more))
    if record:
        FedRecord.objects.create(
            connection=endpoint.connection, feed="invoice", external_id=f"invoice-{record}", content_hash="0" * 64,
            delivery_id=pk, read_at=now, again_at=now + timedelta(hours=1) if verdict == Verdict.REFUSED else None,
        )  # fmt: skip


def _round(connection: Connection) -> None:
    begun = services.begin(connection, who="olga@example.org")
    said = ["P-000001 Sales invoice INV-10482, told by webhook, journal number SI-000017."]
    record = {"who": "olga@example.org", "evidence": said}
    services.record(connection, begun.number, "invoice-webhook", "passed", "", **record)  # type: ignore[arg-type]
    services.record(connection, begun.number, "invoice-batch", "failed", LONG, **record)  # type: ignore[arg-type]
