"""What can go wrong with this iCompleat, and what is unknown of the real one: every knob with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.icompleat.standin.memory import Settings

Value = bool | int | str


class BadKnob(ValueError):
    """A knob that does not exist, or a value that it cannot have; the message says which."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One switch, number or text. `allowed` lists the only values, where there are few."""

    default: Value
    about: str
    allowed: tuple[Value, ...] = ()


KNOBS: Final[Mapping[str, Knob]] = {
    # how often one may call
    "limit_per_minute": Knob(50, "Calls of one key within any 60 seconds; 0 is without limit."),
    "limit_status": Knob(429, "The status that carries the body of a 429.", (429, 403, 200)),
    "limit_retry_after": Knob(True, "A refused call is answered with Retry-After."),
    # calls that fail
    "api_errors": Knob(0, "The next n calls are answered 500, and nothing is done."),
    "api_errors_after": Knob(0, "The next n calls are carried out, and then answered 500."),
    "slow_ms": Knob(0, "Each call is answered so many milliseconds later."),
    "drop_before": Knob(0, "The next n connections are closed without an answer, and nothing is done."),
    "drop_after": Knob(0, "The next n calls are carried out, and the connection is closed without an answer."),
    "drop_create": Knob(0, "The next n created transactions exist, and the connection is closed without an answer."),
    # refreshes
    "chunk_error": Knob(0, "Chunk n of a refresh, counted from 1, is answered 500 once and is not stored."),
    "chunk_error_stored": Knob(0, "Chunk n of a refresh, counted from 1, is stored and answered 500 once."),
    "chunk_drop": Knob(0, "The connection of chunk n of a refresh is closed once, and the chunk is not stored."),
    "chunk_drop_stored": Knob(0, "Chunk n of a refresh is stored, and the connection is closed once."),
    "forget_continuation": Knob(0, "The next n tokens of continuing refreshes are unknown."),
    "refused_codes": Knob("", "Rows with these codes, separated by blanks, are refused."),
    "nameless_refusals": Knob(False, "A refused row is not named: the sentence does not say which one it is."),
    "put_creates": Knob(True, "A PUT of a code that is not there creates the row; off, it is refused with code 23."),
    # transactions
    "check_codes": Knob(True, "Created and edited transactions may only hold codes that are in the lists."),
    "approvals_needed": Knob(1, "So many approvals make a transaction fully approved."),
    "raw_attachments": Knob(False, "An attachment is answered as its bytes, not as JSON."),
    # the webhook
    "deliver_before_answer": Knob(False, "What is approved by a call is delivered before that call is answered."),
    "deliver_twice": Knob(False, "On approval the same body is delivered twice."),
    "lose_answers": Knob(0, "The answers to the next n deliveries are lost on the way."),
    "receipt_before_order": Knob(False, "An order's receipt is delivered right before the order."),
    "receipt_has_order_id": Knob(False, "A receipt has the Id of its order."),
    "token_header": Knob("", "The header that carries the secret token, instead of the one of the endpoint."),
    "null_quantity": Knob(False, "Quantities are delivered as null."),
    "missing_analysis": Knob(False, "Analysis is left out of what is delivered."),
    "upper_case_guids": Knob(False, "GUIDs are written in upper case, in deliveries and answers."),
    "negative_credit_notes": Knob(False, "The amounts of credit notes are delivered as negative numbers."),
}


class Faults:
    """All knobs as they stand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def told(self) -> dict[str, dict[str, Any]]:
        """Every knob with its value, its default and its sentence."""
        return {
            name: {"value": self._settings.get(name, knob.default), "default": knob.default, "about": knob.about}
            for name, knob in KNOBS.items()
        }

    def set(self, given: Mapping[str, object]) -> None:
        """Turn some knobs, all or none. Raises `BadKnob`."""
        self._settings.set({name: _sound(name, value) for name, value in given.items()})

    def reset(self) -> None:
        """Turn every knob back."""
        self._settings.set({name: knob.default for name, knob in KNOBS.items()})

    def is_on(self, name: str) -> bool:
        """How a switch stands."""
        return bool(self._settings.get(name, KNOBS[name].default))

    def number(self, name: str) -> int:
        """How a number stands."""
        return int(self._settings.get(name, KNOBS[name].default))

    def text(self, name: str) -> str:
        """How a text stands."""
        return str(self._settings.get(name, KNOBS[name].default))

    def take(self, name: str) -> bool:
        """Whether one of the next n is to be spoilt; then one less is left."""
        return self._settings.take(name)

    def take_chunk(self, name: str, chunk: int) -> bool:
        """Whether this chunk is to be spoilt, which happens once."""
        return self._settings.take_all(name, chunk)


def _sound(name: str, value: object) -> Value:
    knob = KNOBS.get(name)
    if knob is None:
        raise BadKnob(f"There is no fault called {name}. Known are {', '.join(KNOBS)}.")
    if not isinstance(value, bool | int | str) or type(value) is not type(knob.default):
        raise BadKnob(f"{name} must be {_TYPES[type(knob.default)]}.")
    if knob.allowed and value not in knob.allowed:
        raise BadKnob(f"{name} must be one of {', '.join(str(one) for one in knob.allowed)}.")
    if isinstance(value, int) and value < 0:
        raise BadKnob(f"{name} must not be negative.")
    return value


_TYPES: Final[Mapping[type, str]] = {bool: "true or false", int: "a whole number", str: "text"}
