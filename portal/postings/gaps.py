"""Codes that came in and that the mapping of a connection has no answer for, and the postings that were refused so."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import InvalidOperation
from typing import Final

from django.db.models import Q, QuerySet

from integrations.content import from_json as document_from_json
from integrations.documents import Document
from portal.connections.models import Connection, Side
from portal.connections.registry import UnknownIntegration, accounting_system
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.gaps import Gap, Why
from portal.reference.mapping import Key, gaps, refusing
from portal.reference.mending import LACKING, PREFIX, fields_of
from portal.reference.rules import Missing, Rules, from_json
from portal.reference.tables import rows_for

LOOKED_AT: Final = 200
AT_ONCE: Final = 20
UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidOperation)


@dataclass(frozen=True, slots=True)
class CountedGap:
    """One code without a row. `transactions` is how many of those that were looked at use it, `example` the id and
    number of the latest. `default` is the code that is sent instead, empty where the document is refused."""

    gap: Gap
    transactions: int
    example: tuple[int, str]
    default: str


@dataclass(frozen=True, slots=True)
class GapReport:
    """What was looked at, and what has no row, the most used first."""

    looked_at: int
    found: tuple[CountedGap, ...]


@dataclass(slots=True)
class _Seen:
    gap: Gap
    example: tuple[int, str]
    transactions: set[int] = field(default_factory=set)


def gaps_of(connection: Connection, last: int = LOOKED_AT) -> GapReport:
    """Which codes of the company's last transactions have no row, in two queries. Kinds that the accounting system does
    not take are passed over: a memo entry is not mapped. Raises `Misconfigured` for rules that cannot be read."""
    rules = from_json(connection.mapping)
    seen: dict[Key, _Seen] = {}
    looked_at = 0
    for pk, number, document in _latest(connection, last):
        looked_at += 1
        # An empty table lacks every code that is looked up; what the real one has is taken away below.
        for gap in gaps(document, refusing(rules), {}):
            each = seen.setdefault((gap.family, gap.code), _Seen(gap, (pk, number)))
            each.transactions.add(pk)
    there = rows_for(connection.pk, [key for key, each in seen.items() if each.gap.why is Why.UNKNOWN])
    found = [_counted(each, rules) for key, each in seen.items() if key not in there]
    return GapReport(looked_at, tuple(sorted(found, key=lambda each: -each.transactions)))


def refused_for(connection_id: uuid.UUID, family: str = "", code: str = "") -> QuerySet[Posting]:
    """The rejected postings of a connection whose reason names this code; without a family, any code of the mapping."""
    of_any = Q(reason_field__startswith=PREFIX) | Q(reason_field__in=[PREFIX.rstrip("."), *LACKING])
    wanted = Q(reason_field__in=fields_of(family, code)) if family else of_any
    return Posting.objects.filter(wanted, connection_id=connection_id, state=State.REJECTED).order_by("pk")


def _counted(seen: _Seen, rules: Rules) -> CountedGap:
    rule = rules.of(seen.gap.family)
    stands_in = seen.gap.why is Why.UNKNOWN and rule.unknown is Missing.DEFAULT
    return CountedGap(seen.gap, len(seen.transactions), seen.example, rule.default if stands_in else "")


def _latest(connection: Connection, last: int) -> Iterator[tuple[int, str, Document]]:
    rows = Transaction.objects.filter(company_id=connection.company_id, **_kinds(connection))
    # What was raised at a source comes back from there, and only then goes into the books.
    rows = rows.exclude(postings__connection__side=Side.SOURCE).order_by("-id")[:last]
    for pk, number, content in rows.values_list("pk", "number", "content").iterator(chunk_size=AT_ONCE):
        try:
            yield pk, number, document_from_json(content)
        except UNREADABLE:
            continue


def _kinds(connection: Connection) -> dict[str, list[str]]:
    try:
        return {"kind__in": sorted(accounting_system(connection.integration).can.kinds)}
    except UnknownIntegration:
        return {}
