"""What came in, and its postings: exact answers, filters, and pages that follow an index."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.documents import Dimension, Kind
from portal.connections.models import Connection
from portal.postings import listing
from portal.postings.changes import record
from portal.postings.models import Posting, Transaction
from portal.postings.states import Actor, State
from tests.admin.world import in_state
from tests.api.calling import Program, an_order, error, read
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory, a_document, a_line, accepted

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
WRONG = "The query has errors."
NOTHING = "There is nothing here, or it is not yours."


@pytest.fixture
def demo(program: Program) -> Connection:
    """An accounting system in which postings wait."""
    made: Connection = DemoConnectionFactory.create(company=program.company)
    return made


def received(program: Program, query: str = "") -> list[str]:
    """The source's numbers, in the order of the list."""
    return [one["sourceNumber"] for one in read(program.call("GET", f"transactions{query}"))["results"]]


def ids(program: Program, query: str = "") -> list[str]:
    """The postings, in the order of the list."""
    return [one["id"] for one in read(program.call("GET", f"postings{query}"))["results"]]


def test_a_transaction_is_told_with_its_content(program: Program, books: Connection) -> None:
    line = a_line(7, quantity=Decimal("2.5"), item_code="ROOM", dimensions=(Dimension(name="Department", code="TRN"),))
    document = a_document(external_id="id-1", lines=(line,), order_number="PO000117", title="Venue hire")
    posting = accepted(books, document).posting
    transaction = Transaction.objects.get()
    Transaction.objects.update(received_at=datetime(2026, 11, 20, 12, tzinfo=UTC))
    Posting.objects.update(posted_at=datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC))
    short = {
        "id": str(transaction.public_id),
        "kind": "invoice",
        "source": "icompleat",
        "externalId": "id-1",
        "revision": 1,
        "number": "P-000001",
        "answeredNumber": "",
        "sourceNumber": "INV000123",
        "orderNumber": "PO000117",
        "supplierReference": "SI-48213",
        "supplierName": "Crown Conference Centre",
        "date": "2026-03-14",
        "currency": "GBP",
        "net": "100.00",
        "tax": "20.00",
        "gross": "120.00",
        "receivedAt": "2026-11-20T12:00:00.000Z",
        "answeredAt": None,
        "state": "posted",
        "postings": [
            {
                "id": str(posting.pk),
                "connectionId": str(books.pk),
                "integrationKey": "ledger",
                "state": "posted",
                "reason": "",
                "field": "",
                "number": "JNL-000001",
                "externalId": posting.external_id,
                "postedAt": "2026-11-20T12:00:01.000Z",
            }
        ],
    }
    assert read(program.call("GET", "transactions")) == {"results": [short], "next": None}
    assert read(program.call("GET", f"transactions/{transaction.public_id}")) == {
        **short,
        "title": "Venue hire",
        "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
        "customer": None,
        "dueDate": "2026-04-13",
        "deliveryDate": None,
        "createdAt": "2026-03-15T10:22:41.000Z",
        "dimensions": [],
        "lines": [
            {
                "number": 7, "description": "Training room, full day", "quantity": "2.5", "unitPrice": "100.00",
                "net": "100.00", "tax": "20.00", "gross": "120.00", "itemCode": "ROOM", "accountCode": "5010",
                "taxCode": "T1", "dimensions": [{"name": "Department", "code": "TRN", "label": ""}],
            }
        ],
    }  # fmt: skip


def test_the_list_is_read_to_its_end_by_its_cursor(program: Program, books: Connection) -> None:
    for number in range(5):
        accepted(books, a_document(number=f"INV{number}"))
    seen: list[str] = []
    address: str | None = "?limit=2"
    while address:
        part = read(program.call("GET", f"transactions{address}"))
        seen += [one["sourceNumber"] for one in part["results"]]
        address = part["next"] and f"?limit=2&after={part['next']}"
    assert seen == ["INV4", "INV3", "INV2", "INV1", "INV0"]


