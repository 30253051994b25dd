"""What a document becomes on its way to a platform: tables of exact values, and what its push options refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat import fitting, mapping, options
from integrations.codat.booked import carries, posted
from integrations.codat.codes import Known
from integrations.codat.kinds import SHAPES
from integrations.codat.refusals import refusal
from integrations.codat.values import currency, day, plain, rate, words
from integrations.documents import Document, Kind, Line, Posted
from integrations.errors import Retryable
from integrations.previewing import Objection
from tests.integrations.codat.conversation import ACCOUNTS, BODIES, MARK, SUPPLIER, TAX_RATES, member
from tests.integrations.codat.conversation import options as options_of
from tests.samples import KEY, REFERENCE, in_dollars, sample, with_line

KNOWN = Known(
    party=SUPPLIER,
    accounts={str(row["nominalCode"]): row for row in ACCOUNTS},
    taxes={str(row["code"]): row for row in TAX_RATES},
)
GUIDS = {"type": "Object", "properties": {"id": {"type": "String", "required": True}}}


def sent(document: Document, told: dict[str, Any], known: Known = KNOWN) -> dict[str, Any]:
    """The push of a document to a platform with these options."""
    form, model = SHAPES[document.kind], options.read(told)
    full = mapping.pushed(document, known, model, form, key=KEY, reference=REFERENCE, base="GBP", due_days=30)
    return fitting.fitted(full, model, form)


def bill(**changes: Any) -> dict[str, Any]:
    """Options for bills; None takes a member away."""
    told = options_of("bills", **{name: one for name, one in changes.items() if one is not None})
    for name, one in changes.items():
        if one is None:
            del told["properties"][name]
    return told


def lines(**changes: Any) -> dict[str, Any]:
    """Options for bills whose lines have these members, and no others."""
    return bill(lineItems=member("Array", **changes))


def objected(document: Document, told: dict[str, Any], known: Known = KNOWN) -> list[Objection]:
    """Everything that stands against it."""
    payload, model = sent(document, told, known), options.read(told)
    return list(fitting.objections(document, known, payload, model, document.kind.label.lower()))


# --- what goes out ---------------------------------------------------------------------------------------------------


def test_what_the_platform_does_not_list_stays_here() -> None:
    told = {"type": "Object", "properties": {"reference": member(), "supplierRef": member("Object", id=member())}}
    assert sent(sample(), told) == {"reference": "SI-48213", "supplierRef": {"id": "CROWN01"}}


def test_a_member_that_must_not_be_there_is_as_good_as_not_listed() -> None:
    told = bill(note=member("String", "Must not be provided."))
    assert "note" not in sent(sample(), told)
    assert MARK in sent(sample(), told)["lineItems"][0]["description"]


@pytest.mark.parametrize(
    ("reference", "limit", "expected"),
    [
        ("SI-48213", "Should not be longer than 21 characters.", "SI-48213"),
        ("A very long number of 2024/03-B", "Max length of 20 characters.", "A very long number o"),
        (
            "A very long number of 2024/03-B",
            "must be between 1 and 8 characters. Others 1 and 45 characters.",
            "A very l",
        ),
        ("   ", "Maximum 30 characters", "P-000001"),
        ("", "", "P-000001"),
        ("SI\n48\x07213", "", "SI 48 213"),
    ],
)
def test_the_suppliers_number_is_cut_to_what_the_options_say(reference: str, limit: str, expected: str) -> None:
    told = bill(reference=member("String", limit))
    assert sent(sample(supplier_reference=reference), told)["reference"] == expected


@pytest.mark.parametrize(
    ("note", "expected_note", "first"),
    [
        (member("String"), f"{MARK} Venue hire, March cohort", "Training room, full day"),
        (member("String", "Maximum 60 characters"), f"{MARK} Venue hire, Ma", "Training room, full day"),
        (member("String", "Maximum 44 characters"), None, f"Training room, full day [{MARK}]"),
        (None, None, f"Training room, full day [{MARK}]"),
        (
            member("String", "Supplier Invoice Number must be specified in this field"),
            "SI-48213",
            f"Training room, full day [{MARK}]",
        ),
    ],
)
def test_our_mark_stands_in_the_note_or_else_in_the_first_line(
    note: dict[str, Any] | None, expected_note: str | None, first: str
) -> None:
    body = sent(sample(), bill(note=note))
    assert (body.get("note"), body["lineItems"][0]["description"]) == (expected_note, first)
    assert body["lineItems"][1]["description"] == "Printed course manuals"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("Max length of 58 characters.", f"Training r [{MARK}]"),
        ("Max length of 57 characters.", "Training room, full day"),
        ("Max length of 10 characters.", "Training r"),
    ],
)
def test_a_first_line_without_room_for_the_mark_goes_without(limit: str, expected: str) -> None:
    told = bill(note=None)
    told["properties"]["lineItems"]["properties"]["description"] = member("String", limit)
    assert sent(sample(), told)["lineItems"][0]["description"] == expected


@pytest.mark.parametrize(
    ("description", "title", "expected"),
    [("Chairs", "Venue", "Chairs"), (" \n ", "Venue", "Venue"), ("", "", "Line 7")],
)
def test_a_line_without_words_is_called_by_the_document(description: str, title: str, expected: str) -> None:
    bare = Line(number=7, description=description, net=Decimal(1), tax=Decimal(0), gross=Decimal(1))
    assert mapping.description(bare, sample(title=title)) == expected


@pytest.mark.parametrize(
    ("quantity", "price", "net", "expected"),
    [
        ("2", "50.00", "100.00", ("2", "50.00")),
        ("3", "0.3333", "1.00", ("1", "1.00")),
        ("0.125", "98.80", "12.35", ("0.125", "98.80")),
        (None, "50.50", "50.50", ("1", "50.50")),
        ("2", None, "50.50", ("1", "50.50")),
        ("-1", "50.50", "-50.50", ("1", "-50.50")),
        ("0", "9.00", "0.00", ("1", "0.00")),
    ],
)
def test_quantity_and_price_multiply_to_the_net_amount(
    quantity: str | None, price: str | None, net: str, expected: tuple[str, str]
) -> None:
    one = replace(
        sample().lines[0],
        quantity=None if quantity is None else Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        net=Decimal(net),
    )
    assert mapping.quantity_and_price(one) == tuple(map(Decimal, expected))


@pytest.mark.parametrize(
    ("document", "base", "expected"),
    [
        (sample(), "GBP", Decimal(1)),
        (sample(), "", Decimal(1)),
        (in_dollars(), "GBP", Decimal("0.832614108")),
        (in_dollars(), "", Decimal("0.832614108")),
        (in_dollars(), "USD", Decimal(1)),
        (in_dollars(), "EUR", None),
        (replace(in_dollars(), base_gross=None), "GBP", None),
        (replace(in_dollars(), gross=Decimal(0)), "GBP", None),
    ],
)
def test_a_rate_is_units_of_the_books_for_one_of_the_document(
    document: Document, base: str, expected: Decimal | None
) -> None:
    """$20 at 0.781 are 15.62 pounds in the vendor's own table, whatever the sentence above it says."""
    assert mapping.base_rate(document, base) == expected
    assert rate(Decimal(20), Decimal("15.62")) == Decimal("0.781")


