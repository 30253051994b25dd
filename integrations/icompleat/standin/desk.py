"""What pages and scripts do to a transaction, in the name of the company's approver."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.icompleat.standin import people
from integrations.icompleat.standin.codes import plain
from integrations.icompleat.standin.drafting import revised
from integrations.icompleat.standin.people import Who
from integrations.icompleat.standin.refusals import Code, Refused
from integrations.icompleat.standin.transactions import Held
from integrations.icompleat.standin.world import World

_DATES: Final = {"invoice": "Invoice", "payment_due": "PaymentDue", "delivery": "Delivery"}
_AMOUNTS: Final = {"net": "Net", "vat": "Vat", "gross": "Gross", "unit_cost": "UnitCost"}
_PLAIN: Final = {"code": "Code", "description": "Description", "quantity": "Quantity"}
_CODES: Final = {"account_code": "Account Code", "tax_code": "Tax Code"}
_LINE: Final = frozenset({"number", *_AMOUNTS, *_PLAIN, *_CODES})
_HEADER: Final = frozenset({"title", "supplier_reference", "supplier_code", "dates", "lines"})


class Desk:
    """Where a person sits."""

    def __init__(self, world: World) -> None:
        self._world = world

    def act(self, step: str, transaction_id: str, comment: str = "") -> Held:
        """One step. Raises `Unknown`, `WrongTray`, `UnderWay`."""
        return self._world.life.act(step, transaction_id, self._who(transaction_id), comment)

    def receive(self, order_id: str, coming: Mapping[int, Decimal] | None, note: str) -> Held:
        """Receipt lines of an order, or all of it; gives the receipt. Raises `Unknown`, `WrongTray`, `UnderWay`."""
        return self._world.life.receive(order_id, coming, note, self._who(order_id))

    def edit(self, transaction_id: str, given: Mapping[str, Any]) -> Held:
        """Change `title`, `supplier_reference`, `supplier_code`, `dates` and `lines`, each if it is given.

        A line is named by its `number`; of `net`, `vat` and `gross` those that are given count, gross is reckoned
        from the others. Raises `Refused`, `Unknown`, `WrongTray`, `UnderWay`.
        """
        held = self._world.transactions.one(transaction_id)
        codes = self._world.codes(held.company_id)
        return self._world.life.edit(
            held.id, self._who(held.id), lambda now: revised(now.body, members(now.body, given), codes)
        )

    def _who(self, transaction_id: str) -> Who:
        held = self._world.transactions.one(transaction_id)
        return people.approver(self._world.companies.one(held.company_id))


def members(body: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the API that an edit in plain words stands for. Raises `Refused` 30."""
    _only(given, _HEADER, "An edit")
    made: dict[str, Any] = {}
    if "title" in given:
        made["Title"] = given["title"]
    if "supplier_reference" in given:
        made["References"] = {"Supplier": given["supplier_reference"]}
    if "supplier_code" in given:
        made["Supplier"] = {"Code": given["supplier_code"]}
    if "dates" in given:
        dates = _object(given["dates"], "dates")
        _only(dates, frozenset(_DATES), "dates")
        made["Dates"] = {_DATES[name]: value or None for name, value in dates.items()}
    if "lines" in given:
        made["Lines"] = _lines(body, given["lines"])
    return made


def _lines(body: Mapping[str, Any], given: object) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise _refused("lines must be a list.")
    changes = {}
    for change in given:
        _only(_object(change, "A line"), _LINE, "A line")
        changes[change.get("number")] = change
    if unknown := set(changes) - {line["Number"] for line in body["Lines"]}:
        raise _refused(f"There is no line {', '.join(sorted(map(str, unknown)))}.")
    return [_line(line, changes.get(line["Number"], {})) for line in body["Lines"]]


def _line(line: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    made = {**line, **{_PLAIN[name]: change[name] for name in _PLAIN if name in change}}
    amounts = {_AMOUNTS[name]: {"Local": {"Value": change[name]}} for name in _AMOUNTS if name in change}
    if amounts.keys() & {"Net", "Vat"} and "Gross" not in amounts:
        made.pop("Gross", None)
    made.update(amounts)
    made["Analysis"] = _coding(line.get("Analysis", []), change)
    return made


def _coding(analysis: list[dict[str, Any]], change: Mapping[str, Any]) -> list[dict[str, Any]]:
    coding = list(analysis)
    for name, field in _CODES.items():
        if name in change:
            coding = [entry for entry in coding if plain(entry["Name"]) != plain(field)]
            if change[name]:
                coding.append({"Name": field, "Value": {"Code": change[name]}})
    return coding


def _only(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    if unknown := given.keys() - known:
        raise _refused(f"{what} cannot say {', '.join(sorted(unknown))}; it can say {', '.join(sorted(known))}.")


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(f"{name} must be an object.")
    return value


def _refused(sentence: str) -> Refused:
    return Refused(Code.TRANSACTION_REFUSED, sentence)
