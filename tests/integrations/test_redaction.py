"""What staff may see of an exchange."""

from __future__ import annotations

import base64

import pytest

from integrations.redaction import Redactor

SECRET = 'pä ss/"w\\d'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        "p%C3%A4%20ss%2F%22w%5Cd",
        "p%C3%A4%20ss/%22w%5Cd",
        "p%C3%A4+ss%2F%22w%5Cd",
        'p\\u00e4 ss/\\"w\\\\d',
        'pä ss/\\"w\\\\d',
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_each_of_its_spellings(spelling: str) -> None:
    assert Redactor([SECRET], {}).text(f"<{spelling}>") == "<***>"


def test_credentials_in_headers_need_not_be_named() -> None:
    redactor = Redactor([], {"Authorization": "Bearer abc123", "X-Api-Key": "k-9", "Accept": "application/json"})
    assert redactor.text("abc123 k-9 application/json Bearer abc123") == "*** *** application/json ***"


def test_headers_are_hidden_by_name_or_by_value() -> None:
    headers = {"authorization": "x", "Set-Cookie": "y", "X-Note": "has abc in it", "Idempotency-Key": "key-1"}
    assert Redactor(["abc"], {}).headers(headers) == {
        "authorization": "***",
        "Set-Cookie": "***",
        "X-Note": "has *** in it",
        "Idempotency-Key": "key-1",
    }


def test_of_two_secrets_the_longer_one_goes_first() -> None:
    assert Redactor(["abc", "abcdef"], {}).text("abcdef abc") == "*** ***"


def test_an_empty_secret_hides_nothing() -> None:
    assert Redactor(["", "x"], {"Authorization": ""}).text("a b") == "a b"
