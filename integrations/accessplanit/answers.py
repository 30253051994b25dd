"""What accessplanit answers: its envelope, and what each refusal means. The body of an error is not public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.accessplanit.rows import Row
from integrations.errors import IntegrationError, Malformed, Misconfigured, Missing, Rejected
from integrations.reply import Reply
from integrations.sentences import sentence

_RESULTS: Final = "results"
_WORDS: Final = ("message", "error_description", "exceptionMessage", "errorMessage", "error", "title", "detail")
_NESTED: Final = ("errors", "error", "modelState")
_MOST_WORDS: Final = 2_000


class NotShown(Misconfigured):
    """The roles of the API user do not let it see a module."""


class NoModule(Misconfigured):
    """There is no such module, or the address is wrong."""


class NotUnderstood(Misconfigured):
    """A query was refused: a name in it is wrong there, or a part of the language is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request was about, for its errors: the module's name over there, and our feed that it belongs to."""

    module: str
    feed: str


def rows(reply: Reply, asked: Asked) -> list[Any]:
    """The records of a read, whatever each of them is. Raises `Misconfigured`, and `Retryable` for an answer without
    `results`: that is no empty list."""
    if reply.status >= 300:
        raise _refused_read(reply, asked)
    answer = reply.json()
    found = _member(answer, _RESULTS) if isinstance(answer, Mapping) else None
    if isinstance(found, Mapping):
        return [found]
    if not isinstance(found, list):
        raise reply.unclear("no results")
    return found


def written(reply: Reply, asked: Asked) -> Mapping[str, Any]:
    """The record that a write answers with, empty where it has no body. Raises `Rejected` with the vendor's words,
    `Missing` on 404, `NotShown` on 403, `OutcomeUnknown` for what cannot be read."""
    if reply.status >= 300:
        raise _refused_write(reply, asked)
    if not reply.body.strip():
        return {}
    answer = reply.json()
    if not isinstance(answer, Mapping):
        raise reply.unclear("something that is no record")
    found = _member(answer, _RESULTS)
    first = found[0] if isinstance(found, list) and found else found
    return first if isinstance(first, Mapping) else answer


def id_of(record: Mapping[str, Any]) -> str:
    """The id of a record, empty where it has none that can be used."""
    try:
        return Row(record).id()
    except Malformed:
        return ""


def words(reply: Reply, *, otherwise: str) -> str:
    """What an error says of itself, in whatever member."""
    try:
        answer = reply.json()
    except IntegrationError:
        return otherwise
    return sentence(" ".join(_said(answer))[:_MOST_WORDS], otherwise=otherwise)


def _refused_read(reply: Reply, asked: Asked) -> Misconfigured:
    status = reply.status
    if status == 403:
        return _not_shown(asked)
    if status in (404, 405):
        return NoModule(
            f"accessplanit has no module {asked.module} at this address. Check the address of the platform, and the "
            "name of the module.",
            field=asked.feed,
        )
    why = words(reply, otherwise="it gave no reason").rstrip(".")
    message = f"accessplanit did not take the question for {asked.module} (status {status}): {why}. Check the names."
    return NotUnderstood(message, field=asked.feed)


def _refused_write(reply: Reply, asked: Asked) -> IntegrationError:
    if reply.status == 403:
        return _not_shown(asked)
    if reply.status == 404:
        return Missing(f"accessplanit has no such record in {asked.module}.")
    nothing = f"accessplanit did not take it (status {reply.status}) and gave no reason."
    return Rejected(words(reply, otherwise=nothing))


def _not_shown(asked: Asked) -> NotShown:
    return NotShown(
        f"The API user may not use {asked.module} in accessplanit. Give its role the right to, or leave this feed out.",
        field=asked.feed,
    )


def _member(answer: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in answer.items() if key.lower() == name.lower()), None)


def _said(answer: object, depth: int = 0) -> list[str]:
    """All sentences of an error, the outer ones first."""
    if isinstance(answer, str):
        return [answer]
    if depth > 3:
        return []
    if isinstance(answer, list):
        return [one for part in answer[:10] for one in _said(part, depth + 1)]
    if not isinstance(answer, Mapping):
        return []
    own = [text for name in _WORDS if isinstance(text := _member(answer, name), str) and text.strip()][:1]
    inner = [value for name in _NESTED if isinstance(value := _member(answer, name), Mapping | list)]
    if depth:
        inner += [value for value in answer.values() if isinstance(value, list)]
        own = own or [text for text in answer.values() if isinstance(text, str)][:1]
    return [*own, *(one for part in inner for one in _said(part, depth + 1))]
