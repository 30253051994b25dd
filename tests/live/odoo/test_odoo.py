"""What a real Odoo is known for, and what the connector makes of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.base import Link
from integrations.documents import Document, IdempotencyKey, Kind, Supplier
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import Exchange, Outbound
from integrations.odoo.client import Client
from integrations.odoo.connector import Odoo as Connector
from integrations.papers import LARGEST_FILE
from integrations.reference import RecordKind
from tests.live.odoo.seen import RealBooks
from tests.live.odoo.server import Odoo
from tests.samples import KEY, OTHER_KEY, PAPER, REFERENCE, in_dollars, sample, with_line

pytestmark = pytest.mark.odoo_live

AT_ONCE = 6
BRIEF_SECONDS = 6.0
PATIENCE_SECONDS = 30.0


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until it is so. Raises `TimeoutError`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about")
        time.sleep(0.2)


def at_the_write(number: int, what: Callable[[], object]) -> Callable[[], None]:
    """A write check that does something right before the bytes of one write go out."""
    writes = 0

    def still_ours() -> None:
        nonlocal writes
        writes += 1
        if writes == number:
            what()

    return still_ours


def dies() -> None:
    """As a worker that is killed between two writes."""
    raise Retryable("dead")


def test_many_at_once_with_one_key_make_one_bill(books: RealBooks) -> None:
    def post(_: int) -> str:
        try:
            return books.system().post(sample(), key=KEY, reference=REFERENCE).number
        except (Retryable, OutcomeUnknown):
            return "later"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = set(pool.map(post, range(AT_ONCE)))
    assert len(books.moves()) == 1
    assert books.system().post(sample(), key=KEY, reference=REFERENCE).number == "BILL/2024/03/0001"
    assert told <= {"BILL/2024/03/0001", "later"}
    assert [(one["name"], one["state"]) for one in books.moves()] == [("BILL/2024/03/0001", "posted")]
    assert books.owed("CROWN01") == Decimal("170.50")


def test_different_bills_at_once_are_all_booked(books: RealBooks) -> None:
    def post(number: int) -> str:
        key = IdempotencyKey(f"{KEY.value[:-2]}{number:02}")
        for _ in range(20):
            try:
                return books.system().post(sample(), key=key, reference=f"P-{number:06}").number
            except Retryable:
                time.sleep(0.2)
        return "never"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(post, range(12)))
    assert told == [f"BILL/2024/03/{number:04}" for number in range(1, 13)]
    assert len(books.moves()) == 12


def test_a_draft_that_was_left_behind_is_finished(books: RealBooks) -> None:
    with pytest.raises(OutcomeUnknown):
        books.system(still_ours=at_the_write(2, dies)).post(sample(), key=KEY, reference=REFERENCE)
    (draft,) = books.moves()
    assert draft["state"] == "draft"
    assert books.system().find(sample(), key=KEY) == ()
    posted = books.system().post(sample(), key=KEY, reference=REFERENCE)
    assert (posted.external_id, posted.gross) == (str(draft["id"]), Decimal("170.50"))
    assert [one["state"] for one in books.moves()] == ["posted"]
    assert len(books.call("account.move.line/search", domain=[["move_id", "=", draft["id"]]])) == 4


def test_a_refused_booking_leaves_nothing(system: Connector, books: RealBooks) -> None:
    negative = with_line(sample(), 0, net=Decimal(-100), tax=Decimal(-20), gross=Decimal(-120), unit_price=None)
    negative = replace(negative, net=Decimal("-49.50"), tax=Decimal(-20), gross=Decimal("-69.50"))
    with pytest.raises(Rejected, match="negative total"):
        system.post(negative, key=KEY, reference=REFERENCE)
    assert books.moves() == []
    assert books.call("ir.model.data/search", domain=[["module", "=", "postroom"]]) == []
    assert books.system().post(sample(), key=KEY, reference=REFERENCE).gross == Decimal("170.50")


def test_a_locked_period_moves_the_date_and_posted_tells_it(system: Connector, books: RealBooks) -> None:
    books.call("res.company/write", ids=[1], vals={"fiscalyear_lock_date": "2024-12-31"})
    posted = system.post(sample(), key=KEY, reference=REFERENCE)
    assert (posted.date, posted.number) == (date(2025, 1, 31), "BILL/2025/01/0001")


def test_the_accounts_default_tax_is_not_added(system: Connector, books: RealBooks) -> None:
    tax = books.call("account.tax/search", domain=[["name", "=", "T1"]])
    account = books.call("account.account/search", domain=[["code", "=", "7504"]])
    books.call("account.account/write", ids=account, vals={"tax_ids": [[6, 0, tax]]})
    assert system.post(sample(), key=KEY, reference=REFERENCE).tax == Decimal(20)


def test_the_due_date_wins_over_the_suppliers_terms(books: RealBooks) -> None:
    crown = books.call("res.partner/search", domain=[["ref", "=", "CROWN01"]])
    terms = books.call("account.payment.term/search", domain=[["name", "=", "45 Days"]])
    books.call("res.partner/write", ids=crown, vals={"property_supplier_payment_term_id": terms[0]})
    books.system().post(sample(), key=KEY, reference=REFERENCE)
    books.system().post(sample(due_date=None), key=OTHER_KEY, reference="P-000002")
    lines = books.call(
        "account.move.line/search_read", domain=[["display_type", "=", "payment_term"]], fields=["date_maturity"]
    )
    assert sorted(one["date_maturity"] for one in lines) == ["2024-04-13", "2024-04-28"]


def test_a_tax_that_lowers_the_total_is_stated(system: Connector) -> None:
    net, tax, gross = Decimal(150), Decimal("-9.99"), Decimal("140.01")
    document = sample(net=net, tax=tax, gross=gross)
    whole = {"net": Decimal(200), "tax": Decimal(0), "gross": Decimal(200), "tax_code": "T0", "unit_price": None}
    discount = {"net": Decimal(-50), "tax": tax, "gross": Decimal("-59.99"), "tax_code": "T1"}
    document = with_line(with_line(document, 0, **whole), 1, **discount)
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.net, posted.tax, posted.gross) == (net, tax, gross)


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE])
def test_the_senders_tax_is_stated(system: Connector, books: RealBooks, kind: Kind) -> None:
    document = with_line(sample(kind), 0, tax=Decimal("19.99"), gross=Decimal("119.99"))
    document = replace(document, tax=Decimal("19.99"), gross=Decimal("170.49"))
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.net, posted.tax, posted.gross) == (Decimal("150.50"), Decimal("19.99"), Decimal("170.49"))
    assert abs(books.owed("CROWN01")) == Decimal("170.49")


def test_tax_without_a_tax_line_is_told_as_booked(system: Connector) -> None:
    document = with_line(sample(), 1, tax=Decimal(1), gross=Decimal("51.50"))
    document = replace(document, tax=Decimal(21), gross=Decimal("171.50"))
    assert system.post(document, key=KEY, reference=REFERENCE).gross == Decimal("170.50")


def test_a_credit_note_is_numbered_and_owed_the_other_way(system: Connector, books: RealBooks) -> None:
    posted = system.post(sample(Kind.CREDIT_NOTE), key=KEY, reference=REFERENCE)
    assert (posted.number, posted.gross) == ("RBILL/2024/03/0001", Decimal("170.50"))
    assert books.owed("CROWN01") == Decimal("-170.50")


def test_a_purchase_order_is_confirmed(system: Connector, books: RealBooks) -> None:
    first = system.post(sample(Kind.PURCHASE_ORDER), key=KEY, reference=REFERENCE)
    books.system().post(sample(Kind.PURCHASE_ORDER), key=OTHER_KEY, reference="P-000002")
    assert (first.number, first.net, first.tax, first.date) == (
        "P00001", Decimal("150.50"), Decimal(20), date(2024, 3, 14),
    )  # fmt: skip
    orders = books.call("purchase.order/search_read", domain=[], fields=["state", "origin", "partner_ref"])
    assert {one["state"] for one in orders} == {"purchase"}
    assert {one["origin"].partition(" / ")[0] for one in orders} == {REFERENCE, "P-000002"}
    assert len(books.call("product.product/search", domain=[["default_code", "=", "POSTROOM"]])) == 1


def test_an_order_that_was_left_behind_is_finished(books: RealBooks) -> None:
    document = sample(Kind.PURCHASE_ORDER)
    books.system().post(document, key=OTHER_KEY, reference="P-000002")
    with pytest.raises(OutcomeUnknown):
        books.system(still_ours=at_the_write(2, dies)).post(document, key=KEY, reference=REFERENCE)
    assert books.system().find(document, key=KEY) == ()
    assert books.system().post(document, key=KEY, reference=REFERENCE).number == "P00002"
    assert books.count() == 2


def test_base_amounts_go_along(system: Connector, books: RealBooks) -> None:
    """The source's own rate, although Odoo has another."""
    document = replace(in_dollars(), base_net=Decimal(110), base_gross=Decimal(110))
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.gross, posted.currency, books.owed("CROWN01")) == (Decimal("120.50"), "USD", Decimal(110))


