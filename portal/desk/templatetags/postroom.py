"""Tags for pages of ours: state badges, money, times, counts, numbers to copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import notation, tones
from portal.connections.models import Connection, Status
from portal.desk import words
from portal.desk.inbound import Inbound
from portal.intake.models import Delivery
from portal.postings.attachments.models import FileState, HandedFile, Handover, HandoverState
from portal.postings.badges import badge_html, badge_of
from portal.postings.models import Attempt
from portal.raising import statuses
from portal.raising.wanted import Wanted
from portal.reference import badges
from portal.reference.sync.models import Record
from portal.tenants.models import Company

ISO_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")

register = template.Library()

register.filter("badge", badge_html)
register.filter("field_words", words.field_words)
register.filter("sync_badge", badges.sync_badge)
register.filter("sync_words", badges.sync_words)
register.filter("change_badge", badges.change_badge)
register.filter("who_words", words.who_words)
register.filter("party", words.party_word)
register.simple_tag(tones.tone, name="tone_badge")

register.filter("raised_badge", statuses.badge)

LINK_TONES: Final[dict[str, str]] = {
    Status.BLANK: tones.CLOSED,
    Status.PENDING_AUTH: tones.WAITING,
    Status.LINKED: tones.POSTED,
    Status.UNLINKED: tones.CLOSED,
    Status.DEAUTHORISED: tones.PERSON,
}
HANDOVER_TONES: Final[dict[str, str]] = {
    HandoverState.WAITING: tones.WAITING,
    HandoverState.DONE: tones.POSTED,
    HandoverState.NOTHING: tones.CLOSED,
    HandoverState.PARTLY: tones.PERSON,
    HandoverState.GIVEN_UP: tones.PERSON,
}
FILE_TONES: Final[dict[str, str]] = {
    FileState.WAITING: tones.WAITING,
    FileState.HANDED: tones.POSTED,
    FileState.REFUSED: tones.PERSON,
}


@register.simple_tag
def money(amount: Decimal | None, currency: str = "") -> str | SafeString:
    """An amount with its currency after it; without a currency the amount alone; a dash where there is none."""
    if amount is None:
        return notation.DASH
    text = notation.amount_text(amount, currency)
    figures = format_html('<data value="{}">{}</data>', amount, text)
    return format_html('<span class="amount">{} <span class="currency">{}</span></span>', figures, currency)


@register.simple_tag
def plain_money(amount: Decimal | None, currency: str) -> str:
    """An amount alone, in the decimals of its currency, for columns whose heading names the currency."""
    return notation.DASH if amount is None else notation.amount_text(amount, currency)


@register.filter
def parties(rows: Iterable[Any]) -> str:
    """The head of a column that names suppliers, customers or both. A row is a transaction or has one."""
    each = (row[0] if isinstance(row, tuple) else getattr(row, "transaction", row) for row in rows)
    return words.parties_word(one.kind for one in each)


@register.filter
def quantity(value: Decimal | None) -> str:
    """A quantity, or a dash."""
    return notation.DASH if value is None else notation.quantity_text(value)


@register.filter
def day(value: date | None) -> str | SafeString:
    """A business date, or a dash."""
    if not value:
        return notation.DASH
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), notation.day_text(value))


@register.filter
def told(value: str) -> str | SafeString:
    """A value as it was kept for comparison: a date as all pages write it, anything else as it stands; or a dash."""
    with suppress(ValueError):  # a document's number may look like the 30th of February
        return day(date.fromisoformat(value)) if ISO_DATE.fullmatch(value or "") else value or notation.DASH
    return value


@register.filter
def moment(at: datetime | None, zone: str) -> str | SafeString:
    """An instant on the tenant's clock, its zone on hover; a dash where there is none."""
    if at is None:
        return notation.DASH
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        notation.moment_in_full(at, zone),
        notation.moment_text(at, zone),
    )


@register.filter
def tone(state: str) -> str:
    """The tone of a state, for what is coloured beside its badge."""
    return badge_of(state).tone


@register.filter
def outcome(attempt: Attempt) -> str:
    """What came of an attempt, in words."""
    return words.outcome(attempt.outcome)


@register.filter
def verdict(delivery: Delivery) -> str:
    """What a delivery was found to be, without the word before the colon: the answer stands in a column of its own."""
    label = str(delivery.get_verdict_display())
    meaning = label.partition(": ")[2] or label
    return meaning[:1].upper() + meaning[1:]


@register.filter
def answer(delivery: Delivery) -> str:
    """What the source was answered: accepted or refused, with the HTTP status."""
    if delivery.answer_status is None:
        return "None"
    return f"{'Accepted' if delivery.answer_status < 300 else 'Refused'} ({delivery.answer_status})"


@register.filter
def took(attempt: Attempt) -> str:
    """How long an attempt took: `340 ms`, `2.4 s`; a dash while it is open."""
    if attempt.ended_at is None:
        return notation.DASH
    milliseconds = round((attempt.ended_at - attempt.started_at).total_seconds() * 1000)
    return f"{milliseconds:,} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"


@register.filter
def thousands(count: int) -> str:
    """A count with separators: `1,234`."""
    return f"{count:,}"


@register.filter
def handover_badge(handover: Handover) -> SafeString:
    """Where the files of a document stand."""
    return tones.tone(HANDOVER_TONES[handover.state], str(handover.get_state_display()))


@register.filter
def file_badge(file: HandedFile) -> SafeString:
    """Where one file stands."""
    return tones.tone(FILE_TONES[file.state], str(file.get_state_display()))


@register.filter
def wanted_gross(wanted: Wanted, company: Company) -> str | SafeString:
    """What the lines of a transaction that shall be raised come to; a dash where one of them is not complete."""
    amounts = [line.amounts() for line in wanted.lines]
    if not amounts or None in amounts:
        return notation.DASH
    total = sum((each[2] for each in amounts if each), Decimal(0))
    return money(total, wanted.currency or company.base_currency)


@register.filter
def link_badge(connection: Connection) -> SafeString:
    """Where a connection stands, in Codat's word."""
    return tones.tone(LINK_TONES[connection.status], str(connection.get_status_display()))


@register.filter
def record_badge(record: Record) -> SafeString:
    """Whether iCompleat has a mirrored row."""
    if record.refused:
        return tones.tone(tones.PERSON, "Refused")
    if record.pushed_code:
        is_current = record.pushed_hash == record.row_hash
        return tones.tone(tones.POSTED, "There") if is_current else tones.tone(tones.WAITING, "To be updated")
    return tones.tone(tones.CLOSED, "Not there" if record.is_active else "Inactive")


@register.filter
def has_missing(addresses: Iterable[Inbound]) -> bool:
    """Whether a kind has no address yet."""
    return any(each.endpoint is None for each in addresses)


@register.inclusion_tag("portal/desk/copyable.html")
def copyable(text: str, label: str) -> dict[str, str]:
    """A number that people copy, with its button; `label` says what it is to who cannot see the page."""
    return {"text": text, "label": label}