@pytest.mark.parametrize(("is_required", "expected"), [(True, Decimal(1)), (False, None)])
def test_a_document_in_the_books_own_currency_has_a_rate_where_one_is_required(
    is_required: bool, expected: Decimal | None
) -> None:
    told = bill(currencyRate=member("Number", required=is_required))
    assert sent(sample(), told).get("currencyRate") == expected


def test_what_has_one_value_is_sent_where_it_is_required() -> None:
    names = ("amountDue", "totalDiscount", "discountPercentage")
    told = bill(**{name: member("Number", required=True) for name in names})
    body = sent(sample(), told)
    assert [body[name] for name in names] == [Decimal("170.50"), Decimal(0), Decimal(0)]
    assert sent(sample(), bill(amountDue=member("Number"))) == BODIES["bills"]


def tracked(*rows: dict[str, str]) -> Known:
    return replace(KNOWN, tracking={1: rows})


def test_tracking_goes_into_the_member_that_the_platform_has() -> None:
    known = tracked({"id": "department_1", "name": "Marketing", "parentId": "d"})
    ref = member("Array", id=member())
    older, newer = lines(trackingCategoryRefs=ref), lines(tracking=member("Object", categoryRefs=ref))
    assert sent(sample(), older, known)["lineItems"][0] == {"trackingCategoryRefs": [{"id": "department_1"}]}
    assert sent(sample(), newer, known)["lineItems"][0] == {
        "tracking": {
            "categoryRefs": [{"id": "department_1"}],
            "isBilledTo": "NotApplicable",
            "isRebilledTo": "NotApplicable",
        }
    }


