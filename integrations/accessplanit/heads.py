"""The heads of records: what a page tells of each, with a hash that changes when that changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from integrations.accessplanit import moments
from integrations.accessplanit.places import moment_of
from integrations.accessplanit.rows import Row
from integrations.accessplanit.values import external_id
from integrations.content import plain
from integrations.errors import Malformed
from integrations.exact import to_json
from integrations.feeds import Head, Unreadable

SAME_ID: Final = "Its id {id} differs from {before} in nothing but letter case, so the two cannot be told apart."
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def head(feed: str, row: Mapping[str, Any], moment: datetime) -> Head:
    """One record's head. Raises `Malformed` without an id."""
    return Head(
        feed=feed,
        external_id=external_id(feed, Row(row).id()),
        content_hash=content_hash(row),
        moment=moment,
        row=row,
    )


def heads(
    feed: str, rows: Sequence[Any], moment: str, zone: ZoneInfo, since: datetime
) -> tuple[tuple[Head, ...], tuple[Unreadable, ...]]:
    """The heads of a page, each once, and what has none. A row without a moment stands where the one before it does,
    the first one at `since`. Of two ids that differ in nothing but letter case the second one is none: they would be
    one to us."""
    found: dict[str, Head] = {}
    unreadable: list[Unreadable] = []
    stands_at = since
    for row in rows:
        if not isinstance(row, Mapping):
            unreadable.append(Unreadable(why="A row of the page is no record.", row={"row": row}))
            continue
        stands_at = moments.instant(moment_of(row, moment), zone) or stands_at
        try:
            one = head(feed, row, stands_at)
        except Malformed as error:
            unreadable.append(Unreadable(why=error.message, row=row))
        else:
            before = found.setdefault(one.external_id, one)
            if Row(before.row).id() != Row(row).id():
                unreadable.append(
                    Unreadable(why=SAME_ID.format(id=Row(row).id(), before=Row(before.row).id()), row=row)
                )
            else:
                found[one.external_id] = one
    return tuple(found.values()), tuple(unreadable)


def moment_in(row: Mapping[str, Any], names: Sequence[str], zone: ZoneInfo) -> datetime:
    """The first of these moments that a record has; the year 1970 where it has none."""
    told = (moments.instant(moment_of(row, name), zone) for name in names)
    return next((one for one in told if one is not None), _NEVER)


def content_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over the members in the order of their names; 30 and 30.00 are equal."""
    return hashlib.sha256(to_json(_settled(row)).encode(errors="surrogatepass")).hexdigest()


def _settled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _settled(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_settled(one) for one in value]
    if isinstance(value, Decimal) or type(value) is int:
        return {"number": plain(Decimal(value))}
    return value
