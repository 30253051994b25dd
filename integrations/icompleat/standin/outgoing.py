"""What goes out on approval, and what comes back: one POST over real HTTP, and the journal number in its answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from integrations.documents import Kind
from integrations.exact import from_json, to_json
from integrations.icompleat.standin import money
from integrations.icompleat.standin.companies import Target
from integrations.icompleat.standin.deliveries import Sent
from integrations.icompleat.standin.faults import Faults
from integrations.icompleat.standin.memory import moment
from integrations.icompleat.standin.options import Options
from integrations.icompleat.standin.transactions import Held

CONNECT_SECONDS: Final = 5
MAX_ANSWER: Final = 1024 * 1024
UNANSWERED: Final = "Sent, and no answer was seen."
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A journal number, or the reason that a person sees in the tray."""

    journal_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int | None
    text: str
    failure: str = ""


def send(held: Held, target: Target, options: Options, faults: Faults) -> tuple[Sent, Outcome]:
    """Deliver once. Never raises for what the other side does or fails to do."""
    body = to_json(delivered(held, faults, wrapped=options.wrapped))
    header = faults.text("token_header") or target.token_header
    headers = {header: target.token, "Content-Type": "application/json", "Accept": "application/json"}
    sent_at, started = datetime.now(UTC), time.monotonic()
    reply = _exchange(target.url, body, headers, options.wait_seconds)
    outcome = Outcome("", UNANSWERED) if faults.take("lose_answers") else _judged(reply, options)
    sent = Sent(
        transaction_id=held.id,
        company_id=held.company_id,
        sent_at=sent_at.isoformat(timespec="milliseconds"),
        url=target.url,
        header_names=tuple(headers),
        body=body,
        status=reply.status,
        answer=reply.text,
        journal_number=outcome.journal_number,
        milliseconds=round((time.monotonic() - started) * 1000),
    )
    return sent, outcome


def delivered(held: Held, faults: Faults, *, wrapped: bool) -> dict[str, Any]:
    """The body: the transaction as approved, changed by what the knobs say, with or without its wrapping."""
    transaction: Any = {**held.body, "Status": "APPR"}
    for name, change in _CHANGES.items():
        if faults.is_on(name) and (name != "negative_credit_notes" or held.kind is Kind.CREDIT_NOTE):
            transaction = change(transaction)
    return {"Transaction": transaction, "MetaData": meta()} if wrapped else transaction


def meta(url: str = "") -> dict[str, Any]:
    """The MetaData that goes with everything."""
    return {**({"RequestUrl": url} if url else {}), "Version": 1, "DateCreated": moment()}


def upper_case(value: Any) -> Any:
    """The same with every GUID in upper case."""
    if isinstance(value, Mapping):
        return {name: upper_case(member) for name, member in value.items()}
    if isinstance(value, list):
        return [upper_case(item) for item in value]
    return value.upper() if isinstance(value, str) and _GUID.fullmatch(value) else value


def _without_analysis(transaction: Mapping[str, Any]) -> dict[str, Any]:
    lines = [{name: line[name] for name in line if name != "Analysis"} for line in transaction["Lines"]]
    return {**{name: transaction[name] for name in transaction if name != "Analysis"}, "Lines": lines}


def _without_quantities(transaction: Mapping[str, Any]) -> dict[str, Any]:
    return {**transaction, "Lines": [{**line, "Quantity": None} for line in transaction["Lines"]]}


_CHANGES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "null_quantity": _without_quantities,
    "missing_analysis": _without_analysis,
    "negative_credit_notes": money.negated,
    "upper_case_guids": upper_case,
}


def _judged(reply: _Reply, options: Options) -> Outcome:
    if reply.status is None:
        return Outcome("", reply.failure)
    answer = _object(reply.text)
    if reply.status != 200:
        told = answer.get("ErrorMessage")
        reason = f"{reply.status}: {told}" if isinstance(told, str) and told else f"The answer was {reply.status}."
        return Outcome("", reason)
    number = answer.get(options.journal_member)
    if not isinstance(number, str) or not number.strip():
        return Outcome("", f"The answer holds no {options.journal_member}.")
    return Outcome(number.strip(), "")


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