def test_an_inactive_currency_is_refused_by_name(system: Connector, books: RealBooks) -> None:
    with pytest.raises(Rejected, match="CAD is not active") as caught:
        system.post(replace(in_dollars(), currency="CAD"), key=KEY, reference=REFERENCE)
    assert caught.value.field == "currency"
    assert books.count() == 0


# --- the network and the server --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_a_server_that_stands_still_in_the_middle_of_a_write(odoo: Odoo, books: RealBooks, number: int) -> None:
    """The first write is the draft, the second its booking: Odoo does either, although nobody listens any more."""
    books.system().company()
    frozen = at_the_write(number, lambda: os.kill(odoo.pid, signal.SIGSTOP))
    try:
        with pytest.raises(OutcomeUnknown):
            books.system(still_ours=frozen, deadline_seconds=BRIEF_SECONDS).post(sample(), key=KEY, reference=REFERENCE)
    finally:
        os.kill(odoo.pid, signal.SIGCONT)
    wait_until(lambda: [one["state"] for one in books.moves()] == [("draft", "posted")[number - 1]])
    found = books.system().find(sample(), key=KEY)
    assert [one.number for one in found] == (["BILL/2024/03/0001"] if number == 2 else [])
    assert books.system().post(sample(), key=KEY, reference=REFERENCE).number == "BILL/2024/03/0001"
    assert [one["state"] for one in books.moves()] == ["posted"]


