"""What is sold, into different accounting software: numbers, marks, what is settled, and what is refused where."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat.connector import Codat as Connector
from integrations.documents import Allocation, Dimension, Document, Kind, Posted
from integrations.errors import Misconfigured, Rejected
from integrations.http import Outbound
from tests.contract import book
from tests.integrations.codat.rig import Codat, SeenBooks
from tests.samples import KEY, OTHER_KEY, REFERENCE, sale, settling, with_line

MARK = f"{REFERENCE} {KEY.value}"


def at(codat: Codat, platform: str, **settings: str) -> tuple[Connector, SeenBooks]:
    """A connection to this software, whose books Codat reads all the time, and a look into them."""
    linked = codat.linked(platform)
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    return Connector(codat.link(linked, outbound=outbound, **settings)), SeenBooks(codat, linked)


def paid(invoice: Posted, amount: str = "170.50") -> Document:
    return sale(Kind.PAYMENT, allocations=settling(amount, invoice.external_id))


def credited(note: Posted, amount: str = "170.50") -> Allocation:
    return Allocation(kind=Kind.SALES_CREDIT_NOTE, external_id="c1", amount=Decimal(amount), posted_as=note.external_id)


@pytest.mark.parametrize("platform", ["gbol", "hbql", "fbrh", "mqjo"])
def test_an_invoice_is_paid_to_the_penny(codat: Codat, platform: str) -> None:
    system, books = at(codat, platform)
    invoice = book(system, sale())
    told = book(system, paid(invoice), key=OTHER_KEY, reference="P-000002")
    (row,) = books.every("invoices")
    assert (row["amountDue"], row["status"]) == (0, "Paid")
    assert (told.gross, told.tax) == (Decimal("170.50"), 0)
    assert books.due_from("Harbour Logistics Ltd") == 0


def test_a_payment_beyond_what_is_open_is_refused_by_the_software(codat: Codat) -> None:
    system, books = at(codat, "gbol")
    invoice = book(system, sale())
    with pytest.raises(Rejected, match="exceeds the amount outstanding") as caught:
        book(system, replace(paid(invoice, "170.51"), gross=Decimal("170.51")), key=OTHER_KEY, reference="P-000002")
    assert caught.value.field == "allocations"
    assert books.every("payments") == []


def test_in_xero_the_mark_of_a_payment_stands_in_its_reference_and_is_found_there(codat: Codat) -> None:
    system, books = at(codat, "gbol")
    invoice = book(system, sale(), key=OTHER_KEY, reference="P-000002")
    told = book(system, paid(invoice))
    (row,) = books.every("payments")
    assert row["reference"] == MARK
    assert told.number == REFERENCE
    assert system.find(paid(invoice), key=KEY) == (told,)


@pytest.mark.parametrize("platform", ["gbol", "akxx"])
def test_software_without_refunds_takes_none(codat: Codat, platform: str) -> None:
    system, _ = at(codat, platform)
    assert Kind.REFUND not in system.can_for(system.link.settings, system.link.told).kinds
    with pytest.raises(Rejected, match="takes no refunds through Codat"):
        system.post(sale(Kind.REFUND), key=KEY, reference=REFERENCE)


def test_a_credit_note_is_refunded(codat: Codat) -> None:
    system, books = at(codat, "mqjo")
    note = book(system, sale(Kind.SALES_CREDIT_NOTE))
    book(system, sale(Kind.REFUND, allocations=(credited(note),)), key=OTHER_KEY, reference="P-000002")
    (row,) = books.every("creditNotes")
    assert (row["remainingCredit"], row["status"]) == (0, "Paid")
    assert books.due_from("HARB01") == 0


@pytest.mark.parametrize("platform", ["qhyg", "akxx"])
@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE])
def test_software_that_sells_items_only_says_so(codat: Codat, platform: str, kind: Kind) -> None:
    system, books = at(codat, platform)
    objections = [one for one in system.objections(sale(kind)) if one.field == "lines"]
    assert [f"takes a {kind.label.lower()} only with items" in one.message for one in objections] == [True]
    with pytest.raises(Rejected):
        system.post(sale(kind), key=KEY, reference=REFERENCE)
    assert books.count() == 0


def test_freeagent_takes_one_line_and_nothing_on_account(codat: Codat) -> None:
    system, books = at(codat, "fbrh")
    first = book(system, sale())
    with pytest.raises(Rejected, match="takes no payment on account"):
        book(system, paid(first, "100.00"), key=OTHER_KEY, reference="P-000002")
    second = book(system, sale(number="INV-2024-0118"), key=OTHER_KEY, reference="P-000002")
    both = sale(
        Kind.PAYMENT,
        gross=Decimal("341.00"),
        net=Decimal("341.00"),
        allocations=settling("170.50", first.external_id, second.external_id),
    )
    key = replace(KEY, value="c81e728d-9d4c-4f63-af06-7f89cc14862c")
    book(system, both, key=key, reference="P-000003")
    (row,) = books.every("payments")
    assert [len(one["links"]) for one in row["lines"]] == [2]


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        (sale(date=None, created_at=None), "date", "has no date"),
        (with_line(sale(), 0, account_code="9999"), "account_code", "Line 1: the account 9999"),
        (with_line(sale(Kind.PAYMENT), 0, account_code="9999"), "account_code", "Line 1: the account 9999"),
        (sale(currency="USD"), "base_gross", "The amounts are in USD"),
        (sale(Kind.PAYMENT, currency="USD"), "base_gross", "The amounts are in USD"),
    ],
)
def test_what_would_be_refused_is_told_before(codat: Codat, document: Document, field: str, words: str) -> None:
    system, books = at(codat, "mqjo")
    assert (field, True) in [(one.field, words in one.message) for one in system.objections(document)]
    with pytest.raises(Rejected):
        system.post(document, key=KEY, reference=REFERENCE)
    assert books.count() == 0


def test_money_without_an_account_says_what_to_set(codat: Codat) -> None:
    system, _ = at(codat, "mqjo")
    with pytest.raises(Misconfigured, match="Line 1 has no account") as caught:
        system.post(with_line(sale(Kind.PAYMENT), 0, account_code=None), key=KEY, reference=REFERENCE)
    assert caught.value.field == "defaults.account_code"


@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT])
def test_closed_books_take_no_sale(codat: Codat, kind: Kind) -> None:
    system, _ = at(codat, "mqjo")
    told = {**system.link.told, "ledger_lock_date": "2024-03-31"}
    (found,) = Connector(replace(system.link, told=told)).objections(sale(kind))
    assert (found.field, "closed up to 31 Mar 2024" in found.message) == ("date", True)


def test_the_software_itself_refuses_what_is_in_a_closed_period(codat: Codat) -> None:
    """Where Codat did not tell the lock date."""
    system, books = at(codat, "mqjo")
    entity = books.every("company")[0]
    codat.write(books.linked, "company", {**entity, "ledgerLockDate": "2024-03-31T00:00:00"})
    for kind in (Kind.SALES_INVOICE, Kind.PAYMENT):
        with pytest.raises(Rejected, match="lock date") as caught:
            book(system, sale(kind), key=replace(KEY, value=f"9c56cc51-b374-4c2f-a7b1-{len(kind):012}"))
        assert caught.value.field == "date"


def test_an_archived_customer_is_told(codat: Codat) -> None:
    system, books = at(codat, "mqjo")
    (row,) = [one for one in books.every("customers") if one["id"] == "HARB01"]
    codat.write(books.linked, "customers", {**row, "status": "Archived"})
    codat.refresh(books.linked)
    (found,) = system.objections(sale())
    assert (found.field, "customer HARB01 is archived" in found.message) == ("customer", False)
    assert "The customer Harbour Logistics Ltd is archived" in found.message


def test_sage_wants_the_customers_currency(codat: Codat) -> None:
    system, books = at(codat, "hbql")
    (row,) = [one for one in books.every("customers") if one["id"] == "HARB01"]
    codat.write(books.linked, "customers", {**row, "defaultCurrency": "EUR"})
    codat.refresh(books.linked)
    with pytest.raises(Rejected, match="Must match the customer's currency EUR") as caught:
        book(system, sale())
    assert caught.value.field == "currency"


def test_dimensions_of_a_sale_are_tracked(codat: Codat) -> None:
    system, books = at(codat, "mqjo")
    book(system, sale(dimensions=(Dimension(name="Department", code="Training"),)))
    (row,) = books.every("invoices")
    assert [bool(line["trackingCategoryRefs"]) for line in row["lineItems"]] == [True, True]


def lines_of(row: dict[str, Any]) -> list[str]:
    return [line["description"] for line in row["lineItems"]]


def test_the_mark_of_an_invoice_without_a_note_stands_in_its_first_line(codat: Codat) -> None:
    system, books = at(codat, "gbol")
    told = book(system, sale())
    (row,) = books.every("invoices")
    assert lines_of(row) == [f"First aid at work, 12 places [{MARK}]", "First aid manuals"]
    assert told.number == "INV-2024-0117"
    assert system.find(sale(), key=KEY) == (told,)
