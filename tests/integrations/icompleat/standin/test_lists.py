"""The reference lists over the API: pages, refreshes, single edits and deletes, and rows that are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from integrations.sandbox import Store
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import STRANGER, TENANT, Client, Control, suppliers, without_meta

OWN = f"{TENANT}/{COMPANY}"
LISTS = [
    ("accountcodes", "accountcode", "AccountCodes", "AccountCode", f"accountcodes/{OWN}/1", {}),
    ("taxcodes", "taxcode", "TaxCodes", "TaxCode", f"taxcodes/{OWN}/1/null/null", {"Rate": Decimal("17.5")}),
    (
        "currencycodes",
        "currencycode",
        "CurrencyCodes",
        "CurrencyCode",
        f"currencycodes/{OWN}/1/null",
        {"Rate": Decimal("1.134"), "IsBase": False},
    ),
    ("deliverysites", "deliverysite", "DeliverySites", "DeliverySite", f"deliverysites/{OWN}/1", {"Postcode": "N1"}),
    ("suppliers", "supplier", "Suppliers", "Supplier", f"suppliers/{OWN}/1", {"PaymentDueDays": 30}),
]
by_list = pytest.mark.parametrize("plural, singular, array, item, path, more", LISTS, ids=[row[0] for row in LISTS])


def codes(client: Client, page: int = 1) -> list[str]:
    return [row["Code"] for row in client.get(f"suppliers/{OWN}/{page}")["Suppliers"]]


# --- every list -------------------------------------------------------------------------------------------------------


@by_list
def test_a_new_company_has_a_handful_of_rows(
    client: Client, plural: str, singular: str, array: str, item: str, path: str, more: dict[str, Any]
) -> None:
    rows = client.get(path)[array]
    assert 2 <= len(rows) <= 10
    assert all(row["Code"] and row["Name"] for row in rows)


@by_list
def test_a_list_is_replaced_edited_and_deleted(
    client: Client, plural: str, singular: str, array: str, item: str, path: str, more: dict[str, Any]
) -> None:
    first, second = ({"Code": code, "Name": f"Name [{code}]", **more} for code in ("A1", "B 2"))
    token = client.refresh(plural, array, [first])
    assert client.get(path)[array] == [first]
    client.refresh(plural, array, [second], token)
    assert client.get(path)[array] == [first, second]
    changed = {**second, "Name": "Renamed"}
    answer = client.put(f"{singular}/{OWN}/{quote('b 2')}", changed)
    assert without_meta(answer) == {item: changed}
    added = {**first, "Code": "C3"}
    client.put(f"{singular}/{OWN}/C3", added)
    assert client.get(path)[array] == [first, changed, added]
    assert without_meta(client.delete(f"{singular}/{OWN}/a1")) == {}
    assert client.get(path)[array] == [changed, added]
    assert client.refused("DELETE", f"{singular}/{OWN}/A1") == (23, f"There is no {item} with the code A1.")


def test_lists_of_a_user_and_of_a_transaction(client: Client, control: Control) -> None:
    user = client.get(f"users/{OWN}")["Users"][0]["Id"]
    invoice = control.of_kind("invoice")
    every = client.get(f"accountcodes/{OWN}/1")["AccountCodes"]
    assert client.get(f"accountcodes/{OWN}/1/{user}")["AccountCodes"] == every
    assert len(client.get(f"currencycodes/{OWN}/1/{user}/{invoice}")["CurrencyCodes"]) == 3
    assert len(client.get(f"taxcodes/{OWN}/1/{user}/{invoice}")["TaxCodes"]) == 3
    sentence = "The user and the transaction must both be given, or both be null."
    assert client.refused("GET", f"taxcodes/{OWN}/1/{user}/null") == (1, sentence)
    assert client.refused("GET", f"taxcodes/{OWN}/1/null/{invoice}") == (1, sentence)


# --- pages and chunks -------------------------------------------------------------------------------------------------


def fill(client: Client, count: int) -> None:
    token = ""
    for start in range(0, count, 100):
        chunk = suppliers(*(f"S{number:05}" for number in range(start, min(start + 100, count))))
        token = client.refresh("suppliers", "Suppliers", chunk, token)


def test_pages_hold_100_and_end_with_an_empty_one(client: Client) -> None:
    fill(client, 250)
    assert [len(codes(client, page)) for page in (1, 2, 3, 4, 500)] == [100, 100, 50, 0, 0]
    assert codes(client, 1) + codes(client, 2) + codes(client, 3) == [f"S{number:05}" for number in range(250)]


def test_the_first_chunk_wipes_and_later_ones_append(client: Client) -> None:
    token = client.refresh("suppliers", "Suppliers", suppliers("A"))
    token = client.refresh("suppliers", "Suppliers", suppliers("B"), token.upper())
    client.refresh("suppliers", "Suppliers", suppliers("C"), token)
    assert codes(client) == ["A", "B", "C"]
    client.refresh("suppliers", "Suppliers", suppliers("D"))
    assert codes(client) == ["D"]
    client.refresh("suppliers", "Suppliers", [])
    assert codes(client) == []


def test_a_token_is_good_for_one_request(client: Client) -> None:
    first = client.refresh("suppliers", "Suppliers", suppliers("A"))
    second = client.refresh("suppliers", "Suppliers", suppliers("B"), first)
    sentence = "The ContinuationToken is unknown or was used before."
    for token in (first, STRANGER, "null"):
        body = {"Suppliers": suppliers("C"), "ContinuationToken": token}
        assert client.refused("POST", f"suppliers/{OWN}", body) == (21, sentence)
    # Another list's token is none of this list.
    other = client.refresh("accountcodes", "AccountCodes", [{"Code": "1", "Name": "One"}])
    body = {"Suppliers": suppliers("C"), "ContinuationToken": other}
    assert client.refused("POST", f"suppliers/{OWN}", body) == (21, sentence)
    client.refresh("suppliers", "Suppliers", suppliers("C"), second)
    assert codes(client) == ["A", "B", "C"]


def test_a_refused_chunk_stores_nothing_and_leaves_the_token_good(client: Client) -> None:
    token = client.refresh("suppliers", "Suppliers", suppliers("A"))
    body = {"Suppliers": [*suppliers("B"), {"Code": "", "Name": "x"}], "ContinuationToken": token}
    sentence = "Suppliers[1].Code must have 1 to 50 characters."
    assert client.refused("POST", f"suppliers/{OWN}", body) == (20, sentence)
    assert codes(client) == ["A"]
    client.refresh("suppliers", "Suppliers", suppliers("B"), token)
    assert codes(client) == ["A", "B"]


def test_a_refused_first_chunk_does_not_wipe(client: Client) -> None:
    client.refresh("suppliers", "Suppliers", suppliers("A"))
    body = {"Suppliers": suppliers("B", "C", "b"), "ContinuationToken": ""}
    assert client.refused("POST", f"suppliers/{OWN}", body) == (20, "Suppliers[2].Code b is there twice.")
    assert codes(client) == ["A"]


def test_doubles_are_found_over_all_chunks_in_any_letter_case(client: Client) -> None:
    token = client.refresh("suppliers", "Suppliers", suppliers("Straße"))
    body = {"Suppliers": suppliers("X", "STRASSE"), "ContinuationToken": token}
    assert client.refused("POST", f"suppliers/{OWN}", body) == (20, "Suppliers[1].Code STRASSE is there twice.")


@pytest.mark.parametrize(
    "body, code, sentence",
    [
        ({"ContinuationToken": ""}, 1, "Suppliers must be a list."),
        ({"Supplier": [], "ContinuationToken": ""}, 1, "Suppliers must be a list."),
        ({"Suppliers": []}, 1, "ContinuationToken must be text; the first call sends an empty one."),
        (
            {"Suppliers": [], "ContinuationToken": None},
            1,
            "ContinuationToken must be text; the first call sends an empty one.",
        ),
        (
            {"Suppliers": suppliers(*(f"S{number}" for number in range(101))), "ContinuationToken": ""},
            22,
            "Suppliers holds 101 items; 100 are the most.",
        ),
    ],
)
def test_chunks_that_are_none(client: Client, body: dict[str, Any], code: int, sentence: str) -> None:
    assert client.refused("POST", f"suppliers/{OWN}", body) == (code, sentence)
    assert codes(client) == ["CROWN01", "LAKES01", "METRO01"]


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plural, array, row, sentence",
    [
        ("suppliers", "Suppliers", "text", "Suppliers[0] must be an object."),
        ("suppliers", "Suppliers", {"Name": "x"}, "Suppliers[0].Code must have 1 to 50 characters."),
        ("suppliers", "Suppliers", {"Code": 7, "Name": "x"}, "Suppliers[0].Code must have 1 to 50 characters."),
        ("suppliers", "Suppliers", {"Code": "C" * 51, "Name": "x"}, "Suppliers[0].Code must have 1 to 50 characters."),
        ("suppliers", "Suppliers", {"Code": "a\tb", "Name": "x"}, "Suppliers[0].Code holds a control character."),
        ("suppliers", "Suppliers", {"Code": "a"}, "Suppliers[0].Name is missing."),
        (
            "suppliers",
            "Suppliers",
            {"Code": "a", "Name": "n" * 256},
            "Suppliers[0].Name is longer than 255 characters.",
        ),
        ("suppliers", "Suppliers", {"Code": "a", "Name": "n", "Email": 1}, "Suppliers[0].Email must be text."),
        (
            "suppliers",
            "Suppliers",
            {"Code": "a", "Name": "n", "PaymentDueDays": "30"},
            "Suppliers[0].PaymentDueDays must be a whole number.",
        ),
        (
            "suppliers",
            "Suppliers",
            {"Code": "a", "Name": "n", "AnalysisDefaults": [{"FieldCode": "AccountCode"}]},
            "Suppliers[0].AnalysisDefaults must be a list of objects with FieldCode and Value.",
        ),
        ("taxcodes", "TaxCodes", {"Code": "a", "Name": "n"}, "TaxCodes[0].Rate is missing."),
        ("taxcodes", "TaxCodes", {"Code": "a", "Name": "n", "Rate": True}, "TaxCodes[0].Rate must be a number."),
        ("currencycodes", "CurrencyCodes", {"Code": "a", "Name": "n"}, "CurrencyCodes[0].Rate is missing."),
        (
            "currencycodes",
            "CurrencyCodes",
            {"Code": "a", "Name": "n", "Rate": 0},
            "CurrencyCodes[0].Rate must be above 0.",
        ),
        (
            "currencycodes",
            "CurrencyCodes",
            {"Code": "a", "Name": "n", "Rate": 1, "IsBase": "yes"},
            "CurrencyCodes[0].IsBase must be true or false.",
        ),
    ],
)
def test_rows_that_are_refused(client: Client, plural: str, array: str, row: object, sentence: str) -> None:
    body = {array: [row], "ContinuationToken": ""}
    assert client.refused("POST", f"{plural}/{OWN}", body) == (20, sentence)


def test_a_row_at_its_limits_and_with_members_that_nobody_knows(client: Client) -> None:
    row = {
        "Code": "c" * 50,
        "Name": "n" * 255,
        "AddressLine1": "1 High Street",
        "PaymentDueDays": 0,
        "PaymentTermsType": "NetDays",
        "AnalysisDefaults": [{"FieldCode": "AccountCode", "Value": "5010"}],
    }
    client.refresh("suppliers", "Suppliers", [{**row, "Address1": "nowhere", "Email": None}])
    assert client.get(f"suppliers/{OWN}/1")["Suppliers"] == [row]


# --- single rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["A/B", "A\\B", "A?B", "A#B", "50%", "A+B", "null", "NULL", "%2E", "%2E%2E"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_some_codes_cannot_be_addressed(client: Client, method: str, code: str) -> None:
    ending = code if code.startswith("%2E") else quote(code, safe="")
    row = {"Code": code, "Name": "x"}
    response = client.call(method, f"supplier/{OWN}/{ending}", row if method == "PUT" else None)
    assert response.status_code == 404
    assert codes(client) == ["CROWN01", "LAKES01", "METRO01"]


def test_a_row_is_refused_without_its_place(client: Client) -> None:
    path = f"supplier/{OWN}/CROWN01"
    assert client.refused("PUT", path, {"Code": "CROWN01", "Name": "n" * 256}) == (
        20,
        "Name is longer than 255 characters.",
    )
    assert client.refused("PUT", path, {"Code": "X", "Name": "n"}) == (20, "Code is not the one in the address.")
    client.put(path, {"Name": "Without its code"})
    assert client.get(f"suppliers/{OWN}/1")["Suppliers"][0] == {"Code": "CROWN01", "Name": "Without its code"}


def test_a_put_may_be_told_not_to_create(client: Client, control: Control) -> None:
    control.faults(put_creates=False)
    row = {"Code": "NEW", "Name": "n"}
    assert client.refused("PUT", f"supplier/{OWN}/NEW", row) == (23, "There is no Supplier with the code NEW.")
    client.put(f"supplier/{OWN}/CROWN01", {"Code": "Crown01", "Name": "n"})
    assert codes(client) == ["Crown01", "LAKES01", "METRO01"]


# --- how much work it is ----------------------------------------------------------------------------------------------


def test_a_chunk_costs_no_more_when_many_rows_are_there(client: Client, control: Control, store: Store) -> None:
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def cost(act: Any) -> int:
        steps[0] = 0
        store._database.set_progress_handler(count, 100)
        act()
        store._database.set_progress_handler(None, 0)
        return steps[0]

    fill(client, 100)
    token = client.refresh("suppliers", "Suppliers", suppliers("X"))
    few = cost(lambda: client.refresh("suppliers", "Suppliers", suppliers(*(f"F{n}" for n in range(100))), token))
    fill(client, 20_000)
    question = "SELECT token FROM refreshes WHERE list = 'suppliers'"
    with store.transaction() as database:
        (token,) = database.execute(question).fetchone()
    many = cost(lambda: client.refresh("suppliers", "Suppliers", suppliers(*(f"F{n}" for n in range(100))), token))
    one = cost(lambda: client.put(f"supplier/{OWN}/S00001", {"Code": "S00001", "Name": "n"}))
    assert few > 10
    assert many < few * 1.5
    assert one < few
    assert control.get(f"companies/{COMPANY}/lists")["lists"]["suppliers"] == 20_100
