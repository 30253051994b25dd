"""Ways to write one transaction, and ways to spoil it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from integrations.base import Expected
from integrations.documents import Document, Kind
from integrations.exact import to_json
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.samples import sample
from portal.intake.strict_json import load

COMPANY = "8d4bb975-eade-42fd-a064-bf448e493c1e"
EVERYTHING = Expected(company_id=COMPANY, base_currency="GBP")


def parse(body: Any, expected: Expected = EVERYTHING) -> Document:
    """The document of a body that went through its JSON text, as a delivery does."""
    return ICompleat().parse(load(to_json(body).encode()), expected)


def taking(kind: Kind | None, *, company: str = COMPANY, base_currency: str = "GBP") -> Expected:
    return Expected(company_id=company, base_currency=base_currency, kind=kind)


def transaction(name: str, change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
    """A sample's transaction, bare, with a change applied to it."""
    bare: dict[str, Any] = copy.deepcopy(sample(name)["Transaction"])
    if change is not None:
        change(bare)
    return bare


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change that sets one member: `put("Lines.0.Net.Local.Value", "30_0")`; `...` takes it away."""

    def change(body: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            body = body[int(step)] if step.isdigit() else body.setdefault(step, {})
        key: Any = int(last) if last.isdigit() else last
        if value is ...:
            del body[key]
        else:
            body[key] = value

    return change


def both(*changes: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    """Several changes, one after the other."""

    def change(body: dict[str, Any]) -> None:
        for one in changes:
            one(body)

    return change


def lower_first(value: Any) -> Any:
    """The same with the first letter of every member's name in lower case."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lower_first(member) for name, member in value.items()}
    return [lower_first(item) for item in value] if isinstance(value, list) else value


def money(local: Any, base: Any = None, sign: str = "£") -> dict[str, Any]:
    """An amount as iCompleat writes it."""
    written: dict[str, Any] = {"Local": {"Display": f"{sign}{local}", "Value": local}}
    if base is not None:
        written["Base"] = {"Display": f"£{base}", "Value": base}
    return written


def simple(**members: Any) -> dict[str, Any]:
    """A small invoice of one line, 100 + 20 = 120 GBP, without header totals or coding."""
    return {
        "Id": "5b1c2f0a-6b1f-4f63-9c0a-0c8f5e0c1a11",
        "Type": "INV",
        "Supplier": {"Name": "Crown Conference Centre"},
        "Lines": [line()],
        **members,
    }


def line(net: Any = 100, vat: Any = 20, gross: Any = 120, **members: Any) -> dict[str, Any]:
    """A line with amounts in the transaction's currency alone."""
    amounts = {"Net": net, "Vat": vat, "Gross": gross}
    return {name: {"Local": {"Value": value}} for name, value in amounts.items() if value is not ...} | members


def coded(name: str, code: Any, label: str | None = None) -> dict[str, Any]:
    """An analysis entry."""
    return {"Name": name, "Value": {"Code": code} if label is None else {"Code": code, "Name": label}}
