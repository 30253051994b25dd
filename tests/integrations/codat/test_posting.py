"""Documents on their way into each accounting system behind Codat, and everything that can happen to them there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from integrations.codat.client import guid
from integrations.codat.connector import Codat as Connector
from integrations.documents import SALES, Awaiting, Document, IdempotencyKey, Kind, Posted, Supplier
from integrations.errors import (
    IntegrationError,
    KeyRefused,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.exact import from_json
from integrations.http import Outbound
from integrations.reference import RecordKind
from integrations.reply import LOOKED_UP
from tests.contract import book
from tests.integrations.codat.account import refused
from tests.integrations.codat.conversation import (
    HERE,
    OPERATION,
    CodatConversations,
    operation,
    page,
)
from tests.integrations.codat.rig import Codat, Linked, SeenBooks
from tests.samples import KEY, OTHER_KEY, REFERENCE, sample, with_line
from tests.scripted import Answer, ScriptedServer, json_answer

PLATFORMS = ("gbol", "qhyg", "hbql", "fbrh", "akxx", "knfz", "rwuv", "mqjo")
NAMELESS = Supplier(code=None, name="Crown Conference Centre")
NEXT = IdempotencyKey(KEY.value, 2)


@pytest.fixture
def system(codat: Codat, linked: Linked) -> Connector:
    return connect(codat, linked)


def connect(codat: Codat, linked: Linked, **settings: str) -> Connector:
    """The connector, where Codat reads the books all the time."""
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    return Connector(codat.link(linked, outbound=outbound, **settings))


def document(kind: Kind = Kind.INVOICE) -> Document:
    """The sample, whose supplier has another id in each accounting system."""
    return sample(kind, party=NAMELESS)


def push(system: Connector, *, key: IdempotencyKey = KEY) -> Awaiting:
    """Send the sample, which is taken and not booked yet."""
    taken = system.post(sample(), key=key, reference=REFERENCE)
    assert isinstance(taken, Awaiting)
    return taken


# --- every platform --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bills", ["auto", "async"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_books_each_kind_of_purchase_that_it_takes(codat: Codat, platform: str, bills: str) -> None:
    linked = codat.linked(platform)
    system = connect(codat, linked, bills=bills)
    kinds = sorted(system.can_for(system.link.settings, system.link.told).kinds - SALES)
    for place, kind in enumerate(kinds, start=1):
        key = IdempotencyKey(f"9c56cc51-b374-4c2f-a7b1-{place:012}")
        posted = book(system, document(kind), key=key)
        assert (posted.net, posted.tax, posted.gross) == (Decimal("150.50"), Decimal("20.00"), Decimal("170.50")), kind
        assert (posted.currency, posted.date) == ("GBP", sample().date), kind
        assert SeenBooks(codat, linked).count() == place
        assert system.find(document(kind), key=key) == (posted,), kind


@pytest.mark.parametrize(
    ("platform", "bills", "path"),
    [
        ("gbol", "auto", "payables/bills"),
        ("gbol", "sync", "payables/bills"),
        ("gbol", "async", "push/bills"),
        ("hbql", "auto", "push/bills"),
        ("mqjo", "auto", "push/bills"),
    ],
)
def test_an_invoice_goes_the_way_of_its_platform_and_its_setting(
    codat: Codat, platform: str, bills: str, path: str
) -> None:
    linked = codat.linked(platform)
    (held,) = connect(codat, linked, bills=bills).preview(document(), key=KEY, reference=REFERENCE).requests
    assert (held.method, held.url) == (
        "POST",
        f"{codat.url}/companies/{linked.company}/connections/{linked.connection}/{path}",
    )
    assert SeenBooks(codat, linked).count() == 0


def test_a_way_that_there_is_not_is_a_wrong_setting(codat: Codat, linked: Linked) -> None:
    with pytest.raises(Misconfigured) as caught:
        push(connect(codat, linked, bills="sync"))
    message = "Codat has no synchronous way into Sandbox. Choose another way for invoices."
    assert (caught.value.message, caught.value.field) == (message, "bills")


def test_a_kind_that_the_platform_does_not_take_is_refused_before_anything_is_asked(codat: Codat) -> None:
    system = connect(codat, codat.linked("hbql"))
    with pytest.raises(Rejected) as caught:
        system.post(document(Kind.PURCHASE_ORDER), key=KEY, reference=REFERENCE)
    assert caught.value.message == "Sage 50 (UK) takes no purchase orders through Codat."


def test_nothing_is_asked_before_a_company_is_linked() -> None:
    system = Connector(CodatConversations().connect("http://127.0.0.1:9", Outbound()).link)
    blank = Connector(replace(system.link, told={}))
    for call in (blank.company, lambda: push(blank), lambda: list(blank.records(next(iter(blank.can.reads))))):
        with pytest.raises(Misconfigured) as caught:
            call()
        assert caught.value.message == "No company is linked in Codat yet. Authorise the connection."


# --- what becomes of a push ------------------------------------------------------------------------------------------


def test_a_push_that_is_under_way_is_asked_for_again(codat: Codat, system: Connector) -> None:
    codat.plan("Success", after_seconds=60)
    taken = push(system)
    assert system.poll(sample(), operation=taken.operation) == taken
    codat.later(61)
    assert isinstance(system.poll(sample(), operation=taken.operation), Posted)


def test_a_late_success_after_a_time_out_is_found_and_not_sent_twice(
    codat: Codat, system: Connector, books: SeenBooks
) -> None:
    codat.plan("Late", late_seconds=60)
    taken = push(system)
    with pytest.raises(OutcomeUnknown, match="may still book it"):
        system.poll(sample(), operation=taken.operation)
    assert system.find(sample(), key=KEY) == ()
    codat.later(61)
    (found,) = system.find(sample(), key=KEY)
    assert found.gross == Decimal("170.50")
    assert push(system) == taken
    assert books.count() == 1


def test_a_time_out_that_comes_to_nothing_is_found_nowhere(codat: Codat, system: Connector, books: SeenBooks) -> None:
    codat.plan("TimedOut")
    taken = push(system)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            system.poll(sample(), operation=taken.operation)
    assert system.find(sample(), key=KEY) == ()
    assert not system.can.lookup_complete, "a miss proves nothing"
    assert books.count() == 0


def test_a_refusal_of_the_platform_is_told_in_its_words_with_line_and_field(
    codat: Codat, linked: Linked, system: Connector
) -> None:
    codat.plan("Success", after_seconds=60)
    taken = push(system)
    archived = {"id": "7504", "status": "Archived"}
    codat.write(linked, "chartOfAccounts", archived)
    codat.later(61)
    with pytest.raises(Rejected) as caught:
        system.poll(sample(), operation=taken.operation)
    told = ("Line 2: `7504` is archived in Sandbox.", "account_code")
    assert (caught.value.message, caught.value.field) == told


def test_a_state_that_nobody_knows_is_asked_for_again() -> None:
    error = polled(json_answer(operation(status="Paused")))
    assert isinstance(error, Retryable)
    assert (
        error.message == "Codat tells a state of the operation that is not known here (Paused). It will be asked again."
    )


def test_an_operation_that_codat_has_forgotten_is_for_a_lookup_to_decide() -> None:
    error = polled(refused(404, "No push operation was found"))
    assert type(error) is OutcomeUnknown


def test_a_success_without_an_id_is_asked_for_again() -> None:
    for changes in ([], [{"type": "Created"}], [{"type": "Created", "recordRef": {"id": ""}}]):
        assert type(polled(json_answer(operation(status="Success", changes=changes)))) is Retryable


def polled(*answers: Answer) -> IntegrationError:
    """The error of asking for an operation."""
    with ScriptedServer(*answers) as server, pytest.raises(IntegrationError) as caught:
        scripted(server).poll(sample(), operation=OPERATION)
    return caught.value


def scripted(server: ScriptedServer) -> Connector:
    system = CodatConversations().connect(server.url, Outbound(allow_private=True))
    assert isinstance(system, Connector)
    return system


# --- keys ------------------------------------------------------------------------------------------------------------


def fail(codat: Codat, status: int, **more: Any) -> None:
    """Let the next push fail."""
    codat.control("POST", "calls", {"method": "POST", "path": "push/bills", "status": status, **more})


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_is_played_again_to_its_key_and_left_behind_by_the_next(
    codat: Codat, system: Connector, books: SeenBooks, status: int
) -> None:
    fail(codat, status)
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            push(system)
    assert books.count() == 0
    assert system.can.repeats_errors
    assert book(system, sample(), key=NEXT).gross == Decimal("170.50")
    assert books.count() == 1


def test_a_failure_after_the_write_is_found_by_our_key(codat: Codat, system: Connector, books: SeenBooks) -> None:
    fail(codat, 500, after=True)
    with pytest.raises(OutcomeUnknown):
        push(system)
    (found,) = system.find(sample(), key=KEY)
    assert (books.count(), found.number) == (1, "SI-48213")


def test_after_its_ninety_minutes_a_key_is_a_new_one(codat: Codat, system: Connector, books: SeenBooks) -> None:
    """Then only the lookup stands between a resend and a second document."""
    assert system.can.key_seconds == 90 * 60
    first = push(system)
    codat.later(90 * 60 - 5)
    assert push(system) == first
    codat.later(10)
    assert push(system) != first
    system.poll(sample(), operation=first.operation)
    assert (books.count(), len(system.find(sample(), key=KEY))) == (2, 2)


def test_a_rate_limit_is_a_delay_and_leaves_the_key_as_it_was(
    codat: Codat, system: Connector, books: SeenBooks
) -> None:
    fail(codat, 429, retry_after=7)
    with pytest.raises(Retryable) as caught:
        push(system)
    assert (caught.value.retry_after, caught.value.free) == (7.0, True)
    assert book(system, sample()).gross == Decimal("170.50")
    assert books.count() == 1


def test_a_key_with_another_body_proves_nothing(system: Connector, books: SeenBooks) -> None:
    book(system, sample())
    with pytest.raises(OutcomeUnknown) as caught:
        system.post(replace(sample(), supplier_reference="SI-9"), key=KEY, reference=REFERENCE)
    assert caught.value.message.endswith(LOOKED_UP)
    assert books.count() == 1


def test_a_key_that_is_no_guid_becomes_one_that_is_always_the_same() -> None:
    """Codat takes GUIDs and nothing else; the next generation of a key of ours is none."""
    assert guid(KEY.sent) == KEY.value
    assert guid(NEXT.sent) == guid(NEXT.sent) == "29b4978d-36f7-5de8-a6fd-d8c352e2e1db"
    assert len({guid(KEY.sent), guid(NEXT.sent), guid(OTHER_KEY.sent)}) == 3


# --- access ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Deauthorized", "Unlinked"])
@pytest.mark.parametrize("platform", ["mqjo", "gbol"])
def test_a_connection_that_was_given_up_over_there_is_to_be_linked_again(
    codat: Codat, linked: Linked, books: SeenBooks, status: str
) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"status": status})
    system = Connector(codat.link(linked))
    for call in (system.company, lambda: system.post(document(), key=KEY, reference=REFERENCE)):
        with pytest.raises(Unauthorised):
            call()
    assert books.count() == 0


def test_a_wrong_key_is_the_installation_s_and_lets_everything_wait(codat: Codat, linked: Linked) -> None:
    link = codat.link(linked)
    system = Connector(replace(link, secrets={"api_key": "another"}))
    kind = RecordKind.SUPPLIER
    for call in (system.company, system.survey, lambda: push(system), lambda: list(system.records(kind))):
        with pytest.raises(KeyRefused) as caught:
            call()
        assert (caught.value.field, caught.value.free, caught.value.message) == (
            "api_key",
            True,
            (
                "Codat does not accept the API key of this installation. Its operator has to enter it again; "
                "until then all waits."
            ),
        )


# --- the lookup ------------------------------------------------------------------------------------------------------


def test_a_lookup_waits_until_codat_has_read_what_was_written_since(codat: Codat, linked: Linked) -> None:
    system = Connector(codat.link(linked))
    codat.set(sync_seconds=30)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=20), tick=True):
        taken = push(system)
        for _ in range(2):
            with pytest.raises(Retryable, match="Codat is fetching bills") as caught:
                system.find(sample(), key=KEY)
            assert caught.value.retry_after == 60.0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=21), tick=True):
        assert [one.gross for one in system.find(sample(), key=KEY)] == [Decimal("170.50")]
        assert isinstance(system.poll(sample(), operation=taken.operation), Posted)


def test_a_lookup_finds_documents_in_any_state_and_none_that_was_deleted(
    codat: Codat, linked: Linked, system: Connector
) -> None:
    posted = book(system, sample())
    for status in ("Void", "Paid", "Draft"):
        codat.write(linked, "bills", {"id": posted.external_id, "status": status})
        assert system.find(sample(), key=KEY) == (posted,)
    codat.control("DELETE", f"connections/{linked.connection}/records/bills/{posted.external_id}")
    assert system.find(sample(), key=KEY) == ()


def test_a_lookup_in_a_company_that_is_gone_says_so() -> None:
    with ScriptedServer(refused(404, "Company not found")) as server, pytest.raises(Misconfigured) as caught:
        scripted(server).find(sample(), key=KEY)
    assert caught.value.message == "Codat cannot look the document up: Company not found"


@pytest.mark.parametrize("code", ["a b", "x&&status=Void", None])
def test_a_supplier_that_would_upset_a_query_is_not_in_it(code: str | None) -> None:
    steps = CodatConversations().finding((0,))
    plays = [*(step.play() for step in steps[:2]), json_answer(page([]))]
    with ScriptedServer(*plays) as server:
        scripted(server).find(sample(party=Supplier(code=code, name="X")), key=KEY)
    assert server.asked[-1].path == f"{HERE}/data/bills?pageSize=500&page=1"


# --- before anything is sent -----------------------------------------------------------------------------------------


def test_everything_that_stands_against_a_document_is_told_at_once(codat: Codat) -> None:
    linked = codat.linked("hbql")
    bad = with_line(with_line(document(), 0, account_code="9999", tax_code=None), 1, tax_code="T77")
    blank = replace(bad, due_date=None, currency="USD", date=None, created_at=None)
    found = connect(codat, linked).objections(blank)
    assert [(one.field, one.line) for one in found] == [
        ("account_code", 1),
        ("defaults.tax_code", 1),
        ("tax_code", 2),
        ("date", None),
        ("base_gross", None),
        ("date", None),
        ("due_date", None),
    ]
    assert SeenBooks(codat, linked).count() == 0


def test_a_preview_is_the_whole_request_without_secrets(system: Connector, books: SeenBooks) -> None:
    (held,) = system.preview(sample(), key=KEY, reference=REFERENCE).requests
    assert held.headers["Authorization"] == "***"
    assert from_json(held.body)["note"] == "P-000001 8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11 Venue hire, March cohort"
    assert books.count() == 0
