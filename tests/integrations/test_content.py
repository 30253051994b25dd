from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.content import Difference, content_hash, differences, from_json, plain, to_json
from integrations.documents import Allocation, Customer, Dimension, Document, Kind, Line, Stage, Supplier

D = Decimal
DEPARTMENT = Dimension(name="Department", code="TRN", label="Training")

FIRST = Line(
    number=1,
    description="Room",
    net=D("100.00"),
    tax=D("20.00"),
    gross=D("120.00"),
    quantity=D(2),
    unit_price=D("50.5"),
    item_code="VEN",
    external_id="l1",
    account_code="5010",
    tax_code="T1",
    base_net=D(80),
    base_tax=D(16),
    dimensions=(DEPARTMENT,),
)
CUSTOMER = Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd", town="Bristol")
ALLOCATION = Allocation(kind=Kind.SALES_INVOICE, external_id="10482", amount=D("100.00"), number="INV-10482")
SECOND = Line(number=2, description="Coffee", net=D(10), tax=D(0), gross=D(10))
DOCUMENT = Document(
    kind=Kind.INVOICE,
    source="icompleat",
    external_id="a1",
    identity="a1",
    number="INV1",
    party=Supplier(code="S1", name="Crown"),
    currency="USD",
    base_currency="GBP",
    net=D(110),
    tax=D(20),
    gross=D(130),
    base_net=D(88),
    base_tax=D(16),
    base_gross=D(104),
    order_number="ORD1",
    supplier_reference="SI-1",
    title="Course",
    date=date(2026, 10, 1),
    due_date=date(2026, 10, 31),
    delivery_date=date(2026, 10, 2),
    created_at=datetime(2026, 10, 1, 9, 30, 0, 123456, tzinfo=UTC),
    dimensions=(Dimension(name="Course Code", code="PM"),),
    lines=(FIRST, SECOND),
)

# --- strategies -------------------------------------------------------------------------------------------------------

texts = st.text(max_size=12)
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13, places=4)
numbers = amounts | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13)
dimensions = st.lists(st.builds(Dimension, name=texts, code=texts, label=texts), max_size=3).map(tuple)
lines = st.builds(
    Line,
    number=st.integers(1, 5),
    description=texts,
    net=amounts,
    tax=amounts,
    gross=amounts,
    quantity=st.none() | numbers,
    unit_price=st.none() | numbers,
    item_code=texts,
    external_id=texts,
    account_code=st.none() | texts,
    tax_code=st.none() | texts,
    base_net=st.none() | amounts,
    base_tax=st.none() | amounts,
    dimensions=dimensions,
)
customers = st.builds(
    Customer, code=st.none() | texts, name=texts, email=texts, address=texts, town=texts, postcode=texts, country=texts
)
allocations = st.builds(
    Allocation, kind=st.sampled_from(Kind), external_id=texts, amount=amounts, number=texts, posted_as=st.just("")
)
documents = st.builds(
    Document,
    kind=st.sampled_from(Kind),
    source=texts,
    external_id=texts,
    identity=texts,
    number=texts,
    party=st.builds(Supplier, code=st.none() | texts, name=texts) | customers,
    currency=st.sampled_from(["GBP", "USD"]),
    base_currency=st.just("GBP"),
    net=amounts,
    tax=amounts,
    gross=amounts,
    base_net=st.none() | amounts,
    base_tax=st.none() | amounts,
    base_gross=st.none() | amounts,
    order_number=texts,
    supplier_reference=texts,
    title=texts,
    date=st.none() | st.dates(),
    due_date=st.none() | st.dates(),
    delivery_date=st.none() | st.dates(),
    created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    dimensions=dimensions,
    lines=st.lists(lines, max_size=3).map(tuple),
    allocations=st.lists(allocations, max_size=2).map(tuple),
    stage=st.sampled_from(Stage),
)


# --- to_json, from_json -----------------------------------------------------------------------------------------------


@given(documents)
def test_nothing_is_lost_on_the_way_through_json(document: Document) -> None:
    again = from_json(json.loads(json.dumps(to_json(document))))
    assert again == document
    assert str(again.net) == str(document.net)
    assert content_hash(again) == content_hash(document)


def test_every_member_is_in_the_json() -> None:
    """The stage where it says something: what reaches the books is always approved. A party is called by its role."""
    content = to_json(replace(DOCUMENT, stage=Stage.DRAFT, allocations=(ALLOCATION,)))
    assert set(content) == {field.name for field in fields(Document)} - {"party"} | {"supplier"}
    assert set(content["lines"][0]) == {field.name for field in fields(Line)}
    assert set(content["allocations"][0]) == {field.name for field in fields(Allocation)} - {"posted_as"}
    whole = replace(CUSTOMER, email="e", address="a", county="c", postcode="p", country="GB")
    sold = to_json(replace(DOCUMENT, party=whole))
    assert set(sold["customer"]) == {field.name for field in fields(Customer)}
    assert "supplier" not in sold


