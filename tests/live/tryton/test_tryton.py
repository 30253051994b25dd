"""What only Tryton itself can show: drafts left behind, racing attempts, a frozen server, periods, rounding, rights."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.documents import Document, IdempotencyKey, Kind, Posted, Supplier
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.papers import LARGEST_FILE
from integrations.reference import RecordKind
from integrations.tryton import kinds
from integrations.tryton.connector import Tryton
from integrations.tryton.sandbox import MAX_SIZE
from tests.live.tryton import furnishing
from tests.live.tryton.ledger import Ledger, link
from tests.live.tryton.ledger import system as linked
from tests.live.tryton.rig import Server
from tests.samples import KEY, OTHER_KEY, PAPER, REFERENCE, sample, with_line

pytestmark = pytest.mark.tryton_live

BRIEF_SECONDS = 1.5
A_WHILE = 20.0


def post(system: Tryton, document: Document | None = None, key: IdempotencyKey = KEY) -> Posted:
    return system.post(document or sample(), key=key, reference=REFERENCE)


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The server stands still for as long as the block lasts, and goes on afterwards."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def until_posted(books: Ledger) -> None:
    """Wait for the server to get to what it was asked before it stood still."""
    deadline = time.monotonic() + A_WHILE
    while books.states() != ["posted"]:
        assert time.monotonic() < deadline, books.states()
        time.sleep(0.1)


# --- what is in the books --------------------------------------------------------------------------------------------


def test_the_ledger_has_each_amount_on_its_account(system: Tryton, books: Ledger) -> None:
    told = post(system)
    assert (told.number, told.date) == ("2024/1", date(2024, 3, 14))
    lines = sorted((one["account."]["code"], one["debit"] - one["credit"]) for one in books.entries())
    assert lines == [
        ("2.1.1", Decimal("-170.50")),
        (furnishing.ACCRUED_TAXES, Decimal("20.00")),
        ("5010", Decimal("100.00")),
        ("7504", Decimal("50.50")),
    ]


def test_the_senders_tax_is_booked_and_not_the_rates(system: Tryton, books: Ledger) -> None:
    """Tryton would compute 20.00."""
    odd = replace(with_line(sample(), 0, tax=Decimal("20.01"), gross=Decimal("120.01")),
                  tax=Decimal("20.01"), gross=Decimal("170.51"))  # fmt: skip
    told = post(system, odd)
    assert (told.net, told.tax, told.gross) == (Decimal("150.50"), Decimal("20.01"), Decimal("170.51"))
    assert books.owed("CROWN01") == Decimal("170.51")


def test_lines_and_discounts_of_one_tax_keep_their_stated_amounts(system: Tryton) -> None:
    """Tryton groups a tax by the sign of its lines; another grouping would make it compute anew."""
    first = replace(sample().lines[0], tax=Decimal("20.01"), gross=Decimal("120.01"))
    less = replace(
        first, number=2, net=Decimal(-50), tax=Decimal("-9.99"), gross=Decimal("-59.99"), quantity=None, unit_price=None
    )
    more = replace(first, number=3, tax=Decimal("19.98"), gross=Decimal("119.98"))
    document = sample(lines=(first, less, more), net=Decimal(150), tax=Decimal(30), gross=Decimal(180))
    told = post(system, document)
    assert (told.net, told.tax, told.gross) == (Decimal(150), Decimal(30), Decimal(180))


def test_a_document_without_tax_has_none_even_where_the_account_has_a_default(system: Tryton, books: Ledger) -> None:
    account = books.rpc.one("account.account", ["code", "=", "7504"])
    books.rpc.write("account.account", account, taxes=[["add", [books.rpc.one("account.tax", ["name", "=", "T1"])]]])
    line = replace(sample().lines[1], number=1)
    told = post(system, sample(lines=(line,), net=line.net, tax=line.tax, gross=line.gross))
    assert (told.tax, told.gross) == (Decimal(0), Decimal("50.50"))


def test_it_is_due_when_the_document_says(system: Tryton, books: Ledger) -> None:
    post(system)
    (due,) = [one["maturity_date"] for one in books.rpc.read("account.move.line", [], "maturity_date")
              if one["maturity_date"]]  # fmt: skip
    assert due == date(2024, 4, 13)


def test_a_credit_note_with_the_number_of_its_invoice_is_booked(system: Tryton, books: Ledger) -> None:
    """Tryton finds it similar to the invoice; it is of the other sign, so no second one of it."""
    post(system)
    credit = post(system, sample(Kind.CREDIT_NOTE), OTHER_KEY)
    assert (credit.gross, credit.number) == (Decimal("170.50"), "2024/2")
    assert books.owed("CROWN01") == 0
    types = {one["type"] for one in books.rpc.read(kinds.INVOICES, [], "type")}
    assert types == {"in"}


def test_a_purchase_order_is_confirmed_and_makes_no_invoice(system: Tryton, books: Ledger) -> None:
    told = post(system, sample(Kind.PURCHASE_ORDER))
    assert (told.number, told.gross) == ("1", Decimal("170.50"))
    assert books.states(kinds.ORDERS) == ["processing"]
    assert books.states() == []
    assert system.find(sample(Kind.PURCHASE_ORDER), key=KEY) == (told,)


def test_a_new_supplier_is_made_once(system: Tryton, books: Ledger) -> None:
    nobody = Supplier(code="NEW-7", name="Brand New Ltd")
    assert post(system, sample(party=nobody)).supplier_code == "NEW-7"
    assert post(system, sample(party=nobody, supplier_reference="2"), OTHER_KEY).supplier_code == "NEW-7"
    assert len(books.rpc.ids("party.party", [["code", "=", "NEW-7"]])) == 1


# --- never twice -----------------------------------------------------------------------------------------------------


def test_the_same_key_again_tells_of_the_first(system: Tryton, books: Ledger) -> None:
    first = post(system)
    assert post(system) == first
    assert books.states() == ["posted"]


def test_a_draft_that_was_left_behind_is_finished(system: Tryton, books: Ledger) -> None:
    draft = books.draft(sample(), KEY.value)
    assert system.find(sample(), key=KEY) == (), "a draft is in no books"
    told = post(system)
    assert told.external_id == str(draft)
    assert books.states() == ["posted"]


def test_a_quotation_that_was_left_behind_is_finished(system: Tryton, books: Ledger) -> None:
    order = sample(Kind.PURCHASE_ORDER)
    draft = books.draft(order, KEY.value)
    books.rpc.call(f"model.{kinds.ORDERS}.quote", [draft])
    assert post(system, order).external_id == str(draft)
    assert books.states(kinds.ORDERS) == ["processing"]


def test_a_draft_that_says_something_else_is_replaced(system: Tryton, books: Ledger) -> None:
    line = replace(sample().lines[1], number=1)
    books.draft(sample(lines=(line,), net=line.net, tax=line.tax, gross=line.gross), KEY.value)
    assert post(system).gross == Decimal("170.50")
    assert books.states() == ["posted"]


def test_a_draft_with_another_account_is_replaced(system: Tryton, books: Ledger) -> None:
    """Somebody mended a mapping between the attempts; the totals look alike."""
    books.draft(with_line(sample(), 1, account_code="7506"), KEY.value)
    post(system)
    assert books.states() == ["posted"]
    assert {one["account."]["code"] for one in books.entries()} == {"2.1.1", furnishing.ACCRUED_TAXES, "5010", "7504"}


def test_a_credit_note_that_was_left_behind_is_finished(system: Tryton, books: Ledger) -> None:
    draft = books.draft(sample(Kind.CREDIT_NOTE), KEY.value)
    told = post(system, sample(Kind.CREDIT_NOTE))
    assert (told.external_id, told.gross) == (str(draft), Decimal("170.50"))


def test_a_quotation_that_says_something_else_is_replaced(system: Tryton, books: Ledger) -> None:
    line = replace(sample().lines[1], number=1)
    order = sample(Kind.PURCHASE_ORDER)
    draft = books.draft(replace(order, lines=(line,), net=line.net, tax=line.tax, gross=line.gross), KEY.value)
    books.rpc.call(f"model.{kinds.ORDERS}.quote", [draft])
    assert post(system, order).gross == Decimal("170.50")
    assert books.states(kinds.ORDERS) == ["processing"]


def test_what_somebody_cancelled_is_left_to_people(system: Tryton, books: Ledger) -> None:
    draft = books.draft(sample(), KEY.value)
    books.rpc.call(f"model.{kinds.INVOICES}.cancel", [draft])
    with pytest.raises(Rejected, match="cancelled"):
        post(system)
    assert books.states() == ["cancelled"]


def test_parallel_attempts_leave_one_in_the_books(server: Server, books: Ledger) -> None:
    """None of them is told as a refusal, and the attempt after them finishes what they left."""

    def attempt(_: int) -> Posted | IntegrationError:
        try:
            return post(linked(server))
        except IntegrationError as error:
            return error

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    assert all(isinstance(one, Posted | OutcomeUnknown | Retryable) for one in results), results
    last = post(linked(server))
    assert {one for one in results if isinstance(one, Posted)} <= {last}
    assert books.states() == ["posted"]
    assert linked(server).find(sample(), key=KEY) == (last,)


def test_documents_at_once_are_all_booked(server: Server, books: Ledger) -> None:
    """As many together as the connector's own limit allows."""

    def attempt(number: int) -> str:
        document = sample(supplier_reference=f"SI-{number}")
        return post(linked(server), document, IdempotencyKey(f"key-{number}")).number

    with ThreadPoolExecutor(Tryton.limits.at_once) as pool:
        numbers = list(pool.map(attempt, range(6)))
    assert sorted(numbers) == [f"2024/{number}" for number in range(1, 7)]
    assert books.states() == ["posted"] * 6


