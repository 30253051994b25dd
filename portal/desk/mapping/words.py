"""How the page of one table calls what came in, and what the rule does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.reference.families import BANK, BY_NAME, CUSTOMER, DIMENSION, PURCHASE, REVENUE, SALES_TAX
from portal.reference.rules import How, Missing, Rule

UNLISTED: Final = {Missing.REFUSE: "is refused", Missing.AS_IS: "is sent as it is"}


@dataclass(frozen=True)
class Words:
    """What stands over the codes that came in (`head`), what one of them is (`one`), whose word that is, and
    in a sentence what a row may name."""

    head: str
    one: str
    whose: str
    help: str = ""


PURCHASES: Final = Words("In iCompleat", "Code in iCompleat", "iCompleat")
OF_A_LABEL: Final = "*first aid* stands for whatever has these words in its name. The most exact row counts."
OF_SALES: Final[Mapping[str, Words]] = {
    CUSTOMER: Words("Customer at the source", "Customer code at the source", "the source"),
    REVENUE: Words(
        "What was sold", "What was sold, or its type", "the source",
        f"A type, such as Course, stands for every course; Course/4711 for one alone; {OF_A_LABEL}",
    ),
    BANK: Words("Method of payment", "Method of payment", "the source", "In the source’s own word, letter by letter."),
    SALES_TAX: Words("Tax at the source", "Tax at the source", "the source", "Often its rate in per cent, such as 20."),
}  # fmt: skip
BOTH: Final = Words("At the source", "Code at the source", "the source")
DIMENSIONS: Final = Words(
    "At the source", "Code at the source, or what was sold", "the source",
    f"For lines of sales that do not name it, what was sold is looked up: a type, such as Course; {OF_A_LABEL}",
)  # fmt: skip


def words_of(family: str, *, sells: bool) -> Words:
    """The words of a family's page, for a company that `sells` or does not."""
    if family in OF_SALES:
        return OF_SALES[family]
    shared = DIMENSIONS if family.startswith(DIMENSION) else BOTH
    return shared if sells and family not in PURCHASE else PURCHASES


def becomes(family: str, rule: Rule, words: Words) -> str:
    """What the rule does with codes, in a sentence."""
    if rule.how is How.DROP:
        return "These are not sent at all."
    if rule.how is How.DIRECT and family in BY_NAME:
        return f"Only accounts that {words.whose} itself writes are sent. The rows below do not count."
    if rule.how is How.DIRECT:
        return f"Codes are sent as {words.whose} writes them. The rows below do not count."
    other = UNLISTED.get(rule.unknown) or f"becomes {rule.default}"
    what = "It is looked up below. What" if family in BY_NAME else "Codes are looked up below. One that"
    return f"{what} is not there {other}."
