"""What closing a company means here: postings come to rest first, and the tokens of its addresses retire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from portal.connections.models import EndpointToken
from portal.events.services import tell
from portal.postings.models import Posting
from portal.postings.states import UNDER_WAY
from portal.staff.paging import at_most
from portal.tenants import living
from portal.tenants.models import Company

COUNTED: Final = 1_000
# As long as this its source is still told in words that the company is closed; then its tokens are unknown.
TOLD_FOR: Final = timedelta(days=30)
ON_THEIR_WAY: Final = (
    "{count} on the way: ready, being sent, awaited, or of unknown outcome. Wait until each is posted or refused, or "
    "have it closed, then close the company."
)


def register() -> None:
    """Let `portal.tenants.living` ask and do this."""
    living.before_closing("postings", on_their_way)
    living.with_closing("tokens", retire_tokens)


def on_their_way(company: Company) -> Iterator[str]:
    """Why the company may not be closed now: a document that was answered with a number is ours until it is posted."""
    moving = Posting.objects.filter(connection__company=company, state__in=UNDER_WAY).order_by()
    count, said = at_most(moving, COUNTED)
    if count:
        yield ON_THEIR_WAY.format(count="1 posting is" if said == "1" else f"{said} postings are")


def retire_tokens(company: Company, who: str) -> None:
    """Every token that is live retires; until then a call with it is told that the company is closed."""
    until = timezone.now() + TOLD_FOR
    live = EndpointToken.objects.filter(endpoint__connection__company=company)
    retired = live.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=until)).update(retires_at=until)
    if retired:
        message = f"The tokens of all addresses work until {until:%d %b %Y}; a call with one is refused as closed."
        tell(
            "endpoint.tokens_retired", message, who=who, subject=company, tenant_id=company.tenant_id,
            company_id=company.pk, tokens=retired,
        )  # fmt: skip
