"""What becomes of codes before anything is sent: by the rules and tables of a connection, and by what the accounting
system knows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.reference.families import ACCOUNT, BANK, CURRENCY, CUSTOMER, OF_SALES, REVENUE, SALES_TAX, SUPPLIER, TAX
from portal.reference.gaps import CLASH, Why, field_of, rows_to_add
from portal.reference.mapping import Use, needs_of
from portal.reference.mirror import Mirror, Sent, There
from portal.reference.resolving import Resolved, Resolver
from portal.reference.rules import DimensionRule, Rules, family_words, from_json
from portal.reference.sold import Sold
from portal.reference.sync.words import label_of, name_of
from portal.reference.tables import rows_for

KINDS: Final[Mapping[str, RecordKind]] = {
    SUPPLIER: RecordKind.SUPPLIER,
    ACCOUNT: RecordKind.ACCOUNT,
    TAX: RecordKind.TAX,
    CURRENCY: RecordKind.CURRENCY,
    REVENUE: RecordKind.ACCOUNT,
    BANK: RecordKind.ACCOUNT,
    SALES_TAX: RecordKind.TAX,
}
# Every system refuses an account or a tax code that it does not know; some make suppliers, or take any dimension. What
# is read of accounts and tax codes may be those for purchases only.
ALWAYS_CHECKED: Final = frozenset({ACCOUNT, TAX})
# A line without one is refused everywhere; suppliers and customers are found by their names as well.
NEVER_ABSENT: Final = ALWAYS_CHECKED | {REVENUE, BANK, SALES_TAX}
NOT_READ: Final = (
    "{kinds} of {system} were never read, so nobody knows whether it has these codes. Read them with Sync now on the "
    "page of the reference data, then look again."
)
NO_ROW_FOR_SOLD: Final = "The mapping table has no {what} for it. Add {rows}."
PERHAPS_FOR_PURCHASES: Final = (
    "{what_first} {sent} is not among what was read of {system}, which may be its codes for purchases alone. Look "
    "there."
)
NOT_TOLD: Final = "{system} does not tell its {kinds}, so whether it has these codes shows when a document is sent."


class Verdict(StrEnum):
    """What is found of one code."""

    FINE = "fine"
    BY_DEFAULT = "by_default"
    ABSENT = "absent"
    NO_ROW = "no_row"
    CLASH = "clash"
    UNKNOWN = "unknown"
    INACTIVE = "inactive"
    OTHERWISE = "otherwise"
    NO_DIMENSION = "no_dimension"


class Fate(StrEnum):
    """What that means for a document: it goes, with another code, perhaps not, or not."""

    SENT = "sent"
    SENT_AS_DEFAULT = "sent_as_default"
    PERHAPS_REFUSED = "perhaps_refused"
    REFUSED = "refused"


SENTENCES: Final[Mapping[Verdict, str]] = {
    Verdict.FINE: "Sent as {sent}.",
    Verdict.BY_DEFAULT: "Sent as the default {sent}.",
    Verdict.ABSENT: "Documents lack it. Code it at the source, or set a default in the mapping.",
    Verdict.NO_ROW: "It is not in the mapping table. Add it there.",
    Verdict.CLASH: CLASH,
    Verdict.UNKNOWN: "{system} has no {what} {sent}. Add it there, or send another code by the mapping.",
    Verdict.INACTIVE: "{what_first} {sent} is no longer in use in {system}. Send another code by the mapping.",
    Verdict.OTHERWISE: "{system} writes {sent} in other letters, large or small. Write it the same in the mapping.",
    Verdict.NO_DIMENSION: (
        "{system} has no dimension {what}, of which the document has {code}. Name the one that is meant in the "
        "mapping, or leave it out."
    ),
}
FATES: Final[Mapping[Verdict, Fate]] = {
    Verdict.FINE: Fate.SENT,
    Verdict.BY_DEFAULT: Fate.SENT_AS_DEFAULT,
    Verdict.ABSENT: Fate.REFUSED,
    Verdict.NO_ROW: Fate.REFUSED,
    Verdict.CLASH: Fate.REFUSED,
    Verdict.UNKNOWN: Fate.REFUSED,
    Verdict.INACTIVE: Fate.REFUSED,
    Verdict.OTHERWISE: Fate.PERHAPS_REFUSED,
    Verdict.NO_DIMENSION: Fate.PERHAPS_REFUSED,
}
BY_THERE: Final[Mapping[There, Verdict]] = {
    There.UNKNOWN: Verdict.UNKNOWN,
    There.INACTIVE: Verdict.INACTIVE,
    There.OTHERWISE: Verdict.OTHERWISE,
    There.NO_DIMENSION: Verdict.NO_DIMENSION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One code and what becomes of it. `code` is the source's, empty where there is none; `sent` what goes instead,
    empty where nothing does. `what` is the family in words; `sold` what it is looked up by, where that is no code."""

    family: str
    code: str
    what: str
    verdict: Verdict
    sent: str = ""
    system: str = ""
    sold: Sold | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """Where it stands among others, so that a page looks the same twice."""
        return self.family, self.code, self.sold.label if self.sold else ""

    @property
    def group(self) -> tuple[str, ...]:
        """Equal for what one row would mend: things of one type, or whatever is sent as the same."""
        if self.sold is None:
            return self.family, self.code
        return self.family, self.verdict, self.sent, (self.sold.type or self.code) if self._lacks_a_row else ""

    @property
    def of_its_group(self) -> Judged:
        """Itself, named by its type where it is told with others of its type."""
        if self.sold is None or not self._lacks_a_row or not self.sold.type:
            return self
        return replace(self, code=self.sold.type, sold=Sold((self.sold.type,), self.sold.label))

    @property
    def _lacks_a_row(self) -> bool:
        return self.verdict is Verdict.NO_ROW

    @property
    def fate(self) -> Fate:
        """What becomes of a document with it."""
        if self.verdict is Verdict.UNKNOWN and self.family not in ALWAYS_CHECKED:
            return Fate.PERHAPS_REFUSED
        return FATES[self.verdict]

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        what_first = self.what[:1].upper() + self.what[1:]
        rows = rows_to_add(self.sold) if self.sold else ""
        return self._template.format(
            code=self.code, what=self.what, what_first=what_first, sent=self.sent, system=self.system, rows=rows
        )

    @property
    def _template(self) -> str:
        if self.verdict is Verdict.NO_ROW and self.sold is not None:
            return NO_ROW_FOR_SOLD
        if self.verdict is Verdict.UNKNOWN and self.family in OF_SALES:
            return PERHAPS_FOR_PURCHASES
        return SENTENCES[self.verdict]

    @property
    def field(self) -> str:
        """How errors name it: where it is mended follows from that."""
        return field_of(self.family, self.code)


