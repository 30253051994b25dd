"""Whatever the answer to an open question about the real AccountsIQ turns out to be, the SOAP transport stands it.

Each question is an option of the stand-in, which was written from the same facts by somebody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.base import Link
from integrations.documents import IdempotencyKey, Kind
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Unauthorised
from integrations.exact import from_json
from integrations.linking import Token
from integrations.oauth import Fresh
from integrations.reference import RecordKind
from tests.contract.books import another
from tests.integrations.accountsiq.seen_books import SeenBooks, Served
from tests.samples import KEY, OTHER_KEY, PAPER, REFERENCE, in_dollars, sample

AN_HOUR = timedelta(hours=1)
QUESTIONS: dict[str, dict[str, object]] = {
    "a reference is found whole": {"reference_match": "exact"},
    "a reference is found by a part of it": {"reference_match": "contains"},
    "no two documents have one reference": {"unique_references": True},
    "amounts have the sign of their side": {"signed_control": True},
    "rates of tax are per cent": {"tax_rates_are": "percent"},
    "rates of tax are fractions": {"tax_rates_are": "fraction"},
    "refresh tokens are good once": {"strict_rotation": True},
    "tokens live for no time": {"soap_access_seconds": 0},
}


@pytest.fixture
def there(soap_link: Link) -> Callable[..., AccountsIQ]:
    """The connector as each attempt makes it anew, with one token for all of them."""
    settings = {**soap_link.settings, "rate_counts": "base", "order_item": "PURCHASE"}
    whole = replace(soap_link, settings=settings)
    access = Fresh(lambda previous: AccountsIQ(whole).obtain(previous))

    def made(**more: str) -> AccountsIQ:
        return AccountsIQ(replace(whole, settings={**settings, **more}, access=access))

    return made


def post(system: AccountsIQ, document: Any = None, key: IdempotencyKey = KEY) -> Any:
    return system.post(document or sample(), key=key, reference=REFERENCE)


@pytest.mark.parametrize("what", [name for name in QUESTIONS if "no time" not in name])
def test_whatever_the_answer_is_a_document_is_booked_once_and_told_as_it_is(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks, what: str
) -> None:
    sandbox.options(**QUESTIONS[what])
    told = post(there())
    assert post(there()) == told
    assert there().find(sample(), key=KEY) == (told,)
    credit = post(there(), sample(Kind.CREDIT_NOTE), OTHER_KEY)
    assert (told.net, told.tax, told.gross) == (credit.net, credit.tax, credit.gross) == (
        Decimal("150.50"), Decimal("20.00"), Decimal("170.50"),
    )  # fmt: skip
    assert soap_books.count() == 2
    assert soap_books.owed("CROWN01") == 0
    rates = {one.code: one.details["rate"] for one in there().records(RecordKind.TAX)}
    assert (rates["T0"], rates["T1"]) == ("0", "20")


@pytest.mark.parametrize("counts,stand_in", [("base", "base_per_unit"), ("foreign", "units_per_base")])
def test_a_foreign_document_comes_to_its_base_amount_whichever_way_rates_are_counted(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks, counts: str, stand_in: str
) -> None:
    sandbox.options(soap_rates_are=stand_in)
    soap_books.keep_supplier_in("CROWN01", "USD")
    told = post(there(rate_counts=counts), in_dollars())
    assert (told.gross, told.currency) == (Decimal("120.50"), "USD")
    assert soap_books.owed("CROWN01") == Decimal("100.33")
    (dollar,) = (one for one in there(rate_counts=counts).records(RecordKind.CURRENCY) if one.code == "USD")
    assert dollar.details["rate"] == "1.201"


@pytest.mark.parametrize("counts,stand_in", [("foreign", "base_per_unit"), ("base", "units_per_base")])
def test_a_rate_that_is_set_the_wrong_way_round_books_nothing(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks, counts: str, stand_in: str
) -> None:
    sandbox.options(soap_rates_are=stand_in)
    soap_books.keep_supplier_in("CROWN01", "USD")
    with pytest.raises(Misconfigured) as caught:
        post(there(rate_counts=counts), in_dollars())
    assert caught.value.field == "rate_counts"
    assert soap_books.count() == 0


def test_a_listing_goes_to_the_end_whatever_a_page_holds(there: Callable[..., AccountsIQ], sandbox: Served) -> None:
    sandbox.options(rows_per_call=2)
    keys = [IdempotencyKey(f"4a1b0f0e-8c52-4f0a-9d0b-{place:012}") for place in range(5)]
    for key in keys:
        post(there(), key=key)
    found = list(there().written_since(datetime.now(UTC) - AN_HOUR))
    assert sorted(one.key for one in found) == [key.value for key in keys]


# --- access ----------------------------------------------------------------------------------------------------------


def test_a_token_that_ran_out_is_renewed_in_the_middle_of_it(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks
) -> None:
    there().company()
    sandbox.control("tokens/expire")
    assert post(there()).number
    assert soap_books.count() == 1


def test_tokens_that_live_for_no_time_are_refused_and_book_nothing(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks
) -> None:
    sandbox.options(**QUESTIONS["tokens live for no time"])
    with pytest.raises(Unauthorised):
        post(there())
    assert soap_books.count() == 0


def test_a_refresh_whose_answer_was_lost_is_made_good_by_the_credentials(soap_link: Link, sandbox: Served) -> None:
    sandbox.options(strict_rotation=True)
    first = AccountsIQ(soap_link).obtain(None)
    lost = AccountsIQ(soap_link).obtain(first)
    again = AccountsIQ(soap_link).obtain(first)
    assert len({first.access, lost.access, again.access}) == 3


def test_a_revoked_application_is_told(there: Callable[..., AccountsIQ], soap_link: Link, sandbox: Served) -> None:
    system = there()
    system.company()
    sandbox.options(application_revoked=True)
    with pytest.raises(Unauthorised, match="revoked"):
        there().company()
    with pytest.raises(Unauthorised, match="revoked"):
        AccountsIQ(soap_link).obtain(Token(access="x", refresh="y"))


def test_an_application_that_may_only_read_is_refused(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks
) -> None:
    sandbox.options(read_only=True)
    with pytest.raises(Rejected, match="READ_ONLY"):
        post(there())
    assert soap_books.count() == 0


@pytest.mark.parametrize("field,value", [("client_id", "another"), ("company_ref", "NOBODY")])
def test_a_wrong_setting_is_told(soap_link: Link, field: str, value: str) -> None:
    wrong = replace(soap_link, settings={**soap_link.settings, field: value})
    with pytest.raises(Unauthorised if field == "client_id" else Misconfigured):
        AccountsIQ(wrong).company()


# --- bad weather -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose_answers", "errors_after"])
def test_a_document_whose_answer_is_lost_is_found_and_not_sent_again(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks, fault: str
) -> None:
    there().company()
    sandbox.options(**{fault: 1})
    with pytest.raises(OutcomeUnknown):
        post(there())
    (told,) = there().find(sample(), key=KEY)
    assert post(there()) == told
    assert soap_books.count() == 1


def test_the_same_content_under_another_key_is_another_document(
    there: Callable[..., AccountsIQ], soap_books: SeenBooks
) -> None:
    first, second = post(there()), post(there(), another(), OTHER_KEY)
    assert first.external_id != second.external_id
    assert soap_books.count() == 2


def test_a_file_is_there_once_even_where_the_first_answer_was_lost(
    there: Callable[..., AccountsIQ], sandbox: Served, soap_books: SeenBooks
) -> None:
    posted = post(there())
    sandbox.options(lose_answers=1)
    with pytest.raises(OutcomeUnknown):
        there().attach(Kind.INVOICE, posted.external_id, PAPER)
    there().attach(Kind.INVOICE, posted.external_id, PAPER)
    assert [one.name for one in there().attached(Kind.INVOICE, posted.external_id)] == [PAPER.name]
    assert soap_books.stored(Kind.INVOICE, posted.external_id, PAPER.name) == PAPER.content


def test_single_calls_reach_what_the_portal_does_not_use(there: Callable[..., AccountsIQ]) -> None:
    assert "<BankAccountCode>" in there().call("GetBankList", {})
    assert "<CreditDays>30</CreditDays>" in there().call("GetCreditTermList", {})
    query = from_json('{"query": {"Skip": 0, "TypesFilter": {"string": ["PI"]}}}')
    assert "<TransactionsCount>0</TransactionsCount>" in there().call("GetCountTransactionsBy", {}, query)
