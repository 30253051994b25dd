"""The closed table of AccountsIQ's codes, and what happens when the access token has run out."""

from __future__ import annotations

import pytest

from integrations.accountsiq.soap.client import Client
from integrations.accountsiq.soap.refusals import Known, Meaning, meaning
from integrations.errors import (
    IntegrationError,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.http import Outbound
from tests.integrations.accountsiq.soap_script import PATH, SECRET, TOKEN, Given, bad, good, link, sent
from tests.outgoing import Calls
from tests.scripted import Answer, ScriptedServer, answer

BOOK = "CreateBatchPurchasesInvoiceGetBackTransactionID"
ID = "<transactionID>17</transactionID>"
NO_ID = "<transactionID>-1</transactionID>"

TABLE = {
    "SUPPLIER_CODE_DOES_NOT_EXIST": (Rejected, "supplier.code"),
    "ACCOUNT_CODE_MUST_BE_UPPER_CASE": (Rejected, "supplier.code"),
    "GLACCOUNT_CODE_DOES_NOT_EXIST": (Rejected, "lines.account_code"),
    "GLACCOUNT_CODE_IS_NOT_UPPERCASE": (Rejected, "lines.account_code"),
    "GLACCOUNT_IS_NOT_POSTING_OR_DOES_NOT_EXIST": (Rejected, "lines.account_code"),
    "BATCH_INVOICE_LINE_MISSING_GL_ACCOUNT": (Rejected, "lines.account_code"),
    "GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL": (Rejected, "dimensions"),
    "DEPARTMENT_ID_DOES_NOT_EXIST": (Rejected, "dimensions"),
    "TAX_CODE_DOES_NOT_EXIST": (Rejected, "lines.tax_code"),
    "TAX_CODE_IS_NOT_UPPERCASE": (Rejected, "lines.tax_code"),
    "TAX_RATE_IS_NEGATIVE": (Rejected, "lines.tax_code"),
    "CURRENCY_CODE_DOES_NOT_EXIST": (Rejected, "currency"),
    "DATE_IS_OUT_OF_RANGE": (Rejected, "date"),
    "BATCH_INVOICE_LINE_MISSING_DESCRIPTION": (Rejected, "lines.description"),
    "BATCH_INVOICE_TOTAL_GROSS_AMT_NEGATIVE": (Rejected, "gross"),
    "BATCH_INVOICE_WITH_NO_INVOICE_LINES": (Rejected, "lines"),
    "INVOICE_EXTERNAL_REFERENCE_IS_TOO_LONG": (Rejected, "external_reference"),
    "INVOICE_NUMBER_ALREADY_EXISTS": (Rejected, "number"),
    "ORDER_NUMBER_ALREADY_EXISTS": (Rejected, "number"),
    "TRANSACTION_DOES_NOT_BALANCE": (Rejected, "gross"),
    "STOCKITEM_ID_DOES_NOT_EXIST": (Misconfigured, "order_item"),
    "API_LAYER_ENTITY_ID_NOT_FOUND": (Misconfigured, "company_ref"),
    "OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY": (Misconfigured, "client_id"),
    "OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED": (Unauthorised, ""),
    "INVOICE_EXTERNAL_REFERENCE_ALREADY_EXISTS": (OutcomeUnknown, ""),
    "UNKNOWN": (OutcomeUnknown, ""),
    "OUTDATED_RECORD": (OutcomeUnknown, ""),
    "CONFIGURATION_ERROR": (OutcomeUnknown, ""),
    "A_CODE_OF_TOMORROW": (OutcomeUnknown, ""),
    "VAT_RETURN_ID_IS_NULL": (OutcomeUnknown, ""),
    "": (OutcomeUnknown, ""),
}


def client(url: str, access: Given | None = None, outbound: Outbound | None = None) -> Client:
    access = access or Given()
    return Client(link(url, access=access, outbound=outbound), access)


def write_error(*plays: Answer, access: Given | None = None) -> IntegrationError:
    with ScriptedServer(*plays) as server, pytest.raises(IntegrationError) as caught:
        client(server.url, access).write(BOOK, [("inv", [])], "transactionID")
    return caught.value


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", TABLE)
def test_each_code_of_a_refused_write(code: str) -> None:
    error = write_error(bad(BOOK, code, "No, it is not so.", NO_ID))
    assert (type(error), error.field) == TABLE[code]
    if isinstance(error, Rejected | Unauthorised):
        assert error.message.startswith(f"No, it is not so ({code}).")


@pytest.mark.parametrize("code", sorted(set(TABLE) - {"OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED"}))
def test_a_refused_read_tells_nothing_unless_a_setting_is_wrong(code: str) -> None:
    expected = TABLE[code] if TABLE[code][0] is Misconfigured else (Retryable, "")
    with ScriptedServer(bad("GetCurrencies", code)) as server, pytest.raises(IntegrationError) as caught:
        client(server.url).rows("GetCurrencies", "WSCurrency")
    assert (type(caught.value), caught.value.field) == expected


def test_the_longest_subject_of_a_code_counts() -> None:
    assert meaning("INVOICE_EXTERNAL_REFERENCE_IS_EMPTY") == Meaning(Known.REFUSED, "external_reference")
    assert meaning("INVOICE_NUMBER_IS_EMPTY") == Meaning(Known.REFUSED)


@pytest.mark.parametrize("message", ["", "<html><h1>Sorry</h1></html>", "Traceback (most recent call last): boom"])
def test_a_refusal_without_fit_words_names_its_code(message: str) -> None:
    error = write_error(bad(BOOK, "DATE_IS_OUT_OF_RANGE", message))
    assert error.message == "AccountsIQ refused with the code DATE_IS_OUT_OF_RANGE and said no more."


def test_a_refusal_with_an_id_beside_it_is_not_believed() -> None:
    assert type(write_error(bad(BOOK, "GLACCOUNT_CODE_DOES_NOT_EXIST", beside=ID))) is OutcomeUnknown


@pytest.mark.parametrize("status", ["Success", "Created", "InProgress", "Unknown", "Perhaps"])
def test_a_code_of_a_refusal_under_a_status_of_something_else_proves_nothing(status: str) -> None:
    assert type(write_error(bad(BOOK, "GLACCOUNT_CODE_DOES_NOT_EXIST", status=status))) is OutcomeUnknown


@pytest.mark.parametrize("status", ["Failure", "NotCreated", "Conflicted", "InProgress"])
def test_a_status_that_is_no_success_is_none_whatever_the_code(status: str) -> None:
    assert type(write_error(bad(BOOK, "SUCCESS", beside=ID, status=status))) is OutcomeUnknown


@pytest.mark.parametrize("status", ["Success", "Created"])
def test_a_new_record_may_be_told_as_created(status: str) -> None:
    with ScriptedServer(good(BOOK, "PI004512", ID, status=status)) as server:
        told = client(server.url).write(BOOK, (), "transactionID")
    assert told.id_beside("transactionID") == 17


@pytest.mark.parametrize("code", ["TRANSACTION_ID_DOES_NOT_EXIST", "NOT_FOUND", "GLACCOUNT_NOT_FOUND"])
def test_what_is_not_there_is_none(code: str) -> None:
    with ScriptedServer(bad("GetTransaction", code)) as server:
        assert client(server.url).look("GetTransaction", [("transactionID", 17)]) is None


def test_a_list_of_other_things_is_no_list() -> None:
    with ScriptedServer(good("GetCurrencies", "<Tax/>")) as server, pytest.raises(Retryable):
        client(server.url).rows("GetCurrencies", "WSCurrency")


def test_without_an_entity_nothing_is_asked() -> None:
    wrong = link("http://127.0.0.1:9", settings={"company_ref": " "})
    with pytest.raises(Misconfigured) as caught:
        Client(wrong, Given()).read("GetCompanyInformation")
    assert caught.value.field == "company_ref"


# --- a token that has run out ----------------------------------------------------------------------------------------

EXPIRED = bad(BOOK, "UNKNOWN", "The session has expired.", NO_ID, expired=True)
READ_EXPIRED = bad("GetCurrencies", "UNKNOWN", expired=True)
BOOKED = good(BOOK, "PI004512", ID)


@pytest.mark.parametrize(
    "first",
    [EXPIRED, bad(BOOK, "OAUTHCONFIGURATION_TOKEN_EXPIRED"), bad(BOOK, "OAUTHCONFIGURATION_INVALID_TOKEN")],
    ids=["HasExpired", "expired", "invalid"],
)
def test_the_token_is_renewed_once_and_the_same_call_goes_out_again(first: Answer) -> None:
    access, calls = Given(TOKEN, "another-token"), Calls()
    with ScriptedServer(first, BOOKED) as server:
        outbound = calls.outbound()
        told = client(server.url, access, outbound).write(BOOK, [("inv", [("A", "b")])], "transactionID")
    assert told.id_beside("transactionID") == 17
    assert access.refused == [TOKEN]
    inside = "<inv><A>b</A></inv>"
    assert [one.body for one in server.asked] == [sent(BOOK, inside), sent(BOOK, inside, token="another-token")]
    assert calls.checks == 2


def test_a_renewed_token_serves_the_rest_of_the_attempt() -> None:
    access = Given(TOKEN, "another-token")
    with ScriptedServer(READ_EXPIRED, good("GetCurrencies"), good("GetCurrencies")) as server:
        one = client(server.url, access)
        for _ in range(2):
            assert one.rows("GetCurrencies", "WSCurrency") == []
    assert [b"another-token" in asked.body for asked in server.asked] == [False, True, True]
    assert access.refused == [TOKEN]


def test_two_tokens_that_are_not_accepted_are_enough() -> None:
    """A write that was told to be expired was not carried out, so nothing has to be looked up."""
    error = write_error(EXPIRED, EXPIRED, access=Given(TOKEN, "another-token"))
    assert type(error) is Unauthorised


def test_a_token_that_cannot_be_renewed_leaves_the_write_undone() -> None:
    assert type(write_error(EXPIRED)) is Unauthorised


def test_expired_beside_a_success_is_no_proof_that_nothing_happened() -> None:
    """The vendor's own sample says so; then the success counts."""
    both = bad(BOOK, "SUCCESS", "string", ID, status="Success", expired=True)
    with ScriptedServer(both) as server:
        assert client(server.url).write(BOOK, (), "transactionID").id_beside("transactionID") == 17


def test_a_token_that_runs_out_after_the_write_leaves_the_outcome_open() -> None:
    with ScriptedServer(BOOKED, READ_EXPIRED) as server, pytest.raises(OutcomeUnknown):
        one = client(server.url)
        one.write(BOOK, (), "transactionID")
        one.read("GetCurrencies")


def test_a_setting_that_turns_out_wrong_after_the_write_leaves_the_outcome_open() -> None:
    wrong = bad("GetCurrencies", "API_LAYER_ENTITY_ID_NOT_FOUND")
    with ScriptedServer(BOOKED, wrong) as server, pytest.raises(OutcomeUnknown):
        one = client(server.url)
        one.write(BOOK, (), "transactionID")
        one.read("GetCurrencies")


def test_no_token_is_recorded_in_any_spelling() -> None:
    access, calls = Given("first<&>token", "second<&>token"), Calls()
    echo = answer(status=500, body="second&lt;&amp;&gt;token first<&>token")
    with ScriptedServer(READ_EXPIRED, echo) as server, pytest.raises(Retryable):
        client(server.url, access, calls.outbound()).read("GetCurrencies")
    told = repr(calls.exchanges)
    assert "token first" not in told
    for token in ("first<&>token", "first&lt;&amp;&gt;token", "second<&>token", "second&lt;&amp;&gt;token", SECRET):
        assert token not in told
    assert calls.exchanges[1].response_body == "*** ***"
    assert [one.path for one in server.asked] == [PATH] * 2
