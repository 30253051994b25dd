"""What can go wrong with this AccountsIQ, and what nobody knows of the real one: every option with a sentence."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.exact import from_json, to_json
from integrations.sandbox import Store

Value = bool | int | str


class BadOption(ValueError):
    """An option that does not exist, or a value that it cannot have; the message says which."""


@dataclass(frozen=True, slots=True)
class Option:
    """One switch, number or word. `allowed` lists the only values, where there are few."""

    default: Value
    about: str
    allowed: tuple[Value, ...] = ()


_RATES: Final = ("base_per_unit", "units_per_base")
OPTIONS: Final[Mapping[str, Option]] = {
    # calls that fail
    "limit_per_second": Option(100, "REST calls of one application within any second; 0 is without limit."),
    "lose_requests": Option(0, "The next n calls are cut off, and nothing is done."),
    "lose_answers": Option(0, "The next n writes are carried out, and then cut off."),
    "lose_tokens": Option(0, "The next n tokens are given, and their answers are cut off."),
    "hang": Option(0, "The next n calls are carried out; their answers are held for hang_seconds."),
    "hang_seconds": Option(40, "How long an answer is held."),
    "errors_before": Option(0, "The next n calls are answered 500, and nothing is done."),
    "errors_after": Option(0, "The next n writes are carried out, and then answered 500."),
    # tokens
    "application_revoked": Option(False, "The customer has revoked the application: no token is good, none is given."),
    "read_only": Option(False, "The application may only read."),
    "rest_access_seconds": Option(3600, "How long an access token of the REST interface lives."),
    "soap_access_seconds": Option(1200, "How long an access token of the SOAP interface lives."),
    "strict_rotation": Option(
        False, "A refresh token is dead once it was used; off, it is good until its heir is used."
    ),
    # what nobody knows of the real REST interface
    "rest_lists": Option("bare", "What a list is wrapped in; bare is not at all.", ("bare", "Items", "Data", "Result")),
    "rest_page_size": Option(0, "Rows of a page of a list, which then has a NextPage; 0 is all at once."),
    "rest_missing": Option("404", "What is answered for a thing that there is not.", ("404", "null", "empty")),
    "rest_negative_lines": Option(True, "A line of a REST document may be negative, as long as its total is not."),
    "rest_rates_are": Option("units_per_base", "What the Rate of a currency counts.", _RATES),
    "invoice_currency": Option("told", "Whether an Invoice may tell its Currency.", ("told", "contact")),
    "unique_numbers": Option(False, "A second document with the number of a first one of the contact is refused."),
    # what nobody knows of the real SOAP interface
    "reference_match": Option("exact", "How an external reference is looked up.", ("exact", "contains")),
    "unique_references": Option(False, "A second document with the external reference of a first one is refused."),
    "soap_rates_are": Option("base_per_unit", "What an ExchangeRate counts.", _RATES),
    "tax_rates_are": Option("percent", "What the Rate of a tax code counts.", ("percent", "fraction")),
    "signed_control": Option(False, "ControlAmount has the sign of the control line: below zero for an invoice."),
    "rows_per_call": Option(1000, "The most rows that a SOAP call with Skip answers with."),
}


class Options:
    """All options as they stand; they outlive the process where the books do."""

    def __init__(self, state: Store) -> None:
        self._state = state
        self._lock = threading.RLock()
        with state.transaction() as database:
            rows = database.execute("SELECT name, value FROM option").fetchall()
        self._values: dict[str, Value] = {name: option.default for name, option in OPTIONS.items()}
        self._values |= {row["name"]: from_json(row["value"]) for row in rows if row["name"] in OPTIONS}

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self._values[name])

    def number(self, name: str) -> int:
        """A number."""
        return int(self._values[name])

    def word(self, name: str) -> str:
        """A word."""
        return str(self._values[name])

    def told(self) -> dict[str, dict[str, Any]]:
        """Every option with its value, its default and its sentence."""
        return {
            name: {"value": self._values[name], "default": option.default, "about": option.about}
            for name, option in OPTIONS.items()
        }

    def set(self, given: Mapping[str, object]) -> None:
        """Set some options, all or none. Raises `BadOption`."""
        checked = {name: _checked(name, value) for name, value in given.items()}
        with self._lock, self._state.transaction() as database:
            rows = [(name, to_json(value)) for name, value in checked.items()]
            database.executemany("INSERT OR REPLACE INTO option VALUES (?, ?)", rows)
            self._values |= checked

    def reset(self) -> None:
        """Put all of them back."""
        with self._lock, self._state.transaction() as database:
            database.execute("DELETE FROM option")
            self._values = {name: option.default for name, option in OPTIONS.items()}

    def taken(self, name: str) -> bool:
        """Count one down; whether there was one left."""
        with self._lock:
            left = self.number(name)
            if left > 0:
                self.set({name: left - 1})
            return left > 0


def _checked(name: str, value: object) -> Value:
    option = OPTIONS.get(name)
    if option is None:
        raise BadOption(f"There is no option {name}. There are {', '.join(OPTIONS)}.")
    is_sound = type(value) is type(option.default) and (not option.allowed or value in option.allowed)
    if not is_sound or (isinstance(value, int) and value < 0):
        wanted = " or ".join(map(str, option.allowed)) or type(option.default).__name__
        raise BadOption(f"{name} cannot be {value!r}; it is {wanted}.")
    return value  # type: ignore[return-value]  # of the default's type, as was just seen
