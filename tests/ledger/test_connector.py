"""The connector: what the posting engine sees of the ledger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.models import Model
from django.db.transaction import atomic, set_rollback

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Misconfigured, Rejected
from integrations.reference import RecordKind
from ledger.connector import BuiltInLedger
from ledger.memo_book import MemoBook
from ledger.models import (
    Account,
    AccountType,
    Attachment,
    Books,
    Currency,
    Customer,
    DeliverySite,
    Dimension,
    DimensionValue,
    Entry,
    Supplier,
    TaxCode,
)
from ledger.services import ByHand, customer_balances, open_books, record_payment, reverse, supplier_balances
from tests import contract
from tests.factories import a_document, a_line
from tests.ledger.booked import key

pytestmark = pytest.mark.engine


def ledger(books: Books, **settings: str) -> BuiltInLedger:
    """The connector of these books."""
    return BuiltInLedger(Link(settings={"books": str(books.pk), **settings}))


@dataclass(frozen=True)
class Look:
    """The contract's look into the books, past the connector."""

    books: Books

    def count(self) -> int:
        """Entries of all kinds."""
        return Entry.objects.filter(books=self.books).count()

    def owed(self, supplier_code: str) -> Decimal:
        """In sterling."""
        balances = {row.code: row.balance for row in supplier_balances(self.books)}
        return balances.get(supplier_code, Decimal(0))

    def due_from(self, customer_code: str) -> Decimal:
        """In sterling."""
        balances = {row.code: row.balance for row in customer_balances(self.books)}
        return balances.get(customer_code, Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        """As staff do."""
        settled = Entry.objects.get(pk=int(invoice))
        hand = ByHand(
            kind=Kind.PAYMENT,
            customer=Customer.objects.get(entries=settled),
            bank_account="1200",
            amount=amount,
            day=settled.date,
            settles=((settled, amount),),
        )
        return str(record_payment(self.books, hand, who="Ada Clerk").pk)

    def plant(self, document: Document, key: str) -> bool:
        """The database itself lets no second entry have a key."""
        entry = Entry.objects.get(books=self.books, external_key=key)
        entry.pk, entry.sequence, entry.number = None, entry.sequence + 1, "JNL-000002"
        entry._state.adding = True
        with pytest.raises(IntegrityError, match=r"external_key|entry_key_once_per_books"), atomic():
            entry.save()
        return False

    def forget_keys(self) -> None:
        """Its keys are columns of the entries."""

    def retire(self, kind: RecordKind) -> str | None:
        """A row that staff made inactive."""
        return str(retired(self.books, kind).pk)

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        """From the table."""
        return bytes(Attachment.objects.get(entry_id=int(external_id), name=name).content)


def retired(books: Books, kind: RecordKind) -> Model:
    """One more row of a kind, inactive."""
    named = {"code": "OLD", "name": "No longer in use", "active": False}
    match kind:
        case RecordKind.SUPPLIER:
            return Supplier.objects.create(books=books, **named)
        case RecordKind.ACCOUNT:
            return Account.objects.create(books=books, type=AccountType.EXPENSE, **named)
        case RecordKind.TAX:
            return TaxCode.objects.create(books=books, rate=Decimal("17.5"), **named)
        case RecordKind.CURRENCY:
            return Currency.objects.create(books=books, rate=Decimal("1.95583"), **named)
        case RecordKind.DELIVERY_SITE:
            return DeliverySite.objects.create(books=books, **named)
        case RecordKind.DIMENSION:
            return DimensionValue.objects.create(dimension=Dimension.objects.get(books=books), **named)


class TestBehaviour(contract.BehaviourCases):
    """What the ledger shares with every other accounting system."""

    connector = BuiltInLedger

    @pytest.fixture
    def books(self, db: None) -> Look:
        """Empty books in sterling, with what staff have added: a rate for the dollar, a site and a department."""
        books = open_books("Northgate Training Ltd", "GBP")
        Currency.objects.create(books=books, code="USD", name="US dollar", rate=Decimal("1.201"))
        DeliverySite.objects.create(books=books, code="LEEDS", name="Leeds training centre", country_code="GB")
        department = Dimension.objects.create(books=books, name="Department")
        DimensionValue.objects.create(dimension=department, code="TRN", name="Training")
        return Look(books)

    @pytest.fixture
    def system(self, books: Look) -> AccountingSystem:
        """The connector to them."""
        return ledger(books.books)


def test_it_says_what_it_can() -> None:
    can = BuiltInLedger.can
    assert can.kinds == set(Kind)
    assert (can.transactional, can.lookup, can.lookup_complete, can.quiet_seconds) == (True, True, True, 0)
    assert (can.reads, can.attaches) == (set(RecordKind), can.kinds)
    assert (MemoBook.can.reads, MemoBook.can.attaches) == (set(), set(Kind))
    assert (BuiltInLedger.metadata.slug, BuiltInLedger.metadata.name) == ("ledger", "Postroom ledger")
    assert {setting.key: setting.required for setting in BuiltInLedger.metadata.settings} == {
        "books": True,
        "suppliers": False,
        "customers": False,
    }


def test_the_company_is_that_of_the_books(books: Books) -> None:
    expected = Company(external_id=str(books.pk), name="Northgate Training Ltd", base_currency="GBP")
    assert ledger(books).company() == expected


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.INVOICE, "JNL-000001"),
        (Kind.CREDIT_NOTE, "JNL-000001"),
        (Kind.PURCHASE_ORDER, "MEM-000001"),
        (Kind.RECEIPT, "MEM-000001"),
    ],
)
def test_it_posts_what_it_can_and_tells_what_it_booked(books: Books, kind: Kind, number: str) -> None:
    posted = ledger(books).post(a_document(kind=kind), key=key(), reference="P-000007")
    entry = Entry.objects.get()
    assert posted == Posted(
        external_id=str(entry.pk),
        number=number,
        supplier_code="CROWN01",
        net=Decimal(100),
        tax=Decimal(20),
        gross=Decimal(120),
        currency="GBP",
        date=date(2026, 3, 14),
    )
    assert entry.reference == "P-000007"