class Judge:
    """Judges codes of one connection, by its rules as they are now. Raises `Misconfigured` for rules that cannot be
    read, and `UnknownIntegration`."""

    def __init__(self, connection: Connection) -> None:
        self.rules: Rules = from_json(connection.mapping)
        self.system = name_of(connection)
        self._id: uuid.UUID = connection.pk
        self._mirror = Mirror(connection)
        self._unproven: dict[RecordKind, There] = {}

    def judge(self, used: Collection[Use]) -> dict[Use, Judged]:
        """Every one of these codes, in a constant number of queries for each 3,000."""
        resolver = Resolver(self.rules, rows_for(self._id, *needs_of(used, self.rules)))
        resolved = {use: resolver.code(*use) for use in used}
        sent = {use: self._sent(use.family, one.code) for use, one in resolved.items() if one.code and _is_told(use)}
        how = self._mirror.how(set(sent.values()))
        for one, there in how.items():
            if there in (There.UNREAD, There.UNTOLD):
                self._unproven[one.kind] = there
        return {
            use: self._judged(use, one, how.get(sent[use]) if use in sent else None) for use, one in resolved.items()
        }

    def clash(self, code: str) -> Judged:
        """A currency whose amounts would be taken for those of the company's own."""
        return self._told(Use(CURRENCY, code), Verdict.CLASH)

    def notes(self) -> tuple[str, ...]:
        """What could not be proven so far, each with the way to prove it."""
        read = [label_of(kind) for kind in RecordKind if self._unproven.get(kind) is There.UNREAD]
        told = [label_of(kind) for kind in RecordKind if self._unproven.get(kind) is There.UNTOLD]
        found = [NOT_READ.format(kinds=_listed(read).capitalize(), system=self.system)] if read else []
        return (*found, *([NOT_TOLD.format(kinds=_listed(told), system=self.system)] if told else ()))

    def _sent(self, family: str, code: str) -> Sent:
        if family in KINDS:
            return Sent(KINDS[family], code.strip())
        rule = self.rules.of(family)
        renamed = rule.to if isinstance(rule, DimensionRule) else ""
        return Sent(RecordKind.DIMENSION, code.strip(), renamed or family_words(family, self.rules))

    def _judged(self, use: Use, resolved: Resolved, there: There | None) -> Judged:
        if resolved.missing is not None:
            return self._told(use, Verdict.ABSENT if resolved.missing is Why.ABSENT else Verdict.NO_ROW)
        if not resolved.code:
            return self._told(use, Verdict.ABSENT if use.family in NEVER_ABSENT else Verdict.FINE)
        usual = Verdict.BY_DEFAULT if resolved.by_default else Verdict.FINE
        verdict = BY_THERE.get(there, usual) if there else usual
        return replace(self._told(use, verdict), sent=resolved.code.strip())

    def _told(self, use: Use, verdict: Verdict) -> Judged:
        what = family_words(use.family, self.rules)
        return Judged(family=use.family, code=use.code, what=what, verdict=verdict, system=self.system, sold=use.sold)


def _is_told(use: Use) -> bool:
    """Whether there is any reference data of its family."""
    return use.family != CUSTOMER


def _listed(labels: Sequence[str]) -> str:
    """`suppliers, tax codes and currency codes`."""
    words = [label.lower() for label in labels]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
