"""What the codes of a document are over REST: ids, found by code in the lists of the company. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from integrations.documents import Document, Line
from integrations.errors import Rejected
from integrations.reference import Record

DEPARTMENT: Final = "Department"
COST_TYPE: Final = "Cost type"
COST_TYPE_PREFIX: Final = "cost-type-"
"""Keeps the ids of cost types, as records have them, apart from those of departments."""
# Which member of a line takes a value of the dimension.
_MEMBERS: Final[Mapping[str, str]] = {DEPARTMENT: "DepartmentId", COST_TYPE: "CostTypeId"}


class Tax(NamedTuple):
    """A tax category: what a line names it by, and its rate in per cent where it is known."""

    id: int | str
    rate: Decimal | None


class Named(NamedTuple):
    """Something with an id and a code over there."""

    id: int | str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All ids that a document needs, by its own codes; those of `dimensions` by (name in lower case, code)."""

    supplier: Named
    accounts: Mapping[str, Named]
    taxes: Mapping[str, Tax]
    dimensions: Mapping[tuple[str, str], Named] = field(default_factory=dict)

    def analysis(self, line: Line, document: Document) -> dict[str, Any]:
        """The members of a line that tell its department and the like."""
        coded = coding(line, document)
        return {_MEMBERS[name]: self.dimensions[name.lower(), code].id for name, code in coded.items()}


def coding(line: Line, document: Document) -> dict[str, str]:
    """The dimensions that AccountsIQ has, of a line, else of the document: code by name."""
    given = {one.name.strip().lower(): one.code for one in (*document.dimensions, *line.dimensions) if one.code}
    return {name: given[name.lower()] for name in _MEMBERS if name.lower() in given}


def dimensions_of(document: Document) -> set[str]:
    """The names of the dimensions that the document uses, of those that AccountsIQ has."""
    return {name for line in document.lines for name in coding(line, document)}


def supplier(document: Document, records: Iterable[Record]) -> Named:
    """By code, else by name in any letter case. Raises `Rejected` where it is not known, not in use, or there twice."""
    code, name = document.party.code, " ".join(document.party.name.split())
    wanted = code or name
    found = [one for one in records if (one.code == code if code else one.name.casefold() == name.casefold())]
    in_use = [one for one in found if one.is_active]
    if len(in_use) == 1:
        return _named(in_use[0])
    if len(in_use) > 1:
        raise Rejected(f"AccountsIQ has more than one supplier {wanted[:60]}. Give it a code.", field="supplier")
    state = "has the supplier {} out of use" if found else "does not know the supplier {}"
    raise Rejected(f"AccountsIQ {state.format(wanted[:60])}. Mend it there, then send again.", field="supplier")


def accounts(document: Document, records: Iterable[Record]) -> dict[str, Named]:
    """The account of each line. Raises `Rejected` naming code and line."""
    wanted = [(line, line.account_code or "") for line in document.lines]
    return _looked_up(wanted, records, "account", "account_code")


def taxes(document: Document, records: Iterable[Record]) -> dict[str, Tax]:
    """The tax category of each line, with its rate. Raises `Rejected` naming code and line."""
    known = list(records)
    rates = {one.code: Decimal(one.details["rate"]) for one in known if "rate" in one.details}
    wanted = [(line, line.tax_code or "") for line in document.lines]
    found = _looked_up(wanted, known, "tax code", "tax_code")
    return {code: Tax(one.id, rates.get(code)) for code, one in found.items()}


def dimension(document: Document, name: str, records: Iterable[Record]) -> dict[tuple[str, str], Named]:
    """The values of one dimension that lines use. Raises `Rejected` naming code and line."""
    coded = ((line, coding(line, document).get(name)) for line in document.lines)
    wanted = [(line, code) for line, code in coded if code]
    found = _looked_up(wanted, records, name.lower(), "dimensions")
    return {(name.lower(), code): one for code, one in found.items()}


def _looked_up(
    wanted: Iterable[tuple[Line, str]], records: Iterable[Record], what: str, member: str
) -> dict[str, Named]:
    by_code = {one.code: one for one in _unused_first(records)}
    found: dict[str, Named] = {}
    for line, code in wanted:
        record = by_code.get(code)
        if record is None:
            message = f"AccountsIQ does not know the {what} {code[:60]} of line {line.number}."
            raise Rejected(f"{message} Correct it, or add it there.", field=member)
        if not record.is_active:
            message = f"The {what} {code[:60]} of line {line.number} is out of use in AccountsIQ. Choose another one."
            raise Rejected(message, field=member)
        found[code] = _named(record)
    return found


def _unused_first(records: Iterable[Record]) -> Iterator[Record]:
    """So that of two with one code the one that is in use counts."""
    return iter(sorted(records, key=lambda one: one.is_active))


def _named(record: Record) -> Named:
    text = record.external_id.removeprefix(COST_TYPE_PREFIX)
    return Named(int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text, record.code)
