"""What people start at a source that is read: a feed now or from a day on, a record once more, a hint at once.

Each leaves a row that is due; the doors ring for it. Nothing here asks the source.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.services import tell
from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FedRecord, FeedReader, HintedRecord
from portal.intake.models import Verdict

NOT_TAKEN: Final = (
    Verdict.SKIPPED, Verdict.REFUSED, Verdict.UNREADABLE, Verdict.NOT_LIVE, Verdict.CLOSED, Verdict.FAILED,
)  # fmt: skip
TAKEN: Final = frozenset({Verdict.RECEIVED, Verdict.ACCEPTED, Verdict.REPEATED, Verdict.REVISED})
BEING_READ: Final = "This feed is being read at this moment. Look at it again in a minute."
NOT_IN_USE: Final = "{connection} is not read now: it must be linked and not paused, and its company live."
IN_FUTURE: Final = "This day has not come yet. Choose one that has."
NOTHING_KEPT: Final = "Nothing of this record is kept any more. Ask the source for it again."
IS_TAKEN: Final = "What was read last of this record was taken already. Ask the source for it again instead."


class CannotStart(Exception):
    """Nothing was changed; `message` is one plain sentence that says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read_now(reader: FeedReader, *, who: str) -> None:
    """The reader is due at once, and goes on from where it stands. Raises `CannotStart`."""
    now = timezone.now()
    _in_use(reader.connection, now)
    if not _free(reader, now).update(next_at=now, tries=0):
        raise CannotStart(BEING_READ)
    _tell(reader.connection, "feed.asked", f"Asked for {_name(reader)} to be read now.", who, reader)


def read_again(reader: FeedReader, since: datetime, *, who: str, why: str) -> None:
    """The reader begins anew at `since` (aware UTC): what it does not know is taken, and what has changed. What of its
    feed was left out or refused before is judged again.

    Raises `CannotStart` for a moment in the future, and while somebody reads the feed.
    """
    now = timezone.now()
    _in_use(reader.connection, now)
    if since > now:
        raise CannotStart(IN_FUTURE)
    fresh: dict[str, Any] = {"read_through": since, "since": None, "after": "", "newest": None}
    if not _free(reader, now).update(**fresh, next_at=now, tries=0):
        raise CannotStart(BEING_READ)
    reconsider(reader.connection, now, feed=reader.feed)
    message = f"{_name(reader)} is read again from {since:%d %b %Y %H:%M} UTC: {why}"
    _tell(reader.connection, "feed.read_again", message, who, reader)


def reconsider(connection: Connection, now: datetime, **only: str) -> int:
    """What was read and left out, or could not be taken, is judged again from `now` (aware UTC) on: settings or roles
    are others than then. `only` may name a `feed`. Returns how many records."""
    rows = FedRecord.objects.filter(connection=connection, delivery__verdict__in=NOT_TAKEN, **only)
    return rows.exclude(delivery__body=b"").update(again_at=now, tries=0)


def may_be_taken(record: FedRecord) -> bool:
    """Whether what was read last of it is kept, and was not taken."""
    return record.delivery is not None and record.delivery.verdict not in TAKEN


def take_again(record: FedRecord, *, who: str, why: str) -> None:
    """What was read last is judged once more within a minute, under the settings of now. Raises `CannotStart`."""
    with atomic():
        row = FedRecord.objects.select_for_update(of=("self",)).select_related("delivery").get(pk=record.pk)
        if row.delivery is None or not row.delivery.body:
            raise CannotStart(NOTHING_KEPT)
        if not may_be_taken(row):
            raise CannotStart(IS_TAKEN)
        row.again_at, row.tries = timezone.now(), 0
        row.save(update_fields=["again_at", "tries"])
        _tell(record.connection, "record.take_again", f"{_word(record)} is taken again: {why}", who, record)


def ask_again(record: FedRecord, *, who: str, why: str) -> None:
    """The source is asked for the record once more, and what it says then is judged, also if it says the same.

    Raises `CannotStart` where the connection is not read now.
    """
    now = timezone.now()
    _in_use(record.connection, now)
    with atomic():
        FedRecord.objects.filter(pk=record.pk).update(content_hash="")
        HintedRecord.objects.update_or_create(
            connection=record.connection, feed=record.feed, external_id=record.external_id,
            defaults={"hinted_at": now, "next_at": now, "tries": 0, "is_gone": False, "problem": ""},
        )  # fmt: skip
        _tell(record.connection, "record.ask_again", f"{_word(record)} is asked for again: {why}", who, record)


def follow_now(hint: HintedRecord, *, who: str) -> None:
    """What was hinted at is asked for at once. Raises `CannotStart`."""
    now = timezone.now()
    _in_use(hint.connection, now)
    HintedRecord.objects.filter(pk=hint.pk).update(next_at=now, tries=0)
    _tell(hint.connection, "hint.follow", f"Asked for {hint.feed} {hint.external_id} to be read now.", who, hint)


def _free(reader: FeedReader, now: datetime) -> Any:
    return FeedReader.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), pk=reader.pk)


def _in_use(connection: Connection, now: datetime) -> None:
    if not Connection.objects.filter(readable(now), pk=connection.pk).exists():
        raise CannotStart(NOT_IN_USE.format(connection=connection))


def _name(reader: FeedReader) -> str:
    return f"the feed {reader} of {reader.connection}"


def _word(record: FedRecord) -> str:
    return f"{record.feed} {record.external_id} of {record.connection}"


def _tell(connection: Connection, verb: str, message: str, who: str, subject: Any) -> None:
    company = connection.company
    tell(
        verb, message[:1].upper() + message[1:], who=who, subject=subject, tenant_id=company.tenant_id,
        company_id=company.pk,
    )  # fmt: skip
