from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.errors import Malformed
from integrations.exact import to_json
from integrations.icompleat.samples import NAMES, sample
from portal.intake.strict_json import MAX_DEPTH, MAX_TEXT, load

D = Decimal


def refused(body: bytes | str) -> Malformed:
    with pytest.raises(Malformed) as caught:
        load(body.encode() if isinstance(body, str) else body)
    return caught.value


def nested(depth: int, opening: str = "[", closing: str = "]", core: str = "") -> str:
    """An object around lists (or objects): `depth` levels in all."""
    inside = opening * (depth - 1) + core + closing * (depth - 1)
    return '{"a":' + (inside or "1") + "}"


# --- good bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body, value",
    [
        ("{}", {}),
        ("  \t\r\n{ }  \n", {}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"a": 30, "b": 30.00, "c": -0, "d": -1.5}', {"a": 30, "b": D("30.00"), "c": 0, "d": D("-1.5")}),
        ('{"a": 1e2, "b": 1E-2, "c": 1.5e+3}', {"a": D(100), "b": D("0.01"), "c": D(1500)}),
        ('{"a": 1e40, "b": 1e-40}', {"a": D("1e40"), "b": D("1e-40")}),
        ('{"a": ' + "9" * 40 + "}", {"a": int("9" * 40)}),
        ('{"a": null, "b": true, "c": false, "d": []}', {"a": None, "b": True, "c": False, "d": []}),
        ('{"a": "\\u00a3 \\u20AC £ €"}', {"a": "£ € £ €"}),
        ('{"a": "\\ud83c\\udf93 🎓"}', {"a": "🎓 🎓"}),
        ('{"a": "\\uD7A3"}', {"a": "\ud7a3"}),
        ('{"a": "\\\\u0000 \\\\ud800"}', {"a": "\\u0000 \\ud800"}),
        ('{"a": "[[[{{{\\"]}\\\\"}', {"a": '[[[{{{"]}\\'}),
        ('{"\\"[": "\\\\", "b": "]\\\\\\""}', {'"[': "\\", "b": ']\\"'}),
        ('{"a": "x", "A ": "y", "aa": 1, "aA": 2}', {"a": "x", "A ": "y", "aa": 1, "aA": 2}),
        ('{"a": {"Net": 1}, "b": {"net": 2}}', {"a": {"Net": 1}, "b": {"net": 2}}),
        ('{"a": [{"x": 1}, {"x": 2}]}', {"a": [{"x": 1}, {"x": 2}]}),
        ('{"": {"": ""}}', {"": {"": ""}}),
        ('{"a": "' + "x" * MAX_TEXT + '"}', {"a": "x" * MAX_TEXT}),
        ('{"a": "' + "\\n" * MAX_TEXT + '"}', {"a": "\n" * MAX_TEXT}),
        ('{"a": "' + '\\"' * MAX_TEXT + '"}', {"a": '"' * MAX_TEXT}),
        ('{"a": "NaN", "b": "Infinity"}', {"a": "NaN", "b": "Infinity"}),
    ],
)
def test_good_bodies(body: str, value: dict[str, Any]) -> None:
    assert load(body.encode()) == value


def test_whole_numbers_are_int_and_the_others_keep_their_decimals() -> None:
    read = load(b'{"a": 30, "b": 30.00, "c": 1e0, "d": 0.1, "e": -0.0}')
    assert [(type(value), str(value)) for value in read.values()] == [
        (int, "30"),
        (Decimal, "30.00"),
        (Decimal, "1"),
        (Decimal, "0.1"),
        (Decimal, "-0.0"),
    ]


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"b":', "}")])
def test_the_deepest_that_is_read(opening: str, closing: str) -> None:
    load(nested(MAX_DEPTH, opening, closing, core="1").encode())
    assert refused(nested(MAX_DEPTH + 1, opening, closing, core="1")).message == (
        "The body is nested more than 32 levels deep."
    )


# --- bad bodies -------------------------------------------------------------------------------------------------------

