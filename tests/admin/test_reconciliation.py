"""Reconciliations on the staff site: started from a connection, watched, and each difference settled."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings.models import Difference, ReconciliationRun
from portal.postings.reconciliation import asking, tasks
from portal.postings.states import State
from portal.staff.base import row_url
from tests.admin.reconciled import THERE, a_difference, a_run
from tests.admin.test_repairs import confirm, said
from tests.admin.world import World

pytestmark = pytest.mark.django_db

LIST = "/admin/postings/difference/"
WHY = "Agreed on the phone."


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which the door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What every lookup finds."""
    documents: list[dict[str, str]] = []
    monkeypatch.setattr(asking, "found", lambda *_: list(documents))
    return documents


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def page(difference: Difference, name: str) -> str:
    return reverse(f"admin:postings_difference_{name}", args=[difference.pk])


def settle(client: Client, difference: Difference, name: str, why: str = WHY) -> Any:
    return client.post(page(difference, name), {"confirmed": "yes", "reason": why}, follow=True)


def reconcile(connection: Connection) -> str:
    return reverse("admin:connections_connection_reconcile", args=[connection.pk])


# --- a run ------------------------------------------------------------------------------------------------------------


def test_it_is_started_from_the_connection_and_watched(
    staff: Client, world: World, boss: User, rung: list[int]
) -> None:
    asked = text_of(staff, reconcile(world.demo))
    assert "compared with what was posted in the last 7 days" in asked
    assert ReconciliationRun.objects.count() == 1
    response = staff.post(reconcile(world.demo), {"confirmed": "yes"}, follow=True)
    run = ReconciliationRun.objects.latest("pk")
    assert response.redirect_chain == [(row_url(run), 302)]
    assert (run.state, run.asked_by, run.connection, rung) == ("waiting", boss, world.demo, [run.pk])
    text = html.unescape(response.content.decode())
    assert '0 documents read so far. <a href="">Look again</a>' in text
    event = AuditEvent.objects.get(verb="reconciliation.asked")
    assert (event.who, event.company_id) == ("sam", world.demo.company_id)


def test_a_second_one_is_refused_and_says_why(staff: Client, world: World, rung: list[int]) -> None:
    a_run(world.demo, "running", read=1234)
    response = staff.post(reconcile(world.demo), {"confirmed": "yes"}, follow=True)
    assert said(response) == [f"{world.demo}: a reconciliation is waiting or running already."]
    assert (ReconciliationRun.objects.count(), rung) == (2, [])
    assert "1,234 documents read so far" in text_of(staff, row_url(ReconciliationRun.objects.latest("pk")))


def test_the_button_is_there_where_it_can_be_read(staff: Client, world: World) -> None:
    assert reconcile(world.demo) in text_of(staff, row_url(world.demo))
    assert reconcile(world.source) not in text_of(staff, row_url(world.source))
    assert "is a source" in said(staff.post(reconcile(world.source), {"confirmed": "yes"}, follow=True))[0]


def test_a_run_shows_its_counts_its_differences_and_why_it_ended(staff: Client, world: World) -> None:
    run = a_run(world.demo, "unread", error="It does not answer.", compared=1200, missing=3)
    one = a_difference(world.demo, "missing", world.postings[State.POSTED], run)
    text = text_of(staff, row_url(run))
    assert "It does not answer." in text
    assert re.search(r"<td[^>]*>1,200</td>", text)
    assert row_url(one) in text
    assert "read so far" not in text


# --- a difference -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind,state,words,buttons",
    [
        ("missing", State.POSTED, "never sent again, so that nothing is booked twice", {"look_again", "accept"}),
        ("double", State.POSTED, "cancel or credit the others there", {"look_again", "accept"}),
        ("different", State.POSTED, "It was changed in the accounting system", {"look_again", "accept"}),
        ("extra", State.HELD, "“Mark as posted with this document”", {"look_again", "accept", "mark_posted"}),
        ("extra", State.REJECTED, "though its posting is rejected", {"look_again", "accept", "mark_posted"}),
        ("extra", State.WITHDRAWN, "Delete it there, or enter a credit note for it", {"look_again", "accept"}),
        ("extra", State.VOID, "though its posting is void", {"look_again", "accept"}),
        ("extra", None, "a key in our format that no posting has", {"look_again", "accept"}),
    ],
)
def test_each_kind_says_what_to_do(
    staff: Client, world: World, kind: str, state: State | None, words: str, buttons: set[str]
) -> None:
    Difference.objects.all().delete()
    one = a_difference(world.demo, kind, world.postings[state] if state else None)
    text = text_of(staff, row_url(one))
    assert words in text
    assert {name for name in ("look_again", "accept", "mark_posted") if page(one, name) in text} == buttons
    if kind != "missing":
        assert "BILL-000077" in text
        assert '<td class="numeric">121.00</td>' in text
    if state is None:
        assert str(one) == "BILL-000077: extra"


