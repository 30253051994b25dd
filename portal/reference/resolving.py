"""What becomes of each code of a document, by the rules of a connection and the rows of its tables. Pure functions.

`rows` are the table rows that are needed: (family, source code) to accounting code. Codes are compared letter by
letter, without the blanks around them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from integrations.documents import Dimension, Document, Line
from portal.reference.families import BANK, BY_NAME, coding_of
from portal.reference.gaps import Why
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules, dimension_family
from portal.reference.sold import Sold, method_of, sold_on, text_of

Key = tuple[str, str]
Rows = Mapping[Key, str]


class Resolved(NamedTuple):
    """What becomes of one code. `missing` says why there is none to send."""

    code: str | None
    by_default: bool = False
    missing: Why | None = None


class Coded(NamedTuple):
    """One code of a document: its family, as it came, and what becomes of it. `sold` is what it stands for, where that
    is no code of the accounting system."""

    family: str
    own: str | None
    resolved: Resolved
    sold: Sold | None = None


class Placed(NamedTuple):
    """One dimension: as it came (None: the line had none), and as it is sent (None: left out, or missing). `sold` is
    what it was looked up by, where neither line nor header named it."""

    name: str
    own: Dimension | None
    sent: Dimension | None
    resolved: Resolved
    sold: Sold | None = None


@dataclass(frozen=True)
class Resolver:
    """The rules of one connection over rows of its tables."""

    rules: Rules
    rows: Rows

    def party(self, document: Document) -> Coded:
        """Whom it is with."""
        return self._coded(coding_of(document.kind).party, document.party.code)

    def line(self, document: Document, line: Line) -> tuple[Coded, Coded | None]:
        """Account and tax code of a line; no tax code where its kind carries none."""
        coding = coding_of(document.kind)
        lacks = not document.kind.is_sale or bool(line.net or line.tax)
        account = _lacking(self._account(coding.account, line), lacks)
        return account, _lacking(self._coded(coding.tax, line.tax_code), lacks) if coding.tax else None

    def code(self, family: str, code: str | None, sold: Sold | None = None) -> Resolved:
        """What becomes of one code under the rule of its family; with `sold` by what was sold."""
        rule, written = self.rules.of(family), (code or "").strip()
        if sold is not None:
            return self._by_what_was_sold(family, rule, sold)
        if not written:
            return Resolved(code) if rule.absent is Missing.AS_IS else _instead(rule, rule.absent, Why.ABSENT)
        if rule.how is not How.TABLE:
            return Resolved(code)
        found = self.rows.get((family, written))
        if found is None and rule.unknown is Missing.AS_IS:
            return Resolved(code)
        return Resolved(found) if found is not None else _instead(rule, rule.unknown, Why.UNKNOWN)

    def dimensions(self, document: Document, line: Line | None = None) -> tuple[Placed, ...]:
        """What becomes of the dimensions of the header (`line` is None) or of a line.

        A line lacks a dimension when neither the line nor the header names it. One of a sale is looked up by what was
        sold then; money lacks none.
        """
        named = document.dimensions if line is None else line.dimensions
        own = tuple(self._place(each) for each in named)
        if line is None or coding_of(document.kind).tax is None:
            return own
        there = {self.rules.family_of(each.name) for each in (*named, *document.dimensions)}
        lacking = (rule for rule in self.rules.dimensions if dimension_family(rule.name) not in there)
        sold = sold_on(line) if document.kind.is_sale else None
        return (*own, *self._added(lacking, sold))

    def named(self, family: str, sold: Sold) -> str | None:
        """The code of the row that stands for what was sold: the thing, its type, then the longest text in its label,
        the first in the alphabet of several. None where there is none."""
        exact = (self.rows.get((family, name)) for name in sold.names)
        found = next((code for code in exact if code is not None), None)
        label = sold.label.casefold()
        if found is not None or not label:
            return found
        return next((code for text, code in self._labels.get(family, ()) if text in label), None)

    @cached_property
    def _labels(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Texts and codes of the rows for a part of a label, by family, in the order in which they count."""
        found = defaultdict[str, list[tuple[str, str, str]]](list)
        for (family, source_code), code in self.rows.items():
            if text := text_of(source_code):
                found[family].append((text, source_code, code))
        ordered = {family: sorted(each, key=lambda one: (-len(one[0]), *one)) for family, each in found.items()}
        return {family: [(text, code) for text, _, code in each] for family, each in ordered.items()}

    def _coded(self, family: str, code: str | None) -> Coded:
        return Coded(family, code, self.code(family, code))

    def _account(self, family: str, line: Line) -> Coded:
        """By the account that the source wrote, if it wrote one."""
        if family not in BY_NAME or (line.account_code or "").strip():
            return self._coded(family, line.account_code)
        sold = method_of(line) if family == BANK else sold_on(line)
        return Coded(family, sold.code, self.code(family, None, sold), sold)

    def _by_what_was_sold(self, family: str, rule: Rule, sold: Sold) -> Resolved:
        is_listed = rule.how is How.TABLE
        found = self.named(family, sold) if is_listed else None
        if found is not None:
            return Resolved(found)
        why = Why.UNKNOWN if is_listed and sold.code else Why.ABSENT
        what = rule.unknown if why is Why.UNKNOWN and family in BY_NAME else rule.absent
        return Resolved(None) if what is Missing.AS_IS else _instead(rule, what, why)

    def _place(self, own: Dimension) -> Placed:
        rule = self.rules.dimension(own.name)
        if rule is None:
            return Placed(own.name, own, own, Resolved(own.code))
        if rule.how is How.DROP:
            return Placed(own.name, own, None, Resolved(None))
        resolved = self.code(dimension_family(rule.name), own.code)
        if resolved.code is None:
            return Placed(own.name, own, None, resolved)
        label = "" if resolved.by_default else own.label
        sent = Dimension(name=rule.to or own.name, code=resolved.code, label=label)
        return Placed(own.name, own, sent, resolved)

    def _added(self, lacking: Iterator[DimensionRule], sold: Sold | None) -> Iterator[Placed]:
        for rule in lacking:
            by = sold if rule.how is How.TABLE else None
            if rule.how is How.DROP or (by is None and rule.absent is Missing.AS_IS):
                continue
            resolved = self.code(dimension_family(rule.name), None, by)
            if resolved.code is not None or resolved.missing is not None:
                sent = None if resolved.code is None else Dimension(name=rule.to or rule.name, code=resolved.code)
                yield Placed(rule.name, None, sent, resolved, by)


def _instead(rule: Rule, what: Missing, why: Why) -> Resolved:
    return Resolved(rule.default, by_default=True) if what is Missing.DEFAULT else Resolved(None, missing=why)


def _lacking(coded: Coded, lacks: bool) -> Coded:
    """A line of text among what is sold, which books nothing and has no code, lacks none."""
    return coded if lacks or (coded.own or "").strip() else coded._replace(resolved=Resolved(None))
