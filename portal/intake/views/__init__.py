"""The doors of this room: where sources deliver, and where outside systems call by themselves."""

from __future__ import annotations

from portal.intake.views.hearing import HearVendor
from portal.intake.views.hinting import ReceiveHint
from portal.intake.views.receiving import ReceiveWebhook

__all__ = ["HearVendor", "ReceiveHint", "ReceiveWebhook"]
