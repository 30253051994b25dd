"""Log lines: one line, ids, no secrets."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.test import RequestFactory

from portal import context
from portal.operations.logs import ContextFilter, JsonFormatter, PlainFormatter, redacted


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("portal.test", logging.WARNING, __file__, 1, message, arguments, None)
    made.created, made.msecs = 1_700_000_000.25, 250.0
    made.__dict__.update(extra)
    ContextFilter().filter(made)
    return made


def test_a_json_line_carries_time_level_message_and_ids() -> None:
    with context.bound(request_id="r-12345678"), context.bound(company_id="c1", posting_id=7):
        line = JsonFormatter().format(record("sent %s", "P-000001"))
    entry = json.loads(line)
    assert entry.pop("process") > 0
    assert entry == {
        "at": "2023-11-14T22:13:20.250+00:00",
        "level": "WARNING",
        "logger": "portal.test",
        "message": "sent P-000001",
        "request_id": "r-12345678",
        "company_id": "c1",
        "posting_id": "7",
    }


def test_ids_end_with_their_block() -> None:
    with context.bound(posting_id=7):
        pass
    assert "posting_id" not in json.loads(JsonFormatter().format(record("later")))


def test_a_line_that_django_writes_after_the_request_still_has_its_id() -> None:
    request = RequestFactory().get("/")
    request.META["request_id"] = "r-after-the-end"
    assert json.loads(JsonFormatter().format(record("Not Found", request=request)))["request_id"] == "r-after-the-end"


@pytest.mark.parametrize("forged", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\x1b[2Jb", "a\vb"])
def test_nobody_forges_a_second_line(forged: str) -> None:
    for formatter in (JsonFormatter(), PlainFormatter("%(asctime)s %(message)s%(context)s")):
        line = formatter.format(record("path %s", forged))
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_a_plain_line_is_for_people() -> None:
    formatter = PlainFormatter("%(asctime)s %(levelname)s %(name)s %(message)s%(context)s")
    with context.bound(posting_id=7):
        assert formatter.format(record("sent")) == "2023-11-14T22:13:20.250Z WARNING portal.test sent posting_id=7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token prm_AbC-123_xyzXYZ given", "token prm_*** given"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: ***"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz', 'Accept': 'x'}", "{'Authorization': ***, 'Accept': 'x'}"),
        ('{"x-api-compleat-token": "0123456789abcdef", "a": 1}', '{"x-api-compleat-token": ***, "a": 1}'),
        ("sent with bearer abcdefgh12345 today", "sent with bearer *** today"),
        ("Cookie: sessionid=abc; csrftoken=def", "Cookie: ***"),
        ("Set-Cookie: sessionid=abc", "Set-Cookie: ***"),
        ("redis://:hunter22@host:6379/0", "redis://:***@host:6379/0"),
        ("postgres://postroom:hunter22@db/postroom", "postgres://postroom:***@db/postroom"),
        ("a bearer of good news", "a bearer of good news"),
        ("http://127.0.0.1:8000/webhooks/", "http://127.0.0.1:8000/webhooks/"),
    ],
)
def test_secrets_are_hidden(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_secrets_are_hidden_in_tracebacks_too() -> None:
    failed = record("it failed")
    try:
        int("prm_0123456789")
    except ValueError:
        failed.exc_info = sys.exc_info()
    for line in (JsonFormatter().format(failed), PlainFormatter("%(message)s").format(failed)):
        assert "prm_0123456789" not in line
        assert "base 10: 'prm_***'" in line
