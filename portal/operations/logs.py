"""Log lines: one line each, UTC, with the ids that they belong to, and without secrets."""

from __future__ import annotations

import json
import logging
import re
import time
from datetime import UTC, datetime

from portal import context

HIDDEN = "***"

# Nets under what never should be logged in the first place.
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"prm_[A-Za-z0-9_-]{6,}"), f"prm_{HIDDEN}"),
    # A token at the end of an endpoint's address.
    (re.compile(r"(/webhooks/[a-z0-9_-]+/[0-9a-fA-F-]{36}/)[^\s/?#\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    # A header with its value, as it stands in a dict, in JSON or on the wire.
    (
        re.compile(
            r"""(?ix) \b ( (?:proxy-)?authorization | (?:set-)?cookie | x-[a-z-]*(?:token|key) ) (["']?\s*[:=]\s*)
            (?: "[^"]*" | '[^']*' | [^\r\n,}]+ )"""
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
)
_LINE_BREAKS = {
    ord(character): character.encode("unicode_escape").decode() for character in "\r\n\v\f\x1b\x85\u2028\u2029"
}


def redacted(text: str) -> str:
    """`text` with `***` for what looks like a secret: our tokens, Authorization values, passwords in URLs."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class ContextFilter(logging.Filter):
    """Puts the ids of the moment on a record: `record.ids` as a dict, `record.context` as text for plain lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take every record, with its ids."""
        ids = {**_request_id(record), **context.ids()}
        record.__dict__["ids"] = ids
        record.__dict__["context"] = "".join(f" {name}={value}" for name, value in ids.items())
        return True


def _request_id(record: logging.LogRecord) -> dict[str, str]:
    """Django's own lines about a request are written when its context is over, and carry the request instead."""
    meta = getattr(getattr(record, "request", None), "META", {})
    return {"request_id": meta["request_id"]} if "request_id" in meta else {}


class PlainFormatter(logging.Formatter):
    """For people: a message cannot break its line, so nobody can forge a second one; a traceback follows below."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line without its traceback."""
        return super().formatMessage(record).translate(_LINE_BREAKS)

    def format(self, record: logging.LogRecord) -> str:
        """The whole record without secrets."""
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """For machines: one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """`at` (UTC), `level`, `logger`, `message`, the ids, `process`, and `exception` where there is one."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **getattr(record, "ids", {}),
            "process": record.process,
        }
        if record.exc_info:
            entry["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(entry)
