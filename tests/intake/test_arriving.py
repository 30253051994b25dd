"""Who calls and what came, in one statement once a good token was seen: nothing less is asked than before.

Collected only where the run's database is PostgreSQL: elsewhere the two steps are always taken one after the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from portal import prepared
from portal.connections.models import AnswerPolicy, Connection, Endpoint
from portal.connections.services import pause
from portal.connections.tokens import issue_token, live_tokens, paste_token, retire_token
from portal.intake.arriving import REMEMBERED_AT_MOST, Memory, Seen, memory
from portal.intake.models import Delivery
from portal.intake.statements import FIND_AND_KEEP, FIND_ENDPOINT, TAKE_AND_ANSWER
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, with_token
from tests.intake.payloads import a_transaction, body

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
USUAL = "x-api-compleat-token"


@dataclass
class Caller:
    """One endpoint that has shown a good token already."""

    endpoint: Endpoint
    token: str

    def send(self, token: str | None = None, header: str = USUAL, content: bytes | None = None) -> Any:
        return Client().post(
            f"/webhooks/icompleat/{self.endpoint.pk}/",
            body(a_transaction(Id=str(uuid.uuid4()))) if content is None else content,
            content_type="application/json",
            headers={header: self.token if token is None else token},
        )

    def statements(self, **options: Any) -> list[tuple[str, dict[str, Any]]]:
        """The kept statements that are run for one more delivery, with their values."""
        ran: list[tuple[str, dict[str, Any]]] = []

        def run(statement: Any, values: dict[str, Any]) -> Any:
            ran.append((statement, values))
            return real(statement, values)

        real = prepared.run
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(prepared, "run", run)
            self.send(**options)
        return ran


@pytest.fixture
def caller() -> Caller:
    accounting: Connection = DemoConnectionFactory.create()
    pause(accounting, who="a test", why="Nobody is rung.")
    source = SourceConnectionFactory.create(company=accounting.company, external_company_id="northgate")
    endpoint, token = with_token(connection=source, answer=AnswerPolicy.IMMEDIATE)
    made = Caller(endpoint, token)
    for _ in range(2):  # the first makes the company's series of numbers
        assert made.send().status_code == 200
    return made


def retired(caller: Caller) -> None:
    for token in live_tokens(caller.endpoint, caller.endpoint.created_at):
        retire_token(token, who="a test")


def closed(caller: Caller) -> None:
    Endpoint.objects.filter(pk=caller.endpoint.pk).update(is_active=False)


def heard_elsewhere(caller: Caller) -> None:
    Endpoint.objects.filter(pk=caller.endpoint.pk).update(token_header_names=["x-another"])


def of_another_source(caller: Caller) -> None:
    Connection.objects.filter(pk=caller.endpoint.connection_id).update(integration="accessplanit")


def nothing(_: Caller) -> None:
    pass


if database_kind() == "postgres":

    def test_a_delivery_takes_two_statements(caller: Caller) -> None:
        assert [statement for statement, _ in caller.statements()] == [FIND_AND_KEEP, TAKE_AND_ANSWER]

    @pytest.mark.parametrize(
        ("change", "token"),
        [
            (retired, None),
            (closed, None),
            (heard_elsewhere, None),
            (of_another_source, None),
            (nothing, "not-a-token-of-anybody"),
            (nothing, ""),
        ],
    )
    def test_what_would_be_refused_is_refused(
        caller: Caller, change: Callable[[Caller], None], token: str | None
    ) -> None:
        change(caller)
        before = Delivery.objects.count()
        assert caller.send(token).status_code == 401
        assert Delivery.objects.count() == before

    def test_a_body_without_a_good_token_does_not_reach_the_database(caller: Caller) -> None:
        ((statement, values),) = caller.statements(token="not-a-token-of-anybody", content=b'{"marked": "by this"}')
        assert statement == FIND_ENDPOINT
        assert "body" not in values

    def test_a_new_token_is_learnt_and_the_old_one_goes_on(caller: Caller) -> None:
        new = issue_token(caller.endpoint, who="a test")
        for token in (new, caller.token, new, caller.token):
            assert caller.send(token).status_code == 200
        assert len(caller.statements()) == 2

    def test_another_header_is_learnt(caller: Caller) -> None:
        Endpoint.objects.filter(pk=caller.endpoint.pk).update(token_header_names=["X-Another", USUAL])
        assert caller.send(header="x-another").status_code == 200
        assert memory.of(caller.endpoint.pk) is not None
        assert len(caller.statements(header="x-another")) == 2

    def test_a_bearers_token_is_the_same_token(caller: Caller) -> None:
        assert len(caller.statements(token=f"Bearer {caller.token}")) == 2

    def test_another_endpoints_token_is_not_good_here(caller: Caller) -> None:
        other, _ = with_token(connection=caller.endpoint.connection)
        paste_token(other, "a-token-of-the-other-endpoint", who="a test")
        assert caller.send("a-token-of-the-other-endpoint").status_code == 401

    def test_what_has_changed_is_seen_at_once(caller: Caller) -> None:
        Connection.objects.filter(company=caller.endpoint.connection.company, side="accounting").update(
            status="unlinked"
        )
        answer = caller.send()
        assert answer.status_code == 400
        assert "No accounting system is linked" in answer.json()["ErrorMessage"]


def test_only_so_many_are_remembered() -> None:
    small, first = Memory(), uuid.uuid4()
    small.keep(first, Seen(USUAL, "digest"))
    for _ in range(REMEMBERED_AT_MOST):
        small.keep(uuid.uuid4(), Seen(USUAL, "digest"))
    assert small.of(first) is None
