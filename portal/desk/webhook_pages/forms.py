"""What owners fill in: where to send, what, and since when to send again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django import forms

from portal.events.webhooks.addresses import LONGEST
from portal.events.webhooks.logs import event_types
from portal.events.webhooks.models import Consumer
from portal.events.webhooks.services import CannotDo
from portal.tenants.models import Company

AUTO_ID: Final = "field-%s"
SINCE: Final = [("1", "the last 24 hours"), ("3", "the last 3 days"), ("7", "the last 7 days"),
                ("30", "the last 30 days")]  # fmt: skip


class WebhookForm(forms.Form):
    """Where to send what."""

    url = forms.CharField(
        label="Address", max_length=LONGEST,
        help_text="Your program’s own, with https. Messages are sent there as POST requests.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    company = forms.ChoiceField(label="Of which company", required=False)
    event_types = forms.MultipleChoiceField(
        label="Events (none ticked: all of them, and those that come later)", required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, data: Any, companies: Iterable[Company], consumer: Consumer | None = None) -> None:
        initial = _of(consumer) if consumer else {}
        super().__init__(data, initial=initial, auto_id=AUTO_ID)
        own = [(str(company.pk), company.name) for company in companies]
        self.fields["company"].choices = [("", "All companies"), *own]  # type: ignore[attr-defined]
        self.fields["event_types"].choices = [(name, name) for name in event_types()]  # type: ignore[attr-defined]

    @property
    def says(self) -> list[tuple[forms.boundfield.BoundWidget, str]]:
        """Each event's box, with what the event says."""
        return list(zip(self["event_types"], event_types().values(), strict=True))

    def wanted(self) -> tuple[str, list[str], UUID | None]:
        """Address, types and company, as the services take them."""
        given = self.cleaned_data
        return given["url"], given["event_types"], UUID(given["company"]) if given["company"] else None

    def blame(self, error: CannotDo) -> None:
        """Put what was not possible at its field."""
        self.add_error(error.field or None, error.message)


class SinceForm(forms.Form):
    """How far back failed messages are sent again."""

    days = forms.ChoiceField(label="Messages of", choices=SINCE)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id=AUTO_ID)


def _of(consumer: Consumer) -> dict[str, Any]:
    return {"url": consumer.url, "company": str(consumer.company_id or ""), "event_types": consumer.event_types}
