"""Every message is as its schema says, and every event is documented: the file in docs/ is what customers build on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf
from jsonschema import Draft202012Validator, FormatChecker

from integrations.exact import to_json
from portal.connections.access.linked import unlink
from portal.connections.models import Connection, Side
from portal.connections.services import connect, deauthorise, pause, resume
from portal.desk.webhook_pages.shown import EXAMPLE
from portal.events.services import tell
from portal.events.webhooks import services
from portal.events.webhooks.announcing import announce
from portal.events.webhooks.logs import TEST, event_types
from portal.events.webhooks.models import Announcement
from portal.events.webhooks.sending import envelope
from portal.postings.models import Posting
from portal.postings.repair import retry, void
from portal.postings.states import State
from portal.reference.models import SyncState
from tests.admin.world import in_state
from tests.desk.syncs import a_sync
from tests.events.webhooks.ear import subscribed
from tests.factories import CompanyFactory, DemoConnectionFactory, StaffFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
DOCS = Path(conf.BASE_DIR) / "docs"


def schema() -> dict[str, Any]:
    """As it is published."""
    found: dict[str, Any] = json.loads((DOCS / "webhooks-out.schema.json").read_text())
    return found


def everything(demo: Connection) -> None:
    """One of each event."""
    staff = StaffFactory()
    for state in (State.POSTED, State.REJECTED, State.HELD, State.WITHDRAWN):
        in_state(demo, state)
    void(Posting.objects.get(state=State.HELD), by=staff, why="Twice.")
    retry(Posting.objects.get(state=State.REJECTED), by=staff, why="Mended.")
    a_sync(demo, SyncState.COMPLETE, kind="account")
    a_sync(demo, SyncState.VALIDATION_QUEUED, kind="tax")
    for ended, kind in ((SyncState.CANCELLED, "currency"), (SyncState.AUTH_ERROR, "dimension")):
        run = a_sync(demo, ended, kind=kind)
        type(run).objects.filter(pk=run.pk).update(ended_at=run.asked_at)
    company = CompanyFactory.create(tenant=demo.company.tenant)
    other = connect(company, "demo", who="ann", settings=demo.settings, secrets=demo.secrets, side=Side.ACCOUNTING)
    pause(other, who="staff", why="x")
    resume(other, who="staff", why="x")
    deauthorise(other, who="worker", why="401")
    tell(
        "connection.linked_again", "Linked again.", who="ann", subject=other, tenant_id=company.tenant_id,
        company_id=company.pk,
    )  # fmt: skip
    unlink(other, who="ann", why="x")


def test_every_message_is_as_its_schema_says() -> None:
    announce()
    demo = DemoConnectionFactory.create()
    consumer, _ = subscribed(demo)
    everything(demo)
    announce()
    services.send_test(consumer, "ann")
    validator = Draft202012Validator(schema(), format_checker=FormatChecker())
    rows = list(Announcement.objects.all())
    for row in rows:
        problems = [each.message for each in validator.iter_errors(json.loads(to_json(envelope(row))))]
        assert problems == [], row.type
    assert {row.type for row in rows} == {*event_types(), TEST}


def test_the_schema_knows_wrong_from_right() -> None:
    demo = DemoConnectionFactory.create()
    announce()
    subscribed(demo)
    in_state(demo, State.POSTED)
    announce()
    validator = Draft202012Validator(schema(), format_checker=FormatChecker())
    body = json.loads(to_json(envelope(Announcement.objects.get())))
    assert validator.is_valid(body)
    assert validator.is_valid(json.loads(EXAMPLE)), "what the page of the guide shows"
    for broken in (
        {**body, "eventType": "sync.failed"},
        {**body, "more": 1},
        {**body, "payload": {**body["payload"], "secret": "x"}},
        {**body, "payload": {**body["payload"], "transaction": {**body["payload"]["transaction"], "gross": "120.00"}}},
    ):
        assert not validator.is_valid(broken)


def test_no_message_has_a_secret() -> None:
    announce()
    demo = DemoConnectionFactory.create()
    subscribed(demo)
    everything(demo)
    announce()
    said = "".join(to_json(envelope(row)) for row in Announcement.objects.all())
    assert [value for value in demo.secrets.values() if value in said] == []


def test_every_event_is_documented() -> None:
    text = (DOCS / "webhooks-out.md").read_text()
    for name, says in event_types().items():
        assert f"| `{name}` | {says} |" in text
    assert f"`{TEST}`" in text
