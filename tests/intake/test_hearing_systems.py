"""The webhooks of real systems: AccountsIQ's only starts a sync, Codat's signature is what counts."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integrations.standard_webhooks import signature
from portal.connections.access.hooks import issue_hook
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.intake.models import VendorMessage
from portal.intake.rate import rates
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import SyncRun
from tests.factories import DemoConnectionFactory, accepted

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COMPANY, OPERATION = "8a210b68-6988-11ed-a1eb-0242ac120002", "a9367074-b5c3-42c4-9be4-be129f43577e"


@pytest.fixture(autouse=True)
def fresh_rates() -> None:
    rates.forget()


def test_whatever_accountsiq_says_starts_a_sync_of_what_can_be_read(client: Client) -> None:
    connection: Connection = DemoConnectionFactory.create(
        integration="accountsiq", settings={"transport": "soap20"}, secrets={}
    )
    url = issue_hook(connection, who="tests").partition("/hooks/")[2]
    for body in (b"", b"<ping/>", b'{"EventType": "SupplierChanged"}'):
        assert client.post(f"/hooks/{url}", body, content_type="text/plain").status_code == 202
    kinds = list(SyncRun.objects.order_by("kind").values_list("connection", "kind"))
    assert kinds == [(connection.pk, kind) for kind in ("account", "currency", "dimension", "supplier", "tax")]
    assert list(VendorMessage.objects.order_by("pk").values_list("about", flat=True)) == [
        "a change", "a change", "SupplierChanged",
    ]  # fmt: skip
    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_a_write_that_codat_says_has_ended_is_asked_for(client: Client) -> None:
    IntegrationSettings.objects.create(integration="codat", secrets={"api_key": "k", "webhook_secret": SECRET})
    connection: Connection = DemoConnectionFactory.create(
        integration="codat", settings={"platform": "gbol"}, secrets={}, external_company_id=COMPANY
    )
    posting = accepted(connection).posting
    later = timezone.now() + timedelta(hours=1)
    Posting.objects.filter(pk=posting.pk).update(
        state=State.AWAITING, operation=OPERATION, next_attempt_at=later, awaiting_since=timezone.now()
    )
    event = {
        "id": "ba29118f-5406-4e59-b05c-ba307ca38d01", "eventType": "billCreditNotes.write.successful",
        "generatedDate": "2026-11-21T12:00:00Z",
        "payload": {"id": OPERATION, "type": "Create", "referenceCompany": {"id": COMPANY}, "status": "Success"},
    }  # fmt: skip
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": "v1,AAAA"}
    assert client.post("/hooks/codat/", body, content_type="application/json", headers=headers).status_code == 401
    posting.refresh_from_db()
    assert posting.next_attempt_at == later
    headers["webhook-signature"] = signature(SECRET, "msg_1", stamp, body)
    assert client.post("/hooks/codat/", body, content_type="application/json", headers=headers).status_code == 202
    posting.refresh_from_db()
    assert posting.next_attempt_at is not None
    assert posting.next_attempt_at <= timezone.now()
