"""The way of a delivery through the real URL: size, token, raw, parse, accept, answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from integrations.documents import Kind
from ledger.models import Books, Entry
from portal.connections.models import AnswerPolicy, Connection, Endpoint, Status
from portal.connections.resting import Resting
from portal.connections.tokens import issue_token, open_discovery, paste_token
from portal.intake.models import Delivery, RefusedCalls
from portal.intake.refusals import RefusalCounter
from portal.intake.views import receiving
from portal.postings import nudges, tasks
from portal.postings.models import Posting, Revision, Transaction
from portal.tenants.models import Company
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    with_token,
)
from tests.intake.payloads import a_line, a_transaction, body, money

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
NOT_RECOGNISED = {"ErrorCode": 1, "ErrorMessage": "Secret token missing or not recognised."}


@dataclass
class Sender:
    """Posts to one endpoint like iCompleat does."""

    endpoint: Endpoint
    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, content: bytes, headers: dict[str, str] | None = None, path: str | None = None) -> Any:
        return self.client.post(
            path or f"/webhooks/icompleat/{self.endpoint.pk}/",
            content,
            content_type="application/json",
            headers={"x-api-compleat-token": self.token} if headers is None else headers,
        )

    def send(self, transaction: dict[str, Any]) -> tuple[int, Any]:
        response = self.post(body(transaction))
        return response.status_code, response.json()


@pytest.fixture(autouse=True)
def counter(monkeypatch: pytest.MonkeyPatch) -> RefusalCounter:
    """Refused calls of one test are not written by the next."""
    fresh = RefusalCounter()
    monkeypatch.setattr(receiving, "refusals", fresh)
    return fresh


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The postings that were nudged; nothing runs them."""
    nudged: list[int] = []
    monkeypatch.setattr(receiving, "ring", lambda posting_id, _: nudged.append(posting_id))
    return nudged


@pytest.fixture
def sender(rung: list[int]) -> Sender:
    """An endpoint for all kinds of a company on the built-in ledger."""
    company = CompanyFactory.create(name="Northgate Training Ltd")
    LedgerConnectionFactory.create(company=company)
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=company))
    return Sender(endpoint, token)


@pytest.fixture
def slow_sender(rung: list[int]) -> Sender:
    """A company whose accounting system nobody calls in these tests: postings stay ready."""
    company = CompanyFactory.create()
    DemoConnectionFactory.create(company=company)
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=company), answer_within_seconds=0)
    return Sender(endpoint, token)


