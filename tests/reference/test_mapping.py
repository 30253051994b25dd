"""A document in the accounting system's codes: exact values, and what holds for every document."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.documents import Dimension, Document, Line, Supplier
from integrations.errors import Misconfigured
from portal.reference.gaps import Why, field_of
from portal.reference.mapping import (
    Rows,
    codes_to_look_up,
    gaps,
    mapped,
    mapped_as_far_as_known,
)
from portal.reference.rules import PLAIN, DimensionRule, How, Missing, Rule, Rules, defaults
from tests.samples import in_dollars, sample, with_line

TABLE = Rule(how=How.TABLE)
DEPARTMENT = Dimension(name="Department", code="TRN", label="Training")


def by_table(**members: str) -> Rule:
    """A rule with a table; `absent`, `unknown`, `default` as text."""
    kinds = {"absent": Missing, "unknown": Missing}
    return Rule(how=How.TABLE, **{name: kinds.get(name, str)(value) for name, value in members.items()})  # type: ignore[arg-type]


def codes(document: Document) -> list[tuple[str | None, str | None]]:
    return [(line.account_code, line.tax_code) for line in document.lines]


# --- direct -----------------------------------------------------------------------------------------------------------


def test_plain_rules_give_the_very_same_document() -> None:
    document = sample()
    assert mapped(document, PLAIN, {}) is document


def test_a_default_stands_in_for_what_is_lacking_alone() -> None:
    document = with_line(
        with_line(sample(party=Supplier(code=None, name="Crown")), 0, account_code=None), 1, tax_code=""
    )
    sent = mapped(document, defaults(supplier="S1", account="7502", tax="T9"), {})
    assert sent.party == Supplier(code="S1", name="Crown")
    assert codes(sent) == [("7502", "T1"), ("7504", "T9")]


def test_a_code_that_must_be_there_and_is_not_refuses() -> None:
    document = with_line(sample(), 1, tax_code=None)
    with pytest.raises(Misconfigured) as caught:
        mapped(document, Rules(tax=Rule(absent=Missing.REFUSE)), {})
    assert caught.value.message == (
        "Line 2 has no tax code. Code it at the source, or set a default in the mapping of the connection."
    )
    assert caught.value.field == "mapping.tax[]"


# --- by table ---------------------------------------------------------------------------------------------------------

ROWS: Rows = {
    ("supplier", "CROWN01"): "S-000017",
    ("account", "5010"): "7100",
    ("account", "7504"): "7200",
    ("tax", "T1"): "20% VAT on Expenses",
    ("tax", "T0"): "Zero Rated",
    ("currency", "GBP"): "UKL",
}


def test_every_family_is_looked_up() -> None:
    sent = mapped(sample(), Rules(supplier=TABLE, account=TABLE, tax=TABLE, currency=TABLE), ROWS)
    assert sent.party == Supplier(code="S-000017", name="Crown Conference Centre")
    assert codes(sent) == [("7100", "20% VAT on Expenses"), ("7200", "Zero Rated")]
    assert (sent.currency, sent.base_currency) == ("UKL", "UKL")


def test_nothing_but_codes_is_touched() -> None:
    document = sample()
    sent = mapped(document, Rules(supplier=TABLE, account=TABLE, tax=TABLE, currency=TABLE), ROWS)
    lines = tuple(
        replace(line, account_code=own.account_code, tax_code=own.tax_code)
        for line, own in zip(sent.lines, document.lines, strict=True)
    )
    assert replace(sent, party=document.party, currency="GBP", base_currency="GBP", lines=lines) == document


@pytest.mark.parametrize(
    ("written", "sent"), [("5010", "7100"), (" 5010 ", "7100"), (None, "D"), ("", "D"), (" ", "D"), ("9999", "D")]
)
def test_one_default_for_what_is_absent_and_what_is_unknown(written: str | None, sent: str) -> None:
    rules = Rules(account=by_table(absent="default", unknown="default", default="D"))
    document = mapped(with_line(sample(), 0, account_code=written), rules, ROWS)
    assert document.lines[0].account_code == sent


def test_what_is_absent_may_take_the_default_while_what_is_unknown_refuses() -> None:
    rules = Rules(account=by_table(absent="default", default="7502"))
    assert mapped(with_line(sample(), 0, account_code=None), rules, ROWS).lines[0].account_code == "7502"
    with pytest.raises(Misconfigured) as caught:
        mapped(with_line(sample(), 0, account_code="9999"), rules, ROWS)
    assert caught.value.message == (
        "Line 1: account code 9999 is not in the mapping table of the connection. Add it there."
    )
    assert caught.value.field == "mapping.account[9999]"


@pytest.mark.parametrize(("written", "sent"), [("5010", "7100"), ("9999", "9999"), (None, None), ("", "")])
def test_what_is_not_listed_may_be_sent_as_it_is(written: str | None, sent: str | None) -> None:
    rules = Rules(account=by_table(unknown="as_is"))
    document = with_line(sample(), 0, account_code=written)
    assert mapped(document, rules, ROWS).lines[0].account_code == sent
    assert gaps(document, rules, ROWS) == ()
    assert ("account", "9999") in codes_to_look_up(with_line(sample(), 0, account_code="9999"), rules)


def test_a_dimension_that_is_not_listed_keeps_its_code_under_its_new_name() -> None:
    rule = DimensionRule(name="Department", to="Team", how=How.TABLE, unknown=Missing.AS_IS)
    document = sample(dimensions=(DEPARTMENT, Dimension(name="Department", code="ELSE")))
    rows = {("dimension:department", "TRN"): "T-01"}
    sent = mapped(document, Rules(dimensions=(rule,)), rows).dimensions
    assert [(each.name, each.code) for each in sent] == [("Team", "T-01"), ("Team", "ELSE")]


def test_a_currency_that_is_not_listed_never_becomes_the_companys_own() -> None:
    rules = Rules(currency=by_table(unknown="as_is"))
    document = sample(currency="USD", base_currency="GBP")
    sent = mapped(document, rules, {("currency", "GBP"): "UKL"})
    assert (sent.currency, sent.base_currency) == ("USD", "UKL")
    with pytest.raises(Misconfigured):
        mapped(document, rules, {("currency", "GBP"): "USD"})


def test_codes_are_compared_letter_by_letter() -> None:
    assert [gap.code for gap in gaps(with_line(sample(), 0, tax_code="t1"), Rules(tax=TABLE), ROWS)] == ["t1"]


def test_a_supplier_without_a_code_goes_by_its_name() -> None:
    document = sample(party=Supplier(code=None, name="Crown"))
    assert mapped(document, Rules(supplier=TABLE), ROWS).party == document.party


# --- every gap at once ------------------------------------------------------------------------------------------------


def test_all_gaps_are_told_in_reading_order_and_the_error_counts_them() -> None:
    document = with_line(with_line(sample(), 0, account_code="9998"), 1, account_code=None, tax_code="T7")
    rules = Rules(supplier=TABLE, account=by_table(absent="refuse"), tax=TABLE)
    rows = {("tax", "T1"): "A"}
    found = gaps(document, rules, rows)
    assert [(gap.family, gap.code, gap.line, gap.why) for gap in found] == [
        ("supplier", "CROWN01", None, Why.UNKNOWN),
        ("account", "9998", 1, Why.UNKNOWN),
        ("account", "", 2, Why.ABSENT),
        ("tax", "T7", 2, Why.UNKNOWN),
    ]
    with pytest.raises(Misconfigured) as caught:
        mapped(document, rules, rows)
    assert caught.value.message == (
        "Supplier code CROWN01 is not in the mapping table of the connection. Add it there. "
        "3 more codes of this document are missing, too."
    )
    assert caught.value.field == "mapping.supplier[CROWN01]"


def test_the_same_code_on_two_lines_is_one_missing_code() -> None:
    document = with_line(sample(), 1, account_code="5010", tax_code="T9")
    with pytest.raises(Misconfigured, match=r"1 more code of this document is missing, too\.$"):
        mapped(document, Rules(account=TABLE, tax=TABLE), {("tax", "T1"): "A"})


def test_a_lookup_goes_on_without_what_is_missing() -> None:
    document = with_line(sample(), 1, account_code=None)
    sent = mapped_as_far_as_known(
        document, Rules(supplier=TABLE, account=by_table(absent="refuse"), currency=TABLE), {}
    )
    assert sent.party == Supplier(code=None, name="Crown Conference Centre")
    assert [line.account_code for line in sent.lines] == [None, None]
    assert (sent.currency, sent.gross) == ("GBP", Decimal("170.50"))


def test_a_field_is_never_longer_than_its_column() -> None:
    assert field_of("account", "9" * 100) == "mapping.account[" + "9" * 84


# --- currencies -------------------------------------------------------------------------------------------------------


def test_a_foreign_document_needs_both_currencies_and_keeps_its_amounts() -> None:
    document = in_dollars()
    sent = mapped(document, Rules(currency=TABLE), {("currency", "USD"): "USA", ("currency", "GBP"): "UKL"})
    assert replace(sent, currency="USD", base_currency="GBP") == document
    assert (sent.currency, sent.base_currency) == ("USA", "UKL")
    assert [gap.code for gap in gaps(document, Rules(currency=TABLE), {})] == ["USD", "GBP"]


def test_two_currencies_never_become_one() -> None:
    rows = {("currency", "USD"): "UKL", ("currency", "GBP"): "UKL"}
    with pytest.raises(Misconfigured, match="gives USD the same code as the company's own currency") as caught:
        mapped(in_dollars(), Rules(currency=TABLE), rows)
    assert caught.value.field == "mapping.currency[USD]"
    left = mapped_as_far_as_known(in_dollars(), Rules(currency=TABLE), rows)
    assert (left.currency, left.base_currency) == ("USD", "GBP")


# --- dimensions -------------------------------------------------------------------------------------------------------


def rule(**members: object) -> Rules:
    return Rules(dimensions=(DimensionRule(**{"name": "department", **members}),))  # type: ignore[arg-type]


def lines_with(*dimensions: Dimension) -> Document:
    return with_line(sample(), 0, dimensions=dimensions)


def first(document: Document) -> tuple[Dimension, ...]:
    return document.lines[0].dimensions


ANALYSED = {("dimension:department", "TRN"): "T-01"}


@pytest.mark.parametrize(
    ("rules", "sent"),
    [
        (rule(), (DEPARTMENT,)),
        (rule(to="Dept"), (Dimension(name="Dept", code="TRN", label="Training"),)),
        (rule(how=How.DROP), ()),
        (rule(how=How.TABLE), (Dimension(name="Department", code="T-01", label="Training"),)),
        (rule(how=How.TABLE, to="Dept"), (Dimension(name="Dept", code="T-01", label="Training"),)),
        (Rules(account=TABLE), (DEPARTMENT,)),
    ],
)
def test_a_dimension_is_sent_renamed_looked_up_or_dropped(rules: Rules, sent: tuple[Dimension, ...]) -> None:
    rows = {**ROWS, **ANALYSED}
    assert first(mapped(lines_with(DEPARTMENT), rules, rows)) == sent
    assert mapped(sample(dimensions=(DEPARTMENT,)), rules, rows).dimensions == sent


def test_the_default_of_a_dimension_does_not_carry_the_other_codes_label() -> None:
    rules = rule(how=How.TABLE, unknown=Missing.DEFAULT, default="HQ")
    assert first(mapped(lines_with(DEPARTMENT), rules, {})) == (Dimension(name="Department", code="HQ"),)


def test_a_line_that_lacks_a_dimension_takes_its_default() -> None:
    rules = rule(to="Dept", absent=Missing.DEFAULT, default="HQ")
    sent = mapped(lines_with(replace(DEPARTMENT, name="DEPARTMENT")), rules, {})
    assert [line.dimensions for line in sent.lines] == [
        (Dimension(name="Dept", code="TRN", label="Training"),),
        (Dimension(name="Dept", code="HQ"),),
    ]


def test_a_dimension_of_the_header_counts_for_its_lines() -> None:
    rules = rule(absent=Missing.REFUSE)
    assert gaps(sample(dimensions=(DEPARTMENT,)), rules, {}) == ()
    assert [gap.sentence for gap in gaps(lines_with(DEPARTMENT), rules, {})] == [
        "Line 2 has no department. Code it at the source, or set a default in the mapping of the connection."
    ]


def test_an_unknown_dimension_code_names_the_dimension_as_its_rule_writes_it() -> None:
    with pytest.raises(Misconfigured, match="Line 1: Department XYZ is not in the mapping table") as caught:
        mapped(lines_with(replace(DEPARTMENT, code="XYZ")), rule(name="Department", how=How.TABLE), ANALYSED)
    assert caught.value.field == "mapping.dimension:department[XYZ]"


# --- which rows a document needs --------------------------------------------------------------------------------------


def test_only_codes_of_tables_are_looked_up() -> None:
    document = with_line(with_line(sample(dimensions=(DEPARTMENT,)), 0, account_code=None), 1, tax_code="T1")
    rules = Rules(
        account=by_table(absent="refuse", unknown="default", default="D"),
        tax=TABLE,
        dimensions=(DimensionRule(name="Department", how=How.TABLE), DimensionRule(name="Tray", how=How.DROP)),
    )
    assert codes_to_look_up(document, rules) == {("account", "7504"), ("tax", "T1"), ("dimension:department", "TRN")}
    assert codes_to_look_up(document, defaults(account="7502")) == frozenset()


# --- what holds for every document ------------------------------------------------------------------------------------

CODE = st.one_of(st.none(), st.sampled_from(["", " ", "5010", "T1", "zz"]))
AMOUNT = st.decimals(min_value=-10_000, max_value=10_000, places=2)
DIMENSIONS = st.lists(
    st.builds(Dimension, name=st.sampled_from(["Department", "Project"]), code=st.sampled_from(["", "TRN", "zz"])),
    max_size=2,
).map(tuple)
LINES = st.lists(
    st.builds(
        Line,
        number=st.integers(1, 99),
        description=st.just("x"),
        net=AMOUNT,
        tax=AMOUNT,
        gross=AMOUNT,
        account_code=CODE,
        tax_code=CODE,
        dimensions=DIMENSIONS,
    ),
    max_size=4,
).map(tuple)
DOCUMENTS = st.builds(
    sample,
    lines=LINES,
    net=AMOUNT,
    party=st.builds(Supplier, code=CODE, name=st.just("Crown")),
    currency=st.sampled_from(["GBP", "EUR"]),
    dimensions=DIMENSIONS,
)
RULE = st.builds(
    Rule,
    how=st.sampled_from([How.DIRECT, How.TABLE]),
    absent=st.sampled_from(Missing),
    unknown=st.sampled_from(Missing),
    default=st.just("DEF"),
)
RULES = st.builds(
    Rules,
    supplier=RULE,
    account=RULE,
    tax=RULE,
    currency=st.builds(
        Rule, how=st.sampled_from([How.DIRECT, How.TABLE]), unknown=st.sampled_from([Missing.AS_IS, Missing.REFUSE])
    ),
    dimensions=st.just((DimensionRule(name="Department", how=How.TABLE), DimensionRule(name="Project", how=How.DROP))),
)
# Every code of ours is its own neighbour, so that mapping twice can be compared.
DEFAULT_STAYS = {(family, "DEF"): "DEF" for family in ("supplier", "account", "tax")}
FIXED = st.sampled_from(
    [
        {},
        {(family, code): code for family in ("supplier", "account", "tax") for code in ("5010", "T1", "zz", "DEF")}
        | {("currency", code): code for code in ("GBP", "EUR")}
        | {("dimension:department", code): code for code in ("TRN", "zz")},
    ]
)


def amounts(document: Document) -> list[object]:
    own = [document.net, document.tax, document.gross, document.base_net, document.base_tax, document.base_gross]
    return own + [(line.number, line.net, line.tax, line.gross, line.quantity) for line in document.lines]


@given(DOCUMENTS)
def test_direct_changes_nothing(document: Document) -> None:
    explicit = Rules(dimensions=(DimensionRule(name="Department"), DimensionRule(name="Project")))
    assert mapped(document, explicit, {}) == document


@given(DOCUMENTS, RULES, FIXED)
def test_amounts_and_the_number_of_lines_are_never_touched(document: Document, rules: Rules, rows: Rows) -> None:
    assert amounts(mapped_as_far_as_known(document, rules, rows)) == amounts(document)


@given(DOCUMENTS, RULES, FIXED)
def test_a_document_is_sent_whole_or_not_at_all(document: Document, rules: Rules, rows: Rows) -> None:
    missing = gaps(document, rules, rows)
    if missing:
        with pytest.raises(Misconfigured) as caught:
            mapped(document, rules, rows)
        assert caught.value.message.startswith(missing[0].sentence)
    else:
        assert mapped(document, rules, rows) == mapped_as_far_as_known(document, rules, rows)


@given(DOCUMENTS, RULES, FIXED)
def test_mapping_to_the_same_codes_twice_is_mapping_once(document: Document, rules: Rules, rows: Rows) -> None:
    if not gaps(document, rules, rows):
        once = mapped(document, rules, rows)
        assert mapped(once, rules, {**rows, **DEFAULT_STAYS}) == once


@given(DOCUMENTS, RULES, FIXED)
def test_the_rows_that_a_document_asks_for_are_all_that_it_needs(document: Document, rules: Rules, rows: Rows) -> None:
    needed = {key: rows[key] for key in codes_to_look_up(document, rules) if key in rows}
    assert gaps(document, rules, needed) == gaps(document, rules, rows)
    assert mapped_as_far_as_known(document, rules, needed) == mapped_as_far_as_known(document, rules, rows)
