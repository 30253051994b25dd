"""What only the accounting system itself can refuse: references, the lock date, totals, its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.codat.standin.booking import DOCUMENTS, NUMBER, TAX, VALIDATORS, Desk, parties
from integrations.codat.standin.memory import moment, money
from integrations.codat.standin.models import Fault, fault
from integrations.codat.standin.settling import refusals

# How far a total of a document may be from the sum of its lines before it is refused.
_ROUNDING: Final = Decimal("0.01")
_BANKS_ONLY: Final = frozenset({"gbol", "hbql"})


def objections(desk: Desk, body: Mapping[str, Any]) -> list[Fault]:
    """What only the accounting system itself can refuse: references, the lock date, its own rules."""
    validator = VALIDATORS[desk.data_type]
    return [fault(item, message, validator) for item, message in _objections(desk, body)]


def _objections(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if desk.data_type in {"suppliers", "customers"}:
        yield from _of_party(desk, body)
    elif desk.data_type == "payments":
        yield from _of_payment(desk, body)
    elif desk.data_type == "journalEntries":
        yield from _of_journal(body)
    elif desk.data_type in DOCUMENTS:
        yield from _of_document(desk, body)


def _of_party(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    word = desk.data_type.removesuffix("s")
    names = {one[f"{word}Name"].casefold() for one in desk.records.every(desk.data_type)}
    if desk.platform.key in {"gbol", "akxx", "rwuv"} and body[f"{word}Name"].casefold() in names:
        yield f"{word.capitalize()}Name", f"A {word} with this name already exists."
    if desk.platform.key == "hbql" and desk.records.get(desk.data_type, body["id"].upper()):
        yield "Id", f"The {word} id must be unique."


def _of_payment(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _locked(desk, body, "date")
    yield from _known(desk, "customers", body.get("customerRef"), "CustomerRef.Id")
    yield from _known(desk, "chartOfAccounts", body.get("accountRef"), "AccountRef.Id")
    account = desk.records.get("chartOfAccounts", (body.get("accountRef") or {}).get("id", ""))
    if account and desk.platform.key in _BANKS_ONLY and not account["isBankAccount"]:
        yield "AccountRef.Id", "Must be a bank account."
    yield from refusals(desk.records, body, has_one_line=desk.platform.key == "fbrh")


def _of_document(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _locked(desk, body)
    yield from _of_references(desk, body)
    yield from _of_totals(desk, body)
    if desk.platform.key in {"hbql", "rwuv"}:
        yield from _of_currency(desk, body)
    number = NUMBER[desk.data_type]
    if body.get(number) and _is_taken(desk, number, body[number]):
        yield number[:1].upper() + number[1:], "Reference has already been used for this supplier"


def _locked(desk: Desk, body: Mapping[str, Any], member: str = "issueDate") -> Iterator[tuple[str, str]]:
    lock, day = desk.entity.get("ledgerLockDate"), body.get(member)
    if lock and day and moment(day).date() <= moment(lock).date():
        yield (
            f"{member[:1].upper()}{member[1:]}",
            f"The document date is on or before the lock date {lock[:10]} of the organisation.",
        )


def _of_references(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    party, data_type, _, _ = parties(desk.data_type)
    yield from _known(desk, data_type, body.get(party), f"{party[:1].upper()}{party[1:]}.Id")
    for place, line in enumerate(body.get("lineItems") or []):
        at = f"LineItems[{place}]."
        yield from _known(desk, "chartOfAccounts", line.get("accountRef"), f"{at}AccountRef.Id")
        yield from _known(desk, "taxRates", line.get("taxRateRef"), f"{at}TaxRateRef.Id")
        yield from _of_tracking(desk, line, at)
        if not line.get("accountRef") and not line.get("itemRef"):
            yield f"{at}AccountRef", "Must be provided, if ItemRef is not provided."


def _known(desk: Desk, data_type: str, ref: Mapping[str, Any] | None, item: str) -> Iterator[tuple[str, str]]:
    if not ref or not ref.get("id"):
        return
    found = desk.records.get(data_type, ref["id"])
    if found is None:
        yield item, f"`{ref['id']}` was not found in {desk.platform.name}"
    elif found.get("status") == "Archived":
        yield item, f"`{ref['id']}` is archived in {desk.platform.name}"


def _of_tracking(desk: Desk, line: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    nested = (line.get("tracking") or {}).get("categoryRefs") or []
    told = [one for one in line.get("trackingRefs") or [] if one.get("dataType") != "customers"]
    parents = []
    for ref in [*(line.get("trackingCategoryRefs") or []), *nested, *told]:
        found = desk.records.get("trackingCategories", ref["id"])
        if found is None:
            yield f"{at}TrackingCategoryRefs.Id", f"`{ref['id']}` was not found in {desk.platform.name}"
        elif found.get("hasChildren"):
            yield f"{at}TrackingCategoryRefs.Id", "Must not be a parent tracking category."
        else:
            parents.append(found.get("parentId"))
    if len(parents) != len(set(parents)):
        yield f"{at}TrackingCategoryRefs", "Tracking categories must not have the same parent."


def _of_totals(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    lines = [desk.amounts(line) for line in body.get("lineItems") or []]
    net, tax = (sum((one[place] for one in lines), Decimal(0)) for place in (0, 1))
    own = {"subTotal": net, TAX.get(desk.data_type, "totalTaxAmount"): tax, "totalAmount": net + tax}
    for name, amount in own.items():
        given = body.get(name)
        if given is not None and abs(money(given) - amount) > _ROUNDING and not desk.platform.reckons_tax:
            yield name[:1].upper() + name[1:], f"Must equal the sum of the lines, which is {amount}."
    if desk.platform.key in {"fbrh", "rwuv"} and net + tax < 0:
        yield "LineItems", "Sum of `LineItems` must be greater than or equal to `0`"


def _of_currency(desk: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    party, data_type, _, _ = parties(desk.data_type)
    found = desk.records.get(data_type, (body.get(party) or {}).get("id", "")) or {}
    usual = found.get("defaultCurrency")
    if usual and body.get("currency") and body["currency"] != usual:
        yield "Currency", f"Must match the {data_type.removesuffix('s')}'s currency {usual}."


def _is_taken(desk: Desk, number: str, given: str) -> bool:
    unique = {("gbol", "purchaseOrders"), ("rwuv", "bills")}
    warns = desk.platform.key == "qhyg" and desk.memory.setting("warns_of_duplicates")
    if (desk.platform.key, desk.data_type) not in unique and not warns:
        return False
    return any(one.get(number) == given for one in desk.records.every(desk.data_type))


def _of_journal(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    lines = body.get("journalLines") or []
    if len(lines) < 2:
        yield "JournalLines", "Must contain at least two lines."
    if sum((money(one.get("netAmount")) for one in lines), Decimal(0)):
        yield "JournalLines", "The lines must add up to zero."
