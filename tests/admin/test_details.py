"""What a posting's and a transaction's page tells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.postings.models import Posting, Revision, RevisionState, Transaction
from portal.postings.states import State
from portal.reference.rules import defaults
from portal.reference.services import save_rules
from tests.admin.world import World, in_state
from tests.factories import a_document, a_line

pytestmark = pytest.mark.django_db


def posting_page(client: Client, posting: Posting) -> str:
    return client.get(reverse("admin:postings_posting_change", args=[posting.pk])).content.decode()


def transaction_page(client: Client, transaction: Transaction) -> str:
    return client.get(reverse("admin:postings_transaction_change", args=[transaction.pk])).content.decode()


def test_three_ways_of_a_posted_one_with_its_difference(staff: Client, world: World) -> None:
    posting = world.postings[State.POSTED]
    text = posting_page(staff, posting)
    assert "What came in" in text
    assert "POST http://127.0.0.1:8001/demo/companies/harbour-street/bills – 422 in 34 ms" in text
    assert "&quot;gross&quot;: 120.00" in text
    assert "Authorization: ***" in text
    assert "It differs from what came in." in text
    assert "<td><code>date</code></td><td>2026-03-14</td><td>2026-04-01</td>" in text
    assert f'data-copy="{posting.external_number}"' in text


def test_one_that_was_booked_inside_leads_to_its_entry(staff: Client, world: World) -> None:
    posting = world.ledger.postings.get()
    text = posting_page(staff, posting)
    assert reverse("admin:ledger_entry_change", args=[posting.external_id]) in text
    assert "nothing went over the network" in text
    assert "It agrees with what came in." in text


def test_where_codes_come_from_the_defaults_the_lines_say_so(staff: Client, world: World) -> None:
    save_rules(world.demo, defaults(account="7502", tax="T1"), who="tests")
    document = a_document(lines=(a_line(account_code=None), a_line(2, tax_code=None, description="Lunch")))
    text = posting_page(staff, in_state(world.demo, State.READY, document))
    assert "<td>7502 (default)</td><td>T1</td>" in text
    assert "<td>5010</td><td>T1 (default)</td>" in text


def test_a_bug_of_ours_shows_its_traceback_folded(staff: Client, world: World) -> None:
    held = world.postings[State.HELD]
    Posting.objects.filter(pk=held.pk).update(traceback="Traceback <most recent>", error_class="ZeroDivisionError")
    text = posting_page(staff, held)
    assert "<summary>ZeroDivisionError</summary>" in text
    assert "Traceback &lt;most recent&gt;" in text


def test_what_vendors_and_sources_wrote_is_never_markup(staff: Client, world: World) -> None:
    evil = "<img src=x onerror=alert(1)>"
    line = a_line(description=evil)
    posting = in_state(world.demo, State.REJECTED, a_document(number=evil[:20], lines=(line,), supplier_reference=evil))
    Posting.objects.filter(pk=posting.pk).update(reason=evil, external_number=evil)
    for text in (
        posting_page(staff, posting),
        transaction_page(staff, posting.transaction),
        staff.get("/admin/postings/posting/").content.decode(),
        staff.get(reverse("admin:postings_posting_void", args=[posting.pk])).content.decode(),
    ):
        assert "<img src=x" not in text


def test_history_says_who_and_why(staff: Client, world: World) -> None:
    text = posting_page(staff, world.postings[State.VOID])
    assert "It was typed in by hand." in text
    assert "Staff: user" in text
    assert "Intake" in text


def test_contested_and_superseded_versions_show_field_by_field(staff: Client, world: World) -> None:
    transaction = world.ledger.postings.get().transaction
    Revision.objects.create(
        transaction=transaction,
        state=RevisionState.SUPERSEDED,
        content={},
        content_hash="0" * 64,
        differences=[["supplier.name", "Crown", ""]],
        received_at=timezone.now(),
    )
    text = transaction_page(staff, transaction)
    assert "<td><code>gross</code></td><td>120</td><td>168</td>" in text
    assert ">Contested</h2>" in text
    assert "<td><code>supplier.name</code></td><td>Crown</td><td>–</td>" in text
    assert ">Superseded</h2>" in text


def test_content_that_cannot_be_read_any_more_is_shown_raw(staff: Client, world: World) -> None:
    posting = world.postings[State.REJECTED]
    Transaction.objects.filter(pk=posting.transaction_id).update(content={"kind": "a kind of an older version"})
    for text in (posting_page(staff, posting), transaction_page(staff, posting.transaction)):
        assert "It cannot be read as a document." in text
        assert "a kind of an older version" in text


def test_a_foreign_currency_shows_its_own_decimals_and_the_base(staff: Client, world: World) -> None:

    line = a_line(net=Decimal(-1200), tax=Decimal(0), gross=Decimal(-1200), unit_price=Decimal("0.0045"))
    yen = replace(a_document(lines=(line,)), currency="JPY", base_gross=Decimal("-6.40"))
    text = transaction_page(staff, in_state(world.demo, State.READY, yen).transaction)
    assert "−1,200 JPY" in text
    assert "−6.40 GBP" in text
    assert "0.0045" in text
