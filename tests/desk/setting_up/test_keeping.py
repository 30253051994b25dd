"""What becomes of the kinds that the accounting system cannot take, and which addresses are opened for iCompleat."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from integrations.documents import Kind
from portal.connections.keeping import keep, welcome
from portal.connections.models import Connection, Endpoint
from portal.events.models import AuditEvent
from portal.tenants.models import Role
from tests.desk.setting_up.conftest import Beginner, beginner
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory, SourceConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
TAKEN = ["credit_note", "invoice", "purchase_order"]


@pytest.fixture
def demo(olga: Beginner) -> Connection:
    """It takes no receipts."""
    demo: Connection = DemoConnectionFactory.create(company=olga.company)
    SourceConnectionFactory.create(company=olga.company)
    return demo


def text_of(body: str) -> str:
    return " ".join(unescape(body).split())


def chooses(olga: Beginner, choice: str) -> str:
    return text_of(olga.send("kept-kinds", {"receipt": choice}, follow=True).content.decode())


def opened(olga: Beginner) -> list[str]:
    return sorted(Endpoint.objects.filter(connection__company=olga.company).values_list("kind", flat=True))


def kept(connection: Connection) -> list[str]:
    connection.refresh_from_db()
    return list(connection.kept_kinds)


def told() -> list[dict[str, Any]]:
    return [each.details for each in AuditEvent.objects.filter(verb="connection.kept_kinds").order_by("pk")]


def test_addresses_are_opened_for_what_is_booked_or_kept(olga: Beginner, demo: Connection) -> None:
    body = text_of(olga.send("tokens-made").content.decode())
    assert opened(olga) == TAKEN
    assert "3 addresses with their tokens" in body
    assert "All 3 addresses have their tokens." in text_of(olga.see("set-up"))


def test_an_address_is_offered_once_its_kind_is_kept_or_taken(olga: Beginner, demo: Connection) -> None:
    olga.send("tokens-made")
    chooses(olga, "keep")
    body = text_of(olga.see("set-up"))
    assert "Without a token: receipts." in body
    assert ">Make the rest</button>" in body
    assert "1 address with its token" in text_of(olga.send("tokens-made").content.decode())
    assert opened(olga) == [*TAKEN, "receipt"]
    chooses(olga, "refuse")
    page = text_of(olga.see("source"))
    assert ">Receipts</h3>" in page, "what is open stays to be seen"
    assert "cannot take these, so each is refused." in page
    assert "Receipts are refused, for" in text_of(olga.see("set-up"))
    assert opened(olga) == [*TAKEN, "receipt"]


def test_another_system_that_takes_more_is_offered_more(olga: Beginner, demo: Connection) -> None:
    olga.send("tokens-made")
    Connection.objects.filter(pk=demo.pk).update(status="unlinked")
    LedgerConnectionFactory.create(company=olga.company)
    assert "Without a token: receipts." in text_of(olga.see("set-up"))


def test_as_long_as_nobody_knows_what_is_taken_every_kind_is_welcome(olga: Beginner) -> None:
    four = [Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT]
    assert welcome(None, four) == four
    nobody = DemoConnectionFactory.build(company=olga.company, taken_kinds=[])
    assert welcome(nobody, four) == four
    assert welcome(DemoConnectionFactory.build(company=olga.company, integration="gone"), four) == four
    assert welcome(DemoConnectionFactory.build(company=olga.company), four) == four[:3]


def test_what_each_choice_means_is_said_and_the_choice_is_kept(olga: Beginner, demo: Connection) -> None:
    body = text_of(olga.see("accounting"))
    assert "What Demo accounting system cannot take" in body or "cannot take</h2>" in body
    assert re.findall(r"<legend>([^<]+)</legend>", body) == ["Receipts"]
    assert "Whoever sends them is told no, with the reason" in body
    assert "a memo entry in a ledger of Postroom’s own" in body
    assert re.findall(r'value="(\w+)"[^>]* checked', body) == ["refuse"]
    assert "It counts for what comes in from now on." in chooses(olga, "keep")
    assert "Nothing was different." in chooses(olga, "keep")
    assert re.findall(r'value="(\w+)"[^>]* checked', text_of(olga.see("accounting"))) == ["keep"]
    assert kept(demo) == ["receipt"]
    assert told() == [{"before": [], "after": ["receipt"]}]


def test_a_choice_that_is_none_changes_nothing(olga: Beginner, demo: Connection) -> None:
    for data in ({}, {"receipt": "burn"}):
        body = text_of(olga.send("kept-kinds", data, follow=True).content.decode())
        assert "choose for each kind whether it is refused or kept" in body
    assert (kept(demo), told()) == ([], [])


def test_kinds_that_are_not_asked_about_stay_as_they_are(olga: Beginner, demo: Connection) -> None:
    Connection.objects.filter(pk=demo.pk).update(kept_kinds=["payment"])
    chooses(olga, "keep")
    assert kept(demo) == ["receipt", "payment"]
    assert keep(demo, [], of=[Kind.RECEIPT], who="tests") is True
    assert kept(demo) == ["payment"]


def test_where_every_kind_is_taken_there_is_nothing_to_choose(olga: Beginner) -> None:
    LedgerConnectionFactory.create(company=olga.company)
    assert "cannot take</h2>" not in olga.see("accounting")
    assert "There is nothing to choose" in chooses(olga, "keep")


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.OPERATOR, True), (Role.VIEWER, False)])
def test_owners_and_operators_choose(role: Role, may: bool) -> None:
    somebody = beginner(role)
    DemoConnectionFactory.create(company=somebody.company)
    answer = somebody.send("kept-kinds", {"receipt": "keep"})
    assert answer.status_code == (302 if may else 403)
    assert somebody.connection.kept_kinds == (["receipt"] if may else [])
    form = text_of(somebody.see("accounting")).split('id="keeping"')[1]
    assert ('<fieldset class="choices" disabled>' in form) is not may
    assert Client().post(somebody.url("kept-kinds")).status_code == 302
