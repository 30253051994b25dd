"""The next request to an endpoint, captured whole: whatever it is, once, and without a change to any answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, IntegrityError, close_old_connections, connection
from django.db.transaction import atomic
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.base import Answer
from portal.connections.models import AnswerPolicy, Endpoint
from portal.connections.tokens import issue_token, live_tokens, open_discovery, retire_token
from portal.events.models import AuditEvent
from portal.intake import capturing
from portal.intake.capturing import CannotCapture, arm, disarm, is_waiting, latest, masked, may_see
from portal.intake.models import Capture, Delivery
from portal.intake.refusals import RefusalCounter
from portal.intake.views import receiving
from portal.tenants.models import Role, Tenant
from tests.environment import database_kind
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    MemberFactory,
    SourceConnectionFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
    with_token,
)
from tests.intake.payloads import a_transaction, body

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
USUAL = "x-api-compleat-token"
NOT_RECOGNISED = b'{"ErrorCode":1,"ErrorMessage":"Secret token missing or not recognised."}'
# Beside the one that looks the endpoint up: none of these may run for an endpoint that nobody waits at.
OF_CAPTURES = "intake_capture"


@dataclass
class Caller:
    """Somebody who calls one endpoint."""

    endpoint: Endpoint
    token: str

    def call(self, method: str = "post", content: bytes = b"{}", headers: dict[str, str] | None = None) -> Any:
        client = Client(raise_request_exception=False)
        address = f"/webhooks/icompleat/{self.endpoint.pk}/"
        return client.generic(method.upper(), address, content, content_type="application/json", headers=headers)

    def send(self, content: bytes | None = None) -> Any:
        return self.call(content=body(a_transaction()) if content is None else content, headers={USUAL: self.token})


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is rung, and refused calls of one test are not written by the next."""
    monkeypatch.setattr(receiving, "refusals", RefusalCounter())
    monkeypatch.setattr(receiving, "ring", lambda *_: None)


@pytest.fixture
def caller() -> Caller:
    """An endpoint for all kinds of a company whose accounting system nobody calls."""
    company = CompanyFactory.create(name="Northgate Training Ltd")
    DemoConnectionFactory.create(company=company)
    endpoint, token = with_token(
        connection=SourceConnectionFactory.create(company=company), answer=AnswerPolicy.IMMEDIATE
    )
    return Caller(endpoint, token)


@pytest.fixture
def sam() -> User:
    user: User = StaffFactory.create(username="sam")
    return user


def told(capture: Capture) -> tuple[Any, ...]:
    """What a captured request left."""
    capture.refresh_from_db()
    body_kept = bytes(capture.body)
    return (capture.method, body_kept, capture.is_cut, capture.token_header, capture.answer_status)


