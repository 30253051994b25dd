"""The money field: exact both ways, refusing what it would have to round."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connection
from django.db.models import Avg, F, Max, Sum, Value
from django.db.models.functions import Coalesce
from hypothesis import given
from hypothesis import strategies as st

from integrations.documents import Kind
from ledger.fields import LARGEST_UNITS, MoneyField, from_ten_thousandths, ten_thousandths
from ledger.models import Books, Entry, MemoLine
from ledger.services import keep_memo
from tests.factories import a_document, a_line
from tests.ledger.booked import key

EXACT = [
    ("0", 0),
    ("-0", 0),
    ("0E-7", 0),
    ("1.2", 12_000),
    ("1.20000", 12_000),
    ("-1378.44", -13_784_400),
    ("0.0001", 1),
    ("-0.0001", -1),
    ("1E+3", 10_000_000),
    ("922337203685477.5807", LARGEST_UNITS),
    ("-922337203685477.5807", -LARGEST_UNITS),
]
REFUSED = [
    "0.00001",
    "1.23456",
    "1E-999999",
    "1E+999999",
    "922337203685477.5808",
    "1000000000000000",
    "NaN",
    "Infinity",
]


@pytest.mark.parametrize(("text", "units"), EXACT)
def test_an_amount_becomes_whole_ten_thousandths(text: str, units: int) -> None:
    assert ten_thousandths(Decimal(text)) == units
    assert from_ten_thousandths(units) == Decimal(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_would_be_rounded_or_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|too large|not an amount"):
        ten_thousandths(Decimal(text))


@pytest.mark.parametrize("value", [1.5, True, "1.5", None, b"1"])
def test_money_is_a_decimal_or_an_int(value: Any) -> None:
    with pytest.raises(TypeError):
        ten_thousandths(value)


def test_the_decimal_context_does_not_matter() -> None:
    with localcontext(prec=3):
        assert ten_thousandths(Decimal("12345.6789")) == 123_456_789
        assert str(from_ten_thousandths(123_456_789)) == "12345.6789"


@pytest.mark.parametrize(("units", "text"), [(0, "0.00"), (12_000, "1.20"), (-1, "-0.0001"), (12_345_600, "1234.56")])
def test_amounts_come_back_with_two_decimals_or_four(units: int, text: str) -> None:
    assert str(from_ten_thousandths(units)) == text


@given(st.integers(-LARGEST_UNITS, LARGEST_UNITS))
def test_every_amount_that_fits_survives(units: int) -> None:
    assert ten_thousandths(from_ten_thousandths(units)) == units


@pytest.mark.parametrize(
    ("value", "text"), [("12.5", "12.50"), (7, "7.00"), (Decimal("0.0001"), "0.0001"), ("-3", "-3.00")]
)
def test_a_person_may_type_a_plain_number(value: Any, text: str) -> None:
    assert str(MoneyField().clean(value, None)) == text


@pytest.mark.parametrize("value", ["", "1_000", "١٢", "1.00001", "abc", "NaN", 1.5, True, "1e400"])
def test_anything_else_is_a_validation_error(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        MoneyField().to_python(value)
    assert caught.value.messages == [f"“{value}” is not an amount with up to four decimals."]


def test_the_form_field_takes_four_decimals() -> None:
    field = MoneyField().formfield()
    assert field is not None
    assert field.clean("12.3456") == Decimal("12.3456")
    with pytest.raises(ValidationError):
        field.clean("12.34567")


def test_migrations_write_the_field_as_it_was_declared() -> None:
    _, path, args, options = MoneyField(null=True, default=Decimal("1.5")).deconstruct()
    assert (path, args, options) == ("ledger.fields.MoneyField", [], {"null": True, "default": Decimal("1.5")})


def memo_of(books: Books, *amounts: str) -> Entry:
    """A kept document with one line per net amount."""
    lines = tuple(
        a_line(number, net=Decimal(net), tax=Decimal(0), gross=Decimal(net)) for number, net in enumerate(amounts, 1)
    )
    return keep_memo(books, a_document(kind=Kind.RECEIPT, lines=lines), key(), "P-000001")


@pytest.mark.engine
@pytest.mark.parametrize(("text", "units"), EXACT[3:-2])
def test_the_database_holds_the_integer(books: Books, text: str, units: int) -> None:
    entry = memo_of(books, text)
    assert entry.memo_lines.get().net == Decimal(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT net FROM ledger_memoline")
        assert cursor.fetchone() == (units,)


@pytest.mark.engine
def test_the_largest_amounts_survive_the_database(books: Books) -> None:
    rows = memo_of(books, "922337203685477.5807", "-922337203685477.5807").memo_lines.order_by("position")
    assert [row.net for row in rows] == [Decimal("922337203685477.5807"), Decimal("-922337203685477.5807")]


@pytest.mark.engine
def test_lookups_take_and_aggregates_give_decimals(books: Books) -> None:
    memo_of(books, "0.10", "0.20", "99.9999")
    rows = MemoLine.objects.all()
    assert [row.net for row in rows.filter(net__gt=Decimal("0.10"), net__lt="99.9999")] == [Decimal("0.20")]
    assert rows.filter(net__in=[Decimal("0.1"), 5]).count() == 1
    assert rows.filter(net__range=("0.1", "0.2"), net=F("gross")).count() == 2
    assert rows.aggregate(sum=Sum("net"), largest=Max("net")) == {
        "sum": Decimal("100.2999"),
        "largest": Decimal("99.9999"),
    }
    assert rows.aggregate(sum=Sum(F("net") + F("gross") - F("tax")))["sum"] == Decimal("200.5998")
    assert rows.none().aggregate(sum=Sum("net"))["sum"] is None
    zero = Value(Decimal("0.5"), output_field=MoneyField())
    assert rows.filter(net=0).aggregate(sum=Coalesce(Sum("net"), zero))["sum"] == Decimal("0.50")
    assert list(rows.order_by("-net").values_list("net", flat=True)) == [
        Decimal("99.9999"),
        Decimal("0.2"),
        Decimal("0.1"),
    ]


@pytest.mark.engine
def test_what_has_no_exact_answer_is_refused(books: Books) -> None:
    memo_of(books, "0.10", "0.20", "0.0001")
    with pytest.raises(TypeError, match="averages are not exact"):
        MemoLine.objects.aggregate(average=Avg("net"))
    with pytest.raises(FieldError):
        MemoLine.objects.annotate(product=F("net") * F("tax")).first()
    with pytest.raises(FieldError):
        MemoLine.objects.annotate(more=F("net") + Decimal("0.1")).first()


@pytest.mark.parametrize(("value", "error"), [(1.5, TypeError), (Decimal("1.00001"), ValueError), ("1_0", ValueError)])
def test_code_that_filters_by_something_else_fails(db: None, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="Field 'net'"):
        MemoLine.objects.filter(net=value).exists()
