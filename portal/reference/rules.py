"""How the codes of a source become those of an accounting system: one rule for each family of codes.

The rules of a connection are stored as JSON in `Connection.mapping`; this module is the only one that reads or writes
that shape. An empty object is the plain rule for everything: a code is sent as the source wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, TypeVar

from integrations.errors import Misconfigured

SUPPLIER, ACCOUNT, TAX, CURRENCY = "supplier", "account", "tax", "currency"
FAMILIES: Final = {SUPPLIER: "supplier code", ACCOUNT: "account code", TAX: "tax code", CURRENCY: "currency"}
DIMENSION: Final = "dimension:"
LONGEST_CODE: Final = 100
LONGEST_NAME: Final = 100
MOST_DIMENSIONS: Final = 50

NO_DEFAULT: Final = "Give the default code that shall be used."
UNUSED_DEFAULT: Final = "Nothing uses this code: choose to use the default, or leave it empty."
NO_CURRENCY_DEFAULT: Final = "A default currency would book one currency's amounts as another's."
ONLY_DIMENSIONS: Final = "Only a dimension can be left out."
NO_NAME: Final = "Give the name of the dimension at the source."
TOO_LONG: Final = f"At most {LONGEST_CODE} characters."
TWICE: Final = "Two rules are for the dimension {name}."
SAME_TARGET: Final = "Two dimensions would both be sent as {name}."
TOO_MANY: Final = f"At most {MOST_DIMENSIONS} dimensions can have rules."
UNREADABLE: Final = "The mapping of the connection cannot be read ({why}). Staff can mend it on its page."


class How(StrEnum):
    """Where the accounting system's code comes from. Only a dimension can be dropped."""

    DIRECT = "direct"
    TABLE = "table"
    DROP = "drop"


class Missing(StrEnum):
    """What happens where there is no code: where a document has none, or where the table lacks the document's. As it is
    means then that none is sent, or the document's own."""

    AS_IS = "as_is"
    DEFAULT = "default"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The rule of one family. `absent`: the document has no code. `unknown`: the table lacks the document's code.

    A currency is never absent and never has a default.
    """

    how: How = How.DIRECT
    absent: Missing = Missing.AS_IS
    unknown: Missing = Missing.REFUSE
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRule(Rule):
    """The rule of one dimension. `name` is the source's name for it, in any letter case; `to` is the accounting
    system's, empty where it is the same."""

    name: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a connection. A dimension without a rule is sent as it is."""

    supplier: Rule = Rule()
    account: Rule = Rule()
    tax: Rule = Rule()
    currency: Rule = Rule()
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
KINDS: Final[Mapping[str, Callable[[str], Any]]] = {"how": How, "absent": Missing, "unknown": Missing}
R = TypeVar("R", bound=Rule)


def dimension_family(name: str) -> str:
    """The family of a dimension's codes: `dimension:department` for Department."""
    return DIMENSION + name.strip().casefold()


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
        found |= _at(family, _wrong_in(rules.of(family), may_drop=False))
    found |= _at("currency", _wrong_in_currency(rules.currency))
    for position, rule in enumerate(rules.dimensions):
        found |= _at(f"dimensions[{position}]", _wrong_in(rule, may_drop=True) | _wrong_in_names(rule))
    return found | _clashes(rules.dimensions)


def _standing_in(code: str) -> Rule:
    return Rule(absent=Missing.DEFAULT, default=code) if code else Rule()


def _at(path: str, wrong: Mapping[str, str]) -> dict[str, str]:
    return {f"{path}.{member}": sentence for member, sentence in wrong.items()}


def _wrong_in(rule: Rule, *, may_drop: bool) -> dict[str, str]:
    wrong: dict[str, str] = {}
    uses_default = rule.absent is Missing.DEFAULT or (rule.how is How.TABLE and rule.unknown is Missing.DEFAULT)
    if rule.how is How.DROP and not may_drop:
        wrong["how"] = ONLY_DIMENSIONS
    if bool(rule.default) is not uses_default:
        wrong["default"] = NO_DEFAULT if uses_default else UNUSED_DEFAULT
    if len(rule.default) > LONGEST_CODE:
        wrong["default"] = TOO_LONG
    return {} if rule.how is How.DROP and may_drop else wrong


def _wrong_in_currency(rule: Rule) -> dict[str, str]:
    if rule.absent is Missing.AS_IS and rule.unknown is not Missing.DEFAULT and not rule.default:
        return {}
    return {"default": NO_CURRENCY_DEFAULT}


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
        **{family: _read_rule(Rule, value) for family, value in members.items()},
        dimensions=tuple(_read_rule(DimensionRule, value) for value in dimensions),
    )


def _read_rule(kind: type[R], stored: object) -> R:
    known = {field.name for field in fields(kind)}
    members = _object(stored, known)
    if not all(isinstance(value, str) for value in members.values()):
        raise TypeError("a rule holds something that is no text")
    return kind(**{name: KINDS.get(name, str)(value) for name, value in members.items()})


def _object(stored: object, known: set[str]) -> dict[str, Any]:
    if not isinstance(stored, dict):
        raise TypeError("a rule is no object")
    if strange := sorted(set(stored) - known):
        raise ValueError(f"{strange[0]!r} is not known")
    return dict(stored)
