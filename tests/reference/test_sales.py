"""What is sold in the accounting system's codes: exact values, the order of candidates, purchases that are spared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.documents import SALES, Dimension, Document, Kind, Line
from integrations.errors import Misconfigured
from portal.reference.gaps import Why
from portal.reference.mapping import Rows, gaps, mapped, mapped_as_far_as_known, needs
from portal.reference.resolving import Resolver
from portal.reference.rules import AS_IT_COMES, PLAIN, DimensionRule, How, Missing, Rule, Rules, defaults
from portal.reference.sold import Sold, sold_on, text_of
from tests.samples import sale, sample, with_line

TAXES = {("sales_tax", "20"): "T1", ("sales_tax", "0"): "T0"}
TABLE = Rule(how=How.TABLE)
DEPARTMENT = Rules(dimensions=(DimensionRule(name="Department", how=How.TABLE),))
FIRST = Line(
    number=1,
    description="First aid at work, 12 places",
    net=Decimal("100.00"),
    tax=Decimal("20.00"),
    gross=Decimal("120.00"),
    item_code="Course/4711",
    tax_code="20",
)


def invoice(**line: Any) -> Document:
    """An invoice over one line, which `line` changes."""
    one = replace(FIRST, **line)
    return sale(lines=(one,), net=one.net, tax=one.tax, gross=one.gross)


def paid(kind: Kind = Kind.PAYMENT, **line: Any) -> Document:
    """170.50 by a method that the source names."""
    return with_line(sale(kind), 0, **{"account_code": None, **line})


def sent(document: Document, rows: Rows, rules: Rules = PLAIN) -> list[tuple[str | None, str | None]]:
    return [(line.account_code, line.tax_code) for line in mapped(document, rules, rows).lines]


def refused(document: Document, rows: Rows, rules: Rules = PLAIN) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        mapped(document, rules, rows)
    return caught.value


# --- without a mapping ------------------------------------------------------------------------------------------------


def test_without_any_mapping_a_sale_is_refused_line_by_line() -> None:
    found = gaps(sale(lines=(FIRST, replace(FIRST, number=2, item_code="", tax_code=None))), PLAIN, {})
    assert [(gap.family, gap.code, gap.line, gap.why) for gap in found] == [
        ("revenue", "Course/4711", 1, Why.UNKNOWN),
        ("sales_tax", "20", 1, Why.UNKNOWN),
        ("revenue", "", 2, Why.ABSENT),
        ("sales_tax", "", 2, Why.ABSENT),
    ]


def test_the_refusal_names_what_was_sold_and_the_rows_that_would_do() -> None:
    error = refused(invoice(), {})
    assert error.message == (
        "Line 1 is for “First aid at work, 12 places” (Course/4711), and the mapping table of the connection has no "
        "revenue account for it. Add Course/4711, its type Course or *a part of its name*. "
        "1 more code of this document is missing, too."
    )
    assert error.field == "mapping.revenue[Course/4711]"


def test_without_any_mapping_money_is_refused_with_its_method() -> None:
    error = refused(paid(), {})
    assert error.message == (
        "Line 1 is for BACS, and the mapping table of the connection has no bank account for it. Add BACS."
    )
    assert error.field == "mapping.bank[BACS]"


@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.PAYMENT])
def test_what_the_source_does_not_tell_is_refused(kind: Kind) -> None:
    document = with_line(sale(kind), 0, account_code=None, item_code="")
    what = "bank account" if kind is Kind.PAYMENT else "revenue account"
    first = next(gap for gap in gaps(document, PLAIN, {}) if gap.code == "")
    assert first.sentence == (
        f"Line 1 has no {what}. Code it at the source, or set a default in the mapping of the connection."
    )


def test_no_default_of_purchases_takes_a_sale() -> None:
    rules = defaults(supplier="S1", account="7502", tax="T9")
    document = sale(lines=(replace(FIRST, item_code="", tax_code=None),), party=replace(sale().party, code=None))
    assert [gap.family for gap in gaps(document, rules, {})] == ["revenue", "sales_tax"]
    assert mapped_as_far_as_known(document, rules, {}).party.code is None


# --- what was sold ----------------------------------------------------------------------------------------------------

THING, TYPE = ("revenue", "Course/4711"), ("revenue", "Course")
LONG, SHORT = ("revenue", "*First aid at*"), ("revenue", "*aid*")


@pytest.mark.parametrize(
    ("rows", "account"),
    [
        ({THING: "1", TYPE: "2", LONG: "3", SHORT: "4"}, "1"),
        ({TYPE: "2", LONG: "3", SHORT: "4"}, "2"),
        ({SHORT: "4", LONG: "3"}, "3"),
        ({SHORT: "4"}, "4"),
        ({("revenue", "*FIRST AID*"): "5"}, "5"),
        ({("revenue", "* first aid *"): "5"}, "5"),
        ({("revenue", "*places*"): "b", ("revenue", "*at work*"): "a"}, "a"),
    ],
)
def test_the_most_exact_row_counts(rows: dict[tuple[str, str], str], account: str) -> None:
    assert sent(invoice(), {**TAXES, **rows}) == [(account, "T1")]


@pytest.mark.parametrize(
    "row", ["course", "4711", "First aid at work, 12 places", "**", "*", "* *", "*second aid*", "*First aid", "Course/"]
)
def test_another_row_does_not(row: str) -> None:
    assert [gap.family for gap in gaps(invoice(), PLAIN, {**TAXES, ("revenue", row): "1"})] == ["revenue"]


def test_a_row_of_another_family_does_not_count() -> None:
    rows = {("account", "Course"): "1", ("bank", "Course"): "2", ("dimension:department", "Course"): "3"}
    assert [gap.family for gap in gaps(invoice(), PLAIN, {**TAXES, **rows})] == ["revenue"]


def test_what_is_not_listed_may_take_the_default() -> None:
    rules = Rules(revenue=Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default="4000"))
    document = sale(lines=(FIRST, replace(FIRST, number=2, item_code="")))
    assert sent(document, TAXES, rules) == [("4000", "T1"), ("4000", "T1")]


def test_a_label_counts_where_the_source_names_no_item() -> None:
    assert sent(invoice(item_code=""), {**TAXES, SHORT: "4"}) == [("4", "T1")]


def test_an_account_that_the_source_wrote_is_the_only_candidate() -> None:
    document = invoice(account_code="4000")
    assert sent(document, {**TAXES, ("revenue", "4000"): "9"}) == [("9", "T1")]
    assert refused(document, {**TAXES, TYPE: "2", SHORT: "4"}).field == "mapping.revenue[4000]"
    assert sent(document, TAXES, Rules(revenue=AS_IT_COMES)) == [("4000", "T1")]


def test_a_type_is_what_stands_before_the_first_stroke() -> None:
    assert sold_on(replace(FIRST, item_code=" A/B/C ")).names == ("A/B/C", "A")
    assert sold_on(replace(FIRST, item_code="4711")).names == ("4711",)
    assert sold_on(replace(FIRST, item_code="/4711")).names == ("/4711",)
    assert sold_on(replace(FIRST, item_code=" ")).names == ()


def test_a_line_of_text_lacks_nothing_and_a_free_place_does() -> None:
    text = replace(FIRST, net=Decimal(0), tax=Decimal(0), gross=Decimal(0), item_code="", tax_code=None)
    free = replace(text, number=2, item_code="Course/1", tax_code="0")
    found = gaps(sale(lines=(text, free)), PLAIN, TAXES)
    assert [(gap.family, gap.line) for gap in found] == [("revenue", 2)]


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.REFUND])
def test_money_goes_to_the_account_of_its_method_and_has_no_tax(kind: Kind) -> None:
    assert sent(paid(kind), {("bank", "BACS"): "1200"}) == [("1200", None)]


@pytest.mark.parametrize("row", ["bacs", "*BACS*", "BACS/1"])
def test_a_method_has_neither_type_nor_label(row: str) -> None:
    document = paid(item_code="BACS", description="BACS")
    assert refused(document, {("bank", row): "1200"}).field == "mapping.bank[BACS]"
    assert refused(paid(item_code="BACS/1"), {("bank", "BACS"): "1"}).field == "mapping.bank[BACS/1]"


def test_money_lacks_no_dimension() -> None:
    rules = Rules(dimensions=(DimensionRule(name="Department", how=How.TABLE, absent=Missing.REFUSE),))
    assert mapped(paid(), rules, {("bank", "BACS"): "1200"}).lines[0].dimensions == ()


# --- tax, customers, dimensions ---------------------------------------------------------------------------------------


def test_a_rate_has_its_own_table() -> None:
    rows = {TYPE: "4000", ("sales_tax", "17.5"): "OLD", ("tax", "20"): "purchases alone"}
    assert sent(invoice(tax_code="17.5"), rows) == [("4000", "OLD")]
    assert refused(invoice(), rows).message == (
        "Line 1: sales tax code 20 is not in the mapping table of the connection. Add it there."
    )


def test_a_customer_is_sent_as_the_source_writes_it() -> None:
    rows = {TYPE: "4000", **TAXES, ("supplier", "HARB01"): "a supplier"}
    assert mapped(invoice(), PLAIN, rows).party == sale().party
    rules = Rules(customer=TABLE, supplier=Rule(absent=Missing.REFUSE))
    assert mapped(invoice(), rules, {**rows, ("customer", "HARB01"): "C7"}).party.code == "C7"
    assert refused(invoice(), rows, rules).field == "mapping.customer[HARB01]"


def test_what_was_sold_gives_a_dimension_that_nobody_named() -> None:
    rows = {TYPE: "4000", **TAXES, ("dimension:department", "Course"): "T-01"}
    assert mapped(invoice(), DEPARTMENT, rows).lines[0].dimensions == (Dimension(name="Department", code="T-01"),)
    label = {TYPE: "4000", **TAXES, ("dimension:department", "*first aid*"): "T-02"}
    assert mapped(invoice(), DEPARTMENT, label).lines[0].dimensions == (Dimension(name="Department", code="T-02"),)


def test_a_dimension_that_the_source_named_is_looked_up_by_its_code() -> None:
    named = Dimension(name="department", code="X")
    rows = {TYPE: "4000", **TAXES, ("dimension:department", "Course"): "T-01", ("dimension:department", "X"): "T-09"}
    on_line = mapped(invoice(dimensions=(named,)), DEPARTMENT, rows)
    assert [each.code for each in on_line.lines[0].dimensions] == ["T-09"]
    on_header = mapped(replace(invoice(), dimensions=(named,)), DEPARTMENT, rows)
    assert on_header.lines[0].dimensions == ()


def test_what_was_bought_gives_no_dimension_and_no_account() -> None:
    bought = with_line(sample(), 0, item_code="Course/4711", account_code=None)
    rows = {TYPE: "4000", ("account", "Course"): "1", ("dimension:department", "Course"): "T-01"}
    rules = replace(DEPARTMENT, account=TABLE, tax=AS_IT_COMES)
    line = mapped_as_far_as_known(bought, rules, rows).lines[0]
    assert (line.account_code, line.dimensions) == (None, ())


def test_what_was_sold_may_have_no_dimension_or_the_default_or_be_refused() -> None:
    rows = {TYPE: "4000", **TAXES}
    assert mapped(invoice(), DEPARTMENT, rows).lines[0].dimensions == ()
    rule = DimensionRule(name="Department", to="Team", how=How.TABLE, absent=Missing.DEFAULT, default="HQ")
    by_default = mapped(invoice(), Rules(dimensions=(rule,)), rows)
    assert by_default.lines[0].dimensions == (Dimension(name="Team", code="HQ"),)
    error = refused(invoice(), rows, Rules(dimensions=(replace(rule, absent=Missing.REFUSE, default=""),)))
    assert error.field == "mapping.dimension:department[Course/4711]"
    assert "has no Department for it. Add Course/4711, its type Course or" in error.message


def test_a_dimension_that_is_not_looked_up_asks_nothing_of_what_was_sold() -> None:
    rows = {TYPE: "4000", **TAXES, ("dimension:department", "Course"): "T-01"}
    for how in (How.DIRECT, How.DROP):
        rules = Rules(dimensions=(DimensionRule(name="Department", how=how),))
        assert mapped(invoice(), rules, rows).lines[0].dimensions == ()


# --- which rows are needed --------------------------------------------------------------------------------------------


def test_a_sale_needs_its_candidates_and_the_labels_of_two_families() -> None:
    keys, labels = needs(invoice(), DEPARTMENT)
    assert keys == {
        ("revenue", "Course/4711"), ("revenue", "Course"), ("sales_tax", "20"),
        ("dimension:department", "Course/4711"), ("dimension:department", "Course"),
    }  # fmt: skip
    assert labels == {"revenue", "dimension:department"}


def test_money_needs_one_row_and_a_purchase_no_label() -> None:
    assert needs(paid(), DEPARTMENT) == (frozenset({("bank", "BACS")}), frozenset())
    every = Rules(supplier=TABLE, account=TABLE, tax=TABLE, dimensions=DEPARTMENT.dimensions)
    assert needs(with_line(sample(), 0, item_code="Course/4711"), every).labels == frozenset()
    assert needs(sample(), PLAIN) == (frozenset(), frozenset())


# --- what holds for every document ------------------------------------------------------------------------------------

PARTS = st.sampled_from(["Course", "Resource", "1", "2", ""])
ITEMS = st.builds("{}/{}".format, PARTS, PARTS) | PARTS
LABELS = st.sampled_from(["First aid at work", "first AID", "Manual handling", "", " x "])
MONEY = st.sampled_from([Decimal(0), Decimal("10.00"), Decimal("-3.50")])
OF_DIMENSION = st.lists(st.builds(Dimension, name=st.just("Department"), code=st.sampled_from(["", "T"])), max_size=1)
ONE = st.builds(
    Line,
    number=st.integers(1, 99),
    description=LABELS,
    net=MONEY,
    tax=MONEY,
    gross=MONEY,
    item_code=ITEMS,
    account_code=st.sampled_from([None, "", "4000"]),
    tax_code=st.sampled_from([None, "", "20", "0"]),
    dimensions=OF_DIMENSION.map(tuple),
)
KINDS = st.sampled_from(sorted(SALES))
DOCUMENTS = st.builds(sale, KINDS, lines=st.lists(ONE, max_size=4).map(tuple))
TEXTS = st.sampled_from(["*first aid*", "*aid*", "*work*", "*manual*", "**", "*x*"])
FAMILIES = st.sampled_from(["revenue", "bank", "sales_tax", "customer", "account", "tax", "dimension:department"])
ROWS = st.dictionaries(st.tuples(FAMILIES, ITEMS | TEXTS | st.sampled_from(["20", "4000", "T"])), st.uuids().map(str))
RULE = st.builds(
    Rule,
    how=st.sampled_from([How.DIRECT, How.TABLE]),
    absent=st.sampled_from(Missing),
    unknown=st.sampled_from(Missing),
    default=st.just("DEF"),
)
DIMENSION = st.builds(
    DimensionRule, name=st.just("Department"), how=st.sampled_from(How), absent=st.sampled_from(Missing),
    default=st.just("DEF"),
)  # fmt: skip
RULES = st.builds(
    Rules, account=RULE, tax=RULE, supplier=RULE, customer=RULE, revenue=RULE, bank=RULE, sales_tax=RULE,
    dimensions=st.lists(DIMENSION, max_size=1).map(tuple),
)  # fmt: skip


NAMES = ITEMS | TEXTS
OF_REVENUE = st.dictionaries(st.tuples(st.just("revenue"), NAMES), st.uuids().map(str), max_size=6)


@given(ONE, OF_REVENUE | st.dictionaries(st.tuples(st.just("revenue"), TEXTS), st.uuids().map(str)))
def test_the_order_is_thing_type_longest_label_then_the_alphabet(line: Line, rows: Rows) -> None:
    """Told once more, the long way."""
    sold = sold_on(line)
    texts = sorted(
        (-len(text_of(code)), text_of(code), code)
        for family, code in rows
        if family == "revenue" and text_of(code) and text_of(code) in line.description.strip().casefold()
    )
    names = [*sold.names, *(code for _, _, code in texts)]
    expected = next((rows["revenue", name] for name in names if ("revenue", name) in rows), None)
    assert Resolver(PLAIN, rows).named("revenue", sold) == expected


@given(DOCUMENTS, RULES, ROWS)
def test_the_rows_that_a_sale_asks_for_are_all_that_it_needs(document: Document, rules: Rules, rows: Rows) -> None:
    keys, labels = needs(document, rules)
    needed = {key: code for key, code in rows.items() if key in keys or (key[0] in labels and key[1].startswith("*"))}
    assert gaps(document, rules, needed) == gaps(document, rules, rows)
    assert mapped_as_far_as_known(document, rules, needed) == mapped_as_far_as_known(document, rules, rows)


@given(DOCUMENTS, RULES, ROWS, RULE, RULE, RULE)
def test_rules_and_rows_of_purchases_change_no_sale(
    document: Document, rules: Rules, rows: Rows, supplier: Rule, account: Rule, tax: Rule
) -> None:
    others = replace(rules, supplier=supplier, account=account, tax=tax)
    mine = {key: code for key, code in rows.items() if key[0] not in ("supplier", "account", "tax")}
    assert mapped_as_far_as_known(document, others, mine) == mapped_as_far_as_known(document, rules, rows)


@given(DOCUMENTS, RULES, ROWS, RULE, RULE, RULE, RULE)
def test_rules_and_rows_of_sales_change_no_purchase(
    document: Document, rules: Rules, rows: Rows, customer: Rule, revenue: Rule, bank: Rule, sales_tax: Rule
) -> None:
    bought = sample(lines=document.lines)
    others = replace(rules, customer=customer, revenue=revenue, bank=bank, sales_tax=sales_tax)
    of_purchases = ("supplier", "account", "tax", "dimension:department")
    mine = {key: code for key, code in rows.items() if key[0] in of_purchases and not key[1].startswith("*")}
    assert mapped_as_far_as_known(bought, others, mine) == mapped_as_far_as_known(bought, rules, rows)
    assert gaps(bought, others, mine) == gaps(bought, rules, rows)


@given(DOCUMENTS, RULES, ROWS)
def test_what_was_bought_is_never_looked_up_by_its_item_or_its_name(
    document: Document, rules: Rules, rows: Rows
) -> None:
    bought = sample(lines=document.lines)
    nameless = replace(bought, lines=tuple(replace(one, item_code="", description="") for one in bought.lines))
    made = mapped_as_far_as_known(bought, rules, rows)
    stripped = replace(made, lines=tuple(replace(one, item_code="", description="") for one in made.lines))
    assert stripped == mapped_as_far_as_known(nameless, rules, rows)
    assert gaps(bought, rules, rows) == gaps(nameless, rules, rows)


@given(DOCUMENTS, RULES, ROWS)
def test_amounts_and_what_else_a_sale_says_are_never_touched(document: Document, rules: Rules, rows: Rows) -> None:
    made = mapped_as_far_as_known(document, rules, rows)
    lines = tuple(
        replace(line, account_code=own.account_code, tax_code=own.tax_code, dimensions=own.dimensions)
        for line, own in zip(made.lines, document.lines, strict=True)
    )
    assert replace(made, party=document.party, lines=lines) == document


def test_a_long_label_is_cut_in_what_people_read() -> None:
    assert Sold(("A/1", "A"), "x" * 61).words == f"“{'x' * 59}…” (A/1)"
    assert Sold((), "First aid").words == "“First aid”"
    assert Sold(("BACS",)).words == "BACS"
