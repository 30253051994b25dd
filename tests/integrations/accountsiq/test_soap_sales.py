"""What is sold, over SOAP: customers by code or by name, both ledgers kept apart, whatever the open questions are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.base import Link
from integrations.documents import Customer, Document, Kind, Posted
from integrations.errors import Misconfigured, Rejected
from tests.integrations.accountsiq.seen_books import SeenBooks, Served
from tests.samples import CUSTOMER, KEY, OTHER_KEY, REFERENCE, sale, sample, with_line


@pytest.fixture
def system(soap_link: Link) -> AccountsIQ:
    return AccountsIQ(replace(soap_link, settings={**soap_link.settings, "rate_counts": "base"}))


def post(system: AccountsIQ, document: Document) -> Posted:
    return system.post(document, key=KEY, reference=REFERENCE)


def by(**changes: str | None) -> Document:
    return sale(party=replace(CUSTOMER, **changes))  # type: ignore[arg-type]


def test_a_sale_and_a_purchase_of_one_amount_stand_in_their_own_ledgers(
    system: AccountsIQ, soap_books: SeenBooks
) -> None:
    sold = post(system, sale())
    bought = system.post(sample(), key=OTHER_KEY, reference="P-000002")
    assert [(one["sort"], one["contact_code"]) for one in soap_books.entries()] == [("SI", "HARB01"), ("PI", "CROWN01")]
    assert (sold.number[:2], bought.number[:2]) == ("SI", "PI")
    assert system.find(sample(), key=KEY) == ()
    assert system.find(sale(), key=KEY) == (sold,)


@pytest.mark.parametrize(
    "question",
    [{"reference_match": "contains"}, {"unique_references": True}, {"signed_control": True}],
    ids=["a part of a reference", "unique references", "signed amounts"],
)
def test_whatever_the_answer_is_a_sale_is_booked_once_and_told_as_it_is(
    system: AccountsIQ, sandbox: Served, soap_books: SeenBooks, question: dict[str, object]
) -> None:
    sandbox.options(**question)
    told = post(system, sale())
    assert post(system, sale()) == told
    credit = system.post(sale(Kind.SALES_CREDIT_NOTE), key=OTHER_KEY, reference="P-000002")
    assert (told.net, told.tax, told.gross) == (credit.net, credit.tax, credit.gross)
    assert (told.gross, told.currency, told.date) == (Decimal("170.50"), "GBP", sale().date)
    assert soap_books.count() == 2


@pytest.mark.parametrize(
    "document", [by(code=None), by(code="acc-4711"), by(code="ACC-4711"), by(code="9" * 51)], ids=str
)
def test_a_customer_is_found_by_name_where_the_sources_code_is_none_of_theirs(
    system: AccountsIQ, document: Document
) -> None:
    assert post(system, document).supplier_code == "HARB01"


def test_a_supplier_of_that_code_is_no_customer(system: AccountsIQ, soap_books: SeenBooks) -> None:
    with pytest.raises(Rejected, match="AccountsIQ has no customer called Crown") as caught:
        post(system, by(code="CROWN01", name="Crown Conference Centre"))
    assert caught.value.field == "customer.name"
    assert soap_books.count() == 0


def test_a_customer_that_is_not_there_is_told_by_its_code(system: AccountsIQ) -> None:
    with pytest.raises(Rejected, match="AccountsIQ knows no customer NOBODY1") as caught:
        post(system, sale(party=Customer(code="NOBODY1", name="")))
    assert caught.value.field == "customer.code"


def test_a_customer_has_one_currency(system: AccountsIQ, soap_books: SeenBooks) -> None:
    soap_books.keep_supplier_in("HARB01", "EUR")
    with pytest.raises(Rejected, match="books everything of customer HARB01 in EUR") as caught:
        post(system, sale())
    assert caught.value.field == "currency"
    assert soap_books.count() == 0


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.REFUND])
def test_money_is_not_taken(system: AccountsIQ, soap_books: SeenBooks, kind: Kind) -> None:
    """The calls for receipts have no place for our key, so that a lost answer could never be cleared up."""
    assert kind not in system.can.kinds
    with pytest.raises(Rejected, match=f"does not take a {kind.value}"):
        post(system, sale(kind))
    assert soap_books.count() == 0


@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE])
def test_over_rest_nothing_is_sold(rest_link: Link, kind: Kind) -> None:
    with pytest.raises(Rejected, match="over this interface"):
        AccountsIQ(rest_link).post(sale(kind), key=KEY, reference=REFERENCE)


def test_what_is_refused_is_told_with_its_line(system: AccountsIQ, soap_books: SeenBooks) -> None:
    with pytest.raises(Rejected, match=r"9999 \(line 1\)") as caught:
        post(system, with_line(sale(), 0, account_code="9999"))
    assert caught.value.field == "lines.account_code"
    with pytest.raises(Misconfigured) as missing:
        post(system, with_line(sale(), 1, account_code=None))
    assert missing.value.field == "defaults.account_code"
    assert soap_books.count() == 0


def test_a_closed_year_takes_no_sale(system: AccountsIQ, soap_books: SeenBooks) -> None:
    (found,) = system.objections(sale(date=date(2022, 3, 14)))
    assert (found.field, "is closed for sales" in found.message) == ("date", True)
    assert soap_books.count() == 0


def test_sales_are_listed_with_purchases(system: AccountsIQ) -> None:
    post(system, sale())
    listed = system.written_since(datetime.now(UTC) - timedelta(hours=1))
    assert [(one.kind, one.key) for one in listed] == [(Kind.SALES_INVOICE, KEY.value)]
