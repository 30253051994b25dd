"""What the stand-in knows by code: its pages of rows, the forms and the control endpoints that change them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from integrations.demo.catalogue import PAGE_SIZE, Catalogue
from integrations.demo.rows import RESOURCES
from integrations.demo.sandbox import build
from integrations.exact import from_json, to_json
from integrations.sandbox import Store, mount
from tests.integrations.demo.test_sandbox import API, TOKEN, bill, get, line, post

CONTROL = "/control/companies/harbour-street"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def client(state: Store) -> Client:
    return Client(build(state))


def ask(client: Client, path: str, body: object, method: str = "POST") -> TestResponse:
    data = body if isinstance(body, bytes) else to_json(body)
    return client.open(CONTROL + path, method=method, data=data, content_type="application/json")


def all_rows(client: Client, resource: str) -> list[dict[str, Any]]:
    """Page after page."""
    rows: list[dict[str, Any]] = []
    page: int | None = 1
    while page:
        answer = get(client, f"/{resource}?page={page}")
        assert set(answer) == {resource.replace("-", "_"), "next_page"}
        rows += answer[resource.replace("-", "_")]
        page = answer["next_page"]
    return rows


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_company_begins_with_what_documents_need(client: Client) -> None:
    told = {resource: all_rows(client, resource) for resource in RESOURCES}
    assert told["suppliers"] == []
    assert [one["code"] for one in told["tax-codes"]] == ["T0", "T1", "T2", "T5", "T9"]
    assert told["accounts"][3] == {
        "id": "4", "code": "6201", "name": "Advertising", "active": True, "type": "expense",
    }  # fmt: skip
    assert told["currencies"] == [
        {"id": "1", "code": "GBP", "name": "Pound Sterling", "active": True, "rate": 1, "is_base": True},
        {"id": "2", "code": "EUR", "name": "Euro", "active": True, "rate": Decimal("1.1700")},
        {"id": "3", "code": "USD", "name": "US Dollar", "active": True, "rate": Decimal("1.2010")},
    ]
    assert told["delivery-sites"][0] == {
        "id": "1", "code": "HARBOUR", "name": "Harbour Street", "active": True, "address_1": "4 Harbour Street",
        "town": "Whitby", "postcode": "YO21 1DN", "country": "GB", "phone": "01947 496 000",
    }  # fmt: skip
    assert [(one["dimension"], one["code"]) for one in told["dimensions"]] == [
        ("Department", "ADM"), ("Department", "MKT"), ("Department", "OPS"), ("Department", "TRN"),
        ("Project", "P-101"), ("Project", "P-102"),
    ]  # fmt: skip


def test_another_company_has_a_base_currency_of_its_own(client: Client, state: Store) -> None:
    with state.transaction() as database:
        database.execute("INSERT INTO company VALUES ('mill-lane', 'Mill Lane Print Ltd', 'EUR')")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    told = from_json(client.get("/api/companies/mill-lane/currencies", headers=headers).text)["currencies"]
    assert told == [{"id": "1", "code": "EUR", "name": "EUR", "active": True, "rate": 1, "is_base": True}]
    ask(client, "/accounts", {"code": "9000", "name": "Ours alone"})
    theirs = from_json(client.get("/api/companies/mill-lane/accounts", headers=headers).text)["accounts"]
    assert "9000" not in {one["code"] for one in theirs}


def test_only_the_token_opens_the_lists(client: Client) -> None:
    for resource in RESOURCES:
        assert client.get(f"{API}/{resource}").status_code == 401


@pytest.mark.parametrize("count", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE])
def test_pages_join_without_a_gap_or_a_repeat(client: Client, count: int) -> None:
    assert from_json(ask(client, "/suppliers/generate", {"count": count}).text) == {"suppliers": count}
    assert [one["code"] for one in all_rows(client, "suppliers")] == [f"GEN-{n:06}" for n in range(1, count + 1)]


def test_a_full_page_is_the_last_one_and_one_with_a_gap_is_not(client: Client) -> None:
    ask(client, "/suppliers", {"code": "GEN-000003", "name": "In the way"})
    ask(client, "/suppliers/generate", {"count": PAGE_SIZE - 1})
    page = get(client, "/suppliers?page=1")
    assert (len(page["suppliers"]), page["next_page"]) == (PAGE_SIZE - 1, None)
    ask(client, "/suppliers/generate", {"count": 1})
    assert get(client, "/suppliers?page=1")["next_page"] == 2
    assert [one["code"] for one in get(client, "/suppliers?page=2")["suppliers"]] == [f"GEN-{PAGE_SIZE + 1:06}"]
    assert from_json(ask(client, "/suppliers/change", {"count": PAGE_SIZE + 1}).text)["changed"] == PAGE_SIZE


def test_no_row_moves_to_another_page_while_others_come_and_change(client: Client) -> None:
    ask(client, "/suppliers/generate", {"count": PAGE_SIZE + 10})
    first = get(client, "/suppliers?page=1")
    ask(client, "/suppliers", {"code": "AAA", "name": "Aardvark"})
    ask(client, "/suppliers/7", {"name": "Zebra", "active": False}, "PATCH")
    second = get(client, "/suppliers?page=2")
    assert [int(one["id"]) for one in first["suppliers"] + second["suppliers"]] == list(range(1, PAGE_SIZE + 12))
    assert second["suppliers"][-1] == {"id": "511", "code": "AAA", "name": "Aardvark", "active": True}


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9999999999999999999999"])
def test_a_page_that_there_is_not_is_the_first_or_empty(client: Client, page: str) -> None:
    ask(client, "/suppliers", {"code": "A", "name": "A"})
    answer = get(client, f"/suppliers?page={page}")
    assert answer["next_page"] is None
    assert len(answer["suppliers"]) == (0 if page.startswith("99") else 1)


# --- what people change ----------------------------------------------------------------------------------------------


def test_a_row_is_added_changed_and_taken_out_of_use(client: Client) -> None:
    made = ask(client, "/suppliers", {"code": "CROWN01", "name": "Crown", "email": "a@crown.example", "town": "Leeds"})
    row = {"id": "1", "code": "CROWN01", "name": "Crown", "active": True, "town": "Leeds", "email": "a@crown.example"}
    assert (made.status_code, from_json(made.text)) == (201, row)
    changed = ask(client, "/suppliers/1", {"name": "Crown Ltd", "town": None, "payment_days": 30}, "PATCH")
    row = {
        "id": "1", "code": "CROWN01", "name": "Crown Ltd", "active": True, "email": "a@crown.example",
        "payment_days": 30,
    }  # fmt: skip
    assert (changed.status_code, from_json(changed.text)) == (200, row)
    assert from_json(ask(client, "/suppliers/1", {"active": False}, "PATCH").text) == {**row, "active": False}
    assert all_rows(client, "suppliers") == [{**row, "active": False}]


def test_a_value_belongs_to_its_dimension(client: Client) -> None:
    for dimension in ("Department", "Project"):
        new = {"dimension": dimension, "code": "NEW", "name": "New"}
        assert ask(client, "/dimensions", new).status_code == 201
        assert ask(client, "/dimensions", new).status_code == 409


def test_many_suppliers_are_made_at_once_beside_those_that_there_are(client: Client) -> None:
    post(client, bill())
    assert from_json(ask(client, "/suppliers/generate", {"count": 3}).text) == {"suppliers": 4}
    assert from_json(ask(client, "/suppliers/generate", {"count": 2}).text) == {"suppliers": 6}
    assert [one["code"] for one in all_rows(client, "suppliers")] == [
        "CROWN01", "GEN-000002", "GEN-000003", "GEN-000004", "GEN-000005", "GEN-000006",
    ]  # fmt: skip
    assert all_rows(client, "suppliers")[1] == {
        "id": "2", "code": "GEN-000002", "name": "Generated Supplier 000002 Ltd", "active": True,
        "address_1": "3 Market Street", "town": "Leeds", "postcode": "LS3 3AA", "country": "GB",
        "email": "accounts2@supplier.example", "payment_days": 60,
    }  # fmt: skip


def test_many_suppliers_are_changed_at_once_each_time_anew(client: Client) -> None:
    ask(client, "/suppliers/generate", {"count": 10})
    names = {one["code"]: one["name"] for one in all_rows(client, "suppliers")}
    for revision in (1, 2):
        told = from_json(ask(client, "/suppliers/change", {"count": 3}).text)
        assert told == {"changed": 3, "codes": ["GEN-000001", "GEN-000004", "GEN-000007"]}
        now = {one["code"]: one["name"] for one in all_rows(client, "suppliers")}
        assert {code: name for code, name in now.items() if name != names[code]} == {
            code: f"{names[code]} (revision {revision})" for code in told["codes"]
        }
    ask(client, "/suppliers/change", {"count": 2, "active": False})
    assert [one["code"] for one in all_rows(client, "suppliers") if not one["active"]] == ["GEN-000001", "GEN-000006"]
    assert from_json(ask(client, "/suppliers/change", {"count": 99}).text)["changed"] == 10


def test_changing_suppliers_where_there_are_none_changes_none(client: Client) -> None:
    assert from_json(ask(client, "/suppliers/change", {"count": 3}).text) == {"changed": 0, "codes": []}


@pytest.mark.parametrize(
    "path,body,status,code,field",
    [
        ("/suppliers", {"name": "X"}, 422, "missing", "code"),
        ("/suppliers", {"code": "X"}, 422, "missing", "name"),
        ("/suppliers", {"code": "X", "name": " "}, 422, "invalid", "name"),
        ("/suppliers", {"code": "X", "name": "x" * 1001}, 422, "invalid", "name"),
        ("/suppliers", {"code": 7, "name": "X"}, 422, "invalid", "code"),
        ("/suppliers", {"code": "X", "name": "X", "colour": "red"}, 422, "invalid", "colour"),
        ("/suppliers", {"code": "X", "name": "X", "active": "no"}, 422, "invalid", "active"),
        ("/suppliers", {"code": "X", "name": "X", "payment_days": -1}, 422, "invalid", "payment_days"),
        ("/dimensions", {"code": "X", "name": "X"}, 422, "missing", "dimension"),
        ("/currencies", {"code": "X", "name": "X", "is_base": True}, 422, "invalid", "is_base"),
        ("/currencies", {"code": "X", "name": "X", "rate": "1.2"}, 422, "invalid", "rate"),
        ("/accounts", {"code": "5000", "name": "Again"}, 409, "exists", "code"),
        ("/accounts/1", {"code": "5001"}, 422, "invalid", "code"),
        ("/accounts/999", {"name": "X"}, 404, "unknown_row", "id"),
        ("/accounts/x", {"name": "X"}, 404, "unknown_row", "id"),
        ("/currencies/1", {"active": False}, 422, "invalid", "active"),
        ("/suppliers/generate", {"count": 0}, 422, "invalid", "count"),
        ("/suppliers/generate", {"count": 1_000_001}, 422, "invalid", "count"),
        ("/suppliers/generate", {"count": True}, 422, "invalid", "count"),
        ("/suppliers/generate", {}, 422, "invalid", "count"),
        ("/suppliers/change", {"count": "3"}, 422, "invalid", "count"),
        ("/suppliers/change", {"count": 3, "active": "no"}, 422, "invalid", "active"),
        ("/suppliers", b"[]", 400, "bad_request", ""),
        ("/suppliers", b"x", 400, "bad_request", ""),
    ],
)
def test_what_no_row_can_be_is_refused_by_field(
    client: Client, path: str, body: object, status: int, code: str, field: str
) -> None:
    before = {resource: all_rows(client, resource) for resource in RESOURCES}
    response = ask(client, path, body)
    error = from_json(response.text)["error"]
    assert (response.status_code, error["code"], error["field"]) == (status, code, field)
    assert error["message"]
    assert {resource: all_rows(client, resource) for resource in RESOURCES} == before


def test_there_is_nothing_to_change_elsewhere(client: Client) -> None:
    assert ask(client, "/colours", {"code": "X", "name": "X"}).status_code == 404
    unknown = client.post("/control/companies/nobody/suppliers", data=b"{}", content_type="application/json")
    assert (unknown.status_code, from_json(unknown.text)["error"]["code"]) == (404, "unknown_company")


def test_rows_that_many_add_at_once_have_numbers_of_their_own(client: Client, state: Store) -> None:
    catalogue = Catalogue(state)

    def add(number: int) -> None:
        for place in range(20):
            catalogue.add("harbour-street", "suppliers", {"code": f"S{number}-{place}", "name": "X"})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["id"] for one in all_rows(client, "suppliers")] == [str(number) for number in range(1, 101)]


# --- what booking makes of it ----------------------------------------------------------------------------------------


def test_a_new_code_can_be_booked_to_and_one_out_of_use_cannot(client: Client) -> None:
    ask(client, "/accounts", {"code": "8000", "name": "Depreciation"})
    ask(client, "/tax-codes", {"code": "T17", "name": "Standard rate 17.5%", "rate": Decimal("17.5")})
    assert post(client, bill(lines=[line(account_code="8000", tax_code="T17")])).status_code == 201
    ask(client, "/accounts/16", {"active": False})
    ask(client, "/tax-codes/6", {"active": False})
    for changes, code, words in (
        ({"account_code": "8000"}, "unknown_account", "Account code 8000 on line 1 is no longer in use."),
        ({"tax_code": "T17"}, "unknown_tax_code", "Tax code T17 on line 1 is no longer in use."),
    ):
        error = from_json(post(client, bill(lines=[line(**changes)])).text)["error"]
        assert (error["code"], error["message"]) == (code, words)


def test_a_supplier_out_of_use_is_refused_by_code_and_by_name(client: Client) -> None:
    post(client, bill())
    ask(client, "/suppliers/1", {"active": False})
    for given in ({"code": "CROWN01", "name": "Crown"}, {"code": None, "name": "crown conference centre"}):
        response = post(client, bill(supplier=given))
        error = from_json(response.text)["error"]
        assert (response.status_code, error["code"], error["field"]) == (422, "invalid", "supplier.code")
        assert error["message"] == "Supplier CROWN01 (Crown Conference Centre) is no longer in use."
    assert len(get(client, "/documents")["documents"]) == 1
    ask(client, "/suppliers/1", {"active": True, "name": "Crown Ltd"})
    assert from_json(post(client, bill(supplier={"name": "CROWN LTD"})).text)["supplier"]["code"] == "CROWN01"


def test_suppliers_of_an_older_state_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    with sqlite3.connect(tmp_path / "demo.sqlite3") as database:
        database.execute("CREATE TABLE supplier (company TEXT, code TEXT, name TEXT, folded TEXT)")
        database.execute("INSERT INTO supplier VALUES ('harbour-street', 'CROWN01', 'Crown', 'crown')")
    database.close()
    for _ in range(2):
        client = Client(build(Store("demo", tmp_path)))
        assert all_rows(client, "suppliers") == [{"id": "1", "code": "CROWN01", "name": "Crown", "active": True}]


# --- for people ------------------------------------------------------------------------------------------------------


def test_the_page_of_a_resource_shows_its_newest_rows(client: Client) -> None:
    ask(client, "/suppliers", {"code": "EVIL", "name": "<script>alert(1)</script>", "payment_days": 30})
    page = client.get(f"{CONTROL}/suppliers")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert "payment days: 30" in page.text
    assert "1 in all" in page.text
    for resource in RESOURCES:
        assert client.get(f"{CONTROL}/{resource}").status_code == 200
        assert f'href="{CONTROL}/{resource}"' in client.get("/").text


def test_forms_change_rows_and_come_back_to_their_page(state: Store) -> None:
    client = Client(mount({"demo": build(state)}))
    address = f"/demo{CONTROL}"
    for path, form in (
        ("/suppliers", {"code": "CROWN01", "name": "Crown"}),
        ("/suppliers/1", {"name": "Crown Ltd"}),
        ("/suppliers/1", {"active": "no"}),
        ("/suppliers/generate", {"count": "2"}),
        ("/suppliers/change", {"count": "1"}),
    ):
        response = client.post(address + path, data=form)
        assert (response.status_code, response.headers["Location"]) == (303, f"{address}/suppliers"), path
    assert client.post(f"{address}/currencies", data={"code": "JPY", "name": "Yen", "rate": "190.5"}).status_code == 303
    rows = Catalogue(state)
    assert [(one["code"], one["name"], one["active"]) for one in rows.rows("harbour-street", "suppliers", most=9)] == [
        ("GEN-000003", "Generated Supplier 000003 Ltd", True),
        ("GEN-000002", "Generated Supplier 000002 Ltd", True),
        ("CROWN01", "Crown Ltd (revision 1)", False),
    ]
    assert rows.rows("harbour-street", "currencies", most=1)[0]["rate"] == Decimal("190.5")


def test_a_form_that_is_wrong_says_so_on_a_page(client: Client) -> None:
    for path, form, words in (
        ("/suppliers", {"code": "X"}, "The row has no name."),
        ("/suppliers/generate", {"count": "many"}, "A number is not one."),
        ("/currencies/1", {"active": "no"}, "The base currency stays in use."),
    ):
        response = client.post(CONTROL + path, data=form)
        assert (response.status_code, response.mimetype) == (422, "text/html")
        assert words in response.text