def test_a_wrong_key_is_told(books: RealBooks) -> None:
    settings = {"base_url": books.odoo.url, "database": books.database, "company_id": "1"}
    for key in ("wrong", ""):
        link = Link(settings=settings, secrets={"api_key": key}, outbound=Outbound(allow_private=True))
        with pytest.raises(Unauthorised):
            Connector(link).post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 0


def test_a_wrong_company_names_the_setting(books: RealBooks) -> None:
    settings = {"base_url": books.odoo.url, "database": books.database, "company_id": "77"}
    link = Link(settings=settings, secrets={"api_key": books.odoo.key}, outbound=Outbound(allow_private=True))
    with pytest.raises(Misconfigured) as caught:
        Connector(link).company()
    assert caught.value.field == "company_id"


WITHOUT_EXTERNAL_IDS = ("account.group_account_invoice", "purchase.group_purchase_user")
TO_POST = (*WITHOUT_EXTERNAL_IDS, "base.group_erp_manager")
TO_MAKE_SUPPLIERS = (*TO_POST, "base.group_partner_manager", "product.group_product_manager")
NEW = Supplier(code="NEW01", name="New Ltd")


@pytest.mark.parametrize(
    "groups,document,says",
    [
        (WITHOUT_EXTERNAL_IDS, sample(), "Access Rights"),
        (TO_POST, sample(), ""),
        (TO_POST, sample(party=NEW), "not allowed to create 'Contact'"),
        (TO_POST, sample(Kind.PURCHASE_ORDER), "not allowed to create 'Product"),
        (TO_MAKE_SUPPLIERS, sample(party=NEW), ""),
        (TO_MAKE_SUPPLIERS, sample(Kind.PURCHASE_ORDER, party=NEW), ""),
    ],
)
def test_the_rights_that_the_key_needs(
    books: RealBooks, groups: tuple[str, ...], document: Document, says: str
) -> None:
    system = books.system(key=books.odoo.key_of_user(books.database, *groups))
    if not says:
        posted = system.post(document, key=KEY, reference=REFERENCE)
        assert posted.number
        system.attach(document.kind, posted.external_id, PAPER)
        assert [one.name for one in system.attached(document.kind, posted.external_id)] == [PAPER.name]
        assert all(list(system.records(kind)) for kind in Connector.can.reads)
        return
    with pytest.raises(Misconfigured, match=says) as caught:
        system.post(document, key=KEY, reference=REFERENCE)
    assert caught.value.field == "api_key"
    assert books.count() == 0


