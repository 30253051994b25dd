"""What is sold and paid, in the books: exact entries, whom they are with, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations import documents
from integrations.documents import Document, Kind
from integrations.errors import Misconfigured, Rejected
from ledger.models import Account, Books, Counter, Customer, Entry, EntryAllocation, Supplier
from ledger.services import UnknownParties, keep_memo, open_books
from ledger.services.parties import CUSTOMERS, find_or_make
from tests.factories import a_document
from tests.ledger.booked import Booked, booked, credit, debit, key, line, money, post
from tests.samples import CUSTOMER, MONEY, sale, sample, with_line

pytestmark = pytest.mark.engine


def abroad(amount: str, base: str, kind: Kind = Kind.PAYMENT) -> Document:
    """Money in dollars for books in sterling."""
    figures: dict[str, Any] = {"base_net": Decimal(base), "base_tax": Decimal(0)}
    document = money(amount, kind=kind, currency="USD", base_gross=Decimal(base), **figures)
    return with_line(document, 0, **figures)


SAMPLES: dict[str, tuple[Document, list[Booked]]] = {
    "a sales invoice": (
        sale(),
        [
            credit("4000", "T1", "100.00"),
            credit("4020", "T0", "50.50"),
            credit("2200", "T1", "20.00"),
            debit("1100", None, "170.50"),
        ],
    ),
    "a sales credit note is the mirror image": (
        sale(Kind.SALES_CREDIT_NOTE),
        [
            debit("4000", "T1", "100.00"),
            debit("4020", "T0", "50.50"),
            debit("2200", "T1", "20.00"),
            credit("1100", None, "170.50"),
        ],
    ),
    "a payment": (money("99.90"), [debit("1200", None, "99.90"), credit("1100", None, "99.90")]),
    "a refund is the mirror image": (
        money("99.90", kind=Kind.REFUND),
        [credit("1200", None, "99.90"), debit("1100", None, "99.90")],
    ),
    "VAT that was rounded on the total": (
        sale(
            lines=(line(1, "4000", "T1", "0.03", "0.01"), line(2, "4000", "T1", "0.03", "0.01")),
            net=Decimal("0.06"),
            tax=Decimal("0.01"),
            gross=Decimal("0.07"),
        ),
        [
            credit("4000", "T1", "0.03"),
            credit("4000", "T1", "0.03"),
            credit("2200", "T1", "0.02"),
            debit("7907", None, "0.01"),
            debit("1100", None, "0.07"),
        ],
    ),
    "a discount goes to the other side": (
        sale(
            lines=(line(1, "4000", "T1", "100.00", "20.00"), line(2, "4000", "T1", "-10.00", "-2.00")),
            net=Decimal(90),
            tax=Decimal(18),
            gross=Decimal(108),
        ),
        [
            credit("4000", "T1", "100.00"),
            debit("4000", "T1", "10.00"),
            credit("2200", "T1", "18.00"),
            debit("1100", None, "108.00"),
        ],
    ),
    "a payment in dollars at its own base amount": (
        abroad("120.00", "96.12"),
        [debit("1200", None, "96.12", "120.00"), credit("1100", None, "96.12", "120.00")],
    ),
    "a payment whose tax code does not matter": (
        with_line(money("10.00"), 0, tax_code="no such code"),
        [debit("1200", None, "10.00"), credit("1100", None, "10.00")],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_document_is_booked_exactly(books: Books, name: str) -> None:
    document, expected = SAMPLES[name]
    entry = post(books, document)
    assert booked(Entry.objects.get()) == expected
    assert entry.total == sum(row[2] for row in expected) == sum(row[3] for row in expected)
    assert (entry.number, entry.kind, entry.document_kind) == ("JNL-000001", document.kind.value, document.kind.value)
    assert (entry.net, entry.tax, entry.gross) == (document.net, document.tax, document.gross)
    assert (entry.supplier, entry.party.code, entry.party.name) == (None, "HARB01", "Harbour Logistics Ltd")


REFUSALS: dict[str, tuple[Document, type[Rejected], str, str]] = {
    "a payment of nothing": (
        money("0.00"), Rejected, "gross", "A payment has an amount above zero, not 0.00 GBP.",
    ),
    "a refund below zero": (
        money("-5.00", kind=Kind.REFUND), Rejected, "gross", "A refund has an amount above zero, not -5.00 GBP.",
    ),
    "tax on a payment": (
        with_line(money("12.00", net=Decimal(10), tax=Decimal(2)), 0, net=Decimal(10), tax=Decimal(2)),
        Rejected,
        "tax",
        "A payment has no tax; that was stated when it was invoiced.",
    ),
    "tax on a payment's line alone": (
        with_line(money("12.00"), 0, net=Decimal("11.99"), tax=Decimal("0.01")),
        Rejected,
        "tax",
        "A payment has no tax; that was stated when it was invoiced.",
    ),
    "no bank account": (
        with_line(money("10.00"), 0, account_code=None),
        Misconfigured,
        "defaults.account_code",
        "Line 1 has no account code. Code it at the source, or set a default account code on the connection.",
    ),
    "a payment into debtors": (
        with_line(money("10.00"), 0, account_code="1100"),
        Rejected,
        "lines[1].account_code",
        "Line 1: account code 1100 (Debtors control) is kept by the ledger itself; choose another account.",
    ),
    "dollars without pounds": (
        money("10.00", currency="USD"),
        Rejected,
        "lines[1].base_net",
        "Line 1 is in USD and has no amounts in GBP. No exchange rate is computed here: the sender has to state both.",
    ),
    "no customer": (
        sale(party=replace(CUSTOMER, code=None, name=" ")), Rejected, "customer", "The document names no customer.",
    ),
    "a sales invoice without a tax code": (
        with_line(sale(), 1, tax_code=None),
        Misconfigured,
        "defaults.tax_code",
        "Line 2 has no tax code. Code it at the source, or set a default tax code on the connection.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_the_fault_and_writes_nothing(books: Books, name: str) -> None:
    document, error, field, message = REFUSALS[name]
    with pytest.raises(Rejected) as caught:
        post(books, document)
    assert (type(caught.value), caught.value.field, caught.value.message) == (error, field, message)
    assert (Entry.objects.count(), Customer.objects.count()) == (0, 0)
    assert set(Counter.objects.values_list("last", flat=True)) == {0}


def test_a_new_customer_is_kept_with_its_address(books: Books) -> None:
    post(books, sale(party=replace(CUSTOMER, address="x" * 600)))
    kept = Customer.objects.get()
    assert (kept.code, kept.name, kept.made_on_sight, kept.active) == ("HARB01", "Harbour Logistics Ltd", True, True)
    assert kept.address == "x" * 500, "what does not fit is left out: nothing is decided by it"
    assert (kept.email, kept.town, kept.county) == ("accounts@harbour.example", "Hull", "East Riding of Yorkshire")
    assert (kept.postcode, kept.country) == ("HU1 1AA", "United Kingdom")
    assert Supplier.objects.count() == 0


def test_what_a_person_changed_of_a_customer_stays(books: Books) -> None:
    post(books, sale(), "first")
    Customer.objects.update(town="Grimsby")
    post(books, sale(), "second")
    assert Customer.objects.get().town == "Grimsby"


def test_without_a_code_the_name_decides_in_any_letter_case(books: Books) -> None:
    named = documents.Customer(code=None, name="Harbour Logistics")
    made = find_or_make(books, CUSTOMERS, named, UnknownParties.MAKE)
    again = replace(named, name="HARBOUR  logistics")
    assert (made.code, find_or_make(books, CUSTOMERS, again, UnknownParties.REFUSE)) == ("HARBO-01", made)


def test_a_customer_and_a_supplier_may_have_one_code(books: Books) -> None:
    bought = post(books, a_document(party=documents.Supplier(code="HARB01", name="Harbour")), "bought")
    theirs = post(books, sale(), "sold")
    assert (bought.party.name, theirs.party.name) == ("Harbour", "Harbour Logistics Ltd")


def test_unknown_and_inactive_customers_can_be_refused(books: Books) -> None:
    with pytest.raises(Rejected, match=r"^Customer HARB01 \(Harbour Logistics Ltd\) is not known in Northgate"):
        post(books, sale(), unknown=UnknownParties.REFUSE)
    Customer.objects.create(books=books, code="HARB01", name="Harbour", active=False)
    with pytest.raises(Rejected, match=r"^Customer HARB01 \(Harbour\) is inactive") as caught:
        post(books, sale())
    assert caught.value.field == "customer"


def test_a_sale_that_is_kept_as_a_memo_is_with_its_customer(books: Books) -> None:
    memo = keep_memo(books, sale(), key(), "P-000001")
    assert (memo.number, memo.party.code, memo.supplier) == ("MEM-000001", "HARB01", None)


def test_books_without_an_account_for_debtors_say_so(books: Books) -> None:
    Account.objects.filter(books=books, role="debtors").update(role="")
    with pytest.raises(Misconfigured, match="have no account for Debtors control"):
        post(books, sale())
    assert post(books, sample(), "bought").number == "JNL-000001"


def test_customers_are_each_books_own(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    mine, theirs = (post(each, sale()) for each in (books, other))
    assert (mine.party.code, mine.customer_id == theirs.customer_id) == (theirs.party.code, False)


@pytest.mark.parametrize("document", [sale(), money("5.00")], ids=["sales invoice", "payment"])
def test_it_takes_no_more_statements_than_a_purchase(
    books: Books, document: Document, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    post(books, sale(), "first")
    with django_assert_num_queries(4):  # what is named, number, entry, lines
        post(books, document)


def test_the_method_of_a_payment_is_no_account(books: Books) -> None:
    entry = post(books, money("5.00"))
    kept: list[Any] = list(entry.lines.values_list("description", "document_line", "tax_code").order_by("position"))
    assert kept == [(MONEY.description, 1, None), ("Harbour Logistics Ltd", None, None)]
    assert EntryAllocation.objects.count() == 0
