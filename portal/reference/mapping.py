"""A source's document in the codes of the accounting system. Pure functions; amounts are never touched.

`rows` are the table rows that the document needs (`needs` names them): (family, source code) to accounting code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from integrations.documents import Dimension, Document, Kind, Line
from portal.reference.families import SALE, coding_of
from portal.reference.gaps import Gap, Why, refusal
from portal.reference.resolving import Coded, Key, Placed, Resolved, Resolver, Rows
from portal.reference.rules import CURRENCY, PLAIN, How, Missing, Rules, dimension_family, family_words
from portal.reference.sold import Sold, sold_on

__all__ = [
    "Key", "Needs", "Rows", "Use", "codes_to_look_up", "gaps", "mapped", "mapped_as_far_as_known", "needs", "needs_of",
    "uses",
]  # fmt: skip

# What is bought and books money by its lines: each needs an account and a tax code.
CODED: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})


class Use(NamedTuple):
    """One code that would be sent for a document, as it came; empty where one is lacking. `sold` is what it is looked
    up by, where that is no code of the accounting system."""

    family: str
    code: str
    sold: Sold | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """Where it stands among others, so that a page looks the same twice."""
        return self.family, self.code, self.sold.label if self.sold else ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The rows that may stand for it, but for those of a part of its label."""
        names = (self.code,) if self.sold is None else self.sold.names
        return tuple((self.family, name) for name in names if name)


class Needs(NamedTuple):
    """The table rows that a document needs: single ones, and in these families those for a part of a label."""

    keys: frozenset[Key]
    labels: frozenset[str] = frozenset()


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
    """The single table rows that a document needs."""
    return needs(document, rules).keys


def needs(document: Document, rules: Rules) -> Needs:
    """The table rows that a document needs, at most: none without a rule that looks anything up."""
    if rules is PLAIN and not document.kind.is_sale:
        return Needs(frozenset())
    return needs_of(uses(document, rules), rules)


def needs_of(used: Iterable[Use], rules: Rules) -> Needs:
    """The table rows that these codes need."""
    listed = [use for use in used if rules.of(use.family).how is How.TABLE]
    return Needs(
        frozenset(key for use in listed for key in use.keys),
        frozenset(use.family for use in listed if use.sold is not None and use.sold.label),
    )


def uses(document: Document, rules: Rules) -> frozenset[Use]:
    """Every code that would be sent for a document, as it came: family and code, the code empty where one is lacking.

    A line of text, which books nothing, lacks none.
    """
    resolver = Resolver(rules, {})
    found = {_use(resolver.party(document)), Use(CURRENCY, document.currency), Use(CURRENCY, document.base_currency)}
    found |= set(_dimensions_used(resolver.dimensions(document), rules))
    for line in document.lines:
        found |= {
            _use(coded) for coded in resolver.line(document, line) if coded and _counts(coded, document, line, rules)
        }
        found |= set(_dimensions_used(resolver.dimensions(document, line), rules))
        found |= set(_looked_up_by_what_was_sold(document, line, rules))
    return frozenset(use._replace(code=use.code.strip()) for use in found)


def _use(coded: Coded) -> Use:
    return Use(coded.family, coded.own or "", coded.sold)


def _counts(coded: Coded, document: Document, line: Line, rules: Rules) -> bool:
    if (coded.own or "").strip():
        return True
    books = bool(line.net or line.tax)
    if document.kind.is_sale:
        return books
    return (document.kind in CODED and books) or rules.of(coded.family).absent is not Missing.AS_IS


def _dimensions_used(placed: Sequence[Placed], rules: Rules) -> Iterator[Use]:
    for one in placed:
        rule = rules.dimension(one.name)
        if one.sold is None and (rule is None or rule.how is not How.DROP):
            yield Use(rules.family_of(one.name), one.own.code if one.own else "")


def _looked_up_by_what_was_sold(document: Document, line: Line, rules: Rules) -> Iterator[Use]:
    """The dimensions that neither the line of a sale nor its header names, where a table may know them."""
    if coding_of(document.kind) is not SALE:
        return
    named = {rules.family_of(each.name) for each in (*line.dimensions, *document.dimensions)}
    sold = sold_on(line)
    for rule in rules.dimensions:
        if rule.how is How.TABLE and (family := dimension_family(rule.name)) not in named:
            yield Use(family, sold.code, sold)


def _map(document: Document, rules: Rules, rows: Rows) -> tuple[Document, tuple[Gap, ...]]:
    if rules is PLAIN and not document.kind.is_sale:
        return document, ()
    mapper = _Mapper(Resolver(rules, rows))
    return mapper.document(document), tuple(mapper.missing)


@dataclass(slots=True)
class _Mapper:
    """Walks one document and collects what is missing on the way."""

    resolver: Resolver
    missing: list[Gap] = field(default_factory=list)

    def document(self, document: Document) -> Document:
        party = replace(document.party, code=self._sent(self.resolver.party(document)))
        currency, base_currency = self._currencies(document)
        dimensions = self._dimensions(self.resolver.dimensions(document))
        return replace(
            document,
            party=party,
            currency=currency,
            base_currency=base_currency,
            dimensions=dimensions,
            lines=tuple(self._line(document, line) for line in document.lines),
        )

    def _line(self, document: Document, line: Line) -> Line:
        account, tax = self.resolver.line(document, line)
        return replace(
            line,
            account_code=self._sent(account, line.number),
            tax_code=line.tax_code if tax is None else self._sent(tax, line.number),
            dimensions=self._dimensions(self.resolver.dimensions(document, line), line.number),
        )

    def _sent(self, coded: Coded, line: int | None = None) -> str | None:
        self._note(coded.family, coded.own, line, coded.resolved, coded.sold)
        return coded.resolved.code

    def _currencies(self, document: Document) -> tuple[str, str]:
        """Both, or neither: two currencies that become one would make a foreign document look like a domestic one."""
        own, base = document.currency, document.base_currency
        sent = self._currency(own)
        sent_base = sent if base == own else self._currency(base)
        if sent is None or sent_base is None:
            return own, base
        if own != base and sent == sent_base:
            self._note(CURRENCY, own, None, Resolved(None, missing=Why.CLASH))
            return own, base
        return sent, sent_base

    def _currency(self, code: str) -> str | None:
        return self._sent(Coded(CURRENCY, code, self.resolver.code(CURRENCY, code)))

    def _dimensions(self, placed: Sequence[Placed], line: int | None = None) -> tuple[Dimension, ...]:
        for one in placed:
            own = one.own.code if one.own else one.sold.code if one.sold else ""
            self._note(self.resolver.rules.family_of(one.name), own, line, one.resolved, one.sold)
        return tuple(one.sent for one in placed if one.sent is not None)

    def _note(
        self, family: str, code: str | None, line: int | None, resolved: Resolved, sold: Sold | None = None
    ) -> None:
        if resolved.missing is None:
            return
        what = family_words(family, self.resolver.rules)
        written = (code or "").strip()
        self.missing.append(Gap(family=family, code=written, line=line, why=resolved.missing, what=what, sold=sold))