DEEP = "The body is nested more than 32 levels deep."
BRACKETS = "The body is not valid JSON: its brackets do not match."
NUL = "The text holds a NUL character."
SURROGATE = "The text holds half of a surrogate pair, which is no character."
EXPONENT = "The number has an exponent that no amount needs."


def unreadable(line: int, column: int) -> str:
    return f"The body is not valid JSON: it cannot be read beyond line {line}, column {column}."


def twice(name: str) -> str:
    return f"The member {name} is there twice."


def digits(count: str) -> str:
    return f"The number has {count} characters; at most 40 are read."


def not_utf8(byte: int) -> str:
    return f"The body is not UTF-8 text: byte {byte} cannot be read."


def not_an_object(what: str) -> str:
    return f"The body must be a JSON object, but it is {what}."


BAD: list[tuple[bytes | str, str, str]] = [
    # no text
    (b"", unreadable(1, 1), ""),
    (b"   ", unreadable(1, 4), ""),
    (b'\xff\xfe{\x00"\x00a\x00', not_utf8(1), ""),
    (b'{"a": "\xe9"}', not_utf8(8), ""),
    (b'{"a": "\xed\xa0\x80"}', not_utf8(8), ""),
    (b'{"a": "\xc0\xaf"}', not_utf8(8), ""),
    (b'{"a": "\xf4\x90\x80\x80"}', not_utf8(8), ""),
    (b'{"a": "\xe2\x82', not_utf8(8), ""),
    (b"\xef\xbb\xbf\xef\xbb\xbf{}", unreadable(1, 1), ""),
    ('{"a": "b"}'.encode("utf-16-le"), unreadable(1, 2), ""),
    # no JSON
    ("<Transaction/>", unreadable(1, 1), ""),
    ("Id=1&Type=INV", unreadable(1, 1), ""),
    ("{'a': 1}", unreadable(1, 2), ""),
    ("{a: 1}", unreadable(1, 2), ""),
    ('{"a" 1}', unreadable(1, 6), ""),
    ('{"a": }', unreadable(1, 7), ""),
    ('{"a": 1 "b": 2}', unreadable(1, 9), ""),
    ('{"a": 1}{"a": 1}', unreadable(1, 9), ""),
    ('{"a": 1} x', unreadable(1, 10), ""),
    ('{\n "a": 01\n}', unreadable(2, 8), ""),
    ('{"a": +1}', unreadable(1, 7), ""),
    ('{"a": .5}', unreadable(1, 7), ""),
    ('{"a": 5.}', unreadable(1, 8), ""),
    ('{"a": 1_000}', unreadable(1, 8), ""),
    ('{"a": ١٠}', unreadable(1, 7), ""),
    ('{"a": 0x10}', unreadable(1, 8), ""),
    ('{"a": 1e}', unreadable(1, 8), ""),
    ('{"a": True}', unreadable(1, 7), ""),
    ('{"a": undefined}', unreadable(1, 7), ""),
    ('{"a": "x\ty"}', unreadable(1, 9), ""),
    ('{"a": "x\ny"}', unreadable(1, 9), ""),
    ('{"a": "\\x"}', unreadable(1, 8), ""),
    ('{"a": "\\u12"}', unreadable(1, 9), ""),
    ('{"a": "open}', BRACKETS, ""),
    ("{", BRACKETS, ""),
    ("}", BRACKETS, ""),
    ('{"a": [1}', BRACKETS, ""),
    ('{"a": [1}]', unreadable(1, 9), ""),
    ('{"a": 1}}', BRACKETS, ""),
    ('{"a": 1 /* one */}', unreadable(1, 9), ""),
    ('{"a": \\"[\\"}', BRACKETS, ""),
    # no object
    ("[]", not_an_object("a list"), ""),
    ('[{"a": 1}]', not_an_object("a list"), ""),
    ('"text"', not_an_object("text"), ""),
    ("12", not_an_object("a number"), ""),
    ("1.5", not_an_object("a number"), ""),
    ("null", not_an_object("null"), ""),
    ("true", not_an_object("true or false"), ""),
    # a name twice
    ('{"a": 1, "a": 1}', twice("a"), "a"),
    ('{"a": 1, "b": 2, "a": 3}', twice("a"), "a"),
    ('{"Net": 1, "net": 2}', twice("net"), "net"),
    ('{"net": 1, "Net": 2}', twice("Net"), "Net"),
    ('{"T": {"Lines": [{"N": 1}, {"N": 1, "N": 2}]}}', twice("N"), "T.Lines[1].N"),
    ('{"T": {"Lines": [{"N": 1}, {"N": 1, "n": 2}]}}', twice("n"), "T.Lines[1].n"),
    ('{"a": {"b": 1}, "a": {"c": 1}}', twice("a"), "a"),
    ('{"a": 1, "\\u0061": 2}', twice("a"), "a"),
    ('{"a": [[{"x\\n": 1, "x\\n": 2}]]}', twice("x\N{REPLACEMENT CHARACTER}"), "a[0][0].x\N{REPLACEMENT CHARACTER}"),
    ('{"' + "n" * 70 + '": 1, "' + "n" * 70 + '": 2}', twice("n" * 60 + "..."), "n" * 60 + "..."),
    # no amount
    ('{"a": NaN}', "NaN is not a number that JSON allows.", "a"),
    ('{"a": [1, Infinity]}', "Infinity is not a number that JSON allows.", "a[1]"),
    ('{"a": {"b": -Infinity}}', "-Infinity is not a number that JSON allows.", "a.b"),
    ("NaN", "NaN is not a number that JSON allows.", ""),
    ('{"a": ' + "1" * 41 + "}", digits("41"), "a"),
    ('{"a": -' + "1" * 40 + "}", digits("41"), "a"),
    ('{"a": ' + "1" * 5000 + "}", digits("5,000"), "a"),
    ('{"a": ' + "1" * 100_000 + "}", digits("100,000"), "a"),
    ('{"a": 0.' + "1" * 5000 + "}", digits("5,002"), "a"),
    ('{"T": {"L": [0, {"N": ' + "7" * 5000 + "}]}}", digits("5,000"), "T.L[1].N"),
    ('{"a": 1e41}', EXPONENT, "a"),
    ('{"a": 1e-41}', EXPONENT, "a"),
    ('{"a": 1e999999}', EXPONENT, "a"),
    ('{"a": 1E+999999999999999999999}', EXPONENT, "a"),
    ('{"a": 1e' + "9" * 5000 + "}", digits("5,002"), "a"),
    # no text
    ('{"a": "\\u0000"}', NUL, "a"),
    ('{"a": ["x", "y\\u0000z"]}', NUL, "a[1]"),
    ('{"\\u0000": 1}', NUL, ""),
    ('{"a": "x\x00y"}', unreadable(1, 9), ""),
    ('{"a": 1\x00}', unreadable(1, 8), ""),
    ('{"a": "\\ud800"}', SURROGATE, "a"),
    ('{"a": "\\uDFFF"}', SURROGATE, "a"),
    ('{"a": {"b": "x\\ud83cy"}}', SURROGATE, "a.b"),
    ('{"a": "\\udf93\\ud83c"}', SURROGATE, "a"),
    ('{"a": {"\\ud83c": 1}}', SURROGATE, "a"),
    ('{"a": "' + "x" * (MAX_TEXT + 1) + '"}', "The text has 10,001 characters; at most 10,000 are read.", "a"),
    ('{"a": "' + '\\"' * (MAX_TEXT + 1) + '"}', "The text has 10,001 characters; at most 10,000 are read.", "a"),
    ('{"a": "' + "\\n" * 20_000 + '"}', "The text has 20,000 characters; at most 10,000 are read.", "a"),
    ('{"' + "x" * (MAX_TEXT + 1) + '": 1}', "The text has 10,001 characters; at most 10,000 are read.", ""),
    # too deep
    (nested(33), DEEP, ""),
    (nested(10_000), DEEP, ""),
    (nested(10_000, '{"a":', "}", core="1"), DEEP, ""),
    ("[" * 10_000 + "]" * 10_000, DEEP, ""),
    ("[" * 10_000, BRACKETS, ""),
    ('{"a":' * 10_000, BRACKETS, ""),
    ("[" * 10_000 + '\\"' + "]" * 10_000, DEEP, ""),
    ("[" * 1_000_000, BRACKETS, ""),
    ('{"a": "\\\\", "b": ' + "[" * 40 + "]" * 40 + "}", DEEP, ""),
    ('{"a": "\\u00a3", "b": ' + "[" * 40 + "]" * 40 + "}", DEEP, ""),
]


