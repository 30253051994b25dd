"""The page of one transaction."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Dimension, Kind, Supplier
from portal.connections.models import Connection, Status
from portal.desk.next_steps import NEXT_STEP, next_step
from portal.desk.templatetags import postroom
from portal.desk.words import OUTCOMES, STATES_OF, Group, field_words, outcome, system_name, told
from portal.intake.models import Delivery, Verdict
from portal.postings.doers import Program
from portal.postings.models import Attempt, Posting, Purpose, Transaction
from portal.postings.repair import retry
from portal.postings.states import UNDER_WAY, State
from portal.postings.twins.verdicts import TOO_MUCH, TWIN
from tests.desk.scene import Scene
from tests.factories import EndpointFactory, MemberFactory, SourceConnectionFactory, a_document, a_line, accepted

pytestmark = pytest.mark.engine
AT = datetime(2026, 11, 20, 14, 3, 22, tzinfo=UTC)


def _page(scene: Scene, posting: Posting, part: str = "") -> Any:
    return scene.client.get(f"/transactions/{posting.transaction.public_id}/{part}")


def _text(response: Any) -> str:
    """The page as words: without tags, and with one space between."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(bare))


def test_the_document_with_its_lines_codes_and_totals(scene: Scene) -> None:
    line = a_line(
        description="Venue hire",
        quantity=Decimal("1.5"),
        unit_price=Decimal("800.00"),
        net=Decimal("1200.00"),
        tax=Decimal("240.00"),
        gross=Decimal("1440.00"),
        dimensions=(Dimension(name="Department", code="TRN", label="Training"),),
    )
    discount = a_line(
        2, description="Discount", quantity=None, unit_price=None,
        net=Decimal("-100.00"), tax=Decimal("-20.00"), gross=Decimal("-120.00"),
    )  # fmt: skip
    response = _page(scene, scene.receive(lines=(line, discount), title="March cohort", order_number="ORD000056"))
    text = _text(response)
    assert "1 Venue hire Department: TRN Training 5010 T1 1.5 800.00 1,200.00 240.00 1,440.00" in text
    assert "2 Discount 5010 T1 – – −100.00 −20.00 −120.00" in text
    assert "Total in GBP 1,100.00 220.00 1,320.00" in text
    for fact in ("March cohort", "14 Mar 2026", "13 Apr 2026", "ORD000056", "SI-48213", "CROWN01"):
        assert fact in text


def test_a_foreign_document_shows_its_base_amount(scene: Scene) -> None:
    base: dict[str, Any] = {"base_net": Decimal("80.00"), "base_tax": Decimal("16.00")}
    document = a_document(currency="USD", lines=(a_line(**base),), **base, base_gross=Decimal("96.00"))
    text = _text(_page(scene, scene.receive(document)))
    assert "120.00 USD" in text
    assert "( 96.00 GBP in the company's currency)" in text


def test_both_numbers_can_be_copied(scene: Scene) -> None:
    posting = scene.receive()
    Transaction.objects.update(answered_number="JRN-7", answered_at=AT)
    response = _page(scene, posting)
    for number in ("P-000001", posting.external_number, "JRN-7", posting.transaction.external_id):
        assertContains(response, f'data-copy="{number}"')
    assert "iCompleat was told JRN-7" in _text(response)
    assertContains(response, 'src="/static/postroom/copy.js" defer')


def test_a_refusal_gives_reason_and_next_step(scene: Scene) -> None:
    posting = scene.refuse()
    text = _text(_page(scene, posting))
    assert "9999" in posting.reason
    assert posting.reason in text
    assert "Next: Mend the cause named above, then send it again from iCompleat, or retry it here." in text
    assert "iCompleat was told Refused" in text


def _attempt(posting: Posting, **fields: Any) -> None:
    Attempt.objects.create(
        posting=posting,
        number=posting.attempts.count() + 1,
        purpose=Purpose.SEND,
        started_at=AT,
        ended_at=AT.replace(second=24),
        **fields,
    )


def test_attempts_lead_to_what_went_over_the_network(demo: Scene) -> None:
    posting = demo.in_state(State.READY)
    _attempt(posting, outcome="Retryable", message="The system asked us to wait.")
    response = _page(demo, posting)
    said = "20 Nov 2026 14:03 Send Not sent, tried again later The system asked us to wait. Requests and answers"
    assert said in _text(response)
    address = f"/companies/{demo.company.pk}/transactions/{posting.transaction.public_id}/attempts/"
    assertContains(response, f'<a href="{address}{posting.attempts.get().pk}/">Open them</a>')


