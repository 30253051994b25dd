"""Amendments as the pages of customers show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.safestring import SafeString

from portal.amending.deciding import LABELS, choices
from portal.amending.models import WAITING_FOR_A_PERSON, AmendmentDuty, DutyState, Member
from portal.amending.wording import badge, shown
from portal.connections.models import Side
from portal.desk.words import source_name, system_name
from portal.postings.models import Transaction

MOST_SHOWN: Final = 20


@dataclass(frozen=True)
class Shown:
    """One amendment."""

    duty: AmendmentDuty

    @property
    def badge(self) -> SafeString:
        """Where it stands."""
        return badge(self.duty)

    @property
    def what(self) -> str:
        """What was changed, where: `Order number changed at accessplanit`; a number was told."""
        posting, member = self.duty.posting, str(self.duty.get_member_display())
        if self.duty.member == Member.POSTED_NUMBER:
            return f"{member} told to {source_name(posting.transaction.source)}"
        if self.duty.is_conflict:
            return f"{member} changed on both sides"
        to_books = self.duty.connection.side == Side.ACCOUNTING
        where = source_name(posting.transaction.source) if to_books else system_name(posting.connection)
        return f"{member} changed in {where}"

    @property
    def change(self) -> str:
        """From what to what."""
        if self.duty.member == Member.POSTED_NUMBER:
            return self.duty.after
        return f"{shown(self.duty, self.duty.before)} → {shown(self.duty, self.duty.after)}"

    @property
    def outcome(self) -> str:
        """What became of it, in a sentence."""
        if self.duty.state == DutyState.DONE and not self.duty.message:
            return f"It was written into {system_name(self.duty.connection)}."
        return self.duty.message

    @property
    def decisions(self) -> list[tuple[str, str]]:
        """What can be decided now, each with its word; only for what waits for a person."""
        if self.duty.state not in WAITING_FOR_A_PERSON:
            return []
        return [(name, LABELS[name]) for name in choices(self.duty)]


def amendments_of(transaction: Transaction) -> list[Shown]:
    """Those of a transaction, the latest first, without what something newer has replaced."""
    rows = AmendmentDuty.objects.filter(posting__transaction=transaction).exclude(state=DutyState.SUPERSEDED)
    related = ("connection__company", "posting__transaction", "posting__connection__company")
    heavy = ("posting__transaction__content", "connection__secrets", "posting__connection__secrets")
    return [Shown(one) for one in rows.select_related(*related).defer(*heavy).order_by("-pk")[:MOST_SHOWN]]


def needing(company_id: UUID, most: int) -> list[Shown]:
    """The newest of a company that wait for a person."""
    rows = AmendmentDuty.objects.filter(connection__company=company_id, state__in=WAITING_FOR_A_PERSON)
    related = ("connection__company", "posting__transaction", "posting__connection__company")
    heavy = ("posting__transaction__content", "connection__secrets", "posting__connection__secrets")
    return [Shown(one) for one in rows.select_related(*related).defer(*heavy).order_by("-pk")[:most]]
