"""Retry, mark as posted and void: through the pages that staff use, each with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.events.models import AuditEvent
from portal.postings import repair, tasks
from portal.postings.admin import repair_pages
from portal.postings.models import Posting
from portal.postings.repair import CannotRepair
from portal.postings.states import State
from tests.admin.world import World, in_state
from tests.factories import a_document, a_line

pytestmark = pytest.mark.django_db

LIST = "/admin/postings/posting/"
WHY = "The account was added this morning."


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The postings for which the door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


def page(posting: Posting, name: str) -> str:
    return reverse(f"admin:postings_posting_{name}", args=[posting.pk])


def choose(client: Client, name: str, *postings: Posting, query: str = "") -> Any:
    """Tick postings in the list and run an action."""
    data = {"action": name, "_selected_action": [str(posting.pk) for posting in postings]}
    return client.post(LIST + query, data)


def confirm(client: Client, asked: Any, **fields: str) -> Any:
    """Send the confirm page as a browser does: to its address, with all its hidden fields."""
    text = asked.content.decode()
    hidden: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text):
        hidden.setdefault(name, []).append(value.replace("&amp;", "&"))
    action = re.search(r'<form method="post" action="([^"]+)" autocomplete', text)
    assert action, "the page has a form that goes back to the list"
    return client.post(action[1], {**hidden, **fields}, follow=True)


def said(response: Any) -> list[str]:
    """What the next page tells the person."""
    return [str(message) for message in response.context["messages"]]


# --- one, from its own page -------------------------------------------------------------------------------------------


def test_retry_asks_first_and_does_nothing_on_being_looked_at(staff: Client, world: World, rung: list[int]) -> None:
    posting = world.postings[State.REJECTED]
    text = staff.get(page(posting, "retry")).content.decode()
    assert "Retry P-000007: due at once" in text
    assert "looked up there first, so nothing is booked twice" in text
    assert "cannot be taken back" in text
    posting.refresh_from_db()
    assert (posting.state, rung) == (State.REJECTED, [])


@pytest.mark.parametrize("reason", ["", "   \n "])
@pytest.mark.parametrize(("name", "extra"), [("retry", {}), ("mark_posted", {"number": "DB-1"}), ("void", {})])
def test_nothing_is_done_without_a_reason(
    staff: Client, world: World, rung: list[int], name: str, extra: dict[str, str], reason: str
) -> None:
    posting = world.postings[State.REJECTED]
    events = AuditEvent.objects.count()
    fields = {f"{key}_{posting.pk}": value for key, value in extra.items()}
    response = staff.post(page(posting, name), {"confirmed": "yes", "reason": reason, **fields})
    assert response.status_code == 200
    assert "Give a reason." in response.content.decode()
    posting.refresh_from_db()
    assert (posting.state, AuditEvent.objects.count(), rung) == (State.REJECTED, events, [])


def test_retry_makes_it_due_with_who_and_why_and_rings(
    staff: Client, world: World, boss: User, rung: list[int]
) -> None:
    posting = world.postings[State.REJECTED]
    events = AuditEvent.objects.count()
    response = staff.post(page(posting, "retry"), {"confirmed": "yes", "reason": WHY}, follow=True)
    assert said(response) == ["Retrying P-000007."]
    assert response.redirect_chain == [(page(posting, "change"), 302)]
    posting.refresh_from_db()
    last = posting.transitions.order_by("-id")[0]
    assert (posting.state, posting.asked_by, rung) == (State.READY, boss, [posting.pk])
    assert (last.before, last.after, last.who, last.user, last.why) == ("rejected", "ready", "staff", boss, WHY)
    assert AuditEvent.objects.count() == events + 1
    assert AuditEvent.objects.latest("id").who == "sam"


def test_retry_of_one_that_may_be_booked_asks_for_a_lookup_first(staff: Client, world: World, rung: list[int]) -> None:
    posting = world.postings[State.HELD]
    staff.post(page(posting, "retry"), {"confirmed": "yes", "reason": WHY})
    posting.refresh_from_db()
    assert (posting.state, posting.recheck_asked, rung) == (State.HELD, True, [posting.pk])


def test_void_says_that_it_is_final_and_keeps_the_reason(staff: Client, world: World, rung: list[int]) -> None:
    posting = world.postings[State.WITHDRAWN]
    assert "nothing leaves the state Void" in staff.get(page(posting, "void")).content.decode()
    staff.post(page(posting, "void"), {"confirmed": "yes", "reason": "Booked by hand."})
    posting.refresh_from_db()
    assert (posting.state, posting.reason, rung) == (State.VOID, "Booked by hand.", [])


def test_mark_as_posted_wants_the_number_and_says_how_it_was_verified(staff: Client, world: World) -> None:
    posting = world.postings[State.HELD]
    missing = staff.post(page(posting, "mark_posted"), {"confirmed": "yes", "reason": WHY})
    assert "Give the number that the document has in the accounting system." in missing.content.decode()
    data = {"confirmed": "yes", "reason": WHY, f"number_{posting.pk}": "DB-4711"}
    response = staff.post(page(posting, "mark_posted"), data, follow=True)
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == (State.POSTED, "DB-4711")
    verified, done = said(response)
    assert verified.startswith("P-000008: It could not be verified by lookup")
    assert done == "Marked P-000008 as posted."


def test_a_repair_that_fails_is_told_and_changes_nothing(
    staff: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting = world.postings[State.REJECTED]

    def refuse(*_: object, **__: object) -> None:
        raise CannotRepair("It has moved meanwhile.")

    monkeypatch.setitem(repair_pages.SERVICES, "void", refuse)
    response = staff.post(page(posting, "void"), {"confirmed": "yes", "reason": WHY}, follow=True)
    assert said(response) == ["P-000007: It has moved meanwhile."]
    posting.refresh_from_db()
    assert posting.state == State.REJECTED


@pytest.mark.parametrize("state", [State.READY, State.SENDING, State.AWAITING, State.UNKNOWN, State.POSTED, State.VOID])
def test_a_state_that_allows_nothing_has_no_buttons_and_its_page_explains(
    staff: Client, world: World, state: State
) -> None:
    posting = world.postings[state]
    detail = staff.get(page(posting, "change")).content.decode()
    assert not [name for name in ("retry", "mark_posted", "void") if f"/{posting.pk}/{name}/" in detail]
    asked = staff.get(page(posting, "retry")).content.decode()
    assert f"It is {state.label.lower()}: there is nothing to retry." in asked
    staff.post(page(posting, "retry"), {"confirmed": "yes", "reason": WHY})
    posting.refresh_from_db()
    assert posting.state == state


# --- many, from the list ----------------------------------------------------------------------------------------------


def test_bulk_retry_counts_leaves_out_what_cannot_be_and_says_why(staff: Client, world: World, rung: list[int]) -> None:
    rejected, withdrawn, posted = (world.postings[s] for s in (State.REJECTED, State.WITHDRAWN, State.POSTED))
    asked = choose(staff, "retry", rejected, withdrawn, posted, query="?kind__exact=invoice")
    text = asked.content.decode()
    assert "Retry 2 postings: due at once" in text
    assert "Left out: P-000006" in text
    assert "It is posted: there is nothing to retry." in text
    rejected.refresh_from_db()
    assert rejected.state == State.REJECTED
    done = confirm(staff, asked, reason=WHY)
    assert said(done) == ["Retrying 2 postings."]
    assert done.redirect_chain == [(f"{LIST}?kind__exact=invoice", 302)]
    states = [Posting.objects.get(pk=each.pk).state for each in (rejected, withdrawn, posted)]
    assert states == [State.READY, State.READY, State.POSTED]
    assert rung == [rejected.pk, withdrawn.pk]


def test_bulk_without_a_reason_asks_again_and_keeps_the_choice(staff: Client, world: World) -> None:
    asked = choose(staff, "void", world.postings[State.REJECTED], world.postings[State.HELD])
    again = confirm(staff, asked, reason=" ")
    assert "Give a reason." in again.content.decode()
    assert said(confirm(staff, again, reason=WHY)) == ["Voided 2 postings."]
    assert [Posting.objects.get(pk=world.postings[s].pk).state for s in (State.REJECTED, State.HELD)] == [
        "void",
        "void",
    ]


def test_bulk_mark_as_posted_takes_a_number_for_each_and_leaves_the_rest(staff: Client, world: World) -> None:
    first, second = world.postings[State.REJECTED], world.postings[State.HELD]
    asked = choose(staff, "mark_posted", first, second)
    assert "Number of P-000007" in asked.content.decode()
    none_given = confirm(staff, asked, reason=WHY)
    assert "Give at least one number." in none_given.content.decode()
    done = confirm(staff, none_given, reason=WHY, **{f"number_{second.pk}": "DB-9"})
    assert said(done)[-1] == "Marked P-000008 as posted."
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.external_number) == (State.REJECTED, State.POSTED, "DB-9")


def test_what_moved_between_asking_and_confirming_is_told(staff: Client, world: World) -> None:
    rejected, held = world.postings[State.REJECTED], world.postings[State.HELD]
    asked = choose(staff, "void", rejected, held)
    repair.void(held, by=User.objects.get(username="sam"), why="Somebody was faster.")
    assert said(confirm(staff, asked, reason=WHY)) == [
        "Voided P-000007.",
        "P-000008: It is void: there is nothing to void.",
    ]


def test_too_many_at_once_are_refused(staff: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    postings = [in_state(world.demo, State.HELD, a_document(number=f"M-{n}")) for n in range(21)]
    response = choose(staff, "mark_posted", *postings)
    assert response.status_code == 302
    assert said(staff.get(LIST)) == ["Choose at most 20 postings for this; nothing was done."]


def test_a_memo_entry_of_our_own_books_cannot_be_marked_by_hand(staff: Client, world: World) -> None:
    unknown = a_document(lines=(a_line(account_code="9999"),))
    posting = in_state(world.ledger, State.READY, unknown)
    assert posting.state == State.REJECTED
    asked = choose(staff, "mark_posted", posting).content.decode()
    assert "The built-in ledger knows what it booked. Retry instead." in asked
    detail = staff.get(page(posting, "change")).content.decode()
    assert f"/{posting.pk}/retry/" in detail
    assert f"/{posting.pk}/mark_posted/" not in detail


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "name"),
    [
        ("postings.retry_posting", "retry"),
        ("postings.mark_posting_posted", "mark_posted"),
        ("postings.void_posting", "void"),
    ],
)
def test_each_repair_needs_its_own_right_on_the_button_the_action_and_the_post(
    world: World, staff_with: Callable[..., Client], right: str, name: str
) -> None:
    posting = world.postings[State.REJECTED]
    others = {"postings.retry_posting", "postings.mark_posting_posted", "postings.void_posting"} - {right}
    without = staff_with("postings.view_posting", *others)
    assert f"/{posting.pk}/{name}/" not in without.get(page(posting, "change")).content.decode()
    assert f'<option value="{name}">' not in without.get(LIST).content.decode()
    data = {"confirmed": "yes", "reason": WHY, f"number_{posting.pk}": "DB-1"}
    assert without.get(page(posting, name)).status_code == 403
    assert without.post(page(posting, name), data).status_code == 403
    without.post(LIST, {**data, "action": name, "_selected_action": [str(posting.pk)]})
    posting.refresh_from_db()
    assert posting.state == State.REJECTED

    allowed = staff_with("postings.view_posting", right)
    assert f"/{posting.pk}/{name}/" in allowed.get(page(posting, "change")).content.decode()
    assert f'<option value="{name}">' in allowed.get(LIST).content.decode()
    assert allowed.post(page(posting, name), data).status_code == 302
    posting.refresh_from_db()
    assert posting.state != State.REJECTED


def test_a_right_to_repair_without_the_right_to_look_is_worth_nothing(
    world: World, staff_with: Callable[..., Client]
) -> None:
    posting = world.postings[State.REJECTED]
    blind = staff_with("postings.retry_posting")
    assert blind.post(page(posting, "retry"), {"confirmed": "yes", "reason": WHY}).status_code == 403
