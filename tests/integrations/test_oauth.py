"""The OAuth2 dance against a scripted server: what is sent, what is understood, and what is never told."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable, Unauthorised
from integrations.linking import Token
from integrations.oauth import (
    VERIFIER,
    Application,
    Fresh,
    authorise_url,
    client_credentials,
    exchange,
    is_good,
    refresh,
)
from integrations.previewing import HeldBack
from tests.outgoing import Calls, closed_port
from tests.scripted import Answer, ScriptedServer, answer, cut_short, hang, json_answer

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SECRET = "client s3cret/+"
BACK = "https://portal.example/link/back/"
OLD = Token(access="old-access-1", refresh="old-refresh-1", expires_at=NOW)
GIVEN = {"access_token": "new-access-2", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "new-refresh-2"}


def app(url: str = "https://id.example", **members: Any) -> Application:
    """Our application at a server."""
    known = {
        "client_id": "postroom", "client_secret": SECRET, "token_url": f"{url}/oauth2/token",
        "authorize_url": f"{url}/authorize?region=uk", "scope": "books offline",
    }  # fmt: skip
    return Application(**{**known, **members})


def test_a_person_is_sent_away_with_a_challenge_whose_verifier_stays_here() -> None:
    departure = authorise_url(app(), state="st-1", return_url=BACK, prompt="consent")
    parts, verifier = urlsplit(departure.url), departure.keep[VERIFIER]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://id.example/authorize"
    assert parse_qs(parts.query) == {
        "region": ["uk"],
        "response_type": ["code"],
        "client_id": ["postroom"],
        "redirect_uri": [BACK],
        "scope": ["books offline"],
        "state": ["st-1"],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
        "prompt": ["consent"],
    }
    assert (list(departure.keep), len(verifier)) == ([VERIFIER], 64)
    assert authorise_url(app(), state="st-1", return_url=BACK).keep != departure.keep


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "id.example/authorize"])
def test_nobody_is_sent_to_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        authorise_url(app(authorize_url=url), state="st-1", return_url=BACK)
    assert caught.value.field == "authorize_url"


def test_a_code_becomes_a_token(calls: Calls) -> None:
    with time_machine.travel(NOW, tick=False), ScriptedServer(json_answer(GIVEN)) as server:
        token = exchange(app(server.url), calls.outbound(), code="c-0de", verifier="v-1", return_url=BACK)
    assert token == Token(access="new-access-2", refresh="new-refresh-2", expires_at=NOW + timedelta(hours=1))
    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/oauth2/token")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"], "code": ["c-0de"], "redirect_uri": [BACK], "code_verifier": ["v-1"],
    }  # fmt: skip
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"postroom:{SECRET}".encode()).decode()
    assert calls.checks == 0  # nothing is written


def test_without_a_code_nobody_is_asked(calls: Calls) -> None:
    with ScriptedServer() as server, pytest.raises(Rejected, match="no code"):
        exchange(app(server.url), calls.outbound(), code="", verifier="v-1", return_url=BACK)


@pytest.mark.parametrize(
    "secret,in_body,sent",
    [
        (SECRET, True, {"client_id": ["postroom"], "client_secret": [SECRET]}),
        ("", False, {"client_id": ["postroom"]}),
    ],
)
def test_the_application_may_say_who_it_is_in_the_form(
    calls: Calls, secret: str, in_body: bool, sent: dict[str, list[str]]
) -> None:
    with ScriptedServer(json_answer(GIVEN)) as server:
        client_credentials(app(server.url, client_secret=secret, in_body=in_body), calls.outbound())
    assert parse_qs(server.asked[0].body.decode()) == {
        "grant_type": ["client_credentials"], "scope": ["books offline"], **sent,
    }  # fmt: skip
    assert "authorization" not in server.asked[0].headers


def test_a_refresh_keeps_the_old_refresh_token_where_no_new_one_comes(calls: Calls) -> None:
    bare = {"access_token": "new-access-2", "token_type": "bearer"}
    with ScriptedServer(json_answer(GIVEN), json_answer(bare)) as server:
        rotated = refresh(app(server.url), calls.outbound(), OLD)
        kept = refresh(app(server.url), calls.outbound(), OLD)
    assert (rotated.access, rotated.refresh) == ("new-access-2", "new-refresh-2")
    assert kept == Token(access="new-access-2", refresh="old-refresh-1", expires_at=None)
    assert parse_qs(server.asked[0].body.decode()) == {
        "grant_type": ["refresh_token"], "refresh_token": ["old-refresh-1"],
    }  # fmt: skip


def test_without_a_refresh_token_there_is_nothing_to_renew_with(calls: Calls) -> None:
    with ScriptedServer() as server, pytest.raises(Unauthorised, match="Link the connection again"):
        refresh(app(server.url), calls.outbound(), replace(OLD, refresh=""))


@pytest.mark.parametrize(
    "told,seconds",
    [("3600", 3600), (" 60 ", 60), (0, 0), (-5, 0), (10**30, 315_360_000), (None, None), (True, None), ("soon", None)],
)
def test_the_life_of_a_token_is_what_the_server_says(calls: Calls, told: object, seconds: int | None) -> None:
    with time_machine.travel(NOW, tick=False), ScriptedServer(json_answer({**GIVEN, "expires_in": told})) as server:
        token = client_credentials(app(server.url), calls.outbound())
    assert token.expires_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


def refused(word: str, status: int = 400, **members: str) -> Answer:
    """A refusal as RFC 6749 words it."""
    return json_answer({"error": word, **members}, status=status)


@pytest.mark.parametrize(
    "played,kind,field,message",
    [
        (refused("invalid_grant"), Unauthorised, "", "gives no access: invalid_grant. Link the connection again."),
        (refused("invalid_client", 401), Unauthorised, "", "does not accept the credentials"),
        (refused("unauthorized_client", 403), Unauthorised, "", "unauthorized_client"),
        (refused("invalid_grant", 200), Unauthorised, "", "invalid_grant"),
        (refused("invalid_scope"), Misconfigured, "scope", "gives no access: invalid_scope. Check the settings"),
        (refused("unsupported_grant_type"), Misconfigured, "token_url", "unsupported_grant_type"),
        (refused("invalid_request", error_description="<b>No.</b>"), Misconfigured, "token_url", ": No. Check"),
        (refused("temporarily_unavailable"), Retryable, "", "It will be tried again."),
        (answer(status=404, body="<h1>No such page</h1>"), Misconfigured, "token_url", "gives no access: status 404"),
        (json_answer(["no"], status=400), Misconfigured, "token_url", "status 400"),
        (answer(status=302, headers={"Location": "/login"}), Misconfigured, "token_url", "redirects"),
        (answer(status=503), Retryable, "", "tried again"),
        (refused("invalid_grant", 500), Retryable, "", "tried again"),
        (answer(status=429, headers={"Retry-After": "7"}), Retryable, "", "asks to wait"),
        (cut_short(), Retryable, "", "tried again"),
        (answer(body="<html>Sign in</html>"), Retryable, "", "not JSON"),
        (json_answer({"token_type": "bearer"}), Retryable, "", "no access token"),
        (json_answer([GIVEN]), Retryable, "", "no token"),
    ],
)  # fmt: skip
def test_each_refusal_is_what_it_is(
    calls: Calls, played: Answer, kind: type[IntegrationError], field: str, message: str
) -> None:
    with ScriptedServer(played) as server, pytest.raises(IntegrationError) as caught:
        refresh(app(server.url), calls.outbound(), OLD)
    assert (type(caught.value), caught.value.field) == (kind, field)
    assert message in caught.value.message


def test_an_answer_that_takes_too_long_is_asked_for_again(calls: Calls) -> None:
    with ScriptedServer(hang()) as server, pytest.raises(Retryable, match="did not answer in time"):
        refresh(app(server.url), calls.outbound(seconds=0.3), OLD)


@pytest.mark.parametrize("url", ["", "not an address", "http://user:pass@127.0.0.1/token", "ftp://127.0.0.1/token"])
def test_an_address_that_is_none_names_its_field(calls: Calls, url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        client_credentials(app(token_url=url), calls.outbound())
    assert caught.value.field == "token_url"


def test_a_server_that_is_not_there_proves_that_nothing_happened(calls: Calls) -> None:
    with pytest.raises(Retryable, match="could not be reached"):
        client_credentials(app(f"http://127.0.0.1:{closed_port()}"), calls.outbound())


def test_a_secret_that_no_header_can_carry_is_refused_by_its_name(calls: Calls) -> None:
    with pytest.raises(Misconfigured) as caught:
        client_credentials(app(client_secret="пароль"), calls.outbound())
    assert caught.value.field == "client_secret"


def sent_every_way(calls: Calls, url: str, in_body: bool) -> None:
    """A code and a refresh token, one after the other."""
    known = app(url, in_body=in_body)
    exchange(known, calls.outbound(), code="c-0de", verifier="v-erifier-1", return_url=BACK)
    refresh(known, calls.outbound(), OLD)


@pytest.mark.parametrize("in_body", [False, True])
def test_no_secret_is_recorded_or_stands_in_an_address(calls: Calls, in_body: bool) -> None:
    with ScriptedServer(json_answer(GIVEN), json_answer(GIVEN)) as server:
        sent_every_way(calls, server.url, in_body)
    told = repr(calls.exchanges)
    for secret in (SECRET, "s3cret", "c-0de", "v-erifier-1", "old-refresh-1", "new-access-2", "new-refresh-2"):
        assert secret not in told
    assert [asked.path for asked in server.asked] == ["/oauth2/token"] * 2
    shown = {"access_token": "***", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "***"}
    assert [json.loads(one.response_body) for one in calls.exchanges] == [shown, shown]


def test_a_token_in_an_answer_that_is_no_json_is_not_recorded_either(calls: Calls) -> None:
    with ScriptedServer(answer(body="access_token=new-access-2")) as server, pytest.raises(Retryable):
        refresh(app(server.url), calls.outbound(), OLD)
    assert calls.exchanges[0].response_body == "***"


def test_a_server_that_repeats_the_secret_in_its_refusal_does_not_get_it_shown(calls: Calls) -> None:
    words = f"The token old-refresh-1 of {SECRET} is gone."
    script = ScriptedServer(refused("invalid_grant", error_description=words))
    with script as server, pytest.raises(Unauthorised) as caught:
        refresh(app(server.url), calls.outbound(), OLD)
    assert caught.value.message == "127.0.0.1 gives no access: The token *** of *** is gone. Link the connection again."
    assert "s3cret" not in repr(app())
    assert "old-refresh-1" not in repr(calls.exchanges)


def test_nothing_is_held_back_in_a_rehearsal_since_nothing_is_written(calls: Calls) -> None:
    with ScriptedServer(json_answer(GIVEN)) as server:
        held: list[HeldBack] = []
        terms = replace(calls.outbound(), hold_back=held.append)
        assert client_credentials(app(server.url), terms).access == "new-access-2"
    assert held == []


@pytest.mark.parametrize(
    "ends_in,lived,good",
    [(61, 3600, True), (60, 3600, False), (59, 3600, False), (21, 40, True), (20, 40, False), (-1, 0, False)],
)
def test_a_token_is_renewed_before_its_end(ends_in: int, lived: int, good: bool) -> None:
    ends_at = NOW + timedelta(seconds=ends_in)
    token = replace(OLD, expires_at=ends_at)
    assert is_good(token, now=NOW, obtained_at=ends_at - timedelta(seconds=lived)) is good


def numbered(life_seconds: float | None) -> Callable[[Token | None], Token]:
    """An `obtain` whose tokens say what they were made of."""

    def obtain(previous: Token | None) -> Token:
        ends = None if life_seconds is None else datetime.now(UTC) + timedelta(seconds=life_seconds)
        return Token(access=f"{previous.access if previous else ''}x", expires_at=ends)

    return obtain


def test_an_access_in_memory_asks_once_and_again_when_the_token_ends() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        access = Fresh(numbered(600))
        assert [access.token(), access.token()] == ["x", "x"]
        clock.shift(541)
        assert [access.token(), access.token()] == ["xx", "xx"]


def test_an_access_in_memory_renews_only_what_was_refused() -> None:
    access = Fresh(numbered(None))
    assert [access.token(), access.renewed("x"), access.renewed("x"), access.token()] == ["x", "xx", "xx", "xx"]
