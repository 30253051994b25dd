"""What the codes of a document are in Codat, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.codat.lists import ACCOUNTS, CODES, TAX_RATES, Lists, Row, is_active, is_deleted
from integrations.codat.tracking import Tracking
from integrations.codat.values import currency, text
from integrations.documents import Document, Line
from integrations.previewing import Objection

_SAYS: Final[Mapping[str, tuple[str, str, str]]] = {
    ACCOUNTS: ("account", "account_code", "a default account"),
    TAX_RATES: ("tax rate", "tax_code", "a default tax code"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The rows that the codes of a document stand for. What is missing here is among the objections."""

    supplier: Row = field(default_factory=dict)
    accounts: Mapping[str, Row] = field(default_factory=dict)
    taxes: Mapping[str, Row] = field(default_factory=dict)
    tracking: Mapping[int, tuple[Row, ...]] = field(default_factory=dict)

    @property
    def supplier_currency(self) -> str | None:
        """The supplier's own currency over there, where it has one."""
        return currency(self.supplier.get("defaultCurrency"))


def resolve(document: Document, lists: Lists) -> tuple[Known, tuple[Objection, ...]]:
    """Looks up every code before anything is written. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
    objections: list[Objection] = []
    supplier = _supplier(document, lists, objections.append)
    accounts = _codes(document, lists.accounts, ACCOUNTS, objections.append)
    taxes = _codes(document, lists.tax_rates, TAX_RATES, objections.append)
    tracking = _tracking(document, lists, objections.append)
    return Known(supplier=supplier, accounts=accounts, taxes=taxes, tracking=tracking), tuple(objections)


Object = Callable[[Objection], None]


def _supplier(document: Document, lists: Lists, objects: Object) -> Row:
    code, name = document.party.code, document.party.name.strip()
    found = lists.suppliers(code=code, name=name)
    usable = [row for row in found if is_active(row)]
    if len(usable) == 1:
        return usable[0]
    objects(Objection(field="supplier", message=_supplier_trouble(code or name, found, usable)))
    return {}


def _supplier_trouble(called: str, found: Sequence[Row], usable: Sequence[Row]) -> str:
    shown = called[:60] or "without code and name"
    if len(usable) > 1:
        return (
            f"Several suppliers are called {shown} in the accounting software. Map this one to the id of the right one."
        )
    if any(not is_deleted(row) for row in found):
        return f"The supplier {shown} is archived in the accounting software. Restore it there, or map another one."
    return f"Codat knows no supplier {shown}. Add it in the accounting software, have the list read again, or map it."


def _codes(document: Document, rows: Sequence[Row], data_type: str, objects: Object) -> dict[str, Row]:
    member = _SAYS[data_type][1]
    found: dict[str, Row] = {}
    for line in document.lines:
        code = getattr(line, member)
        row = found.get(code) or _coded(line, code, rows, data_type, objects)
        if row is not None:
            found[code] = row
    return found


def _coded(line: Line, code: str | None, rows: Sequence[Row], data_type: str, objects: Object) -> Row | None:
    what, member, default = _SAYS[data_type]
    if not code:
        message = f"Line {line.number} has no {what}. Set {default} in the mapping, or give the line one."
        objects(Objection(field=f"defaults.{member}", line=line.number, message=message))
        return None
    usable = [row for row in _named(code, rows, CODES[data_type]) if is_active(row)]
    if len(usable) == 1:
        return usable[0]
    objects(Objection(field=member, line=line.number, message=_trouble(line, code, rows, data_type, usable)))
    return None


def _named(code: str, rows: Sequence[Row], member: str) -> list[Row]:
    """Those in use with this code, else the one with this id, else whatever had this code."""
    coded = [row for row in rows if text(row.get(member)) == code]
    by_id = [row for row in rows if row.get("id") == code]
    return [row for row in coded if is_active(row)] or by_id or coded


def _trouble(line: Line, code: str, rows: Sequence[Row], data_type: str, usable: Sequence[Row]) -> str:
    what, member = _SAYS[data_type][0], CODES[data_type]
    start = f"Line {line.number}: the {what} {code[:60]}"
    if usable:
        return f"{start} is there {len(usable)} times. Map it to the id of the right one."
    if any(not is_deleted(row) for row in _named(code, rows, member)):
        return f"{start} is no longer in use in the accounting software. Restore it there, or map another one."
    return f"{start} is not known to Codat. Add it in the accounting software, have the list read again, or map it."


def _tracking(document: Document, lists: Lists, objects: Object) -> dict[int, tuple[Row, ...]]:
    """By line number. A dimension of a name that the accounting software does not have is nothing of its own."""
    if not document.dimensions and not any(line.dimensions for line in document.lines):
        return {}
    tracking = Tracking(lists.tracking)
    return {line.number: tuple(_tracked(document, line, tracking, objects)) for line in document.lines}


def _tracked(document: Document, line: Line, tracking: Tracking, objects: Object) -> Iterator[Row]:
    wanted = {one.name.strip().casefold(): one for one in (*document.dimensions, *line.dimensions)}
    for one in wanted.values():
        found = tracking.found(one.name, one.code)
        if isinstance(found, str):
            message = f"Line {line.number}: {found}"
            objects(Objection(field="dimensions", line=line.number, message=message))
        elif found is not None:
            yield found
