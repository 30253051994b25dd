"""One table of codes as its page shows it: what lacks its like first, then the rows, then room for more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict

from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration
from portal.desk.keyset import Cut, cut
from portal.desk.mapping.missing import gaps_with_what_came_before
from portal.reference.judging import KINDS, Fate, Judged, Verdict
from portal.reference.mirror import Mirror
from portal.reference.models import MappedCode, Record
from portal.reference.rules import (
    DIMENSION,
    FAMILIES,
    LONGEST_CODE,
    PLAIN,
    How,
    Missing,
    Rule,
    Rules,
    dimension_family,
    family_words,
    from_json,
)
from portal.reference.table_edits import Edit

MOST_GAPS: Final = 40
MOST_LINES: Final = 200
# Of a longer list the first few are offered, and whoever types is asked for more.
MOST_KNOWN: Final = 200
FIRST_KNOWN: Final = 50
MORE: Final = 3
ORDER: Final = ("source_code", "id")
NO_ROW: Final = "No row yet"
NOTHING_SENT: Final = "Nothing is sent for it"
UNLISTED: Final = {Missing.REFUSE: "is refused", Missing.AS_IS: "is sent as it is"}
# What a row of the table can mend; an absent code has none, and a clash is none of the table's.
MENDED_BY_A_ROW: Final = frozenset({Verdict.NO_ROW, Verdict.UNKNOWN, Verdict.INACTIVE, Verdict.OTHERWISE})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the form. `was` is what it sent when it was shown; `name` what the accounting system calls it;
    `lacks` is what becomes of a code that has no row."""

    source: str = ""
    sent: str = ""
    was: str = ""
    note: str = ""
    name: str = ""
    used: int = 0
    lacks: str = ""
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
    becomes: str
    lines: Sequence[Line] = ()
    page: Cut[MappedCode] | None = None
    known: Sequence[tuple[str, str]] = field(default_factory=list)
    knows_more: bool = False
    search: str = ""

    @property
    def is_used(self) -> bool:
        """Whether the rows count."""
        return self.rule.how is How.TABLE


def families_of(rules: Rules) -> list[Family]:
    """The four that every document has, and each dimension that has a rule."""
    named = [Family(key, words.capitalize()) for key, words in FAMILIES.items()]
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
    families = families_of(rules)
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
    if knows_more:
        offered = offered[:FIRST_KNOWN]
    return Sheet(
        family=family, families=families, rule=rules.of(family.key), becomes=_becomes(rules.of(family.key)),
        lines=lines, page=page, known=offered, knows_more=knows_more, search=search,
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


def _searched(rows: QuerySet[MappedCode], search: str) -> QuerySet[MappedCode]:
    if not search:
        return rows
    return rows.filter(Q(source_code__startswith=search) | Q(accounting_code__startswith=search))


def _lines(
    connection: Connection, family: str, rows: Sequence[MappedCode], names: Mapping[str, str], code: str
) -> Iterator[Line]:
    shown = {row.source_code for row in rows}
    lacking = {gap.judged.code: (gap.transactions, _lack(gap.judged)) for gap in _gaps(connection, family)}
    wanted = code.replace("\0", "").strip()[:LONGEST_CODE]
    if wanted and wanted not in lacking and wanted not in shown:
        lacking = {wanted: (0, NO_ROW), **lacking}
    for source, (used, lacks) in list(lacking.items())[:MOST_GAPS]:
        if source not in shown:
            yield Line(source=source, used=used, lacks=lacks)
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


def _becomes(rule: Rule) -> str:
    """What the rule does with codes, in a sentence."""
    if rule.how is How.DROP:
        return "These are not sent at all."
    if rule.how is How.DIRECT:
        return "Codes are sent as iCompleat writes them. The rows below do not count."
    other = UNLISTED.get(rule.unknown) or f"becomes {rule.default}"
    return f"Codes are looked up below. One that is not there {other}."
