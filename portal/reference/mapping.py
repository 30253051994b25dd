"""A source's document in the codes of the accounting system. Pure functions; amounts are never touched.

`rows` are the table rows that the document needs: (family, source code) to accounting code. Codes are compared letter
by letter, without the blanks around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from integrations.documents import Dimension, Document, Kind, Line
from portal.reference.gaps import Gap, Why, refusal
from portal.reference.rules import (
    ACCOUNT,
    CURRENCY,
    PLAIN,
    SUPPLIER,
    TAX,
    DimensionRule,
    How,
    Missing,
    Rule,
    Rules,
    dimension_family,
    family_words,
)

Key = tuple[str, str]
Rows = Mapping[Key, str]
# What books money by its lines: each needs an account and a tax code.
CODED: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})


class Resolved(NamedTuple):
    """What becomes of one code. `missing` says why there is none to send."""

    code: str | None
    by_default: bool = False
    missing: Why | None = None


class Placed(NamedTuple):
    """One dimension: as it came (None: the line had none), and as it is sent (None: left out, or missing)."""

    name: str
    own: Dimension | None
    sent: Dimension | None
    resolved: Resolved


def mapped(document: Document, rules: Rules, rows: Rows) -> Document:
    """The document in the accounting system's codes. Raises `Misconfigured`, which names the first code that is missing
    and says how many more there are."""
    sent, missing = _map(document, rules, rows)
    if missing:
        raise refusal(missing)
    return sent


def mapped_as_far_as_known(document: Document, rules: Rules, rows: Rows) -> Document:
    """The same without an error: a code that is missing is left out, and a currency stays the source's."""
    return _map(document, rules, rows)[0]


def gaps(document: Document, rules: Rules, rows: Rows) -> tuple[Gap, ...]:
    """Every missing code of a document, in reading order: the header, then line by line."""
    return _map(document, rules, rows)[1]


def codes_to_look_up(document: Document, rules: Rules) -> frozenset[Key]:
    """The table rows that a document needs: what an empty table would lack."""
    if rules is PLAIN:
        return frozenset()
    lacking = gaps(document, refusing(rules), {})
    return frozenset((gap.family, gap.code) for gap in lacking if gap.why is Why.UNKNOWN)


def uses(document: Document, rules: Rules) -> frozenset[Key]:
    """Every code that would be sent for a document, as it came: family and code, the code empty where one is lacking.

    A line of text, which books nothing, lacks none.
    """
    found = {(SUPPLIER, document.party.code), (CURRENCY, document.currency), (CURRENCY, document.base_currency)}
    found |= _dimensions_used(place_dimensions(document.dimensions, rules, {}), rules)
    for line in document.lines:
        books = document.kind in CODED and bool(line.net or line.tax)
        for family, code in ((ACCOUNT, line.account_code), (TAX, line.tax_code)):
            if (code or "").strip() or books or rules.of(family).absent is not Missing.AS_IS:
                found.add((family, code))
        placed = place_dimensions(line.dimensions, rules, {}, header=document.dimensions)
        found |= _dimensions_used(placed, rules)
    return frozenset((family, (code or "").strip()) for family, code in found)


def _dimensions_used(placed: Sequence[Placed], rules: Rules) -> set[tuple[str, str | None]]:
    kept = ((rules.dimension(one.name), one) for one in placed)
    return {
        (rules.family_of(one.name), one.own.code if one.own else "")
        for rule, one in kept
        if rule is None or rule.how is not How.DROP
    }


def refusing(rules: Rules) -> Rules:
    """The same rules, with every code that a table lacks refused: no default hides it."""
    strict = {
        family: replace(rules.of(family), unknown=Missing.REFUSE) for family in (SUPPLIER, ACCOUNT, TAX, CURRENCY)
    }
    dimensions = tuple(replace(rule, unknown=Missing.REFUSE) for rule in rules.dimensions)
    return Rules(**strict, dimensions=dimensions)


def resolve(family: str, rule: Rule, code: str | None, rows: Rows) -> Resolved:
    """What becomes of one code under one rule."""
    written = (code or "").strip()
    if not written:
        return Resolved(code) if rule.absent is Missing.AS_IS else _instead(rule, rule.absent, Why.ABSENT)
    if rule.how is not How.TABLE:
        return Resolved(code)
    found = rows.get((family, written))
    if found is None and rule.unknown is Missing.AS_IS:
        return Resolved(code)
    return Resolved(found) if found is not None else _instead(rule, rule.unknown, Why.UNKNOWN)


