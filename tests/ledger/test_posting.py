"""Invoices and credit notes in the books: exact entries for documents like iCompleat's samples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Dimension, Document, IdempotencyKey, Kind, Supplier
from integrations.errors import Rejected
from ledger import models
from ledger.models import Account, Books, Entry, EntryKind
from ledger.services import UnknownParties, open_books, post_document, trial_balance
from tests.factories import a_document, a_line
from tests.ledger.booked import MULTILINE, Booked, booked, credit, debit, dollars, in_dollars, line, post

pytestmark = pytest.mark.engine

SAMPLES: dict[str, tuple[Document, list[Booked]]] = {
    "several lines and tax codes": (
        a_document(lines=MULTILINE),
        [
            debit("5010", "T1", "735.00"),
            debit("5010", "T1", "286.20"),
            debit("7504", "T0", "153.00"),
            debit("2201", "T1", "204.24"),
            credit("2100", None, "1378.44"),
        ],
    ),
    "a credit note is the mirror image": (
        a_document(kind=Kind.CREDIT_NOTE, lines=(line(1, "5010", "T1", "31.80", "6.36"),)),
        [credit("5010", "T1", "31.80"), credit("2201", "T1", "6.36"), debit("2100", None, "38.16")],
    ),
    "a foreign currency at the sender's own base amounts": (
        in_dollars(dollars(1, "1200.00", "999.17"), dollars(2, "137.25", "114.28"), base=("1113.45", "0", "1113.45")),
        [
            debit("7506", "T0", "999.17", "1200.00"),
            debit("7506", "T0", "114.28", "137.25"),
            credit("2100", None, "1113.45", "1337.25"),
        ],
    ),
    "a foreign currency without a base header": (
        in_dollars(dollars(1, "48.00", "39.97", "9.60", "7.99")),
        [
            debit("7506", "T0", "39.97", "48.00"),
            debit("2201", "T0", "7.99", "9.60"),
            credit("2100", None, "47.96", "57.60"),
        ],
    ),
    "no quantity and no price": (
        a_document(lines=(line(1, "7502", "T1", "30.00", "6.00", quantity=None, unit_price=None),)),
        [debit("7502", "T1", "30.00"), debit("2201", "T1", "6.00"), credit("2100", None, "36.00")],
    ),
    "a discount line goes to the other side": (
        a_document(lines=(line(1, "5000", "T1", "100.00", "20.00"), line(2, "5000", "T1", "-10.00", "-2.00"))),
        [
            debit("5000", "T1", "100.00"),
            credit("5000", "T1", "10.00"),
            debit("2201", "T1", "18.00"),
            credit("2100", None, "108.00"),
        ],
    ),
    "a negative line in a credit note": (
        a_document(
            kind=Kind.CREDIT_NOTE,
            lines=(line(1, "5000", "T1", "100.00", "20.00"), line(2, "7501", "T0", "-5.00")),
        ),
        [
            credit("5000", "T1", "100.00"),
            debit("7501", "T0", "5.00"),
            credit("2201", "T1", "20.00"),
            debit("2100", None, "115.00"),
        ],
    ),
    "an invoice that is negative as a whole": (
        a_document(lines=(line(1, "5000", "T1", "-50.00", "-10.00"),)),
        [credit("5000", "T1", "50.00"), credit("2201", "T1", "10.00"), debit("2100", None, "60.00")],
    ),
    "two tax codes, one of them a difference only": (
        a_document(lines=(line(1, "5000", "T1", "10.00", "2.00"), line(2, "7200", "T5", "40.00", "2.00"))),
        [
            debit("5000", "T1", "10.00"),
            debit("7200", "T5", "40.00"),
            debit("2201", "T1", "2.00"),
            debit("2201", "T5", "2.00"),
            credit("2100", None, "54.00"),
        ],
    ),
    "lines that cancel each other owe nothing": (
        a_document(lines=(line(1, "5000", "T1", "10.00", "2.00"), line(2, "5010", "T1", "-10.00", "-2.00"))),
        [debit("5000", "T1", "10.00"), credit("5010", "T1", "10.00")],
    ),
    "VAT that the supplier rounded on the total": (
        a_document(
            lines=(line(1, "5000", "T1", "0.03", "0.01"), line(2, "5000", "T1", "0.03", "0.01")),
            tax=Decimal("0.01"),
            gross=Decimal("0.07"),
        ),
        [
            debit("5000", "T1", "0.03"),
            debit("5000", "T1", "0.03"),
            debit("2201", "T1", "0.02"),
            credit("7907", None, "0.01"),
            credit("2100", None, "0.07"),
        ],
    ),
    "base amounts that rounding took apart": (
        in_dollars(dollars(1, "10.00", "8.33"), dollars(2, "10.00", "8.33"), base=("16.67", "0", "16.67")),
        [
            debit("7506", "T0", "8.33", "10.00"),
            debit("7506", "T0", "8.33", "10.00"),
            debit("7907", None, "0.01", "0"),
            credit("2100", None, "16.67", "20.00"),
        ],
    ),
    "four decimals": (
        a_document(lines=(line(1, "7200", "T5", "0.1234", "0.0062"),)),
        [debit("7200", "T5", "0.1234"), debit("2201", "T5", "0.0062"), credit("2100", None, "0.1296")],
    ),
    "tax of the sender's own, whatever the code's rate": (
        a_document(lines=(line(1, "5000", "T1", "100.00", "13.37"),)),
        [debit("5000", "T1", "100.00"), debit("2201", "T1", "13.37"), credit("2100", None, "113.37")],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_document_is_booked_exactly(books: Books, name: str) -> None:
    document, expected = SAMPLES[name]
    entry = post(books, document)
    assert booked(Entry.objects.get()) == expected
    assert entry.total == sum(row[2] for row in expected) == sum(row[3] for row in expected)
    assert (entry.line_count, entry.net, entry.tax, entry.gross) == (
        len(expected), document.net, document.tax, document.gross,
    )  # fmt: skip


def test_the_entry_carries_what_people_search_for(books: Books) -> None:
    document = a_document(title="Venue hire", order_number="ORD000056", lines=MULTILINE)
    before = datetime.now(UTC)
    entry = Entry.objects.get(pk=post(books, document).pk)
    assert before <= entry.posted_at <= datetime.now(UTC)
    assert (entry.number, entry.series, entry.sequence, entry.kind) == ("JNL-000001", "JNL", 1, EntryKind.INVOICE)
    assert (entry.document_kind, entry.date, entry.currency) == ("invoice", date(2026, 3, 14), "GBP")
    assert (entry.party.code, entry.supplier_reference) == ("CROWN01", "SI-48213")
    assert (entry.external_key, entry.reference) == ("key-1", "P-000001")
    assert (entry.document_number, entry.order_number, entry.description) == ("INV000123", "ORD000056", "Venue hire")
    assert (entry.base_net, entry.base_tax, entry.base_gross) == (document.net, document.tax, document.gross)
    assert entry.reverses is None


def test_a_foreign_entry_keeps_both_currencies(books: Books) -> None:
    entry = post(books, SAMPLES["a foreign currency at the sender's own base amounts"][0])
    assert (entry.currency, entry.net, entry.tax, entry.gross) == ("USD", Decimal("1337.25"), 0, Decimal("1337.25"))
    assert (entry.base_net, entry.base_tax, entry.base_gross) == (Decimal("1113.45"), 0, Decimal("1113.45"))


def test_lines_carry_their_text_their_number_and_their_dimensions(books: Books) -> None:
    lines = (
        replace(MULTILINE[0], number=7, dimensions=(Dimension(name="Department", code="TRN"),)),
        replace(MULTILINE[2], number=9, description="Printed course manuals"),
    )
    dimensions = (Dimension(name="Department", code="ADM"), Dimension(name="Course", code="PM-2403"))
    entry = post(books, a_document(lines=lines, dimensions=dimensions))
    rows = [(row.document_line, row.description, row.analysis) for row in entry.lines.order_by("position")]
    assert rows == [
        (7, "Training room, full day", {"Department": "TRN", "Course": "PM-2403"}),
        (9, "Printed course manuals", {"Department": "ADM", "Course": "PM-2403"}),
        (None, "Standard rate 20%", {}),
        (None, "Crown Conference Centre", {}),
    ]


def test_lines_without_a_net_amount_are_kept_as_text(books: Books) -> None:
    lines = (
        line(1, "5000", "T1", "100.00", "20.00"),
        line(2, "", "", "0", description="As discussed on the phone", quantity=Decimal("2.50"), unit_price=Decimal(0)),
        line(3, "9999", "T1", "0", "1.00", description="VAT correction"),
    )
    entry = post(books, a_document(lines=lines))
    assert booked(entry) == [
        debit("5000", "T1", "100.00"),
        debit("2201", "T1", "21.00"),
        credit("2100", None, "121.00"),
    ]
    texts = [
        (row.document_line, row.description, row.quantity, row.unit_price, row.tax) for row in entry.memo_lines.all()
    ]
    assert texts == [(2, "As discussed on the phone", "2.50", "0", Decimal(0)), (3, "VAT correction", "1", "100.00", 1)]
    assert entry.memo_count == 2


def test_a_document_in_the_base_currency_may_state_equal_base_amounts(books: Books) -> None:
    stated = replace(MULTILINE[0], base_net=Decimal("735.0"), base_tax=Decimal(147))
    entry = post(
        books, a_document(lines=(stated,), base_net=Decimal(735), base_tax=Decimal(147), base_gross=Decimal(882))
    )
    assert booked(entry)[-1] == credit("2100", None, "882.00")


def test_the_date_is_the_documents_else_the_day_of_its_creation(books: Books) -> None:
    created = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert post(books, a_document(date=None, created_at=created)).date == date(2026, 3, 31)
    with pytest.raises(Rejected) as caught:
        post(books, a_document(date=None, created_at=None), "key-2")
    assert caught.value.field == "date"


def test_rounding_is_the_currencys_smallest_unit_per_line(books: Books) -> None:
    yen = {"base_net": Decimal("5.00"), "base_tax": Decimal("1.00")}
    lines = (line(1, "5000", "T1", "1000", "199", **yen), line(2, "5000", "T1", "1000", "199", **yen))
    document = a_document(currency="JPY", lines=lines, tax=Decimal(400), gross=Decimal(2400))
    assert booked(post(books, document))[-1] == credit("2100", None, "12.00", "2400")
    with pytest.raises(Rejected, match="tax amount is 401 JPY"):
        post(books, replace(document, tax=Decimal(401), gross=Decimal(2401)), "key-2")


def test_the_same_key_gives_the_entry_that_is_there(books: Books) -> None:
    first = post(books, a_document())
    again = post_document(books, a_document(lines=MULTILINE), IdempotencyKey("key-1", 2), "P-000002")
    assert (again.pk, again.number, again.reference) == (first.pk, "JNL-000001", "P-000001")
    assert Entry.objects.count() == 1
    assert post(books, a_document(), "key-2").number == "JNL-000002"


def test_keys_and_numbers_are_each_books_own(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    entries = [post(each, a_document()) for each in (books, other)]
    assert [entry.number for entry in entries] == ["JNL-000001", "JNL-000001"]
    assert entries[0].supplier_id != entries[1].supplier_id
    assert len(trial_balance(other).rows) == 3


def test_codes_of_other_books_do_not_count(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    Account.objects.create(books=other, code="5999", name="Theirs", type="expense")
    with pytest.raises(Rejected, match="5999 is not in the chart of accounts of Northgate"):
        post(books, a_document(lines=(line(1, "5999", "T1", "1.00"),)))


@pytest.mark.parametrize("value", ["", "k" * 201])
def test_a_key_that_cannot_be_kept_is_a_bug_of_the_caller(books: Books, value: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        post(books, a_document(), value)


def test_unknown_suppliers_can_be_refused(books: Books) -> None:
    with pytest.raises(Rejected, match=r"CROWN01 \(Crown Conference Centre\) is not known"):
        post(books, a_document(), unknown=UnknownParties.REFUSE)
    models.Supplier.objects.create(books=books, code="CROWN01", name="Crown")
    assert post(books, a_document(), unknown=UnknownParties.REFUSE).party.name == "Crown"


@pytest.mark.parametrize("count", [2, 60])
def test_the_number_of_queries_does_not_grow_with_the_lines(
    books: Books, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lines = tuple(a_line(number, account_code="5000" if number % 2 else "5010") for number in range(1, count + 1))
    post(books, a_document(), "key-0")
    with django_assert_num_queries(4):  # what is named, number, entry, lines
        post(books, a_document(lines=lines, party=Supplier(code="CROWN01", name="Crown")))
