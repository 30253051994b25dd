"""Retry, mark as posted and void from the page of one transaction: who may, when, what is said, and what is left."""

from __future__ import annotations

from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from integrations.errors import Retryable
from portal.connections import onlookers
from portal.desk.repairs.doing import SERVICES
from portal.events.models import AuditEvent
from portal.postings import repair, work
from portal.postings.models import Posting, Transaction
from portal.postings.repair import REPAIRS as POSSIBLE
from portal.postings.repairing import asking
from portal.postings.states import State
from portal.tenants.models import Company, Role
from tests.desk.repairs.conftest import People, Town
from tests.desk.repairs.pages import REPAIRS, WHY, given, its_page, path, text, told
from tests.desk.scene import Scene, a_demo_scene
from tests.factories import CompanyFactory

pytestmark = pytest.mark.engine
MEANT = {"retry": State.READY, "mark_posted": State.POSTED, "void": State.VOID}
VERBS = {"retry": "posting.retried", "mark_posted": "posting.marked_posted", "void": "posting.voided"}
ACTING = (Role.OWNER, Role.OPERATOR)


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Demo Books are asked only where a test runs them."""
    if "town" not in request.fixturenames:
        monkeypatch.setattr(repair, "found_there", lambda _posting: ())


def _answered(posting: Posting, number: str = "P-000001") -> None:
    Transaction.objects.filter(pk=posting.transaction_id).update(answered_number=number, answered_at=timezone.now())


@pytest.mark.parametrize("role", ACTING)
@pytest.mark.parametrize("name", REPAIRS)
def test_owners_and_operators_repair_with_who_and_why(
    demo: Scene, people: People, rung: list[int], name: str, role: Role
) -> None:
    posting = demo.in_state(State.REJECTED)
    response = people.client(role).post(path(posting, REPAIRS[name]), given(name), follow=True)
    assert response.redirect_chain == [(its_page(posting), 302)]
    posting.refresh_from_db()
    user = people.member(role).user
    last = posting.transitions.order_by("-pk")[0]
    assert (posting.state, last.before, last.after, last.user) == (MEANT[name], "rejected", MEANT[name], user)
    assert last.why.startswith(WHY)
    event = AuditEvent.objects.latest("id")
    assert (event.who, event.tenant_id, event.company_id) == (user.get_username(), demo.tenant.pk, demo.company.pk)
    assert event.verb == VERBS[name]
    assert WHY in event.message
    assert rung == ([posting.pk] if name == "retry" else [])
    assert f"{user.get_username()} {WHY}" in text(response)


@pytest.mark.parametrize("name", REPAIRS)
def test_a_viewer_is_told_why_and_changes_nothing(demo: Scene, people: People, rung: list[int], name: str) -> None:
    posting = demo.in_state(State.REJECTED)
    client, events = people.client(Role.VIEWER), AuditEvent.objects.count()
    page = client.get(path(posting, REPAIRS[name]))
    assert f"You are a viewer of {demo.tenant.name}: owners and operators can do this." in text(page)
    assertNotContains(page, "<textarea")
    assert client.post(path(posting, REPAIRS[name]), given(name)).status_code == 403
    posting.refresh_from_db()
    assert (posting.state, AuditEvent.objects.count(), rung) == (State.REJECTED, events, [])


def test_a_viewers_page_has_no_button_and_says_whom_to_ask(demo: Scene, people: People) -> None:
    posting = demo.in_state(State.REJECTED)
    response = people.client(Role.VIEWER).get(its_page(posting))
    assert "owners and operators can retry it, mark it as posted or void it. Ask one of them" in text(response)
    for part in REPAIRS.values():
        assertNotContains(response, path(posting, part))


@pytest.mark.parametrize("name", REPAIRS)
def test_another_tenant_finds_nothing(demo: Scene, rung: list[int], name: str) -> None:
    posting, stranger = demo.in_state(State.REJECTED), a_demo_scene(name="Kestrel Ltd")
    own_way = path(posting, REPAIRS[name]).replace(str(demo.company.pk), str(stranger.company.pk))
    for address in (path(posting, REPAIRS[name]), own_way):
        assert stranger.client.get(address).status_code == 404
        assert stranger.client.post(address, given(name)).status_code == 404
    posting.refresh_from_db()
    assert (posting.state, rung) == (State.REJECTED, [])


@pytest.mark.parametrize("name", REPAIRS)
def test_a_transaction_is_found_under_its_own_company_alone(demo: Scene, name: str) -> None:
    posting, sister = demo.in_state(State.REJECTED), CompanyFactory(tenant=demo.tenant, name="Sister Ltd")
    address = path(posting, REPAIRS[name]).replace(str(demo.company.pk), str(sister.pk))
    assert demo.client.get(address).status_code == 404
    assert demo.client.post(address, given(name)).status_code == 404
    posting.refresh_from_db()
    assert posting.state == State.REJECTED


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", REPAIRS)
def test_each_state_allows_a_repair_or_says_why_not(demo: Scene, rung: list[int], name: str, state: State) -> None:
    posting = demo.in_state(state)
    before = Posting.objects.filter(pk=posting.pk).values().get()
    page, allowed = demo.client.get(path(posting, REPAIRS[name])), state in POSSIBLE[name]
    offered = demo.client.get(its_page(posting)).content.decode()
    assert (f'href="{path(posting, REPAIRS[name])}"' in offered) == allowed
    if allowed:
        assertContains(page, "What will happen")
        return
    assertContains(page, "This cannot be done")
    assertNotContains(page, "<textarea")
    response = demo.client.post(path(posting, REPAIRS[name]), given(name))
    assert response.status_code == 200
    assert Posting.objects.filter(pk=posting.pk).values().get() == before
    assert rung == []


@pytest.mark.parametrize("name", REPAIRS)
def test_without_a_reason_nothing_is_done(demo: Scene, rung: list[int], name: str) -> None:
    posting = demo.in_state(State.REJECTED)
    response = demo.client.post(path(posting, REPAIRS[name]), given(name, why="  \n "))
    assertContains(response, '<a href="#field-why">Why</a>: Say why, in a few words.')
    posting.refresh_from_db()
    assert (posting.state, rung) == (State.REJECTED, [])


def test_looking_at_a_repair_does_nothing(demo: Scene, rung: list[int]) -> None:
    posting = demo.in_state(State.HELD)
    for part in REPAIRS.values():
        demo.client.get(path(posting, part), given("mark_posted"))
    posting.refresh_from_db()
    assert (posting.state, posting.recheck_asked, rung) == (State.HELD, False, [])


# --- retry -----------------------------------------------------------------------------------------------------------


def test_retry_of_one_that_may_be_booked_looks_it_up_first(demo: Scene, rung: list[int]) -> None:
    posting = demo.in_state(State.HELD)
    page = demo.client.get(path(posting, "retry/"))
    assertContains(page, "It is looked up in Demo Books first, for it may be there already. Nothing is booked twice.")
    demo.client.post(path(posting, "retry/"), given("retry"))
    posting.refresh_from_db()
    assert (posting.state, posting.recheck_asked, rung) == (State.HELD, True, [posting.pk])
    assert "Somebody asked for it to be looked up in Demo Books" in text(demo.client.get(its_page(posting)))


def test_retry_says_what_the_source_believes(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    believes = "iCompleat was told that it failed. If it is booked now, iCompleat learns its number only once"
    assertContains(demo.client.get(path(posting, "retry/")), believes)
    _answered(posting)
    assertNotContains(demo.client.get(path(posting, "retry/")), believes)


def test_retry_says_that_it_waits_while_nothing_is_sent(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    demo.connection.paused, demo.connection.confirmed_at = True, timezone.now()
    demo.connection.save()
    assertContains(demo.client.get(path(posting, "retry/")), "Sending to Demo Books is paused.")


def test_nothing_is_retried_for_a_company_that_is_closed(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    Company.objects.update(closed_at=timezone.now())
    assertContains(
        demo.client.get(path(posting, "retry/")), f"{demo.company} is closed: nothing is sent for it any more. Void"
    )
    demo.client.post(path(posting, "retry/"), given("retry"))
    posting.refresh_from_db()
    assert posting.state == State.REJECTED
    assertContains(demo.client.get(path(posting, "void/")), "What will happen")


def test_a_ledger_posting_is_retried_and_booked(scene: Scene, rung: list[int]) -> None:
    posting = scene.refuse()
    assertNotContains(scene.client.get(its_page(posting)), path(posting, "mark-posted/"))
    assertContains(
        scene.client.get(path(posting, "mark-posted/")), "The built-in ledger knows what it booked. Retry instead."
    )
    scene.client.post(path(posting, "retry/"), given("retry"))
    posting.refresh_from_db()
    assert (posting.state, rung) == (State.READY, [posting.pk])


def test_what_moved_meanwhile_is_said_and_nothing_is_done(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    posting = demo.in_state(State.REJECTED)

    def moved(*_: object, **__: object) -> None:
        raise repair.CannotRepair("P-000001 has moved meanwhile: it is ready now. Look again.")

    monkeypatch.setitem(SERVICES, "retry", moved)
    response = demo.client.post(path(posting, "retry/"), given("retry"))
    assertContains(response, "has moved meanwhile: it is ready now. Look again.")


# --- void ------------------------------------------------------------------------------------------------------------


def test_void_says_loudly_that_a_number_was_answered_and_wants_it_known(demo: Scene) -> None:
    posting = demo.in_state(State.HELD)
    _answered(posting, "JRN-0042")
    page = demo.client.get(path(posting, "void/"))
    assertContains(page, "iCompleat was told the number JRN-0042 and takes this for booked.")
    assertContains(page, "It may be in Demo Books already, and voiding takes nothing out of there.")
    assertContains(page, 'class="note note-bad loud"', count=2)
    refused = demo.client.post(path(posting, "void/"), {"why": WHY})
    assertContains(refused, "Tick this to say that you know it.")
    posting.refresh_from_db()
    assert posting.state == State.HELD
    demo.client.post(path(posting, "void/"), given("void"))
    posting.refresh_from_db()
    assert (posting.state, posting.reason) == (State.VOID, WHY)


def test_void_of_one_that_nobody_heard_of_is_said_quietly(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    page = demo.client.get(path(posting, "void/"))
    assertNotContains(page, "loud")
    for said in ("This cannot be undone.", "The journal number P-000001 stays used, and your reason explains it."):
        assertContains(page, said)
    demo.client.post(path(posting, "void/"), {"why": WHY})
    posting.refresh_from_db()
    assert posting.state == State.VOID


# --- mark as posted --------------------------------------------------------------------------------------------------


def _held_after_sending(town: Town) -> Posting:
    """Booked there, and nobody knows here."""
    posting = town.posted()
    other = town.scene.in_state(State.HELD, number="INV000777")
    Posting.objects.filter(pk=other.pk).update(attempts_made=1, attempt_count=1)
    town.books.copy(str(posting.idempotency_key), under=str(other.idempotency_key))
    return other


def test_a_number_is_verified_by_lookup(town: Town) -> None:
    posting = _held_after_sending(town)
    number = town.books.body(str(posting.idempotency_key))["number"]
    wrong = town.scene.client.post(path(posting, "mark-posted/"), given("mark_posted", number="4711"))
    assertContains(wrong, f"The accounting system holds this document as {number}, not 4711. Use that number.")
    assertContains(wrong, '<a href="#field-number">Number in Demo Books</a>')
    right = town.scene.client.post(path(posting, "mark-posted/"), given("mark_posted", number=number), follow=True)
    assert told(right) == ["Marked P-000002 as posted.", f"Verified: the accounting system holds it as {number}."]
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == (State.POSTED, number)


def test_a_number_that_nobody_keyed_is_taken_and_said_to_be_unverified(town: Town) -> None:
    posting = town.scene.in_state(State.REJECTED)
    response = town.scene.client.post(path(posting, "mark-posted/"), given("mark_posted"), follow=True)
    assert told(response)[1].startswith("It could not be verified by lookup: no document there carries our key")
    posting.refresh_from_db()
    assert (posting.state, posting.external_id) == (State.POSTED, "marked:DB-7")


def test_while_the_system_does_not_answer_somebody_has_to_say_that_it_was_seen(
    demo: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_posting: Posting) -> tuple[()]:
        raise Retryable("Demo Books is down.")

    monkeypatch.setattr(repair, "found_there", down)
    posting = demo.in_state(State.REJECTED)
    asked = demo.client.post(path(posting, "mark-posted/"), given("mark_posted"))
    assertContains(asked, "It could not be verified by lookup: Demo Books is down.")
    assertContains(asked, "Mark it all the same: I have seen the document there under this number.")
    posting.refresh_from_db()
    assert posting.state == State.REJECTED
    demo.client.post(path(posting, "mark-posted/"), given("mark_posted", unverified="on"))
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == (State.POSTED, "DB-7")


def test_a_number_is_needed_and_used_once(demo: Scene) -> None:
    first, second = demo.in_state(State.REJECTED, number="A"), demo.in_state(State.REJECTED, number="B")
    assertContains(
        demo.client.post(path(first, "mark-posted/"), given("mark_posted", number=" ")),
        "Give the number that the document has in the accounting system.",
    )
    demo.client.post(path(first, "mark-posted/"), given("mark_posted"))
    response = demo.client.post(path(second, "mark-posted/"), given("mark_posted"))
    assertContains(response, "Another document of this kind is marked as DB-7 already.")
    second.refresh_from_db()
    assert second.state == State.REJECTED


def test_the_lookup_keeps_the_limits_of_those_who_wait(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that asks a vendor takes one of the few places there are."""
    held: list[UUID] = []

    def one_of(company_id: UUID) -> AbstractContextManager[None]:
        held.append(company_id)
        return onlookers.one_of(company_id)

    monkeypatch.setattr(asking, "one_of", one_of)
    posting = town.scene.in_state(State.REJECTED)
    town.scene.client.post(path(posting, "mark-posted/"), given("mark_posted"))
    assert held == [town.scene.company.pk]


def test_after_a_retry_the_books_hold_it_once(town: Town) -> None:
    posting = _held_after_sending(town)
    town.scene.client.post(path(posting, "retry/"), given("retry"))
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == State.POSTED
    assert posting.external_number == town.books.body(str(posting.idempotency_key))["number"]
    purposes = [each.purpose for each in posting.attempts.order_by("pk")]
    assert purposes == ["send", "lookup"]
