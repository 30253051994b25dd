"""The companies of a tenant: made, named, and counted in the currency of their books."""

from __future__ import annotations

from itertools import chain, count
from typing import Final

from django.core.exceptions import ValidationError
from django.db.transaction import atomic

from integrations.currencies import MINOR_UNITS
from portal.events.services import tell
from portal.tenants.membership import lock
from portal.tenants.models import Company, Tenant
from portal.tenants.naming import clean_organisation
from portal.tenants.refusing import Refused

TEMPORARY: Final = "New company"
LONGEST_NAME: Final = 200
NO_NAME: Final = "Enter a name, or let the accounting system give it."
TOO_LONG: Final = f"A name has {LONGEST_NAME} characters at most."
NAMESAKE: Final = "{tenant} has a company of this name already. Give this one another name."
NO_CURRENCY: Final = "{code} is no currency of ISO 4217. Enter its three letters, such as GBP."


def create(tenant: Tenant, *, name: str, base_currency: str, who: str, is_temporary: bool = False) -> Company:
    """A new company of a tenant, not live yet and linked to nothing. `base_currency` is an ISO 4217 code.

    A temporary name stands until the accounting system has told its own; without any it is made up here. Raises
    `Refused` with the field that is at fault.
    """
    code = _currency(base_currency)
    with atomic():
        lock(tenant.pk)
        chosen = _free_temporary(tenant) if is_temporary and not name.strip() else _name(tenant, name)
        company = Company.objects.create(
            tenant=tenant, name=chosen, name_is_temporary=is_temporary, base_currency=code
        )  # fmt: skip
        _tell(company, "company.created", f"{chosen} was added; its books are in {code}.", who)
    return company


def rename(company: Company, name: str, *, who: str) -> bool:
    """Give a company its name, which is not temporary any more; False where nothing changed. Raises `Refused`."""
    with atomic():
        lock(company.tenant_id)
        held = Company.objects.select_related("tenant").get(pk=company.pk)
        before, was_temporary = held.name, held.name_is_temporary
        chosen = _name(held.tenant, name, besides=held)
        if (chosen, False) == (before, was_temporary):
            return False
        Company.objects.filter(pk=held.pk).update(name=chosen, name_is_temporary=False)
        said = (
            f"{before} is called {chosen} now." if chosen != before else f"{chosen} is not a temporary name any more."
        )
        _tell(held, "company.renamed", said, who)
    company.name, company.name_is_temporary = chosen, False
    return True


def change_base_currency(company: Company, code: str, *, who: str) -> bool:
    """The currency of a company's books, by its ISO 4217 code; False where it is that already. Raises `Refused`.

    Whoever calls has made sure that the company has no transactions: their base amounts are in the one of before.
    """
    chosen = _currency(code)
    with atomic():
        held = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        if held.base_currency == chosen:
            return False
        Company.objects.filter(pk=held.pk).update(base_currency=chosen)
        message = f"The books of {held} are in {chosen}, and not in {held.base_currency}."
        _tell(held, "company.base_currency_changed", message, who)
    company.base_currency = chosen
    return True


def _name(tenant: Tenant, name: str, *, besides: Company | None = None) -> str:
    if not name.strip():
        raise Refused(NO_NAME, field="name")
    try:
        tidy = clean_organisation(name)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="name") from error
    if len(tidy) > LONGEST_NAME:
        raise Refused(TOO_LONG, field="name")
    others = Company.objects.filter(tenant=tenant, name__iexact=tidy, closed_at=None)
    if (others.exclude(pk=besides.pk) if besides else others).exists():
        raise Refused(NAMESAKE.format(tenant=tenant), field="name")
    return tidy


def _free_temporary(tenant: Tenant) -> str:
    taken = set(Company.objects.filter(tenant=tenant, name__startswith=TEMPORARY).values_list("name", flat=True))
    candidates = chain([TEMPORARY], (f"{TEMPORARY} {number}" for number in count(2)))
    return next(name for name in candidates if name not in taken)


def _currency(code: str) -> str:
    tidy = code.strip().upper()
    if tidy not in MINOR_UNITS:
        raise Refused(NO_CURRENCY.format(code=code.strip()[:20] or "Nothing"), field="base_currency")
    return tidy


def _tell(company: Company, verb: str, message: str, who: str) -> None:
    tell(verb, message, who=who, subject=company, tenant_id=company.tenant_id, company_id=company.pk)
