"""The right company was linked: what of it is shown, and what is taken over when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.transaction import atomic

from portal.connections.confirming import confirm
from portal.connections.models import Connection
from portal.postings.models import Transaction
from portal.tenants import companies
from portal.tenants.models import Company
from portal.tenants.refusing import Refused

OTHER_CURRENCY: Final = (
    "The books there are in {theirs}, but {company} has transactions in {ours} already. Start again and link the books "
    "in {ours}, or make another company for those in {theirs}."
)


@dataclass(frozen=True, slots=True)
class Linked:
    """The company over there beside ours."""

    company: Company
    connection: Connection

    @property
    def name(self) -> str:
        """What it is called over there."""
        return self.connection.external_company_name

    @property
    def has_a_name(self) -> bool:
        """Whether it is called anything over there that did not come from us."""
        return bool(self.name) and self.name.casefold() != self.company.name.casefold()

    @property
    def currency(self) -> str:
        """The currency of the books over there; empty as long as it is not known."""
        return str(self.connection.there.get("base_currency", ""))

    @property
    def legal_name(self) -> str:
        """Its legal name, where that is known and another one."""
        told = str(self.connection.there.get("legal_name", ""))
        return "" if told == self.name else told

    @property
    def registration(self) -> str:
        """Its number in the register, where that is known."""
        return str(self.connection.there.get("registration", ""))

    @property
    def has_other_currency(self) -> bool:
        """Whether the books there are in another currency than ours say."""
        return bool(self.currency) and self.currency != self.company.base_currency

    @property
    def obstacle(self) -> str:
        """Why it cannot be confirmed; empty where it can."""
        if self.has_other_currency and Transaction.objects.filter(company=self.company).exists():
            words = {"theirs": self.currency, "ours": self.company.base_currency, "company": self.company}
            return OTHER_CURRENCY.format(**words)
        return ""


def accept(linked: Linked, *, take_name: bool, who: str) -> bool:
    """Confirm the link; the name is taken over where asked, and the currency where it differs.

    False where somebody has confirmed it already. Raises `Refused` and `CannotLink`: then nothing was changed.
    """
    with atomic():
        Company.objects.select_for_update(no_key=True).get(pk=linked.company.pk)
        if obstacle := linked.obstacle:
            raise Refused(obstacle)
        if take_name and linked.name:
            companies.rename(linked.company, linked.name, who=who)
        if linked.has_other_currency:
            companies.change_base_currency(linked.company, linked.currency, who=who)
        return confirm(linked.connection, who=who)
