"""Custom fields over the API: the fields themselves, and the values of those that are lists."""

from __future__ import annotations

from typing import Any

from integrations.icompleat.standin.api_call import ApiCall
from integrations.icompleat.standin.api_lists import code_of
from integrations.icompleat.standin.custom_fields import LIST
from integrations.icompleat.standin.lists import ITEMS
from integrations.icompleat.standin.rows import Place


def listed(call: ApiCall) -> dict[str, Any]:
    """The active fields, by id and name."""
    found = call.world.fields.all(call.company()["id"])
    return {"CustomFields": [{"Id": field["Id"], "Name": field["Name"]} for field in found if field["Active"]]}


def one(call: ApiCall) -> dict[str, Any]:
    """One field, a list with its values."""
    company_id = call.company()["id"]
    field = call.world.fields.one(company_id, call.values["field"])
    if field["Type"] != LIST:
        return {"CustomField": field}
    return {"CustomField": {**field, "Values": list(call.world.rows.all(Place(company_id, field["Id"])))}}


def create(call: ApiCall) -> dict[str, Any]:
    """A new field."""
    return {"CustomField": call.world.fields.add(call.company()["id"], call.member("CustomField"))}


def change(call: ApiCall) -> dict[str, Any]:
    """Another name, mandatory or not, active or not."""
    company_id, given = call.company()["id"], call.member("CustomField")
    return {"CustomField": call.world.fields.change(company_id, call.values["field"], given)}


def delete(call: ApiCall) -> dict[str, Any]:
    """One field less, with its values."""
    call.world.fields.delete(call.company()["id"], call.values["field"])
    return {}


def refresh(call: ApiCall) -> dict[str, Any]:
    """One chunk of a list's values."""
    return {"ContinuationToken": call.world.rows.refresh(_place(call), ITEMS, call.body())}


def edit_item(call: ApiCall) -> dict[str, Any]:
    """One value: `{"Code", "Name"}`."""
    return {ITEMS.item: call.world.rows.put(_place(call), ITEMS, code_of(call), call.body())}


def delete_item(call: ApiCall) -> dict[str, Any]:
    """One value less."""
    call.world.rows.delete(_place(call), ITEMS, code_of(call))
    return {}


def _place(call: ApiCall) -> Place:
    return call.world.fields.list_place(call.company()["id"], call.values["field"])
