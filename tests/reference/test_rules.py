"""The rules of a connection: what is stored, what is read, what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import Misconfigured
from portal.reference import rules
from portal.reference.rules import (
    PLAIN,
    DimensionRule,
    How,
    Missing,
    Rule,
    Rules,
    defaults,
    dimension_family,
    family_words,
    from_json,
    problems,
    to_json,
)

EVERY_KIND = Rules(
    supplier=Rule(how=How.TABLE, absent=Missing.AS_IS, unknown=Missing.REFUSE),
    account=Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.REFUSE, default="7502"),
    tax=Rule(absent=Missing.REFUSE),
    currency=Rule(how=How.TABLE),
    dimensions=(
        DimensionRule(name="Department", to="Dept", how=How.TABLE, unknown=Missing.DEFAULT, default="HQ"),
        DimensionRule(name="Tray", how=How.DROP),
    ),
)
STORED = {
    "supplier": {"how": "table"},
    "account": {"how": "table", "absent": "default", "default": "7502"},
    "tax": {"absent": "refuse"},
    "currency": {"how": "table"},
    "dimensions": [
        {"name": "Department", "to": "Dept", "how": "table", "unknown": "default", "default": "HQ"},
        {"name": "Tray", "how": "drop"},
    ],
}


def test_what_is_plain_is_left_out() -> None:
    assert to_json(EVERY_KIND) == STORED
    assert to_json(PLAIN) == {}


def test_what_was_stored_is_read_again() -> None:
    assert from_json(STORED) == EVERY_KIND
    assert from_json({}) is PLAIN


def test_defaults_stand_in_for_what_a_document_lacks() -> None:
    assert to_json(defaults(account="7502", tax="T1")) == {
        "account": {"absent": "default", "default": "7502"},
        "tax": {"absent": "default", "default": "T1"},
    }
    assert defaults() == PLAIN


def test_a_dimension_is_known_by_its_name_in_any_letter_case() -> None:
    assert dimension_family(" Department ") == "dimension:department"
    assert EVERY_KIND.dimension("DEPARTMENT") == EVERY_KIND.dimensions[0]
    assert EVERY_KIND.dimension("Project") is None
    assert EVERY_KIND.of("dimension:department") == EVERY_KIND.dimensions[0]
    assert EVERY_KIND.of("dimension:project") == Rule()
    assert family_words("dimension:department", EVERY_KIND) == "Department"
    assert family_words("dimension:project", EVERY_KIND) == "project"
    assert family_words("tax") == "tax code"


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ([], "a rule is no object"),
        (None, "a rule is no object"),
        ({"acount": {}}, "'acount' is not known"),
        ({"account": {"hwo": "table"}}, "'hwo' is not known"),
        ({"account": "table"}, "a rule is no object"),
        ({"account": {"how": "magic"}}, "'magic' is not a valid How"),
        ({"account": {"default": 7502}}, "a rule holds something that is no text"),
        ({"dimensions": {}}, "the dimensions are no list"),
        ({"dimensions": [{"how": "drop"}]}, "missing 1 required keyword-only argument: 'name'"),
        ({"account": {"absent": "default"}}, rules.NO_DEFAULT),
        ({"currency": {"absent": "default", "default": "GBP"}}, rules.NO_CURRENCY_DEFAULT),
    ],
)
def test_rules_that_cannot_be_read_refuse_the_document(stored: Any, why: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        from_json(stored)
    assert why in caught.value.message
    assert caught.value.field == "mapping"


def dimension(**members: Any) -> DimensionRule:
    return DimensionRule(**{"name": "Department", **members})


@pytest.mark.parametrize(
    ("wrong", "where", "sentence"),
    [
        (Rules(account=Rule(absent=Missing.DEFAULT)), "account.default", rules.NO_DEFAULT),
        (Rules(tax=Rule(how=How.TABLE, unknown=Missing.DEFAULT)), "tax.default", rules.NO_DEFAULT),
        (Rules(tax=Rule(default="T1")), "tax.default", rules.UNUSED_DEFAULT),
        (Rules(tax=Rule(unknown=Missing.DEFAULT, default="T1")), "tax.default", rules.UNUSED_DEFAULT),
        (
            Rules(tax=Rule(how=How.TABLE, unknown=Missing.AS_IS, default="T1")),
            "tax.default",
            rules.UNUSED_DEFAULT,
        ),
        (
            Rules(currency=Rule(how=How.TABLE, unknown=Missing.AS_IS, absent=Missing.REFUSE)),
            "currency.default",
            rules.NO_CURRENCY_DEFAULT,
        ),
        (Rules(account=Rule(how=How.DROP)), "account.how", rules.ONLY_DIMENSIONS),
        (Rules(account=Rule(absent=Missing.DEFAULT, default="7" * 101)), "account.default", rules.TOO_LONG),
        (
            Rules(currency=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="GBP")),
            "currency.default",
            rules.NO_CURRENCY_DEFAULT,
        ),
        (Rules(dimensions=(dimension(name=" "),)), "dimensions[0].name", rules.NO_NAME),
        (Rules(dimensions=(dimension(to="D" * 101),)), "dimensions[0].to", rules.TOO_LONG),
        (
            Rules(dimensions=(dimension(), dimension(name="DEPARTMENT", how=How.DROP))),
            "dimensions[1].name",
            "Two rules are for the dimension DEPARTMENT.",
        ),
        (
            Rules(dimensions=(dimension(), dimension(name="Team", to="department"))),
            "dimensions[1].to",
            "Two dimensions would both be sent as department.",
        ),
        (Rules(dimensions=tuple(dimension(name=str(n)) for n in range(51))), "dimensions", rules.TOO_MANY),
    ],
)
def test_rules_that_make_no_sense_say_where(wrong: Rules, where: str, sentence: str) -> None:
    assert problems(wrong) == {where: sentence}


@pytest.mark.parametrize(
    "fine",
    [
        PLAIN,
        EVERY_KIND,
        Rules(dimensions=(dimension(how=How.DROP), dimension(name="Team", to="Department"))),
        Rules(supplier=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="SUNDRY")),
    ],
)
def test_rules_that_make_sense_have_no_problem(fine: Rules) -> None:
    assert problems(fine) == {}
