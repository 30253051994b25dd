"""Custom fields over the API: the fields themselves, and the values of those that are lists."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.sandbox import Store
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import STRANGER, TENANT, Client, Control, without_meta

OWN = f"{TENANT}/{COMPANY}"


def fields(client: Client) -> dict[str, str]:
    found = client.get(f"customfields/{OWN}")["CustomFields"]
    return {field["Name"]: field["Id"] for field in found}


def test_fields_are_listed_by_id_and_name(client: Client) -> None:
    (first, second) = client.get(f"customfields/{OWN}")["CustomFields"]
    assert (first["Name"], second["Name"]) == ("Course Code", "Goods checked")
    assert set(first) == {"Id", "Name"}


def test_a_list_field_tells_its_values(client: Client) -> None:
    own = fields(client)["Course Code"]
    told = without_meta(client.get(f"customfield/{OWN}/{own.upper()}"))
    assert told == {
        "CustomField": {
            "Id": own,
            "Name": "Course Code",
            "Active": True,
            "Type": "List",
            "Mandatory": False,
            "Values": [
                {"Code": "PM-2610", "Name": "PM-2610 - Project Management October"},
                {"Code": "PM-2611", "Name": "PM-2611 - Project Management November"},
            ],
        }
    }
    date = client.get(f"customfield/{OWN}/{fields(client)['Goods checked']}")["CustomField"]
    assert (date["Type"], "Values" in date) == ("Date", False)


def test_values_are_posted_under_another_name_than_they_are_read(client: Client) -> None:
    path = f"customfield/{OWN}/{fields(client)['Course Code']}"
    token = client.refresh(path, "CustomFieldListItems", [{"Code": "A", "Name": "a"}])
    client.refresh(path, "CustomFieldListItems", [{"Code": "B", "Name": "b"}], token)
    client.put(f"{path}/b", {"Code": "B", "Name": "changed"})
    client.put(f"{path}/C", {"Code": "C", "Name": "c"})
    client.delete(f"{path}/A")
    assert client.get(path)["CustomField"]["Values"] == [{"Code": "B", "Name": "changed"}, {"Code": "C", "Name": "c"}]
    assert client.refused("DELETE", f"{path}/A") == (23, "There is no CustomFieldListItem with the code A.")
    assert client.refused("POST", path, {"Values": [], "ContinuationToken": ""}) == (
        1,
        "CustomFieldListItems must be a list.",
    )


def test_more_values_than_a_page(client: Client) -> None:
    path, token = f"customfield/{OWN}/{fields(client)['Course Code']}", ""
    for start in (0, 100, 200):
        rows = [{"Code": f"C{number}", "Name": "n"} for number in range(start, start + 100)]
        token = client.refresh(path, "CustomFieldListItems", rows, token)
    assert [row["Code"] for row in client.get(path)["CustomField"]["Values"]] == [f"C{n}" for n in range(300)]


def test_a_field_is_made_changed_and_deleted(client: Client, store: Store) -> None:
    given = {"CustomField": {"Name": "Departments", "Type": "List", "Mandatory": False}}
    made = client.post(f"customfields/{OWN}", given)["CustomField"]
    assert {**made, "Id": "x"} == {"Id": "x", "Name": "Departments", "Active": True, "Type": "List", "Mandatory": False}
    path = f"customfield/{OWN}/{made['Id']}"
    client.refresh(path, "CustomFieldListItems", [{"Code": "TRN", "Name": "Training"}])
    changed = client.put(path, {"CustomField": {"Name": "Cost centres", "Mandatory": True, "Active": False}})
    assert changed["CustomField"] == {**made, "Name": "Cost centres", "Mandatory": True, "Active": False}
    # It is not active any more, and therefore not listed.
    assert "Cost centres" not in fields(client)
    client.delete(path)
    with store.transaction() as database:
        assert database.execute("SELECT code FROM listed WHERE list = ?", (made["Id"],)).fetchall() == []
    assert client.refused("GET", path) == (24, "Unknown custom field.")
    assert client.refused("DELETE", path) == (24, "Unknown custom field.")


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"Type": "List"}, "Name must have 1 to 100 characters."),
        ({"Name": " ", "Type": "List"}, "Name must have 1 to 100 characters."),
        ({"Name": "n" * 101}, "Name must have 1 to 100 characters."),
        ({"Name": "course CODE"}, "There is a custom field called course CODE already."),
        ({"Name": "X", "Type": "Picture"}, "Type must be one of List, Text, Date, Mandatory true or false."),
        ({"Name": "X", "Mandatory": "no"}, "Type must be one of List, Text, Date, Mandatory true or false."),
    ],
)
def test_fields_that_cannot_be_made(client: Client, given: dict[str, Any], sentence: str) -> None:
    assert client.refused("POST", f"customfields/{OWN}", {"CustomField": given}) == (1, sentence)
    assert client.refused("POST", f"customfields/{OWN}", given) == (1, "CustomField must be an object.")
    assert len(fields(client)) == 2


def test_fields_that_cannot_be_changed(client: Client) -> None:
    path = f"customfield/{OWN}/{fields(client)['Course Code']}"
    taken = {"CustomField": {"Name": "goods checked"}}
    assert client.refused("PUT", path, taken) == (1, "There is a custom field called goods checked already.")
    other = {"CustomField": {"Type": "Text"}}
    assert client.refused("PUT", path, other) == (1, "The Type of a custom field cannot be changed.")
    odd = {"CustomField": {"Active": "yes"}}
    assert client.refused("PUT", path, odd) == (1, "Mandatory and Active must be true or false.")


@pytest.mark.parametrize("method, ending", [("GET", ""), ("POST", ""), ("PUT", "/A"), ("DELETE", "/A")])
def test_unknown_fields_and_fields_that_are_no_lists(client: Client, method: str, ending: str) -> None:
    body = {"CustomFieldListItems": [], "ContinuationToken": "", "Code": "A", "Name": "a"} if method != "GET" else None
    path = f"customfield/{OWN}/{STRANGER}{ending}"
    assert client.refused(method, path, body) == (24, "Unknown custom field.")
    if method != "GET":
        path = f"customfield/{OWN}/{fields(client)['Goods checked']}{ending}"
        assert client.refused(method, path, body) == (1, "Goods checked is not a list.")


def test_scripts_see_all_rows_of_a_list_and_of_a_field(client: Client, control: Control) -> None:
    rows = control.get(f"companies/{COMPANY}/lists/Course Code")["rows"]
    assert [row["Code"] for row in rows] == ["PM-2610", "PM-2611"]
    assert len(control.get(f"companies/{COMPANY}/lists/taxcodes")["rows"]) == 3
    assert control.refused("GET", f"companies/{COMPANY}/lists/nothing") == (
        404,
        "The lists are suppliers, accountcodes, taxcodes, currencycodes, deliverysites, or a custom field.",
    )
