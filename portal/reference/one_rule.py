"""The rule of one family of codes, and what is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.reference.families import BY_NAME, CURRENCY

LONGEST_CODE: Final = 100
NO_DEFAULT: Final = "Give the default code that shall be used."
UNUSED_DEFAULT: Final = "Nothing uses this code: choose to use the default, or leave it empty."
NO_CURRENCY_DEFAULT: Final = "A default currency would book one currency's amounts as another's."
ONLY_DIMENSIONS: Final = "Only a dimension can be left out."
NO_CODE: Final = "What is not in the table has no code that could be sent: refuse it, or use the default."
TOO_LONG: Final = f"At most {LONGEST_CODE} characters."


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


AS_IT_COMES: Final = Rule()
# Of what is sold, of money and of its tax rates nobody knows the accounting system's codes but a person.
BY_A_PERSON: Final = Rule(how=How.TABLE, absent=Missing.REFUSE)


def wrong_in(rule: Rule, family: str) -> dict[str, str]:
    """What is wrong with the rule of a family that every document has, in one sentence for each member."""
    wrong = _wrong_in_default(rule)
    if rule.how is How.DROP:
        wrong["how"] = ONLY_DIMENSIONS
    if family in BY_NAME and rule.how is How.TABLE and rule.unknown is Missing.AS_IS:
        wrong["unknown"] = NO_CODE
    return wrong | _wrong_in_currency(rule) if family == CURRENCY else wrong


def wrong_in_dimension(rule: Rule) -> dict[str, str]:
    """The same for the rule of a dimension, which may be dropped whatever else it says."""
    return {} if rule.how is How.DROP else _wrong_in_default(rule)


def _wrong_in_default(rule: Rule) -> dict[str, str]:
    wrong: dict[str, str] = {}
    uses_default = rule.absent is Missing.DEFAULT or (rule.how is How.TABLE and rule.unknown is Missing.DEFAULT)
    if bool(rule.default) is not uses_default:
        wrong["default"] = NO_DEFAULT if uses_default else UNUSED_DEFAULT
    if len(rule.default) > LONGEST_CODE:
        wrong["default"] = TOO_LONG
    return wrong


def _wrong_in_currency(rule: Rule) -> dict[str, str]:
    if rule.absent is Missing.AS_IS and rule.unknown is not Missing.DEFAULT and not rule.default:
        return {}
    return {"default": NO_CURRENCY_DEFAULT}
