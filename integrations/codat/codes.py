"""What the codes of a document are in Codat, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.codat.kinds import MONEY
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
    """The rows that the codes of a document stand for. What is missing here is among the objections.

    `is_new`: nobody over there is called as its customer is, and one is to be made.
    """

    party: Row = field(default_factory=dict)
    accounts: Mapping[str, Row] = field(default_factory=dict)
    taxes: Mapping[str, Row] = field(default_factory=dict)
    tracking: Mapping[int, tuple[Row, ...]] = field(default_factory=dict)
    is_new: bool = False

    @property
    def party_currency(self) -> str | None:
        """The currency that the supplier or customer has over there, where it has one."""
        return currency(self.party.get("defaultCurrency"))


def resolve(document: Document, lists: Lists, *, makes_customers: bool = False) -> tuple[Known, tuple[Objection, ...]]:
    """Looks up every code before anything is written; money has no tax and no tracking.

    Raises `Retryable`, `Unauthorised`, `Misconfigured`.
    """
    objections: list[Objection] = []
    party, is_new = _party(document, lists, objections.append, makes_customers=makes_customers)
    accounts = _codes(document, lists.accounts, ACCOUNTS, objections.append)
    if document.kind in MONEY:
        return Known(party=party, accounts=accounts, is_new=is_new), tuple(objections)
    taxes = _codes(document, lists.tax_rates, TAX_RATES, objections.append)
    tracking = _tracking(document, lists, objections.append)
    return Known(party, accounts, taxes, tracking, is_new), tuple(objections)


Object = Callable[[Objection], None]


def _party(document: Document, lists: Lists, objects: Object, *, makes_customers: bool) -> tuple[Row, bool]:
    code, name, word = document.party.code, document.party.name.strip(), party_word(document)
    found = lists.customers(code=code, name=name) if document.kind.is_sale else lists.suppliers(code=code, name=name)
    usable = [row for row in found if is_active(row)]
    if len(usable) == 1:
        return usable[0], False
    if makes_customers and document.kind.is_sale and name and not any(not is_deleted(row) for row in found):
        return {"customerName": name}, True
    called = (name or code or "") if document.kind.is_sale else (code or name)
    objects(Objection(field=word, message=_party_trouble(word, called, found, usable)))
    return {}, False


def party_word(document: Document) -> str:
    """What people call the party of a document, which is its field, too."""
    return "customer" if document.kind.is_sale else "supplier"


def _party_trouble(word: str, called: str, found: Sequence[Row], usable: Sequence[Row]) -> str:
    shown = called[:60] or "without code and name"
    if len(usable) > 1:
        return (
            f"Several {word}s are called {shown} in the accounting software. Map this one to the id of the right one."
        )
    if any(not is_deleted(row) for row in found):
        return f"The {word} {shown} is archived in the accounting software. Restore it there, or map another one."
    return f"Codat knows no {word} {shown}. Add it in the accounting software, have the list read again, or map it."


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