def test_accepting_asks_first_and_keeps_who_and_why(staff: Client, world: World, boss: User) -> None:
    one = Difference.objects.get(kind="different")
    assert "no posting changes its state" in text_of(staff, page(one, "accept"))
    assert "Give a reason." in settle(staff, one, "accept", " ").content.decode()
    response = settle(staff, one, "accept")
    assert said(response) == [f"Accepted {one}."]
    one.refresh_from_db()
    assert (one.state, one.closed_by, one.closed_why) == ("dismissed", boss, f"Accepted: {WHY}")
    text = html.unescape(response.content.decode())
    assert "Different, dismissed" in text
    assert WHY in text
    assert page(one, "accept") not in text
    assert "not possible" in text_of(staff, page(one, "accept"))


def test_looking_again_tells_what_was_found(staff: Client, world: World, there: list[dict[str, str]]) -> None:
    one = Difference.objects.get(kind="different")
    there.append({**THERE, "external_id": world.postings[State.POSTED].external_id or ""})
    assert said(settle(staff, one, "look_again"))[0] == f"{one}: Looked up again: it is as it was."
    there[0] = {**there[0], "gross": "120.00"}
    assert said(settle(staff, one, "look_again"))[0] == f"{one}: Looked up again: both sides agree."
    one.refresh_from_db()
    assert (one.state, one.closed_by and one.closed_by.get_username()) == ("resolved", "sam")


def test_many_at_once(staff: Client, world: World) -> None:
    missing = [a_difference(world.demo, "missing", world.postings[state]) for state in (State.POSTED, State.VOID)]
    done = a_difference(world.ledger, "missing", world.ledger.postings.get())
    Difference.objects.filter(pk=done.pk).update(state="dismissed", closed_at=done.first_seen_at)
    asked = staff.post(
        f"{LIST}?kind__exact=missing", {"action": "accept", "_selected_action": [one.pk for one in (*missing, done)]}
    )
    text = html.unescape(asked.content.decode())
    assert "Accept 2 differences: no alarm again" in text
    assert f"Left out: {done}" in text
    response = confirm(staff, asked, reason=WHY)
    assert said(response) == ["Accepted 2 differences."]
    assert response.redirect_chain == [(f"{LIST}?kind__exact=missing", 302)]
    assert Difference.objects.filter(state="dismissed", closed_why=f"Accepted: {WHY}").count() == 2


def test_too_many_lookups_at_once_are_refused(staff: Client, world: World, there: list[dict[str, str]]) -> None:
    ids = [a_difference(world.demo, "extra").pk for _ in range(21)]
    response = staff.post(LIST, {"action": "look_again", "_selected_action": ids}, follow=True)
    assert said(response) == ["Choose at most 20 differences for this; nothing was done."]


def test_who_may_what(staff_with: Callable[..., Client], world: World) -> None:
    one = Difference.objects.get(kind="extra")
    looker = staff_with("postings.view_difference", "connections.view_connection", "postings.view_reconciliationrun")
    for name in ("look_again", "accept", "mark_posted"):
        assert looker.get(page(one, name)).status_code == 403
    assert looker.get(row_url(one)).status_code == 200
    assert looker.post(reconcile(world.demo), {"confirmed": "yes"}).status_code == 403
    settler = staff_with("postings.view_difference", "postings.settle_difference")
    assert settler.get(page(one, "accept")).status_code == 200
    assert settler.get(page(one, "mark_posted")).status_code == 403
    starter = staff_with("connections.view_connection", "postings.start_reconciliation")
    assert starter.get(reconcile(world.demo)).status_code == 200


def test_lists_are_searched_and_filtered(staff: Client, world: World) -> None:
    one = Difference.objects.get(kind="different")
    number = world.postings[State.POSTED].transaction.number
    for query in (f"q={number}", f"q={one.key}", "kind__exact=different", f"company={world.demo.company_id}"):
        found = staff.get(f"{LIST}?{query}").context["cl"].result_list
        assert one in list(found), query
    assert not staff.get(f"{LIST}?q=nonsense").context["cl"].result_list
    assert not staff.get(f"{LIST}?company={world.ledger.company_id}").context["cl"].result_list
