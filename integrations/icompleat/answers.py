"""What the API answered: the closed table of its refusals, its rate limit in each form, and its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from integrations.errors import IntegrationError, Misconfigured, Missing, Rejected, Retryable
from integrations.icompleat.endpoints import Endpoint
from integrations.reply import Reply, judged
from integrations.sentences import sentence

RATE_LIMITED: Final = 429
ROW_REFUSED: Final = 20
TOKEN_SPENT: Final = 21

_CODE_NAMES: Final = ("ErrorCode", "errorCode", "Code", "code")
_WORD_NAMES: Final = ("ErrorMessage", "errorMessage", "Message", "message", "error")
_DETAIL_NAMES: Final = ("ModelState", "modelState", "errors")
_WISH: Final = re.compile(r"\b(\d{1,6})\s*s(?:ec(?:ond)?s?)?\b", re.IGNORECASE)
_LONGEST_WISH_SECONDS: Final = 3600.0
_MOST_WORDS: Final = 20_000


class Refusal(Rejected):
    """A write was refused with no meaning of its own here. `code` is None where none was given; `words` are all."""

    def __init__(self, message: str, *, code: int | None, words: str) -> None:
        super().__init__(message)
        self.code = code
        self.words = words


class UnknownCode(Missing):
    """The list has no row with this code."""


class Stale(Rejected):
    """The transaction was changed by somebody else meanwhile."""


class NoSuchCall(Misconfigured):
    """The address is not known there: the path is a wrong guess, or a code cannot stand in it."""


class Unexplained(Misconfigured):
    """A refusal without an error of the API's own: it came from whatever stands before it."""


# 2, 3 and 10 were seen, the others are our reading of what must exist. `{words}` are the vendor's own.
_TABLE: Final[Mapping[int, tuple[type[Rejected], str, str]]] = {
    2: (Misconfigured, "iCompleat knows no such company under this tenant. Check the company ID.", "company_id"),
    3: (Misconfigured, "iCompleat knows no such user. Check the ID of the user to raise as.", "raise_user_id"),
    10: (Missing, "iCompleat knows no such transaction in this company.", ""),
    23: (UnknownCode, "iCompleat has no row with this code.", "code"),
    24: (Misconfigured, "iCompleat has no such custom field any more. Check its name in iCompleat.", "dimension"),
    31: (Stale, "The transaction was changed in iCompleat meanwhile. Read it again and repeat the change.", ""),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A successful answer. `json` is None where the body is something else, and empty where there is no body."""

    reply: Reply
    json: Any

    def members(self) -> Mapping[str, Any]:
        """The JSON object. Raises what `Reply.unclear` gives for anything else."""
        if self.json is None:
            self.reply.json()
        if not isinstance(self.json, Mapping):
            raise self.reply.unclear("something that is not a JSON object")
        return self.json

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """The objects of an array. Raises as `members`, and where there is no such array."""
        found = member(self.members(), name)
        if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
            raise self.reply.unclear(f"no list named {name}")
        return found

    def inner(self, name: str) -> Mapping[str, Any]:
        """The object of this name, or the whole answer where it has no such member."""
        told = self.members()
        found = member(told, name)
        return found if isinstance(found, Mapping) else told


def member(told: Mapping[str, Any], name: str) -> Any:
    """A member by its Pascal case name; its first letter may be in lower case. None where it is missing."""
    found = told.get(name)
    return told.get(name[0].lower() + name[1:]) if found is None else found


def text(told: Mapping[str, Any], name: str) -> str:
    """A member that is text, without outer blanks; empty for anything else."""
    found = member(told, name)
    return found.strip() if isinstance(found, str) else ""


def checked(reply: Reply, call: Endpoint) -> Told:
    """A success, read once. Raises what any other answer stands for; `call` is named where it is not known there."""
    told = _json(reply)
    fields = told if isinstance(told, Mapping) else {}
    if reply.status == RATE_LIMITED or fields.get("statusCode") == RATE_LIMITED:
        _wait(reply, fields)
    if reply.status >= 300:
        raise _refusal(reply, fields, call)
    # A row of a list has a Code, too: inside of a success only the unmistakable name counts.
    if _code(fields, _CODE_NAMES[:2]):
        raise _refusal(reply, fields, call)
    return Told(reply, told)


def _json(reply: Reply) -> Any:
    if not reply.body.strip():
        return {}
    if not reply.is_json:
        return None
    try:
        return reply.json()
    except IntegrationError:
        if reply.status < 300:
            raise
        return None


def _wait(reply: Reply, fields: Mapping[str, Any]) -> None:
    """A rate limit, whatever the status: the gateway in front of the API puts it into the body."""
    try:
        judged(replace(reply, status=RATE_LIMITED))
    except Retryable as error:
        if error.retry_after is None:
            error.retry_after = _wished(fields)
        raise


def _wished(fields: Mapping[str, Any]) -> float | None:
    found = _WISH.search(_words(fields)[:500])
    return min(max(float(found[1]), 1.0), _LONGEST_WISH_SECONDS) if found else None


def _refusal(reply: Reply, fields: Mapping[str, Any], call: Endpoint) -> Rejected:
    code, words = _code(fields, _CODE_NAMES), _words(fields)
    if code is not None and code in _TABLE:
        error, message, field = _TABLE[code]
        return error(message, field=field)
    if reply.status in (404, 405):
        return _no_such_call(call)
    if code is None and not words:
        message = f"iCompleat refused the request (status {reply.status}) and gave no reason. Check the API base URL."
        return Unexplained(message, field="base_url")
    what = f"status {reply.status}" if code is None else f"code {code}"
    shown = sentence(words, otherwise=f"iCompleat refused the request ({what}) and gave no reason.")
    return Refusal(shown, code=code, words=words) if reply.wrote else Misconfigured(shown)


def _no_such_call(call: Endpoint) -> NoSuchCall:
    asked = f"iCompleat knows no call {call.method} {call.template}."
    if call.is_seen:
        return NoSuchCall(f"{asked} Check the API base URL.", field="base_url")
    return NoSuchCall(f"{asked} Correct it with a line for {call.name} in the setting Paths.", field="paths")


def _code(fields: Mapping[str, Any], by: tuple[str, ...]) -> int | None:
    for name in by:
        value = fields.get(name)
        if type(value) is int:
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
    return None


def _words(fields: Mapping[str, Any]) -> str:
    """The sentence, and behind it what .NET says of single members when a body does not fit."""
    sentences = (text(fields, name) for name in _WORD_NAMES)
    said = next((one for one in sentences if one), "")
    details = next((found for name in _DETAIL_NAMES if isinstance(found := fields.get(name), Mapping)), {})
    members = [f"{name}: {' '.join(map(str, why)) if isinstance(why, list) else why}" for name, why in details.items()]
    return " ".join([said, *members]).strip()[:_MOST_WORDS]
