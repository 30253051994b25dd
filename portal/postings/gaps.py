"""Codes that lately came in and cannot be sent, or not as they came, and the postings that were refused for one."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import InvalidOperation
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from integrations.content import from_json as document_from_json
from integrations.documents import SALES, Document
from portal.connections.models import Connection, Side
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.families import kinds_of
from portal.reference.judging import Fate, Judge, Judged
from portal.reference.mapping import Use, uses
from portal.reference.mending import LACKING, PREFIX, beginnings_of, fields_of
from portal.reference.rules import CURRENCY

LOOKED_AT: Final = 200
AT_ONCE: Final = 20
MOST_THINGS: Final = 5
UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidOperation)
NOT_INSTALLED: Final = "This release does not know {integration}, so nobody knows what it has."


@dataclass(frozen=True, slots=True)
class CameBefore:
    """A document that came in before go-live and is no transaction: `pk` is that of its kept dry run."""

    pk: int
    number: str
    document: Document


@dataclass(frozen=True, slots=True)
class CountedGap:
    """One code that is not simply sent. `transactions` is how many of those that were looked at use it, `example` the
    id and number of the latest. With `is_before` all of them came in before go-live, and the id is a `CameBefore`'s.

    What was sold is told by its type, where it has one: `things` are the first few of `things_in_all`, in words.
    """

    judged: Judged
    transactions: int
    example: tuple[int, str]
    is_before: bool = False
    things: tuple[str, ...] = ()
    things_in_all: int = 0

    @property
    def about(self) -> str:
        """What was sold, in words; empty for codes of another family."""
        more = self.things_in_all - len(self.things)
        return ", ".join(self.things) + (f" and {more:,} more" if more else "")


@dataclass(frozen=True, slots=True)
class GapReport:
    """What was looked at, what was found, the most used first, and what could not be proven. `before_live` is how many
    of `looked_at` came in before go-live."""

    looked_at: int
    found: tuple[CountedGap, ...]
    notes: tuple[str, ...] = ()
    before_live: int = 0

    @property
    def refused(self) -> int:
        """How many codes are, or may be, refused."""
        return sum(each.judged.fate is not Fate.SENT_AS_DEFAULT for each in self.found)


class _Came(NamedTuple):
    """Whatever came in: a transaction, or what came before go-live."""

    is_before: bool
    pk: int
    number: str


@dataclass(slots=True)
class _Seen:
    """Who uses a code; the first one that was met is the latest."""

    latest: _Came
    every: set[_Came] = field(default_factory=set)

    def counted(self, judged: Judged) -> CountedGap:
        return CountedGap(judged, len(self.every), (self.latest.pk, self.latest.number), self.latest.is_before)

    @classmethod
    def of(cls, several: Sequence[_Seen]) -> _Seen:
        """All of them as one."""
        latest = min((each.latest for each in several), key=lambda came: (came.is_before, -came.pk))
        return cls(latest, set[_Came]().union(*(each.every for each in several)))


@dataclass(slots=True)
class _Codes:
    """Codes, and pairs of a foreign currency with the company's own, by who uses them; and what was looked at."""

    seen: dict[Use, _Seen] = field(default_factory=dict)
    pairs: dict[tuple[str, str], _Seen] = field(default_factory=dict)
    looked_at: Counter[bool] = field(default_factory=Counter)

    def add(self, came: _Came, document: Document, used: Iterable[Use]) -> None:
        self.looked_at[came.is_before] += 1
        for use in used:
            self.seen.setdefault(use, _Seen(came)).every.add(came)
        if document.currency != document.base_currency:
            pair = document.currency, document.base_currency
            self.pairs.setdefault(pair, _Seen(came)).every.add(came)