class TestWhatIsTaken:
    def test_a_call_with_a_good_token_is_taken_with_its_delivery(self, caller: Caller, sam: User) -> None:
        content = body(a_transaction(Title="Venue hire"))
        before = caller.send().status_code
        capture = arm(caller.endpoint, user=sam)
        answer = caller.send(content)
        assert (before, answer.status_code, answer.json()) == (200, 200, {"JournalNumber": "P-000002"})
        assert told(capture) == ("POST", content, False, USUAL, 200)
        assert capture.delivery == Delivery.objects.latest("pk")
        assert [event.verb for event in AuditEvent.objects.order_by("pk") if "captur" in event.message] == [
            "endpoint.capture_armed",
            "endpoint.captured",
        ]

    def test_a_call_without_a_good_token_is_kept_in_the_capture_alone(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        answer = caller.call(content=b'{"hello": 1}', headers={USUAL: "somebody-elses-token"})
        assert (answer.status_code, answer.content) == (401, NOT_RECOGNISED)
        assert told(capture) == ("POST", b'{"hello": 1}', False, "", 401)
        assert (capture.delivery, Delivery.objects.count()) == (None, 0)

    def test_only_the_next_one_is_taken(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        caller.call(content=b"first")
        caller.call(content=b"second")
        caller.send()
        assert told(capture) == ("POST", b"first", False, "", 401)
        assert Capture.objects.count() == 1
        assert not is_waiting(capture, timezone.now())

    @pytest.mark.parametrize(
        ("method", "status"),
        [("get", 405), ("put", 405), ("patch", 405), ("delete", 405), ("options", 200), ("propfind", 405)],
    )
    def test_any_method_is_taken_and_answered_as_always(
        self, caller: Caller, sam: User, method: str, status: int
    ) -> None:
        before = caller.call(method, b"a body")
        capture = arm(caller.endpoint, user=sam)
        after = caller.call(method, b"a body", headers={USUAL: caller.token})
        assert (after.status_code, after.content) == (before.status_code, before.content)
        assert told(capture) == (method.upper(), b"a body", False, USUAL, status)

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00binary", b"<xml/>", b"not json"])
    def test_any_body_is_taken_as_it_came(self, caller: Caller, sam: User, content: bytes) -> None:
        capture = arm(caller.endpoint, user=sam)
        assert caller.send(content).status_code == 400
        assert told(capture) == ("POST", content, False, USUAL, 400)

    def test_of_a_body_that_is_too_large_its_beginning_is_taken(self, caller: Caller, sam: User, settings: Any) -> None:
        settings.WEBHOOK_MAX_BYTES = 1000
        capture = arm(caller.endpoint, user=sam)
        answer = caller.send(b"x" * 2500)
        assert answer.status_code == 413
        assert told(capture) == ("POST", b"x" * 1000, True, USUAL, 413)

    def test_header_values_are_masked_but_for_a_few(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        caller.call(
            content=b"{}", headers={USUAL: caller.token, "accept": "*/*", "user-agent": "Sender/1", "x-hint": "a"}
        )
        capture.refresh_from_db()
        assert capture.headers == {
            "accept": "*/*",
            "content-length": "2",
            "content-type": "application/json",
            "cookie": "***",
            USUAL: "***",
            "user-agent": "Sender/1",
            "x-hint": "***",
        }
        assert masked({"host": "a" * 600, "b": "c"}) == {"host": "a" * 500, "b": "***"}

    def test_of_several_at_once_exactly_one_is_taken(self, caller: Caller, sam: User) -> None:
        first = arm(caller.endpoint, user=sam)
        call = capturing.Call("POST", {}, b"one")
        assert [capturing.take(first.pk, call), capturing.take(first.pk, capturing.Call("PUT", {}, b"two"))] == [
            True,
            False,
        ]
        assert told(first)[:2] == ("POST", b"one")


@pytest.mark.django_db(transaction=True)
def test_twenty_callers_at_once_and_one_capture(caller: Caller, sam: User) -> None:
    capture = arm(caller.endpoint, user=sam)
    start, answers = threading.Barrier(20), list[int]()

    def call(number: int) -> None:
        start.wait(10)
        answers.append(caller.call(content=str(number).encode()).status_code)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [401] * 20
    assert AuditEvent.objects.filter(verb="endpoint.captured").count() == 1
    assert told(capture)[1] in [str(number).encode() for number in range(20)]


class TestWhereTheTokenWas:
    def test_a_token_in_a_header_that_is_not_looked_at_is_named(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        assert caller.call(headers={"x-vendors-own-idea": f"Bearer {caller.token}"}).status_code == 401
        assert told(capture)[3:] == ("x-vendors-own-idea", 401)

    def test_a_retired_token_is_no_token(self, caller: Caller, sam: User) -> None:
        issue_token(caller.endpoint, who="tests")
        retire_token(live_tokens(caller.endpoint, timezone.now())[0], who="tests")
        capture = arm(caller.endpoint, user=sam)
        caller.send()
        assert told(capture)[3:] == ("", 401)

    def test_with_discovery_open_the_first_contact_teaches_the_header_and_is_captured(
        self, caller: Caller, sam: User
    ) -> None:
        open_discovery(caller.endpoint, who="sam")
        capture = arm(caller.endpoint, user=sam)
        answer = caller.call(content=body(a_transaction()), headers={"x-vendors-own-idea": caller.token})
        assert answer.status_code == 200
        assert told(capture)[3:] == ("x-vendors-own-idea", 200)
        endpoint = Endpoint.objects.get(pk=caller.endpoint.pk)
        assert (endpoint.token_header_names[0], endpoint.discovery_until) == ("x-vendors-own-idea", None)
        assert (
            caller.call(content=body(a_transaction()), headers={"x-vendors-own-idea": caller.token}).status_code == 200
        )


class TestWhatIsNotTaken:
    def test_after_its_time(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam, minutes=5)
        with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
            caller.send()
            caller.call("get")
            assert not is_waiting(capture, timezone.now())
        assert told(capture)[0] == ""

    def test_after_it_was_disarmed(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        assert [disarm(caller.endpoint, user=sam), disarm(caller.endpoint, user=sam)] == [True, False]
        caller.send()
        assert told(capture)[0] == ""

    def test_what_comes_to_another_endpoint_or_by_another_sources_address(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        other, token = with_token(connection=caller.endpoint.connection)
        Caller(other, token).send()
        Client().get(f"/webhooks/nobody/{caller.endpoint.pk}/")
        assert told(capture)[0] == ""

    def test_what_comes_too_often(self, caller: Caller, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
        capture = arm(caller.endpoint, user=sam)
        monkeypatch.setattr(receiving, "refused_as_too_often", lambda *_: receiving._respond(Answer(429, {})))
        assert [caller.send().status_code, caller.call("get").status_code] == [429, 405]
        assert told(capture)[0] == ""

    def test_what_comes_to_a_closed_endpoint(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        Endpoint.objects.update(is_active=False)
        assert [caller.send().status_code, caller.call("get").status_code] == [401, 405]
        assert told(capture)[0] == ""


class TestTheCost:
    @pytest.mark.parametrize("is_known", [True, False])
    def test_nobody_waits_so_nothing_more_is_asked(self, caller: Caller, is_known: bool) -> None:
        for _ in range(2):
            caller.send()
        caller.token = caller.token if is_known else "not-a-token-of-anybody"
        with CaptureQueriesContext(connection) as asked:
            assert caller.send().status_code == (200 if is_known else 401)
        of_captures = [text for query in asked if OF_CAPTURES in (text := str(query["sql"]))]
        if database_kind() == "postgres":  # kept statements have no text here; test_arriving.py counts them
            assert of_captures == []
        else:
            assert len(of_captures) == 1
            assert "connections_endpoint" in of_captures[0]

    def test_a_capture_that_cannot_be_written_changes_no_answer(
        self, caller: Caller, sam: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> str:
            raise DatabaseError("the disk is full")

        capture = arm(caller.endpoint, user=sam)
        monkeypatch.setattr(capturing, "_token_header", broken)
        assert caller.send().status_code == 200
        assert told(capture)[0] == ""


class TestArming:
    def test_again_it_waits_on_in_the_same_row(self, caller: Caller, sam: User) -> None:
        first = arm(caller.endpoint, user=sam, minutes=5)
        second = arm(caller.endpoint, user=None, minutes=50)
        assert (first.pk, second.armed_by) == (second.pk, None)
        assert second.armed_until > first.armed_until + timedelta(minutes=44)

    def test_after_its_time_it_is_a_new_row_and_the_old_one_is_closed(self, caller: Caller, sam: User) -> None:
        old = arm(caller.endpoint, user=sam, minutes=1)
        with time_machine.travel(timezone.now() + timedelta(minutes=2)):
            new = arm(caller.endpoint, user=sam)
            old.refresh_from_db()
            assert (old.disarmed_at is not None, new.pk > old.pk) == (True, True)
            assert latest(caller.endpoint) == new

    def test_at_most_one_is_open(self, caller: Caller, sam: User) -> None:
        capture = arm(caller.endpoint, user=sam)
        times = {"armed_at": timezone.now(), "armed_until": timezone.now()}
        with pytest.raises(IntegrityError), atomic():
            Capture.objects.create(endpoint=caller.endpoint, **times)
        capturing.take(capture.pk, capturing.Call("POST", {}, b""))
        Capture.objects.create(endpoint=caller.endpoint, **times)

    @pytest.mark.parametrize("minutes", [0, -1, 1441])
    def test_for_a_minute_to_a_day(self, caller: Caller, sam: User, minutes: int) -> None:
        with pytest.raises(CannotCapture, match=f"1 to 1,440 minutes, not {minutes}"):
            arm(caller.endpoint, user=sam, minutes=minutes)

    def test_not_at_a_closed_endpoint(self, caller: Caller, sam: User) -> None:
        caller.endpoint.is_active = False
        with pytest.raises(CannotCapture, match="is closed"):
            arm(caller.endpoint, user=sam)


def some_staff(tenant: Tenant) -> Any:
    return UserFactory.create(is_staff=True)


def staff_with_the_right(tenant: Tenant) -> Any:
    user = some_staff(tenant)
    user.user_permissions.add(Permission.objects.get(codename="view_capture"))
    return User.objects.get(pk=user.pk)


def owner(tenant: Tenant) -> Any:
    return MemberFactory.create(tenant=tenant, role=Role.OWNER).user


def operator(tenant: Tenant) -> Any:
    return MemberFactory.create(tenant=tenant, role=Role.OPERATOR).user


def owner_elsewhere(tenant: Tenant) -> Any:
    return owner(TenantFactory.create(name=f"Not {tenant.name}"))


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (staff_with_the_right, True),
        (owner, True),
        (some_staff, False),
        (operator, False),
        (owner_elsewhere, False),
    ],
)
def test_staff_with_the_right_and_the_companys_owners_may_see_it(
    caller: Caller, who: Callable[[Tenant], Any], may: bool
) -> None:
    assert may_see(who(caller.endpoint.connection.company.tenant), caller.endpoint) is may