def test_what_a_payment_settles_is_found_anew_each_time() -> None:
    settled = replace(DOCUMENT, allocations=(replace(ALLOCATION, posted_as="4711"),))
    assert from_json(to_json(settled)).allocations == (ALLOCATION,)
    assert "allocations" not in to_json(DOCUMENT)


def test_what_a_payment_settles_matters_to_the_books() -> None:
    payment = replace(DOCUMENT, kind=Kind.PAYMENT, party=CUSTOMER, allocations=(ALLOCATION,))
    less = replace(payment, allocations=(replace(ALLOCATION, amount=D("99.50")),))
    assert differences(payment, less) == (Difference("allocations[sales_invoice 10482].amount", "100", "99.5"),)
    assert content_hash(payment) != content_hash(less)


def test_what_was_sold_matters_to_the_books_and_where_the_customer_lives_does_not() -> None:
    sold = replace(DOCUMENT, kind=Kind.SALES_INVOICE, party=CUSTOMER)
    assert content_hash(sold) == content_hash(replace(sold, party=replace(CUSTOMER, town="Bath", email="x@b.example")))
    assert differences(sold, replace(sold, party=replace(CUSTOMER, name="Other"))) == (
        Difference("customer.name", "Brightwater Care Ltd", "Other"),
    )
    other = replace(sold, lines=(replace(FIRST, item_code="Product/7"), SECOND))
    assert [one.field for one in differences(sold, other)] == ["lines[1].item_code"]


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_is_stored_only_where_it_is_not_approved(stage: Stage) -> None:
    stored = {} if stage is Stage.APPROVED else {"stage": stage.value}
    document = replace(DOCUMENT, stage=stage)
    assert to_json(document) == {**to_json(DOCUMENT), **stored}
    assert from_json(to_json(document)) == document


def test_json_in_full() -> None:
    assert to_json(replace(DOCUMENT, lines=(SECOND,))) == {
        "kind": "invoice",
        "source": "icompleat",
        "external_id": "a1",
        "identity": "a1",
        "number": "INV1",
        "supplier": {"code": "S1", "name": "Crown"},
        "currency": "USD",
        "base_currency": "GBP",
        "net": "110",
        "tax": "20",
        "gross": "130",
        "base_net": "88",
        "base_tax": "16",
        "base_gross": "104",
        "order_number": "ORD1",
        "supplier_reference": "SI-1",
        "title": "Course",
        "date": "2026-10-01",
        "due_date": "2026-10-31",
        "delivery_date": "2026-10-02",
        "created_at": "2026-10-01T09:30:00.123456+00:00",
        "dimensions": [{"name": "Course Code", "code": "PM", "label": ""}],
        "lines": [
            {
                "number": 2,
                "description": "Coffee",
                "net": "10",
                "tax": "0",
                "gross": "10",
                "quantity": None,
                "unit_price": None,
                "base_net": None,
                "base_tax": None,
                "item_code": "",
                "external_id": "",
                "account_code": None,
                "tax_code": None,
                "dimensions": [],
            }
        ],
    }


def test_what_an_older_version_stored_can_be_read() -> None:
    needed = [
        "kind",
        "source",
        "external_id",
        "identity",
        "number",
        "supplier",
        "currency",
        "base_currency",
        "net",
        "tax",
        "gross",
        "lines",
    ]
    content = {name: member for name, member in to_json(DOCUMENT).items() if name in needed}
    content["lines"] = [{"number": 2, "description": "Coffee", "net": "10", "tax": "0", "gross": "10"}]
    assert from_json(content).lines == (SECOND,)
    assert from_json(content).created_at is None
    assert from_json(content).stage is Stage.APPROVED


@pytest.mark.parametrize("missing", ["kind", "net", "gross", "supplier", "lines"])
def test_what_must_be_there_is_asked_for(missing: str) -> None:
    content = to_json(DOCUMENT)
    del content[missing]
    with pytest.raises(KeyError):
        from_json(content)


# --- content_hash, differences ----------------------------------------------------------------------------------------

