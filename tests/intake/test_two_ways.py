"""The statements that are kept for PostgreSQL and the general way leave the same rows and give the same answers.

Collected only where the run's database is PostgreSQL: on SQLite there is but one way.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db.models import Model
from django.db.transaction import atomic, set_rollback
from django.test import Client
from django.utils import timezone

from ledger.models import Entry
from portal import prepared
from portal.connections.models import AnswerPolicy, Connection, Endpoint, Status
from portal.connections.services import pause
from portal.intake import statements as intakes
from portal.intake.models import Delivery
from portal.intake.views import receiving
from portal.postings import new
from portal.postings import statements as postings
from portal.postings.due import Where
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, NumberSeries, Posting, Revision, Transaction, Transition
from portal.postings.waiting import announce
from portal.tenants.models import Company
from tests.environment import database_kind
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    with_token,
)
from tests.intake.payloads import a_line, a_transaction, body, money

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
KEPT = (NumberSeries, Transaction, Revision, Posting, Transition, Attempt, Delivery)
# Made at random, or measured.
DIFFERENT = frozenset({"public_id", "idempotency_key", "answered_after_ms"})


@dataclass
class Scene:
    """A company with its endpoint, one invoice that may come again, and whoever was rung."""

    endpoint: Endpoint
    token: str
    at_a_ring: Callable[[int], object] = lambda _: None
    invoice: dict[str, Any] = field(default_factory=lambda: a_transaction(Id="invoice", Lines=[a_line(Id="line")]))
    rung: list[bool] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def send(self, content: bytes | None = None, **members: Any) -> None:
        response = Client().post(
            f"/webhooks/icompleat/{self.endpoint.pk}/",
            body({**self.invoice, **members}) if content is None else content,
            content_type="application/json",
            headers={"x-api-compleat-token": self.token},
        )
        self.answers.append((response.status_code, response.json()))

    def ring(self, posting_id: int, where: Where) -> None:
        """One who is rung can see the posting, and knows where it goes."""
        found = Posting.objects.select_related("connection").get(pk=posting_id)
        assert where == Where(found.connection_id, found.connection.integration, found.kept)
        self.rung.append(found.state == "ready")
        self.at_a_ring(posting_id)

    def answers_by(self, policy: AnswerPolicy, within: int = 0) -> None:
        Endpoint.objects.update(answer=policy, answer_within_seconds=within)


def on(factory: Any, **options: Any) -> Scene:
    company = CompanyFactory.create(name="Northgate Training Ltd")
    factory.create(company=company, **options)
    source = SourceConnectionFactory.create(company=company, external_company_id="northgate")
    endpoint, token = with_token(connection=source, answer_within_seconds=0)
    return Scene(endpoint, token)


def dearer() -> dict[str, Any]:
    return {"Lines": [a_line(Id="line", Net=money(110), Vat=money(22), Gross=money(132))]}


def posted(posting_id: int, number: str = "BILL-7") -> None:
    with maintenance():
        Posting.objects.filter(pk=posting_id).update(
            state="posted", external_id="7", external_number=number, posted_at=timezone.now(), next_attempt_at=None
        )
    announce(posting_id)


def rejected(posting_id: int) -> None:
    with maintenance():
        Posting.objects.filter(pk=posting_id).update(state="rejected", reason="No.", attempts_made=1)
    announce(posting_id)


def three_different_ones(scene: Scene) -> None:
    """The first makes the series, so that it takes the general way in both."""
    scene.send(Id="first")
    scene.send(Id="second", References={"Identifier": "I" * 100, "PurchaseOrder": "ORD-1"}, Dates={})
    scene.send(Id="third", Lines=[a_line(Id="x", Net=money("0.01"), Vat=money(0), Gross=money("0.01"))])
    scene.send(Id="fourth", Lines=[a_line(Id="y", Net=money(987654321), Vat=money(0), Gross=money(987654321))])


def the_same_again_and_changed(scene: Scene) -> None:
    scene.send(Id="first")
    for members in ({}, {}, dearer(), dearer()):
        scene.send(**members)


def _immediate(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.IMMEDIATE)
    three_different_ones(scene)
    the_same_again_and_changed(scene)


def _strict(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.STRICT)
    the_same_again_and_changed(scene)


def _confirmed(scene: Scene) -> None:
    three_different_ones(scene)
    the_same_again_and_changed(scene)


def _a_million_before(scene: Scene) -> None:
    scene.send(Id="first")
    NumberSeries.objects.update(last=999_999)
    scene.send()


def _posted_while_waiting(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.CONFIRMED, within=20)
    scene.at_a_ring = posted
    scene.send()
    scene.send()
    scene.send(**dearer())


def _posted_without_a_number(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.CONFIRMED, within=20)
    scene.at_a_ring = lambda posting_id: posted(posting_id, number="")
    scene.send()


def _rejected_while_waiting(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.CONFIRMED, within=20)
    scene.at_a_ring = rejected
    scene.send()


def _refused_by_the_books(scene: Scene) -> None:
    scene.send(Id="first")
    scene.send(Lines=[a_line(account="9999", Id="line")])
    scene.send()


def _kept_as_a_memo(scene: Scene) -> None:
    scene.send(Id="first", Type="REC")
    Connection.objects.filter(integration="demo").update(kept_kinds=["receipt"])
    scene.send(Id="first", Type="REC")
    scene.send(Id="second", Type="REC")


def _nothing_can_be_taken(scene: Scene) -> None:
    scene.send(content=b"[1")
    Company.objects.update(live_at=None)
    scene.send()
    Company.objects.update(live_at=timezone.now())
    Connection.objects.filter(integration="demo").update(status=Status.UNLINKED)
    scene.send()


def _paused(scene: Scene) -> None:
    scene.answers_by(AnswerPolicy.IMMEDIATE)
    for linked in Connection.objects.filter(integration="demo"):
        pause(linked, who="tests", why="Because.")
    scene.send(Id="first")
    scene.send()


def _deauthorised(scene: Scene) -> None:
    Connection.objects.filter(integration="demo").update(status=Status.DEAUTHORISED)
    scene.send(Id="first")
    scene.send()


CASES: dict[str, tuple[Any, Callable[[Scene], None], int]] = {
    "told at once": (DemoConnectionFactory, _immediate, 9),
    "told when posted, nobody comes": (DemoConnectionFactory, _confirmed, 9),
    "told when posted or not at all": (DemoConnectionFactory, _strict, 5),
    "the number after P-999999": (DemoConnectionFactory, _a_million_before, 2),
    "posted while the sender waits": (DemoConnectionFactory, _posted_while_waiting, 1),
    "posted without a number": (DemoConnectionFactory, _posted_without_a_number, 1),
    "rejected while the sender waits": (DemoConnectionFactory, _rejected_while_waiting, 1),
    "the ledger, told at once": (LedgerConnectionFactory, _immediate, 0),
    "the ledger": (LedgerConnectionFactory, _confirmed, 0),
    "refused by the ledger": (LedgerConnectionFactory, _refused_by_the_books, 0),
    "kept as a memo": (DemoConnectionFactory, _kept_as_a_memo, 0),
    "nothing can be taken": (DemoConnectionFactory, _nothing_can_be_taken, 0),
    "a paused connection": (DemoConnectionFactory, _paused, 0),
    "a connection that is not Linked": (DemoConnectionFactory, _deauthorised, 0),
}

if database_kind() == "postgres":

    @pytest.mark.parametrize("name", CASES)
    def test_both_ways_leave_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        factory, case, rings = CASES[name]
        kept, general = _played(factory, case, monkeypatch), _played_generally(factory, case, monkeypatch)
        assert kept == general
        assert len(kept["rung"]) == rings
        assert all(kept["rung"])

    def test_a_statement_is_prepared_once_whatever_the_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
        with atomic():
            _play(on(DemoConnectionFactory), _immediate, monkeypatch)
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%ended AS%%'")
            assert cursor.fetchone()[0] in (1, 2)  # with a date and without


def test_no_text_is_too_long_for_the_drivers_cache() -> None:
    """Beyond 4,096 characters psycopg reads a statement anew each time."""
    texts = [text for room in (intakes, postings) for text in vars(room).values() if isinstance(text, str)]
    texts.append(new.READ_NEW)
    assert len(texts) > 5
    assert max(map(len, texts)) <= 4096


def _played_generally(
    factory: Any, case: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[Any]]:
    with monkeypatch.context() as patched:
        patched.setattr(prepared, "can_run", lambda: False)
        return _played(factory, case, patched)


def _played(factory: Any, case: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Everything that a case left behind; the database forgets it."""
    with time_machine.travel(START, tick=False), atomic():
        scene = on(factory)
        _play(scene, case, monkeypatch)
        found = {model.__name__: _rows(model) for model in KEPT}
        numbers = list(Entry.objects.order_by("number").values_list("number", "reference"))
        set_rollback(True)
    return {**found, "answers": scene.answers, "rung": scene.rung, "entries": numbers}


def _play(scene: Scene, case: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "ring", scene.ring)
    case(scene)


def _rows(model: type[Model]) -> list[dict[str, Any]]:
    """All rows in their order. Keys of other rows are their places there, for sequences go on counting."""
    rows = model._default_manager.order_by("pk")
    return [
        {each.attname: _told(row, each) for each in model._meta.concrete_fields if not each.primary_key} for row in rows
    ]


def _told(row: Model, column: Any) -> Any:
    value = getattr(row, column.attname)
    if column.name in DIFFERENT:
        return value is None
    if column.is_relation and value is not None:
        known = column.related_model._default_manager.order_by("pk").values_list("pk", flat=True)
        return list(known).index(value) if not isinstance(value, uuid.UUID) else column.related_model.__name__
    if column.name == "external_id" and isinstance(row, Posting) and value is not None:
        return bool(value)  # the ledger's is made at random
    return bytes(value) if isinstance(value, memoryview) else value
