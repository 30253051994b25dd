"""JSON with exact numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrations.exact import from_json, to_json


@pytest.mark.parametrize(
    "value,text",
    [
        (Decimal("10.50"), "10.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.00"), "-0.00"),
        (Decimal("12345678901234567890.1234"), "12345678901234567890.1234"),
        (7, "7"),
        (True, "true"),
        (None, "null"),
        ('say "é"\n', '"say \\"é\\"\\n"'),
        ({"a": [Decimal("0.10"), ()], "b": {}}, '{"a": [0.10, []], "b": {}}'),
    ],
)
def test_values_are_written_with_all_their_digits(value: object, text: str) -> None:
    assert to_json(value) == text


@pytest.mark.parametrize("value", [0.1, {"a": 0.1}, [1.0], {1: "a"}, b"x", {1, 2}, object()])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_json(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_json([Decimal(value)])


def test_numbers_are_read_exactly() -> None:
    value: Any = from_json('{"a": 0.10, "b": 2, "c": 1.5e3}')
    assert (str(value["a"]), value["b"], value["c"]) == ("0.10", 2, Decimal(1500))
    assert [type(one) for one in value.values()] == [Decimal, int, Decimal]


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[-Infinity]", "1e999999999", "1e99999999999999999999", "0." + "1" * 70, "[" * 100_000]
)
def test_what_is_no_sound_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)
