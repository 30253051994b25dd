"""Whether the codes of transactions are known: each against what is mirrored from the accounting system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from integrations.currencies import MINOR_UNITS
from integrations.documents import Dimension, Supplier
from integrations.reference import RecordKind
from portal.raising.checking import at
from portal.raising.members import DIMENSION, HEADER_BY_NAME, LINE_BY_NAME, Member
from portal.raising.mirror import Known, Mirror
from portal.raising.wanted import Problem, Wanted, WantedLine

WORDS: Final = {
    RecordKind.SUPPLIER: "supplier",
    RecordKind.ACCOUNT: "account code",
    RecordKind.TAX: "tax code",
    RecordKind.CURRENCY: "currency",
    RecordKind.DELIVERY_SITE: "delivery site",
}
PLURALS: Final = {
    RecordKind.SUPPLIER: "suppliers",
    RecordKind.ACCOUNT: "account codes",
    RecordKind.TAX: "tax codes",
    RecordKind.CURRENCY: "currencies",
    RecordKind.DELIVERY_SITE: "delivery sites",
}
UNKNOWN: Final = (
    "The {what} “{code}” is not known. Add it in the accounting system and synchronise, or write another one."
)
INACTIVE: Final = "The {what} “{code}” is no longer in use in the accounting system. Write another one."
NOT_PASSED_ON: Final = "The {what} “{code}” could not be passed on, so the source may not know it. See the last sync."
NOT_MIRRORED: Final = (
    "No {what} have been read from the accounting system, so they could not be checked. Synchronise first."
)
SEVERAL: Final = "There are {count} suppliers called “{name}”. Give the supplier's code."
OTHER_NAME: Final = "The supplier “{code}” is called “{known}”, not “{name}”; the code counts."
FOR_SALES: Final = "The tax code “{code}” is for sales."
OTHER_TAX: Final = "{rate} % of {net} are {expected}, not {tax}; the tax stays as it is."
NO_DIMENSION: Final = (
    "No dimension “{name}” has been read from the accounting system, so “{code}” could not be checked."
)
NO_VALUE: Final = (
    "The {name} “{code}” is not known. Add it in the accounting system and synchronise, or write another one."
)
INACTIVE_VALUE: Final = "The {name} “{code}” is no longer in use in the accounting system. Write another one."


def check_codes(wanted: Sequence[Wanted], mirror: Mirror, *, base_currency: str) -> Iterator[Problem]:
    """Unknown and inactive codes, and what a person should look at."""
    check = _Codes(mirror, base_currency, set())
    for one in wanted:
        yield from (replace(problem, key=one.key) for problem in check.of(one))
    for kind in PLURALS:
        if kind in check.unchecked:
            yield Problem(message=NOT_MIRRORED.format(what=PLURALS[kind]), is_warning=True)


def supplier_of(wanted: Wanted, mirror: Mirror) -> Supplier:
    """The supplier with its code and name, as far as the mirror has them."""
    if wanted.supplier_code:
        known = mirror.find(RecordKind.SUPPLIER, wanted.supplier_code)
        name = wanted.supplier_name or (known.name if known else "") or wanted.supplier_code
        return Supplier(code=wanted.supplier_code, name=name)
    found = mirror.suppliers_called(wanted.supplier_name)
    code = found[0].code if len(found) == 1 else ""
    return Supplier(code=code or None, name=wanted.supplier_name)


@dataclass(slots=True)
class _Codes:
    """`unchecked` collects the kinds of which nothing is mirrored: that is said once, not for every line."""

    mirror: Mirror
    base_currency: str
    unchecked: set[RecordKind]

    def of(self, one: Wanted) -> Iterator[Problem]:
        yield from self._supplier(one)
        foreign = one.currency if one.currency != self.base_currency else ""
        yield from self._known(RecordKind.CURRENCY, foreign, HEADER_BY_NAME["currency"], one)
        yield from self._known(RecordKind.DELIVERY_SITE, one.delivery_site, HEADER_BY_NAME["delivery_site"], one)
        yield from self._dimensions(one.dimensions, one, "")
        for position, line in enumerate(one.lines):
            before = f"lines[{position}]."
            yield from self._known(RecordKind.ACCOUNT, line.account_code, LINE_BY_NAME["account_code"], line, before)
            yield from self._known(RecordKind.TAX, line.tax_code, LINE_BY_NAME["tax_code"], line, before)
            yield from self._rate(line, before, one.currency or self.base_currency)
            yield from self._dimensions(line.dimensions, line, before)

    def _supplier(self, one: Wanted) -> Iterator[Problem]:
        code = HEADER_BY_NAME["supplier_code"]
        if one.supplier_code:
            yield from self._known(RecordKind.SUPPLIER, one.supplier_code, code, one)
            known = self.mirror.find(RecordKind.SUPPLIER, one.supplier_code)
            if known and one.supplier_name and known.name.casefold() != one.supplier_name.casefold():
                message = OTHER_NAME.format(code=one.supplier_code, known=known.name, name=one.supplier_name)
                yield at(HEADER_BY_NAME["supplier_name"], one, message, is_warning=True)
        elif one.supplier_name:
            yield from self._named_supplier(one)

    def _named_supplier(self, one: Wanted) -> Iterator[Problem]:
        found, name = self.mirror.suppliers_called(one.supplier_name), HEADER_BY_NAME["supplier_name"]
        if len(found) > 1:
            yield at(name, one, SEVERAL.format(count=len(found), name=one.supplier_name))
        else:
            known = found[0] if found else None
            yield from self._judged(RecordKind.SUPPLIER, one.supplier_name, known, name, one, "")

    def _known(
        self, kind: RecordKind, code: str, member: Member, one: Wanted | WantedLine, before: str = ""
    ) -> Iterator[Problem]:
        if code:
            yield from self._judged(kind, code, self.mirror.find(kind, code), member, one, before)

    def _judged(
        self, kind: RecordKind, code: str, known: Known | None, member: Member, one: Wanted | WantedLine, before: str
    ) -> Iterator[Problem]:
        what = {"what": WORDS[kind], "code": code}
        if known is None and kind not in self.mirror.mirrored:
            self.unchecked.add(kind)
        elif known is None:
            yield at(member, one, UNKNOWN.format(**what), before=before)
        elif not known.is_active:
            yield at(member, one, INACTIVE.format(**what), before=before)
        elif known.is_refused:
            yield at(member, one, NOT_PASSED_ON.format(**what), before=before, is_warning=True)

    def _rate(self, line: WantedLine, before: str, currency: str) -> Iterator[Problem]:
        known = self.mirror.find(RecordKind.TAX, line.tax_code) if line.tax_code else None
        amounts = line.amounts()
        if known is None or amounts is None:
            return
        if known.details.get("use") == "sale":
            message = FOR_SALES.format(code=line.tax_code)
            yield at(LINE_BY_NAME["tax_code"], line, message, before=before, is_warning=True)
        rate = _rate_of(known)
        if rate is None:
            return
        smallest = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
        expected = (amounts[0] * rate / 100).quantize(smallest)
        if abs(expected - amounts[1]) > smallest:
            message = OTHER_TAX.format(rate=f"{rate:f}", net=amounts[0], expected=expected, tax=amounts[1])
            yield at(LINE_BY_NAME["tax"], line, message, before=before, is_warning=True)

    def _dimensions(
        self, dimensions: tuple[Dimension, ...], one: Wanted | WantedLine, before: str
    ) -> Iterator[Problem]:
        for position, each in enumerate(dimensions):
            values = self.mirror.dimensions.get(each.name.casefold())
            known = None if values is None else values.get(each.code.casefold())
            words = {"name": each.name, "code": each.code}
            member = Member("dimensions", f"{DIMENSION}{each.name}", f"dimensions[{position}].code")
            if values is None:
                yield at(member, one, NO_DIMENSION.format(**words), before=before, is_warning=True)
            elif known is None:
                yield at(member, one, NO_VALUE.format(**words), before=before)
            elif not known.is_active:
                yield at(member, one, INACTIVE_VALUE.format(**words), before=before)


def _rate_of(known: Known) -> Decimal | None:
    try:
        rate = Decimal(known.details.get("rate", ""))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() else None
