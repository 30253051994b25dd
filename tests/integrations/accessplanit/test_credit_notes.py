from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Kind, Stage
from integrations.errors import Malformed, NotDue
from tests.integrations.accessplanit.records import invoice, item, read


def body(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    record = invoice(ID="77", Reference="CN-77", Status="", Amount=Decimal(120), Tax=Decimal(20))
    return {"feed": "credit_note", "record": {**record, **changes}, "items": list(items)}


@pytest.mark.parametrize("sign", [1, -1])
def test_its_amounts_are_positive_whatever_their_sign_was(sign: int) -> None:
    found = read(body(Amount=Decimal(120) * sign, Tax=Decimal(20) * sign))
    assert (found.kind, found.net, found.tax, found.gross) == (Kind.SALES_CREDIT_NOTE, 100, 20, 120)
    assert (found.identity, found.number, found.lines[0].tax_code) == ("credit_note-77", "CN-77", "20")


def test_with_items_its_lines_are_theirs() -> None:
    found = read(body(item("60", "10"), item("60", "10")))
    assert [(line.number, line.net, line.item_code) for line in found.lines] == [
        (1, 50, "UserCourseDate/88120"),
        (2, 50, "UserCourseDate/88120"),
    ]


def test_its_items_must_agree_with_it() -> None:
    with pytest.raises(Malformed, match="Amount is 120, but the items add up to 60"):
        read(body(item("60", "10")))


@pytest.mark.parametrize("field", ["Amount", "Tax"])
def test_what_is_not_told_is_asked_for_by_name(field: str) -> None:
    with pytest.raises(Malformed, match="Name the right field") as caught:
        read(body(**{field: None}))
    assert caught.value.field == field


def test_names_by_setting() -> None:
    found = read(body(Vat=Decimal(10)), fields="credit_note.tax = VAT")
    assert (found.net, found.tax) == (110, 10)


def test_its_status_counts_where_it_has_one() -> None:
    with pytest.raises(NotDue) as caught:
        read(body(Status="Temporary"))
    assert not caught.value.for_good
    assert read(body(Status="Cancelled")).stage is Stage.DELETED
