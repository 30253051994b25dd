"""Transactions over the API: list, detail, create, edit with approve and deny, attachments, timeline."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from integrations.documents import Kind
from integrations.icompleat.standin import people
from integrations.icompleat.standin.api_call import ApiCall, Raw
from integrations.icompleat.standin.drafting import differs, drafted, revised
from integrations.icompleat.standin.kinds import KIND_OF_TYPE, STATUSES, Tray, trays_of
from integrations.icompleat.standin.layouts import LAYOUT_TYPES, layout_id
from integrations.icompleat.standin.money import AMOUNTS
from integrations.icompleat.standin.people import Who
from integrations.icompleat.standin.refusals import Code, Dropped, Refused, UnderWay, WrongTray
from integrations.icompleat.standin.transactions import Attachment, Held

PAGE: Final = 20
# A receipt is no type of the vendor's: it is listed only for whoever asks for it.
_LISTED: Final = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE)
_IN_LISTS: Final = ("Id", "Company", "Owner", "Type", "References", "Dates", "Title", *AMOUNTS, "MatchingStatusDetail")
_STEPS: Final = {"PEND": "submit", "APPR": "approve", "DEN": "deny"}


def listed(call: ApiCall) -> dict[str, Any]:
    """One page of 20, in the order of their making."""
    company, user, page = call.optional_company(), call.user(), call.page()
    status, wanted = call.value("status").upper(), call.value("type").upper()
    if status and status not in STATUSES:
        raise Refused(Code.BAD_REQUEST, "The status is unknown.")
    if wanted and wanted not in KIND_OF_TYPE:
        raise Refused(Code.BAD_REQUEST, "The transaction type is unknown.")
    companies = [company] if company else call.world.companies.all(call.tenant["id"])
    found = call.world.transactions.listed(
        [each["id"] for each in companies],
        user.id if user else "",
        trays_of(status) if status else tuple(Tray),
        (KIND_OF_TYPE[wanted],) if wanted else _LISTED,
        page,
        PAGE,
    )
    told = [_in_list(call, held) for held in found]
    return {"Transactions": told, "PageNumber": page, "Count": len(told), "PageSize": PAGE}


def detail(call: ApiCall) -> dict[str, Any]:
    """One transaction with its lines and coding."""
    call.user()
    return {"Transaction": whole(call, call.transaction())}


def create(call: ApiCall) -> dict[str, Any]:
    """A new transaction, as a draft or approved at once."""
    company, owner = call.company(), call.user() or people.ITSELF
    given = call.member("Transaction")
    status = given.get("Status", "SAV")
    if status not in ("SAV", "APPR"):
        raise Refused(Code.TRANSACTION_REFUSED, "Status must be SAV or APPR.")
    made = drafted(given, call.world.codes(company["id"]))
    _check_layout(given.get("LayoutId"), company["id"], made["Type"])
    tray = Tray.AWAITING_APPROVAL if status == "APPR" else Tray.UNPROCESSED
    held = call.world.add_draft(company, made, owner, tray)
    if status == "APPR":
        held = _acted(call, "approve", held, owner)
    if call.world.faults.take("drop_create"):
        raise Dropped
    return {"Transaction": whole(call, held)}


def edit(call: ApiCall) -> dict[str, Any]:
    """Other content, submission, approval or denial, whichever the body says. Raises `Refused` 31 for a stale one."""
    held, who, given = call.transaction(), call.user(), call.member("Transaction")
    stamp = given.get("LastUpdatedGuid")
    if not isinstance(stamp, str) or stamp.lower() != held.stamp.lower():
        raise Refused(Code.STALE, "The transaction was changed meanwhile: LastUpdatedGuid is not the latest.")
    status = given.get("Status", held.tray.status)
    is_step = status != held.tray.status
    if is_step and status not in _STEPS:
        raise Refused(Code.WRONG_STATUS, f"The Status {status} cannot be set.")
    actor = who or people.approver(call.world.companies.one(held.company_id))
    held = _edited(call, held, given, actor, is_step=is_step)
    if is_step:
        held = _acted(call, _STEPS[status], held, actor, str(given.get("Comment") or ""))
    return {"Transaction": whole(call, held)}


def attachments(call: ApiCall) -> dict[str, Any]:
    """The files of a transaction, without their content."""
    found = call.world.transactions.attachments(call.transaction().id)
    return {"Attachments": [_described(paper) for paper in found]}


def attachment(call: ApiCall) -> Mapping[str, Any] | Raw:
    """One file, in base64 or as its bytes."""
    found = call.world.transactions.attachments(call.transaction().id)
    paper = next((each for each in found if each.id == call.values["attachment"].lower()), None)
    if paper is None:
        raise Refused(Code.BAD_REQUEST, "Attachment not found")
    if call.world.faults.is_on("raw_attachments"):
        return Raw(paper.content, paper.content_type)
    return {"Attachment": {**_described(paper), "Content": base64.b64encode(paper.content).decode()}}


def timeline(call: ApiCall) -> dict[str, Any]:
    """Everything that happened to a transaction, oldest first."""
    happened = call.world.transactions.timeline(call.transaction().id)
    return {
        "Timeline": [
            {
                "Date": each["at"],
                "User": {"Id": each["user_id"] or None, "Name": each["user_name"]},
                "Action": each["action"],
                "Comment": each["comment"],
            }
            for each in happened
        ]
    }


def whole(call: ApiCall, held: Held) -> dict[str, Any]:
    """The transaction as the detail call tells it: company, status and stamp are always there."""
    company = call.world.companies.one(held.company_id)
    told = {"Company": {"Id": company["id"], "Name": company["name"]}, **held.body}
    # A receipt may be delivered under its order's Id; here it has its own.
    return {**told, "Id": held.id, "Status": held.tray.status, "LastUpdatedGuid": held.stamp}


def _in_list(call: ApiCall, held: Held) -> dict[str, Any]:
    body = whole(call, held)
    told: dict[str, Any] = {name: body[name] for name in _IN_LISTS if name in body}
    supplier = {"SupplierName": held.body["Supplier"]["Name"]}
    return {**told, **supplier, "Status": body["Status"], "LastUpdatedGuid": held.stamp}


def _described(paper: Attachment) -> dict[str, Any]:
    told = {"Id": paper.id, "FileName": paper.file_name, "ContentType": paper.content_type}
    return {**told, "Size": len(paper.content)}


def _check_layout(given: object, company_id: str, type_code: str) -> None:
    expected = layout_id(company_id, LAYOUT_TYPES[type_code])
    if given and str(given).lower() != expected:
        raise Refused(Code.TRANSACTION_REFUSED, "LayoutId is not a layout for this type of transaction.")


def _edited(call: ApiCall, held: Held, given: Mapping[str, Any], who: Who, *, is_step: bool) -> Held:
    """With the content that was given, which only an unprocessed transaction takes; alone, it must be something."""
    is_changed = differs(held.body, given, call.world.codes(held.company_id, checks=False))
    if held.tray is not Tray.UNPROCESSED:
        if not is_step or is_changed:
            raise Refused(Code.WRONG_STATUS, f"The transaction lies in {held.tray.label} and cannot be edited.")
        return held
    if is_step and not is_changed:
        return held
    codes = call.world.codes(held.company_id)
    return _allowed(lambda: call.world.life.edit(held.id, who, lambda now: revised(now.body, given, codes)))


def _acted(call: ApiCall, step: str, held: Held, who: Who, comment: str = "") -> Held:
    later = not call.world.faults.is_on("deliver_before_answer")
    return _allowed(lambda: call.world.life.act(step, held.id, who, comment, later=later))


def _allowed(act: Any) -> Held:
    try:
        held: Held = act()
    except (WrongTray, UnderWay) as error:
        raise Refused(Code.WRONG_STATUS, str(error)) from None
    return held
