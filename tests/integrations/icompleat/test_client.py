"""Every operation of the vendor's API V1, by the exact request that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.base import Link
from integrations.errors import Misconfigured, OutcomeUnknown, Retryable
from integrations.icompleat import calling
from integrations.icompleat.client import COLLECTIONS, Client
from integrations.icompleat.endpoints import ENDPOINTS
from integrations.papers import File
from integrations.reference import RecordKind
from tests.integrations.icompleat.api import (
    COMPANY,
    FIELD,
    KEY,
    TENANT,
    TRANSACTION,
    USER,
    asked,
    client,
    link,
    listed_row,
    numbered,
    page,
    told,
)
from tests.scripted import Answer, ScriptedServer, answer, json_answer

ROWS = numbered(2)
TC = f"{TENANT}/{COMPANY}"
STAMP = "0d031e84-ccbd-569b-bef3-b55db6b9f556"
Ask = Callable[[Client], Any]


def drawn(ask: Callable[[Client], Iterator[Any]]) -> Ask:
    return lambda client: list(ask(client))


# name of the call: what is asked, method, path, body, answer, result
OPERATIONS: dict[str, tuple[Ask, str, str, Any, Answer, Any]] = {
    "tenant": (
        lambda c: c.tenant()["Name"], "GET", f"api/tenant/{TENANT}", None, told(Name="Example"), "Example",
    ),
    "tenant_shard": (
        lambda c: c.tenant_shard(), "GET", f"api/tenant/{TENANT}/shard", None,
        told(Shard={"Name": "eu1", "ApiUrl": "https://x"}), {"Name": "eu1", "ApiUrl": "https://x"},
    ),
    "companies": (
        lambda c: c.companies(), "GET", f"api/companies/{TENANT}", None,
        told(Companies=[{"Id": "1", "Name": "A"}]), [{"Id": "1", "Name": "A"}],
    ),
    "company": (
        lambda c: c.company(), "GET", f"api/company/{TC}", None, told(Company={"Id": "1"}), {"Id": "1"},
    ),
    "users": (lambda c: c.users(), "GET", f"api/users/{TC}", None, told(Count=1, Users=[{"Id": "1"}]), [{"Id": "1"}]),
    "users of the tenant": (
        lambda c: c.users(of_all_companies=True), "GET", f"api/users/{TENANT}/null", None, told(Users=[]), [],
    ),
    "user": (lambda c: c.user(USER), "GET", f"api/user/{TENANT}/{USER}", None, told(User={"Id": "1"}), {"Id": "1"}),
    "transactions": (
        lambda c: c.transactions(3, user=USER, status="PEND", type_="ORD").rows, "GET",
        f"api/transactions/{TENANT}/3/{COMPANY}/{USER}/PEND/ORD", None, page([{"Id": "1"}], 3), [{"Id": "1"}],
    ),
    "transactions of all kinds": (
        lambda c: c.transactions(1).rows, "GET", f"api/transactions/{TENANT}/1/{COMPANY}/null/null/null", None,
        page([]), [],
    ),
    "transaction": (
        lambda c: c.transaction(TRANSACTION), "GET", f"api/transaction/{TENANT}/{TRANSACTION}/null", None,
        told(Transaction={"Id": "1"}), {"Id": "1"},
    ),
    "transaction as a user sees it": (
        lambda c: c.transaction(TRANSACTION, user=USER), "GET", f"api/transaction/{TENANT}/{TRANSACTION}/{USER}",
        None, told(Transaction={"Id": "1"}), {"Id": "1"},
    ),
    "transaction as it came": (
        lambda c: c.transaction_body(TRANSACTION), "GET", f"api/transaction/{TENANT}/{TRANSACTION}/null", None,
        answer(body='{ "Transaction": {"Id":  "1"}}', headers={"Content-Type": "application/json"}),
        b'{ "Transaction": {"Id":  "1"}}',
    ),
    "create_transaction": (
        lambda c: c.create_transaction({"Type": "INV"}), "POST", f"api/transaction/{TC}/null",
        {"Transaction": {"Type": "INV"}}, told(Transaction={"Id": "1"}), {"Id": "1"},
    ),
    "edit_transaction": (
        lambda c: c.edit_transaction(TRANSACTION, {"Title": "T"}, stamp=STAMP, user=USER), "PUT",
        f"api/transaction/{TENANT}/{TRANSACTION}/{USER}", {"Transaction": {"Title": "T", "LastUpdatedGuid": STAMP}},
        told(Transaction={"Id": "1"}), {"Id": "1"},
    ),
    "approve": (
        lambda c: c.approve(TRANSACTION, stamp=STAMP), "PUT", f"api/transaction/{TENANT}/{TRANSACTION}/null",
        {"Transaction": {"Status": "APPR", "LastUpdatedGuid": STAMP}}, answer(status=204), {},
    ),
    "deny": (
        lambda c: c.deny(TRANSACTION, stamp=STAMP, user=USER), "PUT", f"api/transaction/{TENANT}/{TRANSACTION}/{USER}",
        {"Transaction": {"Status": "DEN", "LastUpdatedGuid": STAMP}}, told(Transaction={"Id": "1"}), {"Id": "1"},
    ),
    "attachments": (
        lambda c: c.attachments(TRANSACTION), "GET", f"api/transactionattachments/{TENANT}/{TRANSACTION}", None,
        told(Attachments=[{"Id": "7"}]), [{"Id": "7"}],
    ),
    "attachment": (
        lambda c: c.attachment(TRANSACTION, "7"), "GET", f"api/transactionattachment/{TENANT}/{TRANSACTION}/7", None,
        told(Attachment={"Content": "QUJD"}), {"Content": "QUJD"},
    ),
    "attachment as bytes": (
        lambda c: c.attachment(TRANSACTION, "a b"), "GET", f"api/transactionattachment/{TENANT}/{TRANSACTION}/a%20b",
        None, answer(body=b"%PDF", headers={"Content-Type": "application/pdf; q=1"}),
        File(name="", content_type="application/pdf", content=b"%PDF"),
    ),
    "timeline": (
        lambda c: c.timeline(TRANSACTION), "GET", f"api/transactiontimeline/{TENANT}/{TRANSACTION}", None,
        told(Timeline=[{"Action": "A"}]), [{"Action": "A"}],
    ),
    "layouts": (
        drawn(lambda c: c.layouts("ORD")), "GET", f"api/layouts/{TC}/ORD/1", None, told(TransactionLayouts=ROWS), ROWS,
    ),
    "analysis_fields": (
        lambda c: c.analysis_fields(), "GET", f"api/analysisfields/{TC}/null", None, told(AnalysisFields=ROWS), ROWS,
    ),
    "analysis fields of a transaction": (
        lambda c: c.analysis_fields(TRANSACTION), "GET", f"api/analysisfields/{TC}/{TRANSACTION}", None,
        told(AnalysisFields=ROWS), ROWS,
    ),
    "suppliers": (
        drawn(lambda c: c.reference(RecordKind.SUPPLIER)), "GET", f"api/suppliers/{TC}/1", None,
        told(Suppliers=ROWS), ROWS,
    ),
    "account_codes": (
        drawn(lambda c: c.reference(RecordKind.ACCOUNT)), "GET", f"api/accountcodes/{TC}/1", None,
        told(AccountCodes=ROWS), ROWS,
    ),
    "account_codes_of_user": (
        drawn(lambda c: c.account_codes_of(USER)), "GET", f"api/accountcodes/{TC}/1/{USER}", None,
        told(AccountCodes=ROWS), ROWS,
    ),
    "tax_codes": (
        drawn(lambda c: c.reference(RecordKind.TAX)), "GET", f"api/taxcodes/{TC}/1/null/null", None,
        told(TaxCodes=ROWS), ROWS,
    ),
    "tax codes of a user": (
        drawn(lambda c: c.tax_codes_of(USER, TRANSACTION)), "GET", f"api/taxcodes/{TC}/1/{USER}/{TRANSACTION}", None,
        told(TaxCodes=ROWS), ROWS,
    ),
    "currency_codes": (
        drawn(lambda c: c.reference(RecordKind.CURRENCY)), "GET", f"api/currencycodes/{TC}/1/null", None,
        told(CurrencyCodes=ROWS), ROWS,
    ),
    "currency codes of a user": (
        drawn(lambda c: c.currency_codes_of(USER)), "GET", f"api/currencycodes/{TC}/1/{USER}", None,
        told(CurrencyCodes=ROWS), ROWS,
    ),
    "currency_codes_of_transaction": (
        drawn(lambda c: c.currency_codes_of(USER, TRANSACTION)), "GET",
        f"api/currencycodes/{TC}/1/{USER}/{TRANSACTION}", None, told(CurrencyCodes=ROWS), ROWS,
    ),
    "delivery_sites": (
        drawn(lambda c: c.reference(RecordKind.DELIVERY_SITE)), "GET", f"api/deliverysites/{TC}/1", None,
        told(DeliverySites=ROWS), ROWS,
    ),
    "custom_fields": (
        lambda c: c.custom_fields(), "GET", f"api/customfields/{TC}", None, told(CustomFields=ROWS), ROWS,
    ),
    "custom_field": (
        lambda c: c.custom_field(FIELD), "GET", f"api/customfield/{TC}/{FIELD}", None,
        told(CustomField={"Type": "List"}), {"Type": "List"},
    ),
    "values of a custom field": (
        drawn(lambda c: c.reference(RecordKind.DIMENSION, field=FIELD)), "GET", f"api/customfield/{TC}/{FIELD}", None,
        told(CustomField={"Type": "List", "Values": ROWS}), ROWS,
    ),
    "create_custom_field": (
        lambda c: c.create_custom_field("Course Code"), "POST", f"api/customfields/{TC}",
        {"CustomField": {"Name": "Course Code", "Type": "List", "Mandatory": False}},
        told(CustomField={"Id": FIELD}), {"Id": FIELD},
    ),
    "edit_custom_field": (
        lambda c: c.edit_custom_field(FIELD, {"Name": "Course"}), "PUT", f"api/customfield/{TC}/{FIELD}",
        {"CustomField": {"Name": "Course"}}, told(CustomField={"Id": FIELD}), {"Id": FIELD},
    ),
    "delete_custom_field": (
        lambda c: c.delete_custom_field(FIELD), "DELETE", f"api/customfield/{TC}/{FIELD}", None, told(), None,
    ),
    "a utility": (
        lambda c: c.utility("POST", "/utilities/validate", {"A": 1})["Ok"], "POST", "api/utilities/validate", {"A": 1},
        told(Ok=True), True,
    ),
}  # fmt: skip

SINGLE = {
    RecordKind.SUPPLIER: ("supplier", "suppliers", "Suppliers"),
    RecordKind.ACCOUNT: ("accountcode", "accountcodes", "AccountCodes"),
    RecordKind.TAX: ("taxcode", "taxcodes", "TaxCodes"),
    RecordKind.CURRENCY: ("currencycode", "currencycodes", "CurrencyCodes"),
    RecordKind.DELIVERY_SITE: ("deliverysite", "deliverysites", "DeliverySites"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_makes_exactly_this_request(name: str) -> None:
    ask, method, path, body, reply, result = OPERATIONS[name]
    with ScriptedServer(reply) as server:
        assert ask(client(server)) == result
    (request,) = server.asked
    assert (request.method, request.path) == (method, f"/{path}")
    assert (request.json() if request.body else None) == body
    assert request.headers["x-api-compleat-key"] == KEY
    assert request.headers["x-api-version"] == "1"
    assert request.headers.get("content-type") == (None if body is None else "application/json")


@pytest.mark.parametrize("kind", SINGLE)
def test_a_list_is_replaced_and_its_rows_are_written_and_deleted_under_the_lists_own_paths(kind: RecordKind) -> None:
    singular, plural, array = SINGLE[kind]
    with ScriptedServer(told(ContinuationToken="t1"), told(), answer(status=204)) as server:
        asking = client(server)
        assert asking.refresh(kind, ROWS, "t0") == "t1"
        asking.put_row(kind, "É 1", ROWS[0])
        asking.delete_row(kind, "C1")
    assert asked(server) == [
        ("POST", f"/api/{plural}/{TC}"),
        ("PUT", f"/api/{singular}/{TC}/%C3%89%201"),
        ("DELETE", f"/api/{singular}/{TC}/C1"),
    ]
    assert server.asked[0].json() == {array: ROWS, "ContinuationToken": "t0"}
    assert server.asked[1].json() == ROWS[0]
    assert server.asked[2].body == b""


def test_the_values_of_a_custom_field_are_replaced_written_and_deleted_under_its_id() -> None:
    kind = RecordKind.DIMENSION
    with ScriptedServer(told(ContinuationToken="t1"), told(), told()) as server:
        asking = client(server)
        assert asking.refresh(kind, ROWS, "", field=FIELD) == "t1"
        asking.put_row(kind, "C1", ROWS[1], field=FIELD)
        asking.delete_row(kind, "C1", field=FIELD)
    assert asked(server) == [
        ("POST", f"/api/customfield/{TC}/{FIELD}"),
        ("PUT", f"/api/customfield/{TC}/{FIELD}/C1"),
        ("DELETE", f"/api/customfield/{TC}/{FIELD}/C1"),
    ]
    assert server.asked[0].json() == {"CustomFieldListItems": ROWS, "ContinuationToken": ""}


def test_every_call_of_the_table_is_tried_in_this_module() -> None:
    tried = set(OPERATIONS) | {name for one in COLLECTIONS.values() for name in (one.refresh, one.edit, one.delete)}
    assert set(ENDPOINTS) - tried == set()


def test_what_was_seen_is_marked_and_everything_else_is_inferred() -> None:
    assert {name for name, one in ENDPOINTS.items() if one.is_seen} == {
        "users", "transactions", "transaction", "suppliers", "custom_fields", "custom_field", "refresh_custom_field",
    }  # fmt: skip


@pytest.mark.parametrize("ending", ["", "/", "//", "/api", "/API/", " "])
def test_the_base_url_may_end_with_slashes_and_with_api(ending: str) -> None:
    with ScriptedServer(told(Users=[])) as server:
        Client(link(f"{server.url}/eu{ending}")).users()
    assert asked(server) == [("GET", f"/eu/api/users/{TC}")]


# --- pages -----------------------------------------------------------------------------------------------------------


def suppliers(count: int, start: int = 0) -> Answer:
    return told(Suppliers=numbered(count, start))


@pytest.mark.parametrize(
    "sizes, count",
    [([0], 0), ([99], 99), ([100, 0], 100), ([100, 100, 1], 201)],
)
def test_a_list_is_read_until_a_page_is_short_or_empty(sizes: list[int], count: int) -> None:
    pages = [suppliers(size, start * 100) for start, size in enumerate(sizes)]
    with ScriptedServer(*pages) as server:
        assert list(client(server).reference(RecordKind.SUPPLIER)) == numbered(count)
    assert [path for _, path in asked(server)] == [f"/api/suppliers/{TC}/{n}" for n in range(1, len(sizes) + 1)]


def test_a_list_that_gives_the_same_full_page_again_is_not_read_for_ever() -> None:
    with ScriptedServer(suppliers(100), suppliers(100)) as server, pytest.raises(Retryable, match="same page"):
        list(client(server).reference(RecordKind.SUPPLIER))


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "MOST_PAGES", 2)
    with (
        ScriptedServer(suppliers(100), suppliers(100, 100)) as server,
        pytest.raises(Retryable, match="without an end"),
    ):
        list(client(server).reference(RecordKind.SUPPLIER))


def test_a_list_whose_path_names_no_page_is_asked_for_once() -> None:
    with ScriptedServer(suppliers(100)) as server:
        asking = client(server, paths="suppliers = GET api/suppliers/{tenant}/{company}")
        assert len(list(asking.reference(RecordKind.SUPPLIER))) == 100
    assert asked(server) == [("GET", f"/api/suppliers/{TC}")]


@pytest.mark.parametrize(
    "rows, size, is_last",
    [
        (0, 20, True),
        (19, 20, True),
        (20, 20, False),
        (20, None, False),
        (10, 10, False),
        (10, 0, True),
        (10, "x", True),
    ],
)
def test_a_page_of_transactions_is_the_last_when_it_is_shorter_than_it_says(
    rows: int, size: object, is_last: bool
) -> None:
    with ScriptedServer(page([listed_row()] * rows, PageSize=size)) as server:
        assert client(server).transactions(1).is_last is is_last


# --- unreadable answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        told(),
        told(Suppliers=None),
        told(Suppliers={"Code": "C1"}),
        told(Suppliers=["C1"]),
        json_answer([]),
        answer(body="<html></html>", headers={"Content-Type": "text/html"}),
        answer(body='{"Suppliers": [', headers={"Content-Type": "application/json"}),
        answer(status=204),
        answer(status=500, body="<html></html>"),
    ],
)
def test_a_list_that_cannot_be_read_is_asked_for_again_later(reply: Answer) -> None:
    with ScriptedServer(reply) as server, pytest.raises(Retryable):
        list(client(server).reference(RecordKind.SUPPLIER))


@pytest.mark.parametrize(
    "reply",
    [
        told(),
        told(Transaction={"Type": "INV"}),
        told(Transaction={"Id": None}),
        json_answer([]),
        answer(body="<html></html>", headers={"Content-Type": "text/html"}),
        answer(status=204),
        answer(status=500, body="{}"),
    ],
)
def test_a_created_transaction_that_is_not_told_back_leaves_the_outcome_open(reply: Answer) -> None:
    with ScriptedServer(reply) as server, pytest.raises(OutcomeUnknown):
        client(server).create_transaction({"Type": "INV"})


def test_names_of_members_may_begin_with_a_small_letter() -> None:
    with ScriptedServer(told(suppliers=ROWS), told(transaction={"id": "1"}), told(continuationToken="t")) as server:
        asking = client(server)
        assert list(asking.reference(RecordKind.SUPPLIER)) == ROWS
        assert asking.transaction(TRANSACTION) == {"id": "1"}
        assert asking.refresh(RecordKind.SUPPLIER, ROWS, "") == "t"


@pytest.mark.parametrize("path", ["../admin", "a b", "a\\b", "a#b", "tür"])
def test_a_utility_stays_below_the_api(path: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        Client(link("http://127.0.0.1:9")).utility("GET", path)
    assert refusal.value.field == "paths"


def test_a_client_needs_a_key() -> None:
    whole = link("http://127.0.0.1:9")
    with pytest.raises(Misconfigured) as refusal:
        Client(Link(settings=whole.settings))
    assert refusal.value.field == "security_key"
