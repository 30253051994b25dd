"""OAuth at the stand-in: both grants, the person's two buttons, tokens that run out, rotate and are revoked."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.accountsiq.standin.tokens import CLIENT_ID
from tests.integrations.accountsiq.seen_books import SECRET, RestCaller, Served

BACK = "http://portal.example/arrive?x=1"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK, "scope": "accounts", "state": "s & t",
    "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip
CLIENT = {"client_id": CLIENT_ID, "client_secret": SECRET}


def visit(sandbox: Served, decision: str = "", **changes: str) -> requests.Response:
    """The page, or what comes of one of its buttons, with everything that the page carries along."""
    url = f"{sandbox.url}/oauth2/authorize"
    shown = requests.get(url, params={**ASKED, **changes}, allow_redirects=False, timeout=30)
    if not decision or shown.status_code != 200:
        return shown
    form = {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(shown.text)}
    return requests.post(url, data={**form, "decision": decision}, allow_redirects=False, timeout=30)


_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def brought(answer: requests.Response) -> dict[str, str]:
    """What a redirect brings back to the portal."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["Location"])
    assert parts._replace(query="").geturl() == "http://portal.example/arrive"
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def token(sandbox: Served, **form: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the token endpoint."""
    answer = requests.post(f"{sandbox.rest_url}/oauth2/token", data={**CLIENT, **form}, timeout=30)
    return answer.status_code, answer.json()


def agreed(sandbox: Served) -> dict[str, Any]:
    """The pair of a person who has agreed."""
    code = brought(visit(sandbox, "approve"))["code"]
    status, pair = token(sandbox, grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER)
    assert status == 200, pair
    return pair


def works(sandbox: Served, access: str) -> bool:
    """Whether a token opens the door."""
    return RestCaller(sandbox, access).call("GET", "/Departments/GetDepartments")[0] == 200


def test_client_credentials_give_a_token_without_a_refresh_token(sandbox: Served) -> None:
    status, pair = token(sandbox, grant_type="client_credentials", scope="accounts")
    assert (status, {name: pair[name] for name in pair if name != "access_token"}) == (
        200,
        {"token_type": "Bearer", "expires_in": 3600, "scope": "accounts"},
    )
    assert works(sandbox, pair["access_token"])


def test_the_client_may_prove_itself_by_basic(sandbox: Served) -> None:
    url, form = f"{sandbox.url}/oauth2/token", {"grant_type": "client_credentials"}
    assert requests.post(url, data=form, auth=(CLIENT_ID, SECRET), timeout=30).status_code == 200
    refused = requests.post(url, data=form, auth=(CLIENT_ID, "wrong"), timeout=30)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_person_sees_who_asks_and_for_what(sandbox: Served) -> None:
    shown = visit(sandbox)
    assert shown.status_code == 200
    assert CLIENT_ID in shown.text
    assert "Northgate Training Ltd" in shown.text
    assert re.findall(r"<button[^>]*>(\w+)</button>", shown.text) == ["Approve", "Cancel"]


def test_a_person_who_agrees_brings_a_code_that_is_good_once(sandbox: Served) -> None:
    told = brought(visit(sandbox, "approve"))
    assert (told.pop("x"), told.pop("state"), list(told)) == ("1", "s & t", ["code"])
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER, **told}
    status, pair = token(sandbox, **form)
    assert (status, pair["expires_in"]) == (200, 3600)
    assert works(sandbox, pair["access_token"])
    status, told_again = token(sandbox, **form)
    assert (status, told_again["error"]) == (400, "invalid_grant")
    assert not works(sandbox, pair["access_token"]), "a code that comes twice was stolen"


def test_a_person_who_says_no_brings_an_error(sandbox: Served) -> None:
    told = brought(visit(sandbox, "cancel"))
    assert (told["error"], told["state"]) == ("access_denied", "s & t")


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "w" * 64}, {"redirect_uri": "http://portal.example/other"}, {"code": "made up"}]
)
def test_a_code_is_good_for_its_own_visit_alone(sandbox: Served, wrong: dict[str, str]) -> None:
    code = brought(visit(sandbox, "approve"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    status, told = token(sandbox, **{**form, **wrong})
    assert (status, told["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("wrong", [{"client_id": "somebody"}, {"redirect_uri": "javascript:1"}])
def test_a_wrong_client_or_address_is_never_redirected(sandbox: Served, wrong: dict[str, str]) -> None:
    assert visit(sandbox, **wrong).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_is_told_to_the_application(sandbox: Served, wrong: dict[str, str], error: str) -> None:
    assert brought(visit(sandbox, **wrong))["error"] == error


def test_refresh_tokens_rotate_and_a_lost_answer_costs_nothing(sandbox: Served) -> None:
    first = agreed(sandbox)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    sandbox.options(lose_tokens=1)
    with pytest.raises(requests.ConnectionError):
        token(sandbox, **form)
    status, second = token(sandbox, **form)
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert works(sandbox, second["access_token"])
    status, told = token(sandbox, **form)
    assert (status, told["error"]) == (400, "invalid_grant"), "its heir is in use"


def test_with_strict_rotation_a_second_use_ends_the_grant(sandbox: Served) -> None:
    sandbox.options(strict_rotation=True)
    first = agreed(sandbox)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token(sandbox, **form)[1]
    assert works(sandbox, second["access_token"])
    assert token(sandbox, **form)[1]["error"] == "invalid_grant"
    assert not works(sandbox, second["access_token"])
    assert token(sandbox, grant_type="refresh_token", refresh_token=second["refresh_token"])[0] == 400


def test_tokens_run_out(sandbox: Served) -> None:
    pair = agreed(sandbox)
    assert sandbox.control("tokens/expire", door="soap") == {"expired": 0}
    assert works(sandbox, pair["access_token"])
    assert sandbox.control("tokens/expire") == {"expired": 1}
    assert not works(sandbox, pair["access_token"])
    fresh = token(sandbox, grant_type="refresh_token", refresh_token=pair["refresh_token"])[1]
    assert works(sandbox, fresh["access_token"])
    sandbox.options(rest_access_seconds=0)
    assert not works(sandbox, token(sandbox, grant_type="client_credentials")[1]["access_token"])


def test_a_grant_can_be_revoked_by_its_token(sandbox: Served) -> None:
    pair = agreed(sandbox)
    answer = requests.post(f"{sandbox.url}/oauth2/revoke", data={**CLIENT, "token": pair["refresh_token"]}, timeout=30)
    assert answer.status_code == 200
    assert not works(sandbox, pair["access_token"])
    assert token(sandbox, grant_type="refresh_token", refresh_token=pair["refresh_token"])[0] == 400


def test_a_revoked_application_gets_nothing_until_it_is_restored(sandbox: Served) -> None:
    pair = agreed(sandbox)
    sandbox.control("application/revoke")
    assert not works(sandbox, pair["access_token"])
    for form in (
        {"grant_type": "client_credentials"},
        {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
    ):
        status, told = token(sandbox, **form)
        assert (status, told["error"]) == (401, "invalid_client")
    assert visit(sandbox).status_code == 400
    sandbox.control("application/restore")
    assert works(sandbox, pair["access_token"])


def test_another_grant_is_not_supported(sandbox: Served) -> None:
    status, told = token(sandbox, grant_type="password")
    assert (status, told["error"]) == (400, "unsupported_grant_type")


def test_a_forgotten_refresh_token_is_a_final_refusal(sandbox: Served) -> None:
    pair = agreed(sandbox)
    assert sandbox.control("tokens/forget") == {"forgotten": 1}
    status, told = token(sandbox, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert (status, told["error"]) == (400, "invalid_grant")
