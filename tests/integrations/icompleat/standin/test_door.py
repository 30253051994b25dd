"""Who may call the API, and what every answer has."""

from __future__ import annotations

import re

import pytest
import requests

from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import KEY, OTHER, STRANGER, TENANT, Client, Control

SUPPLIERS = f"suppliers/{TENANT}/{COMPANY}/1"


def test_a_key_opens_its_tenant(client: Client) -> None:
    answer = client.get(SUPPLIERS)
    assert [row["Code"] for row in answer["Suppliers"]] == ["CROWN01", "LAKES01", "METRO01"]
    assert answer["MetaData"]["RequestUrl"] == f"{client.url}/{SUPPLIERS}"
    assert answer["MetaData"]["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", answer["MetaData"]["DateCreated"])


@pytest.mark.parametrize("key", ["", "wrong", STRANGER, KEY[:-1]])
def test_another_key_opens_nothing(client: Client, key: str) -> None:
    response = client.call("GET", SUPPLIERS, headers={"x-api-compleat-key": key, "x-api-version": "1"})
    assert response.status_code == 401
    assert response.json()["ErrorMessage"] == "The security key is not valid for this tenant."
    assert client.call("GET", SUPPLIERS, headers={"x-api-version": "1"}).status_code == 401


def test_a_key_opens_no_other_tenant(client: Client, control: Control) -> None:
    theirs = control.put(f"tenants/{STRANGER}", {"name": "Stranger"})
    company = {"name": "Harbour Street Studios Ltd", "base_currency": "EUR", "tenant_id": STRANGER}
    control.put(f"companies/{OTHER}", company)
    assert client.call("GET", f"suppliers/{STRANGER}/{OTHER}/1").status_code == 401
    assert client.call("GET", "suppliers/nobody/nothing/1").status_code == 401
    assert client.refused("GET", f"suppliers/{TENANT}/{OTHER}/1") == (2, "Unknown company")
    foreign = control.transactions(OTHER)[0]["id"]
    assert client.refused("GET", f"transaction/{TENANT}/{foreign}/null") == (10, "Transaction not found")
    client.headers["x-api-compleat-key"] = theirs["security_key"]
    assert len(client.get(f"suppliers/{STRANGER}/{OTHER}/1")["Suppliers"]) == 3
    assert client.call("GET", SUPPLIERS).status_code == 401


def test_a_regenerated_key_kills_the_old_one_at_once(client: Client, control: Control) -> None:
    client.get(SUPPLIERS)
    new = control.post(f"tenants/{TENANT.upper()}/key")
    assert (new["id"], new["name"]) == (TENANT, "Example")
    assert new["security_key"] != KEY
    assert client.call("GET", SUPPLIERS).status_code == 401
    client.headers["x-api-compleat-key"] = new["security_key"].upper()
    client.get(SUPPLIERS)


@pytest.mark.parametrize("version", ["", "2", "V1", None])
def test_the_version_must_be_1(client: Client, version: str | None) -> None:
    if version is None:
        del client.headers["x-api-version"]
    else:
        client.headers["x-api-version"] = version
    assert client.refused("GET", SUPPLIERS) == (1, "x-api-version is missing or is not 1.")


def test_a_wrong_key_outweighs_a_wrong_version(client: Client) -> None:
    assert client.call("GET", SUPPLIERS, headers={"x-api-compleat-key": "wrong"}).status_code == 401


def test_ids_and_nulls_have_no_letter_case_and_slashes_collapse(client: Client) -> None:
    plain = client.get(f"transactions/{TENANT}/1/{COMPANY}/null/null/null")["Transactions"]
    assert len(plain) == 6
    path = f"transactions/{TENANT.upper()}/1//{COMPANY.upper()}/NULL/Null/nULL"
    assert client.get(path)["Transactions"] == plain
    root = client.url.removesuffix("/api")
    response = requests.get(f"{root}//api//{SUPPLIERS}", headers=client.headers, timeout=10, allow_redirects=False)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", f"utilities/{TENANT}"),
        ("POST", f"transactionattachments/{TENANT}/x"),
        ("GET", "nothing"),
        ("GET", ""),
        ("GET", f"suppliers/{TENANT}/{COMPANY}"),
        ("DELETE", f"suppliers/{TENANT}/{COMPANY}"),
    ],
)
def test_what_is_not_in_the_table_is_not_there(client: Client, method: str, path: str) -> None:
    response = client.call(method, path)
    assert response.status_code == 404
    assert response.json()["ErrorMessage"] == "No resource was found at this address."
    assert response.json()["MetaData"]["Version"] == 1


@pytest.mark.parametrize(
    "path",
    [
        f"suppliers/{TENANT}/{STRANGER}/1",
        f"accountcodes/{TENANT}/null/1",
        f"customfields/{TENANT}/{STRANGER}",
        f"company/{TENANT}/{STRANGER}",
        f"layouts/{TENANT}/{STRANGER}/INV/1",
        f"users/{TENANT}/{STRANGER}",
        f"transactions/{TENANT}/1/{STRANGER}/null/null/null",
        f"analysisfields/{TENANT}/{STRANGER}/null",
    ],
)
def test_unknown_companies(client: Client, path: str) -> None:
    assert client.refused("GET", path) == (2, "Unknown company")


@pytest.mark.parametrize(
    "path",
    [
        f"user/{TENANT}/{STRANGER}",
        f"user/{TENANT}/null",
        f"accountcodes/{TENANT}/{COMPANY}/1/{STRANGER}",
        f"currencycodes/{TENANT}/{COMPANY}/1/{STRANGER}",
        f"transactions/{TENANT}/1/null/{STRANGER}/null/null",
    ],
)
def test_unknown_users(client: Client, path: str) -> None:
    assert client.refused("GET", path) == (3, "Invalid user id")


@pytest.mark.parametrize(
    "path",
    [
        f"transaction/{TENANT}/{STRANGER}/null",
        f"transaction/{TENANT}/null/null",
        f"transactionattachments/{TENANT}/{STRANGER}",
        f"transactiontimeline/{TENANT}/{STRANGER}",
        f"analysisfields/{TENANT}/{COMPANY}/{STRANGER}",
        f"currencycodes/{TENANT}/{COMPANY}/1/null/{STRANGER}",
    ],
)
def test_unknown_transactions(client: Client, path: str) -> None:
    assert client.refused("GET", path) == (10, "Transaction not found")


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "²", "99999999999999999999"])
def test_pages_are_counted_from_1(client: Client, page: str) -> None:
    sentence = "The page number must be a whole number from 1."
    assert client.refused("GET", f"suppliers/{TENANT}/{COMPANY}/{page}") == (1, sentence)


@pytest.mark.parametrize(
    "body, sentence",
    [
        (b"{", "The body is not JSON."),
        (b"\xff", "The body is not JSON."),
        (b"", "The body is not JSON."),
        (b"[]", "The body is not a JSON object."),
        (b'{"Suppliers": [{"Code": "A", "Name": "\\ud800"}], "ContinuationToken": ""}', None),
        (b'{"Suppliers": ' + b"[" * 5000 + b"]" * 5000 + b"}", None),
    ],
)
def test_bodies_that_cannot_be_read(client: Client, body: bytes, sentence: str | None) -> None:
    path = f"{client.url}/suppliers/{TENANT}/{COMPANY}"
    response = requests.post(path, data=body, headers=client.headers, timeout=10)
    assert (response.status_code, response.json()["ErrorCode"]) == (400, 1)
    assert sentence is None or response.json()["ErrorMessage"] == sentence
