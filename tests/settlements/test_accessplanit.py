"""The same with accessplanit's stand-in by HTTP: what it tells of an invoice, and what is entered there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.base import Expected
from integrations.documents import Document, Kind
from integrations.exact import from_json
from integrations.sandbox import Store
from portal.connections import registry
from portal.postings import work
from portal.postings.accept import accept
from portal.postings.destination import Destination
from portal.postings.models import Posting
from tests.factories import SALES_AS_THEY_COME, CompanyFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.integrations.accessplanit.scene import StandIn, served
from tests.settlements.shop import Shop

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
EXPECTED = Expected(company_id="", base_currency="GBP")
DAY = date(2025, 5, 12)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    store = Store("accessplanit")
    with served(store) as found:
        yield found
    store.close()


@pytest.fixture
def there(db: None, standin: StandIn, settings: Settings) -> Iterator[Shop]:
    """A company that sells in accessplanit and keeps its books here."""
    slug = "integrations.accessplanit.connector.AccessPlanit"
    settings.SOURCES = list(dict.fromkeys([*settings.SOURCES, slug]))
    settings.ALLOW_PRIVATE_TARGETS = True
    registry.sources.cache_clear()
    company = CompanyFactory.create(name="Northgate Training Ltd", live_at=timezone.now() - timedelta(days=90))
    ledger = LedgerConnectionFactory.create(company=company, mapping=SALES_AS_THEY_COME)
    source = SourceConnectionFactory.create(
        company=company, integration="accessplanit", external_company_id="",
        settings={"base_url": standin.base, "write_payments": "yes", "payment_methods": "1200 = Cheque"},
        secrets={"api_key": standin.platform["api_key"]},
    )  # fmt: skip
    yield Shop(ledger, source)
    registry.sources.cache_clear()


def told(standin: StandIn, feed: str, id_: str) -> Document:
    """What the feed brings of one record."""
    source = standin.connector()
    return source.parse(from_json(source.whole(source.head(feed, id_)).decode()), EXPECTED)


def coded(document: Document, account: str) -> Document:
    """In the ledger's codes."""
    lines = tuple(replace(line, account_code=account, tax_code="T0") for line in document.lines)
    return replace(document, lines=lines)


def sold(standin: StandIn, shop: Shop) -> tuple[dict[str, Any], Posting]:
    """An invoice there, and its posting here."""
    made = standin.raise_invoice({"label": "Place", "amount": "120.00", "rate": "0"})
    return made, taken(shop, coded(told(standin, "invoice", made["ID"]), "4000"))


def taken(shop: Shop, document: Document) -> Posting:
    return accept(document, Destination.of(shop.ledger), received_at=timezone.now()).posting


def transactions(standin: StandIn, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in standin.records("Transaction") if one["InvoiceID"] == invoice["ID"]]


def record(shop: Shop, posting: Posting, amount: str = "50.00", kind: Kind = Kind.PAYMENT) -> None:
    shop.record(amount, posting.transaction.external_id, day=DAY, kind=kind)


def run_back(shop: Shop) -> list[Posting]:
    shop.read()
    for back in shop.back():
        work.run(back.pk)
    return shop.back()


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.REFUND])
def test_what_is_recorded_in_the_books_is_entered_there(there: Shop, standin: StandIn, kind: Kind) -> None:
    invoice, posting = sold(standin, there)
    if kind is Kind.REFUND:
        paid = standin.act(invoice, "pay", amount="120.00", method="BACS")
        assert taken(there, coded(told(standin, "transaction", paid["ID"]), "1200")).state == "posted"
    record(there, posting, kind=kind)
    (back,) = run_back(there)
    assert (back.state, back.reason) == ("posted", "")
    made = transactions(standin, invoice)[-1]
    signed = Decimal("-50") if kind is Kind.REFUND else Decimal("50")
    assert (Decimal(made["Amount"]), made["TransactionMethod"]) == (signed, "Cheque")
    assert made["Reference"].startswith(f"{back.transaction.number} PR")
    assert back.external_id == f"transaction-{made['ID']}".lower()


def test_what_somebody_entered_there_is_found(there: Shop, standin: StandIn) -> None:
    invoice, posting = sold(standin, there)
    entered = standin.act(invoice, "pay", amount="50.00", method="BACS")
    record(there, posting)
    (back,) = run_back(there)
    assert (back.state, back.external_id) == ("posted", f"transaction-{entered['ID']}".lower())
    assert back.reason.startswith("There already")
    assert len(transactions(standin, invoice)) == 1
    assert taken(there, coded(told(standin, "transaction", entered["ID"]), "1200")).state == "posted"
    assert len(there.in_books()) == 1


def test_what_we_entered_is_no_somebody_s(there: Shop, standin: StandIn) -> None:
    """Two equal payments in the books are two there, although the first stands there when the second is looked for."""
    invoice, posting = sold(standin, there)
    record(there, posting)
    record(there, posting)
    assert {one.state for one in run_back(there)} == {"posted"}
    assert len(transactions(standin, invoice)) == 2


def test_more_than_is_outstanding_is_not_entered(there: Shop, standin: StandIn) -> None:
    invoice, posting = sold(standin, there)
    standin.act(invoice, "credit", amount="100.00")
    record(there, posting)
    (back,) = run_back(there)
    assert (back.state, len(transactions(standin, invoice))) == ("ready", 1)
    assert "only 20.00 GBP is left there for a payment of 50.00" in back.reason


def test_where_it_cannot_be_asked_nothing_is_entered(there: Shop, standin: StandIn) -> None:
    invoice, posting = sold(standin, there)
    record(there, posting)
    standin.faults(api_errors=1)
    (back,) = run_back(there)
    assert (back.state, back.may_exist, transactions(standin, invoice)) == ("ready", False, [])
