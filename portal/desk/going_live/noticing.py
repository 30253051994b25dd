"""The latest delivery of each address, and what became of it or would have: for pages that wait for the first one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from portal.desk.inbound import Inbound
from portal.intake.models import Delivery, Forecast, KeptDryRun, RefusedCalls, Verdict
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING

LATELY: Final = timedelta(days=1)
FORECAST_TONES: Final[dict[str, str]] = {
    Forecast.POSTED: POSTED,
    Forecast.PERHAPS_REFUSED: WAITING,
    Forecast.REFUSED: PERSON,
    Forecast.UNKNOWN: UNDER_WAY,
}
VERDICTS: Final[dict[str, tuple[str, str]]] = {
    Verdict.RECEIVED: (UNDER_WAY, "Being read"),
    Verdict.ACCEPTED: (POSTED, "Taken in"),
    Verdict.REPEATED: (POSTED, "Taken in before"),
    Verdict.REVISED: (POSTED, "Taken in"),
    Verdict.NOT_LIVE: (WAITING, "Not live yet"),
    Verdict.CLOSED: (CLOSED, "Closed"),
    Verdict.HINT: (UNDER_WAY, "A hint"),
    Verdict.SKIPPED: (CLOSED, "Nothing to book"),
    Verdict.SUPERSEDED: (CLOSED, "Read again"),
}
REFUSED: Final = (PERSON, "Refused")
NOT_MADE_YET: Final = "It is being looked at."


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """One delivery that came in. `kept_id` leads to its dry run, None where there is none."""

    at: datetime
    what: str
    tone: str
    word: str
    said: str
    kept_id: int | None = None
    is_moving: bool = False


@dataclass(frozen=True, kw_only=True)
class Knocks:
    """Calls of the last day that carried no good token."""

    count: int
    last_at: datetime
    header_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Address:
    """One address, its latest delivery, and who knocked in vain."""

    inbound: Inbound
    noticed: Noticed | None = None
    knocks: Knocks | None = None

    @property
    def waits(self) -> bool:
        """Whether its first delivery is still to come."""
        return self.inbound.is_ready and self.noticed is None

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page shows of it, to tell whether that has changed."""
        endpoint = self.inbound.endpoint
        return (self.inbound.kind, endpoint and endpoint.pk, self.inbound.newest, self.noticed, self.knocks)


def addresses(inbounds: Iterable[Inbound]) -> list[Address]:
    """Each with what came to it, in two queries however many there are and however much came."""
    every = list(inbounds)
    noticed, knocks = _noticed(every), _knocks(every)
    return [
        Address(
            inbound=each,
            noticed=noticed.get(each.last_delivery or 0),
            knocks=knocks.get(str(each.endpoint.pk)) if each.endpoint else None,
        )
        for each in every
    ]


def kept_words(kept: KeptDryRun) -> tuple[str, str, str]:
    """Tone, word and sentence of a kept dry run; while it is made anew, what was found before."""
    if kept.made_at is None and kept.next_try_at is not None:
        return (WAITING if kept.problem else UNDER_WAY), str(Forecast.UNKNOWN.label), kept.problem or NOT_MADE_YET
    if kept.forecast == Forecast.UNKNOWN:
        return WAITING, str(Forecast.UNKNOWN.label), kept.problem
    return FORECAST_TONES[kept.forecast], str(kept.get_forecast_display()), kept.why


def _noticed(inbounds: Iterable[Inbound]) -> dict[int, Noticed]:
    ids = [each.last_delivery for each in inbounds if each.last_delivery]
    if not ids:
        return {}
    rows = Delivery.objects.filter(pk__in=ids).select_related("dry_run", "transaction", "endpoint")
    slim = rows.defer("body", "headers", "answer_body", "dry_run__result", "transaction__content")
    return {delivery.pk: _of(delivery) for delivery in slim}


def _of(delivery: Delivery) -> Noticed:
    kept: KeptDryRun | None = getattr(delivery, "dry_run", None)
    if kept is not None:
        tone, word, said = kept_words(kept)
        what = _what(kept.kind or delivery.endpoint.kind, kept.number)
        moving = kept.next_try_at is not None
        return Noticed(
            at=delivery.received_at, what=what, tone=tone, word=word, said=said, kept_id=kept.pk, is_moving=moving
        )  # fmt: skip
    tone, word = VERDICTS.get(delivery.verdict, REFUSED)
    transaction = delivery.transaction
    what = _what(transaction.kind, transaction.source_number) if transaction else _what(delivery.endpoint.kind, "")
    said = f"As {transaction.number}." if transaction else delivery.reason
    return Noticed(at=delivery.received_at, what=what, tone=tone, word=word, said=said)


def _what(kind: str, number: str) -> str:
    words = kind.replace("_", " ").capitalize() or "A document"
    return f"{words} {number}".strip()


def _knocks(inbounds: Iterable[Inbound]) -> dict[str, Knocks]:
    """At most one row for each address and hour of the last day."""
    ids = [str(each.endpoint.pk) for each in inbounds if each.endpoint]
    rows = RefusedCalls.objects.filter(endpoint_id_called__in=ids, hour__gte=timezone.now() - LATELY)
    found: dict[str, Knocks] = {}
    for row in rows.order_by("hour"):
        before = found.get(row.endpoint_id_called)
        found[row.endpoint_id_called] = Knocks(
            count=row.count + (before.count if before else 0),
            last_at=row.last_at,
            header_names=tuple(row.header_names),
        )
    return found