def test_only_the_last_that_was_sent_is_loaded_with_its_requests(demo: Scene) -> None:
    posting = demo.in_state(State.HELD)
    _attempt(posting, outcome="Retryable", exchanges=[{"method": "POST", "request_body": "first-body"}])
    _attempt(posting, outcome="Rejected", exchanges=[{"method": "POST", "request_body": "second-body"}])
    response = _page(demo, posting)
    assertContains(response, "second-body")
    assertNotContains(response, "first-body")


def test_the_traceback_of_a_bug_is_for_staff(demo: Scene) -> None:
    posting = demo.in_state(State.HELD)
    Posting.objects.filter(pk=posting.pk).update(traceback="Traceback-text", error_class="KeyError")
    _attempt(posting, outcome="KeyError")
    response = _page(demo, posting)
    assertContains(response, "An error on our side")
    assertNotContains(response, "Traceback-text")
    assertNotContains(response, "KeyError")


def test_the_story_names_no_staff(demo: Scene) -> None:
    posting = demo.in_state(State.VOID)
    user = posting.transitions.get(after=State.VOID).user
    response = _page(demo, posting)
    assert "· our support It was typed in by hand." in _text(response)
    assert user is not None
    assertNotContains(response, user.get_username())


def test_the_story_names_members_and_those_who_were(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    colleague = MemberFactory(tenant=demo.tenant, user__username="maria.colleague")
    retry(posting, by=colleague.user, why="The account was added.")
    assert "· maria.colleague The account was added." in _text(_page(demo, posting))
    colleague.delete()
    assert "· maria.colleague The account was added." in _text(_page(demo, posting))


def test_the_story_names_the_program_that_decided(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    retry(posting, by=Program("The shop (…a1b2)"), why="The account was added.")
    assert "· API token The shop (…a1b2) The account was added." in _text(_page(demo, posting))


def test_deliveries_show_verdict_and_answer_but_no_headers(scene: Scene) -> None:
    posting = scene.receive()
    endpoint = EndpointFactory(connection=SourceConnectionFactory(company=scene.company))
    Delivery.objects.create(
        endpoint=endpoint, company=scene.company, received_at=AT, body=b"raw-body", headers={"x-odd": "odd-header"},
        verdict=Verdict.ACCEPTED, transaction=posting.transaction, answer_status=200, answered_after_ms=41,
    )  # fmt: skip
    response = _page(scene, posting)
    assert "20 Nov 2026 14:03 A new transaction Accepted (200) 41 ms" in _text(response)
    for hidden in ("raw-body", "odd-header", "x-odd"):
        assertNotContains(response, hidden)


def test_what_was_booked_differently_is_shown(demo: Scene) -> None:
    text = _text(_page(demo, demo.in_state(State.POSTED)))
    assert "Booked differently" in text
    assert "Field Sent Booked Date 14 Mar 2026 1 Apr 2026" in text


def test_a_contested_revision_is_shown_field_by_field(scene: Scene) -> None:
    document = a_document(lines=(a_line(),))
    posting = accepted(scene.connection, document).posting
    Transaction.objects.update(answered_number="JRN-7")
    accepted(scene.connection, replace(document, lines=(a_line(account_code="7502"),)))
    text = _text(_page(scene, posting))
    assert "iCompleat sent other content later" in text
    assert "Field In the books Sent later Line 1: account code 5010 7502" in text


@pytest.mark.parametrize("page", ["", "standing/"])
@pytest.mark.parametrize("state", sorted(set(State) - UNDER_WAY))
def test_what_stands_still_is_not_asked_for_again(demo: Scene, state: State, page: str) -> None:
    assertNotContains(_page(demo, demo.in_state(state), page), "every 3s")


@pytest.mark.parametrize("state", sorted(UNDER_WAY))
def test_a_transaction_under_way_is_asked_for_again(demo: Scene, state: State) -> None:
    posting = demo.in_state(state)
    response = _page(demo, posting)
    assertContains(response, f'hx-get="/transactions/{posting.transaction.public_id}/standing/" hx-trigger="every 3s"')
    assertContains(response, "django_htmx/htmx-2.min.js")
    assertContains(response, '"allowEval": false')
    part = _page(demo, posting, "standing/")
    assertContains(part, "hx-get")
    assertNotContains(part, "<html")


def test_the_whole_page_is_asked_for_again_once_it_stands_still(demo: Scene) -> None:
    """The story, the attempts and what is in the books have moved as well."""
    for state, refresh in ((State.UNKNOWN, None), (State.POSTED, "true")):
        address = f"/transactions/{demo.in_state(state).transaction.public_id}/standing/"
        response = demo.client.get(address, headers={"HX-Request": "true"})
        assert response.headers.get("HX-Refresh") == refresh
        assert bool(response.content) == (refresh is None)


def test_a_visitor_whose_session_ended_gets_a_new_page_not_a_log_in_form_inside_this_one(scene: Scene) -> None:
    posting = scene.receive()
    response = Client().get(f"/transactions/{posting.transaction.public_id}/standing/")
    assert (response.status_code, response.headers["HX-Refresh"], response.content) == (200, "true", b"")


def test_the_number_of_queries_does_not_grow(demo: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Session, user, companies, transaction, postings, membership, attempts, transitions, the last that was sent,
    deliveries, revisions, how it was raised, attachments, the sources that the navigation names."""
    client = demo.client
    for state, attempts in ((State.READY, 0), (State.HELD, 5)):
        posting = demo.in_state(state)
        for _ in range(attempts):
            _attempt(posting)
        address = f"/transactions/{posting.transaction.public_id}/"
        with django_assert_num_queries(14):
            client.get(address)


def test_texts_of_others_are_escaped(scene: Scene) -> None:
    posting = scene.receive(party=Supplier(code="<i>", name="<script>alert(1)</script>"), title='"><img src=x>')
    response = _page(scene, posting)
    assertNotContains(response, "<script>alert")
    assertNotContains(response, "<img")


def test_a_writing_method_is_refused(scene: Scene) -> None:
    posting = scene.receive()
    assert scene.client.post(f"/transactions/{posting.transaction.public_id}/").status_code == 405


# --- words ---------------------------------------------------------------------------------------------------------


def test_every_state_has_a_group_and_a_next_step() -> None:
    assert set(NEXT_STEP) == set(State)
    assert sorted(state for states in STATES_OF.values() for state in states) == sorted(State)
    assert set(STATES_OF) == set(Group)


@pytest.mark.parametrize("state", State)
def test_no_placeholder_is_left_in_a_sentence(scene: Scene, state: State) -> None:
    posting = scene.receive()
    posting.state = state
    sentence = next_step(posting.transaction, posting)
    assert "{" not in sentence
    assert sentence.endswith(".")


def test_a_rejected_one_that_was_answered_is_for_support(scene: Scene) -> None:
    posting = scene.refuse()
    posting.transaction.answered_number = "P-000001"
    assert next_step(posting.transaction, posting) == (
        "iCompleat holds a journal number for it already and will not send it again. Mend the cause named above, for "
        "example by adding the missing code in Postroom ledger, then retry it here."
    )


def test_a_posted_one_that_the_source_knows_nothing_of_is_to_be_sent_again(scene: Scene) -> None:
    posting = scene.receive()
    assert next_step(posting.transaction, posting).startswith(
        "It is in the books of Postroom ledger, but iCompleat was not told its number. Send it again from iCompleat"
    )
    posting.transaction.answered_number = "P-000001"
    assert next_step(posting.transaction, posting) == (
        "It is in the books of Postroom ledger. There is nothing for you to do."
    )


@pytest.mark.parametrize(
    "status,paused,words",
    [
        (Status.LINKED, True, "Sending to {system} is paused."),
        (Status.DEAUTHORISED, False, "{system} no longer accepts our access."),
        (Status.UNLINKED, False, "Its connection to {system} was unlinked: nothing is sent there any more."),
        (Status.LINKED, False, "It waits for its turn to be sent to {system}."),
    ],
)
def test_a_ready_one_says_what_it_waits_for(demo: Scene, status: Status, paused: bool, words: str) -> None:
    posting = demo.in_state(State.READY)
    Connection.objects.update(status=status, paused=paused, confirmed_at=timezone.now())
    posting = Posting.objects.select_related("connection", "transaction").get(pk=posting.pk)
    assert next_step(posting.transaction, posting).startswith(words.format(system=system_name(posting.connection)))


def test_a_ready_one_says_that_an_owner_has_to_confirm_the_company(demo: Scene) -> None:
    posting = demo.in_state(State.READY)
    posting.connection.paused, posting.connection.confirmed_at = True, None
    assert next_step(posting.transaction, posting).startswith("An owner has not confirmed yet")


def test_a_ready_one_says_that_its_system_does_not_answer(demo: Scene) -> None:
    posting = demo.in_state(State.READY)
    posting.connection.open_until = timezone.now() + timedelta(minutes=1)
    assert next_step(posting.transaction, posting).startswith(
        f"{system_name(posting.connection)} does not answer at the moment."
    )
    posting.connection.open_until = timezone.now() - timedelta(seconds=1)
    assert "waits for its turn" in next_step(posting.transaction, posting)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.POSTED, "It is in the books of Postroom ledger. There is nothing for you to do."),
        (State.REJECTED, "Mend the cause named above, then retry it here."),
        (State.WITHDRAWN, "It was taken back at accessplanit before anything was booked."),
        (State.HELD, "A person has to decide."),
    ],
)
def test_what_is_read_is_never_to_be_sent_again(scene: Scene, state: State, words: str) -> None:
    posting = scene.receive(source="accessplanit")
    posting.state = state
    assert next_step(posting.transaction, posting).startswith(words)
    assert told(posting.transaction, posting) == "–"
    assertNotContains(_page(scene, posting), "was told")


@pytest.mark.parametrize("state", State)
def test_a_payment_that_goes_back_is_said_to_be_entered_there(scene: Scene, state: State) -> None:
    """From the ledger into accessplanit."""
    posting = scene.receive(source="ledger", kind=Kind.PAYMENT)
    posting.connection = SourceConnectionFactory.create(company=scene.company, integration="accessplanit")
    posting.state = state
    sentence = next_step(posting.transaction, posting)
    assert "accessplanit" in sentence or state is State.REJECTED
    assert "raise" not in sentence
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("field", "words"),
    [(TWIN, "Say that it is that one"), (TOO_MUCH, "Send it all the same if that may be overpaid")],
)
def test_who_is_asked_about_a_payment_reads_what_the_answers_do(demo: Scene, field: str, words: str) -> None:
    posting = demo.in_state(State.HELD)
    posting.reason_field = field
    assert words in next_step(posting.transaction, posting)


def test_a_memo_entry_is_not_said_to_be_booked(scene: Scene) -> None:
    posting = scene.receive()
    posting.transaction.answered_number = "P-000001"
    posting.kept = True
    assert "kept as a numbered memo entry" in next_step(posting.transaction, posting)


def test_without_a_posting_the_link_is_missing(scene: Scene) -> None:
    transaction = scene.receive().transaction
    assert next_step(transaction, None).startswith("No accounting system was linked")
    assert told(transaction, None) == "Nothing yet"


@pytest.mark.parametrize("state", State)
def test_what_the_source_was_told_follows_from_number_and_state(scene: Scene, state: State) -> None:
    posting = scene.receive()
    posting.state = state
    expected = "Nothing yet" if state in UNDER_WAY else "Refused"
    assert told(posting.transaction, posting) == expected
    posting.transaction.answered_number = "JRN-1"
    assert told(posting.transaction, posting) == "JRN-1"


def test_an_attempts_outcome_is_said_in_words() -> None:
    assert outcome("Posted") == "Posted"
    assert outcome("ZeroDivisionError") == "An error on our side"
    assert "" in OUTCOMES


@pytest.mark.parametrize(
    "path,words",
    [
        ("gross", "Gross"),
        ("supplier.code", "Supplier code"),
        ("supplier_reference", "Supplier reference"),
        ("lines[2].account_code", "Line 2: account code"),
        ("lines[2]#2.net", "Line 2: net"),
        ("lines[2].dimensions[Department]", "Line 2: Department"),
        ("dimensions[Course Code]", "Course Code"),
        ("", ""),
    ],
)
def test_fields_are_named_in_words(path: str, words: str) -> None:
    assert field_words(path) == words


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "0000-01-01", "INV-2026-03-14", "120.00"])
def test_what_only_looks_like_a_date_is_shown_as_it_stands(text: str) -> None:
    assert postroom.told(text) == text
