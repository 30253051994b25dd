"""What others read from the books."""

from __future__ import annotations

import gc
import tracemalloc
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.reference import Record, RecordKind
from ledger.chart import ACCOUNTS, ROLES
from ledger.models import (
    Account,
    Books,
    Currency,
    DeliverySite,
    Dimension,
    DimensionValue,
    Role,
    Supplier,
    TaxCode,
)
from ledger.services import open_books
from ledger.services.records import PAGE, records_of

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def told(books: Books, kind: RecordKind) -> list[Record]:
    """All of a kind."""
    return list(records_of(books, kind))


def many(books: Books, count: int, start: int = 0) -> None:
    """Suppliers S000000 and so on."""
    Supplier.objects.bulk_create(
        [
            Supplier(books=books, code=f"S{number:06}", name=f"Supplier {number}", email=f"{number}@example.com")
            for number in range(start, start + count)
        ]
    )


def test_a_supplier_is_told_with_all_that_is_known_of_it(books: Books) -> None:
    supplier = Supplier.objects.create(
        books=books,
        code="CROWN01",
        name="Crown Conference Centre",
        tax_number="GB123456789",
        email="accounts@crown.example",
        phone="0113 496 0000",
        currency="GBP",
        address_1="1 Station Road",
        address_2="Holbeck",
        city="Leeds",
        region="West Yorkshire",
        postcode="LS11 5AA",
        country_code="GB",
        payment_days=0,
        bank_name="Yorkshire Bank",
        bank_account="12345678",
        bank_sort_code="05-00-00",
        default_account="5010",
        default_tax="T1",
    )
    assert told(books, RecordKind.SUPPLIER) == [
        Record(
            kind=RecordKind.SUPPLIER,
            code="CROWN01",
            name="Crown Conference Centre",
            external_id=str(supplier.pk),
            details={
                "tax_number": "GB123456789",
                "email": "accounts@crown.example",
                "phone": "0113 496 0000",
                "currency": "GBP",
                "address_1": "1 Station Road",
                "address_2": "Holbeck",
                "city": "Leeds",
                "region": "West Yorkshire",
                "postcode": "LS11 5AA",
                "country_code": "GB",
                "payment_days": "0",
                "bank_name": "Yorkshire Bank",
                "bank_account": "12345678",
                "bank_sort_code": "05-00-00",
                "default_account": "5010",
                "default_tax": "T1",
            },
        )
    ]


def test_what_nobody_entered_is_left_out(books: Books) -> None:
    supplier = Supplier.objects.create(books=books, code="METRO01", name="Metro Telecom", active=False)
    assert told(books, RecordKind.SUPPLIER) == [
        Record(
            kind=RecordKind.SUPPLIER,
            code="METRO01",
            name="Metro Telecom",
            external_id=str(supplier.pk),
            is_active=False,
        )
    ]


def test_accounts_are_those_that_documents_are_coded_to(books: Books) -> None:
    """The control accounts are the ledger's own: whoever picked one would book past it."""
    Account.objects.filter(books=books, code="7504").update(active=False)
    found = told(books, RecordKind.ACCOUNT)
    assert [one.code for one in found] == [code for code, _, _ in ACCOUNTS if code not in ROLES]
    assert set(ROLES.values()) == set(Role)
    stationery = Account.objects.get(books=books, code="7504")
    assert [one for one in found if not one.is_active] == [
        Record(
            kind=RecordKind.ACCOUNT,
            code="7504",
            name="Office stationery",
            external_id=str(stationery.pk),
            is_active=False,
            details={"type": "expense"},
        )
    ]


def test_tax_codes_are_told_with_their_rates(books: Books) -> None:
    TaxCode.objects.create(books=books, code="T17", name="Standard rate 17.5%", rate=Decimal("17.5"), active=False)
    found = told(books, RecordKind.TAX)
    assert [(one.code, one.name, one.details, one.is_active) for one in found] == [
        ("T0", "Zero rated", {"rate": "0"}, True),
        ("T1", "Standard rate 20%", {"rate": "20"}, True),
        ("T17", "Standard rate 17.5%", {"rate": "17.5"}, False),
        ("T2", "Exempt", {"rate": "0"}, True),
        ("T5", "Reduced rate 5%", {"rate": "5"}, True),
        ("T9", "Outside the scope of VAT", {"rate": "0"}, True),
    ]


