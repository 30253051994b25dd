"""How the codes of a source become those of an accounting system: one rule for each family of codes.

The rules of a connection are stored as JSON in `Connection.mapping`; this module is the only one that reads or writes
that shape. An empty object is the plain rule for everything: a code of a purchase is sent as the source wrote it, and
what is sold, money and its tax are looked up in tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from integrations.errors import Misconfigured
from portal.reference.families import (
    ACCOUNT,
    BANK,
    CURRENCY,
    CUSTOMER,
    DIMENSION,
    FAMILIES,
    OF_SALES,
    REVENUE,
    SALES_TAX,
    SUPPLIER,
    TAX,
    dimension_family,
)
from portal.reference.one_rule import (
    AS_IT_COMES,
    BY_A_PERSON,
    LONGEST_CODE,
    NO_CODE,
    NO_CURRENCY_DEFAULT,
    NO_DEFAULT,
    ONLY_DIMENSIONS,
    TOO_LONG,
    UNUSED_DEFAULT,
    How,
    Missing,
    Rule,
    wrong_in,
    wrong_in_dimension,
)

__all__ = [
    "ACCOUNT", "AS_IT_COMES", "BACK", "BANK", "CURRENCY", "CUSTOMER", "DIMENSION", "FAMILIES", "KINDS", "LONGEST_CODE",
    "LONGEST_NAME", "MOST_DIMENSIONS", "NO_CODE", "NO_CURRENCY_DEFAULT", "NO_DEFAULT", "NO_NAME", "OF_SALES",
    "ONLY_DIMENSIONS", "PLAIN", "REVENUE", "SALES_TAX", "SUPPLIER", "TAX", "TOO_LONG", "TOO_MANY", "UNUSED_DEFAULT",
    "DimensionRule", "How", "Missing", "Rule", "Rules", "defaults", "dimension_family", "family_words", "from_json",
    "problems", "to_json",
]  # fmt: skip

LONGEST_NAME: Final = 100
MOST_DIMENSIONS: Final = 50
NO_NAME: Final = "Give the name of the dimension at the source."
TWICE: Final = "Two rules are for the dimension {name}."
SAME_TARGET: Final = "Two dimensions would both be sent as {name}."
TOO_MANY: Final = f"At most {MOST_DIMENSIONS} dimensions can have rules."
UNREADABLE: Final = "The mapping of the connection cannot be read ({why}). Staff can mend it on its page."


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRule(Rule):
    """The rule of one dimension. `name` is the source's name for it, in any letter case; `to` is the accounting
    system's, empty where it is the same."""

    name: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a connection. A dimension without a rule is sent as it is.

    The last four are for what is sold. `account` and `tax` never count there, so that no cost takes a sale.
    """

    supplier: Rule = AS_IT_COMES
    account: Rule = AS_IT_COMES
    tax: Rule = AS_IT_COMES
    currency: Rule = AS_IT_COMES
    customer: Rule = AS_IT_COMES
    revenue: Rule = BY_A_PERSON
    bank: Rule = BY_A_PERSON
    sales_tax: Rule = BY_A_PERSON
    dimensions: tuple[DimensionRule, ...] = ()

    def of(self, family: str) -> Rule:
        """The rule of a family, such as `account` or `dimension:department`."""
        if family in FAMILIES:
            rule: Rule = getattr(self, family)
            return rule
        return next((one for one in self.dimensions if dimension_family(one.name) == family), Rule())

    def dimension(self, name: str) -> DimensionRule | None:
        """The rule of a dimension by the source's name for it; None where it has none.

        Cost Centre and CostCentre are one field, as they are to iCompleat, unless each has a rule of its own.
        """
        family, same = dimension_family(name), _without_blanks(name)
        exactly = (one for one in self.dimensions if dimension_family(one.name) == family)
        nearly = (one for one in self.dimensions if _without_blanks(one.name) == same)
        return next(exactly, None) or next(nearly, None)

    def family_of(self, name: str) -> str:
        """The family of a dimension's codes: that of its rule where it has one, however the source wrote its name."""
        rule = self.dimension(name)
        return dimension_family(rule.name if rule else name)


PLAIN: Final = Rules()
# Of what goes back to a source.
BACK: Final = Rules(revenue=AS_IT_COMES, bank=AS_IT_COMES, sales_tax=AS_IT_COMES)
KINDS: Final[Mapping[str, Callable[[str], Any]]] = {"how": How, "absent": Missing, "unknown": Missing}
R = TypeVar("R", bound=Rule)


def _without_blanks(name: str) -> str:
    return "".join(name.split()).casefold()


def family_words(family: str, rules: Rules = PLAIN) -> str:
    """A family as people read it: `account code`, or the dimension's name as its rule writes it."""
    if family in FAMILIES:
        return FAMILIES[family]
    name = family.removeprefix(DIMENSION)
    rule = rules.dimension(name)
    return rule.name if rule else name


