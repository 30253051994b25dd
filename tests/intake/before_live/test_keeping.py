"""Before go-live every delivery is refused, and a dry run of it is kept; a closed company keeps nothing of the kind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.documents import Supplier
from portal import prepared
from portal.connections.models import AnswerPolicy, Connection, Endpoint
from portal.intake import receive
from portal.intake.before_live import keeping
from portal.intake.models import Delivery, Forecast, KeptDryRun
from portal.intake.statements import END_DELIVERY, FIND_AND_KEEP
from portal.intake.views import receiving
from portal.postings.models import Transaction
from portal.tenants.models import Company
from tests.environment import database_kind
from tests.factories import CompanyFactory, LedgerConnectionFactory, SourceConnectionFactory, a_document, with_token
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@dataclass
class Caller:
    """iCompleat at one address."""

    endpoint: Endpoint
    token: str

    def send(self, content: bytes) -> Any:
        return Client(raise_request_exception=False).post(
            f"/webhooks/icompleat/{self.endpoint.pk}/", content, content_type="application/json",
            headers={"x-api-compleat-token": self.token},
        )  # fmt: skip


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """The companies for which the door rang."""
    rung: list[uuid.UUID] = []
    monkeypatch.setattr(receiving, "look", rung.append)
    monkeypatch.setattr(receiving, "ring", lambda *_: None)
    return rung


@pytest.fixture
def company(looked: list[uuid.UUID]) -> Company:
    """On the built-in ledger, and not live yet."""
    company: Company = CompanyFactory.create(name="Northgate Training Ltd", live_at=None)
    LedgerConnectionFactory.create(company=company)
    return company


@pytest.fixture
def caller(company: Company) -> Caller:
    source: Connection = SourceConnectionFactory.create(company=company)
    return Caller(*with_token(connection=source, answer=AnswerPolicy.IMMEDIATE))


def test_a_delivery_before_go_live_is_refused_and_its_dry_run_is_left_to_a_worker(
    caller: Caller, company: Company, looked: list[uuid.UUID]
) -> None:
    response = caller.send(body(a_transaction()))
    assert response.status_code == 400
    assert "not live yet, nothing was booked" in response.json()["ErrorMessage"]
    kept = KeptDryRun.objects.get()
    assert (kept.company, kept.delivery.verdict, kept.made_at, kept.result) == (company, "not_live", None, None)
    assert kept.next_try_at is not None
    assert (kept.kind, kept.number, kept.supplier, kept.currency, str(kept.gross)) == (
        "invoice", "INV000123", "Crown Conference Centre", "GBP", "120.00",
    )  # fmt: skip
    assert (looked, Transaction.objects.count()) == ([company.pk], 0)


def test_what_cannot_be_read_is_kept_as_refused_at_once(caller: Caller) -> None:
    response = caller.send(body(a_transaction(Lines=None)))
    kept = KeptDryRun.objects.get()
    assert (kept.forecast, kept.why, kept.next_try_at) == (
        Forecast.REFUSED, response.json()["ErrorMessage"], None,
    )  # fmt: skip
    assert kept.made_at is not None
    assert (kept.kind, kept.number, kept.gross) == ("", "", None)


@pytest.mark.parametrize("code,name,shown", [(None, "", ""), ("CROWN01", "", "CROWN01"), (None, "Crown", "Crown")])
def test_a_supplier_is_shown_as_far_as_it_is_known(code: str | None, name: str, shown: str) -> None:
    document = a_document(party=Supplier(code=code, name=name))
    assert keeping.document_fields(document)["supplier"] == shown


def test_of_a_live_company_none_is_kept(caller: Caller, looked: list[uuid.UUID]) -> None:
    Company.objects.update(live_at=timezone.now())
    assert caller.send(body(a_transaction())).status_code == 200
    assert caller.send(body(a_transaction(Lines=None))).status_code == 400
    assert (KeptDryRun.objects.count(), looked) == (0, [])


def test_from_the_moment_of_going_live_on_it_is_booked(caller: Caller) -> None:
    Company.objects.update(live_at=timezone.now() + timedelta(hours=1))
    assert caller.send(body(a_transaction())).status_code == 400


def test_the_answer_and_the_row_are_kept_together_or_not_at_all(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, looked: list[uuid.UUID]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("It breaks.")

    monkeypatch.setattr(receive, "keep", broken)
    assert caller.send(body(a_transaction())).status_code == 500
    delivery = Delivery.objects.get()
    assert (delivery.verdict, delivery.answer_status, looked) == ("failed", 500, [])


@pytest.mark.parametrize("live_at", [None, timezone.now() - timedelta(days=1)])
def test_a_closed_company_takes_nothing_in(caller: Caller, live_at: Any, looked: list[uuid.UUID]) -> None:
    Company.objects.update(live_at=live_at, closed_at=timezone.now())
    response = caller.send(body(a_transaction()))
    assert response.status_code == 400
    assert response.json()["ErrorMessage"].startswith("Northgate Training Ltd is closed, nothing was booked.")
    assert Delivery.objects.get().verdict == "closed"
    assert (KeptDryRun.objects.count(), Transaction.objects.count(), looked) == (0, 0, [])


if database_kind() == "postgres":

    def test_closed_or_not_live_is_seen_by_the_one_statement_that_keeps_the_delivery(caller: Caller) -> None:
        caller.send(body(a_transaction()))  # this process has seen the token
        ran: list[Any] = []
        real = prepared.run

        def run(statement: Any, values: dict[str, Any]) -> Any:
            ran.append(statement)
            return real(statement, values)

        for closed_at in (timezone.now(), None):
            Company.objects.update(closed_at=closed_at)
            ran.clear()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(prepared, "run", run)
                assert caller.send(body(a_transaction())).status_code == 400
            assert ran == [FIND_AND_KEEP, END_DELIVERY]


def _kept(caller: Caller, count: int) -> list[int]:
    for _ in range(count):
        caller.send(body(a_transaction(Lines=[a_line()])))
    return list(KeptDryRun.objects.order_by("pk").values_list("pk", flat=True))


def test_the_latest_of_each_company_are_kept(caller: Caller, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEPT_AT_MOST", 2)
    ids = _kept(caller, 4)
    assert keeping.forget_surplus(CompanyFactory.create().pk) == 0
    assert keeping.forget_surplus(company.pk) == 2
    assert list(KeptDryRun.objects.order_by("pk").values_list("pk", flat=True)) == ids[2:]
    assert keeping.forget_surplus(company.pk) == 0
    assert Delivery.objects.count() == 4


def test_what_has_had_its_time_is_forgotten_with_the_bodies(caller: Caller, settings: Any) -> None:
    old, new = _kept(caller, 2)
    now = timezone.now()
    KeptDryRun.objects.filter(pk=old).update(asked_at=now - timedelta(days=31))
    settings.RETENTION_BODY_DAYS = 0
    assert keeping.forget_old(now) == 0
    settings.RETENTION_BODY_DAYS = 30
    assert keeping.forget_old(now) == 1
    assert [kept.pk for kept in KeptDryRun.objects.all()] == [new]