def test_currencies_are_told_in_units_for_one_of_the_base(books: Books) -> None:
    Currency.objects.create(books=books, code="EUR", name="Euro", rate=Decimal("1.17123456"))
    Currency.objects.create(books=books, code="JPY", name="Japanese yen", rate=Decimal(190), active=False)
    found = told(books, RecordKind.CURRENCY)
    assert [(one.code, one.name, one.details, one.is_active) for one in found] == [
        ("EUR", "Euro", {"rate": "1.17123456"}, True),
        ("GBP", "Pound sterling", {"rate": "1", "is_base": "yes"}, True),
        ("JPY", "Japanese yen", {"rate": "190"}, False),
    ]


@pytest.mark.parametrize("rate", ["0.00000001", "1234567.12345678", "9999999.99999999"])
def test_a_rate_is_kept_to_its_last_digit(books: Books, rate: str) -> None:
    Currency.objects.create(books=books, code="EUR", name="Euro", rate=Decimal(rate))
    assert told(books, RecordKind.CURRENCY)[0].details == {"rate": rate}


def test_delivery_sites_are_told_with_their_address(books: Books) -> None:
    site = DeliverySite.objects.create(
        books=books, code="LEEDS", name="Leeds training centre", address_1="1 Station Road", city="Leeds",
        postcode="LS11 5AA", country_code="GB", phone="0113 496 0000",
    )  # fmt: skip
    DeliverySite.objects.create(books=books, code="YORK", name="York", active=False)
    assert told(books, RecordKind.DELIVERY_SITE) == [
        Record(
            kind=RecordKind.DELIVERY_SITE,
            code="LEEDS",
            name="Leeds training centre",
            external_id=str(site.pk),
            details={
                "address_1": "1 Station Road",
                "city": "Leeds",
                "postcode": "LS11 5AA",
                "country_code": "GB",
                "phone": "0113 496 0000",
            },
        ),
        Record(
            kind=RecordKind.DELIVERY_SITE,
            code="YORK",
            name="York",
            external_id=str(DeliverySite.objects.get(code="YORK").pk),
            is_active=False,
        ),
    ]


def test_values_are_told_dimension_by_dimension(books: Books) -> None:
    department = Dimension.objects.create(books=books, name="Department")
    course = Dimension.objects.create(books=books, name="Course", active=False)
    for dimension, code, name, active in (
        (department, "TRN", "Training", True),
        (department, "ADM", "Administration", False),
        (course, "PM", "Project management", True),
    ):
        DimensionValue.objects.create(dimension=dimension, code=code, name=name, active=active)
    found = told(books, RecordKind.DIMENSION)
    assert [(one.dimension, one.code, one.name, one.is_active) for one in found] == [
        ("Course", "PM", "Project management", False),
        ("Department", "ADM", "Administration", False),
        ("Department", "TRN", "Training", True),
    ]


def test_each_books_tell_their_own(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "EUR")
    for each in (books, other):
        many(each, 3)
        DeliverySite.objects.create(books=each, code="LEEDS", name="Leeds")
        DimensionValue.objects.create(
            dimension=Dimension.objects.create(books=each, name="Department"), code="TRN", name="Training"
        )
    for kind in RecordKind:
        ours, theirs = ({one.external_id for one in told(each, kind)} for each in (books, other))
        assert ours
        assert len(ours) == len(theirs)
        assert not ours & theirs


# --- many of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 3])
def test_pages_join_without_a_gap_or_a_repeat(books: Books, count: int) -> None:
    many(books, count)
    assert [one.code for one in records_of(books, RecordKind.SUPPLIER)] == [f"S{n:06}" for n in range(count)]


