"""From the members that a caller or a form gives to a whole transaction: amounts in both currencies, totals, names."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integrations.icompleat.standin import money
from integrations.icompleat.standin.codes import Codes
from integrations.icompleat.standin.kinds import KIND_OF_TYPE
from integrations.icompleat.standin.money import AMOUNTS, Currencies
from integrations.icompleat.standin.refusals import Code, Refused

LONGEST_TITLE: Final = 255
MOST_LINES: Final = 10_000
_DATES: Final = ("Invoice", "PaymentDue", "Delivery")
_KEPT: Final = ("Id", "Company", "Owner", "Type", "LastUpdatedGuid", "MatchingStatusDetail")
EDITABLE: Final = ("Title", "References", "Dates", "Supplier", "Analysis", "Lines")


def drafted(given: Mapping[str, Any], codes: Codes) -> dict[str, Any]:
    """The content of a transaction: its type, title, references, dates, supplier, coding, lines and totals.

    Raises `Refused` 30 with one sentence about the first member that is wrong.
    """
    analysis = codes.analysis(given.get("Analysis"), "")
    currencies = codes.currencies(analysis)
    lines = _lines(given.get("Lines"), codes, currencies)
    references = _object(given.get("References"), "References")
    return {
        "Type": _type(given.get("Type")),
        "Title": _text(given.get("Title"), "Title", LONGEST_TITLE, needed=True),
        "References": {
            "Identifier": None,
            "PurchaseOrder": _text(references.get("PurchaseOrder"), "References.PurchaseOrder") or None,
            "Supplier": _text(references.get("Supplier"), "References.Supplier") or None,
        },
        "Dates": _dates(_object(given.get("Dates"), "Dates")),
        "Supplier": codes.supplier(_object(given.get("Supplier"), "Supplier")),
        **money.totals(lines, currencies),
        "Analysis": analysis,
        "Lines": lines,
    }


def revised(body: Mapping[str, Any], given: Mapping[str, Any], codes: Codes) -> dict[str, Any]:
    """A transaction with some members changed and everything reckoned anew. Raises `Refused` 30.

    References and dates are changed one by one, coding and lines as a whole.
    """
    members = {name: body[name] for name in EDITABLE if name in body}
    for name in EDITABLE:
        if name in ("References", "Dates") and name in given:
            members[name] = {**members.get(name, {}), **_object(given[name], name)}
        elif name in given:
            members[name] = given[name]
    made = drafted({**members, "Type": body["Type"]}, codes)
    numbers = {name: body["References"].get(name) for name in ("Identifier", "PurchaseOrder")}
    made["References"] = {**made["References"], **numbers}
    made["Dates"] = {"Created": body.get("Dates", {}).get("Created"), **made["Dates"]}
    return {**made, **{name: body[name] for name in _KEPT if name in body}}


def differs(body: Mapping[str, Any], given: Mapping[str, Any], codes: Codes) -> bool:
    """Whether the members that are given would change the transaction."""
    if not any(name in given for name in EDITABLE):
        return False
    made = revised(body, given, codes)
    return any(made[name] != revised(body, {}, codes)[name] for name in EDITABLE)


def _type(value: object) -> str:
    if value not in KIND_OF_TYPE or value == "REC":
        raise _refused("Type must be INV, ORD or CRD.")
    return str(value)


def _dates(given: Mapping[str, Any]) -> dict[str, Any]:
    dates = {}
    for name in _DATES:
        value = given.get(name)
        if value is not None:
            try:
                datetime.fromisoformat(value)
            except (TypeError, ValueError):
                raise _refused(f"Dates.{name} is not a date.") from None
        dates[name] = value
    return dates


def _lines(given: object, codes: Codes, currencies: Currencies) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise _refused("A transaction needs at least one line.")
    lines = [_line(_object(line, "Line"), index, codes, currencies) for index, line in enumerate(given, start=1)]
    if len({line["Number"] for line in lines}) != len(lines):
        raise _refused("Two lines have the same Number.")
    return lines


def _line(given: Mapping[str, Any], index: int, codes: Codes, currencies: Currencies) -> dict[str, Any]:
    label = f"Line {index}"
    number = given.get("Number", index)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_LINES:
        raise _refused(f"{label}: Number must be a whole number from 1 to {MOST_LINES}.")
    net, vat, gross = _amounts(given, label)
    unit = _value(given, "UnitCost", label)
    return {
        "Id": _text(given.get("Id"), f"{label}: Id") or str(uuid.uuid4()),
        "Number": number,
        "Code": _text(given.get("Code"), f"{label}: Code"),
        "Description": _text(given.get("Description"), f"{label}: Description"),
        "Quantity": _quantity(given.get("Quantity"), label),
        "UnitCost": None if unit is None else currencies.amount(unit),
        **{name: currencies.amount(value) for name, value in zip(AMOUNTS, (net, vat, gross), strict=True)},
        "Analysis": codes.analysis(given.get("Analysis"), f"{label}: "),
    }


def _amounts(given: Mapping[str, Any], label: str) -> tuple[Decimal, Decimal, Decimal]:
    """Net, VAT and gross; one of the three may be missing."""
    net, vat, gross = (_value(given, name, label) for name in AMOUNTS)
    if [net, vat, gross].count(None) > 1:
        raise _refused(f"{label} needs two of Net, Vat and Gross.")
    net = gross - vat if net is None and gross is not None and vat is not None else net
    vat = gross - net if vat is None and gross is not None and net is not None else vat
    whole = (net or Decimal(0)) + (vat or Decimal(0))
    if gross is not None and gross != whole:
        raise _refused(f"{label}: Net and Vat are not the Gross.")
    return net or Decimal(0), vat or Decimal(0), whole


def _value(given: Mapping[str, Any], name: str, label: str) -> Decimal | None:
    amount = given.get(name)
    if amount is None:
        return None
    value = amount.get("Local", {}).get("Value") if isinstance(amount, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _refused(f"{label}: {name}.Local.Value must be a number.")
    return Decimal(value)


def _quantity(value: object, label: str) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
        raise _refused(f"{label}: Quantity must be a number or null.")
    return value


def _text(value: object, name: str, longest: int = 255, *, needed: bool = False) -> str:
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise _refused(f"{name} must be text.")
    if len(value) > longest:
        raise _refused(f"{name} is longer than {longest} characters.")
    return value


def _object(value: object, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _refused(f"{name} must be an object.")
    return value


def _refused(sentence: str) -> Refused:
    return Refused(Code.TRANSACTION_REFUSED, sentence)
