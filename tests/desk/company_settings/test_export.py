"""A company's data to take away: all of it, nobody else's, safe in a spreadsheet, and flat in memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from integrations.documents import Supplier
from portal.desk.company_settings.taking_away import walking, writing
from portal.desk.company_settings.taking_away.parts import PARTS, Wanted
from portal.desk.company_settings.taking_away.writing import Export, Form
from portal.events.models import AuditEvent
from portal.intake.models import Delivery
from portal.postings.models import Transaction
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.tenants.models import Role
from tests.desk.company_settings.conftest import of_company, page, text_of, with_role
from tests.desk.scene import Scene, a_scene, marked
from tests.desk.syncs import a_record
from tests.factories import SourceConnectionFactory, StaffFactory, a_document, a_line, accepted, with_token

pytestmark = pytest.mark.engine
Files = dict[str, list[dict[str, str]]]
NAMES = [part.name for part in PARTS]


def furnished(scene: Scene, mark: str) -> Transaction:
    """Something of everything, each with the mark."""
    transaction, _ = marked(scene, mark)
    endpoint, _ = with_token(connection=SourceConnectionFactory.create(company=scene.company))
    Delivery.objects.create(
        endpoint=endpoint, company=scene.company, received_at=timezone.now(), body=f"body-{mark}".encode(),
        body_sha256="0" * 64, headers={"X-Mark": f"header-{mark}"}, reason=f"Reason {mark}", transaction=transaction,
        answer_status=200, answer_body={"a": f"answer-{mark}"},
    )  # fmt: skip
    a_record(scene.connection, mark)
    MappedCode.objects.create(
        connection=scene.connection, family="account", source_code=mark, accounting_code=f"to-{mark}"
    )
    AuditEvent.objects.create(
        who=scene.user.username, verb="company.renamed", subject_type="portal", subject_id="",
        company_id=scene.company.pk, message=f"Event {mark}",
    )  # fmt: skip
    return transaction


def taken(scene: Scene, client: Client | None = None, **given: str) -> bytes:
    response = (client or scene.client).post(of_company(scene, "data-export"), {"form": "csv", **given})
    assert response.status_code == 200
    return bytes(response.getvalue())


def files(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return {name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}


def test_a_zip_has_a_file_for_everything(scene: Scene) -> None:
    transaction = furnished(scene, "Kestrel77")
    found = files(taken(scene))
    assert list(found) == NAMES
    row = found["transactions"][0]
    assert (row["number"], row["source_number"], row["gross"], row["currency"]) == (
        transaction.number, "INV-Kestrel77", "120.00", "GBP",
    )  # fmt: skip
    assert row["id"] == found["postings"][0]["transaction"] == found["attempts"][0]["transaction"]
    assert (found["lines"][0]["line"], found["lines"][0]["account_code"]) == ("1", "5010")
    assert (found["postings"][0]["state"], found["postings"][0]["system"]) == ("posted", "ledger")
    assert found["attempts"][0]["outcome"] == "Posted"
    assert (found["deliveries"][0]["reason"], found["deliveries"][0]["answer_status"]) == ("Reason Kestrel77", "200")
    assert found["reference"][0]["code"] == "Kestrel77"
    assert found["mapping"][0]["accounting_code"] == "to-Kestrel77"
    assert "Event Kestrel77" in [event["message"] for event in found["audit"]]


def test_one_json_document_has_it_with_the_lines_inside(scene: Scene) -> None:
    furnished(scene, "Kestrel77")
    found = json.loads(taken(scene, form="json"))
    assert found["company"]["name"] == scene.company.name
    assert [name for name in NAMES if name not in found] == ["lines"]
    assert found["transactions"][0]["content"]["lines"][0]["account_code"] == "5010"
    assert found["transactions"][0]["gross"] == "120.00"
    assert len(found["deliveries"]) == len(found["mapping"]) == len(found["reference"]) == 1


def test_an_empty_company_gives_headings_and_empty_lists(scene: Scene) -> None:
    found = files(taken(scene))
    assert found["transactions"] == []
    assert json.loads(taken(scene, form="json"))["transactions"] == []


@pytest.mark.parametrize("form", ["csv", "json"])
def test_nothing_of_anybody_else_is_in_it(scene: Scene, form: str) -> None:
    furnished(scene, "Merlin31")
    furnished(a_scene(name="Elsewhere Ltd"), "Kestrel77")
    content = taken(scene, form=form)
    text = content.decode() if form == "json" else json.dumps(files(content))
    assert "Merlin31" in text
    assert "Kestrel77" not in text
    assert "Elsewhere" not in text


@pytest.mark.parametrize("form", ["csv", "json"])
def test_no_secret_no_header_and_no_raw_body_is_in_it(demo: Scene, form: str) -> None:
    demo.in_state(State.POSTED)
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=demo.company))
    Delivery.objects.create(
        endpoint=endpoint, company=demo.company, received_at=timezone.now(), body=b"raw-body", body_sha256="0",
        headers={"X": "raw-header"}, answer_body={"a": "raw-answer"},
    )  # fmt: skip
    content = taken(demo, form=form)
    text = content.decode() if form == "json" else json.dumps(files(content))
    for hidden in ("raw-body", "raw-header", "raw-answer", token, "demo-token-for-tests"):
        assert hidden not in text


def test_no_cell_makes_a_spreadsheet_calculate(scene: Scene) -> None:
    evil = '=HYPERLINK("http://x","y")'
    scene.receive(party=Supplier(code="=1+1", name=evil), order_number="@SUM(1)", lines=(a_line(description="-2+3"),))
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="+1", accounting_code="=2")
    found = files(taken(scene))
    assert found["transactions"][0]["supplier_name"] == f"'{evil}"
    assert found["transactions"][0]["order_number"] == "'@SUM(1)"
    assert found["lines"][0]["description"] == "'-2+3"
    assert (found["mapping"][0]["source_code"], found["mapping"][0]["accounting_code"]) == ("'+1", "'=2")
    cells = [cell for rows in found.values() for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []


def test_only_the_days_that_are_asked_for_on_the_organisations_clock(scene: Scene) -> None:
    """Half past midnight on 20 November in Helsinki is still the 19th in UTC."""
    scene.tenant.time_zone = "Europe/Helsinki"
    scene.tenant.save()
    moments = {"INV-1": "2026-11-19T21:30Z", "INV-2": "2026-11-19T22:30Z", "INV-3": "2026-11-20T22:30Z"}
    for number, at in moments.items():
        posting = scene.receive(number=number)
        Transaction.objects.filter(pk=posting.transaction_id).update(received_at=at)
    found = files(taken(scene, since="2026-11-20", until="2026-11-20"))
    assert [row["source_number"] for row in found["transactions"]] == ["INV-2"]
    assert len(found["postings"]) == len(found["attempts"]) == len(found["lines"]) == 1
    assert len(files(taken(scene, since="2026-11-20"))["transactions"]) == 2
    assert len(files(taken(scene, until="2026-11-19"))["transactions"]) == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"since": "2026-11-20", "until": "2026-11-19"}, "The end lies before the beginning."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"form": "xml"}, "Select a valid choice."),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_taken(scene: Scene, given: dict[str, str], sentence: str) -> None:
    response = scene.client.post(of_company(scene, "data-export"), {"form": "csv", **given})
    assert sentence in text_of(response)
    assert not AuditEvent.objects.filter(verb="export.taken").exists()


def test_it_stands_in_the_trail_who_took_it(scene: Scene) -> None:
    client, member = with_role(scene.tenant, Role.OPERATOR)
    taken(scene, client, since="2026-11-01")
    event = AuditEvent.objects.get(verb="export.taken")
    assert (event.who, event.company_id) == (member.user.username, scene.company.pk)
    assert "from 2026-11-01 was taken away as CSV." in event.message


def test_a_viewer_takes_nothing_away(scene: Scene) -> None:
    client, _ = with_role(scene.tenant, Role.VIEWER)
    assert "Download" not in page(client, of_company(scene, "data-export"))
    assert client.post(of_company(scene, "data-export"), {"form": "csv"}).status_code == 403


def test_what_our_support_did_is_not_told_by_name(scene: Scene) -> None:
    staff = StaffFactory.create(username="agent-smith")
    AuditEvent.objects.create(
        who=staff.username, verb="posting.retried", subject_type="portal", subject_id="", company_id=scene.company.pk,
        message="P-000001 was made due again.",
    )  # fmt: skip
    assert {row["who"] for row in files(taken(scene))["audit"]} == {"Our support", scene.user.username}


def test_every_batch_ends_and_begins_where_it_should(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "BATCH", 3)
    for number in range(10):
        scene.receive(number=f"INV-{number}")
        a_record(scene.connection, f"S{number % 4}", dimension=f"D{number}")
        MappedCode.objects.create(
            connection=scene.connection, family=("account", "tax")[number % 2], source_code=str(number),
            accounting_code="x",
        )  # fmt: skip
    found = files(taken(scene))
    assert {name: len(rows) for name, rows in found.items() if name not in {"audit", "deliveries"}} == {
        "transactions": 10, "lines": 10, "postings": 10, "attempts": 10, "reference": 10, "mapping": 10,
    }  # fmt: skip
    assert len({row["source_code"] for row in found["mapping"]}) == 10
    assert len({row["dimension"] for row in found["reference"]}) == 10


def test_two_at_once_and_no_third_and_the_place_comes_back(scene: Scene) -> None:
    wanted = Wanted(company=scene.company)
    first, second = Export(Form.CSV, wanted), Export(Form.JSON, wanted)
    response = scene.client.post(of_company(scene, "data-export"), {"form": "csv"})
    assert writing.BUSY in text_of(response)
    first.close()
    first.close()
    assert files(taken(scene))
    list(second)
    assert [files(taken(scene)) != {} for _ in range(3)] == [True] * 3


def test_an_answer_that_breaks_off_gives_its_place_back(scene: Scene) -> None:
    scene.receive()
    for _ in range(3):
        response: Any = scene.client.post(of_company(scene, "data-export"), {"form": "json"})
        next(iter(response))
        for close in response._resource_closers:
            close()
    assert json.loads(taken(scene, form="json"))


@pytest.mark.parametrize("form", list(Form))
def test_it_needs_no_more_memory_for_more(demo: Scene, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "BATCH", 50)
    monkeypatch.setattr(writing, "PIECE", 4096)

    def peak() -> int:
        tracemalloc.start()
        _drained(Export(form, Wanted(company=demo.company)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    _copies(demo, 150)
    _drained(Export(form, Wanted(company=demo.company)))
    few = peak()
    _copies(demo, 1500)
    assert peak() < few * 1.5


def _drained(export: Export) -> None:
    for _ in export:
        pass


def _copies(scene: Scene, number: int) -> None:
    first = accepted(scene.connection, a_document()).posting.transaction
    Transaction.objects.bulk_create(_rows(first, number))


def _rows(first: Transaction, number: int) -> Iterator[Any]:
    last = Transaction.objects.count()
    for index in range(last + 1, last + number):
        fields = {field.attname: getattr(first, field.attname) for field in Transaction._meta.concrete_fields}
        fields |= {"id": None, "public_id": uuid4(), "number": f"X-{index}", "identity": f"x{index}"}
        yield Transaction(**fields)


def test_it_is_read_in_batches_and_never_by_an_offset(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(walking, "BATCH", 100)
    for number in range(120):
        scene.receive(number=f"INV-{number}")
    with django_assert_max_num_queries(40) as seen:
        _drained(Export(Form.CSV, Wanted(company=scene.company)))
    assert [query["sql"] for query in seen.captured_queries if "OFFSET" in query["sql"]] == []