class TestTheThread:
    def test_an_approved_invoice_gets_the_ledgers_number_and_is_in_the_books(self, sender: Sender) -> None:
        assert sender.send(a_transaction()) == (200, {"JournalNumber": "JNL-000001"})
        entry = Entry.objects.get()
        assert (entry.number, entry.reference) == ("JNL-000001", "P-000001")
        transaction = Transaction.objects.get()
        assert (transaction.answered_number, transaction.number) == ("JNL-000001", "P-000001")
        delivery = Delivery.objects.get()
        assert (delivery.verdict, delivery.answer_status, delivery.transaction) == ("accepted", 200, transaction)
        assert delivery.answer_body == {"JournalNumber": "JNL-000001"}
        assert json.loads(bytes(delivery.body))["Transaction"]["Title"] == "Venue hire"
        assert delivery.headers["X-Api-Compleat-Token".lower()] == "***"
        assert sender.token not in json.dumps(delivery.headers)

    def test_again_gives_the_same_bytes(self, sender: Sender) -> None:
        transaction = a_transaction()
        first, second = sender.post(body(transaction)), sender.post(body(transaction, wrapped=False))
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert (Entry.objects.count(), Posting.objects.count()) == (1, 1)
        assert [d.verdict for d in Delivery.objects.order_by("pk")] == ["accepted", "repeated"]

    def test_an_unknown_account_is_refused_in_words_and_booked_after_it_was_mended(self, sender: Sender) -> None:
        transaction = a_transaction(Lines=[a_line(), a_line(account="9999", Number=2)])
        status, answer = sender.send(transaction)
        assert status == 400
        assert "9999" in answer["ErrorMessage"]
        assert "ine 2" in answer["ErrorMessage"]
        assert (Posting.objects.get().state, Entry.objects.count()) == ("rejected", 0)
        transaction["Lines"][1] = a_line(Number=2)
        assert sender.send(transaction) == (200, {"JournalNumber": "JNL-000001"})
        assert Transaction.objects.get().revision == 2

    def test_changed_content_after_posting_is_contested(self, sender: Sender) -> None:
        transaction = a_transaction()
        sender.send(transaction)
        transaction["Lines"][0].update(Net=money(110), Vat=money(22), Gross=money(132))
        status, answer = sender.send(transaction)
        assert status == 400
        assert "JNL-000001" in answer["ErrorMessage"]
        assert Revision.objects.get().state == "contested"
        assert Entry.objects.get().gross == 120

    def test_the_template_shapes_the_answer(self, sender: Sender) -> None:
        Endpoint.objects.update(answer_template={"JournalNumber": "{journal}", "Journal": {"Id": "{journal}"}})
        _, answer = sender.send(a_transaction())
        assert answer == {"JournalNumber": "JNL-000001", "Journal": {"Id": "JNL-000001"}}

    def test_nothing_that_is_not_settled_in_time_is_answered_as_failed(
        self, slow_sender: Sender, rung: list[int]
    ) -> None:
        assert slow_sender.send(a_transaction()) == (200, {"JournalNumber": "P-000001"})
        posting = Posting.objects.get()
        assert (posting.state, rung) == ("ready", [posting.pk])

    def test_strict_withdraws_and_a_retry_makes_it_due_again(self, slow_sender: Sender) -> None:
        Endpoint.objects.update(answer=AnswerPolicy.STRICT)
        transaction = a_transaction()
        assert slow_sender.send(transaction)[0] == 503
        assert Posting.objects.get().state == "withdrawn"
        Endpoint.objects.update(answer=AnswerPolicy.CONFIRMED)
        assert slow_sender.send(transaction) == (200, {"JournalNumber": "P-000001"})
        assert Posting.objects.get().state == "ready"

    def test_a_nudge_that_fails_changes_no_answer(self, slow_sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receiving, "ring", tasks.ring)
        monkeypatch.setattr(tasks, "bell", Resting(60))
        monkeypatch.setattr(nudges, "publish", _broken)
        assert [slow_sender.send(a_transaction())[0] for _ in range(2)] == [200, 200]
        assert tasks.bell.is_resting

    def test_a_kind_that_the_system_cannot_take_is_refused_or_kept(self, slow_sender: Sender) -> None:
        receipt = a_transaction(Type="REC")
        status, answer = slow_sender.send(receipt)
        assert (status, "receipt" in answer["ErrorMessage"]) == (400, True)
        assert not Transaction.objects.exists()
        Connection.objects.filter(integration="demo").update(kept_kinds=["receipt"])
        assert slow_sender.send(receipt) == (200, {"JournalNumber": "MEM-000001"})
        assert slow_sender.send(a_transaction(Type="REC"))[1] == {"JournalNumber": "MEM-000002"}
        assert all(Posting.objects.values_list("kept", flat=True))
        assert Books.objects.count() == 1


def _broken(*_: object, **__: object) -> None:
    raise ConnectionRefusedError


