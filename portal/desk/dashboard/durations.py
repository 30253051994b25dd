"""Lengths of time in words, and the marks of a logarithmic axis of them."""

from __future__ import annotations

from typing import Final

from portal.notation import DASH

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
MARKS: Final[dict[float, str]] = {
    0.01: "10 ms",
    0.1: "0.1 s",
    1: "1 s",
    10: "10 s",
    MINUTE: "1 min",
    10 * MINUTE: "10 min",
    HOUR: "1 h",
    6 * HOUR: "6 h",
    DAY: "1 d",
    7 * DAY: "7 d",
    30 * DAY: "30 d",
    90 * DAY: "90 d",
}


def duration(seconds: float | None) -> str:
    """As people say it, in two figures or two units: `0.3 s`, `42 s`, `3 min 10 s`, `5 h 20 min`, `2 d 4 h`.

    A dash for none; what is known within 19 % needs no more.
    """
    if seconds is None:
        return DASH
    if seconds < 0.095:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    for unit, word, smaller, smaller_word in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min")):
        if whole >= unit:
            return _two(whole, unit, word, smaller, smaller_word)
    return _two(whole, MINUTE, "min", 1, "s")


def _two(seconds: int, unit: int, word: str, smaller: int, smaller_word: str) -> str:
    many, rest = divmod(seconds, unit)
    few = rest // smaller
    return f"{many} {word} {few} {smaller_word}" if few else f"{many} {word}"
