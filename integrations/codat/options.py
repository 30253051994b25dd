"""What a platform takes, as its push options tell it: the members, the longest texts, and the rules in words.

The options are texts for people, and rules in them are known by their phrases. A phrase that is not known is no rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.errors import Retryable

LINES: Final = "lineItems"
_LONGEST: Final = re.compile(r"(\d+)\s+char", re.IGNORECASE)
_MOST: Final = re.compile(r"max(?:imum)? of (\d+)", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r"^must not be provided\.?$", re.IGNORECASE)
_ABOVE_ZERO: Final = re.compile(r"greater than (0|zero)\b", re.IGNORECASE)
_NOT_BELOW_ZERO: Final = re.compile(
    r"must not be negative|greater than or equal to 0|^must be positive\.?$", re.IGNORECASE
)
_TWO_DECIMALS: Final = re.compile(r"maximum of two decimal places", re.IGNORECASE)
_OF_THE_PARTY: Final = re.compile(
    r"match(es)? the (currency of the )?(supplier|customer)|currency of the (supplier|customer)", re.IGNORECASE
)
_TAKES_THEIR_NUMBER: Final = re.compile(r"number must be specified in this field", re.IGNORECASE)
_DIFFERENT_PARENTS: Final = re.compile(r"same parent|different parent", re.IGNORECASE)
_ONE_LINE: Final = re.compile(r"only one line (may|is|can)", re.IGNORECASE)
_OF_A_PLACE: Final = re.compile(r"location", re.IGNORECASE)
_OWN_RATE: Final = re.compile(r"rate will be applied|will default to the rate", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is said of one member. `choices` is empty where anything goes."""

    is_required: bool = False
    choices: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def says(self, phrase: re.Pattern[str]) -> bool:
        """Whether one of its sentences has the phrase."""
        return any(phrase.search(one) for one in self.details)

    def number(self, phrase: re.Pattern[str]) -> int | None:
        """The number in the first sentence that has the phrase."""
        found = (match for one in self.details if (match := phrase.search(one)))
        return next((int(match[1]) for match in found), None)


_NOTHING: Final = Rule()


@dataclass(frozen=True, slots=True)
class Model:
    """The members that a platform takes for one type of data, by path, such as `lineItems.accountRef.id`."""

    rules: Mapping[str, Rule]

    def has(self, path: str) -> bool:
        """Whether the platform lists the member, and not to forbid it."""
        return path in self.rules and not self.rules[path].says(_FORBIDDEN)

    def rule(self, path: str) -> Rule:
        """What is said of it; of a member that is not listed nothing is."""
        return self.rules.get(path, _NOTHING)

    def requires(self, path: str) -> bool:
        """Whether it has to be there."""
        return self.rule(path).is_required

    def longest(self, path: str) -> int | None:
        """In characters; None without a limit."""
        return self.rule(path).number(_LONGEST)

    def most(self, path: str) -> int | None:
        """How many there may be of a member that is a list."""
        return self.rule(path).number(_MOST)

    def takes_sign_of(self, path: str, value: Decimal) -> bool:
        """Whether an amount may have this sign."""
        rule = self.rule(path)
        return not (value <= 0 and rule.says(_ABOVE_ZERO)) and not (value < 0 and rule.says(_NOT_BELOW_ZERO))

    def takes_digits_of(self, path: str, value: Decimal) -> bool:
        """Whether an amount may have so many decimals."""
        return not self.rule(path).says(_TWO_DECIMALS) or value == value.quantize(Decimal("0.01"))

    @property
    def wants_the_partys_currency(self) -> bool:
        """Whether a document has to be in the currency that its supplier or customer has over there."""
        return self.rule("currency").says(_OF_THE_PARTY)

    @property
    def notes_their_number(self) -> bool:
        """Whether the supplier's own number belongs into the note (Dynamics 365 Business Central)."""
        return self.rule("note").says(_TAKES_THEIR_NUMBER)

    @property
    def wants_different_parents(self) -> bool:
        """Whether each tracking category of a line has to be of another one."""
        return any(self.rule(path).says(_DIFFERENT_PARENTS) for path in self.rules if "ategoryRefs" in path)

    @property
    def takes_one_line(self) -> bool:
        """Whether a payment may have one line only (FreeAgent, FreshBooks)."""
        return self.rule("lines").says(_ONE_LINE)

    @property
    def has_free_reference(self) -> bool:
        """Whether the reference is a text of ours; NetSuite puts the place of a payment into it."""
        return self.has("reference") and not self.rule("reference").says(_OF_A_PLACE)

    @property
    def has_rates_of_its_own(self) -> bool:
        """Whether the platform takes a rate of its own where none is sent."""
        return self.rule("currencyRate").says(_OWN_RATE)


def read(told: object) -> Model:
    """The model in a push option. Raises `Retryable` for what is none."""
    properties = told.get("properties") if isinstance(told, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        raise Retryable("Codat did not tell what the accounting software takes. It will be tried again.")
    return Model(dict(_rules(properties, "")))


def _rules(properties: Mapping[str, Any], before: str) -> Iterator[tuple[str, Rule]]:
    for name, told in properties.items():
        if isinstance(told, Mapping):
            path = f"{before}{name}"
            yield path, Rule(is_required=told.get("required") is True, choices=_choices(told), details=_details(told))
            below = told.get("properties")
            yield from _rules(below, f"{path}.") if isinstance(below, Mapping) else ()


def _choices(told: Mapping[str, Any]) -> tuple[str, ...]:
    rows = told.get("options")
    values = (row.get("value") for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else ()
    return tuple(value for value in values if isinstance(value, str) and value)


def _details(told: Mapping[str, Any]) -> tuple[str, ...]:
    validation = told.get("validation")
    if not isinstance(validation, Mapping):
        return ()
    rows = [*(validation.get("warnings") or ()), *(validation.get("information") or ())]
    return tuple(row["details"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("details"), str))