class TestWhoMayCall:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"x-api-compleat-token": "wrong-wrong-wrong-wrong"},
            {"x-api-compleat-token": ""},
            {"x-unheard-of": "TOKEN"},
            {"x-api-compleat-token": "TOKEN,TOKEN"},
        ],
    )
    def test_without_a_good_token_always_the_same_bytes_and_only_a_count(
        self, sender: Sender, counter: RefusalCounter, headers: dict[str, str]
    ) -> None:
        headers = {name: value.replace("TOKEN", sender.token) for name, value in headers.items()}
        response = sender.post(body(a_transaction()), headers)
        counter.write()
        assert (response.status_code, response.json()) == (401, NOT_RECOGNISED)
        assert not Delivery.objects.exists()
        counted = RefusedCalls.objects.get()
        assert (counted.endpoint_id_called, counted.count) == (str(sender.endpoint.pk), 1)
        assert sender.token not in json.dumps(counted.header_names)

    @pytest.mark.parametrize(
        "header,value",
        [
            ("x-api-compleat-token", "TOKEN"),
            ("Authorization", "Bearer TOKEN"),
            ("secret-token", " TOKEN "),
        ],
    )
    def test_the_usual_headers_are_tried(self, sender: Sender, header: str, value: str) -> None:
        response = sender.post(body(a_transaction()), {header: value.replace("TOKEN", sender.token)})
        assert response.status_code == 200

    def test_another_endpoints_token_is_refused(self, sender: Sender) -> None:
        _, other_token = with_token()
        assert sender.post(body(a_transaction()), {"x-api-compleat-token": other_token}).status_code == 401

    def test_an_unknown_endpoint_looks_the_same(self, sender: Sender, counter: RefusalCounter) -> None:
        path = "/webhooks/icompleat/00000000-0000-0000-0000-000000000000/"
        response = sender.post(body(a_transaction()), path=path)
        counter.write()
        assert (response.status_code, response.json()) == (401, NOT_RECOGNISED)
        assert RefusedCalls.objects.get().endpoint_id_called == "unknown"

    def test_two_tokens_live_while_rotating_and_no_more(self, sender: Sender) -> None:
        second = issue_token(sender.endpoint, who="tests")
        assert [self._status(sender, token) for token in (sender.token, second)] == [200, 200]
        third = issue_token(sender.endpoint, who="tests")
        assert [self._status(sender, token) for token in (sender.token, second, third)] == [401, 200, 200]

    def test_a_token_retires_after_the_overlap(self, sender: Sender) -> None:
        issue_token(sender.endpoint, who="tests", overlap=timedelta(0))
        assert self._status(sender, sender.token) == 401

    def test_a_pasted_token_works(self, sender: Sender) -> None:
        warning = paste_token(sender.endpoint, "Sixteen-chars-ok", who="tests")
        assert warning is not None
        assert "16 characters" in warning
        assert self._status(sender, "Sixteen-chars-ok") == 200

    def test_discovery_learns_the_header_once(self, sender: Sender) -> None:
        headers = {"x-vendors-own-idea": sender.token}
        assert sender.post(body(a_transaction()), headers).status_code == 401
        open_discovery(sender.endpoint, who="tests")
        assert sender.post(body(a_transaction()), headers).status_code == 200
        endpoint = Endpoint.objects.get(pk=sender.endpoint.pk)
        assert (endpoint.token_header_names[0], endpoint.discovery_until) == ("x-vendors-own-idea", None)
        assert sender.post(body(a_transaction()), headers).status_code == 200

    def test_discovery_ends(self, sender: Sender) -> None:
        Endpoint.objects.update(discovery_until=timezone.now() - timedelta(seconds=1))
        assert sender.post(body(a_transaction()), {"x-vendors-own-idea": sender.token}).status_code == 401

    def test_a_closed_endpoint_is_refused(self, sender: Sender) -> None:
        Endpoint.objects.update(is_active=False)
        assert self._status(sender, sender.token) == 401

    @staticmethod
    def _status(sender: Sender, token: str) -> int:
        return int(sender.post(body(a_transaction()), {"x-api-compleat-token": token}).status_code)


DEEP = b'{"Transaction":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}"
BAD_BODIES = {
    "not JSON": (b"<xml/>", ""),
    "empty": (b"", ""),
    "a list": (b"[]", ""),
    "a duplicate key": (b'{"Id": "1", "Id": "2"}', "Id"),
    "NaN": (body(a_transaction()).replace(b'"Value": 100', b'"Value": NaN', 1), ""),
    "depth 10,000": (DEEP, ""),
    "a number of 5,000 digits": (body(a_transaction()).replace(b'"Value": 100', b'"Value": ' + b"9" * 5000, 1), ""),
    "an exponent bomb": (body(a_transaction()).replace(b'"Value": 100', b'"Value": 1e999999', 1), ""),
    "a lone surrogate": (body(a_transaction(Title="XX")).replace(b"XX", b"\\ud800"), ""),
    "a NUL": (body(a_transaction(Title="XX")).replace(b"XX", b"\\u0000"), ""),
    "not UTF-8": (b'{"Id": "\xff"}', ""),
    "an unknown kind": (body(a_transaction(Type="XYZ")), "Type"),
    "another company": (body(a_transaction(Company={"Id": "11111111-1111-1111-1111-111111111111"})), "Company"),
    "no lines": (body(a_transaction(Lines=[])), "Lines"),
    "missing lines": (body(a_transaction(Lines=None)), "Lines"),
    "an amount with underscores": (body(a_transaction(Lines=[a_line(Net=money("1_00"))])), "Net"),
    "Arabic digits": (body(a_transaction(Lines=[a_line(Net=money("\u0661\u0660\u0660"))])), "Net"),
    "totals that disagree": (body(a_transaction(Net=money(90), Vat=money(20), Gross=money(110))), "Net"),
    "some totals only": (body(a_transaction(Net=money(100))), ""),
    "an unknown currency": (
        body(a_transaction(Analysis=[{"Name": "Currency Code", "Value": {"Code": "ZZZ"}}])), "Analysis",
    ),
    "a foreign currency without base amounts": (
        body(a_transaction(Analysis=[{"Name": "Currency Code", "Value": {"Code": "USD"}}])), "Base",
    ),
    "not approved": (body(a_transaction(Status="PEND")), "Status"),
    "no id": (body(a_transaction(Id=None)), "Id"),
}  # fmt: skip


