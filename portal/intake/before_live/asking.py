"""Ask for dry runs again, after the mapping or the accounting system was changed. Ring afterwards."""

from __future__ import annotations

from django.utils import timezone

from portal.events.services import tell
from portal.intake.before_live.keeping import KEPT_AT_MOST
from portal.intake.before_live.models import Forecast, KeptDryRun
from portal.tenants.models import Company

# What a change of the mapping may have mended.
NOT_GOOD = (Forecast.REFUSED, Forecast.PERHAPS_REFUSED, Forecast.UNKNOWN)


def ask_again(kept: KeptDryRun, *, who: str) -> None:
    """Make this one anew; what was found before is shown until then."""
    KeptDryRun.objects.filter(pk=kept.pk).update(next_try_at=timezone.now(), tries=0, problem="")
    _tell(kept.company, 1, who)


def ask_all_again(company: Company, *, who: str) -> int:
    """Make all of a company anew that would not be posted as things stood; gives how many."""
    rows = KeptDryRun.objects.filter(company=company)
    wanted = rows.order_by("-pk").values_list("pk", "forecast")[:KEPT_AT_MOST]
    ids = [pk for pk, forecast in wanted if forecast in NOT_GOOD]
    asked = rows.filter(pk__in=ids).update(next_try_at=timezone.now(), tries=0, problem="")
    if asked:
        _tell(company, asked, who)
    return asked


def _tell(company: Company, count: int, who: str) -> None:
    what = "A dry run" if count == 1 else f"{count} dry runs"
    message = f"{what} of what came in before go-live {'was' if count == 1 else 'were'} asked for again."
    tell(
        "dry_run.asked", message, who=who, subject=company, tenant_id=company.tenant_id, company_id=company.pk,
        count=count,
    )  # fmt: skip
