"""Codes that lately came in and cannot be sent, or not as they came, and the postings that were refused for one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import InvalidOperation
from typing import Final

from django.db.models import Q, QuerySet

from integrations.content import from_json as document_from_json
from integrations.documents import Document
from portal.connections.models import Connection, Side
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.judging import Fate, Judge, Judged
from portal.reference.mapping import Key, uses
from portal.reference.mending import LACKING, PREFIX, fields_of
from portal.reference.rules import CURRENCY

LOOKED_AT: Final = 200
AT_ONCE: Final = 20
UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidOperation)
NOT_INSTALLED: Final = "This release does not know {integration}, so nobody knows what it has."


@dataclass(frozen=True, slots=True)
class CountedGap:
    """One code that is not simply sent. `transactions` is how many of those that were looked at use it, `example` the
    id and number of the latest."""

    judged: Judged
    transactions: int
    example: tuple[int, str]


@dataclass(frozen=True, slots=True)
class GapReport:
    """What was looked at, what was found, the most used first, and what could not be proven."""

    looked_at: int
    found: tuple[CountedGap, ...]
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """How many codes are, or may be, refused."""
        return sum(each.judged.fate is not Fate.SENT_AS_DEFAULT for each in self.found)


@dataclass(slots=True)
class _Seen:
    example: tuple[int, str]
    transactions: set[int] = field(default_factory=set)

    def add(self, pk: int) -> None:
        self.transactions.add(pk)


def gaps_of(connection: Connection, last: int = LOOKED_AT) -> GapReport:
    """Which codes of the company's last transactions would be refused, or sent as a default, in a number of queries
    that does not grow with them. Kinds that the accounting system does not take are passed over: a memo entry is not
    mapped. Raises `Misconfigured` for rules that cannot be read."""
    try:
        judge = Judge(connection)
    except UnknownIntegration:
        return GapReport(0, (), (NOT_INSTALLED.format(integration=connection.integration),))
    seen, pairs, looked_at = _seen(connection, judge, last)
    judged = judge.judge(seen)
    found = [
        CountedGap(each, len(seen[key].transactions), seen[key].example)
        for key, each in judged.items()
        if each.fate is not Fate.SENT
    ]
    found += _clashes(judge, judged, pairs)
    # Two at once are told in the order of their names, so that a page looks the same twice.
    order = sorted(found, key=lambda each: (-each.transactions, each.judged.family, each.judged.code))
    return GapReport(looked_at, tuple(order), judge.notes())


def used_codes(connection: Connection, judge: Judge, last: int = LOOKED_AT) -> dict[Key, int]:
    """How many of the last transactions use each code; one query."""
    return {key: len(each.transactions) for key, each in _seen(connection, judge, last)[0].items()}


def refused_for(connection_id: uuid.UUID, family: str = "", code: str = "") -> QuerySet[Posting]:
    """The rejected postings of a connection whose reason names this code; without a family, any code of the mapping."""
    of_any = Q(reason_field__startswith=PREFIX) | Q(reason_field__in=[PREFIX.rstrip("."), *LACKING])
    wanted = Q(reason_field__in=fields_of(family, code)) if family else of_any
    return Posting.objects.filter(wanted, connection_id=connection_id, state=State.REJECTED).order_by("pk")


def _seen(connection: Connection, judge: Judge, last: int) -> tuple[dict[Key, _Seen], dict[Key, _Seen], int]:
    """Codes, and pairs of a foreign currency with the company's own, by who uses them; and how many were looked at."""
    seen, pairs, looked_at = dict[Key, _Seen](), dict[Key, _Seen](), 0
    for pk, number, document in _latest(connection, last):
        looked_at += 1
        for key in uses(document, judge.rules):
            seen.setdefault(key, _Seen((pk, number))).add(pk)
        if document.currency != document.base_currency:
            pairs.setdefault((document.currency, document.base_currency), _Seen((pk, number))).add(pk)
    return seen, pairs, looked_at


def _clashes(judge: Judge, judged: dict[Key, Judged], pairs: dict[Key, _Seen]) -> Iterator[CountedGap]:
    by_currency = defaultdict[str, list[_Seen]](list)
    for (own, base), each in pairs.items():
        ours, theirs = (judged[CURRENCY, code.strip()] for code in (own, base))
        if ours.sent and ours.sent == theirs.sent:
            by_currency[own].append(each)
    for own, every in by_currency.items():
        transactions = set().union(*(each.transactions for each in every))
        yield CountedGap(judge.clash(own), len(transactions), max(each.example for each in every))


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