@pytest.mark.parametrize("place", ["the draft", "the posting"])
def test_a_server_that_stands_still_in_the_middle_leaves_it_open(server: Server, books: Ledger, place: str) -> None:
    """The lookup afterwards tells the truth: absent while it is a draft, there once it is posted."""
    writes = 1 if place == "the draft" else 2
    stopped = threading.Event()
    asked = [0]

    def freeze() -> None:
        asked[0] += 1
        if asked[0] == writes:
            os.kill(server.pid, signal.SIGSTOP)
            stopped.set()

    with pytest.raises(OutcomeUnknown):
        post(linked(server, still_ours=freeze, deadline_seconds=BRIEF_SECONDS))
    assert stopped.is_set()
    os.kill(server.pid, signal.SIGCONT)
    if place == "the posting":
        until_posted(books)
        (found,) = linked(server).find(sample(), key=KEY)
        assert (found.number, found.gross) == ("2024/1", Decimal("170.50"))
    else:
        deadline = time.monotonic() + A_WHILE
        while not books.states():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert linked(server).find(sample(), key=KEY) == ()
    assert post(linked(server)).number == "2024/1"
    assert books.states() == ["posted"]


def test_a_lookup_of_a_server_that_stands_still_tells_nothing(server: Server) -> None:
    with frozen(server), pytest.raises(Retryable):
        linked(server, deadline_seconds=BRIEF_SECONDS).find(sample(), key=KEY)


