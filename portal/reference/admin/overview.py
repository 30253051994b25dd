"""What a mapping does, in words and as a table."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html

from portal.connections.models import Connection
from portal.reference.families import BY_NAME
from portal.reference.mending import new_row_url
from portal.reference.models import CodeMapping
from portal.reference.rules import (
    CURRENCY,
    FAMILIES,
    PLAIN,
    DimensionRule,
    How,
    Missing,
    Rule,
    Rules,
    dimension_family,
    family_words,
)
from portal.reference.rules_form import stored_rules
from portal.reference.services import row_counts
from portal.reference.showing import shown_families
from portal.staff.base import changelist_url, row_url
from portal.staff.formats import NOTHING, link
from portal.staff.sections import Fact, Section, Table
from portal.tones import PERSON, tone

HEAD: Final = ("Codes", "Sent", "Where the document has none", "Where the table lacks it", "Rows of the table")
WORDS: Final = {How.DIRECT: "as they come", How.TABLE: "by table", How.DROP: "not sent"}
WORDS_BY_NAME: Final = {**WORDS, How.DIRECT: "as the source writes the account"}
SENT: Final = {How.DIRECT: "As the source writes them", How.TABLE: "Looked up in the table", How.DROP: "Not at all"}
UNREADABLE: Final = "The stored rules cannot be read, so every document is refused. Saving the form writes them anew."


def whose(mapping: CodeMapping) -> Section:
    """The company and its connection."""
    connection = Connection(pk=mapping.pk)
    facts = [
        Fact("Company", link(row_url(mapping.company), mapping.company.name)),
        Fact("Goes to", link(row_url(connection), mapping.integration)),
    ]
    return Section(title="Whose", facts=facts)


def what_becomes(mapping: CodeMapping) -> Section:
    """Each family with its rule and the length of its table."""
    stored, counts = stored_rules(mapping), row_counts(mapping)
    rules = stored or PLAIN
    rows = [_row(mapping, family, rules, counts) for family in shown_families(mapping, rules)]
    rows += [_row(mapping, dimension_family(rule.name), rules, counts) for rule in rules.dimensions]
    rows += [_row(mapping, family, rules, counts) for family in _without_rule(rules, counts)]
    note = "" if stored else UNREADABLE
    return Section(title="What becomes of the codes", note=note, table=Table(head=HEAD, rows=rows))


def in_words(mapping: CodeMapping) -> str:
    """What is not plain."""
    rules = stored_rules(mapping)
    if rules is None:
        return tone(PERSON, "Unreadable")
    families = [*FAMILIES, *(dimension_family(rule.name) for rule in rules.dimensions)]
    told = [family for family in families if rules.of(family) != PLAIN.of(family)]
    said = [f"{family_words(family, rules)} {_said(family, rules.of(family))}" for family in told]
    return "; ".join(said) or "All as they come"


def _said(family: str, rule: Rule) -> str:
    renamed = f" as {rule.to}" if isinstance(rule, DimensionRule) and rule.to else ""
    how = (WORDS_BY_NAME if family in BY_NAME else WORDS)[rule.how]
    return f"{how}{renamed}, default {rule.default}" if rule.default else f"{how}{renamed}"


def _row(mapping: CodeMapping, family: str, rules: Rules, counts: dict[str, int]) -> tuple[str, ...]:
    rule, words = rules.of(family), family_words(family, rules)
    renamed = f", as {rule.to}" if isinstance(rule, DimensionRule) and rule.to else ""
    return (
        words[:1].upper() + words[1:],
        SENT[rule.how] + renamed,
        NOTHING if rule.how is How.DROP or family == CURRENCY else _instead(rule, rule.absent),
        _unlisted(rule) if rule.how is How.TABLE else NOTHING,
        _table(mapping, family, rules, counts.get(family, 0)),
    )


def _unlisted(rule: Rule) -> str:
    return "It is sent as it is" if rule.unknown is Missing.AS_IS else _instead(rule, rule.unknown)


def _instead(rule: Rule, what: Missing) -> str:
    if what is Missing.DEFAULT:
        return f"{rule.default} is sent"
    return "None is sent" if what is Missing.AS_IS else "The document is refused"


def _table(mapping: CodeMapping, family: str, rules: Rules, count: int) -> str:
    """How long it is, with the ways to it; a table that no rule uses says so."""
    used = rules.of(family).how is How.TABLE
    if not count and not used:
        return NOTHING
    listed = link(changelist_url("reference_mappedcode", f"connection={mapping.pk}&family={family}"), f"{count:,}")
    said = "" if used else "not in use"
    return format_html("{} {} {}", listed, link(new_row_url(mapping.pk, family, "", rules), "Add"), said)


def _without_rule(rules: Rules, counts: dict[str, int]) -> list[str]:
    """Tables of dimensions whose rule was removed."""
    return [family for family in counts if family not in FAMILIES and rules.of(family) == Rule()]
