"""One table of codes as its page shows it: what lacks its like first, then the rows, then room for more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict

from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration
from portal.desk.keyset import Cut, cut
from portal.desk.mapping.missing import gaps_with_what_came_before
from portal.desk.mapping.rates import OfRate, offers_by_rate
from portal.desk.mapping.words import Words, becomes, words_of
from portal.reference.families import BY_NAME, REVENUE, SALES_TAX
from portal.reference.judging import KINDS, Fate, Judged, Verdict
from portal.reference.mirror import Mirror
from portal.reference.models import MappedCode, Record
from portal.reference.rules import (
    DIMENSION,
    FAMILIES,
    LONGEST_CODE,
    PLAIN,
    How,
    Rule,
    Rules,
    dimension_family,
    family_words,
    from_json,
)
from portal.reference.showing import shown_families
from portal.reference.table_edits import Edit

MOST_GAPS: Final = 40
MOST_LINES: Final = 200
# Of a longer list the first few are offered, and whoever types is asked for more.
MOST_KNOWN: Final = 200
FIRST_KNOWN: Final = 50
MORE: Final = 3
EVERY: Final = "known-codes"
ORDER: Final = ("source_code", "id")
NO_ROW: Final = "No row yet"
NOTHING_SENT: Final = "Nothing is sent for it"
# What a row of the table can mend; an absent code has none, and a clash is none of the table's.
MENDED_BY_A_ROW: Final = frozenset({Verdict.NO_ROW, Verdict.UNKNOWN, Verdict.INACTIVE, Verdict.OTHERWISE})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the form. `was` is what it sent when it was shown; `name` what the accounting system calls it;
    `lacks` is what becomes of a code that has no row, `about` what it stands for in words, `offered` the id of the list
    of codes that fit it."""

    source: str = ""
    sent: str = ""
    was: str = ""
    note: str = ""
    name: str = ""
    used: int = 0
    lacks: str = ""
    about: str = ""
    offered: str = EVERY
    error: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Family:
    """A family as the tabs name it."""

    key: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The page of one family. `known` are the accounting system's codes with their names: all of them, or, where it
    `knows_more`, the first few."""

    family: Family
    families: Sequence[Family]
    rule: Rule
    words: Words
    lines: Sequence[Line] = ()
    page: Cut[MappedCode] | None = None
    known: Sequence[tuple[str, str]] = field(default_factory=list)
    knows_more: bool = False
    by_rate: Sequence[OfRate] = ()
    search: str = ""

    @property
    def is_used(self) -> bool:
        """Whether the rows count."""
        return self.rule.how is How.TABLE

    @property
    def becomes(self) -> str:
        """What the rule does, in a sentence."""
        return becomes(self.family.key, self.rule, self.words)

    @property
    def may_send_the_rest(self) -> bool:
        """Whether what is not listed could be sent as it is."""
        return self.family.key not in BY_NAME


def families_of(connection: Connection, rules: Rules) -> list[Family]:
    """Those that a document of the company may have, and each dimension that has a rule."""
    named = [Family(key, FAMILIES[key].capitalize()) for key in shown_families(connection, rules)]
    return named + [Family(dimension_family(one.name), one.name) for one in rules.dimensions]


def rules_of(connection: Connection) -> Rules:
    """The stored rules; the plain ones where they cannot be read, which the page of the rules says."""
    try:
        return from_json(connection.mapping)
    except Misconfigured:
        return PLAIN


def sheet_of(connection: Connection, query: QueryDict, lines: Sequence[Line] | None = None) -> Sheet:
    """What `?family=`, `?q=` and the cursors ask for. `lines` are those that were sent and could not be saved."""
    rules = rules_of(connection)
    families = families_of(connection, rules)
    family = next((one for one in families if one.key == query.get("family")), families[1])
    search = query.get("q", "").replace("\0", "").strip()[:LONGEST_CODE]
    rows = MappedCode.objects.filter(connection_id=connection.pk, family=family.key)
    page = cut(_searched(rows, search), query, order=ORDER, within=rows)
    known = known_codes(connection, rules, family.key)
    offered = list(known[: MOST_KNOWN + 1])
    knows_more = len(offered) > MOST_KNOWN
    if lines is None:
        names = dict(known.filter(code__in=[row.accounting_code for row in page.rows]) if knows_more else offered)
        lines = list(_lines(connection, family.key, page.rows, names, query.get("code", "")))
    rates = _rates(connection, family, lines, offered) if not knows_more else {}
    if knows_more:
        offered = offered[:FIRST_KNOWN]
    sells = any(one.key == REVENUE for one in families)
    return Sheet(
        family=family, families=families, rule=rules.of(family.key), words=words_of(family.key, sells=sells),
        lines=[replace(one, offered=rates[one.source].id) if one.source in rates else one for one in lines],
        page=page, known=offered, knows_more=knows_more, by_rate=list(rates.values()), search=search,
    )  # fmt: skip


def known_codes(connection: Connection, rules: Rules, family: str, search: str = "") -> QuerySet[Any, tuple[str, str]]:
    """Code and name of what the accounting system has for a family, those in use, by code."""
    try:
        mirror = Mirror(connection)
    except UnknownIntegration:
        return Record.objects.none().values_list("code", "name")
    rows = Record.objects.filter(connection=connection, is_active=True).exclude(code="")
    if family in KINDS:
        rows = rows.filter(kind=KINDS[family], dimension="")
    else:
        rule = rules.dimension(family.removeprefix(DIMENSION))
        name = (rule.to or rule.name) if rule else family_words(family, rules)
        rows = rows.filter(kind="dimension", dimension=mirror.dimensions.get(name.strip().casefold(), name))
    if search:
        rows = rows.filter(Q(code__istartswith=search) | Q(name__icontains=search))
    return rows.order_by("code").values_list("code", "name")


def sent_lines(data: QueryDict) -> list[Line]:
    """The lines of the form as they were sent; those that nobody touched and that are new are left out."""
    lines = []
    for place in range(MOST_LINES):
        if f"source_{place}" not in data:
            break
        source, sent, was, note = (
            data.get(f"{name}_{place}", "").strip() for name in ("source", "sent", "was", "note")
        )
        is_new = data.get(f"new_{place}", "") == "yes"
        if source or sent:
            lines.append(Line(source=source, sent=sent, was=was, note=note, is_new=is_new))
    return lines


def edits_of(lines: Sequence[Line]) -> list[Edit]:
    """What is to be written. A code without its like that nobody filled in stays as it is."""
    return [
        Edit(source_code=one.source, sent=one.sent, was=one.was, note=one.note)
        for one in lines
        if one.sent or one.was or one.is_new
    ]


def _rates(
    connection: Connection, family: Family, lines: Sequence[Line], offered: Sequence[tuple[str, str]]
) -> Mapping[str, OfRate]:
    if family.key != SALES_TAX:
        return {}
    return offers_by_rate(connection, list(dict.fromkeys(one.source for one in lines if one.source)), offered)


def _searched(rows: QuerySet[MappedCode], search: str) -> QuerySet[MappedCode]:
    if not search:
        return rows
    return rows.filter(Q(source_code__startswith=search) | Q(accounting_code__startswith=search))


def _lines(
    connection: Connection, family: str, rows: Sequence[MappedCode], names: Mapping[str, str], code: str
) -> Iterator[Line]:
    shown = {row.source_code for row in rows}
    lacking = {gap.judged.code: (gap.transactions, _lack(gap.judged), gap.about) for gap in _gaps(connection, family)}
    wanted = code.replace("\0", "").strip()[:LONGEST_CODE]
    if wanted and wanted not in lacking and wanted not in shown:
        lacking = {wanted: (0, NO_ROW, ""), **lacking}
    for source, (used, lacks, about) in list(lacking.items())[:MOST_GAPS]:
        if source not in shown:
            yield Line(source=source, used=used, lacks=lacks, about=about)
    for row in rows:
        sent = row.accounting_code
        yield Line(source=row.source_code, sent=sent, was=sent, note=row.note, name=names.get(sent, ""))
    yield from (Line(is_new=True) for _ in range(MORE))


def _lack(judged: Judged) -> str:
    if judged.verdict is Verdict.NO_ROW:
        return NOTHING_SENT
    return "Would be refused" if judged.fate is Fate.REFUSED else "May be refused"


def _gaps(connection: Connection, family: str) -> list[Any]:
    try:
        found = gaps_with_what_came_before(connection).found
    except (Misconfigured, UnknownIntegration):
        return []
    return [
        gap
        for gap in found
        if gap.judged.family == family and gap.judged.code and gap.judged.verdict in MENDED_BY_A_ROW
    ]