def test_a_value_that_cannot_be_read_is_a_refusal_with_status_500(books: RealBooks) -> None:
    exchanges: list[Exchange] = []
    with pytest.raises(OutcomeUnknown):
        books.system(still_ours=at_the_write(2, dies)).post(sample(), key=KEY, reference=REFERENCE)
    client = Client(books.system(record=exchanges.append).link)
    with pytest.raises(Rejected, match="could not read a value of the document: time data '2024-13-45'"):
        client.change("account.move", "write", books.moves()[0]["id"], vals={"invoice_date": "2024-13-45"})
    assert [one.status for one in exchanges] == [500]
    assert "Traceback" not in repr(exchanges)


def test_what_odoo_refuses_is_one_sentence(books: RealBooks) -> None:
    posted = books.system().post(sample(), key=KEY, reference=REFERENCE)
    with pytest.raises(Rejected, match="must be in draft") as caught:
        Client(books.system().link).change("account.move", "action_post", int(posted.external_id))
    assert "\n" not in caught.value.message


# --- suppliers and reference data ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "supplier,found",
    [
        (Supplier(code="CROWN01", name="Something else"), "CROWN01"),
        (Supplier(code=None, name=" metro TELECOM "), "METRO01"),
        (Supplier(code="NEW01", name="Metro Telecom"), "NEW01"),
        (Supplier(code=None, name="Metro_Telecom"), None),
        (Supplier(code=None, name="100 % \\ Ltd"), None),
    ],
)
def test_a_supplier_is_found_or_made_once(books: RealBooks, supplier: Supplier, found: str | None) -> None:
    for key in (KEY, OTHER_KEY):
        assert books.system().post(sample(party=supplier), key=key, reference=REFERENCE).supplier_code == found
    partners = {one["partner_id"][0] for one in books.moves("partner_id")}
    assert len(partners) == 1


def test_many_at_once_make_a_supplier_once(books: RealBooks) -> None:
    document = sample(party=Supplier(code="NEW01", name="New Ltd"))

    def post(number: int) -> None:
        key = IdempotencyKey(f"{KEY.value[:-2]}{number:02}")
        for _ in range(20):
            try:
                books.system().post(document, key=key, reference=f"P-{number:06}")
            except Retryable:
                time.sleep(0.2)
            else:
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, range(4)))
    assert len(books.call("res.partner/search", domain=[["ref", "=", "NEW01"]])) == 1
    assert [one["state"] for one in books.moves()] == ["posted"] * 4


def test_an_archived_supplier_is_seen_and_refused(system: Connector, books: RealBooks) -> None:
    crown = books.call("res.partner/search", domain=[["ref", "=", "CROWN01"]])
    books.call("res.partner/write", ids=crown, vals={"active": False})
    found = {one.code: one.is_active for one in system.records(RecordKind.SUPPLIER)}
    assert (found["CROWN01"], found["METRO01"]) == (False, True)
    with pytest.raises(Rejected, match="CROWN01 is archived in Odoo"):
        system.post(sample(), key=KEY, reference=REFERENCE)


def test_posting_touches_the_supplier_and_changes_no_hash(system: Connector, books: RealBooks) -> None:
    def touched() -> object:
        fields = ["write_date", "supplier_rank"]
        return books.call("res.partner/search_read", domain=[["ref", "=", "CROWN01"]], fields=fields)

    hashes = {one.external_id: one.content_hash() for one in system.records(RecordKind.SUPPLIER)}
    before = touched()
    system.post(sample(), key=KEY, reference=REFERENCE)
    assert touched() != before
    assert {one.external_id: one.content_hash() for one in system.records(RecordKind.SUPPLIER)} == hashes


