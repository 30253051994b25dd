"""Several transactions from the list: chosen, asked about with what is left alone, and done one by one."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from portal.desk.repairs import bulk, views
from portal.desk.repairs.doing import SERVICES
from portal.events.models import AuditEvent
from portal.postings import repair
from portal.postings.models import Posting, Transaction
from portal.postings.repair import CannotRepair
from portal.postings.states import State
from portal.tenants.models import Company, Role
from tests.desk.repairs.conftest import People
from tests.desk.repairs.pages import WHY, text, told
from tests.desk.scene import Scene, a_demo_scene
from tests.factories import CompanyFactory, DemoConnectionFactory

pytestmark = pytest.mark.engine


def _chosen(*postings: Posting) -> list[str]:
    return [str(posting.transaction.public_id) for posting in postings]


def _ask(scene: Scene, name: str, *postings: Posting, **more: Any) -> Any:
    """Tick in the list and press a button; `more` is what the page that asks adds."""
    data = {"repair": name, "chosen": _chosen(*postings), "back": "state=attention&company=x", **more}
    return scene.client.post(f"/companies/{scene.company.pk}/transactions/repair/", data, follow=True)


def _sure(scene: Scene, name: str, *postings: Posting, **more: str) -> Any:
    return _ask(scene, name, *postings, sure="yes", why=WHY, **more)


def _states(*postings: Posting) -> list[str]:
    return [Posting.objects.get(pk=posting.pk).state for posting in postings]


def test_the_page_lists_what_is_done_and_what_is_left_alone_with_why(demo: Scene, rung: list[int]) -> None:
    rejected, held, posted, unknown = (
        demo.in_state(state, number=state.value) for state in (State.REJECTED, State.HELD, State.POSTED, State.UNKNOWN)
    )
    page = text(_ask(demo, "retry", rejected, held, posted, unknown))
    assert "Retry 2 transactions" in page
    assert "2 of those chosen are left alone: see below." in page
    assert "1 of these may be in the books already, and is looked up there first." in page
    assert "It is in the books already. What is booked is corrected there." in page
    assert "It is being found out by itself whether it was booked." in page
    assert (_states(rejected, held, posted, unknown), rung) == (["rejected", "held", "posted", "unknown"], [])


@pytest.mark.parametrize(("name", "state"), [("retry", "ready"), ("void", "void")])
def test_each_is_done_with_who_and_why(demo: Scene, rung: list[int], name: str, state: str) -> None:
    some = [demo.in_state(State.REJECTED, number=f"INV{index}") for index in range(3)]
    events = AuditEvent.objects.count()
    response = _sure(demo, name, *some)
    assert _states(*some) == [state] * 3
    assert {each.transitions.order_by("-pk")[0].user for each in some} == {demo.user}
    assert AuditEvent.objects.count() == events + 3
    assert sorted(rung) == ([each.pk for each in some] if name == "retry" else [])
    assert told(response) == [f"{'Retrying' if name == 'retry' else 'Voided'} 3 transactions."]
    assert response.redirect_chain == [(f"/transactions/?state=attention&company={demo.company.pk}", 302)]


def test_what_cannot_be_done_is_left_alone_and_told(demo: Scene) -> None:
    rejected, posted = demo.in_state(State.REJECTED, number="A"), demo.in_state(State.POSTED, number="B")
    response = _sure(demo, "void", rejected, posted)
    assert _states(rejected, posted) == ["void", "posted"]
    assert told(response) == [
        "Voided P-000001.",
        "P-000002: It is in the books already. What is booked is corrected there.",
    ]


def test_what_a_closed_company_has_left_is_voided_and_not_retried(demo: Scene) -> None:
    some = [demo.in_state(State.REJECTED, number=f"INV{index}") for index in range(2)]
    Company.objects.update(closed_at=timezone.now())
    assertContains(demo.client.get("/transactions/", {"company": str(demo.company.pk)}), 'name="chosen"')
    page = text(_sure(demo, "retry", *some))
    assert f"{demo.company} is closed: nothing is sent for it any more." in page
    assert _states(*some) == ["rejected", "rejected"]
    _sure(demo, "void", *some)
    assert _states(*some) == ["void", "void"]


def test_one_that_moves_meanwhile_stops_none_of_the_others(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (demo.in_state(State.REJECTED, number=number) for number in "AB")
    real = repair.retry

    def retry(posting: Posting, **options: Any) -> None:
        if posting.pk == second.pk:
            raise CannotRepair("P-000002 has moved meanwhile: it is ready now. Look again.")
        real(posting, **options)

    monkeypatch.setitem(SERVICES, "retry", retry)
    response = _sure(demo, "retry", first, second)
    assert _states(first, second) == ["ready", "rejected"]
    assert told(response) == ["Retrying P-000001.", "P-000002 has moved meanwhile: it is ready now. Look again."]


def test_void_says_loudly_how_many_numbers_were_answered(demo: Scene) -> None:
    told_one, untold = (demo.in_state(State.REJECTED, number=number) for number in "AB")
    Transaction.objects.filter(pk=told_one.transaction_id).update(answered_number="J-1", answered_at=timezone.now())
    page = text(_ask(demo, "void", told_one, untold))
    assert "For 1 of these the source was told a number and takes it for booked." in page
    assert "I know that iCompleat holds a number for 1 of these." in page
    assertContains(_sure(demo, "void", told_one, untold), "Tick this to say that you know it.")
    assert _states(told_one, untold) == ["rejected", "rejected"]
    _sure(demo, "void", told_one, untold, known="on")
    assert _states(told_one, untold) == ["void", "void"]


def test_without_a_reason_nothing_is_done(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    assertContains(_ask(demo, "retry", posting, sure="yes", why=" "), "Say why, in a few words.")
    assert _states(posting) == ["rejected"]


def test_too_many_none_and_nonsense_are_refused(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [demo.in_state(State.REJECTED, number=f"INV{index}") for index in range(3)]
    assert bulk.MOST == 100
    monkeypatch.setattr(views, "MOST", 2)
    assert told(_sure(demo, "retry", *some)) == ["Choose at most 100 transactions at once. Nothing was done."]
    assert told(_sure(demo, "retry")) == ["Choose at least one transaction. Nothing was done."]
    assert told(_sure(demo, "mark_posted", some[0])) == [
        "That cannot be done to several transactions at once. Nothing was done."
    ]
    assert _states(*some) == ["rejected"] * 3


def test_what_is_another_companys_is_left_out(demo: Scene, rung: list[int]) -> None:
    own = demo.in_state(State.REJECTED)
    foreign = a_demo_scene(name="Kestrel Ltd").in_state(State.REJECTED, number="KESTREL")
    sister_connection = DemoConnectionFactory(company=CompanyFactory(tenant=demo.tenant, name="Sister Ltd"))
    sister = Scene(demo.tenant, sister_connection.company, sister_connection, demo.user).in_state(State.REJECTED)
    page = _ask(demo, "void", own, foreign, sister, chosen=[*_chosen(own, foreign, sister), str(uuid.uuid4()), "x"])
    assertNotContains(page, "KESTREL")
    assert "Void P-000001" in text(page)
    _sure(demo, "void", own, foreign, sister)
    assert (_states(own, foreign, sister), rung) == (["void", "rejected", "rejected"], [])


def test_only_another_companys_is_nothing(demo: Scene) -> None:
    foreign = a_demo_scene(name="Kestrel Ltd").in_state(State.REJECTED)
    assertContains(_sure(demo, "void", foreign), "Nothing was chosen")
    assert _states(foreign) == ["rejected"]


def test_operators_do_it_and_viewers_do_not(demo: Scene, people: People) -> None:
    posting = demo.in_state(State.REJECTED)
    data = {"repair": "retry", "chosen": _chosen(posting), "sure": "yes", "why": WHY}
    address = f"/companies/{demo.company.pk}/transactions/repair/"
    assert people.client(Role.VIEWER).post(address, data).status_code == 403
    assert _states(posting) == ["rejected"]
    assert people.client(Role.OPERATOR).post(address, data).status_code == 302
    assert _states(posting) == ["ready"]


def test_the_number_of_queries_of_the_question_does_not_grow(
    demo: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, address = demo.client, f"/companies/{demo.company.pk}/transactions/repair/"
    for count in (1, 10):
        ids = _chosen(*(demo.in_state(State.REJECTED, number=f"INV{count}-{index}") for index in range(count)))
        with django_assert_num_queries(7):  # session, user, companies, membership, transactions, postings, sources
            client.post(address, {"repair": "void", "chosen": ids})


# --- the list --------------------------------------------------------------------------------------------------------


def _ticks(response: Any) -> list[str]:
    return re.findall(r'<input type="checkbox" name="chosen" value="([^"]+)"', response.content.decode())


def test_the_list_of_one_company_has_a_box_for_what_can_be_repaired(demo: Scene) -> None:
    rejected = demo.in_state(State.REJECTED, number="A")
    demo.in_state(State.POSTED, number="B")
    response = demo.client.get("/transactions/?state=")
    assert _ticks(response) == _chosen(rejected)
    body = response.content.decode()
    boxes = re.findall(r'<input type="checkbox"[^>]*id="([^"]+)"', body)
    assert all(f'<label for="{box}">' in body for box in boxes)
    assertNotContains(response, " checked>")
    assertContains(demo.client.get("/transactions/?choose=all"), " checked>", count=1)


def test_there_is_no_box_for_viewers_for_several_companies_or_where_nothing_can_be_done(
    demo: Scene, people: People
) -> None:
    assert _ticks(demo.client.get("/transactions/")) == []
    demo.in_state(State.REJECTED)
    assert _ticks(people.client(Role.VIEWER).get("/transactions/")) == []
    assert len(_ticks(demo.client.get("/transactions/"))) == 1
    CompanyFactory(tenant=demo.tenant, name="Sister Ltd")
    assert _ticks(demo.client.get("/transactions/")) == []
    assert len(_ticks(demo.client.get(f"/transactions/?company={demo.company.pk}"))) == 1
