"""Raising: once for each key, with a number and a posting to the source, and never into the books."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connections
from django.db.transaction import atomic

from integrations.content import from_json
from integrations.documents import Dimension, Document, Kind, Line, Stage, Supplier
from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings.accept import accept
from portal.postings.models import NumberSeries, Posting, Transaction
from portal.postings.states import State
from portal.raising import services
from portal.raising.models import Origin, Raised, Wish
from portal.raising.services import CannotRaise, Conflict, asked_before, check, listing
from portal.tenants.models import Company
from tests.factories import CompanyFactory, UserFactory
from tests.raising.asking import a_wanted_line, errors, mirrored, raised, usual_records, wanted
from tests.raising.conftest import link_source
from tests.raising.fake_source import SLUG, Trays

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
USED = "The key order-1 was used on {day} for a transaction with other content. Nothing was changed: use another key."


def rows() -> tuple[int, int, int]:
    return Raised.objects.count(), Transaction.objects.count(), Posting.objects.count()


def test_a_raised_transaction_has_a_number_and_a_posting_to_the_source_alone(
    company: Company, source: Connection, books: Connection
) -> None:
    user = UserFactory.create(username="sam")
    (one,) = raised(company, user=user)
    posting, transaction = one.posting, one.posting.transaction
    assert (one.caller_key, one.origin, one.who, one.asked_by, one.wish) == (
        "order-1", Origin.UPLOAD, "sam", user, Wish.DRAFT,
    )  # fmt: skip
    assert (posting.connection_id, posting.state, posting.kept) == (source.pk, State.READY, False)
    assert (transaction.number, transaction.source, transaction.identity, transaction.answered_number) == (
        "P-000001", "upload", "order-1", "",
    )  # fmt: skip
    assert list(Posting.objects.values_list("connection__integration", flat=True)) == [SLUG]
    assert (one.came_back, one.stage_there, one.ended_at, one.next_look_at) == (None, "", None, None)


def test_the_document_says_what_was_asked(company: Company, source: Connection, books: Connection) -> None:
    mirrored(books, RecordKind.SUPPLIER, "CROWN01", "Crown Conference Centre")
    asked = wanted(
        kind=Kind.INVOICE,
        supplier_name="",
        currency="",
        due_date=date(2026, 12, 20),
        delivery_date=date(2026, 12, 1),
        delivery_site="LON",
        order_number="ORD-9",
        supplier_reference="SI-1",
        dimensions=(Dimension(name="Department", code="TRN"),),
        lines=(
            a_wanted_line(tax=None, gross=Decimal("120.00"), quantity=Decimal(2), unit_price=Decimal("50.00")),
            a_wanted_line(account_code="", tax_code="", item_code="ROOM"),
        ),
    )
    (one,) = raised(company, asked)
    assert from_json(one.posting.transaction.content) == Document(
        kind=Kind.INVOICE,
        source="upload",
        external_id="order-1",
        identity="order-1",
        number="order-1",
        party=Supplier(code="CROWN01", name="Crown Conference Centre"),
        currency="GBP",
        base_currency="GBP",
        net=Decimal("200.00"),
        tax=Decimal("40.00"),
        gross=Decimal("240.00"),
        lines=(
            Line(
                number=1,
                description="Training room, full day",
                net=Decimal("100.00"),
                tax=Decimal("20.00"),
                gross=Decimal("120.00"),
                quantity=Decimal(2),
                unit_price=Decimal("50.00"),
                account_code="5010",
                tax_code="T1",
            ),
            Line(
                number=2,
                description="Training room, full day",
                net=Decimal("100.00"),
                tax=Decimal("20.00"),
                gross=Decimal("120.00"),
                item_code="ROOM",
            ),
        ),
        order_number="ORD-9",
        supplier_reference="SI-1",
        title="Venue hire",
        date=date(2026, 11, 20),
        due_date=date(2026, 12, 20),
        delivery_date=date(2026, 12, 1),
        dimensions=(Dimension(name="Department", code="TRN"), Dimension(name="Delivery Site", code="LON")),
        stage=Stage.DRAFT,
    )


def test_a_supplier_given_by_name_gets_its_code(company: Company, source: Connection, books: Connection) -> None:
    usual_records(books)
    (one,) = raised(company, wanted(supplier_code=""), stage=Stage.APPROVED)
    document = from_json(one.posting.transaction.content)
    assert (document.party, document.stage) == (
        Supplier(code="CROWN01", name="Crown Conference Centre"), Stage.APPROVED,
    )  # fmt: skip


def test_the_same_again_is_the_same_row_whatever_has_changed_around_it(company: Company, source: Connection) -> None:
    (first,) = raised(company)
    source.settings["raise_transactions"] = "no"
    source.save()
    again = wanted(lines=(a_wanted_line(net=Decimal("100"), gross=Decimal("120.0")),))
    assert raised(company, again, origin=Origin.API, who="other") == [first]
    assert check(company, [again]) == []
    assert asked_before(company, again, stage=Stage.DRAFT) == first
    assert asked_before(company, wanted("order-2"), stage=Stage.DRAFT) is None
    assert (rows(), AuditEvent.objects.filter(verb="transactions.raised").count()) == ((1, 1, 1), 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Other"},
        {"delivery_date": date(2026, 12, 1)},
        {"kind": Kind.INVOICE, "supplier_reference": "X"},
        {"lines": (a_wanted_line(item_code="X"),)},
        {"lines": (a_wanted_line(net=Decimal("100.01")),)},
        {"dimensions": (Dimension(name="Department", code="TRN"),)},
    ],
)
def test_the_same_key_for_something_else_is_a_conflict_that_changes_nothing(
    company: Company, source: Connection, changes: dict[str, Any]
) -> None:
    (first,) = raised(company)
    before = Raised.objects.values().get(), Transaction.objects.values().get()
    day = f"{first.created_at:%Y-%m-%d}"
    for ask in (
        lambda: raised(company, wanted("order-0"), wanted(**changes)),
        lambda: asked_before(company, wanted(**changes), stage=Stage.DRAFT),
    ):
        with pytest.raises(Conflict) as caught:
            ask()
        assert caught.value.message == USED.format(day=day)
    assert errors(check(company, [wanted(**changes)])) == [("key", USED.format(day=day))]
    assert (Raised.objects.values().get(), Transaction.objects.values().get()) == before


def test_another_stage_is_other_content(company: Company, source: Connection) -> None:
    raised(company, stage=Stage.DRAFT)
    with pytest.raises(Conflict):
        raised(company, stage=Stage.APPROVED)
    assert rows() == (1, 1, 1)


def test_keys_belong_to_their_company(company: Company, source: Connection, trays: Trays) -> None:
    other = CompanyFactory.create()
    link_source(other)
    (ours,), (theirs,) = raised(company), raised(other, wanted(title="Other"))
    assert ours.pk != theirs.pk
    assert list(listing(company)) == [ours]
    assert list(listing(other)) == [theirs]


def test_nothing_at_all_is_raised_while_one_has_an_error(company: Company, source: Connection) -> None:
    good, bad, worse = wanted("a"), wanted("b", kind=None), wanted("c", lines=())
    with pytest.raises(CannotRaise) as caught:
        raised(company, good, bad, worse)
    assert caught.value.message == "Nothing was raised: 2 things are to mend first."
    assert errors(list(caught.value.problems)) == [
        ("kind", "The kind is missing: purchase_order, invoice or credit_note."),
        ("lines", "It has no lines."),
    ]
    assert (rows(), NumberSeries.objects.count()) == ((0, 0, 0), 0)


def test_what_could_not_be_read_is_never_raised(company: Company, source: Connection) -> None:
    for one in (
        replace(wanted(), unread=frozenset({"due_date"})),
        wanted(lines=(a_wanted_line(unread=frozenset({"quantity"})),)),
    ):
        with pytest.raises(CannotRaise, match="Nothing was raised: the transaction order-1 could not be read"):
            raised(company, one)
    assert rows() == (0, 0, 0)


def test_a_file_that_broke_off_goes_on_where_it_stopped(
    company: Company, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 2)
    several = [wanted(f"k{n}") for n in range(5)]
    usual = accept

    def breaks(document: Document, *args: Any, **options: Any) -> Any:
        if document.identity == "k3":
            raise OSError("the database went away")
        return usual(document, *args, **options)

    monkeypatch.setattr(services, "accept", breaks)
    with pytest.raises(OSError, match="went away"):
        raised(company, *several)
    assert list(Raised.objects.order_by("pk").values_list("caller_key", flat=True)) == ["k0", "k1"]
    monkeypatch.setattr(services, "accept", usual)
    assert [one.caller_key for one in raised(company, *several)] == ["k0", "k1", "k2", "k3", "k4"]
    numbers = Transaction.objects.order_by("pk").values_list("number", flat=True)
    assert (rows(), list(numbers)) == ((5, 5, 5), [f"P-{n:06d}" for n in range(1, 6)])


def test_the_database_itself_refuses_a_second_row_for_a_key(company: Company, source: Connection) -> None:
    (one,) = raised(company)
    (other,) = raised(company, wanted("order-2"))
    with pytest.raises(IntegrityError), atomic():
        Raised.objects.filter(pk=other.pk).update(caller_key=one.caller_key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", [True, False])
def test_of_two_at_once_one_wins(
    company: Company, source: Connection, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two processes do it: nothing but the database keeps them apart."""
    monkeypatch.setattr(services, "turn", nullcontext)
    together = threading.Barrier(2)
    outcomes: list[object] = []

    def ask(title: str) -> None:
        try:
            together.wait(10)
            outcomes.append(raised(company, wanted(title=title))[0].pk)
        except Conflict as error:
            outcomes.append(type(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(title,)) for title in ("One", "One" if same else "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (pk,) = Raised.objects.values_list("pk", flat=True)
    assert rows() == (1, 1, 1)
    assert sorted(map(str, outcomes)) == sorted(map(str, [pk, pk if same else Conflict]))


def test_what_was_committed_before_it_broke_off_is_in_the_audit_trail(
    company: Company, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 2)

    def break_off_at_the_third(document: Document, *args: Any, **options: Any) -> Any:
        if document.external_id == "order-3":
            raise LookupError
        return accept(document, *args, **options)

    wishes = [wanted(f"order-{number}") for number in (1, 2, 3)]
    monkeypatch.setattr(services, "accept", break_off_at_the_third)
    with pytest.raises(LookupError):
        raised(company, *wishes)
    monkeypatch.setattr(services, "accept", accept)
    raised(company, *wishes)
    told = AuditEvent.objects.filter(verb="transactions.raised").order_by("pk")
    assert [one.details["keys"] for one in told] == [["order-1", "order-2"], ["order-3"]]


def test_a_list_reads_neither_documents_nor_secrets(
    company: Company, source: Connection, django_assert_num_queries: Any
) -> None:
    raised(company)
    with django_assert_num_queries(1) as asked:
        (one,) = listing(company)
    heavy = ("secrets", 'content"', "traceback", "booked", "mapping")
    assert [name for name in heavy if name in asked.captured_queries[0]["sql"]] == []
    with django_assert_num_queries(0):
        assert (one.posting.connection.integration, one.posting.transaction.number) == (SLUG, "P-000001")
