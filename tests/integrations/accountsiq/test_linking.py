"""How AccountsIQ is linked, by a form or by a visit, what each connection can do, and what its webhook is taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.rest.transport import Rest
from integrations.accountsiq.soap.transport import Soap20
from integrations.base import Link
from integrations.documents import Kind
from integrations.errors import Cancelled, IntegrationError, Misconfigured, Rejected, Unauthorised
from integrations.hearing import Hint
from integrations.linking import Token
from integrations.reference import RecordKind
from tests.integrations.accountsiq.rest_script import SECRET, link
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import Answer, ScriptedServer, answer, json_answer

BACK = "https://postroom.example/link/back/"
PAGE = "https://accountsiq.example/oauth2/authorize"
GIVEN = {"access_token": "an-access", "refresh_token": "a-refresh", "expires_in": 1200, "token_type": "Bearer"}
READS = frozenset(RecordKind) - {RecordKind.DELIVERY_SITE}


def visited(url: str, **settings: str) -> AccountsIQ:
    """A connection that a person authorises."""
    return AccountsIQ(link(url, authorize_url=PAGE, **settings))


def soap(**settings: str) -> dict[str, str]:
    return {"transport": "soap20", "region": "uk1", "company_ref": "NORTHGATE01", **settings}


# --- what a connection can do ----------------------------------------------------------------------------------------


def test_the_class_can_what_any_connection_can() -> None:
    can = AccountsIQ.can
    sold = {Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE}
    assert can.kinds == Rest.can.kinds | Soap20.can.kinds
    assert can.kinds == {Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER} | sold
    assert can.reads == READS
    assert can.attaches == {Kind.INVOICE, Kind.CREDIT_NOTE}
    assert (can.lookup, can.lookup_complete, can.lists, can.awaits, can.key_seconds) == (True, True, True, False, None)


@pytest.mark.parametrize(
    "settings,kinds,lists,complete",
    [
        ({}, 2, False, False),
        ({"lookup": "proven"}, 2, False, True),
        ({"lookup": "proven", "number_field": "supplier"}, 2, False, False),
        (soap(), 5, True, False),
        (soap(lookup="proven"), 5, True, True),
        (soap(lookup="proven", number_field="supplier"), 5, True, True),
    ],
)
def test_a_connection_can_what_its_interface_can(
    settings: Mapping[str, str], kinds: int, lists: bool, complete: bool
) -> None:
    can = AccountsIQ.can_for(settings, {})
    assert (len(can.kinds), can.lists, can.lookup_complete, bool(can.attaches)) == (kinds, lists, complete, lists)
    assert AccountsIQ(Link(settings=settings)).can == can


@pytest.mark.parametrize("kind", sorted(set(Kind) - Rest.can.kinds))
def test_what_the_interface_does_not_take_is_refused_before_anything_is_asked(kind: Kind) -> None:
    system = AccountsIQ(link("http://127.0.0.1:9"))
    for refused in (
        lambda: system.post(sample(kind), key=KEY, reference=REFERENCE),
        lambda: system.find(sample(kind), key=KEY),
    ):
        with pytest.raises(Rejected) as caught:
            refused()
        assert (caught.value.field, "over this interface" in caught.value.message) == ("kind", True)


def test_what_rest_cannot_is_nothing() -> None:
    system = AccountsIQ(link("http://127.0.0.1:9"))
    assert list(system.written_since(datetime(2026, 11, 20, tzinfo=UTC))) == []
    assert system.attached(Kind.INVOICE, "17") == ()
    assert list(system.records(RecordKind.DELIVERY_SITE)) == []


def test_an_interface_that_there_is_not_names_the_setting() -> None:
    with pytest.raises(Misconfigured) as caught:
        AccountsIQ(link("http://127.0.0.1:9", transport="soap11")).company()
    assert (caught.value.field, "soap11" in caught.value.message) == ("transport", True)


def test_the_limit_is_a_hundred_a_second_for_each_application() -> None:
    assert (AccountsIQ.limits.requests, AccountsIQ.limits.seconds, AccountsIQ.limit_by) == (100, 1.0, ("client_id",))


@pytest.mark.parametrize("environment,name", [("sandbox", "Northgate (sandbox)"), ("live", "Northgate")])
def test_the_company_of_a_sandbox_says_so(environment: str, name: str) -> None:
    company = {"ClientAccountEnquiryId": 1042, "ClientAccountName": "Northgate"}
    with ScriptedServer(json_answer(company)) as server:
        assert AccountsIQ(link(server.url, environment=environment)).company().name == name


# --- the visit -------------------------------------------------------------------------------------------------------


def test_a_form_is_enough_unless_there_is_a_page_to_agree_on() -> None:
    assert AccountsIQ.is_linked_by_visit({"authorize_url": PAGE})
    assert not AccountsIQ.is_linked_by_visit({"authorize_url": " "})
    assert not AccountsIQ.is_linked_by_visit(soap(authorize_url=PAGE))
    system = AccountsIQ(link("http://127.0.0.1:9"))
    for refused in (
        lambda: system.depart(state="s", return_url=BACK),
        lambda: system.arrive({"code": "c"}, keep={}, return_url=BACK),
    ):
        with pytest.raises(Rejected):
            refused()


def test_a_person_is_sent_to_the_page_with_a_challenge_and_back_with_a_token() -> None:
    with ScriptedServer(json_answer(GIVEN)) as server:
        system = visited(server.url, scope="books")
        departure = system.depart(state="a-state", return_url=BACK)
        arrival = system.arrive({"code": "a-code", "state": "a-state"}, keep=departure.keep, return_url=BACK)
    parts, asked = urlsplit(departure.url), parse_qs(server.asked[0].body.decode())
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == PAGE
    challenge = query.pop("code_challenge")
    assert query == {
        "client_id": "postroom-sandbox",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "books",
        "state": "a-state",
        "code_challenge_method": "S256",
    }
    (verifier,) = departure.keep.values()
    assert verifier not in departure.url
    assert len(challenge) == 43
    assert asked == {
        "grant_type": ["authorization_code"],
        "code": ["a-code"],
        "redirect_uri": [BACK],
        "code_verifier": [verifier],
    }
    assert server.asked[0].path == "/oauth2/token"
    assert arrival.token is not None
    assert (arrival.token.access, arrival.token.refresh, arrival.told) == ("an-access", "a-refresh", {})


@pytest.mark.parametrize(
    "query,error,says",
    [
        ({"error": "access_denied"}, Cancelled, "was not authorised"),
        ({"error": "server_error", "error_description": "It is down."}, Rejected, "It is down."),
        ({"error": "server_error", "error_description": "<html>boom</html>"}, Rejected, "it gave no reason"),
        ({}, Rejected, "no code"),
    ],
)
def test_a_visit_that_brings_nothing_back_is_told(
    query: Mapping[str, str], error: type[IntegrationError], says: str
) -> None:
    with pytest.raises(error) as caught:
        visited("http://127.0.0.1:9").arrive(query, keep={"verifier": "v"}, return_url=BACK)
    assert says in caught.value.message


# --- tokens ----------------------------------------------------------------------------------------------------------

OLD = Token(access="old", refresh="old-refresh", expires_at=datetime(2026, 11, 20, tzinfo=UTC))
GONE = json_answer({"error": "invalid_grant"}, status=400)


def obtained(previous: Token | None, *answers: Answer, **settings: str) -> tuple[Token, list[bytes]]:
    with ScriptedServer(*answers) as server:
        token = AccountsIQ(link(server.url, **settings)).obtain(previous)
    return token, [one.body for one in server.asked]


CREDENTIALS = b"grant_type=client_credentials"
REFRESH = b"grant_type=refresh_token&refresh_token=old-refresh"


@pytest.mark.parametrize(
    "previous,answers,settings,asked",
    [
        (None, [json_answer(GIVEN)], {}, [CREDENTIALS]),
        (replace(OLD, refresh=""), [json_answer(GIVEN)], {}, [CREDENTIALS]),
        (OLD, [json_answer(GIVEN)], {}, [REFRESH]),
        (OLD, [GONE, json_answer(GIVEN)], {}, [REFRESH, CREDENTIALS]),
        (OLD, [json_answer(GIVEN)], {"authorize_url": PAGE}, [REFRESH]),
    ],
)
def test_a_token_comes_by_what_there_is(
    previous: Token | None, answers: list[Answer], settings: dict[str, str], asked: list[bytes]
) -> None:
    token, bodies = obtained(previous, *answers, **settings)
    assert bodies == asked
    assert (token.access, token.refresh) == ("an-access", "a-refresh")
    assert token.expires_at is not None
    assert timedelta(minutes=15) < token.expires_at - datetime.now(UTC) <= timedelta(minutes=20)


@pytest.mark.parametrize(
    "previous,answers",
    [(None, []), (replace(OLD, refresh=""), []), (OLD, [GONE])],
)
def test_a_person_who_has_not_agreed_or_no_longer_does_is_asked_again(
    previous: Token | None, answers: list[Answer]
) -> None:
    """The application's own credentials must not step in for them."""
    with pytest.raises(Unauthorised):
        obtained(previous, *answers, authorize_url=PAGE)


