"""One value as it was written, read strictly: what can be understood in two ways is refused with the way to write it.

Each reader raises `Unreadable` with one plain sentence.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final

from integrations.documents import Kind
from portal.raising.members import Member, Shape

MOST_DIGITS: Final = 12
MOST_DECIMALS: Final = 4
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
KINDS: Final = {
    "purchase order": Kind.PURCHASE_ORDER,
    "order": Kind.PURCHASE_ORDER,
    "invoice": Kind.INVOICE,
    "credit note": Kind.CREDIT_NOTE,
}

NO_KIND: Final = "“{text}” is no kind: write purchase_order, invoice or credit_note."
NO_DATE: Final = "“{text}” is no date: write it as 2026-11-20."
FAR_DATE: Final = "The date {text} is out of reach: years from 2000 to 2099 are taken."
NO_NUMBER: Final = "“{text}” is no number: write it as 1234.50, without a currency."
TWO_WAYS: Final = "“{text}” can be read as {one} and as {other}: write {one} or {other_written}."
TOO_LARGE: Final = f"“{{text}}” is too large: at most {MOST_DIGITS} digits stand before the decimal point."
TOO_FINE: Final = f"“{{text}}” has more than {MOST_DECIMALS} decimals."
TOO_LONG: Final = "It has {length:,} characters; at most {longest:,} are taken."
NOT_PRINTABLE: Final = "It holds a character that cannot be printed, such as a line break. Take it out."
NOT_TEXT: Final = "It must be text in quotation marks."
NOT_A_NUMBER: Final = "It must be a number, or a number as text such as 1234.50."

# A usual context rounds to 28 digits: what is too fine beyond these would be gone before it is seen.
_EXACT: Final = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN: Final = re.compile(r"\d+(?:[.,]\d+)?|[.,]\d+", re.ASCII)
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,' \u00a0\u202f])\d{3})(?:\1\d{3})*(?:([.,])\d+)?", re.ASCII)
_TWO_WAYS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


class Unreadable(Exception):
    """The value is none of its kind; the message says so in one plain sentence."""


def from_text(member: Member, text: str) -> Any:
    """A value of a file, where everything is text; never called with an empty one."""
    return _FROM_TEXT[member.shape](text) if member.shape is not Shape.TEXT else text_of(member, text)


def from_json(member: Member, value: Any) -> Any:
    """A value of a JSON body. Numbers are int or Decimal, or text with a decimal point."""
    if member.shape is Shape.NUMBER:
        return _json_number(value)
    if not isinstance(value, str):
        raise Unreadable(NOT_TEXT)
    return from_text(member, value.strip()) if value.strip() else None


def text_of(member: Member, text: str) -> str:
    """A text within its length, without characters that cannot be printed."""
    if len(text) > member.longest:
        raise Unreadable(TOO_LONG.format(length=len(text), longest=member.longest))
    if not is_printable(text):
        raise Unreadable(NOT_PRINTABLE)
    return text.upper() if member.name == "currency" else text


def is_printable(text: str) -> bool:
    """No control characters, no halves of characters, nothing that turns the writing's direction."""
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text)


def shown(text: str) -> str:
    """A value as it may be repeated in a sentence: printable, and short."""
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return "".join(character if is_printable(character) else "\N{REPLACEMENT CHARACTER}" for character in short)


def number(text: str) -> Decimal:
    """A number with a decimal point or a decimal comma, with or without marks between thousands."""
    written = text.replace("\N{MINUS SIGN}", "-").strip()
    sign, digits = ("-", written[1:]) if written.startswith("-") else ("", written.removeprefix("+"))
    if _TWO_WAYS.fullmatch(digits):
        raise Unreadable(_two_ways(text, digits))
    return _bounded(Decimal(sign + _canonical(digits, text)), text)


def _canonical(digits: str, text: str) -> str:
    if _PLAIN.fullmatch(digits):
        return digits.replace(",", ".")
    grouped = _GROUPED.fullmatch(digits)
    if grouped is None or grouped[1] == grouped[2]:
        raise Unreadable(NO_NUMBER.format(text=shown(text)))
    return digits.replace(grouped[1], "").replace(",", ".")


def _two_ways(text: str, digits: str) -> str:
    bare = re.sub(r"[.,]", "", digits)
    decimal = f"{digits[:-4]}.{digits[-3:]}"
    return TWO_WAYS.format(text=shown(text), one=bare, other=decimal, other_written=f"{decimal}0")


def _bounded(value: Decimal, text: str) -> Decimal:
    if abs(value) >= Decimal(10) ** MOST_DIGITS:
        raise Unreadable(TOO_LARGE.format(text=shown(text)))
    exponent = value.normalize(_EXACT).as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        raise Unreadable(TOO_FINE.format(text=shown(text)))
    return value


def _json_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Unreadable(NOT_A_NUMBER)
    if isinstance(value, str):
        if not re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
            raise Unreadable(NO_NUMBER.format(text=shown(value)))
        return _bounded(Decimal(value), value)
    return _bounded(Decimal(value), str(value))


def _kind(text: str) -> Kind:
    words = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    if words not in KINDS:
        raise Unreadable(NO_KIND.format(text=shown(text)))
    return KINDS[words]


def _date(text: str) -> dt.date:
    if not _DAY.fullmatch(text):
        raise Unreadable(NO_DATE.format(text=shown(text)))
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Unreadable(NO_DATE.format(text=shown(text))) from None
    if not EARLIEST <= day <= LATEST:
        raise Unreadable(FAR_DATE.format(text=text))
    return day


_FROM_TEXT: Final = {Shape.KIND: _kind, Shape.DATE: _date, Shape.NUMBER: number}
