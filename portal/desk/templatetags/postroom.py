"""Tags for pages of ours: state badges, money, times, numbers to copy."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import notation, tones
from portal.desk import words
from portal.intake.models import Delivery
from portal.postings.badges import badge_html, badge_of
from portal.postings.models import Attempt

register = template.Library()

register.filter("badge", badge_html)
register.filter("field_words", words.field_words)
register.simple_tag(tones.tone, name="tone_badge")


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


@register.inclusion_tag("portal/desk/copyable.html")
def copyable(text: str, label: str) -> dict[str, str]:
    """A number that people copy, with its button; `label` says what it is to who cannot see the page."""
    return {"text": text, "label": label}