RELEVANT: dict[str, tuple[Any, Difference]] = {
    "kind": (Kind.CREDIT_NOTE, Difference("kind", "invoice", "credit_note")),
    "party": (Supplier(code="S2", name="Crown"), Difference("supplier.code", "S1", "S2")),
    "allocations": ((ALLOCATION,), Difference("allocations[sales_invoice 10482].amount", "", "100")),
    "number": ("INV2", Difference("number", "INV1", "INV2")),
    "currency": ("EUR", Difference("currency", "USD", "EUR")),
    "base_currency": ("EUR", Difference("base_currency", "GBP", "EUR")),
    "net": (D("110.01"), Difference("net", "110", "110.01")),
    "tax": (D("20.01"), Difference("tax", "20", "20.01")),
    "gross": (D("130.01"), Difference("gross", "130", "130.01")),
    "base_net": (None, Difference("base_net", "88", "")),
    "base_tax": (D(17), Difference("base_tax", "16", "17")),
    "base_gross": (D(0), Difference("base_gross", "104", "0")),
    "order_number": ("", Difference("order_number", "ORD1", "")),
    "supplier_reference": ("SI-2", Difference("supplier_reference", "SI-1", "SI-2")),
    "date": (date(2026, 10, 2), Difference("date", "2026-10-01", "2026-10-02")),
    "due_date": (None, Difference("due_date", "2026-10-31", "")),
    "dimensions": (
        (Dimension(name="Course Code", code="HR"),),
        Difference("dimensions[Course Code]", "PM", "HR"),
    ),
    "lines": ((FIRST, replace(SECOND, description="Tea")), Difference("lines[2].description", "Coffee", "Tea")),
}
IRRELEVANT: dict[str, Any] = {
    "source": "accessplanit",
    "external_id": "a2",
    "identity": "a2",
    "title": "Another course",
    "delivery_date": date(2027, 1, 1),
    "created_at": None,
    "stage": Stage.DRAFT,
}
RELEVANT_ON_LINES: dict[str, tuple[Any, Difference]] = {
    "description": ("Hall", Difference("lines[1].description", "Room", "Hall")),
    "net": (D("100.01"), Difference("lines[1].net", "100", "100.01")),
    "tax": (D(0), Difference("lines[1].tax", "20", "0")),
    "gross": (D("1E+3"), Difference("lines[1].gross", "120", "1000")),
    "quantity": (None, Difference("lines[1].quantity", "2", "")),
    "unit_price": (D("50.5000000001"), Difference("lines[1].unit_price", "50.5", "50.5000000001")),
    "account_code": ("5020", Difference("lines[1].account_code", "5010", "5020")),
    "tax_code": (None, Difference("lines[1].tax_code", "T1", "")),
    "base_net": (D(81), Difference("lines[1].base_net", "80", "81")),
    "base_tax": (None, Difference("lines[1].base_tax", "16", "")),
    "dimensions": ((replace(DEPARTMENT, code="ADM"),), Difference("lines[1].dimensions[Department]", "TRN", "ADM")),
}
IRRELEVANT_ON_LINES = {
    "item_code": "VEN-2",
    "external_id": "l2",
    "dimensions": (replace(DEPARTMENT, label="Teaching"),),
}


@pytest.mark.parametrize("name", RELEVANT)
def test_what_reaches_the_books_changes_the_hash(name: str) -> None:
    value, difference = RELEVANT[name]
    changed = replace(DOCUMENT, **{name: value})
    assert content_hash(changed) != content_hash(DOCUMENT)
    assert differences(DOCUMENT, changed) == (difference,)


@pytest.mark.parametrize("name", RELEVANT_ON_LINES)
def test_what_reaches_the_books_from_a_line_changes_the_hash(name: str) -> None:
    value, difference = RELEVANT_ON_LINES[name]
    changed = replace(DOCUMENT, lines=(replace(FIRST, **{name: value}), SECOND))
    assert content_hash(changed) != content_hash(DOCUMENT)
    assert differences(DOCUMENT, changed) == (difference,)


@pytest.mark.parametrize("name", IRRELEVANT)
def test_what_does_not_reach_the_books_leaves_the_hash(name: str) -> None:
    changed = replace(DOCUMENT, **{name: IRRELEVANT[name]})
    assert content_hash(changed) == content_hash(DOCUMENT)
    assert differences(DOCUMENT, changed) == ()


@pytest.mark.parametrize("name", IRRELEVANT_ON_LINES)
def test_what_does_not_reach_the_books_from_a_line_leaves_the_hash(name: str) -> None:
    changed = replace(DOCUMENT, lines=(replace(FIRST, **{name: IRRELEVANT_ON_LINES[name]}), SECOND))  # type: ignore[arg-type]
    assert content_hash(changed) == content_hash(DOCUMENT)


