"""What can go wrong with this accessplanit, and what is unknown of the real one: every knob with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.accessplanit.standin.memory import Memory
from integrations.accessplanit.standin.refusals import Refused

Value = bool | int | str

SHAPES: Final = ("id_module", "wrapped", "results", "empty", "form")
KNOBS: Final[Mapping[str, tuple[Value, str]]] = {
    # how often one may call
    "limit_per_hour": (5000, "Calls of one module within any hour; 0 is without limit."),
    "limit_retry_after": (True, "A refused call is answered with Retry-After."),
    # calls that fail
    "api_errors": (0, "The next n calls are answered 500, and nothing is done."),
    "api_errors_after": (0, "The next n calls are carried out, and then answered 500."),
    "forget_tokens": (0, "At the next n calls the token is not known any more."),
    "token_seconds": (3599, "How long a token lives."),
    "missing_results": (0, "The next n reads are answered without results."),
    # how it reads
    "most_rows": (0, "A read gives at most so many records, whatever it was asked for; 0 is without limit."),
    "refuse_two_orders": (False, "An order by more than one property is refused."),
    "ignore_filter": (False, "Every read gives all records."),
    "bare_dates": (False, "A date in quotes is refused in a filter."),
    # how it writes
    "has_updated": (True, "Records tell the moment of their last change, DateUpdated."),
    "lower_case_names": (False, "The names of properties are written in lower case."),
    "numbers_as_text": (False, "Numbers are written as text."),
    "odd_empties": (True, "What is empty is written as text, null, an object or a list, property by property."),
    "has_help": (True, "There are descriptions of the modules' fields."),
    # webhooks
    "hook_shape": ("id_module", f"The body of a webhook: {', '.join(SHAPES)}."),
    "hook_lost": (0, "The next n webhooks are not sent."),
    "hook_twice": (False, "Every webhook is sent twice."),
    "hook_held": (0, "The next n webhooks are kept, and sent in turned order after the one that follows them."),
}


class Faults:
    """All knobs as they stand."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def told(self) -> dict[str, dict[str, Any]]:
        """Every knob with its value, its default and its sentence."""
        return {name: {"value": self.value(name), "default": KNOBS[name][0], "about": KNOBS[name][1]} for name in KNOBS}

    def value(self, name: str) -> Value:
        """How a knob stands."""
        found: Value = self._memory.setting(name, KNOBS[name][0])
        return found

    def is_on(self, name: str) -> bool:
        """How a switch stands."""
        return bool(self.value(name))

    def number(self, name: str) -> int:
        """How a number stands."""
        return int(self.value(name))

    def take(self, name: str) -> bool:
        """Whether one of the next n is to be spoilt; then one less is left."""
        left = self.number(name)
        if left > 0:
            self._memory.set(name, left - 1)
        return left > 0

    def set(self, given: Mapping[str, object]) -> None:
        """Turn some knobs, all or none. Raises `Refused`."""
        for name, value in given.items():
            _check(name, value)
        for name, value in given.items():
            self._memory.set(name, value)

    def reset(self) -> None:
        """Turn every knob back."""
        self.set({name: default for name, (default, _) in KNOBS.items()})


def _check(name: str, value: object) -> None:
    if name not in KNOBS:
        raise Refused(400, f"There is no fault called {name}. Known are {', '.join(KNOBS)}.")
    if type(value) is not type(KNOBS[name][0]):
        raise Refused(400, f"{name} must be of the same type as {KNOBS[name][0]!r}.")
    if isinstance(value, int) and value < 0:
        raise Refused(400, f"{name} must not be negative.")
    if name == "hook_shape" and value not in SHAPES:
        raise Refused(400, f"{name} must be one of {', '.join(SHAPES)}.")
