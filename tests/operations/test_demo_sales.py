"""Sales in the demo: the link to the stand-in for accessplanit, what is read of it, and what the demo says of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.sandbox import Store
from ledger.models import Account, Books, EntryLine
from portal.connections.models import Connection, Endpoint, EndpointToken
from portal.intake.feeds import by_hand, reading
from portal.intake.models import FeedReader
from portal.operations.demo.copies import Copies
from portal.operations.demo.sales import READ_AT_LEAST, Sales
from portal.operations.demo.seed import seed
from portal.reference.models import MappedCode
from tests.integrations.accessplanit.scene import StandIn, served
from tests.operations.test_seed import SOURCE, SYSTEM

pytestmark = [pytest.mark.django_db(transaction=True)]
PORTAL = "http://127.0.0.1:9"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    store = Store("accessplanit")
    with served(store) as found:
        yield found
    store.close()


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    found = Copies(tmp_path)
    seed(found, SYSTEM, SOURCE)
    return found


def begin(stand_in: StandIn, copies: Copies) -> Sales:
    return Sales.begin(stand_in.root.removesuffix("/accessplanit"), PORTAL, copies)


def read(sales: Sales) -> None:
    """What the portal's worker does."""
    for reader in FeedReader.objects.filter(connection=sales.source).select_related("connection__company"):
        by_hand.read_now(reader, who="tests")
        reading.perform(reader.pk, no_bell)


def no_bell(*_: object) -> None:
    """The ledger books inside the transaction that takes a record: nobody has to be woken."""


def test_everything_is_booked_and_payments_settle_their_invoices(stand_in: StandIn, copies: Copies) -> None:
    sales = begin(stand_in, copies)
    assert sales.surprises() == [f"accessplanit: 0 documents were taken, {READ_AT_LEAST} were expected."]
    read(sales)
    assert sales.surprises() == []
    text = "\n".join(sales.lines())
    assert "settles JNL-" in text
    assert "INV-10004" not in text, "it is not committed yet"
    assert f"raise an invoice or take a payment at {stand_in.root}/platforms/northgate" in text
    books = Books.objects.get(name="Northgate Training Ltd")
    used = EntryLine.objects.filter(entry__books=books).values_list("account__code", flat=True)
    assert {"4000", "4020", "1200"} <= set(used)
    assert not Account.objects.filter(books=books, code="7502", lines__isnull=False).exists(), "no cost takes a sale"


def test_what_settles_nothing_and_what_is_refused_is_a_surprise(stand_in: StandIn, copies: Copies) -> None:
    sales = begin(stand_in, copies)
    MappedCode.objects.filter(family="sales_tax", source_code="0").delete()
    read(sales)
    assert any("INV-10003" in one for one in sales.surprises())


def test_linking_twice_changes_nothing_but_the_address(stand_in: StandIn, copies: Copies) -> None:
    first = begin(stand_in, copies)
    tables = (Connection, Endpoint, EndpointToken, MappedCode, FeedReader)
    before = [table._default_manager.count() for table in tables]
    Connection.objects.filter(pk=first.source.pk).update(settings={"base_url": "http://127.0.0.1:9", "page_size": "7"})
    second = begin(stand_in, copies)
    assert [table._default_manager.count() for table in tables] == before
    second.source.refresh_from_db()
    assert second.source.settings == {"base_url": stand_in.base, "page_size": "7"}
    endpoint = Endpoint.objects.get(connection=second.source)
    assert stand_in.control("PUT", "platforms/northgate", {})["hook_url"] == (
        f"{PORTAL}/webhooks/accessplanit/{endpoint.pk}/"
    )


def test_an_invoice_and_its_payment_come_after_the_rest(stand_in: StandIn, copies: Copies) -> None:
    sales = begin(stand_in, copies)
    read(sales)
    made = sales.stand_in.raise_invoice()
    sales.stand_in.pay(made)
    read(sales)
    assert sales.surprises() == []
    assert len(sales.postings()) == READ_AT_LEAST + 2
