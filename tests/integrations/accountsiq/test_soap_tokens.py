"""Getting into AccountsIQ over SOAP: tokens by the credentials, and by what was given before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.accountsiq.soap.transport import Soap20
from integrations.errors import IntegrationError, Misconfigured, Retryable, Unauthorised
from integrations.linking import Token
from tests.integrations.accountsiq.soap_script import (
    HEADERS,
    NAMESPACE,
    PATH,
    SECRET,
    bad,
    came,
    enveloped,
    good,
    link,
)
from tests.outgoing import Calls
from tests.scripted import Answer, ScriptedServer, answer, reset

FRESH = "<AccessToken>fresh-access</AccessToken><RefreshToken>fresh-refresh</RefreshToken>"
OLD = Token(access="old-access", refresh="old-refresh")
CREDENTIALS = f"<clientId>client-of-the-tests</clientId><clientSecret>{SECRET}</clientSecret>"
GET = enveloped("", f'<TokenGet xmlns="{NAMESPACE}">{CREDENTIALS}</TokenGet>')
REFRESH = enveloped(
    "", f'<TokenRefresh xmlns="{NAMESPACE}">{CREDENTIALS}<refreshToken>old-refresh</refreshToken></TokenRefresh>'
)


def refused(code: str, message: str = "Invalid client.", *, operation: str = "TokenGet") -> Answer:
    return bad(operation, code, message)


def obtained(*plays: Answer, previous: Token | None = None) -> tuple[Token, list[bytes]]:
    with ScriptedServer(*plays) as server:
        token = Soap20.obtain(link(server.url), previous)
    return token, [asked.body for asked in server.asked]


def test_the_first_token_comes_for_the_credentials() -> None:
    token, bodies = obtained(good("TokenGet", FRESH))
    assert token == Token(access="fresh-access", refresh="fresh-refresh", expires_at=None)
    assert bodies == [GET]


def test_the_request_is_the_one_of_the_samples() -> None:
    with ScriptedServer(good("TokenGet", FRESH)) as server:
        Soap20.obtain(link(server.url), None)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert asked.headers["content-type"] == "text/xml; charset=utf-8"
    assert asked.headers["soapaction"] == f"{NAMESPACE}TokenGet"


def test_the_next_one_comes_for_the_refresh_token() -> None:
    token, bodies = obtained(good("TokenRefresh", FRESH), previous=OLD)
    assert token == Token(access="fresh-access", refresh="fresh-refresh")
    assert bodies == [REFRESH]


@pytest.mark.parametrize("code", ["OAUTHCONFIGURATION_TOKEN_EXPIRED", "UNKNOWN", "OAUTHCONFIGURATION_INVALID_TOKEN"])
def test_a_refresh_token_that_is_used_up_is_left_behind(code: str) -> None:
    """The answer to an earlier refresh may have been lost; the credentials open the door just as well."""
    token, bodies = obtained(refused(code, operation="TokenRefresh"), good("TokenGet", FRESH), previous=OLD)
    assert token.access == "fresh-access"
    assert bodies == [REFRESH, GET]


def test_without_a_refresh_token_the_credentials_are_asked() -> None:
    assert obtained(good("TokenGet", FRESH), previous=replace(OLD, refresh=""))[1] == [GET]


def test_tokens_may_stand_beside_the_result() -> None:
    """The sample answers have them in both places."""
    inside = "<Status>Success</Status><ErrorCode>SUCCESS</ErrorCode>"
    assert obtained(answer(body=came("TokenGet", inside, FRESH), headers=HEADERS))[0].access == "fresh-access"


@pytest.mark.parametrize(
    "play,error,field",
    [
        (refused("OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED"), Unauthorised, ""),
        (refused("OAUTHCONFIGURATION_INVALID_TOKEN"), Unauthorised, ""),
        (refused("OAUTH_INTEGRATION_APPS_SOMETHING_ELSE"), Unauthorised, ""),
        (refused("OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY"), Misconfigured, "client_id"),
        (refused("OAUTH_INTEGRATION_APPS_CLIENTSECRET_IS_NULL_OR_EMPTY"), Misconfigured, "client_secret"),
        (refused("UNKNOWN"), Retryable, ""),
        (good("TokenGet", "<AccessToken/>"), Retryable, ""),
        (good("TokenGet"), Retryable, ""),
        (answer(status=401), Unauthorised, ""),
        (answer(status=500), Retryable, ""),
        (reset(), Retryable, ""),
    ],
)
def test_what_comes_of_a_refusal(play: Answer, error: type[IntegrationError], field: str) -> None:
    with ScriptedServer(play) as server, pytest.raises(IntegrationError) as caught:
        Soap20.obtain(link(server.url), None)
    assert (type(caught.value), caught.value.field) == (error, field)


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_credentials_that_are_missing_are_named(missing: str) -> None:
    whole = link("http://127.0.0.1:9")
    wrong = replace(
        whole,
        settings={name: value for name, value in whole.settings.items() if name != missing},
        secrets={name: value for name, value in whole.secrets.items() if name != missing},
    )
    with pytest.raises(Misconfigured) as caught:
        Soap20.obtain(wrong, None)
    assert caught.value.field == missing


def test_nothing_secret_is_recorded_or_said() -> None:
    calls = Calls()
    plays = [refused("UNKNOWN", f"Not {SECRET}", operation="TokenRefresh"), good("TokenGet", FRESH)]
    with ScriptedServer(*plays) as server:
        Soap20.obtain(link(server.url, outbound=calls.outbound()), OLD)
    told = repr(calls.exchanges)
    for secret in (SECRET, "fresh-access", "fresh-refresh", "old-refresh"):
        assert secret not in told
    assert "<AccessToken>***</AccessToken><RefreshToken>***</RefreshToken>" in calls.exchanges[1].response_body
    play = refused("OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED", f"Revoked for {SECRET}")
    with ScriptedServer(play) as server, pytest.raises(Unauthorised) as caught:
        Soap20.obtain(link(server.url), None)
    assert SECRET not in caught.value.message


def test_asking_for_a_token_is_no_write() -> None:
    calls = Calls()
    with ScriptedServer(good("TokenGet", FRESH)) as server:
        Soap20.obtain(link(server.url, outbound=calls.outbound()), None)
    assert calls.checks == 0
