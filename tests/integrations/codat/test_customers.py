"""A customer that is not known over there: refused, or made once, before its first document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.codat import customers, options
from integrations.codat.connector import Codat as Connector
from integrations.documents import Customer, Document, IdempotencyKey, Kind
from integrations.errors import Rejected, Retryable
from integrations.http import Outbound
from tests.contract import book
from tests.integrations.codat.account import SYNC, ago, client, data_status, reading
from tests.integrations.codat.conversation import member
from tests.integrations.codat.rig import Codat, Linked, SeenBooks
from tests.samples import CUSTOMER, KEY, OTHER_KEY, REFERENCE, sale
from tests.scripted import ScriptedServer, json_answer

NEW = replace(CUSTOMER, code="acc-4711", name="Eskdale Outdoor Centre", email="office@eskdale.example")


@pytest.fixture
def system(codat: Codat, linked: Linked) -> Connector:
    """Codat reads the books all the time here."""
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    return Connector(codat.link(linked, outbound=outbound, customers="make"))


@pytest.fixture
def unread(codat: Codat, linked: Linked) -> Connector:
    """Codat reads only when it is asked to."""
    return Connector(codat.link(linked, customers="make"))


def by(customer: Customer, kind: Kind = Kind.SALES_INVOICE, **changes: Any) -> Document:
    return sale(kind, party=customer, **changes)


def booked(system: Connector, document: Document, key: IdempotencyKey = KEY) -> str:
    """Post, and wait until it is booked."""
    return book(system, document, key=key).external_id


def named(books: SeenBooks, name: str) -> list[dict[str, Any]]:
    return [row for row in books.every("customers") if row["customerName"] == name]


def test_one_that_is_not_there_is_refused_unless_the_settings_say_otherwise(codat: Codat, linked: Linked) -> None:
    with pytest.raises(Rejected, match="Codat knows no customer Eskdale Outdoor Centre") as caught:
        Connector(codat.link(linked)).post(by(NEW), key=KEY, reference=REFERENCE)
    assert caught.value.field == "customer"


def test_one_is_found_by_name_where_the_sources_code_is_none_of_codats(system: Connector, books: SeenBooks) -> None:
    told = book(system, by(replace(CUSTOMER, code="acc-0815", name="harbour logistics LTD")))
    assert told.supplier_code == "HARB01"
    assert len(books.every("customers")) == 2


def test_a_new_one_is_made_with_what_the_document_tells_of_it(system: Connector, books: SeenBooks) -> None:
    booked(system, by(NEW))
    (row,) = named(books, "Eskdale Outdoor Centre")
    assert (row["emailAddress"], row["defaultCurrency"]) == ("office@eskdale.example", "GBP")
    assert row["addresses"] == [
        {"type": "Billing", "line1": "Unit 4, Dock Road", "city": "Hull", "region": "East Riding of Yorkshire",
         "postalCode": "HU1 1AA", "country": "United Kingdom"}
    ]  # fmt: skip
    assert [one["customerRef"]["id"] for one in books.every("invoices")] == [row["id"]]


def test_two_documents_of_a_new_customer_make_one_of_it(codat: Codat, unread: Connector, books: SeenBooks) -> None:
    """Before Codat has read anything anew, and while the customer is still on its way."""
    codat.set(push_seconds=60)
    second = by(NEW, number="INV-2024-0118")
    for document, key in ((by(NEW), KEY), (second, OTHER_KEY), (by(NEW), KEY)):
        with pytest.raises(Retryable, match="The document follows") as caught:
            unread.post(document, key=key, reference=REFERENCE)
        assert caught.value.free
    codat.later(60)
    operations = [unread.post(one, key=key, reference=REFERENCE) for one, key in ((by(NEW), KEY), (second, OTHER_KEY))]
    assert operations[0] != operations[1]
    assert len(named(books, NEW.name)) == 1


def test_other_details_of_the_same_customer_wait_for_a_reading(
    codat: Codat, linked: Linked, unread: Connector, books: SeenBooks
) -> None:
    unread.post(by(NEW), key=KEY, reference=REFERENCE)
    later = by(replace(NEW, email="new@eskdale.example"))
    with pytest.raises(Retryable, match="The customers are read first"):
        unread.post(later, key=OTHER_KEY, reference="P-000002")
    codat.refresh(linked)
    unread.post(later, key=OTHER_KEY, reference="P-000002")
    assert len(named(books, NEW.name)) == 1


def test_a_payment_on_account_of_a_new_customer_names_it(system: Connector, books: SeenBooks) -> None:
    booked(system, by(NEW, Kind.PAYMENT))
    (row,), (payment,) = named(books, NEW.name), books.every("payments")
    assert payment["customerRef"]["id"] == row["id"]
    assert payment["lines"][0]["links"][0]["id"] == row["id"]


def test_a_refused_customer_refuses_its_document(codat: Codat, system: Connector, books: SeenBooks) -> None:
    codat.plan("Failed", dataType="customers", message="The name is taken by a supplier.")
    with pytest.raises(Rejected, match=r"The customer could not be made: The name is taken by a supplier\.") as caught:
        booked(system, by(NEW))
    assert caught.value.field == "customer"
    assert books.count() == 0


def test_a_preview_shows_the_customer_and_makes_none(system: Connector, books: SeenBooks) -> None:
    preview = system.preview(by(NEW), key=KEY, reference=REFERENCE)
    assert [one.url.rpartition("/")[2] for one in preview.requests] == ["customers"]
    assert named(books, NEW.name) == []


def test_a_document_that_is_refused_anyway_makes_no_customer(system: Connector, books: SeenBooks) -> None:
    with pytest.raises(Rejected):
        system.post(by(NEW, date=None, created_at=None), key=KEY, reference=REFERENCE)
    assert named(books, NEW.name) == []


# --- what of it is sent ----------------------------------------------------------------------------------------------


def pushed(party: Customer, **members: dict[str, Any]) -> dict[str, Any]:
    model = options.read(member("Object", customerName=member(required=True), **members))
    return {name: one for name, one in customers.pushed(by(party), model).items() if one not in (None, [])}


def address(**members: dict[str, Any]) -> dict[str, Any]:
    return member("Array", **{name: member() for name in ("line1", "city")} | members)


@pytest.mark.parametrize(
    ("country", "kept"),
    [
        (member("String", "Must be a two letter Country ISO code", required=True), None),
        (member("String", "Must be a 2-letter country code"), {"line1", "city"}),
        ({**member(), "options": [{"value": "United Kingdom (GB)"}]}, {"line1", "city"}),
        ({**member(), "options": [{"value": "United Kingdom"}]}, {"line1", "city", "country"}),
    ],
)
def test_an_address_goes_out_as_far_as_the_platform_takes_it(country: dict[str, Any], kept: set[str] | None) -> None:
    body = pushed(CUSTOMER, addresses=address(country=country))
    assert (set(body["addresses"][0]) - {"type"} if "addresses" in body else None) == kept


def test_a_platform_with_codes_of_its_own_gets_the_sources() -> None:
    eight = member("String", "The customer ID must be unique, and have a maximum of 8 characters.", required=True)
    assert pushed(replace(CUSTOMER, code="harb01"), id=eight)["id"] == "HARB01"
    for code in (None, "HARB 01", "HARBOUR01"):
        with pytest.raises(Rejected, match="needs a code of at most 8 characters"):
            pushed(replace(CUSTOMER, code=code), id=eight)


def test_texts_are_cut_and_a_contact_is_named_where_one_is_needed() -> None:
    body = pushed(CUSTOMER, contactName=member("String", "Max length of 8 characters.", required=True))
    assert body["contactName"] == "Harbour"


def test_nothing_is_made_before_codat_was_asked_to_read_the_customers_within_the_hour() -> None:
    """Its key is forgotten after 90 minutes, so that an older reading could hide that it was made."""
    status = data_status(
        "customers", "Complete", lastSuccessfulSync=ago(10), latestSyncId=SYNC, latestSuccessfulSyncId=SYNC
    )
    asked_long_ago = json_answer(reading("Complete", requested=ago(3700), completed=ago(10)))
    queued = json_answer(reading("Queued", requested=ago(0)))
    with ScriptedServer(status, asked_long_ago, queued) as server, pytest.raises(Retryable) as caught:
        customers.made(client(server), "companies/c/connections/k", by(NEW), {})
    assert "Codat is fetching" in caught.value.message
    assert [one.path.rpartition("/")[2].partition("?")[0] for one in server.asked][-1] == "customers"
    assert not any("/push/" in one.path for one in server.asked)