# --- what is refused -------------------------------------------------------------------------------------------------


def test_the_same_bill_under_another_key_is_refused_by_name(system: Tryton, books: Ledger) -> None:
    post(system)
    with pytest.raises(Rejected, match="similar") as caught:
        post(system, key=OTHER_KEY)
    assert caught.value.field == "supplier_reference"
    assert books.states() == ["posted"], "the draft is thrown away"


@pytest.mark.parametrize("day", [furnishing.CLOSED, date(2011, 5, 5)])
def test_a_day_without_an_open_period_is_refused_by_name(system: Tryton, books: Ledger, day: date) -> None:
    with pytest.raises(Rejected, match="period") as caught:
        post(system, sample(date=day))
    assert caught.value.field == "date"
    assert books.count() == 0


def test_a_wrong_key_is_told(server: Server) -> None:
    with pytest.raises(Unauthorised):
        Tryton(link(server, key="0" * 128)).company()


@pytest.mark.parametrize(
    "setting,value,field", [("database", "nowhere", "base_url"), ("company_id", "9", "company_id")]
)
def test_a_wrong_setting_is_named(server: Server, setting: str, value: str, field: str) -> None:
    right = link(server)
    with pytest.raises(Misconfigured) as caught:
        Tryton(replace(right, settings={**right.settings, setting: value})).company()
    assert caught.value.field == field


