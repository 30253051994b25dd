"""Memo entries: a number and text, and not a penny in any balance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.documents import Dimension, Kind
from integrations.errors import Rejected
from ledger.models import Books, Entry, EntryKind
from ledger.services import UnknownParties, keep_memo, post_document, supplier_balances, trial_balance
from tests.factories import a_document, a_line
from tests.ledger.booked import key

pytestmark = pytest.mark.engine

ORDER = a_document(
    kind=Kind.PURCHASE_ORDER,
    number="REQ000041",
    order_number="ORD000056",
    supplier_reference="",
    title="Venue for March cohort",
    date=None,
    lines=(
        a_line(1, item_code="VEN-D", quantity=Decimal("3.000"), dimensions=(Dimension(name="Department", code="TRN"),)),
        a_line(2, account_code="9999", tax_code=None, quantity=None, unit_price=None, description="Refreshments"),
    ),
)


def test_an_order_is_kept_as_it_came(books: Books) -> None:
    entry = Entry.objects.get(pk=keep_memo(books, ORDER, key(), "P-000001").pk)
    assert (entry.number, entry.kind, entry.document_kind) == ("MEM-000001", EntryKind.MEMO, "purchase_order")
    assert (entry.date, entry.document_number, entry.order_number) == (date(2026, 3, 15), "REQ000041", "ORD000056")
    assert (entry.net, entry.tax, entry.gross, entry.total) == (Decimal(200), Decimal(40), Decimal(240), Decimal(0))
    assert (entry.base_net, entry.line_count, entry.memo_count, entry.lines.count()) == (None, 0, 2, 0)
    rows = [
        (
            row.item_code,
            row.description,
            row.quantity,
            row.unit_price,
            row.account_code,
            row.tax_code,
            row.net,
            row.analysis,
        )
        for row in entry.memo_lines.order_by("position")
    ]
    assert rows == [
        ("VEN-D", "Training room, full day", "3.000", "100.00", "5010", "T1", Decimal(100), {"Department": "TRN"}),
        ("", "Refreshments", "", "", "9999", "", Decimal(100), {}),
    ]


def test_no_balance_sees_a_memo(books: Books) -> None:
    keep_memo(books, ORDER, key(), "P-000001")
    assert trial_balance(books).rows == ()
    assert supplier_balances(books) == ()


def test_memos_and_journals_count_apart(books: Books) -> None:
    numbers = [
        keep_memo(books, ORDER, key("a"), "P-000001").number,
        post_document(books, a_document(), key("b"), "P-000002").number,
        keep_memo(books, replace(ORDER, kind=Kind.RECEIPT), key("c"), "P-000003").number,
        post_document(books, a_document(), key("d"), "P-000004").number,
        keep_memo(books, ORDER, key("a"), "P-000005").number,
    ]
    assert numbers == ["MEM-000001", "JNL-000001", "MEM-000002", "JNL-000002", "MEM-000001"]


@pytest.mark.parametrize("kind", list(Kind))
def test_any_kind_can_be_kept(books: Books, kind: Kind) -> None:
    entry = keep_memo(books, a_document(kind=kind), key(), "P-000001")
    assert (entry.kind, entry.document_kind) == (EntryKind.MEMO, kind)


def test_a_foreign_document_of_another_systems_company_is_kept_without_base_amounts(books: Books) -> None:
    foreign = replace(ORDER, currency="USD", base_currency="EUR")
    assert keep_memo(books, foreign, key(), "P-000001").currency == "USD"


def test_base_amounts_are_kept_where_there_are_any(books: Books) -> None:
    foreign = replace(ORDER, currency="USD", base_net=Decimal(160), base_tax=Decimal(32), base_gross=Decimal(192))
    assert keep_memo(books, foreign, key(), "P-000001").base_gross == Decimal(192)


def test_a_closed_period_does_not_matter(books: Books) -> None:
    books.closed_through = date(2099, 12, 31)
    assert keep_memo(books, ORDER, key(), "P-000001").number == "MEM-000001"


def test_what_cannot_be_kept_is_refused(books: Books) -> None:
    for changes, field in (
        ({"created_at": None}, "date"),
        ({"currency": "POUNDS"}, "currency"),
        ({"net": Decimal("0.00001")}, "net"),
        ({"base_net": Decimal("0.00001"), "base_tax": Decimal(0), "base_gross": Decimal(0)}, "base_net"),
        (
            {"lines": (a_line(2, tax=Decimal("NaN")),), "net": Decimal(1), "tax": Decimal(0), "gross": Decimal(1)},
            "lines[2].tax",
        ),
    ):
        with pytest.raises(Rejected) as caught:
            keep_memo(books, replace(ORDER, **changes), key(), "P-000001")
        assert caught.value.field == field
    with pytest.raises(Rejected, match="new ones are not made"):
        keep_memo(books, ORDER, key(), "P-000001", unknown=UnknownParties.REFUSE)
    assert Entry.objects.count() == 0