def place_dimensions(
    dimensions: Sequence[Dimension], rules: Rules, rows: Rows, *, header: Sequence[Dimension] | None = None
) -> tuple[Placed, ...]:
    """What becomes of the dimensions of a header (`header` is None) or of a line under that header.

    A line lacks a dimension when neither the line nor the header names it.
    """
    own = tuple(_place(each, rules.dimension(each.name), rows) for each in dimensions)
    if header is None:
        return own
    named = {rules.family_of(each.name) for each in (*dimensions, *header)}
    lacking = (rule for rule in rules.dimensions if dimension_family(rule.name) not in named)
    return own + tuple(
        _added(rule) for rule in lacking if rule.how is not How.DROP and rule.absent is not Missing.AS_IS
    )


def _instead(rule: Rule, what: Missing, why: Why) -> Resolved:
    return Resolved(rule.default, by_default=True) if what is Missing.DEFAULT else Resolved(None, missing=why)


def _place(own: Dimension, rule: DimensionRule | None, rows: Rows) -> Placed:
    if rule is None:
        return Placed(own.name, own, own, Resolved(own.code))
    if rule.how is How.DROP:
        return Placed(own.name, own, None, Resolved(None))
    resolved = resolve(dimension_family(rule.name), rule, own.code, rows)
    if resolved.code is None:
        return Placed(own.name, own, None, resolved)
    label = "" if resolved.by_default else own.label
    sent = Dimension(name=rule.to or own.name, code=resolved.code, label=label)
    return Placed(own.name, own, sent, resolved)


def _added(rule: DimensionRule) -> Placed:
    resolved = _instead(rule, rule.absent, Why.ABSENT)
    sent = None if resolved.code is None else Dimension(name=rule.to or rule.name, code=resolved.code)
    return Placed(rule.name, None, sent, resolved)


def _map(document: Document, rules: Rules, rows: Rows) -> tuple[Document, tuple[Gap, ...]]:
    if rules is PLAIN:
        return document, ()
    mapper = _Mapper(rules, rows)
    return mapper.document(document), tuple(mapper.missing)


@dataclass(slots=True)
class _Mapper:
    """Walks one document and collects what is missing on the way."""

    rules: Rules
    rows: Rows
    missing: list[Gap] = field(default_factory=list)

    def document(self, document: Document) -> Document:
        party = replace(document.party, code=self._code(SUPPLIER, document.party.code))
        currency, base_currency = self._currencies(document)
        dimensions = self._dimensions(document.dimensions, None)
        return replace(
            document,
            party=party,
            currency=currency,
            base_currency=base_currency,
            dimensions=dimensions,
            lines=tuple(self._line(line, document.dimensions) for line in document.lines),
        )

    def _line(self, line: Line, header: tuple[Dimension, ...]) -> Line:
        return replace(
            line,
            account_code=self._code(ACCOUNT, line.account_code, line.number),
            tax_code=self._code(TAX, line.tax_code, line.number),
            dimensions=self._dimensions(line.dimensions, line.number, header),
        )

    def _code(self, family: str, code: str | None, line: int | None = None) -> str | None:
        resolved = resolve(family, self.rules.of(family), code, self.rows)
        self._note(family, code, line, resolved)
        return resolved.code

    def _currencies(self, document: Document) -> tuple[str, str]:
        """Both, or neither: two currencies that become one would make a foreign document look like a domestic one."""
        own, base = document.currency, document.base_currency
        sent = self._code(CURRENCY, own)
        sent_base = sent if base == own else self._code(CURRENCY, base)
        if sent is None or sent_base is None:
            return own, base
        if own != base and sent == sent_base:
            self._note(CURRENCY, own, None, Resolved(None, missing=Why.CLASH))
            return own, base
        return sent, sent_base

    def _dimensions(
        self, own: tuple[Dimension, ...], line: int | None, header: tuple[Dimension, ...] | None = None
    ) -> tuple[Dimension, ...]:
        placed = place_dimensions(own, self.rules, self.rows, header=header)
        for one in placed:
            self._note(self.rules.family_of(one.name), one.own.code if one.own else "", line, one.resolved)
        return tuple(one.sent for one in placed if one.sent is not None)

    def _note(self, family: str, code: str | None, line: int | None, resolved: Resolved) -> None:
        if resolved.missing is None:
            return
        what = family_words(family, self.rules)
        written = (code or "").strip()
        self.missing.append(Gap(family=family, code=written, line=line, why=resolved.missing, what=what))