def test_a_token_can_be_given_elsewhere() -> None:
    with ScriptedServer(json_answer(GIVEN)) as server:
        AccountsIQ(link("https://elsewhere.example", token_url=f"{server.url}/connect/token")).obtain(None)
    assert server.asked[0].path == "/connect/token"
    assert SECRET not in server.asked[0].path


def test_without_any_address_the_setting_is_named() -> None:
    with pytest.raises(Misconfigured) as caught:
        AccountsIQ(link("")).obtain(None)
    assert caught.value.field == "base_url"


def test_credentials_that_are_wrong_are_told_as_such() -> None:
    with pytest.raises(Unauthorised):
        obtained(None, json_answer({"error": "invalid_client"}, status=400))
    with pytest.raises(Unauthorised):
        obtained(None, answer(status=401))


# --- the webhook -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body,told",
    [
        (b'{"EventId": "e-1", "EventType": "supplier.changed"}', ("e-1", "supplier.changed")),
        (b'{"Id": 17, "Type": " <b>Contact</b>\\n "}', ("17", "Contact")),
        (b'{"id": "' + b"x" * 500 + b'"}', ("x" * 100, "a change")),
        (b'{"EventType": ""}', (None, "a change")),
        (b'{"Id": true, "Type": 5}', (None, "a change")),
        (b"<Event/>", (None, "a change")),
        (b"\xff\xfe", (None, "a change")),
        (b"[1]", (None, "a change")),
        (b"", (None, "a change")),
    ],
)
def test_whatever_a_webhook_says_only_hints_at_a_change(body: bytes, told: tuple[str | None, str]) -> None:
    heard = AccountsIQ(link("http://127.0.0.1:9")).hear({}, body)
    own, about = told
    assert heard.hints == (Hint(records=READS),)
    assert heard.about == about
    assert heard.id == own if own else len(heard.id) == 32


def test_messages_without_an_id_are_never_taken_for_the_same() -> None:
    system: Any = AccountsIQ(link("http://127.0.0.1:9"))
    assert system.hear({}, b"{}").id != system.hear({}, b"{}").id
