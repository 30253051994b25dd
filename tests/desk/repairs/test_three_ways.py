"""Came in, sent, in the books: as it was told when posted, and as the books say when somebody asks."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Kind
from portal.connections import onlookers
from portal.connections import paced as pacing
from portal.connections.models import Connection, Status
from portal.postings.models import Posting
from portal.postings.repairing import asking, there
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from portal.tenants.models import Role
from tests.desk.repairs.conftest import People, Town
from tests.desk.repairs.pages import its_page, path, text
from tests.desk.scene import Scene
from tests.factories import a_line

pytestmark = pytest.mark.engine
HTMX = {"HX-Request": "true"}


def _rows(response: Any) -> dict[str, tuple[str, ...]]:
    """The cells of the comparison by field: came in, sent, in the books, and how it stands."""
    body = response.content.decode()
    table = body[body.index('class="list list-inner three"') :].partition("</table>")[0]
    found = {}
    for row in re.findall(r"<tr.*?</tr>", table.partition("<tbody>")[2], re.DOTALL):
        cells = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in re.findall(CELL, row)]
        found[cells[0]] = tuple(cells[1:])
    return found


CELL = re.compile(r"<t[hd].*?</t[hd]>", re.DOTALL)


def _now(client: Client, posting: Posting, **headers: str) -> Any:
    return client.get(path(posting, "books/"), headers=headers)


def _noted(monkeypatch: pytest.MonkeyPatch) -> list[Posting]:
    """Whom the books were asked for; they hold nothing."""
    asked: list[Posting] = []

    def found_there(posting: Posting) -> tuple[()]:
        asked.append(posting)
        return ()

    monkeypatch.setattr(there, "found_there", found_there)
    return asked


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_on_the_ledger_each_line_is_read_from_the_entry(scene: Scene) -> None:
    lines = (a_line(), a_line(2, account_code="7502", description="Lunch"))
    posting = scene.receive(lines=lines)
    stored = _rows(scene.client.get(its_page(posting)))
    assert stored["Gross"] == ("240.00", "240.00", "240.00", "Agrees")
    assert "Line 1: net" not in stored
    response = _now(scene.client, posting)
    assert f"Postroom ledger holds it as {posting.external_number}." in text(response)
    rows = _rows(response)
    assert rows["Date"] == ("14 Mar 2026", "14 Mar 2026", "14 Mar 2026", "Agrees")
    assert rows["Supplier"] == ("CROWN01", "CROWN01", "CROWN01", "Agrees")
    assert rows["Line 2: account code"] == ("7502", "7502", "7502", "Agrees")
    assert rows["Line 2: net"] == ("100.00", "100.00", "100.00", "Agrees")
    assert {cells[-1] for cells in rows.values()} == {"Agrees"}


def test_a_credit_note_agrees_though_its_entry_stands_on_the_other_side(scene: Scene) -> None:
    rows = _rows(_now(scene.client, scene.receive(kind=Kind.CREDIT_NOTE)))
    assert rows["Line 1: net"] == ("100.00", "100.00", "100.00", "Agrees")


def test_a_memo_is_read_back_with_its_lines(scene: Scene) -> None:
    rows = _rows(_now(scene.client, scene.receive(kind=Kind.PURCHASE_ORDER)))
    assert rows["Line 1: account code"] == ("5010", "5010", "5010", "Agrees")
    assert rows["Gross"][-1] == "Agrees"


def test_what_the_ledger_was_sent_is_its_entry(scene: Scene) -> None:
    posting = scene.receive()
    response = scene.client.get(its_page(posting))
    assert '"account": "5010' in text(response)
    assert f'"reference": "{posting.transaction.number}"' in text(response)


def test_a_code_that_the_mapping_changed_agrees_with_what_was_sent(scene: Scene) -> None:
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    MappedCode.objects.create(
        connection=scene.connection, family="account", source_code="VENUE", accounting_code="7502"
    )
    posting = scene.receive(lines=(a_line(account_code="VENUE"),))
    assert posting.state == "posted", posting.reason
    rows = _rows(_now(scene.client, posting))
    assert rows["Line 1: account code"] == ("VENUE", "7502", "7502", "Agrees")


def test_what_was_never_booked_compares_nothing(scene: Scene) -> None:
    posting = scene.refuse()
    response = scene.client.get(its_page(posting))
    assert "Nothing that we know of is in the books." in text(response)
    assert _rows(response)["Gross"] == ("120.00", "120.00", "–", "–")
    assert "Postroom ledger holds no document with our key." in text(_now(scene.client, posting))


# --- Demo Books, which run -------------------------------------------------------------------------------------------


def test_demo_books_are_asked_and_agree(town: Town) -> None:
    posting = town.posted()
    response = _now(town.scene.client, posting, **HTMX)
    assertNotContains(response, "<html")
    assertContains(response, "As we say")
    assert f"Demo Books holds it as {posting.external_number}." in text(response)
    rows = _rows(response)
    assert rows["Gross"] == ("120.00", "120.00", "120.00", "Agrees")
    assert rows["Supplier"][-1] == "Agrees"
    assertContains(_now(town.scene.client, posting), "<h1>In the books now</h1>")


def test_what_was_changed_there_since_is_marked_with_what_it_was(town: Town) -> None:
    posting = town.posted()
    town.books.edit(str(posting.idempotency_key), date="2026-04-01", gross=121)
    assert _rows(town.scene.client.get(its_page(posting)))["Date"][-1] == "Agrees"
    response = _now(town.scene.client, posting, **HTMX)
    rows = _rows(response)
    assert rows["Date"] == ("14 Mar 2026", "14 Mar 2026", "1 Apr 2026 When it was posted: 14 Mar 2026", "Changed since")
    assert rows["Gross"][-1] == "Changed since"
    assert rows["Net"][-1] == "Agrees"
    assertContains(response, 'class="row-wrong"', count=2)
    assertContains(response, "2 differ")


def test_what_is_gone_there_is_said(town: Town) -> None:
    posting = town.posted()
    town.books.delete(str(posting.idempotency_key))
    response = _now(town.scene.client, posting, **HTMX)
    assert "Not as we say Demo Books holds no document with our key any more" in text(response)
    assert _rows(response)["Gross"] == ("120.00", "120.00", "–", "–")


def test_what_stands_there_twice_is_said(town: Town) -> None:
    posting = town.posted()
    town.books.copy(str(posting.idempotency_key))
    response = _now(town.scene.client, posting, **HTMX)
    assert "Not as we say Demo Books holds 2 documents with our key: BILL-000001, COPY-000002." in text(response)
    assert _rows(response)["Gross"][-1] == "Agrees"


def test_what_stands_there_though_it_is_held_here_is_said(town: Town) -> None:
    posted, held = town.posted(), town.scene.in_state(State.HELD, number="INV000777")
    town.books.copy(str(posted.idempotency_key), under=str(held.idempotency_key))
    said = text(_now(town.scene.client, held, **HTMX))
    assert "Not as we say Demo Books holds it as COPY-000002, though it is held here." in said


def test_what_was_marked_by_hand_cannot_be_read(town: Town) -> None:
    posting = town.posted()
    town.books.delete(str(posting.idempotency_key))
    Posting.objects.filter(pk=posting.pk).update(external_id="marked:X-9", external_number="X-9")
    said = text(_now(town.scene.client, posting, **HTMX))
    assert "As we say Demo Books holds no document with our key, as it is when somebody typed it in by hand." in said


def test_asking_takes_one_of_the_few_places_and_ends_in_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[UUID] = []
    terms: dict[str, Any] = {}

    def one_of(company_id: UUID) -> AbstractContextManager[None]:
        held.append(company_id)
        return onlookers.one_of(company_id)

    def paced(*args: Any, **options: Any) -> Any:
        terms.update(options)
        return pacing.paced(*args, **options)

    monkeypatch.setattr(asking, "one_of", one_of)
    monkeypatch.setattr(asking, "paced", paced)
    _now(town.scene.client, town.posted())
    assert held == [town.scene.company.pk]
    assert terms == {"patience_seconds": 5.0, "deadline_seconds": 20.0}


# --- where nobody can be asked ---------------------------------------------------------------------------------------


def test_a_system_that_does_not_answer_leaves_what_it_told(demo: Scene) -> None:
    """Nothing listens where the demo scene's books should be."""
    posting = demo.in_state(State.POSTED)
    response = _now(demo.client, posting, **HTMX)
    assert "Demo Books could not be asked:" in text(response)
    assert "Below stands what it told when this was posted." in text(response)
    assert _rows(response)["Date"] == ("14 Mar 2026", "14 Mar 2026", "1 Apr 2026", "Differs")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": Status.UNLINKED}, "The company is not linked to Demo Books at the moment"),
        ({"paused": True}, "The connection to Demo Books is paused, so it is not asked until it is resumed."),
        ({"integration": "gone"}, "gone"),
    ],
)
def test_why_nobody_can_be_asked_is_said_and_nobody_is(
    demo: Scene, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    def never(_posting: Posting) -> tuple[()]:
        raise AssertionError("nobody may be asked")

    monkeypatch.setattr(there, "found_there", never)
    posting = demo.in_state(State.POSTED)
    Connection.objects.filter(pk=demo.connection.pk).update(**changes)
    page = demo.client.get(its_page(posting))
    assert said in text(page)
    assertNotContains(page, path(posting, "books/"))
    assert said in text(_now(demo.client, posting))


def test_an_error_of_ours_breaks_no_page(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_posting: Posting) -> tuple[()]:
        raise KeyError("secret-detail")

    monkeypatch.setattr(there, "found_there", broken)
    response = _now(demo.client, demo.in_state(State.POSTED))
    assertContains(response, "An error on our side: KeyError.")
    assertNotContains(response, "secret-detail")


def test_no_page_asks_before_somebody_does(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _noted(monkeypatch)
    posting = demo.in_state(State.POSTED)
    for address in (its_page(posting), f"{its_page(posting)}standing/", path(posting, "retry/")):
        demo.client.get(address)
    assert asked == []
    _now(demo.client, posting)
    assert [each.pk for each in asked] == [posting.pk]


def test_viewers_see_what_was_told_and_may_not_ask(
    demo: Scene, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _noted(monkeypatch)
    posting, client = demo.in_state(State.POSTED), people.client(Role.VIEWER)
    page = client.get(its_page(posting))
    assert _rows(page)["Date"][-1] == "Differs"
    assertNotContains(page, path(posting, "books/"))
    assertNotContains(page, "harbour-street/bills")
    assert "Owners and operators can look what is in the books now" in text(page)
    assert "Not for viewers" in text(_now(client, posting))
    assert asked == []


def test_a_difference_is_a_word_with_a_shape(demo: Scene) -> None:
    body = demo.client.get(its_page(demo.in_state(State.POSTED))).content.decode()
    assert re.search(r'badge-person"><svg class="badge-shape"[^>]*>.*?</svg>Differs</span>', body)


# --- what went over the network --------------------------------------------------------------------------------------


def test_the_requests_of_an_attempt_are_shown_redacted(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    attempt = posting.attempts.get()
    for headers in ({}, HTMX):
        page = demo.client.get(path(posting, f"attempts/{attempt.pk}/"), headers=headers)
        said = text(page)
        assert "POST http://127.0.0.1:8001/demo/companies/harbour-street/bills 422 after 34 ms" in said
        assert "Authorization: ***" in said
        assert '"gross": 120.00' in said
        assert ("<html" in page.content.decode()) == (not headers)


def test_requests_are_not_for_viewers_and_other_attempts_do_not_exist(demo: Scene, people: People) -> None:
    posting, other = demo.in_state(State.REJECTED, number="A"), demo.in_state(State.REJECTED, number="B")
    page = people.client(Role.VIEWER).get(path(posting, f"attempts/{posting.attempts.get().pk}/"))
    assertNotContains(page, "harbour-street/bills")
    assert "Owners and operators can see the requests." in text(page)
    for wrong in (other.attempts.get().pk, 2**70):
        assert demo.client.get(path(posting, f"attempts/{wrong}/")).status_code == 404


def test_the_number_of_queries_does_not_grow(scene: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client = scene.client
    for count in (1, 12):
        posting = scene.receive(number=f"INV{count}", lines=tuple(a_line(number + 1) for number in range(count)))
        with django_assert_num_queries(17):
            client.get(its_page(posting))
        with django_assert_num_queries(16):
            _now(client, posting)
