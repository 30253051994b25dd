"""What the stand-in does on approval: POST the transaction, wait for the answer, look for a journal number in it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from integrations.exact import from_json, to_json
from integrations.icompleat.trays import Held, Options, Sent, Target, Tray, Trays

CONNECT_SECONDS: Final = 5
MAX_ANSWER: Final = 1024 * 1024
UNANSWERED: Final = "Sent, and no answer was seen."


class UnderWay(Exception):
    """The transaction is being delivered at this moment."""


class WrongTray(Exception):
    """What was asked for cannot be done with a transaction in this tray."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int | None
    text: str
    failure: str = ""


class Approvals:
    """Approves transactions and retries postings, one delivery per transaction at a time."""

    def __init__(self, trays: Trays) -> None:
        self._trays = trays
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def approve(self, transaction_id: str) -> Held:
        """Approve what awaits it, which posts it at once. Raises `Unknown`, `WrongTray`, `UnderWay`."""
        return self._deliver(transaction_id, Tray.AWAITING_APPROVAL)

    def retry(self, transaction_id: str) -> Held:
        """Post again what failed, unchanged. Raises `Unknown`, `WrongTray`, `UnderWay`."""
        return self._deliver(transaction_id, Tray.POSTING_FAILURES)

    def all(self, company_id: str, tray: Tray) -> list[Held]:
        """Every transaction of a tray, one after the other in their order."""
        delivered = []
        for held in self._trays.transactions(company_id, tray):
            # Somebody else may approve one of them meanwhile.
            with suppress(WrongTray, UnderWay):
                delivered.append(self._deliver(held.id, tray))
        return delivered

    def _deliver(self, transaction_id: str, tray: Tray) -> Held:
        held = self._trays.transaction(transaction_id)
        self._begin(held.id)
        try:
            held = self._trays.transaction(held.id)
            if held.tray is not tray:
                raise WrongTray(f"The transaction lies in {held.tray.label}.")
            self._post(held)
        finally:
            self._end(held.id)
        return self._trays.transaction(held.id)

    def _begin(self, transaction_id: str) -> None:
        with self._lock:
            if transaction_id in self._under_way:
                raise UnderWay("The transaction is being delivered.")
            self._under_way.add(transaction_id)

    def _end(self, transaction_id: str) -> None:
        with self._lock:
            self._under_way.discard(transaction_id)

    def _post(self, held: Held) -> None:
        # Among the failures first: if this process is killed while it waits, the transaction can be retried.
        self._trays.put(held.id, Tray.POSTING_FAILURES, reason=UNANSWERED)
        target = self._trays.targets(held.company_id).get(held.kind)
        if target is None:
            reason = f"No endpoint is configured for {held.kind.label.lower()}s."
            self._trays.put(held.id, Tray.POSTING_FAILURES, reason=reason)
            return
        options = self._trays.options()
        sent, reply = send(held, target, options)
        self._trays.record(held.id, sent)
        journal_number, reason = judged(reply, options)
        tray = Tray.APPROVED if journal_number else Tray.POSTING_FAILURES
        self._trays.put(held.id, tray, journal_number=journal_number, reason=reason)


def send(held: Held, target: Target, options: Options) -> tuple[Sent, _Reply]:
    """One POST over real HTTP. Never raises for what the other side does or fails to do."""
    body = to_json(_body(held, wrapped=options.wrapped))
    headers = {target.token_header: target.token, "Content-Type": "application/json", "Accept": "application/json"}
    sent_at, started = datetime.now(UTC), time.monotonic()
    reply = _exchange(target.url, body, headers, options.wait_seconds)
    sent = Sent(
        sent_at=sent_at.isoformat(timespec="milliseconds"),
        url=target.url,
        header_names=tuple(headers),
        body=body,
        status=reply.status,
        answer=reply.text,
        milliseconds=round((time.monotonic() - started) * 1000),
    )
    return sent, reply


def judged(reply: _Reply, options: Options) -> tuple[str, str]:
    """The journal number and no reason, or no number and the reason that a person sees in the tray."""
    if reply.status is None:
        return "", reply.failure
    answer = _object(reply.text)
    if reply.status != 200:
        told = answer.get("ErrorMessage")
        return "", f"{reply.status}: {told}" if isinstance(told, str) and told else f"The answer was {reply.status}."
    number = answer.get(options.journal_member)
    if not isinstance(number, str) or not number.strip():
        return "", f"The answer holds no {options.journal_member}."
    return number.strip(), ""


def _body(held: Held, *, wrapped: bool) -> dict[str, Any]:
    transaction = {**held.body, "Status": "APPR"}
    if not wrapped:
        return transaction
    # Seven digits, as in the vendor's own answers.
    made = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
    return {"Transaction": transaction, "MetaData": {"Version": 1, "DateCreated": made}}


def _exchange(url: str, body: str, headers: dict[str, str], wait_seconds: int) -> _Reply:
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.post(
                url,
                data=body.encode(),
                headers=headers,
                timeout=(CONNECT_SECONDS, wait_seconds),
                allow_redirects=False,
                stream=True,
            )
            content = response.raw.read(MAX_ANSWER, decode_content=True)
        except (requests.Timeout, ReadTimeoutError):
            return _Reply(None, "", f"No answer within {wait_seconds} seconds.")
        except (requests.RequestException, HTTPError, OSError, ValueError):
            return _Reply(None, "", "The endpoint could not be reached, or broke off.")
    return _Reply(response.status_code, content.decode(errors="replace"))


def _object(text: str) -> dict[str, Any]:
    try:
        value = from_json(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