def test_a_page_is_one_statement(books: Books, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    many(books, 2 * PAGE + 3)
    with django_assert_num_queries(3):
        assert len(told(books, RecordKind.SUPPLIER)) == 2 * PAGE + 3


def test_whoever_reads_may_write_meanwhile(books: Books) -> None:
    many(books, PAGE + 10)
    found: list[tuple[str, str]] = []
    for one in records_of(books, RecordKind.SUPPLIER):
        if not found:
            Supplier.objects.filter(books=books, code=f"S{PAGE + 5:06}").update(name="Changed")
            many(books, 1, start=PAGE + 10)
        found.append((one.code, one.name))
    assert [code for code, _ in found] == [f"S{n:06}" for n in range(PAGE + 11)]
    assert (f"S{PAGE + 5:06}", "Changed") in found


def test_the_number_of_suppliers_is_no_matter_of_memory(books: Books) -> None:
    def peak() -> int:
        gc.collect()
        tracemalloc.start()
        try:
            assert sum(1 for _ in records_of(books, RecordKind.SUPPLIER)) > 0
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Two pages: while one is read, the one before is still held.
    many(books, 2 * PAGE)
    peak()
    few = peak()
    many(books, 8 * PAGE, start=2 * PAGE)
    assert peak() < 1.5 * few


# --- what staff may enter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field,value", [("country_code", "gb"), ("country_code", "GBR"), ("currency", "eur"), ("payment_days", 1000)]
)
def test_a_supplier_with_a_wrong_detail_is_refused_by_field(books: Books, field: str, value: object) -> None:
    supplier = Supplier(books=books, code="X", name="X", name_key="x", **{field: value})
    with pytest.raises(ValidationError) as caught:
        supplier.full_clean()
    assert list(caught.value.message_dict) == [field]


def test_the_usual_codes_of_a_supplier_are_codes_of_its_books(books: Books) -> None:
    open_books("Harbour Street Catering Ltd", "GBP")
    TaxCode.objects.filter(books=books, code="T5").delete()
    supplier = Supplier(books=books, code="X", name="X", name_key="x", default_account="0000", default_tax="T5")
    with pytest.raises(ValidationError) as caught:
        supplier.full_clean()
    assert caught.value.message_dict == {
        "default_account": ["These books have no code 0000."],
        "default_tax": ["These books have no code T5."],
    }
    supplier.default_account, supplier.default_tax = "5010", "T1"
    supplier.full_clean()


@pytest.mark.parametrize("changes", [{"rate": Decimal("1.1")}, {"active": False}])
def test_the_base_currency_stays_what_it_is(books: Books, changes: dict[str, object]) -> None:
    base = Currency.objects.get(books=books)
    base.full_clean()
    for field, value in changes.items():
        setattr(base, field, value)
    with pytest.raises(ValidationError, match="has the rate 1 and stays active"):
        base.full_clean()
    base.code = "EUR"
    base.full_clean()


@pytest.mark.parametrize("rate", [0, -1])
def test_no_currency_is_worth_nothing(books: Books, rate: int) -> None:
    with pytest.raises(ValidationError):
        Currency(books=books, code="EUR", name="Euro", rate=Decimal(rate)).full_clean()
    with pytest.raises(IntegrityError, match="currency_rate_above_zero"):
        Currency.objects.create(books=books, code="EUR", name="Euro", rate=Decimal(rate))


@pytest.mark.parametrize(("base", "name"), [("GBP", "Pound sterling"), ("EUR", "Euro"), ("XOF", "XOF")])
def test_new_books_know_their_own_currency(base: str, name: str) -> None:
    books = open_books("Harbour Street Catering Ltd", base)
    assert [(one.code, one.name, one.rate, one.active) for one in books.currencies.all()] == [(base, name, 1, True)]


@pytest.mark.django_db(transaction=True)
def test_books_of_the_version_before_get_their_base_currency() -> None:
    call_command("migrate", "ledger", "0002", verbosity=0)
    try:
        before = MigrationExecutor(connection).loader.project_state([("ledger", "0002_final_entries")]).apps
        old = before.get_model("ledger", "Books").objects.create(name="Northgate Training Ltd", base_currency="EUR")
        before.get_model("ledger", "Supplier").objects.create(books=old, code="X", name="X", name_key="x")
    finally:
        call_command("migrate", "ledger", verbosity=0)
    assert [(one.code, one.name, one.rate) for one in Currency.objects.filter(books_id=old.pk)] == [("EUR", "Euro", 1)]
    assert [one.details for one in records_of(Books.objects.get(), RecordKind.SUPPLIER)] == [{}]


def test_a_process_of_the_version_before_can_still_add_a_supplier(books: Books) -> None:
    """While a new version is rolled out both run, and the old one knows nothing of the new columns."""
    columns = "books_id, code, name, name_key, made_on_sight, active, created_at"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_supplier ({columns}) VALUES (%s, 'X', 'X', 'x', %s, %s, '2026-11-20T12:00:00Z')",
            [Books._meta.pk.get_db_prep_value(books.pk, connection), False, True],
        )
    assert [(one.code, one.details) for one in records_of(books, RecordKind.SUPPLIER)] == [("X", {})]
