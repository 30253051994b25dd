"""Raise transactions at the source of a company: checked as a whole, then taken in once for each caller's key.

What is raised is a transaction with a number of the company's own and a posting to the source. What comes back from the
source afterwards is another transaction, and that one alone is posted into the books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Dimension, Document, Kind, Line, Stage
from portal.connections.models import Connection
from portal.connections.services import accounting_connection
from portal.events.services import tell
from portal.postings.accept import Taken, accept
from portal.postings.destination import Destination
from portal.postings.turns import turn
from portal.raising import at_source
from portal.raising.checking import check_each, sums_of
from portal.raising.codes import check_codes, supplier_of
from portal.raising.mirror import Mirror, load
from portal.raising.models import Origin, Raised, Wish
from portal.raising.wanted import CannotRaise, Conflict, Problem, Wanted, WantedLine
from portal.tenants.models import Company

__all__ = [
    "CannotRaise", "Conflict", "Origin", "Problem", "Wanted", "WantedLine", "asked_before", "check", "listing",
    "raise_all",
]  # fmt: skip

# What neither a list nor the check of a key looks at: whole documents, and secrets that would be decrypted for nothing.
HEAVY: Final = (
    "posting__traceback", "posting__booked", "posting__transaction__content", "posting__connection__secrets",
    "posting__connection__settings", "posting__connection__mapping", "came_back__content",
)  # fmt: skip
DELIVERY_SITE: Final = "Delivery Site"
# Other deliveries of the company wait for its numbers as long as one of these is taken in.
AT_ONCE: Final = 50

USED: Final = (
    "The key {key} was used on {day} for a transaction with other content. Nothing was changed: use another key."
)
WRONG: Final = "Nothing was raised: {count} to mend first."
UNREAD: Final = "Nothing was raised: the transaction {key} could not be read."


@dataclass(frozen=True, slots=True)
class _Examined:
    """What was found, and what it was found with."""

    problems: list[Problem]
    source: Connection | None
    mirror: Mirror


def check(company: Company, wanted: Sequence[Wanted], *, stage: Stage = Stage.DRAFT) -> list[Problem]:
    """Everything that speaks against raising these as far as `stage`, and warnings, in the order of the file.

    Nothing is written and nobody is asked but the database, in a number of queries that does not grow with `wanted`.
    What was raised before, with the same key and content, is not checked again; other content is a problem.
    """
    known = _known(company, wanted)
    new = [one for one in wanted if one.key not in known]
    conflicts = _conflicts(wanted, known, stage)
    return [*conflicts, *(_examine(company, new, stage).problems if new else ())]


def asked_before(company: Company, wanted: Wanted, *, stage: Stage) -> Raised | None:
    """What was raised with this key and this very content, else None. Raises `Conflict` where the content differs."""
    known = _known(company, [wanted])
    _refuse_conflicts([wanted], known, stage)
    return known.get(wanted.key)


def raise_all(
    company: Company, wanted: Sequence[Wanted], *, stage: Stage, origin: Origin, who: str, user: Any = None
) -> list[Raised]:
    """Raise transactions at the company's source, as a draft or fully approved; gives them in the order of `wanted`.

    Each is raised once for its key: asked for again with the same content, it is only given back. They are committed
    in blocks of fifty; what breaks off is asked for again as a whole, and the rest follows. Nothing is sent from here:
    ring after it (`portal.raising.tasks`). `user` is the person who asked, if it was one.

    Raises `Conflict` where a key was used for something else, `CannotRaise` with the problems where there is an error.
    """
    known = _known(company, wanted)
    _refuse_conflicts(wanted, known, stage)
    new = [one for one in wanted if one.key not in known]
    if new:
        destination, mirror = _ready(company, new, stage)
        asking = _Asking(company, destination, mirror, stage, origin, who, user)
        for start in range(0, len(new), AT_ONCE):
            known |= asking.take(new[start : start + AT_ONCE])
    return [known[one.key] for one in wanted]


def listing(company: Company) -> QuerySet[Raised]:
    """What was raised for a company, the newest first, with what its pages show of the neighbours."""
    rows = Raised.objects.filter(company=company).order_by("-id")
    return rows.select_related("posting__transaction", "posting__connection", "came_back").defer(*HEAVY)


def _known(company: Company, wanted: Sequence[Wanted]) -> dict[str, Raised]:
    keys = {one.key for one in wanted}
    return {one.caller_key: one for one in listing(company).filter(caller_key__in=keys)}


def _conflicts(wanted: Sequence[Wanted], known: Mapping[str, Raised], stage: Stage) -> Iterator[Problem]:
    for one in wanted:
        before = known.get(one.key)
        if before is not None and (one.unread or before.content_hash != one.content_hash(stage)):
            message = USED.format(key=one.key, day=f"{before.created_at:%Y-%m-%d}")
            yield Problem(message=message, line=one.line, column="key", path="key", key=one.key)


def _refuse_conflicts(wanted: Sequence[Wanted], known: Mapping[str, Raised], stage: Stage) -> None:
    conflicts = list(_conflicts(wanted, known, stage))
    if conflicts:
        raise Conflict(conflicts[0].message, conflicts)


def _examine(company: Company, wanted: Sequence[Wanted], stage: Stage) -> _Examined:
    source = at_source.raising_connection(company)
    mirror = load(accounting_connection(company), wanted)
    kinds = {one.kind for one in wanted if one.kind}
    base = company.base_currency
    in_them = [
        *check_each(wanted, stage=stage, base_currency=base),
        *check_codes(wanted, mirror, base_currency=base),
    ]
    found = [*at_source.problems(company, source, kinds), *sorted(in_them, key=lambda problem: problem.line)]
    return _Examined(found, source, mirror)


def _ready(company: Company, wanted: Sequence[Wanted], stage: Stage) -> tuple[Destination, Mirror]:
    """Where they go, if nothing speaks against it."""
    for one in wanted:
        if one.unread or any(line.unread for line in one.lines):
            raise CannotRaise(UNREAD.format(key=one.key))
    examined = _examine(company, wanted, stage)
    errors = [problem for problem in examined.problems if not problem.is_warning]
    if errors or examined.source is None:
        message = errors[0].message if len(errors) == 1 else WRONG.format(count=f"{len(errors)} things are")
        raise CannotRaise(message, examined.problems)
    return Destination.of(examined.source), examined.mirror


@dataclass(frozen=True, slots=True)
class _Asking:
    """All that the transactions of one call have in common."""

    company: Company
    destination: Destination
    mirror: Mirror
    stage: Stage
    origin: Origin
    who: str
    user: Any

    def take(self, wanted: Sequence[Wanted]) -> dict[str, Raised]:
        """Take some in, in one database transaction. Whoever asks for the same keys at the same moment waits here."""
        with turn(self.company.pk), atomic():
            Company.objects.select_for_update(no_key=True).get(pk=self.company.pk)
            known = _known(self.company, wanted)
            _refuse_conflicts(wanted, known, self.stage)
            made = {one.key: self._take(one) for one in wanted if one.key not in known}
            if made:
                _tell(self.company, list(made.values()), self.who, self.stage)
        return known | made

    def _take(self, one: Wanted) -> Raised:
        now = timezone.now()
        acceptance = accept(self._document(one), self.destination, received_at=now)
        if acceptance.taken is not Taken.NEW:
            raise Conflict(USED.format(key=one.key, day=f"{now:%Y-%m-%d}"))
        return Raised.objects.create(
            company=self.company,
            caller_key=one.key,
            content_hash=one.content_hash(self.stage),
            origin=self.origin,
            who=self.who[:200],
            asked_by=self.user,
            posting=acceptance.posting,
            wish=Wish(self.stage.value),
            created_at=now,
        )

    def _document(self, one: Wanted) -> Document:
        sums = sums_of(one)
        if sums is None or one.kind is None:
            raise CannotRaise(UNREAD.format(key=one.key))
        net, tax, gross = sums
        site = (Dimension(name=DELIVERY_SITE, code=one.delivery_site),) if one.delivery_site else ()
        return Document(
            kind=Kind(one.kind),
            source=self.origin.value,
            external_id=one.key,
            identity=one.key,
            number=one.key,
            party=supplier_of(one, self.mirror),
            currency=one.currency or self.company.base_currency,
            base_currency=self.company.base_currency,
            net=net,
            tax=tax,
            gross=gross,
            lines=tuple(_line(number, line) for number, line in enumerate(one.lines, start=1)),
            order_number=one.order_number,
            supplier_reference=one.supplier_reference,
            title=one.title,
            date=one.date,
            due_date=one.due_date,
            delivery_date=one.delivery_date,
            dimensions=one.dimensions + site,
            stage=self.stage,
        )


def _line(number: int, line: WantedLine) -> Line:
    net, tax, gross = line.amounts() or (None, None, None)
    if net is None or tax is None or gross is None:
        raise CannotRaise(UNREAD.format(key=f"in line {line.line}"))
    return Line(
        number=number,
        description=line.description,
        net=net,
        tax=tax,
        gross=gross,
        quantity=line.quantity,
        unit_price=line.unit_price,
        item_code=line.item_code,
        account_code=line.account_code or None,
        tax_code=line.tax_code or None,
        dimensions=line.dimensions,
    )


def _tell(company: Company, raised: Sequence[Raised], who: str, stage: Stage) -> None:
    words = "fully approved" if stage is Stage.APPROVED else "as drafts"
    what = "1 transaction was" if len(raised) == 1 else f"{len(raised):,} transactions were"
    message = f"{what} raised {words} for {company}."
    tell(
        "transactions.raised", message, who=who, subject=raised[0], tenant_id=company.tenant_id, company_id=company.pk,
        keys=[one.caller_key for one in raised],
    )  # fmt: skip
