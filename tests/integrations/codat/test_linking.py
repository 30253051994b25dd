"""The way to Codat: a company and a connection over there, and the link that a person is sent to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from integrations.codat.addresses import redirect_url, with_state
from integrations.codat.client import guid
from integrations.codat.linking import depart, stripped
from integrations.errors import IntegrationError, KeyRefused, Misconfigured, Rejected, Retryable
from integrations.linking import Departure
from tests.integrations.codat.account import (
    COMPANY,
    IDS,
    LINK_URL,
    SHOW,
    asked,
    connection,
    link,
    refused,
)
from tests.scripted import ScriptedServer, json_answer

NOON = "2026-11-21T12:00:00+00:00"
BACK = "https://postroom.example/link/back/"
STATE = "s+t/a=t&e"
SEED = hashlib.sha256(STATE.encode()).hexdigest()
PROFILE = json_answer({"name": "Postroom", "redirectUrl": redirect_url(BACK), "whiteListUrls": []})
MADE = json_answer(connection("PendingAuth", linkUrl=f"{LINK_URL}-used"))
BY_LINK = f"{LINK_URL}&state=s%2Bt%2Fa%3Dt%26e"


def departure(url: str, **ids: str) -> Departure:
    """There, with the ids for the way back, which are kept whatever becomes of the visit."""
    return Departure(url=url, keep={**IDS, **ids}, told={**IDS, **ids, "departed_at": NOON})


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.codat.linking._now", lambda: NOON)


def test_the_first_visit_makes_a_company_and_a_connection() -> None:
    with ScriptedServer(PROFILE, json_answer({"id": COMPANY}), MADE, json_answer(connection("PendingAuth"))) as server:
        ours = replace(link(server, told={}), company_name="Café Toft «Stores» (UK) Ltd.")
        found = depart(ours, state=STATE, return_url=BACK)

        assert found == departure(BY_LINK)
        assert asked(server) == ["GET /profile", "POST /companies", "POST /companies/COMPANY/connections", SHOW]
        assert [one.json() for one in server.asked[1:3]] == [
            {"name": "Caf Toft Stores UK Ltd."},
            {"platformKey": "gbol"},
        ]
        assert [one.headers["idempotency-key"] for one in server.asked[1:3]] == [
            guid(f"company-{SEED}"),
            guid(f"connection-{SEED}"),
        ]


def test_a_company_without_a_name_that_codat_takes_gets_one_of_ours() -> None:
    with ScriptedServer(PROFILE, json_answer({"id": COMPANY}), MADE, json_answer(connection("PendingAuth"))) as server:
        depart(
            replace(link(server, told={}), company_name="\N{CJK UNIFIED IDEOGRAPH-682A}"), state="a", return_url=BACK
        )

        assert server.asked[1].json() == {"name": "Company of Postroom"}


def test_the_state_reaches_nobody_but_the_person() -> None:
    with ScriptedServer(PROFILE, json_answer({"id": COMPANY}), MADE, json_answer(connection("PendingAuth"))) as server:
        depart(link(server, told={}), state=STATE, return_url=BACK)

        assert [one for one in server.asked if STATE in f"{one.path}{one.headers}{one.body!r}"] == []


@pytest.mark.parametrize("status", ["PendingAuth", "Unlinked", "Deauthorized", "Linked"])
def test_a_later_visit_asks_for_a_fresh_link_of_the_same_connection(status: str) -> None:
    fresh = f"{LINK_URL}9"
    with ScriptedServer(PROFILE, json_answer(connection(status, linkUrl=fresh))) as server:
        found = depart(link(server), state="abc", return_url=BACK)

        assert found == departure(f"{fresh}&state=abc")
        assert asked(server) == ["GET /profile", SHOW]


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://link.example/start", "https://link.example/start?state=a%26b"),
        ("https://link.example/start?otp=1", "https://link.example/start?otp=1&state=a%26b"),
        ("https://link.example/start?otp=a%2Bb#top", "https://link.example/start?otp=a%2Bb&state=a%26b#top"),
    ],
)
def test_the_state_joins_whatever_the_link_has(url: str, there: str) -> None:
    assert with_state(url, "a&b", is_private=False) == there


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "javascript://x/%0aalert(1)", "https://", "/companies/1/start"]
)
@pytest.mark.parametrize("is_private", [True, False])
def test_nobody_is_sent_to_what_is_no_safe_address(url: str, is_private: bool) -> None:
    with pytest.raises(Retryable, match="no link to go to"):
        with_state(url, "abc", is_private=is_private)


def test_in_public_a_link_is_never_plain() -> None:
    with pytest.raises(Retryable, match="no link to go to"):
        with_state("http://link.example/start", "abc", is_private=False)


def test_a_connection_that_was_deleted_over_there_is_made_anew_in_the_same_company() -> None:
    script = PROFILE, refused(404), json_answer({"id": COMPANY}), MADE, json_answer(connection("PendingAuth"))
    with ScriptedServer(*script) as server:
        found = depart(link(server), state=STATE, return_url=BACK)

        assert found == departure(BY_LINK)
        assert asked(server)[1:] == [SHOW, "GET /companies/COMPANY", "POST /companies/COMPANY/connections", SHOW]


def test_a_company_that_was_deleted_over_there_is_made_anew() -> None:
    script = (
        PROFILE,
        refused(404),
        refused(404),
        json_answer({"id": "new"}),
        MADE,
        json_answer(connection("PendingAuth")),
    )
    with ScriptedServer(*script) as server:
        found = depart(link(server), state=STATE, return_url=BACK)

        assert found == departure(BY_LINK, company="new")


@pytest.mark.parametrize(("status", "unlinks"), [("Linked", True), ("Deauthorized", False)])
def test_another_platform_gets_another_connection_and_the_old_one_is_unlinked(status: str, unlinks: bool) -> None:
    row = connection("PendingAuth", id="second", integrationKey="qhyg")
    made = json_answer({**row, "linkUrl": ""})
    old = json_answer(connection(status))
    patched = [json_answer(connection("Unlinked"))] if unlinks else []
    with ScriptedServer(PROFILE, old, *patched, json_answer({"id": COMPANY}), made, json_answer(row)) as server:
        found = depart(link(server, platform=" QHYG "), state=STATE, return_url=BACK)

        assert found == departure(BY_LINK, connection="second")
        assert [one.json() for one in server.asked if one.body] == [
            *([{"status": "Unlinked"}] if unlinks else []),
            {"platformKey": "qhyg"},
        ]


@pytest.mark.parametrize("platform", ["", "QuickBooks", "gb", "gbol2", "g/ol"])
def test_a_platform_that_is_no_key_is_told_before_anything_is_asked(platform: str) -> None:
    with ScriptedServer() as server, pytest.raises(Misconfigured) as error:
        depart(link(server, platform=platform), state=STATE, return_url=BACK)

    assert error.value.field == "platform"


@pytest.mark.parametrize(
    "address",
    [None, "", BACK, f"{BACK}?state=fixed", "https://other.example/?state={state}", f"{BACK}?status={{state}}"],
)
def test_an_address_of_return_that_leads_elsewhere_is_told_with_the_right_one(address: str | None) -> None:
    with ScriptedServer(json_answer({"redirectUrl": address})) as server, pytest.raises(Misconfigured) as error:
        depart(link(server, told={}), state=STATE, return_url=BACK)

    assert (str(error.value), error.value.field) == (
        (
            "People would not find back from Codat. Enter this redirect URL in its portal: "
            "https://postroom.example/link/back/?state={state}&companyId={companyId}&connectionId={connectionId}"
            "&statusCode={statusCode}&errorMessage={errorMessage}"
        ),
        "base_url",
    )


@pytest.mark.parametrize("address", [f"{BACK}?a=1&state={{state}}", "https://{host}/link/back/?state={state}"])
def test_an_address_of_return_may_have_more_in_it(address: str) -> None:
    script = json_answer({"redirectUrl": address}), json_answer(connection())
    with ScriptedServer(*script) as server:
        assert depart(link(server), state="abc", return_url=BACK).keep == IDS


def test_a_platform_that_codat_does_not_have_is_told() -> None:
    script = PROFILE, json_answer({"id": COMPANY}), refused(400, "No integration with key zzzz")
    with ScriptedServer(*script) as server, pytest.raises(Rejected, match="No integration with key zzzz"):
        depart(link(server, told={}, platform="zzzz"), state=STATE, return_url=BACK)


@pytest.mark.parametrize(
    ("status", "error"), [(401, KeyRefused), (402, Rejected), (403, Misconfigured), (500, Retryable)]
)
def test_a_visit_that_cannot_begin_says_why_and_leaves_nothing_unknown(
    status: int, error: type[IntegrationError]
) -> None:
    with ScriptedServer(PROFILE, refused(status)) as server, pytest.raises(IntegrationError) as raised:
        depart(link(server, told={}), state=STATE, return_url=BACK)

    assert type(raised.value) is error


def test_a_company_without_an_id_is_none() -> None:
    with ScriptedServer(PROFILE, json_answer({"name": "x"})) as server, pytest.raises(Retryable):
        depart(link(server, told={}), state=STATE, return_url=BACK)


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Smith & Sons, Ltd. - 'Best' @ home?!", "Smith & Sons, Ltd. - 'Best' @ home?!"),
        ("Acme (UK) \N{EM DASH} Ltd", "Acme UK Ltd"),
        ("a\nb\tc", "a b c"),
        ("\N{CJK UNIFIED IDEOGRAPH-682A}", ""),
        ("x" * 200, "x" * 120),
    ],
)
def test_what_codat_would_strip_from_a_name_is_left_out(name: str, there: str) -> None:
    assert stripped(name) == there


def test_over_private_addresses_a_link_may_be_plain() -> None:
    row = connection(linkUrl="http://127.0.0.1:1/start")
    with ScriptedServer(PROFILE, json_answer(row)) as server:
        ours = link(server)
        assert depart(ours, state="abc", return_url=BACK).url == "http://127.0.0.1:1/start?state=abc"
    with pytest.raises(Misconfigured):
        depart(replace(ours, outbound=replace(ours.outbound, allow_private=False)), state="abc", return_url=BACK)
