"""The staff pages of the dry run: of a posting, of a transaction, of a pasted body."""

from __future__ import annotations

import json
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection
from portal.intake.models import Delivery, Verdict
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Transaction
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from tests.factories import (
    EndpointFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    StaffFactory,
    UserFactory,
    a_document,
    a_line,
    accepted,
)
from tests.intake.payloads import a_transaction
from tests.postings.preview.stand_ins import TOKEN, StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create())
    return client


def staff_with(*permissions: str) -> Client:
    """Somebody on staff with these rights alone."""
    user = UserFactory.create(is_staff=True)
    names = [name.partition(".")[2] for name in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def page_of(row: Posting | Transaction) -> str:
    return reverse(f"admin:postings_{row._meta.model_name}_dry_run", args=[row.pk])


def test_a_posting_and_its_transaction_show_the_same(staff: Client, demo: StandIn) -> None:
    posting = accepted(demo.connection, a_document()).posting
    for row in (posting, posting.transaction):
        assert f'href="{page_of(row)}"' in text_of(staff, page_of(row).replace("dry_run/", "change/"))
        text = text_of(staff, page_of(row))
        assert "Demo Books would be sent what stands here. Nothing was sent." in text
        assert f">POST {demo.connection.settings['base_url']}/api/companies/harbour-street/bills</pre>" in text
        assert f'"reference": "{posting.transaction.number}"' in text
        assert "No raw body is kept of it." in text
        assert TOKEN not in text
    assert (demo.writes(), Posting.objects.get().attempts_made) == ([], 0)


def test_missing_codes_lead_to_where_they_are_mended(staff: Client, demo: StandIn) -> None:
    save_rules(demo.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    posting = accepted(demo.connection, a_document(lines=(a_line(), a_line(2)))).posting
    text = text_of(staff, page_of(posting))
    assert "It would be refused: the mapping lacks 1 code. Nothing would be sent." in text
    add = f"/admin/reference/mappedcode/add/?connection={demo.connection.pk}&kind=account&source_code=5010"
    assert text.count(f'<a href="{add}">Mend</a>') == 1
    assert "<td>2</td><td>Account code</td><td>5010</td><td>–</td>" in text


def test_objections_are_shown_with_their_lines(staff: Client) -> None:
    ledger = LedgerConnectionFactory.create()
    posting = accepted(ledger, a_document(lines=(a_line(), a_line(2, account_code="9999")))).posting
    text = text_of(staff, page_of(posting))
    assert "Postroom ledger would refuse it. Nothing would be sent." in text
    assert "<td>2</td><td>Line 2: account code 9999 is not in the chart of accounts" in text


def test_the_raw_body_is_for_who_may_see_deliveries(demo: StandIn) -> None:
    posting = accepted(demo.connection, a_document()).posting
    endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=demo.connection.company))
    Delivery.objects.create(
        endpoint=endpoint, company=endpoint.connection.company, received_at=timezone.now(), body=b'{"Raw":1.50}',
        body_sha256="-", verdict=Verdict.ACCEPTED, transaction=posting.transaction,
    )  # fmt: skip
    assert '"Raw": 1.50' in text_of(staff_with("postings.view_posting", "intake.view_delivery"), page_of(posting))
    text = text_of(staff_with("postings.view_posting"), page_of(posting))
    assert ('"Raw"' in text, "Who may see deliveries sees the raw body here." in text) == (False, True)
    assert staff_with("postings.view_transaction").get(page_of(posting)).status_code == 403
    assert Client().get(page_of(posting)).status_code == 302


def test_content_that_cannot_be_read_is_no_error(staff: Client, demo: StandIn) -> None:
    posting = accepted(demo.connection, a_document()).posting
    with maintenance():
        Transaction.objects.filter(pk=posting.transaction_id).update(content={"kind": "older"})
    assert "cannot be read as a document any more" in text_of(staff, page_of(posting))


def test_a_transaction_without_a_posting_says_so(staff: Client, demo: StandIn) -> None:
    posting = accepted(demo.connection, a_document()).posting
    other = Transaction.objects.get(pk=posting.transaction_id)
    other.pk, other.number, other.identity, other.public_id = None, "P-9", "other", posting.idempotency_key
    other.save(force_insert=True)
    assert "This transaction has no posting, so nothing would be sent for it." in text_of(staff, page_of(other))


def test_a_pasted_body_is_shown_and_not_kept(staff: Client) -> None:
    ledger: Connection = LedgerConnectionFactory.create()
    endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=ledger.company))
    address = reverse("admin:connections_endpoint_dry_run", args=[endpoint.pk])
    assert '<textarea name="body"' in text_of(staff, address)
    body = json.dumps(a_transaction())
    text = unescape(staff.post(address, {"confirmed": "yes", "body": body}).content.decode())
    assert "Postroom ledger would book what stands here. Nothing was booked." in text
    assert '"Id": ' in text
    assert "P-DRY-RUN (made up)" in text
    assert (Transaction.objects.count(), Delivery.objects.count()) == (0, 0)
    text = unescape(staff.post(address, {"confirmed": "yes", "body": "{}"}).content.decode())
    assert "The transaction has no Id." in text
    assert staff.post(address, {"confirmed": "yes", "body": ""}).context["question"].form.errors == {
        "body": ["Paste a body."]
    }


def test_a_body_of_another_kind_than_the_address_takes_is_refused(staff: Client) -> None:
    ledger: Connection = LedgerConnectionFactory.create()
    source = SourceConnectionFactory.create(company=ledger.company)
    endpoint = EndpointFactory.create(connection=source, kind="credit_note")
    address = reverse("admin:connections_endpoint_dry_run", args=[endpoint.pk])
    text = unescape(staff.post(address, {"confirmed": "yes", "body": json.dumps(a_transaction())}).content.decode())
    assert "Type: This endpoint takes credit notes, but Type is INV" in text