def test_foreign_amounts_are_told_in_the_documents_currency(books: Books) -> None:
    document = a_document(currency="USD", lines=(a_line(base_net=Decimal(80), base_tax=Decimal(16)),))
    posted = ledger(books).post(document, key=key(), reference="P-000001")
    assert (posted.gross, posted.currency) == (Decimal(120), "USD")


def test_the_same_key_is_the_same_entry_whatever_its_generation(books: Books) -> None:
    connector, document = ledger(books), a_document()
    first = connector.post(document, key=key(), reference="P-000001")
    assert connector.post(document, key=IdempotencyKey("key-1", 3), reference="P-000001") == first
    assert connector.find(document, key=IdempotencyKey("key-1", 2)) == (first,)
    assert Entry.objects.count() == 1


def test_a_lookup_finds_the_entry_in_any_state_and_nothing_else(books: Books) -> None:
    connector, document = ledger(books), a_document()
    assert connector.find(document, key=key()) == ()
    posted = connector.post(document, key=key(), reference="P-000001")
    reverse(Entry.objects.get(), "Duplicate", date(2026, 4, 1))
    assert connector.find(document, key=key()) == (posted,)
    assert connector.find(document, key=key("key-2")) == ()


@pytest.mark.django_db(transaction=True)
def test_it_only_posts_inside_the_callers_transaction(transactional_db: None) -> None:
    connector = ledger(open_books("Northgate Training Ltd", "GBP"))
    with pytest.raises(RuntimeError, match="inside the caller's transaction"):
        connector.post(a_document(), key=key(), reference="P-000001")
    with atomic():
        connector.post(a_document(), key=key(), reference="P-000001")
        set_rollback(True)
    assert Entry.objects.count() == 0
    with atomic():
        connector.post(a_document(), key=key(), reference="P-000001")
    assert Entry.objects.get().number == "JNL-000001"


def test_the_setting_refuses_unknown_suppliers(books: Books) -> None:
    for kind in (Kind.INVOICE, Kind.RECEIPT):
        with pytest.raises(Rejected, match="new ones are not made"):
            ledger(books, suppliers="refuse").post(a_document(kind=kind), key=key(), reference="P-000001")
    assert ledger(books, suppliers="").post(a_document(), key=key(), reference="P-000001").number == "JNL-000001"


@pytest.mark.parametrize("value", ["", "no uuid", str(uuid.UUID(int=1))])
def test_books_that_do_not_exist_are_a_setting_to_mend(db: None, value: str) -> None:
    connector = BuiltInLedger(Link(settings={"books": value}))
    for call in (
        connector.company,
        lambda: connector.find(a_document(), key=key()),
        lambda: connector.post(a_document(), key=key(), reference="P-000001"),
    ):
        with pytest.raises(Misconfigured, match="names no books") as caught:
            call()
        assert caught.value.field == "books"
    with pytest.raises(Misconfigured):
        BuiltInLedger(Link()).company()


def test_a_wrong_word_for_unknown_suppliers_is_a_setting_to_mend(books: Books) -> None:
    with pytest.raises(Misconfigured, match="choose “make” or “refuse”") as caught:
        ledger(books, suppliers="ignore").post(a_document(), key=key(), reference="P-000001")
    assert caught.value.field == "suppliers"


@pytest.mark.parametrize("kind", list(Kind))
def test_the_memo_book_keeps_every_kind(books: Books, kind: Kind) -> None:
    connector = MemoBook(Link(settings={"books": str(books.pk)}))
    assert kind in connector.can.kinds
    document = a_document(kind=kind, lines=(a_line(account_code="not ours"),))
    posted = connector.post(document, key=key(), reference="P-000001")
    assert posted.number == "MEM-000001"
    assert connector.find(document, key=key()) == (posted,)
