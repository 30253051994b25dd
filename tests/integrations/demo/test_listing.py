"""The listing of Demo Books: by when it was booked, with our keys, page after page, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from werkzeug.test import Client

from integrations.base import Link
from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import build
from integrations.documents import IdempotencyKey, Kind
from integrations.errors import Misconfigured, Retryable, Unauthorised
from integrations.exact import from_json
from integrations.http import Outbound
from integrations.sandbox import Server, Store, mount
from tests.samples import sample
from tests.scripted import ScriptedServer, json_answer

TOKEN = "demo-token-of-the-tests"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def system(url: str, *, token: str = TOKEN, company: str = "harbour-street") -> DemoBooks:
    settings = {"base_url": url, "company_id": company}
    return DemoBooks(Link(settings=settings, secrets={"token": token}, outbound=Outbound(allow_private=True)))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"demo": build(state)})) as server:
        yield f"{server.url}/demo"


def test_it_tells_what_the_answer_to_the_posting_told(url: str) -> None:
    kinds = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER)
    posted = {
        kind: system(url).post(sample(kind), key=IdempotencyKey(f"key-{kind}"), reference=f"P-{kind}") for kind in kinds
    }
    told = list(system(url).written_since(LONG_AGO))
    assert [(one.key, one.kind, one.reference) for one in told] == [
        (f"key-{kind}", kind, f"P-{kind}") for kind in kinds
    ]
    assert [one.posted for one in told] == [posted[kind] for kind in kinds]
    assert told[0].posted.gross == Decimal("170.50")
    assert DemoBooks.can.lists


def test_it_goes_through_all_pages(url: str) -> None:
    for number in range(51):
        system(url).post(sample(), key=IdempotencyKey(f"key-{number}"), reference="P-000001")
    assert [one.key for one in system(url).written_since(LONG_AGO)] == [f"key-{number}" for number in range(51)]


def test_since_a_moment_on_any_clock(url: str, state: Store) -> None:
    for number in range(3):
        system(url).post(sample(), key=IdempotencyKey(f"key-{number}"), reference="P-000001")
    with state.transaction() as database:
        change = "UPDATE document SET body = json_set(body, '$.booked_at', ?) WHERE external_key = ?"
        for number in range(3):
            database.execute(change, (f"2026-11-2{number}T12:00:00.000+00:00", f"key-{number}"))
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert [one.key for one in system(url).written_since(at)] == ["key-1", "key-2"]
    assert [one.key for one in system(url).written_since(at + timedelta(milliseconds=1))] == ["key-2"]


def test_what_carries_no_key_is_not_listed(url: str, state: Store) -> None:
    system(url).post(sample(), key=IdempotencyKey("key-1"), reference="P-000001")
    with state.transaction() as database:
        database.execute("UPDATE document SET external_key = ''")
    assert list(system(url).written_since(LONG_AGO)) == []


def test_what_cannot_be_read_says_so(url: str) -> None:
    with pytest.raises(Unauthorised):
        list(system(url, token="another").written_since(LONG_AGO))
    with pytest.raises(Misconfigured):
        list(system(url, company="unknown").written_since(LONG_AGO))
    with ScriptedServer(json_answer({"documents": []}, status=500)) as server, pytest.raises(Retryable):
        list(system(server.url).written_since(LONG_AGO))


def test_a_page_that_breaks_off_in_the_middle_is_no_end() -> None:
    first = json_answer({"documents": [{"id": "1", "external_key": "k"}], "next_page": 2})
    with ScriptedServer(first, json_answer({"oops": 1})) as server:
        listed = system(server.url).written_since(LONG_AGO)
        assert next(listed).key == "k"
        with pytest.raises(Retryable):
            next(listed)
    path = "/api/companies/harbour-street/documents?booked_since=2020-01-01T00%3A00%3A00.000%2B00%3A00&page="
    assert [asked.path for asked in server.asked] == [f"{path}1", f"{path}2"]


@pytest.mark.parametrize("since", ["", "yesterday", "9999-12-31T23:59:59-23:00"])
def test_a_moment_that_is_none_is_refused(state: Store, since: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    path = "/api/companies/harbour-street/documents"
    response = Client(build(state)).get(path, query_string={"booked_since": since}, headers=headers)
    error = from_json(response.text)["error"]
    assert (response.status_code, error["code"], error["field"]) == (422, "invalid", "booked_since")
