"""One run of Schemathesis: how it is set up, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from integrations.sandbox import Server
from portal.api import idempotency
from portal.api.idempotency import HEADER
from portal.wsgi import application
from tests.fuzz.world import World

SEED: Final = 7
TAKEN: Final = ["2xx", 401, 403, 404, 409, 429, "5xx", 422]
"""What a well-formed request may be answered. 422: the generator uses one `Idempotency-Key` for many requests."""
# Operations that may refuse a well-formed request with 400, and why the document cannot say it. All others may not.
REFUSED: Final[dict[str, str]] = {
    "create-company": "A name is unique in the tenant, with a letter and no web address; a currency is of ISO 4217.",
    "update-company": "As create-company.",
    "replace-company": "As create-company.",
    "authorise-connection": "Keys are those of the integration at hand, and an outside system judges their values.",
    "create-connection": "A source takes no settings before they are tested.",
    "create-endpoint": "A source sends only some of the kinds.",
    "raise-transaction": "Totals add up, codes are known, dates lie between 2000 and 2099.",
    "replace-sync-settings": "A kind is named once, and told by the system at hand.",
    "resolve-posting": "A number is another one there, or was used for another document.",
    "list-records": "A cursor is one that an answer gave.",
    "create-webhook-consumer": "An address leads to the public internet, a company is the tenant's own.",
    "update-webhook-consumer": "As create-webhook-consumer.",
    "list-webhook-messages": "A cursor is one that an answer gave.",
}
# Operations that ask an outside system: 503 where there is none at a generated address.
ASKS: Final = ("authorise-connection", "get-company-info", "resolve-posting")
# What is deleted, so that the others stay.
DOOMED: Final = "doomedWebhookId"


_used: Final = count()


@dataclass
class Outcome:
    """How many requests were made, and what was found wrong, each once."""

    cases: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def configuration(world: World, *, examples: int, phases: tuple[str, ...], seed: int = SEED) -> SchemathesisConfig:
    """All checks, generated requests of both kinds, and ids that exist more often than not."""
    names = {f"ids-{name}": {"values": values} for name, values in world.ids.items()}
    bound: dict[str, Any] = {f"path.{name}": _of(name) for name in world.ids if name not in ("after", DOOMED)}
    bound["query.after"] = _of("after")
    ends = {"include-operation-id": "delete-webhook-consumer", "parameters": {"path.webhookId": _of(DOOMED)}}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {world.token}"},
            "dictionaries": names,
            "parameters": bound,
            "generation": {"max-examples": examples, "mode": "all", "database": "none"},
            "checks": {"enabled": True, "positive_data_acceptance": {"expected-statuses": TAKEN}},
            "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
            "operations": [
                *({"include-operation-id": name, "checks": _checks(name)} for name in dict.fromkeys((*REFUSED, *ASKS))),
                ends,
            ],
        }
    )


def _of(name: str) -> dict[str, Any]:
    """An id that exists, more often than not."""
    return {"dictionary": f"ids-{name}", "probability": 0.8}


def _checks(operation: str) -> dict[str, Any]:
    taken = [*TAKEN, 400] if operation in REFUSED else TAKEN
    found: dict[str, Any] = {"positive_data_acceptance": {"expected-statuses": taken}}
    if operation in ASKS:
        found["not_a_server_error"] = {"expected-statuses": ["2xx", "4xx", 503]}
    return found


def run(config: SchemathesisConfig) -> Outcome:
    """Make all of its requests."""
    load_all_checks()
    outcome, seen = Outcome(), set[str]()
    with Server(application) as server:
        config.projects.default.base_url = server.url
        schema = schemathesis.openapi.from_url(f"{server.url}/api/schema", config=config)
        for event in from_schema(schema).execute():
            if isinstance(event, ScenarioFinished):
                _count(outcome, event)
                _collect(outcome, seen, event)
            elif isinstance(event, NonFatalError | FatalError):
                outcome.problems.append(f"{getattr(event, 'label', '')}: {_error(event)}")
    return outcome


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Keys that could be one are another one most of the time: the generator has few of its own, and a request with one
    that was used before tells nothing but that."""
    if getattr(getattr(case.meta, "phase", None) and case.meta.phase.data, "parameter", None) == "Authorization":
        return  # what is tested is that it is missing, and another change would bring it back
    key = (case.headers or {}).get(HEADER)
    if isinstance(key, str) and idempotency.SHAPE.fullmatch(key) and len(key) <= 60 and next(_used) % 8:
        case.headers[HEADER] = f"{key}-{next(_used)}"


def _count(outcome: Outcome, event: ScenarioFinished) -> None:
    for node in event.recorder.cases.values():
        label = node.value.operation.label
        outcome.by_operation[label] = outcome.by_operation.get(label, 0) + 1
    outcome.cases += len(event.recorder.interactions)
    for interaction in event.recorder.interactions.values():
        if interaction.response is not None:
            status = interaction.response.status_code
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1


def _collect(outcome: Outcome, seen: set[str], event: ScenarioFinished) -> None:
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            operation = event.recorder.cases[case_id].value.operation.label
            failure = check.failure_info
            kind = f"{operation} {check.name} {failure.failure.title} {str(failure.failure.message)[:60]}"
            if kind not in seen:
                seen.add(kind)
                interaction = event.recorder.interactions.get(case_id)
                response = interaction.response if interaction else None
                body = response.content[:400] if response is not None and response.content else b""
                status = response.status_code if response is not None else ""
                outcome.problems.append(
                    f"{kind}\n{failure.failure.message}\n{failure.code_sample}\n{status} {body!r}\n"
                )


def _error(event: Any) -> str:
    return str(getattr(event, "value", None) or getattr(event, "exception", event))
