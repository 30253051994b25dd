"""Amounts on their way through a transaction's columns, its stored content and back: not a ten-thousandth is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

import pytest
from django.db.models import F, Sum
from django.db.transaction import atomic, set_rollback
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integrations.content import content_hash
from integrations.documents import Document
from ledger.fields import LARGEST_UNITS, from_ten_thousandths
from portal.connections.models import Connection
from portal.postings.content import document_of
from portal.postings.models import Posting, Transaction
from tests.factories import DemoConnectionFactory, a_document, a_line, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
LARGEST_DOCUMENT = 10**17
"""Of one document in a sum of several, so that the sum fits too."""

on_both_databases = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
units = st.one_of(
    st.integers(-LARGEST_DOCUMENT, LARGEST_DOCUMENT),
    st.integers(-1_000_000, 1_000_000),
    st.sampled_from([0, 1, -1, 99, -99, 100, 2**53 + 1, -(2**53) - 1]),
)
currencies = st.sampled_from(["GBP", "EUR", "JPY", "BHD"])


@pytest.fixture
def connection() -> Connection:
    made: Connection = DemoConnectionFactory.create()
    return made


def written_otherwise(amount: Decimal) -> Decimal:
    """The same amount as another sender writes it: more zeros, or an exponent."""
    return amount.normalize() if amount else Decimal("0E+2")


def document_over(net: int, tax: int, currency: str) -> Document:
    """One line; amounts in ten-thousandths."""
    amounts: dict[str, Any] = {"net": from_ten_thousandths(net), "tax": from_ten_thousandths(tax)}
    amounts["gross"] = amounts["net"] + amounts["tax"]
    return a_document(lines=(a_line(**amounts),), currency=currency, **amounts)


@on_both_databases
@given(units, units, currencies)
@example(LARGEST_UNITS, 0, "GBP")
@example(-LARGEST_UNITS, 0, "GBP")
def test_every_amount_survives(connection: Connection, net: int, tax: int, currency: str) -> None:
    with atomic():
        document = document_over(net, tax, currency)
        posting = Posting.objects.select_related("transaction", "connection").get(
            pk=accepted(connection, document).posting.pk
        )
        row = posting.transaction
        assert (row.net, row.tax, row.gross, row.currency) == (document.net, document.tax, document.gross, currency)
        assert all(type(amount) is Decimal for amount in (row.net, row.tax, row.gross))
        assert document_of(posting) == document
        assert [str(line.net) for line in document_of(posting).lines] == [str(line.net) for line in document.lines]
        set_rollback(True)


@on_both_databases
@given(units, units, currencies)
def test_another_way_to_write_it_is_the_same_transaction(
    connection: Connection, net: int, tax: int, currency: str
) -> None:
    with atomic():
        document = document_over(net, tax, currency)
        other = replace(
            document,
            net=written_otherwise(document.net),
            tax=written_otherwise(document.tax),
            gross=written_otherwise(document.gross),
        )
        accepted(connection, document)
        assert accepted(connection, other).taken == "repeated"
        row = Transaction.objects.get()
        assert (row.net, row.gross, row.content_hash) == (document.net, document.gross, content_hash(other))
        set_rollback(True)


@on_both_databases
@given(st.lists(st.tuples(units, units), min_size=1, max_size=5))
def test_the_database_adds_and_compares_exactly(connection: Connection, amounts: list[tuple[int, int]]) -> None:
    with atomic():
        documents = [document_over(net, tax, "GBP") for net, tax in amounts]
        for document in documents:
            accepted(connection, document)
        rows = Transaction.objects.all()
        assert rows.aggregate(sum=Sum("gross"))["sum"] == reduce(add, (document.gross for document in documents))
        assert rows.filter(gross=F("net") + F("tax")).count() == len(documents)
        assert rows.filter(net=documents[0].net).exists()
        ordered = list(rows.order_by("net").values_list("net", flat=True))
        assert ordered == sorted(document.net for document in documents)
        set_rollback(True)
