"""Demo Books behind each fault, over real HTTP: what its connector makes of it, and what is in the books then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import Client

from integrations.base import Link
from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import INTERFACE, build
from integrations.disturbed import Disturbed
from integrations.documents import IdempotencyKey, Kind, Posted
from integrations.errors import IntegrationError, OutcomeUnknown, Rejected, Retryable
from integrations.exact import from_json
from integrations.faults import Campaign, Fault, Sort, parse
from integrations.http import Exchange, Outbound
from integrations.sandbox import Server, Store, mount
from tests.samples import KEY, REFERENCE, sample, with_line

COMPANY = "harbour-street"
TOKEN = "demo-token-of-the-tests"
BRIEF_SECONDS = 0.4
GROSS = Decimal("170.50")


@dataclass
class Rig:
    """A disturbed Demo Books, served."""

    url: str

    def begin(self, spec: str, seed: int = 1) -> dict[str, Any]:
        """Put a plan in force."""
        answer = requests.put(f"{self.url}/faults", json={"spec": spec, "seed": seed}, timeout=5)
        assert answer.status_code == 200
        report: dict[str, Any] = answer.json()
        return report

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = requests.get(f"{self.url}/faults", timeout=5).json()
        return report

    def truth(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/truth", params={"company": COMPANY}, timeout=5)
        assert answer.status_code == 200
        documents: list[dict[str, Any]] = from_json(answer.text)["documents"]
        return documents

    def system(self, seconds: float = 10.0, record: Callable[[Exchange], None] = lambda _: None) -> DemoBooks:
        outbound = Outbound(allow_private=True, deadline_seconds=seconds, record=record)
        settings = {"base_url": self.url, "company_id": COMPANY}
        return DemoBooks(Link(settings=settings, secrets={"token": TOKEN}, outbound=outbound))

    def post(self, seconds: float = 10.0, key: IdempotencyKey = KEY) -> Posted:
        return self.system(seconds).post(sample(), key=key, reference=REFERENCE)

    def find(self, key: IdempotencyKey = KEY, seconds: float = 10.0) -> tuple[Posted, ...]:
        return self.system(seconds).find(sample(), key=key)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    with Server(mount({"demo": Disturbed(build(store), INTERFACE)})) as server:
        yield Rig(f"{server.url}/demo")
    store.close()


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "fault,error,booked",
    [
        (Fault.RATE_LIMITED, Retryable, 0),
        (Fault.RATE_LIMITED_BARE, Retryable, 0),
        (Fault.ERROR_BEFORE, OutcomeUnknown, 0),
        (Fault.ERROR_AFTER, OutcomeUnknown, 1),
        (Fault.HANG, OutcomeUnknown, 1),
        (Fault.RESET_BEFORE, OutcomeUnknown, 0),
        (Fault.RESET_AFTER, OutcomeUnknown, 1),
        (Fault.FAILURE_IN_200, OutcomeUnknown, 0),
        (Fault.NO_ID, OutcomeUnknown, 1),
        (Fault.HTML_200, OutcomeUnknown, 1),
        (Fault.HTML_500, OutcomeUnknown, 0),
        (Fault.DRIP, OutcomeUnknown, 1),
        (Fault.REDIRECT, OutcomeUnknown, 0),
        (Fault.HUGE, OutcomeUnknown, 1),
        (Fault.FORGOTTEN_KEYS, OutcomeUnknown, 1),
        (Fault.REPLAYED_KEY, OutcomeUnknown, 0),
    ],
)
def test_a_spoiled_answer_is_never_a_success_and_never_a_refusal(
    rig: Rig, fault: Fault, error: type[IntegrationError], booked: int
) -> None:
    rig.begin(fault)
    # Without a deadline in sight where the fault ends by itself, so that nothing else can be the reason.
    with pytest.raises(IntegrationError) as caught:
        rig.post(BRIEF_SECONDS if fault in {Fault.HANG, Fault.DRIP} else 10.0)
    assert type(caught.value) is error
    until(lambda: len(rig.truth()) >= booked)
    assert [(one["external_key"], one["gross"]) for one in rig.truth()] == [(KEY.value, GROSS)] * booked
    assert len(rig.find()) == booked
    assert rig.report()["totals"] == {fault: 1}


def test_a_rate_limit_says_how_long_to_wait_or_does_not(rig: Rig) -> None:
    for spec, wish in (("429,retry_after_seconds=3", 3.0), ("429_bare", None)):
        rig.begin(spec)
        with pytest.raises(Retryable) as caught:
            rig.post()
        assert (caught.value.retry_after, caught.value.free) == (wish, True)


def test_what_hangs_answers_in_the_end(rig: Rig) -> None:
    rig.begin("hang_after_commit,hang_seconds=0.2")
    started = time.monotonic()
    assert rig.post().gross == GROSS
    assert time.monotonic() - started >= 0.2


def test_a_late_commit_is_seen_only_after_the_client_gave_up(rig: Rig) -> None:
    rig.begin("late_commit,late_seconds=1.5")
    with pytest.raises(OutcomeUnknown):
        rig.post(BRIEF_SECONDS)
    assert (rig.find(), rig.truth(), rig.report()["waiting"]) == ((), [], 1)
    until(lambda: rig.report()["waiting"] == 0)
    assert [found.gross for found in rig.find()] == [GROSS]


def test_a_late_commit_waits_no_longer_than_the_answer_would_be_held(rig: Rig) -> None:
    rig.begin("late_commit,hang_seconds=0.1,late_seconds=0")
    with pytest.raises(OutcomeUnknown):
        rig.post()
    until(lambda: len(rig.truth()) == 1)


def test_latency_is_only_slow(rig: Rig) -> None:
    rig.begin("latency,latency_seconds=0.2")
    started = time.monotonic()
    assert rig.post().number == "BILL-000001"
    assert time.monotonic() - started >= 0.2


def test_a_wrong_amount_is_told_but_not_booked(rig: Rig) -> None:
    rig.begin("wrong_amount")
    told = rig.post()
    assert (told.net, told.tax, told.gross) == (Decimal("151.50"), Decimal("20.00"), Decimal("171.50"))
    assert [one["gross"] for one in rig.truth()] == [GROSS]
    assert [found.gross for found in rig.find()] == [GROSS]


@pytest.mark.parametrize(
    "sent,booked", [("2024-03-14", "2024-04-01"), ("2024-12-31", "2025-01-01"), ("2024-01-31", "2024-02-01")]
)
def test_a_moved_date_is_booked_and_told(rig: Rig, sent: str, booked: str) -> None:
    rig.begin("moved_date")
    document = sample(date=date.fromisoformat(sent))
    told = rig.system().post(document, key=KEY, reference=REFERENCE)
    assert str(told.date) == booked
    assert [one["date"] for one in rig.truth()] == [booked]
    rig.begin("none")
    assert rig.system().post(document, key=KEY, reference=REFERENCE) == told


def test_forgotten_keys_double_what_is_sent_again_blindly(rig: Rig) -> None:
    rig.begin("forgotten_keys")
    with pytest.raises(OutcomeUnknown):
        rig.post()
    rig.begin("none")
    rig.post()
    rig.post()
    assert [one["number"] for one in rig.truth()] == ["BILL-000001", "BILL-000002"]


def test_ignored_keys_double_what_is_sent_again_blindly(rig: Rig) -> None:
    rig.begin("trust_keys=no")
    assert rig.post().number == "BILL-000001"
    assert rig.post().number == "BILL-000002"
    assert len(rig.find()) == 2


def test_keys_with_a_life_double_only_what_is_sent_again_after_it(rig: Rig) -> None:
    rig.begin("key_seconds=0.3")
    born = time.monotonic()
    first = rig.post()
    assert rig.post() == first
    until(lambda: time.monotonic() - born > 0.5)
    second = rig.post()
    assert (first.number, second.number) == ("BILL-000001", "BILL-000002")
    assert rig.find() == (first, second)


def test_a_replayed_key_lets_only_a_new_one_through(rig: Rig) -> None:
    rig.begin("replayed_key=0.5", seed=spending_seed())
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            rig.post()
    assert rig.truth() == []
    assert rig.post(key=IdempotencyKey(KEY.value, 2)).number == "BILL-000001"


def spending_seed() -> int:
    """A seed that spends the key of the first write, and leaves the next three alone."""

    def faults(seed: int) -> list[Fault | None]:
        campaign = Campaign(parse("replayed_key=0.5"), seed)
        return [campaign.draw(Sort.WRITE, method="POST", path="", key="") for _ in range(4)]

    return next(seed for seed in range(1000) if faults(seed) == [Fault.REPLAYED_KEY, None, None, None])


def test_what_follows_a_redirect_would_be_booked(rig: Rig) -> None:
    rig.begin("redirect")
    address = f"{rig.url}/api/companies/{COMPANY}/bills"
    body = b'{"supplier": {"name": "Crown"}, "date": "2024-03-14", "currency": "GBP", "net": 10, "tax": 2, "gross": 12,'
    body += b'"lines": [{"account_code": "7504", "tax_code": "T1", "net": 10, "tax": 2, "gross": 12}]}'
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.post(address, body, headers=headers, timeout=5, allow_redirects=False)
    assert (answer.status_code, rig.truth()) == (307, [])
    assert requests.post(address, body, headers=headers, timeout=5).status_code == 201
    assert len(rig.truth()) == 1


def test_a_huge_answer_is_not_read_to_its_end(rig: Rig) -> None:
    rig.begin("huge")
    exchanges: list[Exchange] = []
    with pytest.raises(OutcomeUnknown):
        rig.system(record=exchanges.append).post(sample(), key=KEY, reference=REFERENCE)
    assert "larger than 10 MB" in exchanges[0].failure


def test_a_refusal_stays_one_unless_its_answer_is_lost(rig: Rig) -> None:
    wrong = with_line(sample(), 0, account_code="9999")
    for spec, error in (("wrong_amount", Rejected), ("no_id", Rejected), ("500_after_commit", OutcomeUnknown)):
        rig.begin(spec)
        with pytest.raises(error):
            rig.system().post(wrong, key=KEY, reference=REFERENCE)
    assert rig.truth() == []


@pytest.mark.parametrize(
    "fault", [Fault.LOOKUP_RATE_LIMITED, Fault.LOOKUP_ERROR, Fault.LOOKUP_RESET, Fault.LOOKUP_DRIP]
)
def test_a_disturbed_lookup_is_repeated_and_proves_nothing(rig: Rig, fault: Fault) -> None:
    rig.begin(fault)
    posted = rig.post()
    with pytest.raises(Retryable):
        rig.find(seconds=BRIEF_SECONDS if fault is Fault.LOOKUP_DRIP else 10.0)
    rig.begin("none")
    assert rig.find() == (posted,)


def test_only_writes_and_lookups_are_disturbed(rig: Rig) -> None:
    rig.begin("500_before_commit,lookup_500")
    assert rig.system().company().external_id == COMPANY
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("", "api/companies/harbour-street/suppliers", "api/companies/harbour-street/accounts", "truth"):
        assert requests.get(f"{rig.url}/{path}", headers=headers, timeout=5).status_code == 200
    assert rig.report()["requests"] == {"write": 0, "lookup": 0}


def test_a_cut_connection_is_no_orderly_end(rig: Rig) -> None:
    rig.begin("reset_after_commit")
    exchanges: list[Exchange] = []
    with pytest.raises(OutcomeUnknown):
        rig.system(record=exchanges.append).post(sample(), key=KEY, reference=REFERENCE)
    assert "ConnectionResetError" in exchanges[0].failure


def test_a_cut_connection_harms_no_later_one(rig: Rig) -> None:
    rig.begin("reset_before_commit=0.5,reset_after_commit=0.5")
    for number in range(30):
        with pytest.raises(OutcomeUnknown):
            rig.post(key=IdempotencyKey(f"key-{number}"))
    assert 0 < len(rig.truth()) < 30
    rig.begin("none")
    assert rig.post().gross == GROSS


# --- the control ---------------------------------------------------------------------------------------------------


def test_without_a_plan_nothing_is_disturbed(rig: Rig) -> None:
    assert rig.post().number == "BILL-000001"
    report = rig.report()
    assert (report["spec"], report["seed"], report["requests"]) == ("none", 1, {"write": 1, "lookup": 0})
    assert (report["totals"], report["disturbed"]) == ({}, [])
    assert set(report["faults"]) == set(Fault)


def test_a_plan_is_switched_while_it_runs_and_tells_what_it_did(rig: Rig) -> None:
    assert rig.begin("429", seed=9)["seed"] == 9
    for _ in range(2):
        with pytest.raises(Retryable):
            rig.post()
    report = rig.report()
    assert (report["rates"], report["totals"], report["requests"]["write"]) == ({"429": 1.0}, {"429": 2}, 2)
    first = report["disturbed"][0]
    assert (first["fault"], first["sort"], first["count"], first["method"]) == ("429", "write", 1, "POST")
    assert (first["path"], first["key"]) == ("/api/companies/harbour-street/bills", KEY.value)
    assert rig.begin("none")["requests"] == {"write": 0, "lookup": 0}
    assert rig.post().number == "BILL-000001"


@pytest.mark.parametrize(
    "body,words",
    [
        ('{"spec": "earthquake"}', "earthquake is unknown here"),
        ('{"spec": 7}', "object with the text spec"),
        ("[]", "object with the text spec"),
        ('{"spec": "429", "seed": "x"}', "whole number"),
        ('{"spec": "429", "seed": true}', "whole number"),
        ("429", "object with the text spec"),
        ("", "Expecting value"),
    ],
)
def test_a_plan_that_cannot_be_read_changes_nothing(rig: Rig, body: str, words: str) -> None:
    rig.begin("429")
    answer = requests.put(f"{rig.url}/faults", data=body, timeout=5)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert rig.report()["spec"] == "429"


def test_the_control_reads_and_begins_plans_and_nothing_else(rig: Rig) -> None:
    assert requests.post(f"{rig.url}/faults", timeout=5).status_code == 405


# --- truth ---------------------------------------------------------------------------------------------------------


def test_truth_tells_every_document_with_its_number_and_time(rig: Rig) -> None:
    system = rig.system()
    for kind, key in ((Kind.INVOICE, "a"), (Kind.CREDIT_NOTE, "b")):
        system.post(sample(kind), key=IdempotencyKey(key), reference=f"P-{key}")
    documents = rig.truth()
    assert [(one["external_key"], one["kind"], one["number"], one["reference"]) for one in documents] == [
        ("a", "bill", "BILL-000001", "P-a"),
        ("b", "credit_note", "CN-000001", "P-b"),
    ]
    assert {(one["company"], one["gross"], one["currency"], one["date"]) for one in documents} == {
        (COMPANY, GROSS, "GBP", "2024-03-14")
    }
    assert documents[0]["booked_at"] <= documents[1]["booked_at"]
    assert from_json(requests.get(f"{rig.url}/truth", timeout=5).text)["documents"] == documents


def test_truth_knows_which_companies_there_are(rig: Rig) -> None:
    answer = requests.get(f"{rig.url}/truth", params={"company": "nobody"}, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_company")
    assert requests.post(f"{rig.url}/truth", timeout=5).status_code == 405


def test_a_seed_disturbs_the_same_requests_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)

    def statuses(seed: int) -> list[int]:
        client = Client(Disturbed(build(Store("demo")), INTERFACE))
        plan = {"spec": "429=0.2,500_before_commit=0.2,html_500=0.2,redirect=0.1,lookup_500=0.5", "seed": seed}
        assert client.put("/faults", json=plan).status_code == 200
        found = []
        for _ in range(30):
            found.append(client.post(f"/api/companies/{COMPANY}/bills", data="{}").status_code)
            found.append(client.get(f"/api/companies/{COMPANY}/documents").status_code)
        return found

    first = statuses(4)
    assert {307, 401, 429, 500} == set(first)
    assert statuses(4) == first != statuses(5)


# --- what the faults are for ---------------------------------------------------------------------------------------

CHAOS = "chaos,hang_seconds=0.05,late_seconds=0.05,trust_keys=no"
DOCUMENTS = 40


def keys() -> list[IdempotencyKey]:
    return [IdempotencyKey(f"key-{number:03}") for number in range(DOCUMENTS)]


def numbers(documents: list[dict[str, Any]]) -> list[str]:
    return [one["number"] for one in documents]


def test_a_sender_that_tries_again_blindly_doubles(rig: Rig) -> None:
    rig.begin(CHAOS)
    for key in keys():
        until(lambda key=key: is_posted_blindly(rig, key))  # type: ignore[misc]
    booked = [one["external_key"] for one in rig.truth()]
    assert set(booked) == {key.value for key in keys()}
    assert len(booked) > DOCUMENTS


def is_posted_blindly(rig: Rig, key: IdempotencyKey) -> bool:
    try:
        rig.post(key=key)
    except (Retryable, OutcomeUnknown):
        return False
    return True


def test_a_sender_that_waits_and_looks_does_not_and_numbers_have_no_gap(rig: Rig) -> None:
    rig.begin(CHAOS, seed=3)
    for key in keys():
        until(lambda key=key: is_posted_with_care(rig, key))  # type: ignore[misc]
    booked = rig.truth()
    assert [one["external_key"] for one in booked] == [key.value for key in keys()]
    assert numbers(booked) == [f"BILL-{number:06}" for number in range(1, DOCUMENTS + 1)]
    assert {one["gross"] for one in booked} == {GROSS}
    assert rig.report()["totals"][Fault.LATE] > 0


def is_posted_with_care(rig: Rig, key: IdempotencyKey) -> bool:
    """One try; after an unknown outcome a look, when everything has come that could come late."""
    try:
        rig.post(key=key)
    except Retryable:
        return False
    except OutcomeUnknown:
        until(lambda: rig.report()["waiting"] == 0)
        return is_found(rig, key)
    return True


def is_found(rig: Rig, key: IdempotencyKey) -> bool:
    for _ in range(20):
        try:
            return len(rig.find(key)) == 1
        except Retryable:
            continue
    raise AssertionError("no lookup was answered")
