"""Transactions raised from a company's page: looked at first, confirmed, and followed."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.transaction import atomic
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.models import Connection
from portal.connections.registry import source as source_of
from portal.desk import raise_form
from portal.postings.changes import change
from portal.postings.models import Posting, Transaction
from portal.postings.states import Actor, State
from portal.raising import tasks
from portal.raising.models import Raised
from portal.raising.template import COLUMNS
from portal.spreadsheet import csv_line
from tests.desk.scene import Scene
from tests.desk.syncs import a_record
from tests.factories import CompanyFactory, LedgerConnectionFactory, SourceConnectionFactory

pytestmark = pytest.mark.engine
ORDER = {
    "key": "order-1", "kind": "purchase_order", "supplier_code": "CROWN01", "currency": "GBP", "date": "2026-11-20",
    "title": "Venue hire", "description": "Room", "net": "500.00", "tax": "100.00", "gross": "600.00",
    "account_code": "5010", "tax_code": "T1",
}  # fmt: skip
INVOICE = {**ORDER, "key": "invoice-1", "kind": "invoice", "supplier_reference": "SI-1"}


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The raised ones for which the door rang."""
    ids: list[int] = []

    def ring_all(raised: Sequence[Raised]) -> None:
        ids.extend(one.pk for one in raised)

    monkeypatch.setattr(tasks, "ring_all", ring_all)
    return ids


@pytest.fixture
def source(demo: Scene) -> Connection:
    """A finished link to iCompleat that takes transactions, and a supplier that the books know."""
    defaults = {one.key: one.default for one in source_of("icompleat").metadata.settings if not one.secret}
    settings = {**defaults, "base_url": "https://api.example", "tenant_id": "t", "company_id": "c"}
    a_record(demo.connection, "CROWN01", name="Crown Conference Centre")
    for kind, code in (("account", "5010"), ("account", "7504"), ("tax", "T1"), ("tax", "T0")):
        a_record(demo.connection, code, kind=kind)
    source: Connection = SourceConnectionFactory.create(
        company=demo.company, settings={**settings, "raise_transactions": "yes"}, secrets={"security_key": "k"}
    )
    return source


def address(scene: Scene, name: str = "raising") -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def a_file(*rows: dict[str, str]) -> SimpleUploadedFile:
    lines = [csv_line(COLUMNS), *(csv_line([row.get(name, "") for name in COLUMNS]) for row in rows)]
    return SimpleUploadedFile("a.csv", "".join(lines).encode())


def upload(scene: Scene, *rows: dict[str, str], stage: str = "draft") -> str:
    response = scene.client.post(address(scene), {"file": a_file(*rows), "stage": stage})
    assert response.status_code == 200
    return text_of(response)


def sealed_in(body: str) -> str:
    found: list[str] = re.findall(r'name="sealed" value="([^"]+)"', body)
    return found[0]


def confirm(scene: Scene, sealed: str) -> Any:
    return scene.client.post(address(scene, "raising-confirm"), {"sealed": sealed}, follow=True)


def stands_there(external_id: str) -> Posting:
    """The one posting was carried out at the source."""
    posting = Posting.objects.get()
    there: dict[str, Any] = {"external_id": external_id, "posted_at": timezone.now(), "next_attempt_at": None}
    with atomic():
        assert change(posting, State.POSTED, who=Actor.WORKER, **there)
    return posting


def test_without_icompleat_it_says_what_is_missing(demo: Scene) -> None:
    body = text_of(demo.client.get(address(demo)))
    assert "is linked to nothing that takes transactions" in body
    assert 'type="file"' not in body


