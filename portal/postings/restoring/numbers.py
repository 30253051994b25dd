"""No number that may have been told is used again: the series of a company go on far beyond, and the gap is explained.

What was answered after the backup stands in iCompleat and in the accounting systems, and not in the restored database.
Its numbers are known only to them. So each series jumps ahead, by a thousand or by ten times what the company took
before the backup in as long a time as was lost, and on to the next full thousand; or exactly as far as somebody says
who has looked. One row keeps the range that was left out, with the reason: a void is explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.transaction import atomic
from django.utils import timezone

from ledger.connector import BuiltInLedger
from ledger.models import Counter
from portal.connections.memo import SETTING as MEMO_BOOKS
from portal.connections.models import Connection
from portal.events.services import tell
from portal.postings.models import NumberSeries, Transaction
from portal.postings.numbers import PREFIX
from portal.postings.restoring.models import VoidNumbers
from portal.tenants.models import Company

PORTAL: Final = PREFIX.rstrip("-")
AT_LEAST: Final = 1000
TIMES_AS_MANY: Final = 10
FULL: Final = 1000
NUMBER: Final = re.compile(r"([A-Z]+)-0*([0-9]+)")
WHY: Final = (
    "Restored from a backup of {backup:%d %b %Y %H:%M} UTC: these numbers may have been answered between then and the "
    "restore, and what they stood for is not in this database."
)


class NoSuchNumber(ValueError):
    """What was given as the last number of a company cannot be it; the message says why."""


@dataclass(frozen=True, slots=True)
class Jump:
    """One series of a company: `last` is the last number that this database knows, `until` the last that is left out.

    `books` is the id of the ledger's books whose series it is; empty for the portal's own.
    """

    company: Company
    series: str
    last: int
    until: int
    books: str = ""

    @property
    def first(self) -> int:
        """The first number that is left out."""
        return self.last + 1

    def __str__(self) -> str:
        return f"{self.company}: {self.series}-{self.first:06d} to {self.series}-{self.until:06d}"


def read_number(text: str) -> tuple[str, int]:
    """`P-000123` as its series and its number. Raises `NoSuchNumber`."""
    found = NUMBER.fullmatch(text.strip().upper())
    if found is None:
        raise NoSuchNumber(f"{text!r} is no number such as {PREFIX}000123.")
    return found[1], int(found[2])


def jumps(
    backup: datetime, now: datetime, *, up_to: Mapping[tuple[str, str], int], at_least: int = AT_LEAST
) -> list[Jump]:
    """What has to be left out. `up_to` is the last number that was answered by company id and series, where somebody
    knows it; everywhere else the jump is a guess that is far too long. `at_least` 0 leaves out only what `up_to` says.

    A series whose end is a void range already is left alone: nothing was taken since. Raises `NoSuchNumber`.
    """
    found, known = list(_jumps(backup, now, at_least, up_to)), set(up_to)
    unknown = known - {(str(jump.company.pk), jump.series) for jump in _series()}
    if unknown:
        raise NoSuchNumber(f"{', '.join(series for _, series in sorted(unknown))}: the company has no such series.")
    return found


def leave_out(found: list[Jump], backup: datetime, *, who: str) -> None:
    """Write the ranges and move the series behind them, all in one transaction."""
    now, why = timezone.now(), WHY.format(backup=backup)
    with atomic():
        for jump in found:
            VoidNumbers.objects.create(
                company=jump.company, series=jump.series, books=jump.books, first=jump.first, last=jump.until, why=why,
                who=who, at=now,
            )  # fmt: skip
            _move(jump)
            tell(
                "numbers.left_out", f"Numbers were left out. {jump}. {why}", who=who, subject=jump.company,
                tenant_id=jump.company.tenant_id, company_id=jump.company.pk, series=jump.series, first=jump.first,
                last=jump.until,
            )  # fmt: skip


def _jumps(backup: datetime, now: datetime, at_least: int, up_to: Mapping[tuple[str, str], int]) -> Iterator[Jump]:
    lost = max(now - backup, timedelta(hours=1))
    for jump in _series():
        given = up_to.get((str(jump.company.pk), jump.series))
        until = given if given is not None else _guess(jump, backup, lost, at_least)
        if until > jump.last:
            yield Jump(jump.company, jump.series, jump.last, until, jump.books)


def _guess(jump: Jump, backup: datetime, lost: timedelta, at_least: int) -> int:
    if at_least == 0 or _ends_with_a_void(jump):
        return jump.last
    before = Transaction.objects.filter(company=jump.company, received_at__gt=backup - lost).count()
    until = jump.last + max(at_least, TIMES_AS_MANY * before)
    return -(-until // FULL) * FULL


def _ends_with_a_void(jump: Jump) -> bool:
    there = VoidNumbers.objects.filter(company=jump.company, series=jump.series, books=jump.books, last=jump.last)
    return there.exists()


def _series() -> Iterator[Jump]:
    """Every series that there is or may have begun since the backup."""
    last = dict(NumberSeries.objects.values_list("company_id", "last"))
    for company in Company.objects.order_by("name", "pk"):
        yield Jump(company, PORTAL, last.get(company.pk, 0), 0)
        for books in _books_of(company):
            for counter in Counter.objects.filter(books_id=books).order_by("series"):
                yield Jump(company, counter.series, counter.last, 0, books)


def _books_of(company: Company) -> list[str]:
    """The built-in books behind the company's connections, and its memo books, each once."""
    found: dict[str, None] = {}
    rows = Connection.objects.filter(company=company).order_by("pk").values_list("integration", "settings")
    for integration, settings in rows:
        own = settings.get("books") if integration == BuiltInLedger.metadata.slug else None
        found.update({str(books): None for books in (own, settings.get(MEMO_BOOKS)) if books})
    return list(found)


def _move(jump: Jump) -> None:
    if jump.books:
        Counter.objects.filter(books_id=jump.books, series=jump.series).update(last=jump.until)
    else:
        NumberSeries.objects.update_or_create(pk=jump.company.pk, defaults={"last": jump.until})
