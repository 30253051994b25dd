"""Where a process of the portal meets the world: its database, Redis, an outside system, whoever waits for an answer.

Nothing here knows the engine's functions: a crossing is told by the tables that a transaction writes, by the command
that goes to Redis, or by the request that goes out, so that the engine may be written anew without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from tests.chaos.inside.grafts import graft

WRITTEN = re.compile(r"\b(insert\s+into|update)\s+(?:only\s+)?\"?([a-z_]+)\"?", re.IGNORECASE)
# Whoever acts is kept with each change of state: this value tells that the sweep did it.
ACTORS = frozenset({"sweep"})
KNOCKS = {b"LPUSH": "rings", b"RPUSH": "rings", b"PUBLISH": "announces"}


class When(Enum):
    """Before or after a crossing. Before a commit everything is written, and nothing of it is certain."""

    BEFORE = "before"
    AFTER = "after"


Passed = Callable[[When, frozenset[str]], None]


@lru_cache(maxsize=4096)
def written(statement: str) -> frozenset[str]:
    """What a statement writes: `insert postings_transaction`, `update postings_posting`."""
    found = WRITTEN.findall(statement)
    told = {f"{verb.split()[0].lower()} {table.lower()}" for verb, table in found}
    return frozenset(told | {f"by {actor}" for actor in ACTORS if f"'{actor}'" in statement})


def watch(passed: Passed) -> None:
    """Tell `passed` of every crossing in this process from now on."""
    _watch_the_database(passed)
    _watch_redis(passed)
    _watch_outside_systems(passed)
    _watch_answers(passed)


def _watch_the_database(passed: Passed) -> None:
    graft("psycopg:Cursor.execute", lambda given: _executing(given, passed))
    graft("psycopg:Connection.commit", lambda given: _committing(given, passed))
    graft("psycopg:Connection.rollback", _rolling_back)


def _executing(given: Callable[..., Any], passed: Passed) -> Callable[..., Any]:
    """A statement on its own is a transaction; in one, what it writes is remembered until the commit."""

    def executed(cursor: Any, query: Any, params: Any = None, **named: Any) -> Any:
        marks = written(query if isinstance(query, str) else str(query))
        if not marks:
            return given(cursor, query, params, **named)
        marks |= _actors(params)
        if cursor.connection.autocommit:
            return _crossed(lambda: given(cursor, query, params, **named), marks, passed)
        done = given(cursor, query, params, **named)
        cursor.connection.chaos_marks = getattr(cursor.connection, "chaos_marks", frozenset()) | marks
        return done

    return executed


def _committing(given: Callable[[Any], None], passed: Passed) -> Callable[[Any], None]:
    def committed(connection: Any) -> None:
        marks = _taken(connection)
        _crossed(lambda: given(connection), marks, passed) if marks else given(connection)

    return committed


def _rolling_back(given: Callable[[Any], None]) -> Callable[[Any], None]:
    def rolled_back(connection: Any) -> None:
        _taken(connection)
        given(connection)

    return rolled_back


def _crossed(cross: Callable[[], Any], marks: frozenset[str], passed: Passed) -> Any:
    passed(When.BEFORE, marks)
    done = cross()
    passed(When.AFTER, marks)
    return done


def _taken(connection: Any) -> frozenset[str]:
    marks: frozenset[str] = getattr(connection, "chaos_marks", frozenset())
    connection.chaos_marks = frozenset()
    return marks


def _actors(params: Any) -> frozenset[str]:
    values: Iterable[Any] = params.values() if isinstance(params, Mapping) else params or ()
    return frozenset(f"by {value}" for value in values if isinstance(value, str) and value in ACTORS)


def _watch_redis(passed: Passed) -> None:
    def send(given: Callable[..., Any]) -> Callable[..., Any]:
        def sent(connection: Any, command: Any, *more: Any, **named: Any) -> Any:
            words = command if isinstance(command, bytes) else b"".join(command)
            done = given(connection, command, *more, **named)
            marks = frozenset(mark for word, mark in KNOCKS.items() if word in words[:200])
            if marks:
                passed(When.AFTER, marks)
            return done

        return sent

    graft("redis.connection:AbstractConnection.send_packed_command", send)


def _watch_outside_systems(passed: Passed) -> None:
    """A request passes here with its connection open and the lease looked at: the next step is the first byte."""

    def request(given: Callable[..., Any]) -> Callable[..., Any]:
        def requested(connection: Any, method: str, *more: Any, **named: Any) -> Any:
            connection.chaos_marks = frozenset({"asks" if method == "GET" else "writes"})
            passed(When.BEFORE, connection.chaos_marks)
            done = given(connection, method, *more, **named)
            passed(When.AFTER, connection.chaos_marks)
            return done

        return requested

    def response(given: Callable[..., Any]) -> Callable[..., Any]:
        def responded(connection: Any, *more: Any, **named: Any) -> Any:
            done = given(connection, *more, **named)
            marks: frozenset[str] = getattr(connection, "chaos_marks", frozenset())
            passed(When.AFTER, frozenset(f"{mark}, answered" for mark in marks))
            return done

        return responded

    graft("urllib3.connection:HTTPConnection.request", request)
    graft("urllib3.connection:HTTPConnection.getresponse", response)


def _watch_answers(passed: Passed) -> None:
    """The answer to a webhook is made, and has not left."""

    def call(given: Callable[..., Any]) -> Callable[..., Any]:
        def called(handler: Any, environ: dict[str, Any], start_response: Any) -> Any:
            response = given(handler, environ, start_response)
            if environ.get("PATH_INFO", "").startswith("/webhooks/"):
                passed(When.BEFORE, frozenset({"answers"}))
            return response

        return called

    graft("django.core.handlers.wsgi:WSGIHandler.__call__", call)
