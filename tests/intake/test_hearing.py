"""Vendors' own webhooks: whose message it is, what it makes us ask, and what it cannot do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from integrations.documents import Kind
from integrations.errors import Malformed, Unauthorised
from integrations.hearing import Heard, Hears, Hint
from integrations.metadata import Metadata, Setting
from integrations.reference import RecordKind
from portal.connections import registry
from portal.connections.access.hooks import issue_hook
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.intake.models import VendorMessage
from portal.intake.rate import rates
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.models import SyncRun
from portal.reference.sync import asking
from tests.factories import DemoConnectionFactory, accepted
from tests.postings.fake_books import FakeBooks

pytestmark = pytest.mark.django_db
COMPANY_THERE = "9f0c4b3e"


class Talkative(FakeBooks):
    """It calls one address of the installation; the header `x-proof` proves that it is the installation's own."""

    hears: ClassVar[Hears] = Hears.AT_THE_INSTALLATION

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard:
        if headers.get("x-proof") != "the-proof":
            raise Unauthorised("No proof.")
        try:
            said = json.loads(body)
        except ValueError as error:
            raise Malformed("That is no JSON.") from error
        records = frozenset(RecordKind(kind) for kind in said.get("records", ()))
        hint = Hint(
            company_id=said.get("company", ""), operation=said.get("operation", ""), records=records,
            asks_status=said.get("status", False), documents=frozenset(Kind(one) for one in said.get("documents", ())),
        )  # fmt: skip
        return Heard(id=said.get("id", ""), about=said.get("about", "thing.happened"), hints=(hint,))


class OfOneConnection(Talkative):
    hears: ClassVar[Hears] = Hears.AT_THE_CONNECTION


@pytest.fixture(autouse=True)
def fresh_rates() -> None:
    rates.forget()


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> type[Talkative]:
    return registered(monkeypatch, Talkative)


def registered(monkeypatch: pytest.MonkeyPatch, connector: type[Talkative]) -> type[Talkative]:
    known = {**registry.accounting_systems(), "fake": connector}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    return connector


def linked(**options: object) -> Connection:
    made: Connection = DemoConnectionFactory.create(
        integration="fake", settings={}, secrets={}, external_company_id=COMPANY_THERE, **options
    )
    return made


def awaiting(connection: Connection, operation: str) -> Posting:
    posting = accepted(connection).posting
    later = timezone.now() + timedelta(hours=1)
    Posting.objects.filter(pk=posting.pk).update(
        state=State.AWAITING, operation=operation, next_attempt_at=later, awaiting_since=timezone.now()
    )
    return posting


def due_at(posting: Posting) -> datetime:
    """When it is looked at next."""
    posting.refresh_from_db()
    assert posting.next_attempt_at is not None
    return posting.next_attempt_at


def send(client: Client, said: object, *, url: str = "/hooks/fake/", **headers: str) -> tuple[int, object]:
    body = said if isinstance(said, str) else json.dumps(said)
    response = client.post(url, body, content_type="application/json", headers=headers or {"X-Proof": "the-proof"})
    return response.status_code, response.json()


def test_an_operation_that_has_ended_is_asked_for_at_once(client: Client, talkative: type[Talkative]) -> None:
    mine, others = awaiting(linked(), "op-1"), awaiting(linked(status=Status.UNLINKED), "op-1")
    assert send(client, {"id": "m1", "company": COMPANY_THERE, "operation": "op-1"}) == (202, {"message": "Taken."})
    assert due_at(mine) <= timezone.now()
    assert due_at(others) > timezone.now()
    assert mine.state == State.AWAITING  # nothing is believed: the vendor is asked
    message = VendorMessage.objects.get()
    assert (message.connection, message.effects) == (mine.connection, ["The operation op-1 is asked for."])


def test_a_repeat_is_counted_and_acts_again(client: Client, talkative: type[Talkative]) -> None:
    posting = awaiting(linked(), "op-1")
    said = {"id": "m1", "company": COMPANY_THERE, "operation": "op-1"}
    send(client, said)
    later = timezone.now() + timedelta(hours=1)
    Posting.objects.filter(pk=posting.pk).update(next_attempt_at=later)
    send(client, said)
    assert due_at(posting) < later
    assert VendorMessage.objects.get().repeats == 1


def test_messages_without_an_id_are_all_kept(client: Client, talkative: type[Talkative]) -> None:
    linked()
    for _ in range(2):
        send(client, {"company": COMPANY_THERE})
    assert VendorMessage.objects.count() == 2


def test_documents_of_which_more_can_be_told_are_asked_for(client: Client, talkative: type[Talkative]) -> None:
    connection = linked()
    invoice, order = awaiting(connection, "op-1"), awaiting(connection, "op-2")
    Transaction.objects.filter(pk=order.transaction_id).update(kind=Kind.PURCHASE_ORDER)
    send(client, {"id": "m1", "company": COMPANY_THERE, "documents": ["invoice"]})
    assert due_at(invoice) <= timezone.now() < due_at(order)
    assert VendorMessage.objects.get().effects == ["Documents on their way that are asked for: 1."]


