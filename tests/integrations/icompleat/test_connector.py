from __future__ import annotations

from typing import Any

import pytest

from integrations.base import Answer, Source
from integrations.documents import Kind
from integrations.icompleat.connector import ICompleat


def test_what_it_is() -> None:
    assert issubclass(ICompleat, Source)
    assert (ICompleat.metadata.slug, ICompleat.metadata.name, ICompleat.metadata.monogram) == (
        "icompleat",
        "iCompleat",
        "iC",
    )
    assert ICompleat.kinds == {Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT}


def test_token_headers_are_lower_case_and_in_order() -> None:
    assert ICompleat.token_headers == (
        "x-api-compleat-token",
        "x-compleat-token",
        "x-api-secret-token",
        "x-secret-token",
        "secret-token",
        "secrettoken",
        "token",
        "x-api-compleat-key",
        "x-api-key",
        "authorization",
    )


@pytest.mark.parametrize(
    "template, body",
    [
        (ICompleat.answer_template, {"JournalNumber": "P-000123"}),
        (
            {"JournalNumber": "{journal}", "JournalId": "{journal}", "Ok": True, "Count": 1, "None": None},
            {"JournalNumber": "P-000123", "JournalId": "P-000123", "Ok": True, "Count": 1, "None": None},
        ),
        ({"Result": {"Journals": ["no. {journal}", 7]}}, {"Result": {"Journals": ["no. P-000123", 7]}}),
        ({"{journal}": "{other} {"}, {"{journal}": "{other} {"}),
    ],
)
def test_acknowledge_fills_the_template(template: dict[str, Any], body: dict[str, Any]) -> None:
    assert ICompleat().acknowledge("P-000123", template) == Answer(200, body)


def test_acknowledge_leaves_the_template_alone() -> None:
    template = {"Result": {"Journals": ["{journal}"]}}
    ICompleat().acknowledge("P-000001", template)
    assert template == {"Result": {"Journals": ["{journal}"]}}


@pytest.mark.parametrize(
    "status, code",
    [(400, 100), (401, 1), (404, 104), (405, 105), (413, 113), (429, 129), (500, 500), (503, 503), (418, 100)],
)
def test_refuse(status: int, code: int) -> None:
    answer = ICompleat().refuse(status, "Line 2: account code 9999 is not known.")
    expected = {"ErrorCode": code, "ErrorMessage": "Line 2: account code 9999 is not known."}
    assert answer == Answer(status, expected)
