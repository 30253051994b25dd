"""Send one message once: its body, its signature, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.dateparse import parse_datetime

from integrations import standard_webhooks
from integrations.errors import IntegrationError, Retryable
from integrations.exact import to_json
from integrations.http import Http, Outbound
from integrations.reply import Reply, judged
from integrations.standard_webhooks import BadSecret
from portal.events.webhooks.exactly import instant
from portal.events.webhooks.models import Announcement, Consumer
from portal.fields import Undecryptable
from portal.idle import give_back_connection

VERSION: Final = "0.1.0"
"""The product's, as it stands in pyproject.toml."""
LIMIT_SECONDS: Final = 15.0
SHOWN_OF_ANSWER: Final = 200
PROBLEM_LENGTH: Final = 300
GONE: Final = 410
SIGNING, PREVIOUS, PREVIOUS_UNTIL = "signing", "previous", "previous_until"
NO_SECRET: Final = "Its signing secret cannot be read here, so nothing was sent. Make a new one."  # noqa: S105
REDIRECTS: Final = "Answered {status}: it leads to another address, which is not followed. Enter the final one."
ANSWERED: Final = "Answered {status}"
AGAIN: Final = "It will be tried again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one try. `status` is None where nothing was answered; `problem` is empty when it arrived;
    `retry_after` is how long the other side asks to be left alone, in seconds."""

    status: int | None = None
    problem: str = ""
    milliseconds: int = 0
    retry_after: float | None = None

    @property
    def arrived(self) -> bool:
        """Whether it was taken."""
        return not self.problem

    @property
    def gone(self) -> bool:
        """Whether the other side wants no more messages at all."""
        return self.status == GONE


def send(consumer: Consumer, announcement: Announcement, now: datetime) -> Outcome:
    """One request, 15 seconds at most, sent at `now` (aware UTC). Raises nothing that the other side could cause."""
    body = body_of(announcement)
    began = time.monotonic()
    try:
        signed = standard_webhooks.headers(signing_secrets(consumer, now), str(announcement.public_id), now, body)
        give_back_connection()
        outcome = _judged(_post(consumer.url, signed, body))
    except (BadSecret, Undecryptable):
        outcome = Outcome(problem=NO_SECRET)
    except IntegrationError as error:
        outcome = Outcome(problem=error.message.removesuffix(AGAIN).strip()[:PROBLEM_LENGTH])
    took = round((time.monotonic() - began) * 1000)
    return replace(outcome, milliseconds=took)


def envelope(announcement: Announcement) -> dict[str, Any]:
    """What is sent, the same in every try and every replay."""
    return {
        "id": str(announcement.public_id),
        "eventType": announcement.type,
        "generatedDate": instant(announcement.happened_at),
        "payload": announcement.payload,
    }


def body_of(announcement: Announcement) -> bytes:
    """The very bytes that are signed and sent."""
    return to_json(envelope(announcement)).encode()


def signing_secrets(consumer: Consumer, now: datetime) -> list[str]:
    """The secret to sign with; for a day after it was replaced, the one before as well.

    Raises `BadSecret` where there is none, `Undecryptable` where its key is lost.
    """
    kept = consumer.secrets
    if not kept.get(SIGNING):
        raise BadSecret("There is no signing secret.")
    until = parse_datetime(kept.get(PREVIOUS_UNTIL, ""))
    return [kept[SIGNING], *([kept[PREVIOUS]] if until is not None and now < until else [])]


def overlapping(kept: dict[str, str], fresh: str, until: datetime) -> dict[str, str]:
    """The secrets once `fresh` is the one to sign with, and the one of today works until `until`."""
    return {SIGNING: fresh, PREVIOUS: kept.get(SIGNING, ""), PREVIOUS_UNTIL: until.isoformat()}


def _post(url: str, signed: dict[str, str], body: bytes) -> Reply:
    """Whatever is answered. `reads`: a webhook may be repeated, so no outcome is ever unknown."""
    parts = urlsplit(url)
    outbound = Outbound(allow_private=settings.ALLOW_PRIVATE_TARGETS, deadline_seconds=LIMIT_SECONDS)
    agent = {"User-Agent": f"Postroom/{VERSION}", "Content-Type": "application/json"}
    http = Http(f"{parts.scheme}://{parts.netloc}", outbound, headers={**agent, **signed})
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return http.post(path, body=body, reads=True, returns=range(1000))


def _judged(reply: Reply) -> Outcome:
    if 200 <= reply.status < 300:
        return Outcome(status=reply.status)
    if 300 <= reply.status < 400:
        return Outcome(status=reply.status, problem=REDIRECTS.format(status=reply.status))
    said = " ".join(reply.body[: 4 * SHOWN_OF_ANSWER].decode(errors="replace").split())[:SHOWN_OF_ANSWER]
    problem = ANSWERED.format(status=reply.status) + (f": {said}" if said else ".")
    return Outcome(status=reply.status, problem=problem[:PROBLEM_LENGTH], retry_after=_wish(reply))


def _wish(reply: Reply) -> float | None:
    try:
        judged(reply)
    except Retryable as error:
        return error.retry_after
    except IntegrationError:
        pass
    return None
