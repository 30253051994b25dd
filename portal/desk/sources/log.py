"""What came from a source that is read, the newest first: records and hints, each with what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.db.models import QuerySet

from integrations.feeds import FedSource
from portal.connections.models import Connection, Endpoint
from portal.desk.going_live.noticing import REFUSED, VERDICTS
from portal.intake.feeds.hints import SEARCHED, STRANGE
from portal.intake.feeds.models import FedRecord
from portal.intake.models import Delivery, Origin, Verdict
from portal.tones import PERSON, UNDER_WAY

# Rows that are looked through for one that is asked for; what is older is found by its id.
LOOKED_THROUGH: Final = 10_000
HINT: Final = "Call"
EARLIER: Final = "Record, read again since"
CONTESTED: Final = (PERSON, "Contested")
SHOWN: Final = (
    ("", "Everything"),
    ("records", "Records only"),
    ("problems", "What was not taken"),
    ("waiting", "What is not due, or left alone"),
    ("hints", "Calls only"),
    ("unmatched", "Calls that name no record"),
)
PROBLEMS: Final = (Verdict.REFUSED, Verdict.UNREADABLE, Verdict.FAILED, Verdict.CONTESTED, Verdict.CLOSED)
UNMATCHED: Final = (SEARCHED, STRANGE)
FILTERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "": {},
    "records": {"origin": Origin.FEED},
    "problems": {"verdict__in": PROBLEMS},
    "waiting": {"verdict": Verdict.SKIPPED},
    "hints": {"verdict": Verdict.HINT},
    "unmatched": {"verdict": Verdict.HINT, "reason__in": UNMATCHED},
}


class LogForm(forms.Form):
    """What is asked for."""

    q = forms.CharField(label="Id in the source", required=False, max_length=100)
    show = forms.ChoiceField(label="Show", required=False, choices=SHOWN)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.is_valid() and (self.cleaned_data["q"] or self.cleaned_data["show"]))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row. `record` is None for a call, and for a record that was read again since."""

    delivery: Delivery
    record: FedRecord | None
    label: str

    @property
    def external_id(self) -> str:
        """As the source writes it, without our word for the list; empty where it is not known any more."""
        return self.record.external_id.removeprefix(f"{self.record.feed}-") if self.record else ""

    @property
    def stand(self) -> tuple[str, str]:
        """The tone and the word of a badge."""
        if self.delivery.verdict == Verdict.CONTESTED:
            return CONTESTED
        if self.delivery.verdict == Verdict.HINT:
            return UNDER_WAY, "A hint"
        return VERDICTS.get(self.delivery.verdict, REFUSED)


def rows_of(connection: Connection, form: LogForm) -> QuerySet[Delivery]:
    """What is asked for, unordered; the newest rows alone are looked through for what no index finds."""
    rows = all_of(connection)
    if not form.is_valid():
        return rows.none()
    asked = form.cleaned_data
    if asked["q"]:
        rows = rows.filter(pk__in=_deliveries_with(connection, asked["q"]))
    conditions = FILTERS[asked["show"]]
    return (
        _latest(rows, connection).filter(**conditions) if conditions and not asked["q"] else rows.filter(**conditions)
    )


def all_of(connection: Connection) -> QuerySet[Delivery]:
    """Everything that came by this connection, in slim rows."""
    addresses = list(Endpoint.objects.filter(connection=connection).values_list("pk", flat=True))
    rows = Delivery.objects.filter(endpoint_id__in=addresses).select_related("transaction")
    return rows.defer("body", "headers", "answer_body", "transaction__content")


def entries(there: FedSource, deliveries: Iterable[Delivery]) -> list[Entry]:
    """The rows of a page with the records that they are of, in one query."""
    every = list(deliveries)
    records = {row.delivery_id: row for row in FedRecord.objects.filter(delivery_id__in=[one.pk for one in every])}
    labels = {feed.name: feed.label for feed in there.feeds}
    return [_entry(one, records.get(one.pk), labels) for one in every]


def _entry(delivery: Delivery, record: FedRecord | None, labels: Mapping[str, str]) -> Entry:
    without = HINT if delivery.origin == Origin.WEBHOOK else EARLIER
    return Entry(
        delivery=delivery, record=record, label=labels.get(record.feed, record.feed) if record else without
    )  # fmt: skip


def _deliveries_with(connection: Connection, query: str) -> list[int]:
    """Of the records whose id this is, in any letter case, with or without the list's name in front."""
    bare = query.strip().lower()
    feeds = set(FedRecord.objects.filter(connection=connection).values_list("feed", flat=True).order_by().distinct())
    wanted = [bare, *(f"{feed}-{bare}" for feed in feeds)]
    found = FedRecord.objects.filter(connection=connection, feed__in=feeds, external_id__in=wanted)
    return [row.delivery_id for row in found.only("delivery_id") if row.delivery_id is not None]


def _latest(rows: QuerySet[Delivery], connection: Connection) -> QuerySet[Delivery]:
    edge = all_of(connection).order_by("-pk").values_list("pk", flat=True)[LOOKED_THROUGH - 1 : LOOKED_THROUGH].first()
    return rows.filter(pk__gte=edge) if edge else rows