def gaps_of(
    connection: Connection,
    last: int = LOOKED_AT,
    before: Iterable[CameBefore] = (),
    *,
    before_alone: bool = False,
) -> GapReport:
    """Which codes of the company's last transactions, and of what came `before` it went live, would be refused, or sent
    as a default, in a number of queries that does not grow with them. With `before_alone` what came before counts only
    where there is no transaction. Kinds that the accounting system does not take are passed over: a memo entry is not
    mapped. Raises `Misconfigured` for rules that cannot be read."""
    try:
        judge = Judge(connection)
    except UnknownIntegration:
        return GapReport(0, (), (NOT_INSTALLED.format(integration=connection.integration),))
    codes = _of_transactions(connection, judge, last)
    if not (before_alone and codes.looked_at):
        _add_before(codes, connection, judge, before)
    judged = judge.judge(codes.seen)
    found = list(_counted(judged, codes.seen))
    found += _clashes(judge, judged, codes.pairs)
    # Two at once are told in the order of their names, so that a page looks the same twice.
    order = sorted(found, key=lambda each: (-each.transactions, *each.judged.order))
    return GapReport(codes.looked_at.total(), tuple(order), judge.notes(), codes.looked_at[True])


def used_codes(connection: Connection, judge: Judge, last: int = LOOKED_AT) -> dict[Use, int]:
    """How many of the last transactions use each code; one query."""
    return {use: len(each.every) for use, each in _of_transactions(connection, judge, last).seen.items()}


def refused_for(connection_id: uuid.UUID, family: str = "", code: str = "") -> QuerySet[Posting]:
    """The rejected postings of a connection whose reason names this code, or what was sold and a row for this code may
    stand for; without a family, any code of the mapping."""
    of_any = Q(reason_field__startswith=PREFIX) | Q(reason_field__in=[PREFIX.rstrip("."), *LACKING])
    wanted = _refused_for(family, code) if family else of_any
    return Posting.objects.filter(wanted, connection_id=connection_id, state=State.REJECTED).order_by("pk")


def _refused_for(family: str, code: str) -> Q:
    found = Q(reason_field__in=fields_of(family, code))
    if not code:
        found &= Q(transaction__kind__in=kinds_of(family))
    for beginning in beginnings_of(family, code):
        found |= Q(reason_field__startswith=beginning, transaction__kind__in=SALES)
    return found


def _of_transactions(connection: Connection, judge: Judge, last: int) -> _Codes:
    """What the last transactions use, the newest first."""
    found = _Codes()
    for pk, number, document in _latest(connection, last):
        found.add(_Came(False, pk, number), document, uses(document, judge.rules))
    return found


def _add_before(codes: _Codes, connection: Connection, judge: Judge, before: Iterable[CameBefore]) -> None:
    kinds = abilities(connection).kinds
    for each in before:
        if each.document.kind in kinds:
            codes.add(_Came(True, each.pk, each.number), each.document, uses(each.document, judge.rules))


def _counted(judged: dict[Use, Judged], seen: dict[Use, _Seen]) -> Iterator[CountedGap]:
    """What is not simply sent; of what was sold everything that one row would mend as one."""
    together = defaultdict[tuple[str, ...], list[tuple[Use, Judged]]](list)
    for use, each in judged.items():
        if each.fate is not Fate.SENT:
            together[each.group].append((use, each))
    for several in together.values():
        several.sort(key=lambda one: one[0].order)
        gap = _Seen.of([seen[use] for use, _ in several]).counted(several[0][1].of_its_group)
        things = list(dict.fromkeys(use.sold.words for use, _ in several if use.sold is not None and use.sold.label))
        yield replace(gap, things=tuple(things[:MOST_THINGS]), things_in_all=len(things))


def _clashes(judge: Judge, judged: dict[Use, Judged], pairs: dict[tuple[str, str], _Seen]) -> Iterator[CountedGap]:
    by_currency = defaultdict[str, list[_Seen]](list)
    for (own, base), each in pairs.items():
        ours, theirs = (judged[Use(CURRENCY, code.strip())] for code in (own, base))
        if ours.sent and ours.sent == theirs.sent:
            by_currency[own].append(each)
    for own, every in by_currency.items():
        yield _Seen.of(every).counted(judge.clash(own))


def _latest(connection: Connection, last: int) -> Iterator[tuple[int, str, Document]]:
    kinds = sorted(abilities(connection).kinds)
    rows = Transaction.objects.filter(company_id=connection.company_id, kind__in=kinds)
    # What was raised at a source comes back from there, and only then goes into the books.
    rows = rows.exclude(postings__connection__side=Side.SOURCE).order_by("-id")[:last]
    for pk, number, content in rows.values_list("pk", "number", "content").iterator(chunk_size=AT_ONCE):
        try:
            yield pk, number, document_from_json(content)
        except UNREADABLE:
            continue
