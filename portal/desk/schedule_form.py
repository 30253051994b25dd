"""The form of a schedule: how often, and when on the tenant's clock."""

from __future__ import annotations

import calendar
from typing import Any, Final

from django import forms

from portal.reference.sync.models import Frequency, SyncSchedule

WEEKDAYS: Final = [(number, calendar.day_name[number]) for number in range(7)]
DAYS: Final = [(number, str(number)) for number in range(1, 32)]


class ScheduleForm(forms.Form):
    """How often, and what of the rest that needs. Whatever a frequency does not use is kept for the next one."""

    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices)
    at = forms.TimeField(
        label="At",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Give a time such as 06:30."},
    )
    weekday = forms.TypedChoiceField(label="On", choices=WEEKDAYS, coerce=int, help_text="Used weekly.")
    day = forms.TypedChoiceField(
        label="On day", choices=DAYS, coerce=int,
        help_text="Used monthly. In a month without it, on that month's last day.",
    )  # fmt: skip

    def __init__(self, data: Any, schedule: SyncSchedule, *, zone: str) -> None:
        initial = {name: getattr(schedule, name) for name in ("frequency", "at", "weekday", "day")}
        super().__init__(data, initial=initial, auto_id="field-%s")
        self.fields["at"].help_text = f"On the clock of {zone}. Hourly uses the minutes alone."

    def chosen(self) -> dict[str, Any]:
        """What `schedules.save` takes."""
        return {name: self.cleaned_data[name] for name in ("frequency", "at", "weekday", "day")}
