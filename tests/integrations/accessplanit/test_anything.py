"""Whatever a platform tells: a document, or one of two errors."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.accessplanit import mapping
from integrations.accessplanit.terms import reading
from integrations.content import content_hash, from_json, to_json
from integrations.documents import Document
from integrations.errors import IntegrationError, Malformed, NotDue
from tests.integrations.accessplanit.records import EXPECTED, course, invoice, item, transaction

NUMBERS = st.one_of(
    st.integers(-(10**16), 10**16),
    st.decimals(-(10**6), 10**6, places=2),
    st.decimals(allow_nan=False, allow_infinity=False),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=20), st.sampled_from(["12.50", "1e5", "2025-05-12"])
)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=2), st.dictionaries(st.text(max_size=3), LEAVES, max_size=2))
SETTINGS = st.fixed_dictionaries(
    {
        "amount_mode": st.sampled_from(["gross", "net"]),
        "amount_unit": st.sampled_from(["major", "minor"]),
        "merge_negative_lines": st.sampled_from(["yes", "no"]),
        "refund_rule": st.sampled_from(["negative", "type"]),
    }
)


def changed(record: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A sound record with some of its members replaced by anything."""
    some = st.dictionaries(st.sampled_from(sorted(record)), VALUES, max_size=3)
    return some.map(lambda members: {**record, **members})


BODIES = st.one_of(
    st.fixed_dictionaries(
        {
            "feed": st.sampled_from(["invoice", "credit_note"]),
            "record": changed({**invoice(), "Tax": Decimal(97)}),
            "items": st.one_of(st.lists(changed(course()), max_size=4), VALUES),
        }
    ),
    st.fixed_dictionaries(
        {
            "feed": st.just("transaction"),
            "record": changed(transaction()),
            "allocations": st.lists(changed({"InvoiceID": "10482", "Amount": 5}), max_size=3),
            "invoices": st.lists(changed(invoice()), max_size=2),
        }
    ),
    st.dictionaries(st.sampled_from(["feed", "record", "items", "x"]), VALUES),
)


@given(BODIES, SETTINGS)
def test_a_body_is_read_or_refused(body: dict[str, Any], settings: dict[str, str]) -> None:
    refused: IntegrationError | None
    try:
        found = mapping.read(body, reading(settings), EXPECTED)
    except (Malformed, NotDue) as error:
        refused = error
    else:
        refused = None
        check(found)
    assert refused is None or refused.field


def check(found: Document) -> None:
    """What every reader of documents may rely on."""
    assert found.gross >= 0
    assert found.gross == found.net + found.tax == sum(line.gross for line in found.lines)
    assert sum(one.amount for one in found.allocations) <= found.gross or not found.allocations
    assert all(one.amount > 0 for one in found.allocations)
    assert from_json(json.loads(json.dumps(to_json(found)))) == found
    assert content_hash(found)


AMOUNTS = st.decimals(-1000, 1000, places=2)


@pytest.mark.parametrize("merging", ["yes", "no"])
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from([0, 5, 20])), min_size=1, max_size=8))
def test_the_total_is_the_sources_whatever_becomes_of_the_lines(merging: str, drawn: list[tuple[Decimal, int]]) -> None:
    items = [
        item(gross, round(gross * rate / (100 + rate), 2), ID=str(place)) for place, (gross, rate) in enumerate(drawn)
    ]
    total = sum((one["Amount"] for one in items), Decimal(0))
    tax = sum((one["Tax"] for one in items), Decimal(0))
    body = {"feed": "invoice", "record": invoice(Amount=total), "items": items}
    try:
        found = mapping.read(body, reading({"merge_negative_lines": merging}), EXPECTED)
    except (Malformed, NotDue):
        assert total == 0
        return
    sign = -1 if total < 0 else 1
    assert (found.gross * sign, found.tax * sign) == (total, tax)
    check(found)
