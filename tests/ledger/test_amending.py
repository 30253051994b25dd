"""Order number and due date of a posted sales invoice may change, with a row for each change, and nothing else may."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.test import Client
from django.urls import reverse as address
from django.utils import timezone

from integrations.amendments import Amended, Amendment
from integrations.base import Link
from integrations.errors import Missing, Rejected, Retryable
from ledger.connector import BuiltInLedger
from ledger.models import Books, Entry, EntryChange, EntryIsFinal
from ledger.services import reverse
from ledger.services.amending import amend
from tests.environment import database_kind
from tests.factories import StaffFactory, a_document
from tests.ledger.booked import post, sold

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
DUE, LATER = date(2026, 4, 13), date(2026, 5, 13)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def invoice(books: Books) -> Entry:
    """JNL-000001, due on 13 April, with the order PO-1."""
    return post(books, sold(order_number="PO-1", due_date=DUE), "invoice")


def ledger(books: Books) -> BuiltInLedger:
    return BuiltInLedger(Link(settings={"books": str(books.pk)}))


def changed(entry: Entry, **wanted: Any) -> Entry:
    return amend(entry.books, str(entry.pk), Amendment(**wanted), who="ann", why="The customer asked.")


def test_the_due_date_is_booked_with_the_document(invoice: Entry) -> None:
    assert Entry.objects.values_list("order_number", "due_date").get(pk=invoice.pk) == ("PO-1", DUE)


def test_a_change_moves_these_two_and_leaves_a_row(books: Books, invoice: Entry) -> None:
    before: dict[str, Any] = dict(Entry.objects.filter(pk=invoice.pk).values().get())
    changed(invoice, order_number=" PO-2 ", due_date=LATER)
    after: dict[str, Any] = dict(Entry.objects.filter(pk=invoice.pk).values().get())
    assert {name for name in after if after[name] != before[name]} == {"order_number", "due_date"}
    row = EntryChange.objects.get()
    assert (row.order_number_before, row.order_number, row.due_date_before, row.due_date) == (
        "PO-1",
        "PO-2",
        DUE,
        LATER,
    )
    assert (row.who, row.why) == ("ann", "The customer asked.")


def test_none_leaves_a_member_and_the_same_value_leaves_no_row(invoice: Entry) -> None:
    changed(invoice, due_date=LATER)
    assert changed(invoice, order_number="PO-1", due_date=LATER).order_number == "PO-1"
    assert EntryChange.objects.count() == 1
    assert changed(invoice, order_number="").order_number == ""


@pytest.mark.parametrize(
    ("wanted", "why", "field"),
    [({"order_number": "x" * 101}, "Asked.", "order_number"), ({"order_number": "PO-2"}, "  ", "why")],
)
def test_what_is_refused(invoice: Entry, wanted: dict[str, Any], why: str, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        amend(invoice.books, str(invoice.pk), Amendment(**wanted), who="ann", why=why)
    assert (caught.value.field, EntryChange.objects.count()) == (field, 0)


def test_only_a_sales_invoice_that_stands(books: Books, invoice: Entry) -> None:
    bought = post(books, a_document(), "bought")
    reverse(invoice, "Wrong customer.", invoice.date)
    for entry in (bought, invoice):
        with pytest.raises(Missing):
            changed(entry, order_number="PO-2")
    with pytest.raises(Missing):
        ledger(books).terms_of("nonsense")


def test_a_change_over_a_newer_value_is_put_off(books: Books, invoice: Entry) -> None:
    seen = ledger(books).terms_of(str(invoice.pk))
    changed(invoice, order_number="PO-2")
    with pytest.raises(Retryable):
        ledger(books).amend_posted(str(invoice.pk), Amendment(order_number="PO-3"), before=seen)
    now = ledger(books).terms_of(str(invoice.pk))
    ledger(books).amend_posted(str(invoice.pk), Amendment(order_number="PO-3"), before=now)
    assert ledger(books).terms_of(str(invoice.pk)).order_number == "PO-3"


def test_changes_are_told_the_longest_ago_first_as_they_stand_now(
    books: Books, invoice: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.services.amending.PAGE", 2)
    others = [post(books, sold(number=f"INV-{n}", external_id=f"x{n}", identity=f"x{n}"), f"k{n}") for n in range(4)]
    with time_machine.travel(NOON, tick=False) as clock:
        changed(invoice, order_number="PO-OLD")
        for other in others:
            clock.shift(timedelta(minutes=1))
            changed(other, due_date=LATER)
        reverse(others[1], "Wrong.", others[1].date)
        changed(invoice, order_number="PO-NEW")
    told = list(ledger(books).amended_since(NOON))
    assert [one.external_id for one in told] == [str(one.pk) for one in (invoice, others[0], *others[2:], invoice)]
    assert told[0] == Amended(external_id=str(invoice.pk), changed_at=NOON, order_number="PO-NEW", due_date=DUE)
    since = list(ledger(books).amended_since(NOON + timedelta(minutes=3)))
    assert [one.external_id for one in since] == [str(one.pk) for one in (*others[2:], invoice)]


def test_models_refuse_every_other_change(invoice: Entry) -> None:
    changed(invoice, order_number="PO-2")
    invoice.order_number = "PO-9"
    with pytest.raises(EntryIsFinal):
        invoice.save()
    with pytest.raises(EntryIsFinal):
        EntryChange.objects.get().delete()
    with pytest.raises(EntryIsFinal):
        EntryChange.objects.all().update(why="Another reason.")


@pytest.mark.skipif(database_kind() != "postgres", reason="The triggers are PostgreSQL's: make test runs it there.")
def test_the_database_lets_only_a_change_with_its_row_through(books: Books, invoice: Entry) -> None:
    changed(invoice, order_number="PO-2")
    bought = post(books, a_document(), "bought")
    row = {"who": "ann", "why": "x", "changed_at": timezone.now()}
    EntryChange.objects.create(
        entry=bought, order_number_before=bought.order_number, order_number="PO-8",
        due_date_before=bought.due_date, due_date=bought.due_date, **row,
    )  # fmt: skip
    for values, words in (
        ({"order_number": "PO-9"}, "needs its row"),
        ({"order_number": "PO-1"}, "needs its row"),
        ({"due_date": LATER}, "needs its row"),
        ({"order_number": "PO-2"}, "never changed"),
        ({"order_number": "PO-9", "gross": 1}, "never changed"),
    ):
        with pytest.raises(IntegrityError, match=words), atomic():
            QuerySet(Entry).filter(pk=invoice.pk).update(**values)
    with pytest.raises(IntegrityError, match="never changed"), atomic():
        QuerySet(Entry).filter(pk=bought.pk).update(order_number="PO-8")
    for statement in ("UPDATE ledger_entrychange SET why = 'y'", "DELETE FROM ledger_entrychange"):
        with pytest.raises(IntegrityError, match="never changed"), atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_person_changes_it_in_the_staff_site(client: Client, invoice: Entry) -> None:
    client.force_login(StaffFactory.create(username="ann"))
    entry, page = (
        address("admin:ledger_entry_change", args=[invoice.pk]),
        address("admin:ledger_amend_entry", args=[invoice.pk]),
    )
    assert page in client.get(entry).content.decode()
    refused = client.post(page, {"order_number": "PO-2", "due_date": "2026-05-13"})
    assert (refused.status_code, EntryChange.objects.count()) == (200, 0)
    done = client.post(page, {"order_number": "PO-2", "due_date": "2026-05-13", "reason": "They asked."})
    assert (done.status_code, done["Location"]) == (302, entry)
    shown = client.get(entry).content.decode()
    assert "PO-1 → PO-2" in shown
    assert "13 Apr 2026 → 13 May 2026" in shown
    assert "They asked." in shown
    client.force_login(StaffFactory.create(is_superuser=False))
    assert client.get(page).status_code == 403
