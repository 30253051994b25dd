"""The files of documents in the stand-in: kept whole, once per name, and never opened by a browser."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.demo.connector import DemoBooks
from integrations.demo.files import Files
from integrations.demo.sandbox import build
from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.exact import from_json, to_json
from integrations.papers import LARGEST_FILE, Attachment
from integrations.sandbox import Server, Store, mount
from tests.integrations.demo.test_connector import link
from tests.integrations.demo.test_sandbox import API, TOKEN, bill, post
from tests.samples import KEY, PAPER, REFERENCE, sample


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def client(state: Store) -> Client:
    return Client(build(state))


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"demo": build(state)})) as server:
        yield f"{server.url}/demo"


@pytest.fixture
def system(url: str) -> DemoBooks:
    return DemoBooks(link(url))


def give(client: Client, document: str, body: object) -> tuple[int, Any]:
    response = client.post(
        f"{API}/documents/{document}/attachments",
        data=to_json(body),
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    return response.status_code, from_json(response.text)


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "SI.pdf", "content_type": "application/pdf", "content": "JVBERi0xLjc=", **changes}


def test_a_file_is_kept_and_given_back(client: Client) -> None:
    document = from_json(post(client, bill()).text)["id"]
    told = {"id": "1", "name": "SI.pdf", "content_type": "application/pdf", "size": 8}
    assert give(client, document, body()) == (201, told)
    assert give(client, document, body(content="YW5vdGhlcg==")) == (200, told)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    files = f"{API}/documents/{document}/attachments"
    assert from_json(client.get(files, headers=headers).text) == {"attachments": [told]}
    response = client.get(f"{files}/1", headers=headers)
    assert (response.status_code, response.data, response.mimetype) == (200, b"%PDF-1.7", "application/octet-stream")
    assert client.get(files).status_code == 401
    for missing in ("2", "x"):
        answer = client.get(f"{files}/{missing}", headers=headers)
        assert (answer.status_code, from_json(answer.text)["error"]["code"]) == (404, "unknown_file")


@pytest.mark.parametrize(
    "changes,code,field",
    [
        ({"name": ""}, "invalid", "name"),
        ({"name": None}, "invalid", "name"),
        ({"name": "x" * 256}, "invalid", "name"),
        ({"content": "no base 64"}, "invalid", "content"),
        ({"content": "é"}, "invalid", "content"),
        ({"content": None}, "invalid", "content"),
    ],
)
def test_what_is_no_file_is_refused(client: Client, changes: dict[str, Any], code: str, field: str) -> None:
    document = from_json(post(client, bill()).text)["id"]
    status, answer = give(client, document, body(**changes))
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, code, field)


def test_a_document_of_another_company_has_no_files_here(client: Client, state: Store) -> None:
    with state.transaction() as database:
        database.execute("INSERT INTO company VALUES ('mill-lane', 'Mill Lane Print Ltd', 'GBP')")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    other = client.post("/api/companies/mill-lane/bills", data=to_json(bill()), headers=headers)
    status, answer = give(client, from_json(other.text)["id"], body())
    assert (status, answer["error"]["code"]) == (404, "unknown_document")


def test_people_find_the_files_on_the_page_of_the_document(client: Client) -> None:
    document = from_json(post(client, bill()).text)["id"]
    assert "Attachments" not in client.get(f"/documents/{document}").text
    hostile = body(name='<b>"März".html', content_type="text/html", content="PHNjcmlwdD4=")
    give(client, document, hostile)
    page = client.get(f"/documents/{document}").text
    assert f'href="/documents/{document}/attachments/1"' in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    taken = client.get(f"/documents/{document}/attachments/1")
    assert (taken.data, taken.mimetype) == (b"<script>", "application/octet-stream")
    assert taken.headers["Content-Disposition"].startswith("attachment;")
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/documents/{document}/attachments/2").status_code == 404


# --- through the connector -------------------------------------------------------------------------------------------


def test_the_largest_file_arrives_and_a_larger_one_is_refused(system: DemoBooks, state: Store) -> None:
    document = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    system.attach(Kind.INVOICE, document, replace(PAPER, name="large.pdf", content=b"x" * LARGEST_FILE))
    with pytest.raises(Rejected, match=r"larger\.pdf is larger than 7 MB"):
        system.attach(Kind.INVOICE, document, replace(PAPER, name="larger.pdf", content=b"x" * (LARGEST_FILE + 1)))
    assert system.attached(Kind.INVOICE, document) == (
        Attachment(external_id="1", name="large.pdf", content_type="application/pdf", size=LARGEST_FILE),
    )
    kept = Files(state).one(document, "1")
    assert kept
    assert kept.content == b"x" * LARGEST_FILE


def test_many_at_once_keep_one(url: str, system: DemoBooks) -> None:
    document = system.post(sample(), key=KEY, reference=REFERENCE).external_id

    def go(_: int) -> None:
        DemoBooks(link(url)).attach(Kind.INVOICE, document, PAPER)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(8)))
    assert [one.name for one in system.attached(Kind.INVOICE, document)] == [PAPER.name]
