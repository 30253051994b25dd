"""The days that count in a company's life: going live, back to not live, and closing.

This room knows the company alone. What else must be true first, and what else is done with it, is said by the rooms
above: they add their rules when the applications are ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from django.db.transaction import atomic
from django.utils import timezone

from portal.events.services import tell
from portal.tenants.models import Company


class Dated(Protocol):
    """Whatever knows both days of a company: its row, or an endpoint as a delivery finds it."""

    @property
    def live_at(self) -> datetime | None:
        """Since when deliveries are booked."""

    @property
    def closed_at(self) -> datetime | None:
        """Since when nothing is taken in any more."""


# Each takes a company and gives what stands in the way, in plain sentences.
Rule = Callable[[Company], Iterable[str]]
# What else is done, inside the same database transaction; `who` is for the audit trail.
Effect = Callable[[Company, str], None]

CLOSED: Final = "{company} is closed, and a closed company stays closed."
NO_REASON: Final = "Say why: it is kept in the history, with your name."

_before_going_live: dict[str, Rule] = {}
_before_closing: dict[str, Rule] = {}
_with_closing: dict[str, Effect] = {}


class CannotChange(Exception):
    """Nothing was changed. `messages` says why, one plain sentence for each thing that stands in the way."""

    def __init__(self, *messages: str) -> None:
        super().__init__(" ".join(messages))
        self.messages = messages

    @property
    def message(self) -> str:
        """All of it as one text."""
        return " ".join(self.messages)


def before_going_live(name: str, rule: Rule) -> None:
    """Ask this rule, too, before a company goes live. A name that is there already is replaced."""
    _before_going_live[name] = rule


def before_closing(name: str, rule: Rule) -> None:
    """Ask this rule, too, before a company is closed."""
    _before_closing[name] = rule


def with_closing(name: str, effect: Effect) -> None:
    """Do this, too, when a company is closed."""
    _with_closing[name] = effect


def is_live(company: Dated, now: datetime) -> bool:
    """Whether deliveries are booked at `now` (aware)."""
    return company.live_at is not None and company.live_at <= now and not is_closed(company, now)


def is_closed(company: Dated, now: datetime) -> bool:
    """Whether the company takes nothing in any more at `now` (aware)."""
    return company.closed_at is not None and company.closed_at <= now


def lacks(company: Company) -> tuple[str, ...]:
    """What must be done before the company may go live, in plain sentences; nothing where it may."""
    return _asked(_before_going_live, company)


def hinders_closing(company: Company) -> tuple[str, ...]:
    """What stands in the way of closing the company, in plain sentences; nothing where it may be closed."""
    return _asked(_before_closing, company)


def go_live(company: Company, *, who: str) -> bool:
    """From now on deliveries are booked. False where they are already. Raises `CannotChange`."""
    with atomic():
        held, now = _held(company), timezone.now()
        _refuse_closed(held, now)
        if is_live(held, now):
            return False
        if missing := lacks(held):
            raise CannotChange(*missing)
        _keep(company, held, live_at=now)
        _tell(held, "company.went_live", f"{held} went live: what comes in is booked.", who)
    return True


def back_to_not_live(company: Company, *, who: str, why: str) -> bool:
    """From now on deliveries are answered “not live yet” again; nothing else changes. False where they are already.

    `why` is kept. Raises `CannotChange` for a closed company, and without a reason.
    """
    reason = _reason(why)
    with atomic():
        held, now = _held(company), timezone.now()
        _refuse_closed(held, now)
        if held.live_at is None:
            return False
        _keep(company, held, live_at=None)
        _tell(held, "company.back_to_not_live", f"{held} is not live any more: {reason}", who)
    return True


def close(company: Company, *, who: str, why: str) -> bool:
    """From now on nothing is taken in for the company; all that it has stays readable. False where it is so already.

    It is refused while postings are on their way, for what is closed sends nothing more. `why` is kept. Raises
    `CannotChange`, also without a reason.
    """
    reason = _reason(why)
    with atomic():
        held, now = _held(company), timezone.now()
        if is_closed(held, now):
            return False
        if hindered := hinders_closing(held):
            raise CannotChange(*hindered)
        _keep(company, held, closed_at=now)
        for effect in _with_closing.values():
            effect(held, who)
        _tell(held, "company.closed", f"{held} was closed: {reason}", who)
    return True


def _asked(rules: dict[str, Rule], company: Company) -> tuple[str, ...]:
    return tuple(sentence for rule in rules.values() for sentence in rule(company) if sentence)


def _held(company: Company) -> Company:
    """The row as it stands, locked: of two people who press at once, the second sees what the first one did."""
    return Company.objects.select_for_update(no_key=True).get(pk=company.pk)


def _refuse_closed(company: Company, now: datetime) -> None:
    if is_closed(company, now):
        raise CannotChange(CLOSED.format(company=company))


def _reason(why: str) -> str:
    reason = why.strip()[:500]
    if not reason:
        raise CannotChange(NO_REASON)
    return reason


def _keep(company: Company, held: Company, **moments: datetime | None) -> None:
    """Both the row and what the caller holds of it."""
    for name, at in moments.items():
        setattr(held, name, at)
        setattr(company, name, at)
    held.save(update_fields=list(moments))


def _tell(company: Company, verb: str, message: str, who: str) -> None:
    tell(verb, message, who=who, subject=company, tenant_id=company.tenant_id, company_id=company.pk)
