"""The reference lists over the API: read, refresh, edit and delete."""

from __future__ import annotations

from typing import Any

from integrations.icompleat.standin.api_call import ApiCall
from integrations.icompleat.standin.lists import Listed, is_addressable
from integrations.icompleat.standin.refusals import Absent, Code, Refused
from integrations.icompleat.standin.rows import Place


def read(listed: Listed, call: ApiCall) -> dict[str, Any]:
    """One page. Where tax codes are asked for a user and a transaction, both are given or neither is."""
    place, page = Place(call.company()["id"], listed.name), call.page()
    user, transaction = call.user(), call.optional_transaction()
    if listed.name == "taxcodes" and (user is None) != (transaction is None):
        raise Refused(Code.BAD_REQUEST, "The user and the transaction must both be given, or both be null.")
    return {listed.array: call.world.rows.page(place, page)}


def refresh(listed: Listed, call: ApiCall) -> dict[str, Any]:
    """One chunk of a refresh; the answer carries the token for the next."""
    place = Place(call.company()["id"], listed.name)
    return {"ContinuationToken": call.world.rows.refresh(place, listed, call.body())}


def edit(listed: Listed, call: ApiCall) -> dict[str, Any]:
    """One row: the body is the row itself."""
    place, code = Place(call.company()["id"], listed.name), code_of(call)
    return {listed.item: call.world.rows.put(place, listed, code, call.body())}


def delete(listed: Listed, call: ApiCall) -> dict[str, Any]:
    """One row less."""
    place, code = Place(call.company()["id"], listed.name), code_of(call)
    call.world.rows.delete(place, listed, code)
    return {}


def code_of(call: ApiCall) -> str:
    """The code at the end of the address. Raises `Absent` for one that no address can carry."""
    code = call.values["code"]
    if not is_addressable(code):
        raise Absent
    return code