class TestBadInput:
    @pytest.mark.parametrize("name", BAD_BODIES)
    def test_it_is_refused_in_words_and_kept(self, sender: Sender, name: str) -> None:
        content, names_field = BAD_BODIES[name]
        response = sender.post(content)
        assert response.status_code == 400
        message = response.json()["ErrorMessage"]
        assert message.endswith(".")
        assert len(message) > 15
        delivery = Delivery.objects.get()
        assert (delivery.verdict, bytes(delivery.body), delivery.reason) == ("unreadable", content, message)
        assert names_field in delivery.field
        assert (Transaction.objects.count(), Entry.objects.count()) == (0, 0)

    def test_three_megabytes_are_too_large_and_not_kept(self, sender: Sender) -> None:
        response = sender.post(b" " * 3 * 1024 * 1024)
        assert response.status_code == 413
        assert not Delivery.objects.exists()

    def test_the_kind_of_another_endpoint_is_refused(self, sender: Sender) -> None:
        Endpoint.objects.update(kind=Kind.CREDIT_NOTE)
        status, answer = sender.send(a_transaction())
        assert status == 400
        assert "nvoice" in answer["ErrorMessage"]

    def test_a_company_that_is_not_live_books_nothing_and_keeps_the_delivery(self, sender: Sender) -> None:
        Company.objects.update(live_at=None)
        status, answer = sender.send(a_transaction())
        assert status == 400
        assert "not live yet, nothing was booked" in answer["ErrorMessage"]
        assert (Delivery.objects.get().verdict, Transaction.objects.count()) == ("not_live", 0)

    def test_a_company_without_an_accounting_system_books_nothing(self, sender: Sender) -> None:
        Connection.objects.filter(integration="ledger").update(status=Status.UNLINKED)
        status, answer = sender.send(a_transaction())
        assert status == 400
        assert "No accounting system is linked" in answer["ErrorMessage"]

    def test_a_database_that_fails_is_503_with_a_time_to_come_again(
        self, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portal.intake.receive.take", _no_database)
        response = sender.post(body(a_transaction()))
        assert (response.status_code, response["Retry-After"]) == (503, "30")

    def test_an_error_of_ours_is_500_and_the_delivery_says_so(
        self, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portal.intake.receive.take", _bug)
        status, answer = sender.send(a_transaction())
        assert status == 500
        assert "secret detail" not in str(answer)
        delivery = Delivery.objects.get()
        assert (delivery.verdict, delivery.answer_status) == ("failed", 500)
        assert "ZeroDivisionError" in delivery.reason
        assert "secret detail" not in delivery.reason

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_only_post_is_taken(self, sender: Sender, method: str) -> None:
        response = getattr(sender.client, method)(f"/webhooks/icompleat/{sender.endpoint.pk}/")
        assert response.status_code == 405

    def test_an_unknown_source_is_not_found(self, sender: Sender) -> None:
        assert sender.post(b"{}", path=f"/webhooks/nobody/{sender.endpoint.pk}/").status_code == 404


def _no_database(*_: object, **__: object) -> None:
    raise OperationalError("the database is gone")


def _bug(*_: object, **__: object) -> None:
    raise ZeroDivisionError("secret detail")
