"""The codes of a transaction against the lists of its company: names are filled in, unknown codes refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.icompleat.standin.custom_fields import LIST, CustomFields
from integrations.icompleat.standin.money import Currencies
from integrations.icompleat.standin.refusals import Code, Refused
from integrations.icompleat.standin.rows import Place, Rows

CURRENCY: Final = "currencycode"
# Fields are named as on the screens, and compared without case and blanks.
_LIST_OF_FIELD: Final = {
    "accountcode": "accountcodes",
    "taxcode": "taxcodes",
    "currencycode": "currencycodes",
    "deliverysite": "deliverysites",
}
NEEDED: Final = {"accountcode": "Account Code", "taxcode": "Tax Code"}


class Codes:
    """What one company knows."""

    def __init__(self, company: Mapping[str, str], rows: Rows, fields: CustomFields, *, checks: bool) -> None:
        self._company = company
        self._rows = rows
        self._checks = checks
        self._lists = dict(_LIST_OF_FIELD)
        for field in fields.all(company["id"]):
            if field["Type"] == LIST and field["Active"]:
                self._lists[plain(field["Name"])] = field["Id"]

    def analysis(self, given: object, label: str) -> list[dict[str, Any]]:
        """The coding of a header or line, each code with its name. Raises `Refused` 30."""
        if given is None:
            return []
        if not isinstance(given, list):
            raise _refused(f"{label}Analysis must be a list.")
        return [self._entry(entry, label) for entry in given]

    def _entry(self, given: object, label: str) -> dict[str, Any]:
        value = given.get("Value") if isinstance(given, Mapping) else None
        name = given.get("Name") if isinstance(given, Mapping) else None
        if not isinstance(name, str) or not isinstance(value, Mapping) or not isinstance(value.get("Code"), str):
            raise _refused(f"{label}an entry of Analysis needs a Name, and a Value with a Code.")
        code = value["Code"]
        row = self._row(self._lists.get(plain(name), ""), code)
        if row is None and plain(name) in self._lists and self._checks:
            raise _refused(f"{label}{name} {code} is not known.")
        told = row["Name"] if row else value.get("Name")
        return {"Name": name, "Value": {"Code": code} if told is None else {"Code": code, "Name": told}}

    def supplier(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The supplier by code or, for one that iCompleat does not know, by name alone. Raises `Refused` 30."""
        code, name = given.get("Code"), given.get("Name")
        if not code:
            if not isinstance(name, str) or not name.strip():
                raise _refused("A transaction needs a supplier's Code or Name.")
            return {"Name": name.strip()}
        row = self._row("suppliers", str(code))
        if row is None and (self._checks or not isinstance(name, str)):
            raise _refused(f"Supplier {code} is not known.")
        return {"Code": row["Code"], "Name": row["Name"]} if row else {"Code": str(code), "Name": name}

    def currencies(self, analysis: Iterable[Mapping[str, Any]]) -> Currencies:
        """The currency that the coding names, with its rate; the company's own where it names none."""
        base = self._company["base_currency"]
        code = next((entry["Value"]["Code"] for entry in analysis if plain(entry["Name"]) == CURRENCY), base)
        row = self._row("currencycodes", code)
        return Currencies(code, base, Decimal(row["Rate"]) if row and code != base else Decimal(1))

    def _row(self, name: str, code: str) -> dict[str, Any] | None:
        return self._rows.row(Place(self._company["id"], name), code) if name else None


def plain(name: str) -> str:
    """A field's name without case and blanks."""
    return "".join(name.split()).casefold()


def uncoded(body: Mapping[str, Any]) -> str:
    """What is missing for a submission, as a sentence; empty where every line has an account and a tax code."""
    header = {plain(entry["Name"]) for entry in body.get("Analysis", ())}
    for line in body["Lines"]:
        has = header | {plain(entry["Name"]) for entry in line.get("Analysis", ())}
        for field, name in NEEDED.items():
            if field not in has:
                return f"Line {line['Number']} has no {name}."
    return ""


def _refused(sentence: str) -> Refused:
    return Refused(Code.TRANSACTION_REFUSED, sentence)