def test_every_member_is_judged() -> None:
    assert set(RELEVANT) | set(IRRELEVANT) == {field.name for field in fields(Document)}
    assert set(RELEVANT_ON_LINES) | set(IRRELEVANT_ON_LINES) | {"number"} == {field.name for field in fields(Line)}


def test_the_hash_stays_what_it_is() -> None:
    """Stored hashes are compared with new ones: changing this needs a migration."""
    assert content_hash(DOCUMENT) == "2ebfffe4c453a803a6b60a39b580a684464b4ea7ed458e5abbb7ac0271f5204f"


@pytest.mark.parametrize("value", ["130", "130.0", "130.0000", "1.3E+2", "0130"])
def test_equal_amounts_are_equal_content(value: str) -> None:
    assert content_hash(replace(DOCUMENT, gross=D(value))) == content_hash(DOCUMENT)


def test_no_code_and_an_empty_code_are_the_same() -> None:
    nameless = replace(DOCUMENT, party=Supplier(code=None, name="Crown"))
    assert content_hash(nameless) == content_hash(replace(DOCUMENT, party=Supplier(code="", name="Crown")))


def test_zero_and_nothing_are_not_the_same() -> None:
    assert content_hash(replace(DOCUMENT, base_tax=D(0))) != content_hash(replace(DOCUMENT, base_tax=None))


def test_the_order_of_lines_and_dimensions_plays_no_part() -> None:
    two = (Dimension(name="A", code="1"), Dimension(name="B", code="2"))
    document = replace(DOCUMENT, dimensions=two)
    turned = replace(DOCUMENT, dimensions=two[::-1], lines=(SECOND, FIRST))
    assert content_hash(document) == content_hash(turned)
    assert differences(document, turned) == ()


def test_a_new_line_shows_each_of_its_members() -> None:
    third = Line(number=3, description="Tea", net=D(5), tax=D(1), gross=D(6), account_code="5010")
    assert differences(DOCUMENT, replace(DOCUMENT, lines=(FIRST, SECOND, third))) == (
        Difference("lines[3].number", "", "3"),
        Difference("lines[3].description", "", "Tea"),
        Difference("lines[3].net", "", "5"),
        Difference("lines[3].tax", "", "1"),
        Difference("lines[3].gross", "", "6"),
        Difference("lines[3].account_code", "", "5010"),
    )
    gone = differences(DOCUMENT, replace(DOCUMENT, lines=(FIRST,)))
    assert gone[0] == Difference("lines[2].number", "2", "")


def test_lines_and_dimensions_with_one_name_do_not_hide_each_other() -> None:
    twice = replace(DOCUMENT, lines=(FIRST, replace(SECOND, number=1)))
    changed = replace(DOCUMENT, lines=(FIRST, replace(SECOND, number=1, net=D(11))))
    assert differences(twice, changed) == (Difference("lines[1]#2.net", "10", "11"),)
    tagged = replace(DOCUMENT, dimensions=(Dimension(name="Tag", code="a"), Dimension(name="Tag", code="b")))
    other = replace(DOCUMENT, dimensions=(Dimension(name="Tag", code="a"), Dimension(name="Tag", code="c")))
    assert differences(tagged, other) == (Difference("dimensions[Tag]#2", "b", "c"),)


@settings(max_examples=200)
@given(documents, documents)
def test_no_difference_means_the_same_hash_and_the_other_way_round(one: Document, other: Document) -> None:
    assert (differences(one, other) == ()) == (content_hash(one) == content_hash(other))
    assert differences(one, one) == ()


@given(documents, documents)
def test_differences_turned_round(one: Document, other: Document) -> None:
    forth = {(each.field, each.before, each.after) for each in differences(one, other)}
    back = {(each.field, each.after, each.before) for each in differences(other, one)}
    assert forth == back


@given(documents)
def test_trailing_zeros_never_matter(document: Document) -> None:
    padded = replace(document, net=D(f"{document.net:f}") * D("1.00"))
    assert content_hash(padded) == content_hash(document)


# --- plain ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (D(0), "0"),
        (D("-0.00"), "0"),
        (D("0E+5"), "0"),
        (D("0E-10"), "0"),
        (D("30.00"), "30"),
        (D("100"), "100"),
        (D("1E+3"), "1000"),
        (D("-1.50"), "-1.5"),
        (D("1E-7"), "0.0000001"),
        (D("12345678901234567890123456789012.10"), "12345678901234567890123456789012.1"),
    ],
)
def test_plain(value: Decimal | None, text: str) -> None:
    assert plain(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_plain_says_the_same_number(value: Decimal) -> None:
    assert D(plain(value)) == value
    assert "E" not in plain(value).upper()
