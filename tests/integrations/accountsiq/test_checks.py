"""What AccountsIQ would refuse is told before anything is sent: each thing by its field, its line, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.accountsiq.checks import Rules, objections
from integrations.accountsiq.transport import Period
from integrations.documents import Customer, Dimension, Document, Kind, Supplier
from integrations.previewing import Objection
from tests.samples import in_dollars, sample, with_line

STRICT = Rules(upper_case=True, negative_lines=False, wants_base=True)
MARCH = Period(name="Mar 2024", starts_on=date(2024, 3, 1), ends_on=date(2024, 3, 31), is_closed=False)
APRIL = Period(name="Apr 2024", starts_on=date(2024, 4, 1), ends_on=date(2024, 4, 30), is_closed=False)
LONG_CODE = "X" * 51
CUT = with_line(sample(), 1, net=Decimal("-50.50"), gross=Decimal("-50.50"))
BELOW_ZERO = replace(CUT, net=Decimal("-10.00"), gross=Decimal("-10.00"))

# Document, rules, and everything that is said of it.
SAID: dict[str, tuple[Document, Rules, list[Objection]]] = {
    "nothing": (sample(), STRICT, []),
    "nothing of a foreign document with base amounts": (in_dollars(), STRICT, []),
    "nothing of an order without a date": (sample(Kind.PURCHASE_ORDER, date=None), STRICT, []),
    "nothing of small letters where they are taken": (sample(party=Supplier(code="crown", name="C")), Rules(), []),
    "a negative line of an invoice": (
        CUT,
        STRICT,
        [
            Objection(
                message="The net amount of line 2 is below zero, which AccountsIQ refuses. Enter it as a credit note.",
                field="net",
                line=2,
            )
        ],
    ),
    "a negative line of a credit note": (
        replace(CUT, kind=Kind.CREDIT_NOTE),
        STRICT,
        [
            Objection(
                message="The net amount of line 2 is below zero, which AccountsIQ refuses. Enter it as an invoice.",
                field="net",
                line=2,
            )
        ],
    ),
    "a negative line where only the total counts": (CUT, Rules(), []),
    "a negative line of an order": (replace(CUT, kind=Kind.PURCHASE_ORDER), STRICT, []),
    "a negative total": (
        BELOW_ZERO,
        Rules(),
        [
            Objection(
                message="The total is below zero, which AccountsIQ refuses. Enter the document as a credit note.",
                field="gross",
            )
        ],
    ),
    "codes in small letters": (
        with_line(sample(party=Supplier(code="crown01", name="Crown")), 0, account_code="5010a", tax_code="t1"),
        STRICT,
        [
            Objection(
                message="The supplier code crown01 is not in capital letters, which AccountsIQ wants. "
                "Write it as CROWN01.",
                field="supplier",
            ),
            Objection(
                message="The account code 5010a of line 1 is not in capital letters, which AccountsIQ wants. "
                "Write it as 5010A.",
                field="account_code",
                line=1,
            ),
            Objection(
                message="The tax code t1 of line 1 is not in capital letters, which AccountsIQ wants. Write it as T1.",
                field="tax_code",
                line=1,
            ),
        ],
    ),
    "codes that are too long": (
        with_line(sample(), 1, account_code=LONG_CODE, dimensions=(Dimension(name="Department", code=LONG_CODE),)),
        STRICT,
        [
            Objection(
                message="The account code of line 2 has 51 characters, and AccountsIQ takes 50. Shorten it.",
                field="account_code",
                line=2,
            ),
            Objection(
                message="The Department code of line 2 has 51 characters, and AccountsIQ takes 50. Shorten it.",
                field="dimensions",
                line=2,
            ),
        ],
    ),
    "a description that is too long": (
        with_line(sample(), 0, description="x" * 501),
        STRICT,
        [
            Objection(
                message="The description of line 1 has 501 characters, and AccountsIQ takes 500. Shorten it.",
                field="description",
                line=1,
            )
        ],
    ),
    "a number that is too long": (
        sample(supplier_reference="9" * 51),
        Rules(number_is_sent=True),
        [
            Objection(
                message="The supplier's number has 51 characters, and AccountsIQ takes 50. Shorten it.",
                field="supplier_reference",
            )
        ],
    ),
    "no number at all": (
        sample(supplier_reference=" ", number=""),
        Rules(number_is_sent=True),
        [
            Objection(
                message="The document has no number. Enter the supplier's number.",
                field="supplier_reference",
            )
        ],
    ),
    "a long number that is not sent": (sample(supplier_reference="9" * 51), Rules(), []),
    "nothing where something has to be": (
        replace(
            with_line(sample(party=Supplier(code=None, name=" ")), 1, account_code=None, tax_code=""),
            date=None,
            created_at=None,
        ),
        STRICT,
        [
            Objection(message="The document names no supplier. Choose one where it was entered.", field="supplier"),
            Objection(message="The document has no date, and AccountsIQ wants one. Enter it.", field="date"),
            Objection(
                message="Line 2 has no account code. Set the default account code of the connection, or give the line "
                "one where it was entered.",
                field="defaults.account_code",
                line=2,
            ),
            Objection(
                message="Line 2 has no tax code. Set the default tax code of the connection, or give the line one "
                "where it was entered.",
                field="defaults.tax_code",
                line=2,
            ),
        ],
    ),
    "no lines": (
        sample(lines=()),
        STRICT,
        [Objection(message="The document has no lines, and AccountsIQ wants one at least.", field="lines")],
    ),
    "a foreign document without base amounts": (
        replace(in_dollars(), base_net=None),
        STRICT,
        [
            Objection(
                message="The document is in USD and has no amounts in GBP, from which AccountsIQ needs the rate.",
                field="base_net",
            )
        ],
    ),
    "a foreign invoice that cannot say its currency": (
        in_dollars(),
        Rules(only_base=True),
        [
            Objection(
                message="The document is in USD, and the call that saves an invoice takes no currency, so it would be "
                "booked in GBP. Set the connection's field for the currency, if AccountsIQ has told you one.",
                field="currency_field",
            )
        ],
    ),
    "a foreign credit note, which says its currency": (
        replace(in_dollars(), kind=Kind.CREDIT_NOTE),
        Rules(only_base=True),
        [],
    ),
    "a currency that the connection does not know": (
        in_dollars(),
        Rules(currencies={"GBP", "EUR"}),
        [
            Objection(
                message="The document is in USD, which is not among the currencies of the connection. Add it there.",
                field="currencies",
            )
        ],
    ),
    "a tax code that the connection does not know": (
        with_line(sample(), 0, tax_code="T77"),
        Rules(tax_codes={"T0", "T1"}),
        [
            Objection(
                message="The tax code T77 of line 1 is not among those of the connection. Add it there, or map it to "
                "another.",
                field="tax_code",
                line=1,
            )
        ],
    ),
}


@pytest.mark.parametrize("what", sorted(SAID))
def test_all_that_would_be_refused_is_told(what: str) -> None:
    document, rules, expected = SAID[what]
    assert list(objections(document, rules)) == expected


CLOSED = (
    "The period Mar 2024 is closed for purchases in AccountsIQ, and 14 Mar 2024 lies in it. "
    "Reopen it there, or change the date."
)
# Periods, and what is said of 14 March 2024.
DAYS: dict[str, tuple[tuple[Period, ...], str]] = {
    "nobody can tell": ((), ""),
    "open": ((MARCH, APRIL), ""),
    "closed": ((replace(MARCH, is_closed=True), APRIL), CLOSED),
    "closed, and open in another period of the same days": ((replace(MARCH, is_closed=True), MARCH), ""),
    "in no period": ((APRIL,), "AccountsIQ has no period for 14 Mar 2024. Open one there, or change the date."),
    "on the first day": ((replace(MARCH, starts_on=date(2024, 3, 14)),), ""),
    "on the last day": ((replace(MARCH, ends_on=date(2024, 3, 14)),), ""),
}


@pytest.mark.parametrize("what", sorted(DAYS))
def test_a_day_needs_an_open_period(what: str) -> None:
    periods, message = DAYS[what]
    expected = (Objection(message=message, field="date"),) if message else ()
    assert objections(sample(), STRICT, periods) == expected


def test_an_order_is_in_no_period() -> None:
    assert objections(sample(Kind.PURCHASE_ORDER), STRICT, (replace(MARCH, is_closed=True),)) == ()


SALES = (Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE)


@pytest.mark.parametrize("kind", SALES)
def test_a_sale_needs_a_period_that_is_open_for_sales(kind: Kind) -> None:
    """Whatever it is for purchases."""
    assert objections(sample(kind), STRICT, (replace(MARCH, is_closed=True),)) == ()
    (found,) = objections(sample(kind), STRICT, (replace(MARCH, is_closed_for_sales=True),))
    assert (found.field, "is closed for sales in AccountsIQ" in found.message) == ("date", True)
    assert objections(sample(), STRICT, (replace(MARCH, is_closed_for_sales=True),)) == ()


@pytest.mark.parametrize(("kind", "opposite"), [*zip(SALES, ("a sales credit note", "a sales invoice"), strict=True)])
def test_a_sale_below_zero_is_its_opposite(kind: Kind, opposite: str) -> None:
    document = with_line(sample(kind, gross=Decimal("-1.00")), 0, net=Decimal("-101.00"))
    told = {one.field: one.message for one in objections(document, STRICT)}
    assert set(told) == {"gross", "net"}
    assert all(opposite in message for message in told.values())


@pytest.mark.parametrize(
    ("party", "fields"),
    [
        (Customer(code="acc-4711", name="Harbour Logistics Ltd"), []),
        (Customer(code="9" * 51, name="Harbour Logistics Ltd"), []),
        (Customer(code="acc-4711", name=" "), ["customer"]),
        (Customer(code=None, name=" "), ["customer"]),
    ],
)
def test_the_sources_code_of_a_customer_is_none_of_theirs_where_there_is_a_name(
    party: Customer, fields: list[str]
) -> None:
    assert [one.field for one in objections(sample(Kind.SALES_INVOICE, party=party), STRICT)] == fields
