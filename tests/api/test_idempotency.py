"""The same request with the same key: done once, answered the same, and never mixed up with another one."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.utils import timezone

from integrations.errors import Retryable
from portal.api import idempotency, rate
from portal.api.errors import ApiError
from portal.api.models import IdempotentAnswer, Scope
from portal.api.tokens import issue
from portal.connections import setup
from portal.connections.models import Connection
from portal.tenants.models import Company
from tests.api.calling import Program, an_order, error, read
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
COMPANIES = "/api/v1/companies"
OTHER = "This Idempotency-Key was used for another request within the last 24 hours: use another one."
RUNNING = "The request with this Idempotency-Key is still being carried out. Ask again in a moment."


def create(program: Program, key: str | None, name: str = "Harbour Street Ltd") -> Any:
    headers = {} if key is None else {"idempotency_key": key}
    return program.call("POST", COMPANIES, {"name": name}, **headers)


def test_the_same_request_again_gets_the_same_bytes_and_does_nothing(program: Program) -> None:
    first = create(program, "k-1")
    again = create(program, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replay"), again.headers["Idempotent-Replay"]) == (None, "true")
    assert Company.objects.filter(name="Harbour Street Ltd").count() == 1


def test_without_a_key_it_is_another_request(program: Program) -> None:
    assert create(program, None).status_code == 201
    assert create(program, None).status_code == 400  # the name is taken by now
    assert IdempotentAnswer.objects.count() == 0


def test_a_key_with_another_body_or_another_address_is_refused(program: Program) -> None:
    assert create(program, "k-1").status_code == 201
    refused = error(422, OTHER, ("Idempotency-Key", OTHER))
    assert (create(program, "k-1", "Other Ltd").status_code, read(create(program, "k-1", "Other Ltd"))) == (
        422,
        refused,
    )
    elsewhere = program.call("PATCH", "", {"name": "Harbour Street Ltd"}, idempotency_key="k-1")
    assert (elsewhere.status_code, read(elsewhere)) == (422, refused)
    assert Company.objects.filter(name="Other Ltd").count() == 0


def test_a_refusal_is_kept_as_well(program: Program) -> None:
    first = program.call("POST", COMPANIES, {"name": 7}, idempotency_key="k-1")
    again = program.call("POST", COMPANIES, {"name": 7}, idempotency_key="k-1")
    assert (first.status_code, again.status_code, again.content) == (400, 400, first.content)
    assert again.headers["Idempotent-Replay"] == "true"


def test_an_answer_of_204_is_kept_without_a_body(program: Program, books: Connection, rung: list[int]) -> None:
    from portal.reference.sync.models import SyncRun

    first = program.call("POST", "data/all", idempotency_key="k-1")
    runs = SyncRun.objects.count()
    again = program.call("POST", "data/all", idempotency_key="k-1")
    assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
    assert (runs > 0, SyncRun.objects.count()) == (True, runs)


def test_a_patch_may_have_a_key_and_a_get_ignores_it(program: Program) -> None:
    first = program.call("PATCH", "", {"name": "Renamed Ltd"}, idempotency_key="k-1")
    Company.objects.filter(pk=program.company.pk).update(name="Changed Meanwhile Ltd")
    again = program.call("PATCH", "", {"name": "Renamed Ltd"}, idempotency_key="k-1")
    assert (first.content, again.headers["Idempotent-Replay"]) == (again.content, "true")
    assert Company.objects.get(pk=program.company.pk).name == "Changed Meanwhile Ltd"
    assert read(program.call("GET", "", idempotency_key="k-1"))["name"] == "Changed Meanwhile Ltd"


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_what_can_be_no_key_is_refused(program: Program, key: str) -> None:
    refused = create(program, key)
    sentence = "A key has 1 to 255 printable ASCII characters and no blanks."
    assert refused.status_code == 400
    assert read(refused)["details"] == [{"field": "Idempotency-Key", "message": sentence}]
    assert Company.objects.filter(name="Harbour Street Ltd").count() == 0


def test_a_failure_of_ours_and_a_vendor_that_is_away_leave_the_key_free(
    program: Program, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Retryable("It does not answer.", retry_after=7)

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    whole = {"base_url": "http://127.0.0.1:9", "security_key": "a-key"}
    for failing, status in ((away, 503), (bug, 500)):
        monkeypatch.setattr(setup, "check", failing)
        path = f"connections/{source.pk}/authorization"
        failed = program.call("PUT", path, whole, idempotency_key="k-1")
        assert (failed.status_code, read(failed)["canBeRetried"]) == (status, "Yes")
        assert failed.headers.get("Retry-After") == ("7" if status == 503 else None)
        assert IdempotentAnswer.objects.count() == 0


def test_too_many_requests_are_not_kept(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "LIMIT", 1)
    assert program.call("GET", COMPANIES).status_code == 200
    assert create(program, "k-1").status_code == 429
    monkeypatch.setattr(rate, "LIMIT", 60)
    assert create(program, "k-1").status_code == 201


def test_a_key_is_forgotten_after_a_day(program: Program) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert create(program, "k-1").status_code == 201
        clock.shift(timedelta(hours=24) - timedelta(seconds=1))
        assert create(program, "k-1", "Other Ltd").status_code == 422
        clock.shift(timedelta(seconds=1))
        assert create(program, "k-1", "Other Ltd").status_code == 201


def test_a_request_that_was_cut_off_can_be_sent_again_after_five_minutes(program: Program) -> None:
    """Whoever carried it out is gone: nothing of it was committed, for its answer would have been, too."""
    tenant = program.company.tenant_id
    body = json.dumps({"name": "Harbour Street Ltd"}).encode()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        idempotency.begin(tenant, "k-1", request=f"POST {COMPANIES}", body=body)
        running = create(program, "k-1")
        assert (running.status_code, running.headers["Retry-After"]) == (409, "1")
        assert read(running) == {**error(409, RUNNING), "canBeRetried": "Yes"}
        clock.shift(timedelta(minutes=5))
        assert create(program, "k-1").status_code == 201


def test_whoever_was_taken_over_changes_nothing_any_more(program: Program) -> None:
    tenant = program.company.tenant_id
    with time_machine.travel(timezone.now(), tick=False) as clock:
        slow = idempotency.begin(tenant, "k-1", request="POST /x", body=b"")
        clock.shift(timedelta(minutes=5))
        fast = idempotency.begin(tenant, "k-1", request="POST /x", body=b"")
        idempotency.keep(slow, 200, b"slow", {})
        idempotency.release(slow)
        idempotency.keep(fast, 201, b"fast", {"Location": "/there"})
    kept = IdempotentAnswer.objects.get()
    assert idempotency.kept(kept) == (201, b"fast", {"Location": "/there"})


def test_answers_are_encrypted_and_bodies_are_digests(program: Program, source: Connection) -> None:
    made = program.call("POST", f"connections/{source.pk}/endpoints", {"kind": "invoice"}, idempotency_key="k-1")
    assert made.status_code == 201
    token = read(made)["token"]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT answer, body_digest, request_digest FROM api_idempotentanswer")
        row = cursor.fetchone()
    assert row[0].startswith("v1:")
    assert token not in str(row)
    again = program.call("POST", f"connections/{source.pk}/endpoints", {"kind": "invoice"}, idempotency_key="k-1")
    assert read(again)["token"] == token


def test_an_answer_whose_key_is_lost_is_not_carried_out_again(
    program: Program, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert create(program, "k-1").status_code == 201
    settings.FIELD_KEYS = ["k2:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="]
    lost = create(program, "k-1")
    sentence = "The request with this Idempotency-Key was carried out, but its answer cannot be read any more."
    assert (lost.status_code, read(lost)) == (409, error(409, sentence))
    assert Company.objects.filter(name="Harbour Street Ltd").count() == 1


def test_the_push_resource_agrees_and_keeps_its_keys_for_ever(program: Program) -> None:
    body = {name: value for name, value in an_order().items() if name != "key"}
    first = program.post(body, idempotency_key="order-1")
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        again = program.post(body, idempotency_key="order-1")
        other = program.post({**body, "title": "Other"}, idempotency_key="order-1")
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert (first.headers.get("Idempotent-Replay"), again.headers["Idempotent-Replay"]) == (None, "true")
    assert IdempotentAnswer.objects.count() == 0


def test_nothing_is_open_while_an_outside_system_is_asked(
    program: Program, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test's own transaction is there; no further one may be."""
    seen: list[int] = []

    def asked(*_: object, **__: object) -> None:
        seen.append(len(transaction.get_connection().savepoint_ids))
        raise Retryable("It does not answer.")

    monkeypatch.setattr(setup, "check", asked)
    program.call("PUT", f"connections/{source.pk}/authorization", {"base_url": "http://x"}, idempotency_key="k-1")
    assert seen == [len(transaction.get_connection().savepoint_ids)]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_carried_out(trays: object) -> None:
    company = CompanyFactory.create()
    _, clear = issue(company.tenant, "The shop", list(Scope), who="tests")
    program, start = Program(company, clear), threading.Barrier(6)

    def one(_: int) -> tuple[int, bytes]:
        try:
            start.wait(timeout=20)
            response = create(program, "k-1")
            return response.status_code, response.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(6)))
    assert Company.objects.filter(name="Harbour Street Ltd").count() == 1
    assert set(Counter(status for status, _ in answers)) <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_that_take_over_one_succeeds() -> None:
    company = CompanyFactory.create()
    row = idempotency.begin(company.tenant_id, "k-1", request="POST /x", body=b"")
    IdempotentAnswer.objects.filter(pk=row.pk).update(made_at=timezone.now() - timedelta(minutes=6))
    start = threading.Barrier(6)

    def one(_: int) -> uuid.UUID | int:
        try:
            start.wait(timeout=20)
            return idempotency.begin(company.tenant_id, "k-1", request="POST /x", body=b"").claim
        except ApiError as refused:
            return refused.status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(one, range(6)))
    assert outcomes.count(409) == 5
    assert IdempotentAnswer.objects.get().claim in outcomes