# --- what the options refuse -----------------------------------------------------------------------------------------

LIMITED = {
    "many lines": (
        sample(),
        bill(lineItems=member("Array", "Up to a maximum of 1 line items may be specified", accountRef=GUIDS)),
        ("lines", None, "The invoice has 2 lines and the accounting software takes 1. Split it."),
    ),
    "items alone": (
        sample(),
        bill(lineItems=member("Array", itemRef=GUIDS)),
        (
            "lines",
            None,
            "The accounting software takes an invoice only with items of its own list, which have no account.",
        ),
    ),
    "a negative line": (
        with_line(sample(), 1, net=Decimal("-50.50")),
        lines(accountRef=GUIDS, unitAmount=member("Number", "Must not be negative.")),
        ("net", 2, "Line 2: the amount -50.50 (unitAmount) is negative, which is not taken. Change the document."),
    ),
    "a total of nothing": (
        sample(gross=Decimal("0.00")),
        bill(totalAmount=member("Number", "Must be greater than zero.")),
        ("gross", None, "The amount 0.00 (totalAmount) is of nothing, which is not taken. Change the document."),
    ),
    "a third decimal": (
        sample(net=Decimal("150.505")),
        bill(subTotal=member("Number", "Precision must be maximum of two decimal places.")),
        ("net", None, "The amount 150.505 (subTotal) has more than two decimals. Change the document."),
    ),
    "another currency": (
        sample(),
        bill(currency={**member(), "options": [{"value": "AUD", "type": "String"}]}),
        ("currency", None, "The currency GBP is not among what is taken (AUD). Change it."),
    ),
    "a long id": (
        sample(),
        bill(supplierRef=member("Object", id=member("String", "have a max length of 6 characters."))),
        ("supplier", None, "The supplier CROWN01 is longer than 6 characters. Map a shorter one."),
    ),
    "no due date": (
        sample(due_date=None, date=None, created_at=None),
        bill(dueDate=member("DateTime", required=True)),
        ("due_date", None, "The due date is missing, and the accounting software needs it. Add it."),
    ),
}


@pytest.mark.parametrize("what", sorted(LIMITED))
def test_what_the_options_refuse_is_told_before_it_is_sent(what: str) -> None:
    document, told, expected = LIMITED[what]
    assert [(one.field, one.line, one.message) for one in objected(document, told)] == [expected]


def test_tracking_beyond_what_the_options_allow_is_told() -> None:
    refs = member("Array", "Maximum of 2 Tracking Categories.", "must not have the same parent", id=member())
    rows = [{"id": str(number), "parentId": parent} for number, parent in enumerate("aab")]
    found = objected(sample(), lines(accountRef=GUIDS, trackingCategoryRefs=refs), tracked(*rows))
    assert [one.message for one in found] == [
        "Line 1: the line has 3 tracking categories, and 2 are taken. Leave some out.",
        "Line 1: the line has two tracking categories of one kind, and one is taken. Leave one out.",
    ]


def test_options_that_require_everything_object_to_what_can_be_told_alone() -> None:
    """Codat's own Sandbox marks stock items, discounts and withholding tax as required."""
    every = {name: member("Array", required=True, id=member(required=True)) for name in ("withholdingTax", "itemRef")}
    assert objected(sample(), bill(**every, lineItems=member("Array", required=True, accountRef=GUIDS, **every))) == []


@pytest.mark.parametrize("told", [None, [], {}, {"properties": None}, {"properties": {}}])
def test_options_that_are_none_are_asked_for_again(told: object) -> None:
    with pytest.raises(Retryable):
        options.read(told)


# --- what comes back -------------------------------------------------------------------------------------------------


