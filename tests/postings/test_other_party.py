"""A lookup that finds another document under our key says in which words it differs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.documents import Kind, Posted
from portal.postings.settle import mismatch
from tests.samples import sample


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.INVOICE, ("supplier", "CROWN01", "OTHER")),
        (Kind.SALES_INVOICE, ("customer", "HARB01", "OTHER")),
        (Kind.REFUND, ("customer", "HARB01", "OTHER")),
    ],
)
def test_another_party_is_named_by_what_it_is(kind: Kind, words: tuple[str, str, str]) -> None:
    document = sample(kind)
    there = Posted(external_id="1", number="1", gross=document.gross, supplier_code="OTHER")
    assert mismatch(document, there) == words
    assert mismatch(document, Posted(external_id="1", number="1", gross=Decimal(1))) == ("gross", "170.50", "1")
    same = Posted(external_id="1", number="1", gross=document.gross, supplier_code=words[1].lower())
    assert mismatch(document, same) is None