def test_a_user_without_rights_is_told_apart_from_bad_data(server: Server, books: Ledger) -> None:
    user = books.rpc.create("res.user", name="Weak", login="weak", companies=[["add", [1]]], company=1)
    books.rpc.create("res.user.application", user=user, application="rest", key="weak" * 32)
    system = Tryton(link(server, key="weak" * 32))
    with pytest.raises((Misconfigured, Rejected)) as caught:
        post(system)
    assert "<" not in caught.value.message
    assert books.count() == 0


def test_a_user_in_two_groups_may_do_all_of_it(server: Server, books: Ledger) -> None:
    """What the form asks for is enough: no administrator's key is needed."""
    groups = [books.rpc.one("res.group", ["name", "=", name]) for name in ("Accounting", "Purchase")]
    user = books.rpc.create(
        "res.user", name="Postroom", login="postroom", companies=[["add", [1]]], company=1, groups=[["add", groups]]
    )
    books.rpc.create("res.user.application", user=user, application="rest", key="able" * 32)
    system = Tryton(link(server, key="able" * 32))
    nobody = Supplier(code=None, name="Brand New Ltd")
    assert system.company().name == furnishing.COMPANY
    for kind, key, supplier in (
        (Kind.INVOICE, KEY, nobody),
        (Kind.CREDIT_NOTE, OTHER_KEY, sample().party),
        (Kind.PURCHASE_ORDER, KEY, sample().party),
    ):
        posted = post(system, sample(kind, party=supplier), key)
        assert posted.number
        system.attach(kind, posted.external_id, PAPER)
        assert [one.name for one in system.attached(kind, posted.external_id)] == [PAPER.name]
    assert all(list(system.records(kind)) for kind in Tryton.can.reads)


def test_a_supplier_that_is_not_active_is_refused_by_name(system: Tryton, books: Ledger) -> None:
    books.retire(RecordKind.SUPPLIER)
    with pytest.raises(Rejected, match="not active") as caught:
        post(system, sample(party=Supplier(code="OLD01", name="Old Printing Works")))
    assert caught.value.field == "supplier"
    assert books.count() == 0


# --- reference data --------------------------------------------------------------------------------------------------


def test_an_inactive_supplier_is_seen_and_marked(system: Tryton, books: Ledger) -> None:
    retired = books.retire(RecordKind.SUPPLIER)
    found = {one.external_id: one for one in system.records(RecordKind.SUPPLIER)}
    assert retired is not None
    assert (found[retired].code, found[retired].is_active) == ("OLD01", False)


def test_a_supplier_is_told_with_address_terms_and_currency(system: Tryton, books: Ledger) -> None:
    rpc = books.rpc
    crown, address = (
        rpc.one("party.party", ["code", "=", "CROWN01"]),
        rpc.one("party.address", ["party.code", "=", "CROWN01"]),
    )
    where = {"city": "Leeds", "postal_code": "LS11 5AA", "street_unstructured": "1 Station Road\nHolbeck"}
    country = rpc.create("country.country", name="United Kingdom", code="GB")
    region = rpc.create("country.subdivision", name="Leeds", code="GB-LDS", type="city", country=country)
    rpc.write("party.address", address, **where, country=country, subdivision=region)
    thirty, month = (
        rpc.one("account.invoice.payment_term", ["name", "=", name]) for name in ("30 days", "End of Month")
    )
    dollar = rpc.one("currency.currency", ["code", "=", "USD"])
    rpc.write("party.party", crown, supplier_payment_term=thirty, supplier_currency=dollar)
    (told,) = (one for one in system.records(RecordKind.SUPPLIER) if one.code == "CROWN01")
    assert told.details == {
        "currency": "USD",
        "address": "1 Station Road, Holbeck, LEEDS, LS11 5AA, UNITED KINGDOM",
        "address_1": "1 Station Road",
        "address_2": "Holbeck",
        "city": "Leeds",
        "region": "Leeds",
        "postcode": "LS11 5AA",
        "country_code": "GB",
        "payment_terms": "30 days",
        "payment_days": "30",
    }
    rpc.write("party.party", crown, supplier_payment_term=month)
    (told,) = (one for one in system.records(RecordKind.SUPPLIER) if one.code == "CROWN01")
    assert (told.details["payment_terms"], told.details.get("payment_days")) == ("End of Month", None)


