"""What the API tells of a tenant: itself, companies, users, layouts, analysis fields."""

from __future__ import annotations

from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import OTHER, TENANT, Client, Control, without_meta


def test_the_tenant_is_flat_and_its_dates_have_no_zone(client: Client) -> None:
    told = client.get(f"tenant/{TENANT}")
    assert (told["Id"], told["Name"], told["Active"]) == (TENANT, "Example", True)
    assert (told["DateAdded"], told["Modules"]) == ("2025-10-11T12:57:29.1", ["INVOICES", "ORDERS"])
    assert len(without_meta(told)) == 20


def test_the_shard_is_here(client: Client) -> None:
    told = without_meta(client.get(f"tenant/{TENANT}/shard"))
    assert told == {"Shard": {"Name": "sandbox", "ApiUrl": client.url.removesuffix("api")}}


def test_companies(client: Client, control: Control) -> None:
    company = {"name": "Harbour Street Studios Ltd", "base_currency": "EUR", "tenant_id": TENANT}
    control.put(f"companies/{OTHER}", company)
    assert without_meta(client.get(f"companies/{TENANT}")) == {
        "Companies": [
            {"Id": COMPANY, "Name": "Northgate Training Ltd"},
            {"Id": OTHER, "Name": "Harbour Street Studios Ltd"},
        ]
    }
    assert without_meta(client.get(f"company/{TENANT}/{OTHER}")) == {
        "Company": {
            "Id": OTHER,
            "Name": "Harbour Street Studios Ltd",
            "BaseCurrencyCode": "EUR",
            "VatNumber": "",
            "RegisteredCountryCode": "GBR",
        }
    }
    rates = {row["Code"]: row for row in client.get(f"currencycodes/{TENANT}/{OTHER}/1/null")["CurrencyCodes"]}
    assert (rates["EUR"]["Rate"], rates["EUR"]["IsBase"]) == (1, True)
    assert f"{rates['GBP']['Rate']}" == "0.881834"


def test_users_of_a_company_and_of_all(client: Client, control: Control) -> None:
    company = {"name": "Harbour Street Studios Ltd", "base_currency": "EUR", "tenant_id": TENANT}
    control.put(f"companies/{OTHER}", company)
    told = client.get(f"users/{TENANT}/{COMPANY}")
    assert told["Count"] == 3
    assert [(user["Role"], user["Status"], user["Active"]) for user in told["Users"]] == [
        ("Operator", "ACTIVE", True),
        ("Finance Controller", "ACTIVE", True),
        ("Finance Director", "SUSPENDED", False),
    ]
    assert set(told["Users"][0]) == {"Id", "FirstName", "LastName", "EmailAddress", "Role", "Status", "Active"}
    everybody = client.get(f"users/{TENANT}/null")
    assert everybody["Count"] == 6
    assert len({user["Id"] for user in everybody["Users"]}) == 6
    one = told["Users"][1]
    assert without_meta(client.get(f"user/{TENANT}/{one['Id'].upper()}")) == {"User": one}


def test_the_owner_of_the_samples_is_one_of_the_users(client: Client, control: Control) -> None:
    added = control.post(f"companies/{COMPANY}/transactions", {"sample": "invoice"})
    owner = client.get(f"transaction/{TENANT}/{added['id']}/null")["Transaction"]["Owner"]
    assert owner["Id"] == client.get(f"users/{TENANT}/{COMPANY}")["Users"][0]["Id"]


def test_layouts_say_where_each_code_goes(client: Client) -> None:
    (layout,) = client.get(f"layouts/{TENANT}/{COMPANY}/INV/1")["TransactionLayouts"]
    assert (layout["Code"], layout["Posting"], layout["JournalType"]) == ("INVC", True, "Invoice")
    assert [(field["Code"], field["Level"]) for field in layout["AnalysisFields"]] == [
        ("Currency Code", "OnHeader"),
        ("Account Code", "OnLine"),
        ("Tax Code", "OnLine"),
        ("Department", "OnLine"),
    ]
    assert [(field["Name"], field["Type"]) for field in layout["CustomFields"]] == [
        ("Course Code", "List"),
        ("Goods checked", "Date"),
    ]
    (orders,) = client.get(f"layouts/{TENANT}/{COMPANY}/ord/1")["TransactionLayouts"]
    assert (orders["Code"], len(orders["AnalysisFields"])) == ("ORDC", 5)
    assert client.get(f"layouts/{TENANT}/{COMPANY}/INV/2")["TransactionLayouts"] == []
    sentence = "The transaction type must be INV or ORD."
    assert client.refused("GET", f"layouts/{TENANT}/{COMPANY}/CRD/1") == (1, sentence)


def test_analysis_fields_of_the_company_and_of_a_transaction(client: Client, control: Control) -> None:
    every = client.get(f"analysisfields/{TENANT}/{COMPANY}/null")["AnalysisFields"]
    assert [(field["Name"], field["Allocation"]) for field in every] == [
        ("Currency Code", "HEADER"),
        ("Delivery Site", "HEADER"),
        ("Account Code", "LINE"),
        ("Tax Code", "LINE"),
        ("Department", "LINE"),
    ]
    of_invoice = client.get(f"analysisfields/{TENANT}/{COMPANY}/{control.of_kind('invoice')}")["AnalysisFields"]
    assert of_invoice == [field for field in every if field["Name"] != "Delivery Site"]
