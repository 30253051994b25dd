"""Make the dry runs that are due: by a worker, outside of every request, one company at a time.

An accounting system that is slow, down or not linked leaves the row waiting with a next try; the rest of the company's
waits with it, since it would hang at the same place.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from integrations.documents import Kind
from portal.intake.before_live.keeping import document_fields, forget_surplus
from portal.intake.before_live.models import Forecast, KeptDryRun
from portal.intake.dry_running import CannotRun, NoSystem, dry_run_of_body
from portal.postings.preview.report import DryRun, Outcome

# Longer than any dry run takes: what a dead worker had in hand is due again then.
LEASE: Final = timedelta(minutes=3)
PASS_SECONDS: Final = 60.0
NOT_LINKED_FOR: Final = timedelta(minutes=10)
TRIED_AGAIN_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
SHOWN_OF_MANY: Final = 3
BODY_GONE: Final = "The body has had its time and is not kept any more, so nothing can be made of it again."
FORECASTS: Final = {
    Outcome.SENT: Forecast.POSTED,
    Outcome.THERE: Forecast.POSTED,
    Outcome.KEPT: Forecast.POSTED,
    Outcome.NOT_TAKEN: Forecast.REFUSED,
    Outcome.GAPS: Forecast.REFUSED,
    Outcome.OBJECTIONS: Forecast.REFUSED,
    Outcome.FAILED: Forecast.UNKNOWN,
}


def companies_due(now: datetime, most: int = 200) -> list[uuid.UUID]:
    """The companies with dry runs to be made at `now` (aware UTC), some of them if there are many."""
    due = KeptDryRun.objects.filter(next_try_at__lte=now).order_by("next_try_at").values_list("company_id", flat=True)
    return list(dict.fromkeys(due[:most]))


def make_due(company_id: uuid.UUID, clock: Callable[[], float] = time.monotonic) -> int:
    """What is due of a company, the newest first, for a minute at most; gives how many came to an end."""
    until, made = clock() + PASS_SECONDS, 0
    while clock() < until and (kept := _claim(company_id, timezone.now())):
        if not _make(kept):
            break
        made += 1
    forget_surplus(company_id)
    return made


def _claim(company_id: uuid.UUID, now: datetime) -> KeptDryRun | None:
    """The newest that is due, held from now on; None where there is none, or another worker was faster."""
    due = KeptDryRun.objects.filter(company_id=company_id, next_try_at__lte=now).order_by("-pk")
    kept = due.select_related("delivery__endpoint__connection__company").defer("result").first()
    if kept is None:
        return None
    held = KeptDryRun.objects.filter(pk=kept.pk, next_try_at=kept.next_try_at).update(next_try_at=now + LEASE)
    kept.next_try_at = now + LEASE
    return kept if held else None


def _make(kept: KeptDryRun) -> bool:
    """False where the accounting system told nothing, so that there is no use in asking it on."""
    endpoint, body = kept.delivery.endpoint, bytes(kept.delivery.body)
    if not body:
        return _settle(kept, next_try_at=None, problem=BODY_GONE)
    try:
        run = dry_run_of_body(endpoint.connection, body, Kind(endpoint.kind) if endpoint.kind else None)
    except NoSystem as error:
        again = timezone.now() + NOT_LINKED_FOR
        _settle(kept, next_try_at=again, problem=error.message)
        return False
    except CannotRun as error:
        why = f"{error.field}: {error.message}" if error.field else error.message
        return _settle(kept, **_ended(Forecast.REFUSED, why), result=None, problem=why)
    return _keep(kept, run)


def _keep(kept: KeptDryRun, run: DryRun) -> bool:
    result, said = replace(run, came_in="").to_json(), document_fields(run.document)
    if run.outcome is not Outcome.FAILED:
        forecast = Forecast.PERHAPS_REFUSED if run.warnings else FORECASTS[run.outcome]
        return _settle(kept, **_ended(forecast, _why(run)), **said, result=result, problem="")
    if kept.tries < len(TRIED_AGAIN_AFTER):
        again = timezone.now() + TRIED_AGAIN_AFTER[kept.tries]
        _settle(kept, next_try_at=again, tries=kept.tries + 1, problem=run.sentence)
    else:
        _settle(kept, **_ended(Forecast.UNKNOWN, ""), **said, result=result, problem=run.sentence)
    return False


def _ended(forecast: Forecast, why: str) -> dict[str, Any]:
    return {"forecast": forecast, "why": why, "made_at": timezone.now(), "next_try_at": None, "tries": 0}


def _why(run: DryRun) -> str:
    """The reasons in plain sentences, a few of many."""
    found = [each.sentence for each in run.distinct_gaps] or [each.message for each in run.objections]
    found = found or list(run.warnings)
    if not found:
        return run.sentence if run.outcome is Outcome.NOT_TAKEN else ""
    more = len(found) - SHOWN_OF_MANY
    return " ".join([*found[:SHOWN_OF_MANY], *([f"And {more} more."] if more > 0 else [])])


def _settle(kept: KeptDryRun, **fields: Any) -> bool:
    """Keep what came of it, unless it was asked for anew meanwhile: then that is made next. True."""
    KeptDryRun.objects.filter(pk=kept.pk, next_try_at=kept.next_try_at).update(**fields)
    return True
