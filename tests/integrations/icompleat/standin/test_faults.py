"""Calls that fail on purpose, before and after they are carried out; and the table of all knobs."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from integrations.icompleat.standin.faults import KNOBS
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import TENANT, Client, Control, suppliers

OWN = f"{TENANT}/{COMPANY}"
PUT = ("PUT", f"supplier/{OWN}/NEW", {"Code": "NEW", "Name": "n"})


def codes(client: Client) -> list[str]:
    return [row["Code"] for row in client.get(f"suppliers/{OWN}/1")["Suppliers"]]


def test_every_knob_is_told_with_its_sentence(control: Control) -> None:
    told = control.get("faults")["faults"]
    assert list(told) == list(KNOBS)
    assert told["limit_per_minute"] == {
        "value": 0,
        "default": 50,
        "about": "Calls of one key within any 60 seconds; 0 is without limit.",
    }
    assert all(knob["about"].endswith(".") for knob in told.values())


def test_knobs_can_be_put_back(control: Control) -> None:
    control.faults(api_errors=3, put_creates=False, token_header="X-Mine")
    told = control.delete("faults")["faults"]
    assert {name: knob["value"] for name, knob in told.items()} == {name: knob.default for name, knob in KNOBS.items()}


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"gravity": 1}, f"There is no fault called gravity. Known are {', '.join(KNOBS)}."),
        ({"api_errors": True}, "api_errors must be a whole number."),
        ({"api_errors": "3"}, "api_errors must be a whole number."),
        ({"api_errors": -1}, "api_errors must not be negative."),
        ({"put_creates": 1}, "put_creates must be true or false."),
        ({"token_header": None}, "token_header must be text."),
        ({"limit_status": 418}, "limit_status must be one of 429, 403, 200."),
    ],
)
def test_knobs_that_cannot_be_turned(control: Control, given: dict[str, object], sentence: str) -> None:
    assert control.refused("PUT", "faults", {"slow_ms": 1, **given}) == (400, sentence)
    assert control.get("faults")["faults"]["slow_ms"]["value"] == 0


def test_the_next_calls_are_answered_500_and_nothing_is_done(client: Client, control: Control) -> None:
    control.faults(api_errors=2)
    for _ in range(2):
        response = client.call(*PUT)
        assert (response.status_code, response.json()["ErrorMessage"]) == (500, "An error has occurred.")
    assert codes(client) == ["CROWN01", "LAKES01", "METRO01"]
    client.put(PUT[1], PUT[2])


def test_the_next_calls_are_carried_out_and_answered_500(client: Client, control: Control) -> None:
    control.faults(api_errors_after=1)
    assert client.call(*PUT).status_code == 500
    assert codes(client)[-1] == "NEW"


def test_a_connection_is_closed_before_or_after(client: Client, control: Control) -> None:
    control.faults(drop_before=1)
    with pytest.raises(requests.ConnectionError):
        client.call(*PUT)
    assert codes(client)[-1] == "METRO01"
    control.faults(drop_after=1)
    with pytest.raises(requests.ConnectionError):
        client.call(*PUT)
    assert codes(client)[-1] == "NEW"
    calls = control.get("calls")["calls"]
    assert [(call["operation"], call["status"]) for call in calls if call["method"] == "PUT"] == [
        ("edit_supplier", None),
        ("edit_supplier", None),
    ]


def test_slow_answers(client: Client, control: Control) -> None:
    control.faults(slow_ms=300)
    started = time.monotonic()
    codes(client)
    assert time.monotonic() - started >= 0.3


# --- refreshes --------------------------------------------------------------------------------------------------------


def push(client: Client, *chunks: list[dict[str, Any]]) -> list[int | None]:
    """The statuses of a refresh; it ends where one fails. None: the connection was closed."""
    token = ""
    statuses: list[int | None] = []
    for chunk in chunks:
        try:
            response = client.call("POST", f"suppliers/{OWN}", {"Suppliers": chunk, "ContinuationToken": token})
        except requests.ConnectionError:
            return [*statuses, None]
        statuses.append(response.status_code)
        if response.status_code != 200:
            return statuses
        token = response.json()["ContinuationToken"]
    return statuses


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize(
    "knob, status, stored",
    [
        ("chunk_error", 500, 0),
        ("chunk_error_stored", 500, 1),
        ("chunk_drop", None, 0),
        ("chunk_drop_stored", None, 1),
    ],
)
def test_a_refresh_breaks_at_a_chunk_once(
    client: Client, control: Control, knob: str, status: int | None, stored: int, chunk: int
) -> None:
    control.faults(**{knob: chunk})
    chunks = [suppliers(name) for name in "ABC"]
    assert push(client, *chunks) == [200] * (chunk - 1) + [status]
    before = [] if chunk + stored > 1 else ["CROWN01", "LAKES01", "METRO01"]
    assert codes(client) == before + list("ABC"[: chunk - 1 + stored])
    assert push(client, *chunks) == [200] * 3
    assert codes(client) == ["A", "B", "C"]


def test_a_chunk_that_broke_before_it_was_stored_leaves_its_token_good(client: Client, control: Control) -> None:
    control.faults(chunk_error=2)
    token = client.refresh("suppliers", "Suppliers", suppliers("A"))
    body = {"Suppliers": suppliers("B"), "ContinuationToken": token}
    assert client.call("POST", f"suppliers/{OWN}", body).status_code == 500
    assert client.call("POST", f"suppliers/{OWN}", body).status_code == 200
    assert codes(client) == ["A", "B"]


def test_a_token_may_be_forgotten(client: Client, control: Control) -> None:
    control.faults(forget_continuation=1)
    assert push(client, suppliers("A"), suppliers("B")) == [200, 400]
    assert push(client, suppliers("A"), suppliers("B")) == [200, 200]


def test_rows_may_be_refused_by_their_code(client: Client, control: Control) -> None:
    control.faults(refused_codes="B D")
    body = {"Suppliers": suppliers("A", "B"), "ContinuationToken": ""}
    assert client.refused("POST", f"suppliers/{OWN}", body) == (20, "Suppliers[1].Code B is not accepted.")
    assert client.refused("PUT", f"supplier/{OWN}/D", suppliers("D")[0]) == (20, "Code D is not accepted.")


@pytest.mark.parametrize(
    "rows", [suppliers("A", "B", "a"), [*suppliers("A"), {"Code": "X", "Name": "n" * 256}], suppliers("A", "BAD")]
)
def test_a_refused_row_may_stay_unnamed(client: Client, control: Control, rows: list[dict[str, Any]]) -> None:
    control.faults(nameless_refusals=True, refused_codes="BAD")
    body = {"Suppliers": rows, "ContinuationToken": ""}
    assert client.refused("POST", f"suppliers/{OWN}", body) == (20, "The data could not be saved.")
    assert codes(client) == ["CROWN01", "LAKES01", "METRO01"]
