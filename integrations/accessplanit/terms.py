"""What the settings of a connection say, read once: how records are read, and how accessplanit is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from integrations.accessplanit import names
from integrations.accessplanit.settings import API_KEY, DEFAULTS, PASSWORD
from integrations.base import Link
from integrations.errors import Misconfigured

USUAL_REQUESTS: Final = 5_000
MOST_REQUESTS: Final = 100_000
_MOST_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a record becomes a document. `start` is the first day that counts; statuses, words and methods are as
    `folded`; rates are in per cent."""

    zone: ZoneInfo
    start: date | None
    is_gross: bool
    in_pence: bool
    merges: bool
    rates: tuple[Decimal, ...]
    waits_for: frozenset[str]
    customer_code: str
    refund_words: frozenset[str] | None
    """None: a negative amount is a refund."""
    no_money: frozenset[str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How to reach one platform. Paths have a slash in front and none at their end. `writes` None: as it turns out."""

    reading: Reading
    base_url: str
    api_key: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    api_path: str
    help_path: str
    login_path: str
    page_size: int
    quotes_dates: bool
    modules: Mapping[str, str]
    writes: bool | None
    posted_number: str
    method: str
    methods: Mapping[str, str]
    """By the code of a bank account, in small letters."""


def reading(given: Mapping[str, str]) -> Reading:
    """Raises `Misconfigured` with the field for whatever cannot be used."""
    is_by_type = _one_of(given, "refund_rule", ("negative", "type")) == "type"
    return Reading(
        zone=_zone(_text(given, "time_zone")),
        start=_day(_text(given, "start_date")),
        is_gross=_one_of(given, "amount_mode", ("gross", "net")) == "gross",
        in_pence=_one_of(given, "amount_unit", ("major", "minor")) == "minor",
        merges=_says(given, "merge_negative_lines"),
        rates=tuple(_rate(word) for word in _words(given, "tax_rates")),
        waits_for=frozenset(map(folded, _words(given, "skip_statuses"))),
        customer_code=_text(given, "customer_code_field"),
        refund_words=frozenset(map(folded, _words(given, "refund_words"))) if is_by_type else None,
        no_money=frozenset(map(folded, _words(given, "no_money_methods"))),
        fields=names.fields(_text(given, "fields")),
    )


def terms(link: Link) -> Terms:
    """The same with the address and the credentials."""
    given = link.settings
    is_by_key = _one_of(given, "auth", (API_KEY, PASSWORD)) == API_KEY
    return Terms(
        reading=reading(given),
        base_url=_base_url(_text(given, "base_url")),
        api_key=_needed(link.secrets, "api_key", "The API key") if is_by_key else "",
        username="" if is_by_key else _needed(given, "username", "The user name"),
        password="" if is_by_key else _needed(link.secrets, "password", "The password"),
        api_path=_path(given, "api_path"),
        help_path=_path(given, "help_path"),
        login_path=_path(given, "login_path"),
        page_size=number(given, "page_size", _MOST_ROWS),
        quotes_dates=_says(given, "quote_dates"),
        modules=names.modules(_text(given, "modules")),
        writes={"yes": True, "no": False, "found": None}[_one_of(given, "write_payments", ("found", "yes", "no"))],
        posted_number=_text(given, "posted_number_field"),
        method=_text(given, "payment_method"),
        methods=_methods(_text(given, "payment_methods")),
    )


def number(given: Mapping[str, str], key: str, most: int) -> int:
    """A whole number from 1 to `most`; beyond that the nearest, and the default for what is no number."""
    text = _text(given, key)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        text = DEFAULTS[key]
    return min(max(int(text), 1), most)


def folded(word: str) -> str:
    """`Part-Completed` and `part completed` are one word."""
    return "".join(one for one in word.casefold() if one.isalnum())


def _text(given: Mapping[str, str], key: str) -> str:
    return given.get(key, "").strip() or DEFAULTS.get(key, "")


def _words(given: Mapping[str, str], key: str) -> list[str]:
    return [word for part in _text(given, key).replace("\n", ",").split(",") if (word := part.strip())]


def _methods(text: str) -> Mapping[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        account, _, word = (part.strip() for part in line.partition("="))
        if not account or not word:
            message = f"The line {line[:40]} is not understood. Write bank account = method, such as 1200 = BACS."
            raise Misconfigured(message, field="payment_methods")
        found[account.lower()] = word
    return found


def _needed(given: Mapping[str, str], key: str, what: str) -> str:
    if not (text := given.get(key, "").strip()):
        raise Misconfigured(f"{what} is missing. Enter it, or choose the other way to log in.", field=key)
    return text


def _one_of(given: Mapping[str, str], key: str, words: tuple[str, ...]) -> str:
    word = _text(given, key).lower()
    if word not in words:
        raise Misconfigured(f"This setting must be one of {', '.join(words)}.", field=key)
    return word


def _says(given: Mapping[str, str], key: str) -> bool:
    return _one_of(given, key, ("yes", "no")) == "yes"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        message = f"{name[:40]} is no time zone. Enter one such as Europe/London."
        raise Misconfigured(message, field="time_zone") from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        message = f"{text[:20]} is no date. Enter the start date as year, month and day: 2026-04-01."
        raise Misconfigured(message, field="start_date") from error


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not (rate.is_finite() and 0 <= rate <= 100):
        raise Misconfigured(f"{text[:20]} is no tax rate. Enter rates such as 20, 5.", field="tax_rates")
    return rate


def _base_url(text: str) -> str:
    """Without what some copy along: the path of the interface."""
    if not text:
        raise Misconfigured("The address of the platform is missing. Enter it as in the browser.", field="base_url")
    text = text.rstrip("/")
    return text[: -len("/api/v2")] if text.lower().endswith("/api/v2") else text


def _path(given: Mapping[str, str], key: str) -> str:
    return "/" + quote(_text(given, key).strip("/"), safe="/")
