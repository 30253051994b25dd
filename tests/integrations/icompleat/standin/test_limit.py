"""How many calls a key may make within any 60 seconds, by a clock that the test moves."""

from __future__ import annotations

import pytest

from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import OTHER, STRANGER, TENANT, Client, Clock, Control

PATH = f"suppliers/{TENANT}/{COMPANY}/1"


@pytest.fixture
def limited(control: Control, client: Client) -> Client:
    control.faults(limit_per_minute=3)
    return client


def statuses(client: Client, count: int) -> list[int]:
    return [client.call("GET", PATH).status_code for _ in range(count)]


def test_the_limit_is_50_unless_it_is_changed(client: Client, control: Control) -> None:
    control.delete("faults")
    assert statuses(client, 51) == [200] * 50 + [429]


def test_a_refusal_says_how_long_to_wait(limited: Client, clock: Clock) -> None:
    assert statuses(limited, 3) == [200] * 3
    clock.now += 20.5
    response = limited.call("GET", PATH)
    assert response.status_code == 429
    assert response.json() == {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 40 seconds."}
    assert response.headers["Retry-After"] == "40"


def test_the_minute_rolls(limited: Client, clock: Clock) -> None:
    assert statuses(limited, 1) == [200]
    clock.now += 30
    assert statuses(limited, 3) == [200, 200, 429]
    clock.now += 29.9
    assert statuses(limited, 1) == [429]
    clock.now += 0.1
    assert statuses(limited, 2) == [200, 429]
    clock.now += 30
    assert statuses(limited, 3) == [200, 200, 429]


def test_refused_calls_do_not_count_and_change_nothing(limited: Client, clock: Clock) -> None:
    token = limited.refresh("suppliers", "Suppliers", [{"Code": "A", "Name": "a"}])
    statuses(limited, 2)
    chunk = {"Suppliers": [{"Code": "B", "Name": "b"}], "ContinuationToken": token}
    for _ in range(10):
        assert limited.call("POST", f"suppliers/{TENANT}/{COMPANY}", chunk).status_code == 429
    clock.now += 60
    limited.post(f"suppliers/{TENANT}/{COMPANY}", chunk)
    assert [row["Code"] for row in limited.get(PATH)["Suppliers"]] == ["A", "B"]


@pytest.mark.parametrize("status", [429, 403, 200])
@pytest.mark.parametrize("says_when", [True, False])
def test_the_forms_of_a_refusal(limited: Client, control: Control, status: int, says_when: bool) -> None:
    control.faults(limit_status=status, limit_retry_after=says_when)
    statuses(limited, 3)
    response = limited.call("GET", PATH)
    assert (response.status_code, response.json()["statusCode"]) == (status, 429)
    assert ("Retry-After" in response.headers) is says_when


def test_each_key_has_its_own_minute(limited: Client, control: Control, sandbox_url: str) -> None:
    key = control.put(f"tenants/{STRANGER}", {"name": "Stranger"})["security_key"]
    company = {"name": "Harbour Street Studios Ltd", "base_currency": "GBP", "tenant_id": STRANGER}
    control.put(f"companies/{OTHER}", company)
    assert statuses(limited, 4) == [200, 200, 200, 429]
    assert Client(sandbox_url, key).call("GET", f"suppliers/{STRANGER}/{OTHER}/1").status_code == 200


def test_wrong_keys_use_nothing_up(limited: Client) -> None:
    for _ in range(5):
        assert limited.call("GET", PATH, headers={"x-api-compleat-key": "wrong"}).status_code == 401
    assert statuses(limited, 4) == [200, 200, 200, 429]


def test_the_record_tells_the_most_in_any_minute_and_what_was_refused(
    limited: Client, control: Control, clock: Clock
) -> None:
    control.faults(limit_per_minute=4)
    statuses(limited, 2)
    clock.now += 59
    statuses(limited, 3)
    clock.now += 2
    statuses(limited, 2)
    told = control.get("calls")
    assert (told["count"], told["refused"], told["most_in_a_minute"]) == (7, 1, 5)
    assert told["by_operation"] == {"refused": 1, "suppliers": 6}
    assert [call["status"] for call in told["calls"]] == [200, 200, 200, 200, 429, 200, 200]
