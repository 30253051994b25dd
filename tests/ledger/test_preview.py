"""The preview of the ledger: the entry that would be booked, and everything that speaks against it; nothing stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db.transaction import atomic

from integrations.base import Link
from integrations.documents import Dimension, Document, Kind, Supplier
from integrations.errors import Misconfigured, Rejected
from ledger.connector import BuiltInLedger
from ledger.memo_book import MemoBook
from ledger.models import Account, Books, Counter, Entry, EntryLine, MemoLine
from ledger.models import Supplier as BookedSupplier
from tests.factories import a_document, a_line
from tests.ledger.booked import MULTILINE, dollars, in_dollars, key, line, post
from tests.samples import sample

pytestmark = pytest.mark.engine


@pytest.fixture
def ledger(books: Books) -> BuiltInLedger:
    return BuiltInLedger(Link(settings={"books": str(books.pk)}))


def everything() -> list[list[Any]]:
    """Every row that a document may leave behind."""
    models = (Entry, EntryLine, MemoLine, BookedSupplier, Counter)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def shown(ledger: BuiltInLedger, document: Document, value: str = "key-1") -> dict[str, Any]:
    preview = ledger.preview(document, key=key(value), reference="P-000001")
    (request,) = preview.requests
    assert (request.method, request.url, dict(request.headers), preview.there) == ("BOOK", "", {}, None)
    told: dict[str, Any] = json.loads(request.body)
    return told


def test_the_entry_with_its_lines_is_shown_whole(ledger: BuiltInLedger) -> None:
    document = sample(dimensions=(Dimension(name="Department", code="TRN"),))
    assert shown(ledger, document) == {
        "books": "Northgate Training Ltd",
        "kind": "invoice",
        "date": "2024-03-14",
        "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
        "reference": "P-000001",
        "key": "key-1",
        "document_number": "INV000123",
        "order_number": "ORD000056",
        "supplier_reference": "SI-48213",
        "description": "Venue hire, March cohort",
        "currency": "GBP",
        "net": "150.50",
        "tax": "20.00",
        "gross": "170.50",
        "base_currency": "GBP",
        "base_net": "150.50",
        "base_tax": "20.00",
        "base_gross": "170.50",
        "lines": [
            {
                "account": f"5010 {Account.objects.get(code='5010').name}",
                "tax_code": "T1",
                "debit": "100.00",
                "document_amount": "100.00",
                "description": "Training room, full day",
                "document_line": 1,
                "analysis": {"Department": "TRN"},
            },
            {
                "account": f"7504 {Account.objects.get(code='7504').name}",
                "tax_code": "T0",
                "debit": "50.50",
                "document_amount": "50.50",
                "description": "Printed course manuals",
                "document_line": 2,
                "analysis": {"Department": "TRN"},
            },
            {
                "account": f"2201 {Account.objects.get(role='tax_input').name}",
                "tax_code": "T1",
                "debit": "20.00",
                "document_amount": "20.00",
                "description": "Standard rate 20%",
            },
            {
                "account": f"2100 {Account.objects.get(role='creditors').name}",
                "credit": "170.50",
                "document_amount": "-170.50",
                "description": "Crown Conference Centre",
            },
        ],
    }


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER, Kind.RECEIPT])
def test_nothing_of_it_stays_and_what_is_booked_then_is_the_same(ledger: BuiltInLedger, kind: Kind) -> None:
    document = a_document(kind=kind, lines=MULTILINE)
    before = everything()
    preview = ledger.preview(document, key=key(), reference="P-000001")
    assert everything() == before
    with atomic():
        booked = ledger.post(document, key=key(), reference="P-000001")
    assert booked.number.endswith("-000001")
    lines = json.loads(preview.requests[0].body).get("lines", [])
    kept = EntryLine.objects.filter(entry_id=booked.external_id).order_by("position")
    assert [Decimal(one.get("debit", 0)) - Decimal(one.get("credit", 0)) for one in lines] == [
        one.debit - one.credit for one in kept
    ]
    again = ledger.preview(document, key=key(), reference="P-000001")
    assert (again.there, again.requests) == (booked, ())


@pytest.mark.django_db(transaction=True)
def test_nothing_stays_where_no_transaction_is_open_and_the_number_is_given_back(ledger: BuiltInLedger) -> None:
    before = everything()
    shown(ledger, a_document())
    assert (everything(), database.in_atomic_block) == (before, False)
    with atomic():
        assert ledger.post(a_document(), key=key(), reference="P-000001").number == "JNL-000001"


def test_a_memo_book_shows_its_memo(books: Books) -> None:
    memos, before = MemoBook(Link(settings={"books": str(books.pk)})), everything()
    told = shown(memos, a_document(kind=Kind.SALES_INVOICE))
    assert (told["kind"], "lines" in told, len(told["memo_lines"])) == ("memo", False, 1)
    assert everything() == before


def test_a_refused_document_is_refused_as_it_would_be(ledger: BuiltInLedger) -> None:
    before = everything()
    with pytest.raises(Rejected, match="account code 9999 is not in the chart of accounts"):
        shown(ledger, a_document(lines=(a_line(account_code="9999"),)))
    assert (everything(), database.needs_rollback) == (before, False)


def told(ledger: BuiltInLedger, document: Document) -> list[tuple[str, int | None]]:
    return [(each.field, each.line) for each in ledger.objections(document)]


def test_every_objection_is_told_at_once(ledger: BuiltInLedger, books: Books) -> None:
    Books.objects.filter(pk=books.pk).update(closed_through=date(2030, 1, 1))
    Account.objects.filter(books=books, code="7504").update(active=False)
    lines = (
        a_line(account_code="9999", tax_code=None),
        a_line(2, account_code="7504", tax_code="T77"),
        a_line(3, account_code=None),
        a_line(4, net=Decimal(0), tax=Decimal(0), gross=Decimal(0), account_code="none-is-booked", tax_code=None),
        line(5, "none-is-booked", "T78", "0", "5.00"),
    )
    document = a_document(lines=lines, number="9" * 101, party=Supplier(code=None, name=""), net=Decimal(7))
    assert told(ledger, document) == [
        ("date", None),
        ("net", None),
        ("lines[1].account_code", 1),
        ("defaults.tax_code", 1),
        ("lines[2].account_code", 2),
        ("lines[2].tax_code", 2),
        ("defaults.account_code", 3),
        ("lines[5].tax_code", 5),
        ("number", None),
        ("supplier", None),
    ]


REFUSED = {
    "a closed day": a_document(date=date(2020, 1, 1)),
    "no account": a_document(lines=(a_line(account_code=None),)),
    "an unknown tax code": a_document(lines=(a_line(tax_code="T77"),)),
    "two wrong codes": a_document(lines=(line(1, "5010", "T77", "0", "5.00"), a_line(2, account_code="9999"))),
    "another base currency": a_document(base_currency="EUR"),
    "dollars without pounds": in_dollars(replace(dollars(1, "10.00", "8.00"), base_net=None)),
    "nothing to book": a_document(
        lines=(a_line(net=Decimal(0), tax=Decimal(0), gross=Decimal(0)),),
        net=Decimal(0),
        tax=Decimal(0),
        gross=Decimal(0),
    ),
    "a long order number": a_document(order_number="7" * 101),
    "no supplier": a_document(party=Supplier(code=None, name=" ")),
    "an order without a supplier": a_document(kind=Kind.PURCHASE_ORDER, party=Supplier(code=None, name="")),
    "an order in no currency": a_document(kind=Kind.PURCHASE_ORDER, currency="XXQ"),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_what_is_posted_is_refused_for_the_first_objection(
    ledger: BuiltInLedger, books: Books, document: Document
) -> None:
    Books.objects.filter(pk=books.pk).update(closed_through=date(2021, 1, 1))
    objections = ledger.objections(document)
    with pytest.raises(Rejected) as raised, atomic():
        ledger.post(document, key=key(), reference="P-000001")
    assert (objections[0].message, objections[0].field) == (raised.value.message, raised.value.field)


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER])
def test_a_good_document_meets_no_objection(ledger: BuiltInLedger, kind: Kind) -> None:
    assert ledger.objections(a_document(kind=kind, lines=MULTILINE)) == ()
    assert (
        ledger.objections(in_dollars(dollars(1, "10.00", "8.00"), net=Decimal(10), tax=Decimal(0), gross=Decimal(10)))
        == ()
    )


def test_a_foreign_line_that_is_nothing_in_pounds_needs_no_account(ledger: BuiltInLedger) -> None:
    small = replace(dollars(2, "0.01", "0.00"), account_code="9999", tax_code="T77")
    document = in_dollars(
        dollars(1, "10.00", "8.00"), small, net=Decimal("10.01"), tax=Decimal(0), gross=Decimal("10.01")
    )
    assert ledger.objections(document) == ()
    assert len(shown(ledger, document)["memo_lines"]) == 1


def test_an_unknown_supplier_is_an_objection_where_none_is_made(books: Books) -> None:
    strict = BuiltInLedger(Link(settings={"books": str(books.pk), "suppliers": "refuse"}))
    (objection,) = strict.objections(a_document())
    assert "is not known in Northgate Training Ltd, and new ones are not made" in objection.message
    assert BookedSupplier.objects.count() == 0


def test_without_books_there_is_nothing_to_show(db: None) -> None:
    nowhere = BuiltInLedger(Link(settings={"books": "none"}))
    with pytest.raises(Misconfigured):
        nowhere.objections(a_document())
    with pytest.raises(Misconfigured):
        nowhere.preview(a_document(), key=key(), reference="")


def test_a_supplier_who_is_there_is_shown_with_the_name_of_the_books(ledger: BuiltInLedger, books: Books) -> None:
    post(books, a_document(party=Supplier(code="CROWN01", name="Crown")), "first")
    assert shown(ledger, sample(), "second")["supplier"] == {"code": "CROWN01", "name": "Crown"}