def test_a_change_of_status_is_only_asked_for(client: Client, talkative: type[Talkative]) -> None:
    connection = linked(told_at=timezone.now())
    send(client, {"id": "m1", "company": COMPANY_THERE, "status": True})
    connection.refresh_from_db()
    assert (connection.told_at, connection.status) == (None, Status.LINKED)


def test_changed_records_start_a_sync(
    client: Client, monkeypatch: pytest.MonkeyPatch, talkative: type[Talkative]
) -> None:
    monkeypatch.setattr(Talkative, "can", replace(FakeBooks.can, reads=frozenset({RecordKind.SUPPLIER})))
    monkeypatch.setattr(asking, "accounting_systems", lambda: {"fake": Talkative})
    connection = linked()
    send(client, {"id": "m1", "company": COMPANY_THERE, "records": ["supplier", "account"]})
    assert list(SyncRun.objects.values_list("connection", "kind")) == [(connection.pk, "supplier")]
    assert VendorMessage.objects.get().effects == [
        "Fake books does not tell account codes.",
        "A sync was asked for: supplier.",
    ]


def test_a_company_that_is_not_ours_is_kept_without_effect(client: Client, talkative: type[Talkative]) -> None:
    posting = awaiting(linked(), "op-1")
    assert send(client, {"id": "m1", "company": "somebody-else", "operation": "op-1"})[0] == 202
    assert due_at(posting) > timezone.now()
    message = VendorMessage.objects.get()
    assert (message.connection, message.effects) == (
        None,
        ["No connection of this installation is linked to that company."],
    )


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("/hooks/fake/", {"X-Proof": "wrong"}),
        ("/hooks/demo/", {"X-Proof": "the-proof"}),
        ("/hooks/nobody/", {"X-Proof": "the-proof"}),
        (f"/hooks/fake/{uuid.UUID(int=5)}/?token=x", {"X-Proof": "the-proof"}),
    ],
    ids=["a wrong proof", "a system that sends none", "no such system", "another kind of address"],
)
def test_what_proves_nothing_is_refused_alike_and_not_kept(
    client: Client, talkative: type[Talkative], url: str, headers: dict[str, str]
) -> None:
    linked()
    assert send(client, {"id": "m1"}, url=url, **headers) == (401, {"message": "Not recognised."})
    assert not VendorMessage.objects.exists()


def test_a_message_that_cannot_be_read_says_so(client: Client, talkative: type[Talkative]) -> None:
    assert send(client, "{") == (400, {"message": "That is no JSON."})


def test_a_body_that_is_too_large_is_not_read(client: Client, talkative: type[Talkative]) -> None:
    assert send(client, "x" * (256 * 1024 + 1)) == (413, {"message": "The body is larger than 256 kB."})


def test_too_many_messages_are_told_to_wait(client: Client, talkative: type[Talkative], settings: Settings) -> None:
    settings.WEBHOOK_RATE, settings.WEBHOOK_BURST = 1, 2
    assert [send(client, {"id": str(n)})[0] for n in range(3)] == [202, 202, 429]


def test_what_the_operator_stored_reaches_the_check(
    client: Client, monkeypatch: pytest.MonkeyPatch, talkative: type[Talkative]
) -> None:
    seen: list[Mapping[str, str]] = []
    original = Talkative.hear

    def hear(self: Talkative, headers: Mapping[str, str], body: bytes) -> Heard:
        seen.append(self.link.secrets)
        return original(self, headers, body)

    monkeypatch.setattr(Talkative, "hear", hear)
    monkeypatch.setattr(Talkative, "metadata", with_a_secret_of_the_installation())
    IntegrationSettings.objects.create(integration="fake", secrets={"webhook_secret": "whsec_x"})
    send(client, {"id": "m1"})
    assert seen == [{"webhook_secret": "whsec_x"}]


def with_a_secret_of_the_installation() -> Metadata:
    secret = Setting(key="webhook_secret", label="Webhook secret", secret=True, of_installation=True)
    return replace(FakeBooks.metadata, settings=(secret,))


class TestTheAddressOfAConnection:
    def test_its_token_leads_to_it_alone(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        registered(monkeypatch, OfOneConnection)
        mine, other = linked(), linked()
        posting = awaiting(mine, "op-1")
        address = issue_hook(mine, who="tests")
        path, _, token = address.partition("?token=")
        url = path.partition("/hooks/")[2]
        said = {"operation": "op-1"}
        assert send(client, said, url=f"/hooks/{url}?token={token}")[0] == 202
        assert due_at(posting) <= timezone.now()
        assert send(client, said, url=f"/hooks/fake/{other.pk}/?token={token}")[0] == 401
        assert send(client, said, url=f"/hooks/demo/{mine.pk}/?token={token}")[0] == 401

    def test_a_new_address_closes_the_old_one(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        registered(monkeypatch, OfOneConnection)
        mine = linked()
        old, new = (issue_hook(mine, who="tests").partition("?token=")[2] for _ in range(2))
        answers = [
            send(client, {}, url=f"/hooks/fake/{mine.pk}/", **{"X-Proof": "the-proof", "X-Postroom-Token": token})[0]
            for token in (old, new, "")
        ]
        assert answers == [401, 202, 401]
