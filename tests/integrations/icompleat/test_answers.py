"""What each answer of the vendor's API stands for: refusals, rate limits in each form, lost keys; no secret is told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from integrations.base import Link
from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Misconfigured,
    Missing,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.http import Exchange, Outbound
from integrations.icompleat.answers import NoSuchCall, Refusal, Stale, Unexplained, UnknownCode
from integrations.icompleat.client import Client
from integrations.reference import RecordKind
from tests.integrations.icompleat.api import KEY, META, TRANSACTION, client, link, numbered, refused, told
from tests.scripted import Answer, ScriptedServer, answer, hang, json_answer, reset

HTML = {"Content-Type": "text/html"}
LIMIT = "Rate limit is exceeded. Try again in {} seconds."


def read(asking: Client) -> object:
    return asking.transaction(TRANSACTION)


def write(asking: Client) -> object:
    return asking.edit_transaction(TRANSACTION, {"Title": "T"}, stamp="s")


def error_of(reply: Answer, ask: Any = write) -> IntegrationError:
    with ScriptedServer(reply) as server, pytest.raises(IntegrationError) as caught:
        ask(client(server))
    return caught.value


# code, the error's class, its field
TYPED = [
    (2, Misconfigured, "company_id"),
    (3, Misconfigured, "raise_user_id"),
    (10, Missing, ""),
    (23, UnknownCode, "code"),
    (24, Misconfigured, "dimension"),
    (31, Stale, ""),
]


@pytest.mark.parametrize("ask", [read, write])
@pytest.mark.parametrize("code, error, field", TYPED)
def test_a_known_error_code_is_an_error_of_its_own(code: int, error: type[Rejected], field: str, ask: Any) -> None:
    raised = error_of(refused(code, "In the vendor's words."), ask)
    assert (type(raised), raised.field) == (error, field)


@pytest.mark.parametrize("code", [1, 20, 21, 22, 30, 32, 99])
def test_any_other_code_is_a_refusal_in_the_vendors_own_words(code: int) -> None:
    raised = error_of(refused(code, "Title   is\nmissing."))
    assert isinstance(raised, Refusal)
    assert (raised.code, raised.message) == (code, "Title is missing.")


def test_a_read_that_is_refused_means_that_the_connection_is_set_up_wrongly() -> None:
    raised = error_of(refused(1, "Version is missing."), read)
    assert (type(raised), raised.message) == (Misconfigured, "Version is missing.")


@pytest.mark.parametrize("code", ["ErrorCode", "Code", "errorCode", "code"])
@pytest.mark.parametrize("message", ["ErrorMessage", "Message", "message", "error"])
@pytest.mark.parametrize("number", [30, "30"])
def test_an_error_is_read_under_each_name_that_it_may_have(code: str, message: str, number: Any) -> None:
    raised = error_of(json_answer({code: number, message: "Not today."}, status=400))
    assert isinstance(raised, Refusal)
    assert (raised.code, raised.message) == (30, "Not today.")


@pytest.mark.parametrize(
    "body, message",
    [
        (
            {"Message": "The request is invalid.", "ModelState": {"Transaction.Title": ["is too long."]}},
            "The request is invalid. Transaction.Title: is too long.",
        ),
        ({"errors": {"Title": "is too long."}}, "Title: is too long."),
        ({"ErrorCode": 30}, "iCompleat refused the request (code 30) and gave no reason."),
        ({"Message": "<html><body>Oh</body></html>"}, "iCompleat refused the request (status 400) and gave no reason."),
    ],
)
def test_the_words_of_a_refusal_are_a_sentence(body: dict[str, Any], message: str) -> None:
    assert error_of(json_answer(body, status=400)).message == message


@pytest.mark.parametrize("status", [400, 403, 409, 415, 422])
@pytest.mark.parametrize("body", ["<html>Bad Request</html>", "", "{"])
def test_a_refusal_without_an_error_comes_from_what_stands_before_the_api(status: int, body: str) -> None:
    raised = error_of(answer(status=status, body=body, headers=HTML))
    assert (type(raised), raised.field) == (Unexplained, "base_url")


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("ask, field", [(read, "base_url"), (write, "paths")])
@pytest.mark.parametrize("body", ["<html></html>", '{"statusCode": 404, "message": "Resource not found"}'])
def test_an_unknown_address_names_the_setting_that_mends_it(status: int, ask: Any, field: str, body: str) -> None:
    kind = "application/json" if body.startswith("{") else "text/html"
    raised = error_of(answer(status=status, body=body, headers={"Content-Type": kind}), ask)
    assert (type(raised), raised.field) == (NoSuchCall, field)
    assert "api/transaction/{tenant}/{transaction}/{user}" in raised.message


def test_an_error_inside_of_a_success_is_an_error() -> None:
    assert type(error_of(json_answer({"ErrorCode": 10, "ErrorMessage": "No."}))) is Missing
    assert type(error_of(json_answer({"ErrorCode": 30, "ErrorMessage": "No."}))) is Refusal


@pytest.mark.parametrize(
    "body", [{"ErrorCode": 0}, {"ErrorCode": None}, {"Code": 10, "Name": "A row"}, {"error": "No"}]
)
def test_a_success_is_not_taken_for_an_error(body: dict[str, Any]) -> None:
    with ScriptedServer(json_answer(body)) as server:
        assert write(client(server)) == body


# --- rate limits -----------------------------------------------------------------------------------------------------

LIMITED = {
    "status and header": (answer(status=429, headers={"Retry-After": "7"}), 7.0),
    "status and body": (json_answer({"statusCode": 429, "message": LIMIT.format(12)}, status=429), 12.0),
    "header before body": (
        json_answer({"statusCode": 429, "message": LIMIT.format(12)}, status=429, headers={"Retry-After": "7"}), 7.0,
    ),
    "only the status": (answer(status=429, body="slow down"), None),
    "inside of a success": (json_answer({"statusCode": 429, "message": LIMIT.format(1)}), 1.0),
    "inside of a 403": (json_answer({"statusCode": 429, "message": LIMIT.format(40)}, status=403), 40.0),
    "inside of a 400": (json_answer({"statusCode": 429, "message": "Slow down."}, status=400), None),
    "too long a wish": (json_answer({"statusCode": 429, "message": LIMIT.format(999999)}, status=429), 3600.0),
    "no wish at all": (json_answer({"statusCode": 429, "message": LIMIT.format(0)}, status=429), 1.0),
}  # fmt: skip


@pytest.mark.parametrize("ask", [read, write])
@pytest.mark.parametrize("form", LIMITED)
def test_a_rate_limit_is_a_free_delay_in_each_of_its_forms(form: str, ask: Any) -> None:
    reply, wish = LIMITED[form]
    raised = error_of(reply, ask)
    assert isinstance(raised, Retryable)
    assert (raised.retry_after, raised.free) == (wish, True)


def test_a_rate_limit_after_a_write_is_still_proof_that_nothing_happened() -> None:
    with ScriptedServer(told(ContinuationToken="t"), answer(status=429)) as server:
        asking = client(server)
        asking.refresh(RecordKind.SUPPLIER, numbered(1), "")
        with pytest.raises(Retryable) as limited:
            asking.refresh(RecordKind.SUPPLIER, numbered(1), "t")
    assert limited.value.free


# --- what is open, and what is over ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [read, write])
@pytest.mark.parametrize("reply", [answer(status=401), refused(1, "Key.", status=401)])
def test_a_key_that_is_not_accepted_ends_the_connection(ask: Any, reply: Answer) -> None:
    assert type(error_of(reply, ask)) is Unauthorised


@pytest.mark.parametrize("reply", [answer(status=500), answer(status=502, body="<html>", headers=HTML), reset()])
def test_what_breaks_off_is_open_for_a_write_and_repeatable_for_a_read(reply: Answer) -> None:
    assert type(error_of(reply, write)) is OutcomeUnknown
    assert type(error_of(reply, read)) is Retryable


@pytest.mark.parametrize("ask, error", [(read, Retryable), (write, OutcomeUnknown)])
def test_silence_ends_with_the_deadline(ask: Any, error: type[IntegrationError]) -> None:
    with ScriptedServer(hang()) as server, pytest.raises(error):
        ask(Client(link(server.url, Outbound(allow_private=True, deadline_seconds=0.3))))


def test_nobody_listening_is_proof_that_nothing_happened() -> None:
    with ScriptedServer() as server:
        gone = link(server.url)
    with pytest.raises(Retryable):
        write(Client(gone))


# --- the terms of each request ---------------------------------------------------------------------------------------


def test_every_request_asks_for_leave_and_every_write_whether_it_is_still_ours() -> None:
    said: list[str] = []
    outbound = Outbound(
        allow_private=True, permit=lambda: said.append("permit"), still_ours=lambda: said.append("ours"),
        record=lambda exchange: said.append(exchange.method),
    )  # fmt: skip
    with ScriptedServer(told(Transaction={"Id": "1"}), told(), told(ContinuationToken="t")) as server:
        asking = Client(link(server.url, outbound))
        read(asking)
        write(asking)
        asking.refresh(RecordKind.SUPPLIER, numbered(1), "")
    assert said == ["permit", "GET", "permit", "ours", "PUT", "permit", "ours", "POST"]


def test_a_write_that_is_no_longer_ours_is_not_sent() -> None:
    def lost() -> None:
        raise LeaseLost("It is somebody else's.")

    with ScriptedServer() as server, pytest.raises(LeaseLost):
        write(Client(link(server.url, Outbound(allow_private=True, still_ours=lost))))


def test_the_key_is_in_no_record() -> None:
    records: list[Exchange] = []
    echo = json_answer({"ErrorCode": 30, "ErrorMessage": f"Key {KEY} may not.", **META}, status=400)
    with ScriptedServer(echo, told(Users=[]), reset()) as server:
        asking = Client(link(server.url, Outbound(allow_private=True, record=records.append)))
        with pytest.raises(Refusal):
            write(asking)
        asking.users()
        with pytest.raises(Retryable):
            read(asking)
    assert len(records) == 3
    assert [one.request_headers["x-api-compleat-key"] for one in records] == ["***"] * 3
    for spelling in (KEY, base64.b64encode(KEY.encode()).decode(), "k3y-of%2Fthe%2Btests"):
        assert spelling not in str([one.told() for one in records])


def test_a_key_that_no_header_can_carry_is_named() -> None:
    broken = link("http://127.0.0.1:9")
    with pytest.raises(Misconfigured, match="x-api-compleat-key"):
        read(Client(Link(settings=broken.settings, secrets={"security_key": "schlüssel"}, outbound=broken.outbound)))
