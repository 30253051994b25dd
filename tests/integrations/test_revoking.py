"""A token is given back where the vendor takes it: what is sent, and what is no error."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.errors import IntegrationError, Misconfigured, Retryable, Unauthorised
from integrations.linking import Token
from integrations.oauth import Application, revoke
from tests.integrations.accountsiq.rest_script import link
from tests.outgoing import Calls
from tests.scripted import Answer, ScriptedServer, answer, json_answer

TOKEN = Token(access="an-access", refresh="a-refresh")
PAGE = "https://accountsiq.example/oauth2/authorize"


def app(url: str) -> Application:
    return Application(
        client_id="postroom", client_secret="s3cret", token_url=f"{url}/token", revoke_url=f"{url}/revoke"
    )


def test_the_refresh_token_goes_back_and_with_it_all_that_was_agreed() -> None:
    calls = Calls()
    with ScriptedServer(answer(), answer()) as there:
        revoke(app(there.url), calls.outbound(), TOKEN)
        revoke(app(there.url), calls.outbound(), replace(TOKEN, refresh=""))
    assert [(one.method, one.path) for one in there.asked] == [("POST", "/revoke")] * 2
    assert [parse_qs(one.body.decode()) for one in there.asked] == [
        {"token": ["a-refresh"], "token_type_hint": ["refresh_token"]},
        {"token": ["an-access"], "token_type_hint": ["access_token"]},
    ]
    assert "a-refresh" not in str(calls.exchanges)
    assert calls.checks == 0, "nothing is written into any books"


@pytest.mark.parametrize(
    ("played", "kind"),
    [
        (json_answer({"error": "invalid_client"}, status=401), Unauthorised),
        (json_answer({"error": "unsupported_token_type"}, status=400), Misconfigured),
        (answer(status=503), Retryable),
        (json_answer({}, status=404), Misconfigured),
    ],
)
def test_a_refusal_is_told(played: Answer, kind: type[IntegrationError]) -> None:
    with ScriptedServer(played) as there, pytest.raises(IntegrationError) as caught:
        revoke(app(there.url), Calls().outbound(), TOKEN)
    assert type(caught.value) is kind
    assert "a-refresh" not in caught.value.message


@pytest.mark.parametrize(
    ("settings", "can"),
    [
        ({"authorize_url": PAGE, "revoke_url": "https://accountsiq.example/oauth2/revoke"}, True),
        ({"authorize_url": PAGE, "revoke_url": " "}, False),
        ({"revoke_url": "https://accountsiq.example/oauth2/revoke"}, False),
        ({"transport": "soap20", "authorize_url": PAGE, "revoke_url": "https://accountsiq.example/revoke"}, False),
    ],
)
def test_accountsiq_is_told_where_somebody_agreed_and_there_is_an_address(
    settings: dict[str, str], *, can: bool
) -> None:
    assert AccountsIQ.can_unlink({"transport": "rest", **settings}) is can


def test_accountsiq_gets_back_what_was_given() -> None:
    with ScriptedServer(answer()) as there:
        connector = AccountsIQ(link(there.url, authorize_url=PAGE, revoke_url=f"{there.url}/oauth2/revoke"))
        connector.unlink(TOKEN)
        connector.unlink(None)
    assert [one.path for one in there.asked] == ["/oauth2/revoke"]
