"""What the connector says of itself, and what its settings may say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrations.accessplanit.connector import AccessPlanit
from integrations.accessplanit.terms import reading, terms
from integrations.base import Answer, Link
from integrations.documents import Kind
from integrations.errors import Misconfigured
from integrations.feeds import FedSource
from tests.contract.description import SECRET_WORDS, SLUG
from tests.integrations.accessplanit.platform import PASSWORD, link


def test_what_it_is() -> None:
    told = AccessPlanit.metadata
    assert issubclass(AccessPlanit, FedSource)
    assert (told.slug, told.name, told.monogram) == ("accessplanit", "accessplanit", "aP")
    assert AccessPlanit.kinds == {Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT, Kind.REFUND}
    assert [(one.name, one.kinds) for one in AccessPlanit.feeds] == [
        ("invoice", {Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE}),
        ("transaction", {Kind.PAYMENT, Kind.REFUND}),
        ("credit_note", {Kind.SALES_CREDIT_NOTE}),
    ]


def test_its_settings() -> None:
    settings = AccessPlanit.metadata.settings
    assert len({one.key for one in settings}) == len(settings)
    for one in settings:
        assert SLUG.fullmatch(one.key), one
        assert one.label.strip(), one
        assert one.help.strip(), one
        assert one.secret or not SECRET_WORDS.search(one.key), one
        assert not one.choices or one.default in {value for value, _ in one.choices}, one
    assert {one.key for one in settings if one.secret} == {"api_key", "password"}
    assert {one.key for one in settings if one.required} == {
        "base_url",
        "auth",
        "time_zone",
        "amount_mode",
        "amount_unit",
        "merge_negative_lines",
    }


def test_without_settings_it_reads_by_the_defaults() -> None:
    found = reading({})
    assert (found.zone.key, found.start, found.is_gross, found.in_pence, found.merges) == (
        "Europe/London",
        None,
        True,
        False,
        True,
    )
    assert found.rates[:3] == (Decimal(20), Decimal(5), Decimal("17.5"))
    assert found.waits_for == {"temporary"}
    assert found.no_money == {"creditnote"}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"start_date": "01/04/2026"}, "start_date"),
        ({"amount_mode": "both"}, "amount_mode"),
        ({"amount_unit": "x"}, "amount_unit"),
        ({"merge_negative_lines": "perhaps"}, "merge_negative_lines"),
        ({"tax_rates": "20, many"}, "tax_rates"),
        ({"tax_rates": "-1"}, "tax_rates"),
        ({"tax_rates": "NaN"}, "tax_rates"),
        ({"refund_rule": "x"}, "refund_rule"),
        ({"fields": "transaction.amont = X"}, "fields"),
        ({"fields": "transaction.amount"}, "fields"),
        ({"fields": "transaction.amount ="}, "fields"),
        ({"fields": "transaction.amount = a b"}, "fields"),
        ({"fields": "transaction.amount = x' or '1"}, "fields"),
        ({"modules": "invoice ="}, "modules"),
        ({"modules": "invoice = ../x"}, "modules"),
        ({"auth": "magic"}, "auth"),
        ({"base_url": ""}, "base_url"),
        ({"quote_dates": "x"}, "quote_dates"),
        ({"write_payments": "x"}, "write_payments"),
        ({"auth": "password"}, "username"),
    ],
)
def test_a_setting_that_cannot_be_used(settings: dict[str, str], field: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        terms(link("https://name.example", **settings))
    assert caught.value.field == field


@pytest.mark.parametrize(("settings", "field"), [({}, "api_key"), (PASSWORD, "password")])
def test_a_secret_that_is_missing(settings: dict[str, str], field: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        terms(Link(settings={"base_url": "https://name.example", **settings}))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("word", "requests"), [("", 5000), ("1200", 1200), ("0", 1), ("9" * 8, 100_000), ("many", 5000), ("9" * 30, 5000)]
)
def test_its_limit_is_a_setting(word: str, requests: int) -> None:
    found = AccessPlanit.limits_for({"requests_per_hour": word})
    assert (found.requests, found.seconds) == (requests, 3600)


def test_a_feed_that_there_is_not() -> None:
    source = AccessPlanit(link("https://name.example"))
    calls: list[Any] = [lambda: source.head("course", "1"), lambda: source.tells_changes("course")]
    for call in [*calls, lambda: source.fields("course")]:
        with pytest.raises(Misconfigured):
            call()


def test_its_answers_to_a_webhook() -> None:
    source = AccessPlanit()
    assert source.acknowledge("P-1", {"Number": "{journal}", "n": 1}) == Answer(200, {"Number": "P-1", "n": 1})
    assert source.refuse(401, "No.") == Answer(401, {"message": "No."})


def test_no_secret_is_shown_by_what_holds_them() -> None:
    found = terms(link("https://name.example", **PASSWORD))
    assert "pass word" not in repr(found)
