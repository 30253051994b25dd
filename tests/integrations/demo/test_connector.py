"""Demo Books passes the cases of every accounting system, against its real stand-in and against scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.base import Link
from integrations.demo.books import Books as DemoLedger
from integrations.demo.catalogue import Catalogue
from integrations.demo.connector import DemoBooks
from integrations.demo.files import Files
from integrations.demo.mapping import collection, payload
from integrations.demo.records import SHELVES
from integrations.demo.registers import COLLECTIONS
from integrations.demo.sandbox import build
from integrations.documents import Company, Document, IdempotencyKey, Kind
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from integrations.sandbox import Server, Store, mount
from tests.contract import BehaviourCases, HttpCases, Refusal, Step
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import ScriptedServer, answer, json_answer

COMPANY = "harbour-street"
TOKEN = "demo-token-of-the-tests"


def link(url: str, *, token: str = TOKEN, company: str = COMPANY, outbound: Outbound | None = None) -> Link:
    return Link(
        settings={"base_url": url, "company_id": company},
        secrets={"token": token},
        outbound=outbound or Outbound(allow_private=True),
    )


class SeenBooks:
    """What the stand-in holds, read from its own database."""

    def __init__(self, state: Store) -> None:
        self._books = DemoLedger(state)
        self._catalogue = Catalogue(state)
        self._files = Files(state)

    def count(self) -> int:
        return len(self._books.latest(COMPANY, 1000))

    def owed(self, supplier_code: str) -> Decimal:
        return self._books.owed(COMPANY).get(supplier_code, Decimal(0))

    def due_from(self, customer_code: str) -> Decimal:
        return self._books.owed(COMPANY, "customer").get(customer_code, Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        return str(self._books.pay(COMPANY, invoice, amount)["id"])

    def plant(self, document: Document, key: str) -> bool:
        body = payload(document, key=IdempotencyKey(key), reference=REFERENCE)
        self._books.post(COMPANY, COLLECTIONS[collection(document.kind)], body, "")
        return True

    def forget_keys(self) -> None:
        self._books.forget_keys()

    def retire(self, kind: RecordKind) -> str:
        resource, named = SHELVES[kind].resource, {"code": "OLD", "name": "No longer in use", "active": False}
        more = {"dimension": "Department"} if kind is RecordKind.DIMENSION else {}
        return str(self._catalogue.add(COMPANY, resource, {**named, **more})["id"])

    def stored(self, _kind: Kind, external_id: str, name: str) -> bytes:
        (file_id,) = (one["id"] for one in self._files.of(external_id) if one["name"] == name)
        kept = self._files.one(external_id, file_id)
        assert kept
        return kept.content

    def numbers(self) -> list[str]:
        return [one["number"] for one in reversed(self._books.latest(COMPANY, 1000))]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"demo": build(state)})) as server:
        yield f"{server.url}/demo"


@pytest.fixture
def books(state: Store) -> SeenBooks:
    return SeenBooks(state)


@pytest.fixture
def system(url: str) -> DemoBooks:
    return DemoBooks(link(url))


class TestBehaviour(BehaviourCases):
    """The shared cases, over real HTTP to the real stand-in."""

    connector = DemoBooks


class TestHttp(HttpCases):
    """The shared cases, with a script in place of Demo Books."""

    connector = DemoBooks
    secrets = (TOKEN,)

    def connect(self, url: str, outbound: Outbound) -> DemoBooks:
        return DemoBooks(link(url, outbound=outbound))

    def greeting(self) -> Sequence[Step]:
        company = {"id": COMPANY, "name": "Harbour Street Studios Ltd", "currency": "GBP"}
        return [Step(method="GET", path=f"/api/companies/{COMPANY}", answer=company)]

    def posting(self, document: Document) -> Sequence[Step]:
        if document.kind.is_sale:
            path, body = f"/api/companies/harbour-street/{ENDS[document.kind]}", SALES[document.kind]
            return [Step(method="POST", path=path, body=body, answer=booked(document), status=201, writes=True)]
        foreign = document.currency == "USD"
        body = {
            "external_key": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11",
            "reference": "P-000001",
            "document_number": "INV000123",
            "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
            "supplier_reference": "SI-48213",
            "order_number": "ORD000056",
            "title": "Venue hire, March cohort",
            "date": "2024-03-14",
            "due_date": "2024-04-13",
            "delivery_date": None,
            "currency": document.currency,
            "analysis": [],
            **(IN_DOLLARS if foreign else IN_POUNDS),
        }
        path = f"/api/companies/harbour-street/{ENDS[document.kind]}"
        return [Step(method="POST", path=path, body=body, answer=booked(document), status=201, writes=True)]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        return paged(f"/api/companies/{COMPANY}/documents?external_key={KEY.value}", pages)

    def listing(self, pages: Sequence[int]) -> Sequence[Step]:
        return paged(f"/api/companies/{COMPANY}/documents?booked_since=2026-11-20T12%3A00%3A00.000%2B00%3A00", pages)

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        resource = RESOURCES[kind]
        return paged(f"/api/companies/{COMPANY}/{resource}?", pages, resource.replace("-", "_"), row)

    def papers(self, count: int) -> Sequence[Step]:
        files = [
            {"id": str(number), "name": f"{number}.pdf", "content_type": "application/pdf", "size": 7}
            for number in range(1, count + 1)
        ]
        return [Step(method="GET", path=FILES, answer={"attachments": files})]

    def attaching(self) -> Sequence[Step]:
        body = {
            "name": "SI-48213.pdf",
            "content_type": "application/pdf",
            "content": "JVBERi0xLjcKJSBDcm93biBDb25mZXJlbmNlIENlbnRyZQolJUVPRgo=",
        }
        told = {"id": "1", "name": "SI-48213.pdf", "content_type": "application/pdf", "size": 41}
        return [Step(method="POST", path=FILES, body=body, answer=told, status=201, writes=True)]

    def without_id(self) -> object:
        return {name: value for name, value in booked(sample()).items() if name != "id"}

    def failure(self, message: str) -> object:
        error = {"code": "unknown_account", "message": message, "field": "lines[0].account_code"}
        return {"id": "17", "number": "BILL-000001", "error": error}

    def refusals(self) -> Sequence[Refusal]:
        told = [
            Refusal(status=422, body=refused(code), says="No, said 7504.", field="lines[1]")
            for code in (
                "missing", "invalid", "unknown_account", "unknown_tax_code", "unknown_currency", "base_amounts_missing",
                "amounts_disagree", "negative_total", "unknown_document", "too_large", "cannot_settle", "not_open",
            )
        ]  # fmt: skip
        ours = [
            Refusal(status=status, body=refused(code), error=Misconfigured, says="No, said 7504.")
            for status, code in ((422, "wrong_base_currency"), (404, "unknown_company"), (404, "not_found"))
        ]
        conflict = Refusal(status=409, body=refused("idempotency_conflict"), error=OutcomeUnknown, hides="7504")
        broken = Refusal(status=500, body=refused("internal_error"), error=OutcomeUnknown, hides="7504")
        return [Refusal(status=400, body=refused("bad_request")), *told, *ours, conflict, broken]


def booked(document: Document, external_id: str = "17") -> dict[str, Any]:
    """A document as Demo Books tells it."""
    return {
        "id": external_id,
        "number": "BILL-000001",
        "external_key": KEY.value,
        "reference": REFERENCE,
        "net": document.net,
        "tax": document.tax,
        "gross": document.gross,
        "currency": document.currency,
        "date": str(document.date),
    }


def refused(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "No, said 7504.", "field": "lines[1]"}}


def document(external_id: str) -> dict[str, Any]:
    """One document of a list."""
    return booked(sample(), external_id)


def row(external_id: str) -> dict[str, Any]:
    """One row of reference data, with nothing but what each has."""
    return {"id": external_id, "code": f"C{external_id}", "name": "Something", "active": True}


def paged(
    path: str, pages: Sequence[int], member: str = "documents", made: Callable[[str], object] = document
) -> list[Step]:
    """The pages of a list of things with the ids 1, 2 and so on."""
    steps, first = [], 1
    for page, count in enumerate(pages, start=1):
        things = [made(str(number)) for number in range(first, first + count)]
        answer = {member: things, "next_page": page + 1 if page < len(pages) else None}
        steps.append(Step(method="GET", path=f"{path}{'' if path.endswith('?') else '&'}page={page}", answer=answer))
        first += count
    return steps


ENDS = {
    Kind.INVOICE: "bills",
    Kind.CREDIT_NOTE: "credit-notes",
    Kind.PURCHASE_ORDER: "purchase-orders",
    Kind.SALES_INVOICE: "sales-invoices",
    Kind.SALES_CREDIT_NOTE: "sales-credit-notes",
    Kind.PAYMENT: "payments",
    Kind.REFUND: "refunds",
}
RESOURCES = {
    RecordKind.SUPPLIER: "suppliers",
    RecordKind.ACCOUNT: "accounts",
    RecordKind.TAX: "tax-codes",
    RecordKind.CURRENCY: "currencies",
    RecordKind.DELIVERY_SITE: "delivery-sites",
    RecordKind.DIMENSION: "dimensions",
}
FILES = "/api/companies/harbour-street/documents/17/attachments"


IN_POUNDS = {
    "net": Decimal("150.50"),
    "tax": Decimal("20.00"),
    "gross": Decimal("170.50"),
    "base": None,
    "lines": [
        {
            "number": 1,
            "description": "Training room, full day",
            "item_code": "",
            "quantity": 2,
            "unit_price": Decimal("50.00"),
            "account_code": "5010",
            "tax_code": "T1",
            "net": Decimal("100.00"),
            "tax": Decimal("20.00"),
            "gross": Decimal("120.00"),
            "analysis": [],
        },
        {
            "number": 2,
            "description": "Printed course manuals",
            "item_code": "",
            "quantity": None,
            "unit_price": None,
            "account_code": "7504",
            "tax_code": "T0",
            "net": Decimal("50.50"),
            "tax": Decimal("0.00"),
            "gross": Decimal("50.50"),
            "analysis": [],
        },
    ],
}
IN_DOLLARS = {
    "net": Decimal("120.50"),
    "tax": Decimal("0.00"),
    "gross": Decimal("120.50"),
    "base": {"currency": "GBP", "net": Decimal("100.33"), "tax": Decimal("0.00"), "gross": Decimal("100.33")},
    "lines": [
        {
            "number": 1,
            "description": "Authoring tool, annual licence",
            "item_code": "",
            "quantity": None,
            "unit_price": None,
            "account_code": "7506",
            "tax_code": "T0",
            "net": Decimal("120.50"),
            "tax": Decimal("0.00"),
            "gross": Decimal("120.50"),
            "analysis": [],
            "base_net": Decimal("100.33"),
            "base_tax": Decimal("0.00"),
        }
    ],
}


HARBOUR = {
    "code": "HARB01",
    "name": "Harbour Logistics Ltd",
    "email": "accounts@harbour.example",
    "address": "Unit 4, Dock Road",
    "town": "Hull",
    "county": "East Riding of Yorkshire",
    "postcode": "HU1 1AA",
    "country": "United Kingdom",
}
SOLD = {
    "external_key": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11",
    "reference": "P-000001",
    "document_number": "INV-2024-0117",
    "customer": HARBOUR,
    "order_number": "",
    "title": "",
    "date": "2024-03-14",
    "due_date": "2024-04-13",
    "currency": "GBP",
    "net": Decimal("150.50"),
    "tax": Decimal("20.00"),
    "gross": Decimal("170.50"),
    "base": None,
    "analysis": [],
    "allocations": [],
    "lines": [
        {
            "number": 1,
            "description": "First aid at work, 12 places",
            "item_code": "course/4711",
            "quantity": None,
            "unit_price": None,
            "account_code": "4000",
            "tax_code": "T1",
            "net": Decimal("100.00"),
            "tax": Decimal("20.00"),
            "gross": Decimal("120.00"),
            "analysis": [],
        },
        {
            "number": 2,
            "description": "First aid manuals",
            "item_code": "resource/12",
            "quantity": None,
            "unit_price": None,
            "account_code": "4020",
            "tax_code": "T0",
            "net": Decimal("50.50"),
            "tax": Decimal("0.00"),
            "gross": Decimal("50.50"),
            "analysis": [],
        },
    ],
}
PAID = {
    **SOLD,
    "document_number": "BACS 14/03",
    "due_date": None,
    "net": Decimal("170.50"),
    "tax": Decimal("0.00"),
    "lines": [
        {
            "number": 1,
            "description": "BACS",
            "item_code": "BACS",
            "quantity": None,
            "unit_price": None,
            "account_code": "1200",
            "tax_code": None,
            "net": Decimal("170.50"),
            "tax": Decimal("0.00"),
            "gross": Decimal("170.50"),
            "analysis": [],
        }
    ],
}
SALES = {Kind.SALES_INVOICE: SOLD, Kind.SALES_CREDIT_NOTE: SOLD, Kind.PAYMENT: PAID, Kind.REFUND: PAID}


def test_what_it_can_do() -> None:
    assert DemoBooks.can.kinds == set(Kind) - {Kind.RECEIPT}
    assert DemoBooks.can.tells_settlements
    assert (DemoBooks.can.reads, DemoBooks.can.attaches) == (set(RecordKind), DemoBooks.can.kinds)
    assert (DemoBooks.can.transactional, DemoBooks.can.lookup, DemoBooks.can.lookup_complete) == (False, True, True)
    assert [(one.key, one.secret) for one in DemoBooks.metadata.settings] == [
        ("base_url", False),
        ("company_id", False),
        ("token", True),
    ]


def test_the_company_is_told_as_the_books_name_it(system: DemoBooks) -> None:
    expected = Company(external_id=COMPANY, name="Harbour Street Studios Ltd", base_currency="GBP")
    assert system.company() == expected


def test_numbers_run_by_kind_without_a_gap(system: DemoBooks, books: SeenBooks) -> None:
    for kind, key in ((Kind.INVOICE, "a"), (Kind.CREDIT_NOTE, "b"), (Kind.PURCHASE_ORDER, "c"), (Kind.INVOICE, "d")):
        system.post(sample(kind), key=IdempotencyKey(key), reference=REFERENCE)
    assert books.numbers() == ["BILL-000001", "CN-000001", "PO-000001", "BILL-000002"]


def test_many_posts_at_once_with_one_key_make_one_document(url: str, books: SeenBooks) -> None:
    def post(_: int) -> str:
        return DemoBooks(link(url)).post(sample(), key=KEY, reference=REFERENCE).number

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(16))) == {"BILL-000001"}
    assert books.count() == 1


def test_many_posts_at_once_get_numbers_without_a_gap(url: str, books: SeenBooks) -> None:
    def post(number: int) -> str:
        key = IdempotencyKey(f"key-{number}")
        return DemoBooks(link(url)).post(sample(), key=key, reference=REFERENCE).number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(post, range(16))) == [f"BILL-{number:06}" for number in range(1, 17)]
    assert books.numbers() == [f"BILL-{number:06}" for number in range(1, 17)]


def test_the_key_in_the_header_changes_with_the_generation() -> None:
    success = json_answer({"id": "17"}, status=201)
    with ScriptedServer(success, success) as server:
        for generation in (1, 2):
            DemoBooks(link(server.url)).post(sample(), key=IdempotencyKey("k", generation), reference=REFERENCE)
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["k", "k-2"]
    assert [asked.json()["external_key"] for asked in server.asked] == ["k", "k"]


def test_a_used_key_with_another_body_is_for_a_lookup_to_decide(system: DemoBooks, books: SeenBooks) -> None:
    posted = system.post(sample(), key=KEY, reference=REFERENCE)
    with pytest.raises(OutcomeUnknown):
        system.post(sample(title="Changed"), key=KEY, reference=REFERENCE)
    assert system.find(sample(), key=KEY) == (posted,)
    assert books.count() == 1


def test_a_lookup_reads_every_page(system: DemoBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.demo.books.PAGE_SIZE", 2)
    numbers = [
        system.post(sample(), key=IdempotencyKey(KEY.value, generation), reference=REFERENCE).number
        for generation in range(1, 6)
    ]
    assert [found.number for found in system.find(sample(), key=KEY)] == numbers


def test_a_wrong_token_is_told(url: str, books: SeenBooks) -> None:
    with pytest.raises(Unauthorised):
        DemoBooks(link(url, token="wrong")).post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 0


def test_an_unknown_company_names_the_setting(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        DemoBooks(link(url, company="no one?")).company()
    assert (caught.value.field, "no one?" in caught.value.message) == ("company_id", True)


def test_an_address_of_something_else_names_the_setting(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        DemoBooks(link(url.removesuffix("/demo"))).post(sample(), key=KEY, reference=REFERENCE)
    assert caught.value.field == "base_url"


@pytest.mark.parametrize("token", ["", "line\nbreak", "café"])
def test_a_token_that_cannot_be_sent_is_told(url: str, token: str) -> None:
    with pytest.raises((Unauthorised, Misconfigured)):
        DemoBooks(link(url, token=token)).company()


@pytest.mark.parametrize("code", ["something_new", "", None, 7])
def test_a_refusal_that_is_not_in_the_table_proves_nothing(code: object) -> None:
    refusal = json_answer({"error": {"code": code, "message": "no", "field": ""}}, status=422)
    with ScriptedServer(refusal) as server, pytest.raises(OutcomeUnknown):
        DemoBooks(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_the_words_of_a_refusal_are_shown_on_one_line() -> None:
    refusal = {"code": "invalid", "message": "Line 2:\n  net is wrong. " + "x" * 1000, "field": "lines[1].net"}
    with ScriptedServer(json_answer({"error": refusal}, status=422)) as server, pytest.raises(Rejected) as caught:
        DemoBooks(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)
    assert caught.value.message.startswith("Line 2: net is wrong. xxx")
    assert len(caught.value.message) == 300
    assert caught.value.field == "lines[1].net"


def test_a_lookup_without_an_end_is_given_up() -> None:
    endless = json_answer({"documents": [], "next_page": 2})
    with ScriptedServer(*[endless] * 20) as server, pytest.raises(Retryable, match="more pages"):
        DemoBooks(link(server.url)).find(sample(), key=KEY)


def test_a_lookup_that_is_no_lookup_is_no_proof_of_absence() -> None:
    for body in ({}, {"documents": None}, {"documents": [{"number": "BILL-1"}]}, {"documents": ["x"]}):
        with ScriptedServer(json_answer(body)) as server, pytest.raises(Retryable, match="answered with"):
            DemoBooks(link(server.url)).find(sample(), key=KEY)


def test_a_page_that_says_not_found_is_no_empty_lookup() -> None:
    with ScriptedServer(answer(status=404, body="nothing")) as server, pytest.raises(Misconfigured):
        DemoBooks(link(server.url)).find(sample(), key=KEY)
