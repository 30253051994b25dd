"""The connector against a scripted platform: what exactly is asked, and what each answer means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from integrations.accessplanit.connector import AccessPlanit
from integrations.documents import Company, Kind
from integrations.errors import IntegrationError, Misconfigured, Missing, Retryable, Unauthorised
from integrations.feeds import Field, Wanted
from integrations.linking import Token
from tests.integrations.accessplanit.platform import KEY, PASSWORD, asked, connector, link, results
from tests.integrations.accessplanit.records import EXPECTED, course, discount, invoice, transaction
from tests.outgoing import Calls
from tests.scripted import Answer, ScriptedServer, answer, cut_short, json_answer, reset

SINCE = datetime(2025, 5, 11, 23, 0, tzinfo=UTC)
INVOICES = Wanted(feed="invoice", since=SINCE)


def test_the_company_is_proved_by_one_invoice() -> None:
    with ScriptedServer(results()) as server:
        found = connector(server).company()
    where = f"127.0.0.1:{server.port}/accessplansandbox"
    assert found == Company(external_id=where, name=where, base_currency="")
    assert asked(server) == ["GET /api/v2/Invoice?$top=1"]
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.asked[0].headers["accept"] == "application/json"


def test_the_address_may_have_the_interfaces_path() -> None:
    with ScriptedServer(results()) as server:
        connector(server, base_url=f"{server.url}/accessplan/api/v2/").company()
    assert server.asked[0].path == "/accessplan/api/v2/Invoice?$top=1"


def test_a_page_asks_by_moment_and_id() -> None:
    with ScriptedServer(results(invoice(), invoice(ID="10483")), results(invoice(ID="10483"))) as server:
        source = connector(server)
        first = source.page(INVOICES)
        last = source.page(Wanted(feed="invoice", since=SINCE, after=first.after))
    assert [one.external_id for one in first.heads] == ["invoice-10482", "invoice-10483"]
    assert first.heads[0].moment == datetime(2025, 5, 12, 8, 14, 33, tzinfo=UTC)
    assert first.heads[0].row == invoice()
    assert (last.heads, last.after) == ((), "")
    assert asked(server) == [
        "GET /api/v2/Invoice?$filter=DateCreated ge '2025-05-12T00:00:00'&$orderby=DateCreated asc,ID asc&$top=100",
        (
            "GET /api/v2/Invoice?$filter=DateCreated ge '2025-05-12T09:14:33'"
            "&$orderby=DateCreated asc,ID asc&$top=101&$skip=1"
        ),
    ]
    assert "+" not in server.asked[0].path, "a blank is %20"


def test_the_start_goes_before_what_is_wanted_from() -> None:
    with ScriptedServer(results()) as server:
        connector(server, start_date="2025-06-01", quote_dates="no").page(INVOICES)
    assert asked(server)[0].startswith("GET /api/v2/Invoice?$filter=DateCreated ge 2025-06-01T00:00:00&")


def test_in_the_order_of_changes_the_start_is_a_condition_of_its_own() -> None:
    with ScriptedServer(results()) as server:
        source = connector(server, start_date="2025-04-01", fields="invoice.updated = DateUpdated")
        assert source.tells_changes("invoice")
        assert not source.tells_changes("transaction")
        source.page(INVOICES)
    assert asked(server) == [
        (
            "GET /api/v2/Invoice?$filter=DateUpdated ge '2025-05-12T00:00:00' and DateCreated ge '2025-04-01T00:00:00'"
            "&$orderby=DateUpdated asc,ID asc&$top=100"
        )
    ]


def test_a_feed_is_read_by_the_making_whatever_the_day_of_business_is_called() -> None:
    with ScriptedServer(results()) as server:
        source = connector(server, fields="transaction.date = PaidOn\ntransaction.made = Entered")
        source.page(Wanted(feed="transaction", since=SINCE))
    assert asked(server) == [
        "GET /api/v2/Transaction?$filter=Entered ge '2025-05-12T00:00:00'&$orderby=Entered asc,ID asc&$top=100"
    ]


def test_what_is_open_is_asked_for_status_by_status() -> None:
    wanted = Wanted(feed="invoice", since=SINCE, still_open=True)
    with ScriptedServer(results(), results(invoice(Status="Part-Completed")), results(invoice()), results()) as server:
        source, after, count = connector(server), "", 0
        while True:
            page = source.page(Wanted(feed="invoice", since=SINCE, still_open=True, after=after))
            count, after = count + len(page.heads), page.after
            if not after:
                break
    assert wanted.still_open
    assert count == 1
    assert [one.partition("$filter=")[2].partition("&")[0] for one in asked(server)] == [
        "Status eq 'Outstanding'",
        "Status eq 'Part-Completed'",
        "Status eq 'Part-Completed' and DateCreated ge '2025-05-12T09:14:33'",
        "Status eq 'Cancelled'",
    ]


def test_transactions_are_never_open() -> None:
    with ScriptedServer() as server:
        assert connector(server).page(Wanted(feed="transaction", since=SINCE, still_open=True)).heads == ()


def test_an_order_by_id_that_is_refused_is_dropped() -> None:
    refused = json_answer({"message": "Only one property can be sorted by."}, status=400)
    with ScriptedServer(refused, *[results(invoice())] * 3) as server:
        source = connector(server)
        first = source.page(INVOICES)
        assert source.page(Wanted(feed="invoice", since=SINCE, after=first.after)).after == ""
    orders = [one.partition("$orderby=")[2].partition("&$top")[0] for one in asked(server)]
    assert orders == ["DateCreated asc,ID asc", "DateCreated asc", "DateCreated asc", "DateCreated asc"]


def test_rows_that_are_no_records_are_told() -> None:
    with ScriptedServer(results({"Reference": "x"}, "text", invoice(), invoice(ID="10482"))) as server:
        page = connector(server).page(INVOICES)
    assert [one.external_id for one in page.heads] == ["invoice-10482"]
    assert [(one.why, one.row) for one in page.unreadable] == [
        ("The record has no ID.", {"Reference": "x"}),
        ("A row of the page is no record.", {"row": "text"}),
    ]


def test_a_filter_that_is_not_heeded_is_found_out() -> None:
    with (
        ScriptedServer(results(invoice(DateCreated="2019-01-01T00:00:00"))) as server,
        pytest.raises(Misconfigured) as caught,
    ):
        connector(server).page(INVOICES)
    assert caught.value.field == "quote_dates"


def test_a_text_that_leads_nowhere_begins_anew() -> None:
    with ScriptedServer(*[results()] * 3) as server:
        for after in ("nonsense", "{}", '{"moment": "Other", "at": "2030-01-01", "count": 1, "last": "x"}'):
            connector(server).page(Wanted(feed="invoice", since=SINCE, after=after))
    assert len(set(asked(server))) == 1


def test_one_record_letter_for_letter() -> None:
    rows = results(invoice(ID="ab1"), invoice(ID="AB1", Reference="this"))
    with ScriptedServer(rows, results(invoice(ID="ab1"))) as server:
        source = connector(server)
        assert source.head("invoice", "invoice-AB1").row["Reference"] == "this"
        assert source.head("invoice", "AB1").external_id == "invoice-ab1"
    assert asked(server) == ["GET /api/v2/Invoice?$filter=ID eq 'AB1'&$top=2"] * 2


def test_a_head_has_the_same_hash_as_long_as_it_says_the_same() -> None:
    same = dict(reversed(invoice(Amount=Decimal("582.00")).items()))
    plays = [results(invoice()), results(same), results(invoice(Amount=Decimal("582.01")))]
    with ScriptedServer(*plays) as server:
        first, second, third = (connector(server).head("invoice", "10482").content_hash for _ in plays)
    assert first == second != third


def test_a_quote_in_an_id_is_doubled() -> None:
    with ScriptedServer(results()) as server, pytest.raises(Missing):
        connector(server).head("invoice", "o'neil")
    assert asked(server) == ["GET /api/v2/Invoice?$filter=ID eq 'o''neil'&$top=2"]


def test_an_invoice_comes_with_its_items() -> None:
    with ScriptedServer(results(invoice()), results(course(), discount()), results()) as server:
        source = connector(server)
        body = json.loads(source.whole(source.head("invoice", "10482")), parse_float=Decimal)
    assert asked(server)[1] == "GET /api/v2/InvoiceItem?$filter=InvoiceID eq '10482'&$orderby=ID asc&$top=1000"
    assert body == {"feed": "invoice", "record": invoice(), "items": [course(), discount()]}
    assert source.parse(body, EXPECTED).gross == 582


def test_items_are_asked_for_until_there_are_no_more() -> None:
    with ScriptedServer(results(invoice()), results(course()), results(discount()), results()) as server:
        source = connector(server)
        body = json.loads(source.whole(source.head("invoice", "10482")))
    assert len(body["items"]) == 2
    assert [one.partition("&$top=1000")[2] for one in asked(server)[1:]] == ["", "&$skip=1", "&$skip=2"]


def test_an_item_of_another_invoice_is_not_taken() -> None:
    stray = {**course(), "InvoiceID": "1"}
    with (
        ScriptedServer(results(invoice()), results(stray)) as server,
        pytest.raises(Retryable, match="record 1 as one"),
    ):
        source = connector(server)
        source.whole(source.head("invoice", "10482"))


def test_a_transaction_comes_with_its_invoices() -> None:
    links = [{"ID": "1", "TransactionID": "7741", "InvoiceID": one, "Amount": 291} for one in ("10482", "10483")]
    plays = [results(transaction()), results(*links), results(), results(invoice()), results(invoice(ID="10483"))]
    with ScriptedServer(*plays) as server:
        source = connector(server)
        body = json.loads(source.whole(source.head("transaction", "7741")), parse_float=Decimal)
    assert asked(server)[1:] == [
        "GET /api/v2/TransactionInvoice?$filter=TransactionID eq '7741'&$orderby=ID asc&$top=1000",
        "GET /api/v2/TransactionInvoice?$filter=TransactionID eq '7741'&$orderby=ID asc&$top=1000&$skip=2",
        "GET /api/v2/Invoice?$filter=ID eq '10482'&$top=2",
        "GET /api/v2/Invoice?$filter=ID eq '10483'&$top=2",
    ]
    assert [one.external_id for one in source.parse(body, EXPECTED).allocations] == ["invoice-10482", "invoice-10483"]


@pytest.mark.parametrize("status", [403, 404])
def test_without_the_links_the_records_own_invoice_has_to_do(status: int) -> None:
    plays = [results(transaction()), answer(status=status), results(invoice())]
    with ScriptedServer(*plays) as server:
        source = connector(server)
        body = json.loads(source.whole(source.head("transaction", "7741")), parse_float=Decimal)
    assert source.parse(body, EXPECTED).kind is Kind.PAYMENT
    with (
        ScriptedServer(results(transaction(InvoiceID="")), answer(status=status)) as server,
        pytest.raises(Misconfigured),
    ):
        source = connector(server)
        source.whole(source.head("transaction", "7741"))


def test_a_credit_note_has_items_only_where_their_module_is_known() -> None:
    with ScriptedServer(results(invoice(ID="77")), results(invoice(ID="77")), results()) as server:
        source = connector(server)
        source.whole(source.head("credit_note", "77"))
        source = connector(server, modules="credit_note_item = CreditNoteItem")
        source.whole(source.head("credit_note", "77"))
    assert asked(server)[-1] == "GET /api/v2/CreditNoteItem?$filter=CreditNoteID eq '77'&$orderby=ID asc&$top=1000"


# --- what each answer means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("play", "error", "field"),
    [
        (answer(status=403), Misconfigured, "transaction"),
        (answer(status=404), Misconfigured, "transaction"),
        (answer(status=405), Misconfigured, "transaction"),
        (answer(status=302, headers={"Location": "/login"}), Misconfigured, "base_url"),
        (answer(status=500, body="<html>"), Retryable, ""),
        (answer(status=503), Retryable, ""),
        (json_answer({"results": None}), Retryable, ""),
        (json_answer({"value": []}), Retryable, ""),
        (json_answer([]), Retryable, ""),
        (json_answer({"error": "something"}), Retryable, ""),
        (answer(body="<html>log in</html>", headers={"Content-Type": "text/html"}), Retryable, ""),
        (answer(body="{", headers={"Content-Type": "application/json"}), Retryable, ""),
        (reset(), Retryable, ""),
        (cut_short(), Retryable, ""),
    ],
)
def test_an_answer_that_is_no_page(play: Answer, error: type[IntegrationError], field: str) -> None:
    with ScriptedServer(play) as server, pytest.raises(error) as caught:
        connector(server).page(Wanted(feed="transaction", since=SINCE))
    assert caught.value.field == field
    if field == "transaction":
        assert "Transaction" in caught.value.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Invalid property Foo"}, "Invalid property Foo"),
        (
            {"Message": "The request is invalid.", "ModelState": {"filter": ["No Foo."]}},
            "The request is invalid. No Foo.",
        ),
        ({"errors": [{"message": "No Foo."}, "No Bar."]}, "No Foo. No Bar."),
        ({"error": {"code": "x", "message": "No Foo."}}, "No Foo."),
        ({"a": 1}, "it gave no reason"),
        ("plain words", "plain words"),
    ],
)
def test_a_question_that_is_refused_tells_why(body: Any, words: str) -> None:
    refused = json_answer(body, status=400)
    with ScriptedServer(refused, refused) as server, pytest.raises(Misconfigured) as caught:
        connector(server).page(INVOICES)
    assert words.rstrip(".") in caught.value.message
    assert caught.value.field == "invoice"


def test_a_limit_is_a_delay() -> None:
    with (
        ScriptedServer(answer(status=429, headers={"Retry-After": "90"})) as server,
        pytest.raises(Retryable) as caught,
    ):
        connector(server).page(INVOICES)
    assert (caught.value.retry_after, caught.value.free) == (90.0, True)


def test_a_key_that_is_refused_is_refused() -> None:
    with ScriptedServer(answer(status=401)) as server, pytest.raises(Unauthorised, match="API key"):
        connector(server).company()


def test_results_in_any_letter_case_and_shape() -> None:
    with ScriptedServer(json_answer({"Results": invoice()})) as server:
        assert connector(server).head("invoice", "10482").external_id == "invoice-10482"


# --- logging in ------------------------------------------------------------------------------------------------------


def token_answer(access: str, **more: Any) -> Answer:
    told = {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": 3599,
        "refresh_token": "r3fresh",
        "userID": "A1",
    }
    return json_answer({**told, **more})


def test_a_token_by_name_and_password(calls: Calls) -> None:
    with ScriptedServer(token_answer("t1"), results(), results()) as server:
        source = connector(server, calls.outbound(), **PASSWORD)
        source.company()
        source.company()
    assert asked(server)[0] == "POST /api/v2/Token"
    assert dict(parse_qsl(server.asked[0].body.decode(), keep_blank_values=True)) == {
        "grant_type": "password",
        "UserName": "api@northgate.example",
        "Password": "pass word&1",
    }
    assert [one.headers.get("authorization") for one in server.asked] == [None, "Bearer t1", "Bearer t1"]
    kept = json.dumps([one.told() for one in calls.exchanges])
    assert not any(secret in kept for secret in ('t1"', "r3fresh", "pass word", "pass+word"))
    assert calls.checks == 0, "logging in writes nothing"


def test_a_token_that_is_refused_is_renewed_once() -> None:
    with ScriptedServer(token_answer("t1"), answer(status=401), token_answer("t2"), results()) as server:
        connector(server, **PASSWORD).company()
    assert dict(parse_qsl(server.asked[2].body.decode())) == {"grant_type": "refresh_token", "refresh_token": "r3fresh"}
    assert server.asked[3].headers["authorization"] == "Bearer t2"


def test_a_refresh_that_is_refused_is_a_new_login() -> None:
    refused = json_answer({"error": "invalid_grant"}, status=400)
    with ScriptedServer(refused, token_answer("t3", expires_in="1800")) as server:
        source = connector(server, **PASSWORD)
        asked_at = datetime.now(UTC)
        token = source.obtain(Token(access="old", refresh="old-refresh"))
    assert (token.access, token.refresh) == ("t3", "r3fresh")
    assert token.expires_at is not None
    assert timedelta(seconds=1800) <= token.expires_at - asked_at < timedelta(seconds=1815)
    assert [dict(parse_qsl(one.body.decode()))["grant_type"] for one in server.asked] == ["refresh_token", "password"]


@pytest.mark.parametrize(
    ("play", "error", "field"),
    [
        (json_answer({"error": "invalid_grant", "error_description": "No."}, status=400), Unauthorised, "password"),
        (answer(status=401), Unauthorised, "password"),
        (answer(status=404), Misconfigured, "login_path"),
        (answer(status=500), Retryable, ""),
        (answer(status=429), Retryable, ""),
    ],
)
def test_a_login_that_fails(play: Answer, error: type[IntegrationError], field: str) -> None:
    with ScriptedServer(play) as server, pytest.raises(error) as caught:
        connector(server, **PASSWORD).obtain(None)
    assert caught.value.field == field


def test_with_a_key_the_token_is_the_key() -> None:
    with ScriptedServer() as server:
        assert connector(server).obtain(None) == Token(access=KEY)


def test_no_secret_is_recorded(calls: Calls) -> None:
    with ScriptedServer(json_answer({"message": f"bad key {KEY}"}, status=400)) as server, pytest.raises(Misconfigured):
        connector(server, calls.outbound()).company()
    assert KEY not in json.dumps([one.told() for one in calls.exchanges])


# --- what a platform tells of itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"results": [{"Name": "ID", "Type": "string", "ReadOnly": True}, {"Name": "PONumber", "CanUpdate": True}]},
        {"fields": {"ID": {"type": "string", "isReadOnly": True}, "PONumber": {"isWritable": True}}},
        [{"propertyName": "ID", "dataType": "string", "writable": False}, {"field": "PONumber", "updatable": True}],
    ],
)
def test_a_description_in_several_shapes(body: Any) -> None:
    with ScriptedServer(json_answer(body)) as server:
        found = connector(server).fields("invoice")
    assert found == (Field(name="ID", type="string", is_writable=False), Field(name="PONumber", is_writable=True))
    assert asked(server) == ["GET /apihelp/v2/modules/Invoice"]


@pytest.mark.parametrize(
    ("body", "names"), [(["ID", "Amount"], ["ID", "Amount"]), ({"ID": "string", "Amount": "decimal"}, ["ID", "Amount"])]
)
def test_a_description_may_be_names_alone(body: Any, names: list[str]) -> None:
    with ScriptedServer(json_answer(body)) as server:
        assert [one.name for one in connector(server).fields("transaction")] == names


@pytest.mark.parametrize("play", [answer(status=404), answer(status=403), json_answer({}), json_answer("nothing")])
def test_no_description_is_missing(play: Answer) -> None:
    with ScriptedServer(play) as server, pytest.raises(Missing):
        connector(server).fields("invoice")


def test_a_survey_tells_what_is_seen_and_what_can_be_relied_on() -> None:
    help_ = json_answer([{"name": "DateUpdated"}, {"name": "ID"}])
    plays = [
        results(invoice()),
        help_,
        results({"ID": "1", "DateUpdated": "2020-01-01T00:00:00"}),
        answer(status=403),
        json_answer({"message": "one order only"}, status=400),
        results({"ID": "77", "DateCreated": "2025-01-01"}),
        answer(status=404),
        results(course()),
        json_answer(["Amount", "Tax"]),
        answer(status=404),
        json_answer([{"name": "Amount", "isWritable": True}]),
    ]
    with ScriptedServer(*plays) as server:
        told = connector(server).survey()
    assert json.loads(json.dumps(told)) == told
    assert told["feeds"]["invoice"] == {
        "visible": True,
        "why": "",
        "by_id": True,
        "changes": "DateUpdated",
        "fields": ["DateUpdated", "ID"],
    }
    assert told["feeds"]["credit_note"]["by_id"] is False
    assert told["feeds"]["credit_note"]["fields"] == ["ID", "DateCreated"]
    assert told["parts"]["item"] == {"visible": True, "why": "", "fields": ["Amount", "Tax"]}
    assert told["parts"]["allocation"]["visible"] is False
    assert list(AccessPlanit.hidden(told)) == ["transaction"]
    assert "may not use Transaction" in AccessPlanit.hidden(told)["transaction"]
    assert AccessPlanit.can_for({}, told).kinds == {Kind.PAYMENT, Kind.REFUND}


def test_moments_of_changes_with_gaps_are_not_relied_on() -> None:
    unset = results({"ID": "1", "DateUpdated": ""})
    plays = [results(), json_answer(["DateUpdated"]), unset, *[answer(status=403)] * 4, answer(status=404)]
    with ScriptedServer(*plays) as server:
        assert connector(server).survey()["feeds"]["invoice"]["changes"] == ""


def test_a_survey_stops_where_the_limit_is_reached() -> None:
    with ScriptedServer(results(), answer(status=429)) as server, pytest.raises(Retryable) as caught:
        connector(server).survey()
    assert caught.value.free


def test_a_survey_decides_the_order() -> None:
    told = {"feeds": {"invoice": {"changes": "DateUpdated", "by_id": False}}}
    with ScriptedServer(results()) as server:
        source = AccessPlanit(link(server.url, connector(server).link.outbound, told))
        assert source.tells_changes("invoice")
        source.page(INVOICES)
    assert asked(server)[0].endswith("&$orderby=DateUpdated asc&$top=100")
