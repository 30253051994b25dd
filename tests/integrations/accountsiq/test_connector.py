"""AccountsIQ passes the cases of every accounting system, over both interfaces of its stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.rest.endpoints import endpoints
from integrations.accountsiq.sandbox import build
from integrations.accountsiq.standin.furniture import COMPANY_ID, ENTITY
from integrations.accountsiq.standin.ledger import entries
from integrations.accountsiq.standin.memory import Records
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.base import Link
from integrations.documents import Document, Kind
from integrations.errors import IntegrationError, Rejected
from integrations.exact import to_json
from integrations.http import Http, Outbound
from integrations.reference import RecordKind
from integrations.sandbox import Server, Store, mount
from tests.contract import BehaviourCases
from tests.samples import KEY, OTHER_KEY, REFERENCE, sample

SECRET = "client-secret-of-the-tests"
REST: Mapping[str, str] = {"transport": "rest", "company_ref": str(COMPANY_ID), "currency_field": "Currency"}
SOAP: Mapping[str, str] = {
    "transport": "soap20",
    "company_ref": ENTITY,
    "rate_counts": "base",
    "order_item": "PURCHASE",
}
PLACES = {"rest": "/api", "soap20": "/system/dashboard/integration/integration_2_0.asmx"}
Shelf = tuple[str, bool, Mapping[str, Any]]
# Where records of a kind stand that can be out of use, whether they are known by their code, and what is in one.
# Tax codes never are: over REST they stand in the settings, and over SOAP nothing tells.
SHELVES: Mapping[RecordKind, Shelf] = {
    RecordKind.SUPPLIER: ("contact", False, {"type": "Supplier", "currency": "GBP"}),
    RecordKind.ACCOUNT: ("account", False, {"type": "Expense", "departmental": False}),
    RecordKind.DIMENSION: ("department", False, {"analysis": [], "location": 1}),
}
BY_CODE = {RecordKind.ACCOUNT, RecordKind.DIMENSION}
SOAP_SHELVES = {kind: (sort, kind in BY_CODE, body) for kind, (sort, _, body) in SHELVES.items()}


def link(url: str, settings: Mapping[str, str], **more: str) -> Link:
    """A connection over one of the interfaces."""
    place = {"base_url": f"{url}{PLACES[settings['transport']]}", "client_id": CLIENT_ID}
    outbound = Outbound(allow_private=True)
    return Link(settings={**place, **settings, **more}, secrets={"client_secret": SECRET}, outbound=outbound)


class SeenBooks:
    """What the stand-in holds, read from its own database."""

    def __init__(self, state: Store, shelves: Mapping[RecordKind, Shelf] = SHELVES) -> None:
        self._state, self._shelves = state, shelves

    def count(self) -> int:
        with self._state.transaction() as database:
            records = Records(database)
            drafts = [
                one for kind in ("invoice", "credit_note") for one in records.every(kind) if not one.body["entry"]
            ]
            return len(list(entries(database))) + records.count("order") + len(drafts)

    def owed(self, supplier_code: str) -> Decimal:
        with self._state.transaction() as database:
            of_supplier = [one for one in entries(database) if one["contact_code"] == supplier_code]
        signs = {"PI": 1, "PN": -1}
        return sum((signs[one["sort"]] * one["base_gross"] for one in of_supplier), Decimal(0))

    def due_from(self, customer_code: str) -> Decimal:
        with self._state.transaction() as database:
            of_customer = [one for one in entries(database) if one["contact_code"] == customer_code]
        signs = {"SI": 1, "SN": -1}
        return sum((signs[one["sort"]] * one["base_gross"] for one in of_customer), Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        raise AssertionError("it tells no payments")

    def plant(self, document: Document, key: str) -> bool:
        """A second entry like the first one with this key, and its paper."""
        with self._state.transaction() as database:
            first = next(one for one in entries(database) if key in (one["reference"], one["paper_number"]))
            records = Records(database)
            copy = {**first, "id": records.next("entry"), "number": f"{first['sort']}{records.next(first['sort']):06}"}
            columns = ("id", "sort", "number", "reference", "contact_id", "day", "created_at")
            values = (*(copy[name] for name in columns), to_json(copy))
            database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            for paper in records.named("invoice", key):
                records.add("invoice", {**paper.body, "entry": copy["id"]}, name=paper.name)
        return True

    def forget_keys(self) -> None:
        """It knows none: ours stands on the document."""

    def retire(self, kind: RecordKind) -> str | None:
        if kind not in self._shelves:
            return None
        sort, by_code, body = self._shelves[kind]
        with self._state.transaction() as database:
            row = Records(database).add(sort, body, code="OLD1", name="No longer in use", active=False)
        return row.code if by_code else str(row.id)

    def stored(self, _kind: Kind, external_id: str, name: str) -> bytes:
        query = "SELECT content FROM file WHERE master_type = 'Transaction' AND master_id = ? AND name = ?"
        with self._state.transaction() as database:
            (row,) = database.execute(query, (int(external_id), name)).fetchall()
        return bytes(row["content"])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_ACCOUNTSIQ_SECRET", SECRET)
    store = Store("accountsiq", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"accountsiq": build(state)})) as server:
        yield f"{server.url}/accountsiq"


class TestOverRest(BehaviourCases):
    """The shared cases over REST."""

    connector = AccountsIQ

    @pytest.fixture
    def system(self, url: str) -> AccountsIQ:
        return AccountsIQ(link(url, REST))

    @pytest.fixture
    def books(self, state: Store, system: AccountsIQ) -> SeenBooks:
        return SeenBooks(state)


class TestOverSoap(BehaviourCases):
    """The shared cases over SOAP."""

    connector = AccountsIQ
    refuses = frozenset({"a discount"})

    @pytest.fixture
    def system(self, state: Store, url: str, request: pytest.FixtureRequest) -> AccountsIQ:
        with state.transaction() as database:
            records = Records(database)
            supplier = records.coded("contact", "CROWN01")
            # Everything of a supplier is in the supplier's own currency: this case has one in dollars.
            if supplier and request.node.originalname == "test_a_foreign_invoice_is_owed_in_the_companys_currency":
                records.change(supplier, {**supplier.body, "currency": "USD"})
        return AccountsIQ(link(url, SOAP))

    @pytest.fixture
    def books(self, state: Store, system: AccountsIQ) -> SeenBooks:
        return SeenBooks(state, SOAP_SHELVES)


OVER = pytest.mark.parametrize("settings", [REST, SOAP], ids=["rest", "soap20"])


@OVER
def test_a_date_in_a_closed_period_is_refused_before_anything_is_written(
    state: Store, url: str, settings: Mapping[str, str]
) -> None:
    """SOAP tells the periods, so there it is said before; over REST it is AccountsIQ that refuses."""
    system, books = AccountsIQ(link(url, settings)), SeenBooks(state)
    closed = sample(date=date(2022, 3, 14))
    fields = [one.field for one in system.objections(closed)]
    assert fields == ([] if settings is REST else ["date"])
    with pytest.raises(Rejected) as caught:
        system.post(closed, key=KEY, reference=REFERENCE)
    assert "period" in caught.value.message
    assert books.count() == 0


@OVER
def test_a_dry_run_writes_nothing_and_shows_what_would_be_written(
    state: Store, url: str, settings: Mapping[str, str]
) -> None:
    preview = AccountsIQ(link(url, settings)).preview(sample(), key=KEY, reference=REFERENCE)
    (held,) = preview.requests
    assert SeenBooks(state).count() == 0
    assert (KEY.value in held.body, REFERENCE in held.body, "Training room, full day" in held.body) == (True,) * 3
    assert SECRET not in f"{held}"


@OVER
def test_tokens_that_have_run_out_are_renewed_on_the_way(state: Store, url: str, settings: Mapping[str, str]) -> None:
    system = AccountsIQ(link(url, settings))
    assert system.company().base_currency == "GBP"
    expire = Http(url, Outbound(allow_private=True)).post("control/tokens/expire", json={})
    assert expire.status == 200
    posted = system.post(sample(), key=KEY, reference=REFERENCE)
    assert system.find(sample(), key=KEY) == (posted,)
    assert SeenBooks(state).count() == 1


def test_what_is_posted_over_one_interface_is_seen_over_the_other_by_people(state: Store, url: str) -> None:
    """They share their books, and each looks its own documents up."""
    for settings, key in ((REST, KEY), (SOAP, OTHER_KEY)):
        AccountsIQ(link(url, settings)).post(sample(), key=key, reference=REFERENCE)
    books = SeenBooks(state)
    assert (books.count(), books.owed("CROWN01")) == (2, Decimal("341.00"))


@pytest.mark.parametrize("options", [
    {"rest_lists": "Items"}, {"rest_lists": "Data", "rest_page_size": 2}, {"rest_lists": "Result"},
    {"rest_page_size": 1}, {"rest_missing": "empty"}, {"unique_numbers": True},
])  # fmt: skip
@pytest.mark.parametrize("style", [{}, {"param_style": "path", "body_style": "flat"}, {"number_field": "supplier"}])
def test_whatever_rest_turns_out_to_be_like_one_document_is_posted_once(
    state: Store, url: str, options: Mapping[str, Any], style: dict[str, str]
) -> None:
    assert Http(url, Outbound(allow_private=True)).request("PUT", "control/options", json=dict(options)).status == 200
    system, books = AccountsIQ(link(url, REST, **style)), SeenBooks(state)
    assert system.find(sample(), key=KEY) == ()
    first = system.post(sample(), key=KEY, reference=REFERENCE)
    assert system.post(sample(), key=KEY, reference=REFERENCE) == first
    assert system.find(sample(), key=KEY) == (first,)
    assert (first.gross, first.supplier_code, books.count()) == (Decimal("170.50"), "CROWN01", 1)
    assert {one.code for one in system.records(RecordKind.SUPPLIER)} == {"CROWN01", "METRO01", "LAKES01", "ACM001"}


@pytest.mark.parametrize("name", sorted(endpoints("")))
def test_every_call_of_the_list_is_answered_by_the_stand_in(url: str, name: str) -> None:
    """None of them is an address that is not there: what is asked for may be refused, and says what of."""
    system = AccountsIQ(link(url, REST))
    one = endpoints("")[name]
    values = {member: "GBP" if member == "CurrencyCode" else "1" for member in one.takes if member != "ClientAccountId"}
    outcome = carried_out(system, name, values, {"Anything": 1} if one.method == "POST" else None)
    assert "nothing at this address" not in outcome


def carried_out(system: AccountsIQ, name: str, values: Mapping[str, str], body: object) -> str:
    """The answer to a call, or what its refusal says."""
    try:
        return system.call(name, values, body)
    except IntegrationError as error:
        return error.message
