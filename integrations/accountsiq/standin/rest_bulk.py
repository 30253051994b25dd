"""Many objects in one call at the REST door."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.rest_asked import Asked, Body, required
from integrations.accountsiq.standin.rest_objects import COLLECTIONS, Told, saved
from integrations.accountsiq.standin.rest_papers import FORMS, saved_paper


def save_bulk(asked: Asked) -> object:
    """Many objects of one type, all or none. A type that is not known here is kept as it came."""
    asked.check_company(asked.body.get("ClientAccountId", ""))
    required(asked.body, "ListObj", "ListObjType")
    sort, objects = str(asked.body["ListObjType"]), asked.body["ListObj"]
    if not isinstance(objects, list) or not all(isinstance(one, Mapping) for one in objects):
        raise Refusal(Why.MEMBER_WRONG, "ListObj is not a list of objects.", "ListObj")
    results = []
    for place, one in enumerate(objects):
        try:
            results.append(_saved_in_bulk(asked, sort, one))
        except Refusal as refusal:
            refusal.field = f"ListObj[{place}].{refusal.field}"
            raise
    return {"ListObjType": sort, "ClientAccountId": asked.body["ClientAccountId"], "Results": results}


def _saved_in_bulk(asked: Asked, sort: str, given: Body) -> Told:
    if sort in FORMS:
        return saved_paper(asked, FORMS[sort], given)
    known = next((one for one in COLLECTIONS.values() if one.object == sort), COLLECTIONS["bulk"])
    return saved(asked, known, given)
