"""Tokens: shown once, kept as digests, refused when they are revoked or have run out; and how often one may call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.transaction import atomic
from django.test import Client
from django.utils import timezone

from portal.api import rate
from portal.api.models import ApiToken, Scope
from portal.api.tokens import issue, live_token, revoke
from portal.connections.models import Connection
from portal.digests import digest
from portal.events.models import AuditEvent
from portal.tenants.models import Company
from tests.api.calling import Program, an_order, error, read
from tests.factories import TenantFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NEEDED = "A live API token is needed: send it as Authorization: Bearer, followed by the token."


def test_a_token_is_kept_as_a_digest_and_told_of(company: Company) -> None:
    user = UserFactory.create()
    token, clear = issue(company.tenant, "The shop", [Scope.PUSH_READ], who="sam", user=user)
    assert clear.startswith("pra_")
    assert len(clear) == 47
    stored = ApiToken.objects.values().get()
    assert (stored["digest"], stored["hint"], stored["scopes"], stored["created_by_id"]) == (
        digest(clear), clear[-4:], ["push:read"], user.pk,
    )  # fmt: skip
    assert clear not in str(stored)
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.message, event.tenant_id) == (
        "api_token.issued", "sam", f"The API token The shop (…{clear[-4:]}) was made.", company.tenant_id,
    )  # fmt: skip
    assert live_token(clear) == token


def test_a_name_is_free_again_when_its_token_is_revoked(company: Company) -> None:
    first, _ = issue(company.tenant, "The shop", [Scope.PUSH_READ], who="sam")
    issue(TenantFactory.create(), "The shop", [Scope.PUSH_READ], who="sam")
    with pytest.raises(IntegrityError), atomic():
        issue(company.tenant, "The shop", [Scope.PUSH_READ], who="sam")
    revoke(first, who="sam")
    revoke(first, who="sam")
    issue(company.tenant, "The shop", [Scope.PUSH_READ], who="sam")
    assert AuditEvent.objects.filter(verb="api_token.revoked").count() == 1


@pytest.mark.parametrize("scopes", [[], ["push:read", "push:read"], ["admin"], "push:read"])
def test_scopes_are_a_list_of_known_ones(company: Company, scopes: object) -> None:
    token = ApiToken(tenant=company.tenant, name="x", digest="0" * 64, hint="abcd", scopes=scopes)
    with pytest.raises(ValidationError):
        token.full_clean()


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Basic abc", "Bearer pra_wrong", "Bearer " + "pra_" * 100])
def test_without_a_good_token_every_answer_is_the_same(program: Program, given: str) -> None:
    headers = {"authorization": given} if given else {}
    response = Client().get(program.url(), headers={**headers, "x-request-id": "request-for-tests"})
    assert (response.status_code, read(response)) == (401, error(401, NEEDED))
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_and_one_that_has_run_out_are_refused(company: Company, source: Connection) -> None:
    token, clear = issue(
        company.tenant, "Short", list(Scope), who="sam", expires_at=timezone.now() + timedelta(hours=1)
    )
    program = Program(company, clear)
    assert program.get().status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        response = program.get()
        assert (response.status_code, read(response)) == (401, error(401, NEEDED))
    assert program.get().status_code == 200
    revoke(token, who="sam")
    response = program.get()
    assert (response.status_code, read(response)) == (401, error(401, NEEDED))


def test_a_token_may_do_only_what_its_scopes_say(company: Company, source: Connection) -> None:
    _, reading = issue(company.tenant, "Reads", [Scope.PUSH_READ], who="sam")
    _, writing = issue(company.tenant, "Writes", [Scope.PUSH_WRITE], who="sam")
    refused = Program(company, reading).post(an_order())
    sentence = "This token may not do that: it lacks the scope {}."
    assert (refused.status_code, read(refused)) == (403, error(403, sentence.format("push:write")))
    assert Program(company, writing).post(an_order()).status_code == 202
    for rest in ("", "/order-1"):
        refused = Program(company, writing).get(rest)
        assert (refused.status_code, read(refused)) == (403, error(403, sentence.format("push:read")))
        head = Client().head(Program(company, writing).url(rest), headers={"authorization": f"Bearer {writing}"})
        assert head.status_code == 403
    assert Program(company, reading).get("/order-1").status_code == 200


def test_when_it_was_used_last_is_written_once_a_minute(program: Program) -> None:
    def seen() -> datetime | None:
        program.get()
        return ApiToken.objects.get().last_used_at

    start = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        assert seen() == start
        clock.shift(59)
        assert seen() == start
        clock.shift(1)
        assert seen() == start + timedelta(minutes=1)


# --- how often -------------------------------------------------------------------------------------------------------


def test_the_61st_request_of_a_minute_is_told_when_to_come_again(program: Program) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 15, tzinfo=UTC), tick=False) as clock:
        assert {program.get().status_code for _ in range(60)} == {200}
        refused = program.get()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "46")
        sentence = "More than 60 requests in a minute. Ask again in 46 s; nothing was done."
        assert read(refused) == error(429, sentence)
        clock.shift(45)
        assert program.get().status_code == 429
        clock.shift(1)
        assert program.get().status_code == 200


def test_each_token_has_a_limit_of_its_own(program: Program, company: Company) -> None:
    _, clear = issue(company.tenant, "Another", [Scope.PUSH_READ], who="sam")
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 15, tzinfo=UTC), tick=False):
        assert [program.get().status_code for _ in range(61)][-1] == 429
        assert Program(company, clear).get().status_code == 200


@pytest.mark.parametrize("start", [0.0, 1.0, 29.5, 59.0])
def test_never_more_than_the_limit_and_the_wait_that_is_told_is_enough(start: float) -> None:
    now = [start]
    taken: list[float] = []
    for _ in range(400):
        if wait := rate.take(7, clock=lambda: now[0]).wait:
            now[0] += wait
            assert rate.take(7, clock=lambda: now[0]).wait == 0
        taken.append(now[0])
        now[0] += 0.05
    # The minute before counts as even, so that a burst at its end can come to somewhat more than the limit in between.
    assert max(sum(1 for at in taken if then - 60 < at <= then) for then in taken) <= 2 * rate.LIMIT
    assert len(taken) / (taken[-1] - taken[0]) <= rate.LIMIT / 60 * 1.25


def test_a_cache_that_is_away_turns_nobody_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def get(self, *_: object) -> int:
            raise ConnectionError("refused")

    monkeypatch.setattr(rate, "cache", Away())
    assert rate.take(7).wait == 0