def test_rates_are_units_for_one_of_the_companys_currency(system: Tryton, books: Ledger) -> None:
    """Whichever currency Tryton itself counts in."""
    rpc = books.rpc
    for code, rate in (("GBP", "0.8"), ("EUR", "1")):
        currency = rpc.one("currency.currency", ["code", "=", code])
        rpc.create("currency.currency.rate", currency=currency, date=date(2024, 2, 1), rate=Decimal(rate))
    assert {one.code: one.details for one in system.records(RecordKind.CURRENCY)} == {
        "GBP": {"rate": "1", "is_base": "yes"},
        "USD": {"rate": "1.50125"},
        "EUR": {"rate": "1.25"},
    }


def test_warehouses_and_analytic_accounts_are_told(system: Tryton) -> None:
    sites, values = (list(system.records(kind)) for kind in (RecordKind.DELIVERY_SITE, RecordKind.DIMENSION))
    assert [(one.code, one.name, one.details) for one in sites] == [("WH", "Warehouse", {})]
    assert [(one.dimension, one.code, one.name) for one in values] == [
        ("Department", code, name) for code, name in furnishing.DEPARTMENTS.items()
    ]


def test_a_large_file_arrives_whole_and_a_larger_one_is_refused(system: Tryton, books: Ledger) -> None:
    """Tryton reads 2 MB unless it is told otherwise, and files travel as Base64."""
    invoice = post(system).external_id
    large = replace(PAPER, name="large.pdf", content=bytes(range(256)) * (MAX_SIZE // 4 * 3 // 256 - 8))
    system.attach(Kind.INVOICE, invoice, large)
    with pytest.raises(Rejected, match=r"larger\.pdf is larger than this Tryton lets anybody send"):
        system.attach(Kind.INVOICE, invoice, replace(PAPER, name="larger.pdf", content=b"x" * LARGEST_FILE))
    assert [(one.name, one.size) for one in system.attached(Kind.INVOICE, invoice)] == [
        ("large.pdf", len(large.content))
    ]
    assert books.stored(Kind.INVOICE, invoice, large.name) == large.content


@pytest.mark.parametrize("kind", sorted(Tryton.can.reads))
def test_posting_changes_no_hash(system: Tryton, kind: RecordKind) -> None:
    before = {one.external_id: one.content_hash() for one in system.records(kind)}
    post(system)
    post(system, sample(Kind.PURCHASE_ORDER), OTHER_KEY)
    assert {one.external_id: one.content_hash() for one in system.records(kind)} == before


def test_a_long_list_is_read_page_by_page(system: Tryton, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(system.records(RecordKind.ACCOUNT))
    monkeypatch.setattr("integrations.tryton.client.PAGE_SIZE", 50)
    assert list(system.records(RecordKind.ACCOUNT)) == whole
    assert len(whole) > 100


def test_each_request_stays_within_its_terms(server: Server) -> None:
    """The rate limit is asked for before each request, the lease before each that writes."""
    asked = {"permit": 0, "lease": 0}

    def count(what: str) -> None:
        asked[what] += 1

    terms = Outbound(allow_private=True, permit=lambda: count("permit"), still_ours=lambda: count("lease"))
    post(Tryton(link(server, outbound=terms)))
    assert asked == {"permit": 9, "lease": 2}