def test_a_supplier_is_told_with_address_and_net_days(system: Connector, books: RealBooks) -> None:
    (thirty,) = books.call("account.payment.term/search", domain=[["name", "=", "30 Days"]])
    (month,) = books.call("account.payment.term/search", domain=[["name", "=", "End of Following Month"]])
    (country,) = books.call("res.country/search", domain=[["code", "=", "AU"]])
    (region,) = books.call("res.country.state/search", domain=[["code", "=", "ACT"]])
    (crown,) = books.call("res.partner/search", domain=[["ref", "=", "CROWN01"]])
    values = {
        "street": "1 Station Road", "street2": "Holbeck", "city": "Leeds", "zip": "LS11 5AA", "country_id": country,
        "state_id": region, "email": "accounts@crown.example", "property_supplier_payment_term_id": thirty,
    }  # fmt: skip
    books.call("res.partner/write", ids=[crown], vals=values)
    (told,) = (one for one in system.records(RecordKind.SUPPLIER) if one.code == "CROWN01")
    assert told.details == {
        "email": "accounts@crown.example",
        "address": "1 Station Road, Holbeck, Leeds, LS11 5AA, Australian Capital Territory (AU), Australia",
        "address_1": "1 Station Road",
        "address_2": "Holbeck",
        "city": "Leeds",
        "region": "Australian Capital Territory",
        "postcode": "LS11 5AA",
        "country": "Australia",
        "country_code": "AU",
        "payment_terms": "30 Days",
        "payment_days": "30",
    }
    books.call("res.partner/write", ids=[crown], vals={"property_supplier_payment_term_id": month})
    (told,) = (one for one in system.records(RecordKind.SUPPLIER) if one.code == "CROWN01")
    assert (told.details["payment_terms"], told.details.get("payment_days")) == ("End of Following Month", None)


def test_rates_warehouses_and_analytic_accounts_are_told(system: Connector) -> None:
    found = {kind: list(system.records(kind)) for kind in RecordKind}
    rates = {one.code: one.details for one in found[RecordKind.CURRENCY] if one.is_active}
    assert rates == {"GBP": {"rate": "1", "is_base": "yes"}, "USD": {"rate": "1.201"}}
    assert [(one.code, one.name, one.details) for one in found[RecordKind.DELIVERY_SITE]] == [
        (
            "WH",
            "My Company",
            {"address_1": "4 Harbour Street", "city": "Whitby", "postcode": "YO21 1DN", "country_code": "GB"},
        )
    ]
    assert [(one.dimension, one.code, one.name) for one in found[RecordKind.DIMENSION]] == [
        ("Department", "ADM", "Administration"),
        ("Department", "TRN", "Training"),
    ]


def test_a_large_file_arrives_whole(system: Connector, books: RealBooks) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    large = replace(PAPER, name="large.pdf", content=bytes(range(256)) * (LARGEST_FILE // 256))
    system.attach(Kind.INVOICE, invoice, large)
    assert [one.size for one in system.attached(Kind.INVOICE, invoice)] == [LARGEST_FILE]
    assert books.stored(Kind.INVOICE, invoice, large.name) == large.content


def test_one_file_sent_many_times_at_once_is_there_once(books: RealBooks) -> None:
    invoice = books.system().post(sample(), key=KEY, reference=REFERENCE).external_id

    def attach(_: int) -> None:
        with suppress(Retryable):
            books.system().attach(Kind.INVOICE, invoice, PAPER)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(attach, range(AT_ONCE)))
    assert [one.name for one in books.system().attached(Kind.INVOICE, invoice)] == [PAPER.name]


def test_reference_data_is_read_to_the_end(system: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {kind: {one.external_id for one in system.records(kind)} for kind in sorted(system.can.reads)}
    monkeypatch.setattr("integrations.odoo.client.PAGE_SIZE", 7)
    for kind, ids in whole.items():
        assert {one.external_id for one in system.records(kind)} == ids
    assert len(whole[RecordKind.ACCOUNT]) > 100
    rates = {one.code: one.details.get("rate") for one in system.records(RecordKind.TAX)}
    assert (rates["T0"], rates["T1"]) == ("0", "20")


def test_a_listing_is_read_page_by_page(books: RealBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.odoo.client.PAGE_SIZE", 2)
    documents: dict[str, Document] = {}
    for place, kind in enumerate((Kind.INVOICE, Kind.PURCHASE_ORDER, Kind.CREDIT_NOTE, Kind.INVOICE, Kind.INVOICE)):
        key = IdempotencyKey(f"{KEY.value[:-2]}{place:02}")
        documents[key.value] = sample(kind)
        books.system().post(documents[key.value], key=key, reference=f"P-{place:06}")
    created = documents[KEY.value[:-2] + "00"].created_at
    assert created is not None
    found = {one.key: (one.kind, one.reference) for one in books.system().written_since(created)}
    assert found == {key: (one.kind, f"P-{place:06}") for place, (key, one) in enumerate(documents.items())}
