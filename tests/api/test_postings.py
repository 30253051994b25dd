"""One posting, and what a program decides about it: through a real step of the worker, and with its own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from integrations.errors import Rejected, Retryable
from portal.api.models import Scope
from portal.api.tokens import issue
from portal.connections import registry
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings import tasks, work
from portal.postings.models import Posting, Transaction
from portal.postings.repair import retry, void
from portal.postings.states import State
from portal.reference.rules import defaults
from portal.reference.services import save_rules
from portal.tenants.models import Company
from tests.admin.world import in_state
from tests.api.calling import Program, error, read
from tests.factories import DemoConnectionFactory, MemberFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
WRONG = "The body has errors; nothing was done."
CLOSED = "Northgate Training Ltd is closed: nothing is sent for it any more. Void the posting, or mark it as posted."
WHY = "The account was added."
Commit = Callable[..., Any]


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For which postings a worker was rung."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def there(program: Program, monkeypatch: pytest.MonkeyPatch) -> Books:
    """What stands in the outside system of the company."""
    known = {**registry.accounting_systems(), "fake": FakeBooks}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(FakeBooks, "books", Books())
    DemoConnectionFactory.create(company=program.company, integration="fake", settings={}, secrets={})
    return FakeBooks.books


def token(program: Program) -> str:
    """The program as histories name it."""
    return f"API token The shop (…{program.token[-4:]})"


def raising(error_raised: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error_raised

    return act


def run(posting: Posting, books: Books, before: Exception | None = None, after: Exception | None = None) -> None:
    """One step of the worker, in which the outside system does this."""
    books.before_booking = raising(before) if before else None
    books.after_booking = raising(after) if after else None
    work.run(posting.pk)
    books.before_booking = books.after_booking = None
    posting.refresh_from_db()


def refused(books: Books) -> Posting:
    """A document that the outside system refused."""
    posting = accepted(Connection.objects.get(integration="fake")).posting
    run(posting, books, before=Rejected("Account 9999 is unknown.", field="lines[1].account_code"))
    return posting


def unproven(books: Books) -> Posting:
    """A document that is there, as FAKE-1, and of which that is not known."""
    posting = accepted(Connection.objects.get(integration="fake")).posting
    run(posting, books, after=ZeroDivisionError())
    assert posting.state == State.HELD
    return posting


def resolve(program: Program, posting: Posting, **body: object) -> Any:
    return program.call("POST", f"postings/{posting.pk}/resolve", {"reason": WHY, **body})


# --- one posting -----------------------------------------------------------------------------------------------------


def test_it_is_told_with_its_repairs_its_attempts_and_its_history(program: Program, there: Books) -> None:
    posting = refused(there)
    told = read(program.call("GET", f"postings/{posting.pk}"))
    (attempt,) = told.pop("latestAttempts")
    history = told.pop("history")
    transaction = Transaction.objects.get()
    moments = [told.pop(name) for name in ("createdAt", "updatedAt")]
    assert all(moment.endswith("Z") for moment in moments)
    assert told == {
        "id": str(posting.pk),
        "connectionId": str(posting.connection_id),
        "integrationKey": "fake",
        "state": "rejected",
        "reason": "Account 9999 is unknown.",
        "field": "lines[1].account_code",
        "number": "",
        "externalId": None,
        "postedAt": None,
        "errorClass": "Rejected",
        "attempts": 1,
        "nextAttemptAt": None,
        "transaction": {
            "id": str(transaction.public_id), "kind": "invoice", "number": "P-000001", "answeredNumber": "",
            "sourceNumber": "INV000123", "supplierName": "Crown Conference Centre", "currency": "GBP",
            "gross": "120.00",
        },
        "isMemo": False,
        "mayExist": False,
        "differences": [],
        "possibleRepairs": ["retry", "markPosted", "void"],
        "impossibleRepairs": [],
    }  # fmt: skip
    assert {name: attempt[name] for name in ("number", "purpose", "trigger", "by", "outcome", "message")} == {
        "number": 1, "purpose": "send", "trigger": "automatic", "by": None, "outcome": "Rejected",
        "message": "Account 9999 is unknown.",
    }  # fmt: skip
    assert attempt["durationMs"] >= 0
    assert [(each["before"], each["after"], each["by"], each["why"]) for each in history] == [
        (None, "ready", "Intake", ""),
        ("ready", "sending", "Worker", ""),
        ("sending", "rejected", "Worker", "Account 9999 is unknown."),
    ]


def test_exchanges_are_shown_to_whoever_may_decide(program: Program) -> None:
    connection = DemoConnectionFactory.create(company=program.company)
    posting = in_state(connection, State.REJECTED)
    kept = posting.attempts.get().exchanges[0]
    (attempt,) = read(program.call("GET", f"postings/{posting.pk}"))["latestAttempts"]
    assert attempt["exchanges"] == [
        {
            "method": kept["method"], "url": kept["url"], "status": kept["status"], "failure": "", "durationMs": 34,
            "requestHeaders": kept["request_headers"], "requestBody": kept["request_body"],
            "responseHeaders": kept["response_headers"], "responseBody": kept["response_body"],
        }
    ]  # fmt: skip
    _, clear = issue(program.company.tenant, "Reader", [Scope.POSTINGS_READ], who="tests")
    response = Program(program.company, clear).call("GET", f"postings/{posting.pk}")
    assert read(response)["latestAttempts"][0]["exchanges"] is None
    assert kept["url"] not in response.content.decode()


@pytest.mark.parametrize("state", list(State))
def test_what_cannot_be_done_says_why(program: Program, state: State) -> None:
    posting = in_state(DemoConnectionFactory.create(company=program.company), state)
    told = read(program.call("GET", f"postings/{posting.pk}"))
    words = {each["action"] for each in told["impossibleRepairs"]}
    assert [*told["possibleRepairs"], *sorted(words)] == {
        State.REJECTED: ["retry", "markPosted", "void"],
        State.HELD: ["retry", "markPosted", "void"],
        State.WITHDRAWN: ["retry", "void", "markPosted"],
    }.get(state, ["markPosted", "retry", "void"])
    assert all(each["why"].endswith(".") for each in told["impossibleRepairs"])


def test_a_bug_keeps_its_name_to_itself(program: Program, there: Books) -> None:
    told = read(program.call("GET", f"postings/{unproven(there).pk}"))
    assert (told["errorClass"], told["latestAttempts"][0]["outcome"]) == ("Error", "Error")


def test_who_did_it_is_a_member_by_name_or_our_staff(program: Program, there: Books) -> None:
    member = MemberFactory.create(tenant=program.company.tenant).user
    first, second = refused(there), refused(there)
    retry(first, by=member, why="Mended.")
    run(first, there)
    void(second, by=StaffFactory.create(), why="Twice.")
    told = read(program.call("GET", f"postings/{first.pk}"))
    assert [(each["by"], each["askedBy"]) for each in told["history"]][-3:] == [
        (member.username, None), ("Worker", member.username), ("Worker", member.username),
    ]  # fmt: skip
    assert (told["latestAttempts"][1]["trigger"], told["latestAttempts"][1]["by"]) == ("manual", member.username)
    told = read(program.call("GET", f"postings/{second.pk}"))
    assert (told["history"][-1]["by"], told["history"][-1]["why"]) == ("Staff", "Twice.")


# --- retry -----------------------------------------------------------------------------------------------------------


def test_a_refused_document_is_mended_retried_and_booked(
    program: Program, books: Connection, bell: list[int], django_capture_on_commit_callbacks: Commit
) -> None:
    posting = accepted(books, a_document(lines=(a_line(account_code=None),))).posting
    assert read(program.call("GET", f"postings/{posting.pk}"))["possibleRepairs"] == ["retry", "void"]
    save_rules(books, defaults(account="7502"), who="tests")
    with django_capture_on_commit_callbacks(execute=True):
        response = program.call("POST", f"postings/{posting.pk}/retry", {"reason": WHY})
        assert bell == []
    assert (response.status_code, read(response)["state"], bell) == (200, "ready", [posting.pk])
    work.run(posting.pk)
    told = read(program.call("GET", f"postings/{posting.pk}"))
    assert (told["state"], told["number"], told["errorClass"]) == ("posted", "JNL-000001", None)
    assert [(each["by"], each["askedBy"], each["why"]) for each in told["history"]][-2:] == [
        (token(program), None, WHY), ("Worker", None, ""),
    ]  # fmt: skip


def test_the_token_is_recorded_and_no_person(program: Program, there: Books) -> None:
    posting = refused(there)
    assert program.call("POST", f"postings/{posting.pk}/retry", {"reason": WHY}).status_code == 200
    step = posting.transitions.get(before="rejected")
    assert (step.after, step.user, step.why) == ("ready", None, f"{token(program)}: {WHY}")
    event = AuditEvent.objects.get(verb="posting.retried")
    assert (event.who, event.message) == (token(program), f"P-000001 was made due again: {WHY}")
    assert (event.tenant_id, event.company_id) == (program.company.tenant_id, program.company.pk)
    run(posting, there)
    assert (posting.state, posting.asked_by, {each.user for each in posting.attempts.all()}) == ("posted", None, {None})
    assert not posting.transitions.exclude(user=None).exists()


def test_one_that_may_be_there_is_looked_up_first(program: Program, there: Books) -> None:
    posting = unproven(there)
    told = read(program.call("POST", f"postings/{posting.pk}/retry", {"reason": "It looks booked."}))
    assert (told["state"], told["mayExist"]) == ("held", True)
    run(posting, there)
    assert (posting.state, there.count(), len(there.sent_keys), there.lookups) == ("posted", 1, 1, 1)
    history = read(program.call("GET", f"postings/{posting.pk}"))["history"]
    assert [(each["after"], each["by"], each["why"]) for each in history][-2:] == [
        ("checking", token(program), "It looks booked."), ("posted", "Worker", "Found by lookup."),
    ]  # fmt: skip


def test_the_same_request_twice_is_carried_out_once(program: Program, there: Books) -> None:
    posting = refused(there)
    first = program.call("POST", f"postings/{posting.pk}/retry", {"reason": WHY}, idempotency_key="once")
    run(posting, there)
    again = program.call("POST", f"postings/{posting.pk}/retry", {"reason": WHY}, idempotency_key="once")
    assert (again.status_code, again.headers["Idempotent-Replay"], again.content) == (200, "true", first.content)
    assert AuditEvent.objects.filter(verb="posting.retried").count() == 1


@pytest.mark.parametrize("state", sorted(set(State) - {State.REJECTED, State.HELD, State.WITHDRAWN}))
def test_a_state_that_does_not_allow_it_is_a_conflict(program: Program, state: State) -> None:
    posting = in_state(DemoConnectionFactory.create(company=program.company), state)
    for path, body, verb in (
        ("retry", {}, "retry"),
        ("resolve", {"action": "void"}, "void"),
        ("resolve", {"action": "markPosted", "number": "1"}, "mark posted"),
    ):
        response = program.call("POST", f"postings/{posting.pk}/{path}", {"reason": WHY, **body})
        sentence = f"P-000001 is {state}: there is nothing to {verb}."
        assert (response.status_code, read(response)) == (409, error(409, sentence))


def test_what_a_closed_company_has_left_is_settled_and_not_sent(program: Program, there: Books) -> None:
    first, second = refused(there), refused(there)
    Company.objects.update(closed_at=timezone.now())
    told = read(program.call("GET", f"postings/{first.pk}"))
    assert told["possibleRepairs"] == ["markPosted", "void"]
    assert told["impossibleRepairs"] == [{"action": "retry", "why": CLOSED}]
    response = program.call("POST", f"postings/{first.pk}/retry", {"reason": WHY})
    assert (response.status_code, read(response)) == (409, error(409, CLOSED))
    assert read(resolve(program, first, action="void"))["state"] == "void"
    assert read(resolve(program, second, action="markPosted", number="4711"))["state"] == "posted"


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("retry", {}, "reason", "It is missing."),
        ("retry", {"reason": " "}, "reason", None),
        ("retry", {"reason": "x" * 501}, "reason", None),
        ("retry", {"reason": WHY, "user": "sam"}, "user", "There is no member of this name."),
        ("resolve", {"reason": WHY}, "action", "It is missing."),
        ("resolve", {"reason": WHY, "action": "retry"}, "action", "It must be one of markPosted, void."),
        ("resolve", {"reason": WHY, "action": "markPosted"}, "number", "It is missing."),
        ("resolve", {"reason": WHY, "action": "void", "number": "1"}, "number", "It belongs to markPosted alone."),
        ("resolve", {"reason": WHY, "action": "void", "evenUnverified": False}, "evenUnverified",
         "It belongs to markPosted alone."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request_is_named(
    program: Program, there: Books, path: str, body: object, field: str, message: str | None
) -> None:
    posting = refused(there)
    response = program.call("POST", f"postings/{posting.pk}/{path}", body)
    told = read(response)
    assert (response.status_code, told["error"], [each["field"] for each in told["details"]]) == (400, WRONG, [field])
    assert message in (None, told["details"][0]["message"])
    posting.refresh_from_db()
    assert posting.state == "rejected"


# --- resolve ---------------------------------------------------------------------------------------------------------


def test_it_is_voided_with_its_reason(program: Program, there: Books) -> None:
    posting = refused(there)
    told = read(resolve(program, posting, action="void"))
    assert (told["state"], told["reason"], told["possibleRepairs"]) == ("void", WHY, [])
    assert (told["history"][-1]["by"], told["history"][-1]["why"]) == (token(program), WHY)
    assert AuditEvent.objects.get(verb="posting.voided").who == token(program)


def test_a_number_is_verified_where_the_system_can_be_searched(program: Program, there: Books) -> None:
    posting = unproven(there)
    other = resolve(program, posting, action="markPosted", number="4711")
    sentence = "The accounting system holds this document as FAKE-1, not 4711. Use that number."
    assert (other.status_code, read(other)) == (400, error(400, WRONG, ("number", sentence)))
    told = read(resolve(program, posting, action="markPosted", number="FAKE-1"))
    assert (told["state"], told["number"], told["externalId"]) == ("posted", "FAKE-1", "1")
    verified = "Verified: the accounting system holds it as FAKE-1."
    assert (told["history"][-1]["by"], told["history"][-1]["why"]) == (token(program), f"{WHY} ({verified})")
    assert AuditEvent.objects.get(verb="posting.marked_posted").who == token(program)


def test_a_system_that_does_not_answer_proves_nothing(program: Program, there: Books) -> None:
    posting = refused(there)
    there.at_lookup = raising(Retryable("It is down."))
    away = resolve(program, posting, action="markPosted", number="4711")
    sentence = "It could not be verified by lookup: It is down."
    assert (away.status_code, away.headers["Retry-After"], read(away)) == (503, "30", error(503, sentence))
    posting.refresh_from_db()
    assert posting.state == "rejected"
    told = read(resolve(program, posting, action="markPosted", number="4711", evenUnverified=True))
    assert (told["state"], told["number"], told["externalId"]) == ("posted", "4711", "marked:4711")


def test_a_number_is_used_once(program: Program, there: Books) -> None:
    first, second = refused(there), refused(there)
    assert resolve(program, first, action="markPosted", number="4711").status_code == 200
    again = resolve(program, second, action="markPosted", number="4711")
    sentence = "Another document of this kind is marked as 4711 already. Check which of the two it is."
    assert (again.status_code, read(again)) == (400, error(400, WRONG, ("number", sentence)))
    second.refresh_from_db()
    assert second.state == "rejected"


def test_the_built_in_ledger_knows_what_it_booked(program: Program, books: Connection) -> None:
    posting = accepted(books, a_document(lines=(a_line(account_code="9999"),))).posting
    response = resolve(program, posting, action="markPosted", number="1")
    sentence = "The built-in ledger knows what it booked. Retry instead."
    assert (response.status_code, read(response)) == (409, error(409, sentence))