@pytest.mark.parametrize(
    "number", ["P-000002", "p-000002", "INV000777", "PO000117", "SI-1", "id-777", "J-9", "BILL-1", "DOC-1"]
)
def test_any_number_finds_it(program: Program, demo: Connection, number: str) -> None:
    in_state(demo, State.READY, a_document(number="OTHER"))
    document = a_document(
        number="INV000777", order_number="PO000117", supplier_reference="SI-1", external_id="id-777"
    )  # fmt: skip
    posting = in_state(demo, State.POSTED, document)
    Posting.objects.filter(pk=posting.pk).update(external_number="BILL-1", external_id="doc-1")
    Transaction.objects.filter(pk=posting.transaction_id).update(answered_number="J-9", answered_at=timezone.now())
    assert received(program, f"?number={number}") == ["INV000777"]
    assert received(program, f"?number={number}&kind=invoice&state=posted") == ["INV000777"]
    assert received(program, f"?number={number}&kind=receipt") == []
    assert received(program, f"?number={number}&after={posting.transaction_id}") == []
    assert received(program, f"?number={number[:-1]}") == []


@pytest.mark.parametrize("state", list(State))
def test_by_its_state_it_is_found_however_old_it_is(
    program: Program, demo: Connection, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state in listing.FEW:
        monkeypatch.setattr(listing, "LOOKED_THROUGH", 3)
    wanted = [in_state(demo, state, a_document(number=f"WANTED{number}")) for number in range(3)]
    for other in State:
        if other is not state:
            in_state(demo, other)
    LedgerConnectionFactory.create()
    assert received(program, f"?state={state}&limit=2") == ["WANTED2", "WANTED1"]
    assert received(program, f"?state={state}&after={wanted[1].transaction_id}") == ["WANTED0"]
    assert ids(program, f"?state={state}&limit=2") == [str(wanted[2].pk), str(wanted[1].pk)]
    place = f"{wanted[1].transaction_id}-{wanted[1].pk}"
    assert ids(program, f"?state={state}&after={place}") == [str(wanted[0].pk)]
    assert ids(program, f"?state={state}&connectionId={demo.pk}") == [str(each.pk) for each in reversed(wanted)]
    assert ids(program, f"?state={state}&connectionId={program.company.pk}") == []


def test_other_filters_look_through_a_share_and_lead_on(
    program: Program, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_THROUGH", 2)
    accepted(books, a_document(number="CRN-OLD", kind=Kind.CREDIT_NOTE))
    for number in range(4):
        accepted(books, a_document(number=f"INV{number}"))
    seen: list[list[str]] = []
    address: str | None = "?kind=credit_note"
    while address and len(seen) < 5:
        part = read(program.call("GET", f"transactions{address}"))
        seen.append([one["sourceNumber"] for one in part["results"]])
        address = part["next"] and f"?kind=credit_note&after={part['next']}"
    assert seen == [[], [], ["CRN-OLD"]]


def test_by_when_it_came_in(program: Program, books: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LOOKED_THROUGH", 2)
    for days in range(5, 0, -1):
        made = accepted(books, a_document(number=f"AGO{days}")).posting.transaction_id
        Transaction.objects.filter(pk=made).update(received_at=timezone.now() - timedelta(days=days))
    moment = (timezone.now() - timedelta(days=1, hours=12)).isoformat(timespec="seconds").replace("+00:00", "Z")
    assert received(program, f"?receivedFrom={moment}") == ["AGO1"]
    assert received(program, f"?receivedBefore={moment}") == ["AGO2"]
    part = read(program.call("GET", f"transactions?receivedFrom={moment}"))
    second = read(program.call("GET", f"transactions?receivedFrom={moment}&after={part['next']}"))
    # The second share ends more than a day before the moment, so there is no third.
    assert (second["results"], second["next"]) == ([], None)


def test_postings_of_one_transaction_are_not_torn_apart_by_pages(program: Program, demo: Connection) -> None:
    first = in_state(demo, State.POSTED)
    Connection.objects.filter(pk=demo.pk).update(status="unlinked")
    other = LedgerConnectionFactory.create(company=program.company)
    second = Posting.objects.get(pk=first.pk)
    second.pk, second.connection, second.external_id = None, other, "another"
    second.idempotency_key = program.company.pk
    second._state.adding = True
    with atomic():
        second.save()
        record(second, None, State.POSTED, who=Actor.INTAKE, at=timezone.now())
    newest = accepted(other).posting
    assert ids(program) == [str(newest.pk), str(second.pk), str(first.pk)]
    seen: list[str] = []
    address: str | None = "?limit=1"
    while address and len(seen) < 4:
        part = read(program.call("GET", f"postings{address}"))
        seen += [one["id"] for one in part["results"]]
        address = part["next"] and f"?limit=1&after={part['next']}"
    assert seen == [str(newest.pk), str(second.pk), str(first.pk)]
    (_, told) = read(program.call("GET", "transactions"))["results"]
    assert [one["id"] for one in told["postings"]] == [str(first.pk), str(second.pk)]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("transactions?state=sent", "state", None),
        ("transactions?kind=bill", "kind", None),
        ("transactions?number=", "number", None),
        ("transactions?after=x", "after", "It must be what an answer gave as next."),
        ("transactions?receivedFrom=2026-11-20", "receivedFrom", None),
        ("transactions?limit=1001", "limit", "It must be a whole number from 1 to 1,000."),
        ("transactions?connectionId=1", "connectionId", None),
        ("postings?kind=invoice", "kind", "There is no such parameter. Known are limit, after, state, connectionId."),
        ("postings?connectionId=1", "connectionId",
         "It must be an id such as 0e9f6c1b-5a3d-4c1e-9a59-2f0f6f1f7a11."),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_named(program: Program, query: str, field: str, message: str | None) -> None:
    response = program.call("GET", query)
    (detail,) = read(response)["details"]
    assert (response.status_code, read(response)["error"], detail["field"]) == (400, WRONG, field)
    assert message in (None, detail["message"])


def test_what_is_not_there_is_not_found(program: Program) -> None:
    for path in (f"transactions/{program.company.pk}", "postings/1", f"postings/{2**64}"):
        response = program.call("GET", path)
        assert (response.status_code, read(response)) == (404, error(404, NOTHING))


@pytest.mark.parametrize("path", ["transactions", "postings", "transactions?state=rejected", "postings?state=rejected"])
def test_a_list_asks_the_same_number_of_questions(program: Program, demo: Connection, path: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as captured:
            program.call("GET", path)
        assert not [one["sql"] for one in captured if "COUNT(" in one["sql"].upper()]
        return len(captured)

    in_state(demo, State.REJECTED)
    asked()  # keeps when the token was used
    few = asked()
    for _ in range(4):
        in_state(demo, State.REJECTED)
    assert asked() == few


@pytest.fixture
def many(demo: Connection) -> Connection:
    """Enough rows, of two companies, for PostgreSQL to choose among indexes."""
    elsewhere: Connection = LedgerConnectionFactory.create()
    for _ in range(60 if database.vendor == "postgresql" else 2):
        accepted(elsewhere)
        in_state(demo, State.POSTED)
    for state in (State.READY, State.REJECTED):
        in_state(demo, state)
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("ANALYZE postings_transaction, postings_posting")
    return demo


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("transactions", "transaction_by_company"),
        ("transactions?kind=receipt", "transaction_by_company"),
        ("transactions?state=rejected", "posting_needs_a_person"),
        ("transactions?state=ready", "posting_due"),
        ("postings", "transaction_by_company"),
        ("postings?state=posted", "transaction_by_company"),
        ("postings?state=held", "posting_needs_a_person"),
        ("postings?state=awaiting", "posting_due"),
        ("postings?state=sending", "posting_leased|posting_by_state"),
    ],
)
def test_every_list_follows_an_index(
    program: Program, many: Connection, path: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_THROUGH", 10)
    path = f"{path}{'&' if '?' in path else '?'}limit=10"
    with CaptureQueriesContext(database) as captured:
        assert program.call("GET", path).status_code == 200
    plans = [_plan(one["sql"]) for one in captured if re.match(r'SELECT .*FROM "postings_', one["sql"])]
    assert plans
    for plan in plans:
        assert re.findall(r"Seq Scan on postings_|SCAN postings_\w+(?! USING)", plan) == [], plan
    assert any(re.search(index, plan) for plan in plans), plans


def _plan(sql: str) -> str:
    """How the database would go about it in tables that are large."""
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if database.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + sql)
        return "\n".join(str(row) for row in cursor.fetchall())


def test_the_plan_of_a_number_is_the_searchs_own(program: Program, many: Connection) -> None:
    with CaptureQueriesContext(database) as captured:
        program.call("GET", "transactions?number=INV000123")
    (search,) = [_plan(one["sql"]) for one in captured if "UNION" in one["sql"]]
    for index in ("transaction_by_source_number", "posting_by_external_number"):
        assert index in search


def test_what_was_raised_here_is_in_the_list(program: Program, source: Connection) -> None:
    assert program.post(an_order()).status_code == 202
    (one,) = read(program.call("GET", "transactions"))["results"]
    assert (one["source"], one["state"], one["postings"][0]["connectionId"]) == ("api", "ready", str(source.pk))