def from_json(stored: object) -> Rules:
    """The rules of a connection from its column `mapping`. Raises `Misconfigured` for what `to_json` did not write."""
    if stored == {}:
        return PLAIN
    try:
        rules = _read(stored)
    except (TypeError, ValueError) as error:
        raise Misconfigured(UNREADABLE.format(why=error), field="mapping") from error
    if wrong := problems(rules):
        raise Misconfigured(UNREADABLE.format(why=next(iter(wrong.values()))), field="mapping")
    return rules


def to_json(rules: Rules) -> dict[str, Any]:
    """The rules as JSON for `from_json`; what is plain is left out."""
    stored: dict[str, Any] = {
        family: members for family in FAMILIES if (members := _members(rules.of(family), PLAIN.of(family)))
    }
    if rules.dimensions:
        stored["dimensions"] = [_members(rule, DimensionRule(name="")) for rule in rules.dimensions]
    return stored


def defaults(*, supplier: str = "", account: str = "", tax: str = "") -> Rules:
    """Plain rules in which these codes stand in for what a document lacks; an empty one stands in for nothing."""
    return Rules(supplier=_standing_in(supplier), account=_standing_in(account), tax=_standing_in(tax))


def problems(rules: Rules) -> dict[str, str]:
    """What is wrong with rules, in one sentence for each member: `account.default`, `dimensions[0].name`."""
    found: dict[str, str] = {}
    for family in FAMILIES:
        found |= _at(family, wrong_in(rules.of(family), family))
    for position, rule in enumerate(rules.dimensions):
        found |= _at(f"dimensions[{position}]", wrong_in_dimension(rule) | _wrong_in_names(rule))
    return found | _clashes(rules.dimensions)


def _standing_in(code: str) -> Rule:
    return Rule(absent=Missing.DEFAULT, default=code) if code else Rule()


def _at(path: str, wrong: Mapping[str, str]) -> dict[str, str]:
    return {f"{path}.{member}": sentence for member, sentence in wrong.items()}


def _wrong_in_names(rule: DimensionRule) -> dict[str, str]:
    if not rule.name.strip():
        return {"name": NO_NAME}
    return {member: TOO_LONG for member in ("name", "to") if len(getattr(rule, member)) > LONGEST_NAME}


def _clashes(rules: tuple[DimensionRule, ...]) -> dict[str, str]:
    """Two rules for one dimension, or two dimensions that become one."""
    found: dict[str, str] = {"dimensions": TOO_MANY} if len(rules) > MOST_DIMENSIONS else {}
    sent = [(position, rule) for position, rule in enumerate(rules) if rule.how is not How.DROP]
    for position in _repeated([dimension_family(rule.name) for rule in rules]):
        found[f"dimensions[{position}].name"] = TWICE.format(name=rules[position].name)
    if found:
        return found
    for index in _repeated([dimension_family(rule.to or rule.name) for _, rule in sent]):
        position, rule = sent[index]
        found[f"dimensions[{position}].to"] = SAME_TARGET.format(name=rule.to or rule.name)
    return found


def _repeated(values: Iterable[str]) -> list[int]:
    """The positions of values that stood before."""
    every = list(values)
    return [position for position, value in enumerate(every) if value in every[:position]]


def _members(rule: Rule, plain: Rule) -> dict[str, str]:
    every = {field.name: str(getattr(rule, field.name)) for field in fields(rule)}
    return {name: value for name, value in every.items() if value != str(getattr(plain, name))}


def _read(stored: object) -> Rules:
    members = _object(stored, {*FAMILIES, "dimensions"})
    dimensions = members.pop("dimensions", [])
    if not isinstance(dimensions, list):
        raise TypeError("the dimensions are no list")
    return Rules(
        **{family: _read_rule(Rule, value, PLAIN.of(family)) for family, value in members.items()},
        dimensions=tuple(_read_rule(DimensionRule, value) for value in dimensions),
    )


def _read_rule(kind: type[R], stored: object, plain: Rule = AS_IT_COMES) -> R:
    """The rule of which `stored` says what is not plain."""
    known = {field.name for field in fields(kind)}
    members = _object(stored, known)
    if not all(isinstance(value, str) for value in members.values()):
        raise TypeError("a rule holds something that is no text")
    unsaid = {field.name: getattr(plain, field.name) for field in fields(Rule)}
    return kind(**unsaid | {name: KINDS.get(name, str)(value) for name, value in members.items()})


def _object(stored: object, known: set[str]) -> dict[str, Any]:
    if not isinstance(stored, dict):
        raise TypeError("a rule is no object")
    if strange := sorted(set(stored) - known):
        raise ValueError(f"{strange[0]!r} is not known")
    return dict(stored)
