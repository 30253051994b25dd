"""What is done once after a restore from an older backup, before a worker starts: `manage.py after_restore`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from portal.connections.models import Connection, Side
from portal.events.services import tell
from portal.operations.health import ALIVE_WITHIN
from portal.operations.models import Part, Sign
from portal.postings.models import Posting
from portal.postings.restoring.numbers import AT_LEAST, Jump, jumps, leave_out
from portal.postings.restoring.open_ones import distrust, open_counts
from portal.reference.sync.lists import mistrust
from portal.reference.sync.models import SourceList
from portal.tenants.models import Company
from portal.timetable.models import Slot


@dataclass(frozen=True, slots=True)
class Plan:
    """What `after_restore` is about to do. `backup` is when the backup was made, as far as its rows tell; `lists` are
    those at sources that would be believed to hold what this backup says."""

    backup: datetime
    now: datetime
    postings: Counter[str]
    jumps: list[Jump]
    lists: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do: it was done already."""
        return not (self.postings or self.jumps or self.lists)


def living_workers(now: datetime) -> list[str]:
    """Workers that left a sign a moment ago: nothing may be changed beneath them."""
    signs = Sign.objects.filter(part=Part.WORKER, seen_at__gte=now - ALIVE_WITHIN).order_by("process")
    return list(signs.values_list("process", flat=True))


def time_of_backup() -> datetime | None:
    """The newest moment that the restored rows know: a sign of life, a slot, or a change of a posting."""
    newest = (
        Sign.objects.aggregate(at=Max("seen_at"))["at"],
        Slot.objects.aggregate(at=Max("taken_at"))["at"],
        Posting.objects.order_by("-id").values_list("created_at", flat=True).first(),
    )
    return max((at for at in newest if at is not None), default=None)


def plan(backup: datetime, *, up_to: Mapping[tuple[str, str], int], at_least: int = AT_LEAST) -> Plan:
    """What would be done now. Raises `NoSuchNumber`."""
    now = timezone.now()
    found = jumps(backup, now, up_to=up_to, at_least=at_least)
    return Plan(backup, now, open_counts(now), found, SourceList.objects.filter(replaced_at__isnull=False).count())


def carry_out(found: Plan, *, who: str) -> Counter[str]:
    """Do it, with an audit event. What is interrupted is finished by doing it again. Returns the postings touched."""
    leave_out(found.jumps, found.backup, who=who)
    touched = distrust(found.now)
    for source in Connection.objects.filter(side=Side.SOURCE).defer("secrets"):
        mistrust(source)
    tell(
        "portal.restored",
        f"Restored from a backup of {found.backup:%d %b %Y %H:%M} UTC: {touched.total()} open postings are not "
        f"believed, {len(found.jumps)} series of numbers go on behind a gap.",
        who=who,
        postings=dict(touched),
        numbers=[str(jump) for jump in found.jumps],
    )
    return touched


def companies_by_name() -> dict[str, str]:
    """The id of each company by its id and by its name, where the name is not used twice."""
    rows = [(str(pk), name) for pk, name in Company.objects.values_list("pk", "name")]
    named = Counter(name.casefold() for _, name in rows)
    return {**{pk: pk for pk, _ in rows}, **{name.casefold(): pk for pk, name in rows if named[name.casefold()] == 1}}
