"""What is wrong with transactions that shall be raised: with each by itself, and among each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from integrations.currencies import MINOR_UNITS
from integrations.documents import Kind, Stage
from portal.raising.members import HEADER_BY_NAME, LINE_BY_NAME, Member
from portal.raising.models import LONGEST_KEY
from portal.raising.values import is_printable
from portal.raising.wanted import Problem, Wanted, WantedLine

RAISED_KINDS: Final = frozenset({Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE})
DATED: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})
AMOUNTS: Final = ("net", "tax", "gross")

BAD_KEY: Final = f"A key has 1 to {LONGEST_KEY} printable characters and no blank at its ends."
REPEATED_KEY: Final = "The key {key} is there twice. Give every transaction a key of its own."
NO_KIND: Final = "The kind is missing: purchase_order, invoice or credit_note."
OTHER_KIND: Final = "A {kind} cannot be raised: only purchase orders, invoices and credit notes can."
NO_SUPPLIER: Final = "The supplier is missing: give its code, or its name."
NO_DATE: Final = "The date is missing: it stands on every invoice and credit note."
NO_REFERENCE: Final = "The supplier's own document number is missing, so nobody will notice if it is entered twice."
DUE_EARLY: Final = "It is due before its own date."
NO_CURRENCY: Final = "“{code}” is no ISO 4217 currency. GBP is one."
NO_LINES: Final = "It has no lines."
SOME_TOTALS: Final = "Give all three totals (net, tax, gross) or none of them; then they are the sums of the lines."
WRONG_TOTAL: Final = "The total says {given}, but the lines come to {sum}."
NEGATIVE: Final = (
    "It comes to {gross}. Write the amounts of a credit note positive, and raise a credit note for less than nothing."
)
NO_DESCRIPTION: Final = "The description of the line is missing."
TOO_FEW: Final = "Give two of net, tax and gross; the third follows from them."
NO_SUM: Final = "Net {net} and tax {tax} come to {sum}, not to {gross}."
TOO_FINE: Final = "{amount} has more decimals than {currency} is counted in."
NOT_THE_PRODUCT: Final = "Quantity times unit price comes to {product}, not to {net}; the amounts count."
UNCODED: Final = "The {what} is missing: what shall be fully approved needs one on every line."


def check_each(wanted: Sequence[Wanted], *, stage: Stage, base_currency: str) -> Iterator[Problem]:
    """Everything that can be seen without asking anybody; `base_currency` counts where a transaction names none."""
    yield from _repeated(wanted)
    for one in wanted:
        currency = one.currency or base_currency
        yield from (replace(problem, key=one.key) for problem in _Check(one, stage, currency).problems())


def _repeated(wanted: Sequence[Wanted]) -> Iterator[Problem]:
    seen: set[str] = set()
    for one in wanted:
        if one.key in seen:
            yield Problem(
                message=REPEATED_KEY.format(key=one.key), key=one.key, line=one.line, column="key", path="key"
            )
        seen.add(one.key)


def at(
    member: Member, one: Wanted | WantedLine, message: str, *, before: str = "", is_warning: bool = False
) -> Problem:
    """A problem of one member; `before` leads to the line in a body, such as `lines[0].`."""
    path = f"{before}{member.path}"
    return Problem(message=message, line=one.line, column=member.column, path=path, is_warning=is_warning)


@dataclass(slots=True)
class _Check:
    """The checks of one transaction, in the order in which people read it."""

    wanted: Wanted
    stage: Stage
    currency: str

    def problems(self) -> Iterator[Problem]:
        yield from self._identity()
        yield from self._dates()
        if self.currency not in MINOR_UNITS and "currency" not in self.wanted.unread:
            yield self._at("currency", NO_CURRENCY.format(code=self.currency))
        if not self.wanted.lines:
            yield Problem(message=NO_LINES, line=self.wanted.line, path="lines")
        for position, line in enumerate(self.wanted.lines):
            yield from self._line(line, f"lines[{position}].")
        yield from self._totals()

    def _at(self, name: str, message: str, *, is_warning: bool = False) -> Problem:
        return at(HEADER_BY_NAME[name], self.wanted, message, is_warning=is_warning)

    def _identity(self) -> Iterator[Problem]:
        one = self.wanted
        if "key" not in one.unread and not is_key(one.key):
            yield self._at("key", BAD_KEY)
        if one.kind is None and "kind" not in one.unread:
            yield self._at("kind", NO_KIND)
        elif one.kind is not None and one.kind not in RAISED_KINDS:
            yield self._at("kind", OTHER_KIND.format(kind=one.kind.label.lower()))
        if not one.supplier_code and not one.supplier_name and not {"supplier_code", "supplier_name"} & one.unread:
            yield self._at("supplier_code", NO_SUPPLIER)

    def _dates(self) -> Iterator[Problem]:
        one = self.wanted
        if one.kind in DATED and one.date is None and "date" not in one.unread:
            yield self._at("date", NO_DATE)
        if one.date and one.due_date and one.due_date < one.date:
            yield self._at("due_date", DUE_EARLY, is_warning=True)
        if one.kind in DATED and not one.supplier_reference and "supplier_reference" not in one.unread:
            yield self._at("supplier_reference", NO_REFERENCE, is_warning=True)

    def _line(self, line: WantedLine, before: str) -> Iterator[Problem]:
        if not line.description and "description" not in line.unread:
            yield at(LINE_BY_NAME["description"], line, NO_DESCRIPTION, before=before)
        yield from self._amounts(line, before)
        if self.stage is not Stage.APPROVED:
            return
        for name, what in (("account_code", "account code"), ("tax_code", "tax code")):
            if not getattr(line, name) and name not in line.unread:
                yield at(LINE_BY_NAME[name], line, UNCODED.format(what=what), before=before)

    def _amounts(self, line: WantedLine, before: str) -> Iterator[Problem]:
        amounts = line.amounts()
        if amounts is None:
            if not line.unread.intersection(AMOUNTS):
                yield at(LINE_BY_NAME["net"], line, TOO_FEW, before=before)
            return
        net, tax, gross = amounts
        if net + tax != gross:
            message = NO_SUM.format(net=net, tax=tax, sum=net + tax, gross=gross)
            yield at(LINE_BY_NAME["gross"], line, message, before=before)
        for name in AMOUNTS:
            amount = getattr(line, name)
            if amount is not None and self._is_too_fine(amount):
                message = TOO_FINE.format(amount=amount, currency=self.currency)
                yield at(LINE_BY_NAME[name], line, message, before=before)
        yield from self._product(line, net, before)

    def _product(self, line: WantedLine, net: Decimal, before: str) -> Iterator[Problem]:
        if line.quantity is None or line.unit_price is None:
            return
        product = line.quantity * line.unit_price
        if abs(product - net) > self._smallest():
            message = NOT_THE_PRODUCT.format(product=f"{product:f}", net=net)
            yield at(LINE_BY_NAME["unit_price"], line, message, before=before, is_warning=True)

    def _totals(self) -> Iterator[Problem]:
        one, sums = self.wanted, sums_of(self.wanted)
        given = {name: getattr(one, name) for name in AMOUNTS if getattr(one, name) is not None}
        if given and len(given) < len(AMOUNTS) and not one.unread.intersection(AMOUNTS):
            yield self._at(next(name for name in AMOUNTS if name not in given), SOME_TOTALS)
        if sums is None:
            return
        for name, total in zip(AMOUNTS, sums, strict=True):
            if name in given and given[name] != total:
                yield self._at(name, WRONG_TOTAL.format(given=given[name], sum=total))
        if sums[2] < 0:
            yield self._at("gross", NEGATIVE.format(gross=sums[2]))

    def _smallest(self) -> Decimal:
        return Decimal(1).scaleb(-MINOR_UNITS.get(self.currency, 2))

    def _is_too_fine(self, amount: Decimal) -> bool:
        return amount % self._smallest() != 0


def is_key(key: str) -> bool:
    """Whether this can be a caller's key."""
    return 1 <= len(key) <= LONGEST_KEY and key == key.strip() and is_printable(key)


def sums_of(wanted: Wanted) -> tuple[Decimal, Decimal, Decimal] | None:
    """Net, tax and gross of all lines; None while a line lacks some, or there is none."""
    each = [line.amounts() for line in wanted.lines]
    amounts = [one for one in each if one is not None]
    if not amounts or len(amounts) < len(each):
        return None
    net, tax, gross = (sum(column, Decimal(0)) for column in zip(*amounts, strict=True))
    return net, tax, gross
