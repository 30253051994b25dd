"""A webhook and its messages as the pages show them. No secret, and of an address nothing behind its question mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from integrations.exact import to_json
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.badges import consumer_badge, dispatch_badge
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.events.webhooks.schedule import MOST_TRIES
from portal.events.webhooks.sending import envelope
from portal.staff.formats import indented

SOON: Final = timedelta(minutes=1)
EXAMPLE: Final = """{
  "id": "6f2f4e0e-7f7c-4c43-9a53-6d4c0a0d9c11",
  "eventType": "posting.posted",
  "generatedDate": "2026-11-22T14:03:00.000Z",
  "payload": {
    "company": {"id": "0b7a62d4-3f4e-4a5e-9c0a-5d2f6a1c7e10", "name": "Northgate Training Ltd"},
    "connection": {"id": "7d51c0aa-90ce-4a39-8a3b-2f0f7a4be0d5", "integration": "ledger", "side": "accounting"},
    "posting": {
      "id": "4711", "state": "posted", "previousState": "ready", "reason": "", "field": "",
      "number": "JNL-000042", "externalId": "42", "postedAt": "2026-11-22T14:03:00.000Z"
    },
    "transaction": {
      "id": "c2a9d6b8-6f1b-4a8e-b5f0-3e1d9c7a2b64", "kind": "invoice", "number": "P-000123",
      "answeredNumber": "JNL-000042", "source": "icompleat", "externalId": "5d0e7c1a-1111-4c0f-8a57-9b2f3c4d5e6f",
      "sourceNumber": "INV000123", "orderNumber": "", "supplierReference": "SI-48213",
      "supplierName": "Crown Conference Centre", "date": "2026-03-14", "currency": "GBP",
      "net": 100.00, "tax": 20.00, "gross": 120.00
    }
  }
}"""
GONE_COMPANY: Final = "a company that is not there any more"


@dataclass(frozen=True)
class Tab:
    """One part of the list of messages."""

    state: DispatchState
    label: str


TABS: Final[Mapping[str, Tab]] = {
    "waiting": Tab(DispatchState.WAITING, "Waiting"),
    "arrived": Tab(DispatchState.ARRIVED, "Arrived"),
    "given-up": Tab(DispatchState.GIVEN_UP, "Given up"),
}


@dataclass(frozen=True)
class Webhook:
    """One consumer; `names` are those of the organisation's companies."""

    consumer: Consumer
    names: Mapping[UUID, str]

    @property
    def url(self) -> str:
        """The address without its query."""
        return shown(self.consumer.url)

    @property
    def badge(self) -> SafeString:
        """Whether it is told anything, and whether that arrives."""
        return consumer_badge(self.consumer)

    @property
    def is_on(self) -> bool:
        """Whether something is sent."""
        return self.consumer.disabled_at is None

    @property
    def company(self) -> str:
        """Whose events it is told."""
        company_id = self.consumer.company_id
        return "All companies" if company_id is None else self.names.get(company_id, GONE_COMPANY)

    @property
    def events(self) -> list[str]:
        """Which events; empty: all."""
        return list(self.consumer.event_types)


@dataclass(frozen=True)
class Message:
    """One message on its way, or at its end."""

    row: Dispatch

    @property
    def badge(self) -> SafeString:
        """Where it stands."""
        return dispatch_badge(self.row)

    @property
    def tries(self) -> str:
        """How many of how many."""
        return f"{self.row.tries} of {MOST_TRIES}" if self.row.next_try_at else str(self.row.tries)

    @property
    def may_be_replayed(self) -> bool:
        """Whether sending it again means something now: what is being sent settles itself in seconds."""
        return self.row.state != DispatchState.SENDING

    @property
    def moves(self) -> bool:
        """Whether its page will say something new within a minute."""
        at = self.row.next_try_at
        return at is not None and at <= timezone.now() + SOON

    @property
    def body(self) -> str:
        """What is sent, with line breaks."""
        return indented(to_json(envelope(self.row.announcement)))

    @property
    def told(self) -> list[dict[str, Any]]:
        """The latest tries, the newest first."""
        return [{**one, "at": parse_datetime(str(one["at"]))} for one in reversed(self.row.tries_told)]
