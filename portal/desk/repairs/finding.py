"""One transaction of a company, with the posting that counts: what every page of this area begins with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import Http404

from portal.desk.access import Place
from portal.desk.selectors import Sight, with_whole_postings
from portal.postings.models import Attempt, Posting, Transaction
from portal.postings.which import posting_of
from portal.tenants.models import Company, Member, Role

LARGEST_KEY: Final = 2**63 - 1


def place_within(user: AbstractBaseUser | AnonymousUser, sight: Sight, company: Company) -> Place:
    """A company that this person sees, without looking for it again. Raises `Http404` for who is no member any more."""
    member = Member.objects.filter(user__pk=user.pk or 0, tenant_id=company.tenant_id).first()
    if member is None:
        raise Http404("There is no such company.")
    return Place(sight, company, Role(member.role))


def one_of(place: Place, public_id: UUID) -> tuple[Transaction, Posting | None]:
    """Raises `Http404` for another company's, as for one that does not exist."""
    found = place.sight.transaction(public_id)
    if found.company_id != place.company.pk:
        raise Http404("There is no such transaction.")
    return found, posting_of(found)


def some_of(place: Place, public_ids: Iterable[str]) -> list[Transaction]:
    """Those of the company's transactions that are named, the latest first; what is no id, or not its, is left out."""
    rows = place.sight.transactions().filter(company=place.company, public_id__in=_ids(public_ids))
    return list(with_whole_postings(rows).defer("content").order_by("-pk"))


def attempt_of(transaction: Transaction, attempt_id: int) -> Attempt:
    """One try of it, with its exchanges. Raises `Http404` for any other."""
    rows = Attempt.objects.select_related("user", "posting__connection").filter(posting__transaction=transaction)
    found = rows.filter(pk=attempt_id).first() if attempt_id <= LARGEST_KEY else None
    if found is None:
        raise Http404("There is no such attempt.")
    return found


def _ids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
