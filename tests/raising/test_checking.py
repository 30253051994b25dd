"""What is checked before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.documents import Dimension, Kind, Stage
from integrations.reference import RecordKind
from portal.connections.models import Connection, Status
from portal.raising.services import check
from portal.tenants.models import Company
from tests.raising.asking import a_wanted_line, errors, mirrored, usual_records, wanted, warnings
from tests.raising.conftest import link_source
from tests.raising.fake_source import Trays

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

NEGATIVE = (
    "It comes to -120.00. Write the amounts of a credit note positive, and raise a credit note for less than nothing."
)
NOT_LINKED_AT_ALL = "Northgate Training Ltd is linked to nothing that takes transactions. Link iCompleat first."
DEAUTHORISED = (
    "The connection of Northgate Training Ltd to Fake source is Deauthorised. Link it again, then raise the "
    "transaction."
)
NOT_LIVE = (
    "Northgate Training Ltd is not live yet: what comes back approved from Fake source is refused until then, and must "
    "be posted again."
)
NO_PROJECT = "No dimension “Project” has been read from the accounting system, so “P1” could not be checked."


@pytest.fixture
def ready(company: Company, source: Connection, books: Connection) -> Company:
    """Everything that `wanted` names is mirrored."""
    usual_records(books)
    return company


def amount(text: str) -> Decimal:
    return Decimal(text)


def test_a_whole_transaction_has_no_problem(ready: Company) -> None:
    assert check(ready, [wanted()], stage=Stage.DRAFT) == []
    assert check(ready, [wanted()], stage=Stage.APPROVED) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"key": ""}, "key", "A key has 1 to 100 printable characters and no blank at its ends."),
        ({"key": "x" * 101}, "key", "A key has 1 to 100 printable characters and no blank at its ends."),
        ({"key": " x"}, "key", "A key has 1 to 100 printable characters and no blank at its ends."),
        ({"kind": None}, "kind", "The kind is missing: purchase_order, invoice or credit_note."),
        (
            {"supplier_code": "", "supplier_name": ""},
            "supplierCode",
            "The supplier is missing: give its code, or its name.",
        ),
        ({"currency": "GBX"}, "currency", "“GBX” is no ISO 4217 currency. GBP is one."),
        ({"lines": ()}, "lines", "It has no lines."),
        (
            {"net": amount("100.00"), "gross": amount("120.00")},
            "tax",
            "Give all three totals (net, tax, gross) or none of them; then they are the sums of the lines.",
        ),
        (
            {"net": amount("90.00"), "tax": amount("20.00"), "gross": amount("120.00")},
            "net",
            "The total says 90.00, but the lines come to 100.00.",
        ),
        (
            {"lines": (a_wanted_line(net=amount("-100.00"), tax=amount("-20.00")),)},
            "gross",
            NEGATIVE,
        ),
    ],
)
def test_what_is_wrong_with_the_header_is_told_by_its_member(
    ready: Company, changes: dict[str, Any], path: str, message: str
) -> None:
    assert errors(check(ready, [wanted(**changes)])) == [(path, message)]


def test_a_receipt_cannot_be_raised(ready: Company) -> None:
    assert errors(check(ready, [wanted(kind=Kind.RECEIPT)])) == [
        ("kind", "Fake source takes no receipt from here."),
        ("kind", "A receipt cannot be raised: only purchase orders, invoices and credit notes can."),
    ]


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE])
def test_an_invoice_and_a_credit_note_have_a_date_and_had_better_have_a_reference(ready: Company, kind: Kind) -> None:
    found = check(ready, [wanted(kind=kind, date=None)])
    assert errors(found) == [("date", "The date is missing: it stands on every invoice and credit note.")]
    assert warnings(found) == [
        (
            "supplierReference",
            "The supplier's own document number is missing, so nobody will notice if it is entered twice.",
        )
    ]
    assert check(ready, [wanted(kind=kind, supplier_reference="SI-1")]) == []


def test_what_is_due_before_its_date_is_worth_a_look(ready: Company) -> None:
    assert warnings(check(ready, [wanted(due_date=date(2026, 11, 19))])) == [
        ("dueDate", "It is due before its own date.")
    ]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"description": ""}, "description", "The description of the line is missing."),
        ({"tax": None}, "net", "Give two of net, tax and gross; the third follows from them."),
        (
            {"gross": amount("120.01")},
            "gross",
            "Net 100.00 and tax 20.00 come to 120.00, not to 120.01.",
        ),
        ({"net": amount("100.001")}, "net", "100.001 has more decimals than GBP is counted in."),
    ],
)
def test_what_is_wrong_with_a_line_is_told_by_its_place(
    ready: Company, changes: dict[str, Any], path: str, message: str
) -> None:
    lines = (a_wanted_line(), a_wanted_line(**changes, line=7))
    (problem,) = [each for each in check(ready, [wanted(lines=lines)]) if not each.is_warning]
    assert (problem.path, problem.message, problem.line, problem.column, problem.key) == (
        f"lines[1].{path}", message, 7, path, "order-1",
    )  # fmt: skip


def test_any_two_of_the_three_amounts_are_enough(ready: Company) -> None:
    full = {"net": amount("100.00"), "tax": amount("20.00"), "gross": amount("120.00")}
    for left_out in full:
        line = a_wanted_line(**{**full, left_out: None})
        assert line.amounts() == tuple(full.values())
        assert check(ready, [wanted(lines=(line,))]) == []


def test_a_product_that_differs_is_a_warning_alone(ready: Company) -> None:
    line = a_wanted_line(quantity=amount("3"), unit_price=amount("33.00"))
    assert warnings(check(ready, [wanted(lines=(line,))])) == [
        ("lines[0].unitPrice", "Quantity times unit price comes to 99.00, not to 100.00; the amounts count.")
    ]
    exact = a_wanted_line(quantity=amount("3"), unit_price=amount("33.33"))
    assert check(ready, [wanted(lines=(exact,))]) == []


def test_a_draft_needs_no_coding_and_what_is_approved_needs_all_of_it(ready: Company) -> None:
    uncoded = wanted(lines=(a_wanted_line(account_code="", tax_code=""),))
    assert check(ready, [uncoded], stage=Stage.DRAFT) == []
    assert errors(check(ready, [uncoded], stage=Stage.APPROVED)) == [
        (
            "lines[0].accountCode",
            "The account code is missing: what shall be fully approved needs one on every line.",
        ),
        ("lines[0].taxCode", "The tax code is missing: what shall be fully approved needs one on every line."),
    ]


def test_a_key_stands_once_in_a_file(ready: Company) -> None:
    assert errors(check(ready, [wanted(), wanted(title="Other")])) == [
        ("key", "The key order-1 is there twice. Give every transaction a key of its own.")
    ]


# --- against what is mirrored --------------------------------------------------------------------------------------


def test_codes_that_are_unknown_or_out_of_use_are_errors(ready: Company, books: Connection) -> None:
    mirrored(books, RecordKind.ACCOUNT, "5999", is_active=False)
    mirrored(books, RecordKind.DELIVERY_SITE, "LON")
    mirrored(books, RecordKind.CURRENCY, "USD")
    one = wanted(
        supplier_code="CROWN02",
        supplier_name="",
        currency="EUR",
        delivery_site="PAR",
        lines=(a_wanted_line(account_code="5999", tax_code="T9"),),
    )
    add = "Add it in the accounting system and synchronise, or write another one."
    assert errors(check(ready, [one])) == [
        ("supplierCode", f"The supplier “CROWN02” is not known. {add}"),
        ("currency", f"The currency “EUR” is not known. {add}"),
        ("deliverySite", f"The delivery site “PAR” is not known. {add}"),
        (
            "lines[0].accountCode",
            "The account code “5999” is no longer in use in the accounting system. Write another one.",
        ),
        ("lines[0].taxCode", f"The tax code “T9” is not known. {add}"),
    ]


def test_codes_are_found_in_any_letter_case_and_an_active_one_counts(ready: Company, books: Connection) -> None:
    mirrored(books, RecordKind.ACCOUNT, "5010", "Old", is_active=False, external_id="old")
    mirrored(books, RecordKind.ACCOUNT, "5020", "Old", is_active=False, external_id="older")
    mirrored(books, RecordKind.ACCOUNT, "5020", "New")
    lines = (a_wanted_line(tax_code="t1"), a_wanted_line(account_code="5020"))
    one = wanted(supplier_code="crown01", lines=lines)
    assert check(ready, [one]) == []


def test_what_is_not_mirrored_at_all_is_one_warning_for_the_file(
    company: Company, source: Connection, books: Connection
) -> None:
    several = [wanted(f"order-{n}", currency="EUR", delivery_site="LON") for n in range(3)]
    sentence = "No {} have been read from the accounting system, so they could not be checked. Synchronise first."
    kinds = ("suppliers", "account codes", "tax codes", "currencies", "delivery sites")
    found = check(company, several)
    assert (errors(found), warnings(found)) == ([], [("", sentence.format(kind)) for kind in kinds])


def test_a_supplier_may_be_given_by_its_name(ready: Company, books: Connection) -> None:
    by_name = wanted(supplier_code="", supplier_name="Crown Conference Centre")
    assert check(ready, [by_name]) == []
    assert errors(check(ready, [replace(by_name, supplier_name="Crown")])) == [
        (
            "supplierName",
            "The supplier “Crown” is not known. Add it in the accounting system and synchronise, or write another one.",
        )
    ]
    mirrored(books, RecordKind.SUPPLIER, "CROWN07", "Crown Conference Centre", is_active=False)
    assert check(ready, [by_name]) == []
    mirrored(books, RecordKind.SUPPLIER, "CROWN08", "Crown Conference Centre")
    assert errors(check(ready, [by_name])) == [
        ("supplierName", "There are 2 suppliers called “Crown Conference Centre”. Give the supplier's code.")
    ]


def test_what_a_person_should_look_at_is_a_warning(ready: Company, books: Connection) -> None:
    mirrored(books, RecordKind.SUPPLIER, "NEW01", "New Ltd", refused="Name is too long.")
    mirrored(books, RecordKind.TAX, "S1", "Sales", details={"rate": "20", "use": "sale"})
    one = wanted(
        supplier_code="NEW01",
        supplier_name="Newer Ltd",
        lines=(a_wanted_line(tax=amount("19.98")), a_wanted_line(tax=amount("20.01"), tax_code="S1")),
    )
    found = check(ready, [one])
    assert errors(found) == []
    assert warnings(found) == [
        (
            "supplierCode",
            "The supplier “NEW01” could not be passed on, so the source may not know it. See the last sync.",
        ),
        ("supplierName", "The supplier “NEW01” is called “New Ltd”, not “Newer Ltd”; the code counts."),
        ("lines[0].tax", "20 % of 100.00 are 20.00, not 19.98; the tax stays as it is."),
        ("lines[1].taxCode", "The tax code “S1” is for sales."),
    ]


def test_dimensions_are_checked_by_name_and_value(ready: Company, books: Connection) -> None:
    mirrored(books, RecordKind.DIMENSION, "TRN", "Training", dimension="Department")
    mirrored(books, RecordKind.DIMENSION, "OLD", "Old", dimension="Department", is_active=False)
    given = [("department", "trn"), ("Department", "XXX"), ("Department", "OLD"), ("Project", "P1")]
    dimensions = tuple(Dimension(name=name, code=code) for name, code in given)
    found = check(ready, [wanted(lines=(a_wanted_line(dimensions=dimensions),))])
    assert errors(found) == [
        (
            "lines[0].dimensions[1].code",
            "The Department “XXX” is not known. Add it in the accounting system and synchronise, or write another one.",
        ),
        (
            "lines[0].dimensions[2].code",
            "The Department “OLD” is no longer in use in the accounting system. Write another one.",
        ),
    ]
    assert warnings(found) == [("lines[0].dimensions[3].code", NO_PROJECT)]


def test_another_companys_records_do_not_count(ready: Company, trays: Trays) -> None:
    from tests.factories import LedgerConnectionFactory

    other = LedgerConnectionFactory.create()
    mirrored(other, RecordKind.SUPPLIER, "THEIRS", "Theirs Ltd")
    assert [path for path, _ in errors(check(ready, [wanted(supplier_code="THEIRS", supplier_name="")]))] == [
        "supplierCode"
    ]


def test_the_number_of_queries_does_not_grow_with_the_file(ready: Company) -> None:
    def queries(count: int) -> int:
        several = [
            wanted(
                f"k{n}", supplier_code=f"SX{n}", lines=(a_wanted_line(account_code=f"AX{n}", tax_code=f"TX{n}"),) * 3
            )
            for n in range(count)
        ]
        with CaptureQueriesContext(database) as captured:
            check(ready, several)
        return len(captured)

    assert queries(1) == queries(200) <= 20


# --- where it goes -------------------------------------------------------------------------------------------------


def test_nothing_is_raised_while_the_switch_is_off(company: Company, trays: Trays, books: Connection) -> None:
    usual_records(books)
    source = link_source(company, raise_transactions="no")
    (problem,) = check(company, [wanted()])
    assert problem.message == (
        "Raising transactions in Fake source is switched off for Northgate Training Ltd. Switch on “Raise "
        "transactions” in the settings of its Fake source connection; from then on orders, invoices and credit notes "
        "can be created there from here, and an order that is fully approved is e-mailed to a supplier whose address "
        "Fake source knows."
    )
    source.settings["raise_transactions"] = "yes"
    source.save()
    assert check(company, [wanted()]) == []


def test_a_connection_that_cannot_be_used_is_named(company: Company, trays: Trays, books: Connection) -> None:
    def messages() -> list[str]:
        return [message for _, message in errors(check(company, [wanted()]))]

    assert messages() == [NOT_LINKED_AT_ALL]
    source = link_source(company, base_url="")
    assert messages() == [
        "The setting “API base URL” of the Fake source connection of Northgate Training Ltd is empty. Fill it in first."
    ]
    source.status = Status.DEAUTHORISED
    source.save()
    assert messages() == [DEAUTHORISED]


def test_a_company_that_is_not_live_is_told_what_will_happen(ready: Company) -> None:
    ready.live_at = None
    ready.save()
    assert warnings(check(ready, [wanted()])) == [("", NOT_LIVE)]
