"""For staff: which job ran when, and which processes live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.operations.health import ALIVE_WITHIN
from portal.operations.models import Sign
from portal.staff.base import ReadOnlyAdmin
from portal.staff.formats import NOTHING, age, copyable, moment
from portal.staff.sections import Fact, Section
from portal.timetable.models import Outcome, Slot
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, tone

TONES: Final = {
    Outcome.DONE: POSTED,
    Outcome.FAILED: PERSON,
    Outcome.DIED: PERSON,
    Outcome.MISSED: CLOSED,
    Outcome.NEW: CLOSED,
}


@admin.register(Slot)
class SlotAdmin(ReadOnlyAdmin[Slot]):
    """What was done at fixed times, the newest first."""

    list_display = ("shown_slot", "job", "badge", "took", "tries", "taken_by", "problem")
    list_display_links = ("shown_slot",)
    list_filter = ("outcome",)
    search_fields = ("=job",)
    search_help_text = "A job's whole name, such as operations.clear_sessions."
    ordering = ("-starts_at", "job")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Mails link here with the job that they are about."""
        return lookup == "job__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def sections(self, request: HttpRequest, obj: Slot) -> Sequence[Section]:
        """The whole slot."""
        facts = [
            Fact("Job", copyable(obj.job)),
            Fact("Slot", moment(obj.starts_at, seconds=True)),
            Fact("Outcome", self.badge(obj)),
            Fact("Meaning", str(obj.get_outcome_display()).partition(": ")[2].capitalize()),
            Fact("Taken", moment(obj.taken_at, seconds=True)),
            Fact("By", obj.taken_by),
            Fact("Tries", str(obj.tries)),
            Fact("Finished", moment(obj.finished_at, seconds=True)),
            Fact("Lease until", moment(obj.lease_until, seconds=True)),
            Fact("Problem", obj.problem, wide=True),
        ]
        return [Section(title="Slot", facts=facts)]

    @admin.display(description="Slot", ordering="starts_at")
    def shown_slot(self, obj: Slot) -> str:
        """The moment at which it was due."""
        return moment(obj.starts_at, seconds=True)

    @admin.display(description="Outcome", ordering="outcome")
    def badge(self, obj: Slot) -> SafeString:
        """Word, shape and colour."""
        if obj.finished_at is None:
            return tone(UNDER_WAY, "Running")
        return tone(TONES[Outcome(obj.outcome)], obj.outcome.capitalize())

    @admin.display(description="Took")
    def took(self, obj: Slot) -> str:
        """From the last taking to the end."""
        if obj.finished_at is None:
            return NOTHING
        return f"{(obj.finished_at - obj.taken_at).total_seconds():,.1f} s"


@admin.register(Sign)
class SignAdmin(ReadOnlyAdmin[Sign]):
    """The last sign of life of each process."""

    list_display = ("process", "part", "badge", "seen", "started", "swept", "tasks_done")
    list_display_links = ("process",)
    list_filter = ("part",)
    ordering = ("-seen_at",)

    def sections(self, request: HttpRequest, obj: Sign) -> Sequence[Section]:
        """The whole sign."""
        facts = [
            Fact("Part", str(obj.get_part_display())),
            Fact("Process", copyable(obj.process)),
            Fact("Now", self.badge(obj)),
            Fact("Started", moment(obj.started_at, seconds=True)),
            Fact("Last seen", moment(obj.seen_at, seconds=True)),
            Fact("Last sweep", moment(obj.swept_at, seconds=True)),
            Fact("Tasks since its start", f"{obj.tasks_done:,}"),
        ]
        note = "A process that ends in order takes its sign away. One that was killed leaves it for a day."
        return [Section(title="Sign of life", facts=facts, note=note)]

    @admin.display(description="Now")
    def badge(self, obj: Sign) -> SafeString:
        """Whether it lives."""
        lives = timezone.now() - obj.seen_at <= ALIVE_WITHIN
        return tone(POSTED, "Alive") if lives else tone(PERSON, "Silent")

    @admin.display(description="Last seen", ordering="seen_at")
    def seen(self, obj: Sign) -> str:
        """How long ago."""
        return age(obj.seen_at, timezone.now())

    @admin.display(description="Started", ordering="started_at")
    def started(self, obj: Sign) -> str:
        """When it started."""
        return moment(obj.started_at, seconds=True)

    @admin.display(description="Last sweep", ordering="swept_at")
    def swept(self, obj: Sign) -> str:
        """When it last looked at everything that is due."""
        return age(obj.swept_at, timezone.now())