@pytest.mark.parametrize("body, message, field", BAD, ids=range(len(BAD)))
def test_bad_bodies(body: bytes | str, message: str, field: str) -> None:
    refusal = refused(body)
    assert (refusal.message, refusal.field) == (message, field)


@pytest.mark.parametrize("body", ['{"a": 1,}', '{"a": [1,]}', '{"a": [1, ]}'])
def test_a_trailing_comma(body: str) -> None:
    """Python versions point at different ends of the blank."""
    assert refused(body).message.startswith("The body is not valid JSON: it cannot be read beyond line 1, column ")


def test_a_refusal_repeats_no_long_or_unprintable_text() -> None:
    name = "\u202e" + "n" * 5000
    body = json.dumps({"a": 1})[:-1] + f', "{name}": 1, "{name}": 2}}'
    refusal = refused(body)
    assert len(refusal.message) < 120
    assert refusal.message.isprintable()


# --- nothing else is ever raised --------------------------------------------------------------------------------------

SAMPLES = [to_json(sample(name)).encode() for name in NAMES]
PIECES = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"e99999",
    b"\\u0000",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"NaN",
    b"1" * 50,
    b"[" * 50,
    b"]" * 50,
    b'"Id":1,',
    "٣".encode(),
    b"\xef\xbb\xbf",
    b"-",
    b".",
    b"0",
]