def test_while_it_is_switched_off_it_says_where_to_switch_it_on(demo: Scene, source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(settings={**source.settings, "raise_transactions": "no"})
    body = text_of(demo.client.get(address(demo)))
    assert "Switch on “Raise transactions”" in body
    assert 'type="file"' not in body


def test_the_template_passes_its_own_upload(demo: Scene, source: Connection) -> None:
    template = demo.client.get(address(demo, "raising-template"))
    assert 'filename="transactions-to-raise.csv"' in template.headers["Content-Disposition"]
    file = SimpleUploadedFile("a.csv", template.content)
    body = text_of(demo.client.post(address(demo), {"file": file, "stage": "draft"}))
    assert "Raise 3 transactions" in body


def test_nothing_is_raised_by_looking(demo: Scene, source: Connection, rung: list[int]) -> None:
    body = upload(demo, ORDER, INVOICE)
    assert "Raise 2 transactions" in body
    assert "1 of these is an order" in body
    assert (Raised.objects.count(), rung) == (0, [])


def test_full_approval_says_how_many_mails_go_out(demo: Scene, source: Connection) -> None:
    body = upload(demo, ORDER, {**ORDER, "key": "order-2"}, INVOICE, stage="approved")
    assert "fully approved at once" in body
    assert "up to 2 e-mails go out to suppliers now" in body
    assert "they cannot be called back" in body


def test_every_problem_is_named_by_line_and_column_and_nothing_can_be_confirmed(
    demo: Scene, source: Connection
) -> None:
    body = upload(demo, {**ORDER, "supplier_code": "NOBODY"}, {**INVOICE, "net": "a lot"})
    found = re.findall(r'data-label="Line"[^>]*>(\d+)</td><td data-label="Column">([^<]+)</td>', body)
    assert ("2", "supplier_code") in found
    assert ("3", "net") in found
    assert "This file cannot be raised yet" in body
    assert "sealed" not in body


def test_it_is_raised_once_however_often_it_is_confirmed(demo: Scene, source: Connection, rung: list[int]) -> None:
    sealed = sealed_in(upload(demo, ORDER, INVOICE, stage="approved"))
    bodies = [text_of(confirm(demo, sealed)) for _ in range(2)]
    assert ["2 taken in." in body for body in bodies] == [True, True]
    kept = Raised.objects.order_by("pk")
    assert [(one.caller_key, one.wish, one.who, one.asked_by) for one in kept] == [
        ("order-1", "approved", demo.user.username, demo.user),
        ("invoice-1", "approved", demo.user.username, demo.user),
    ]
    assert rung == [one.pk for one in kept] * 2
    assert re.findall(r'data-label="Your key"[^>]*>([^<]+)<', bodies[-1]) == ["invoice-1", "order-1"]


@pytest.mark.parametrize("tampered", ["", "nonsense", "of-another-company", "too-old"])
def test_only_what_was_looked_at_here_and_lately_is_raised(
    demo: Scene, source: Connection, tampered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = {"": "", "nonsense": "nonsense"}.get(tampered) or sealed_in(upload(demo, ORDER))
    if tampered == "of-another-company":
        other = CompanyFactory.create(tenant=demo.tenant)
        LedgerConnectionFactory.create(company=other)
        response = demo.client.post(reverse("desk:raising-confirm", args=[other.pk]), {"sealed": sealed}, follow=True)
    else:
        monkeypatch.setattr(raise_form, "LASTS_SECONDS", timedelta(seconds=-1) if tampered == "too-old" else 60)
        response = confirm(demo, sealed if tampered != "" else "")
    assert "has expired, so nothing was raised" in text_of(response)
    assert not Raised.objects.exists()


def test_what_became_wrong_since_it_was_looked_at_is_shown_again(demo: Scene, source: Connection) -> None:
    sealed = sealed_in(upload(demo, ORDER))
    Connection.objects.filter(pk=source.pk).update(settings={**source.settings, "raise_transactions": "no"})
    body = text_of(confirm(demo, sealed))
    assert "is switched off for" in body
    assert not Raised.objects.exists()


@pytest.mark.parametrize(
    "content,why",
    [(b"", "The file is empty."), (None, "Choose a file."), (b"x" * 1_000_001, "more than 1 MB")],
)
def test_a_file_that_cannot_be_read_says_so_at_its_field(
    demo: Scene, source: Connection, content: bytes | None, why: str
) -> None:
    file = {} if content is None else {"file": SimpleUploadedFile("a.csv", content)}
    body = text_of(demo.client.post(address(demo), {**file, "stage": "draft"}))
    assert why in re.findall(r'id="field-file_error">([^<]*)<', body)[0]


def test_the_list_shows_where_each_stands_and_what_came_back(demo: Scene, source: Connection) -> None:
    confirm(demo, sealed_in(upload(demo, ORDER)))
    came_back = demo.receive(number="ORD000077").transaction
    Raised.objects.update(
        stage_there="approved", number_there="REQ000001", came_back=came_back, came_back_at=timezone.now(),
        ended_at=timezone.now(),
    )  # fmt: skip
    body = text_of(demo.client.get(address(demo)))
    assert f'href="/transactions/{came_back.public_id}/">ORD000077</a>' in body
    for text in ("Approved</span>", "REQ000001", "Ready</span>"):
        assert text in body


def test_what_was_created_stands_there_as_it_was_asked_for_until_somebody_looks(
    demo: Scene, source: Connection
) -> None:
    confirm(demo, sealed_in(upload(demo, ORDER)))
    assert "Not there yet</span>" in text_of(demo.client.get(address(demo)))
    stands_there("aaaa-0001")
    body = text_of(demo.client.get(address(demo)))
    assert ("Draft</span>" in body, "Not there yet" in body) == (True, False)


def test_both_transactions_lead_to_each_other(demo: Scene, source: Connection) -> None:
    confirm(demo, sealed_in(upload(demo, ORDER)))
    came_back = demo.receive(number="ORD000077").transaction
    Raised.objects.update(came_back=came_back, came_back_at=timezone.now(), ended_at=timezone.now())
    asked = Raised.objects.get().posting.transaction
    for one, other in ((asked, came_back), (came_back, asked)):
        body = text_of(demo.client.get(f"/transactions/{one.public_id}/"))
        assert "Raised from here" in body
        assert f"/transactions/{other.public_id}/" in body


def test_a_raised_transaction_is_one_like_any_other_but_for_its_words(demo: Scene, source: Connection) -> None:
    confirm(demo, sealed_in(upload(demo, ORDER)))
    asked = Transaction.objects.get()
    assert Posting.objects.get().connection == source
    body = text_of(demo.client.get(f"/transactions/{asked.public_id}/"))
    assert "It waits for its turn to be created in iCompleat." in body
    assert "was told" not in body
    listed = text_of(demo.client.get("/transactions/"))
    assert "Raised here" in listed
    assert "Ready</span>" in listed


def test_more_rows_cost_no_more_queries(demo: Scene, source: Connection, django_assert_num_queries: Any) -> None:
    client = demo.client
    for keys in (["a"], [f"b{n}" for n in range(20)]):
        confirm(demo, sealed_in(upload(demo, *({**ORDER, "key": key} for key in keys))))
        client.get(address(demo))
        with django_assert_num_queries(8):
            client.get(address(demo))


def test_what_came_back_is_linked_by_whoever_looks(demo: Scene, source: Connection) -> None:
    confirm(demo, sealed_in(upload(demo, ORDER)))
    posting = stands_there("AAAA-0001")
    demo.receive(
        number="ORD000077", kind=Kind(posting.kind), external_id="aaaa-0001", identity="aaaa-0001", source="icompleat"
    )
    assert ">ORD000077</a>" in text_of(demo.client.get(address(demo)))
    assert Raised.objects.get().came_back is not None


def test_of_very_many_problems_the_first_are_shown(demo: Scene, source: Connection) -> None:
    body = upload(demo, *({**ORDER, "key": f"order-{number}", "kind": "nonsense"} for number in range(201)))
    assert "201 things to mend" in body
    assert body.count('data-label="What"') == 200
    assert "These are the first 200 of 201." in body