def test_a_row_is_told_as_the_books_have_it() -> None:
    told = {
        "id": "61", "reference": "SI-1", "supplierRef": {"id": "7"}, "issueDate": "2024-03-31T23:00:00.0000001Z",
        "currency": "XXX", "subTotal": Decimal("10.00"), "taxAmount": 2, "totalAmount": Decimal("12.00"),
    }  # fmt: skip
    assert posted(told, SHAPES[Kind.INVOICE]) == Posted(
        external_id="61", number="SI-1", supplier_code="7", net=Decimal("10.00"), tax=Decimal(2),
        gross=Decimal("12.00"), currency=None, date=date(2024, 3, 31),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"lineItems": [{"taxAmount": 2, "totalAmount": 12}, {"taxAmount": 0, "totalAmount": 1}]}, (11, 2, 13)),
        ({"totalAmount": 13, "lineItems": [{"taxAmount": 2}, {}]}, (None, None, 13)),
        ({"totalAmount": "13", "lineItems": None}, (None, None, None)),
        ({"subTotal": 1, "totalAmount": True}, (1, None, None)),
    ],
)
def test_amounts_that_are_not_told_are_the_sums_of_all_lines_or_unknown(
    row: dict[str, Any], expected: tuple[int | None, ...]
) -> None:
    told = posted({"id": "1", **row}, SHAPES[Kind.INVOICE])
    assert told is not None
    assert (told.net, told.tax, told.gross) == expected


@pytest.mark.parametrize("row", [{}, {"id": ""}, {"id": None}, {"id": 17}])
def test_a_row_without_an_id_is_none(row: dict[str, Any]) -> None:
    assert posted(row, SHAPES[Kind.INVOICE]) is None


@pytest.mark.parametrize(
    ("row", "is_ours"),
    [
        ({"note": f"x {KEY.value.upper()} y"}, True),
        ({"lineItems": [{"description": "Chairs"}, {"description": f"Desk [{MARK}]"}]}, True),
        ({"note": "P-000001", "reference": KEY.value}, False),
        ({"note": None, "lineItems": None}, False),
        ({"note": KEY.value, "status": "Void", "metadata": {"isDeleted": False}}, True),
        ({"note": KEY.value, "status": "Open", "metadata": {"isDeleted": True}}, False),
    ],
)
def test_our_key_is_looked_for_in_the_note_and_in_every_line(row: dict[str, Any], is_ours: bool) -> None:
    assert carries(row, KEY) is is_ours


@pytest.mark.parametrize(
    ("changes", "is_required", "expected"),
    [
        ({}, True, "2024-04-13T00:00:00"),
        ({}, False, "2024-04-13T00:00:00"),
        ({"due_date": None}, True, "2024-04-13T00:00:00"),
        ({"due_date": None, "date": date(2024, 2, 29)}, True, "2024-03-30T00:00:00"),
        ({"due_date": None}, False, None),
        ({"due_date": None, "date": None, "created_at": None}, True, None),
    ],
)
def test_a_due_date_is_worked_out_only_where_it_is_needed(
    changes: dict[str, Any], is_required: bool, expected: str | None
) -> None:
    told = bill(dueDate=member("DateTime", required=is_required))
    assert sent(sample(**changes), told).get("dueDate") == expected


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {
                "errorMessage": "An error occurred in a downstream service. Correlation ID: 7a-1. Message: Push failed",
                "validation": {"errors": [{"itemId": "NominalCode", "message": "Must be unique"}]},
            },
            ("Must be unique.", "account_code"),
        ),
        (
            {"errorMessage": "An error occurred in a downstream service. Correlation ID: 7a-1. Message: It is full."},
            ("It is full.", ""),
        ),
        ({"error": "CompanyValidationException: Company limit exceeded"}, ("Company limit exceeded", "")),
        (
            {"validation": {"errors": [{"itemId": "", "message": "`Currency` must not be empty"}]}},
            ("`Currency` must not be empty.", "currency"),
        ),
        (
            {
                "validation": {
                    "errors": [
                        {"itemId": "LineItems[2].TaxRateRef.Id", "message": "It is archived."},
                        {"itemId": "DueDate", "message": "It is too late"},
                        {"itemId": None, "message": None},
                        "odd",
                    ]
                }
            },
            ("Line 3: It is archived. It is too late.", "tax_code"),
        ),
        ({"validation": None, "error": None}, ("Codat refused it and gave no reason.", "")),
        ({"error": "<html><h1>Sorry</h1></html>"}, ("Codat refused it and gave no reason.", "")),
    ],
)
def test_a_refusal_is_one_sentence_and_a_field(told: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(told) == expected


def test_single_values() -> None:
    assert words(" a\tb\x07\n c ", 4) == "a b"
    assert (currency("gbp"), currency("XXX"), currency(None)) == ("GBP", None, None)
    assert (day("2024-03-31"), day("soon"), day(7)) == (date(2024, 3, 31), None, None)
    assert (plain(Decimal("20.0")), plain(Decimal("1E+2")), plain(Decimal(0))) == ("20", "100", "0")