def loads_or_refuses(body: bytes) -> None:
    try:
        value, message = load(body), "."
    except Malformed as refusal:
        value, message = {}, refusal.message
    assert isinstance(value, dict)
    assert message.endswith(".")


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b'"\\')
def test_random_bytes(body: bytes) -> None:
    loads_or_refuses(body)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))
def test_random_pieces_of_json(body: bytes) -> None:
    loads_or_refuses(body)


@settings(max_examples=300)
@given(st.data())
def test_mutated_samples(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 20)))
        put = data.draw(st.sampled_from(PIECES) | st.binary(max_size=6))
        body = body[:start] + put + body[end:]
    loads_or_refuses(body)


# --- the quick way and the careful way agree --------------------------------------------------------------------------

names = st.text(st.sampled_from('aAbB"\\[]{}:,£🎓\n'), max_size=4)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(st.sampled_from('aZ"\\[]{}:,£🎓\n '), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)


def clashes(value: Any) -> bool:
    """Whether two names of one object differ in the case of their first letter alone."""
    if isinstance(value, dict):
        folded = {name[:1].lower() + name[1:] for name in value}
        return len(folded) < len(value) or any(map(clashes, value.values()))
    return isinstance(value, list) and any(map(clashes, value))


def depth(value: Any) -> int:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, members), default=0)
    return 0


@settings(max_examples=300)
@given(st.dictionaries(names, values, max_size=4), st.booleans(), st.sampled_from([None, 2]))
def test_what_was_written_is_what_is_read(value: dict[str, Any], ascii_only: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    if clashes(value):
        assert "is there twice" in refused(body).message
    elif depth(value) > MAX_DEPTH:
        assert refused(body).message == DEEP
    else:
        assert load(body) == value


def test_two_megabytes_of_brackets_are_refused_without_recursion() -> None:
    refused("[" * 1_000_000 + "]" * 1_000_000)
    refused('{"a":' * 300_000)
    refused('"' * 1_999_999)
