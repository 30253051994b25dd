"""Look at one difference again: what stands there with its key now, against what we say now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from integrations.http import nothing
from portal.postings.reconciliation import asking
from portal.postings.reconciliation.compare import DOCUMENT, Told, is_left, judge
from portal.postings.reconciliation.findings import GONE, report, resolve
from portal.postings.reconciliation.models import Difference, DifferenceKind, DifferenceState, ReconciliationRun
from portal.postings.reconciliation.ours import ours, with_key

RESOLVED: Final = "resolved"
LEFT: Final = "left"


def look_again(
    difference: Difference,
    keep: Callable[[], None] = nothing,
    *,
    run: ReconciliationRun | None = None,
    user: AbstractBaseUser | None = None,
    why: str = GONE,
) -> str:
    """Look its key up and judge anew: `RESOLVED`, `LEFT` while its posting is under way, else the kind that it is now.

    Call it outside of any database transaction. Raises what the connector raises; then nothing was changed.
    """
    hint = difference.documents[0] if difference.documents else {}
    theirs = asking.found(difference.connection, difference.key, difference.posting, hint, keep)
    posting = with_key(difference.key)
    side = ours(posting, in_full=True)
    finding = judge(side, theirs)
    if is_left(side):
        return LEFT
    if finding is not None:
        return report(difference.connection, difference.key, posting, finding, run)
    if not _is_proven(difference, theirs):
        return _stays(difference, run)
    resolve([difference], why, user)
    return RESOLVED


def _is_proven(difference: Difference, theirs: Sequence[Told]) -> bool:
    """A lookup may tell less than a listing: a field that it does not tell may differ as before."""
    if difference.kind != DifferenceKind.DIFFERENT:
        return True
    fields = {name for name, *_ in difference.details} - {DOCUMENT}
    return all(fields <= document.keys() for document in theirs)


def _stays(difference: Difference, run: ReconciliationRun | None) -> str:
    seen = {"last_seen_at": timezone.now(), **({"last_run": run} if run else {})}
    Difference.objects.filter(pk=difference.pk, state=DifferenceState.OPEN).update(**seen)
    return difference.kind
