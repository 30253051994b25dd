"""What the connector tells by the vendor's API: who is linked, where transactions stand, their files and story."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Company, Kind, Stage
from integrations.errors import IntegrationError, Misconfigured, Missing, Rejected, Retryable, Unauthorised
from integrations.icompleat import told as reading
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.samples import sample
from integrations.metadata import Abilities, Offers
from integrations.papers import LARGEST_FILE, Attachment, File
from integrations.reference import RecordKind
from integrations.standing import Event, Standing
from portal.intake.strict_json import load
from tests.integrations.icompleat.api import (
    COMPANY,
    TENANT,
    TRANSACTION,
    amount,
    asked,
    connector,
    detail,
    link,
    listed_row,
    page,
    refused,
    told,
)
from tests.integrations.icompleat.bodies import EVERYTHING, coded
from tests.scripted import Answer, ScriptedServer, answer, json_answer

TC = f"{TENANT}/{COMPANY}"
PROOF = told(Suppliers=[])
SUPPLIERS = ("GET", f"/api/suppliers/{TC}/1")
CURRENCIES = told(
    CurrencyCodes=[
        {"Code": "EUR", "IsBase": False, "Rate": Decimal("1.134")},
        {"Code": "GBP", "IsBase": True, "Rate": 1},
    ]
)
ALL_KINDS = frozenset(RecordKind)


def test_what_it_can_and_offers() -> None:
    assert ICompleat.can == Abilities(
        kinds=frozenset({Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE}),
        lookup=True,
        lookup_complete=False,
        quiet_seconds=120,
    )
    assert ICompleat.offers == Offers(
        takes=ALL_KINDS, edits=ALL_KINDS, rows_at_once=100, tells=ALL_KINDS, lists=True, attachments=True, timeline=True
    )


def test_without_a_link_it_still_reads_deliveries() -> None:
    document = ICompleat().parse(sample("invoice"), EVERYTHING)
    assert document.external_id == TRANSACTION


# --- who is linked ---------------------------------------------------------------------------------------------------


def linked(*script: Answer) -> tuple[Company, list[tuple[str, str]]]:
    with ScriptedServer(*script) as server:
        company = connector(server).company()
    return company, asked(server)


def test_the_company_is_proven_by_its_suppliers_and_named_by_its_detail() -> None:
    detail_of = told(
        Company={"Id": COMPANY, "Name": " Northgate Training Ltd ", "BaseCurrencyCode": "GBP", "VatNumber": "GB7"}
    )
    assert linked(PROOF, detail_of) == (
        Company(external_id=COMPANY, name="Northgate Training Ltd", base_currency="GBP", registration="GB7"),
        [SUPPLIERS, ("GET", f"/api/company/{TC}")],
    )


def test_the_list_of_companies_and_the_currencies_tell_what_the_detail_does_not() -> None:
    companies = told(Companies=[{"Id": "7", "Name": "Other"}, {"Id": COMPANY.upper(), "Name": "Northgate"}])
    assert linked(PROOF, answer(status=404), companies, CURRENCIES) == (
        Company(external_id=COMPANY, name="Northgate", base_currency="GBP"),
        [
            SUPPLIERS,
            ("GET", f"/api/company/{TC}"),
            ("GET", f"/api/companies/{TENANT}"),
            ("GET", f"/api/currencycodes/{TC}/1/null"),
        ],
    )


@pytest.mark.parametrize(
    "fails", [answer(status=404), answer(status=500), refused(99), answer(body="<html>"), told(Companies="x")]
)
def test_where_nothing_more_is_told_the_name_is_the_id(fails: Answer) -> None:
    company, requests = linked(PROOF, fails, fails, fails)
    assert company == Company(external_id=COMPANY, name=COMPANY, base_currency="")
    assert len(requests) == 4


@pytest.mark.parametrize(
    "reply, error, field",
    [
        (answer(status=401), Unauthorised, ""),
        (refused(2, "Unknown company"), Misconfigured, "company_id"),
        (answer(status=404), Misconfigured, "base_url"),
        (answer(status=403, body="<html>"), Misconfigured, "base_url"),
        (answer(status=500), Retryable, ""),
    ],
)
def test_what_is_not_proven_is_told(reply: Answer, error: type[IntegrationError], field: str) -> None:
    with ScriptedServer(reply) as server, pytest.raises(error) as caught:
        connector(server).company()
    assert caught.value.field == field


@pytest.mark.parametrize("reply, error", [(answer(status=401), Unauthorised), (answer(status=429), Retryable)])
def test_a_lost_key_and_a_rate_limit_are_not_taken_for_a_missing_call(
    reply: Answer, error: type[IntegrationError]
) -> None:
    with ScriptedServer(PROOF, reply) as server, pytest.raises(error):
        connector(server).company()


# --- where transactions stand ----------------------------------------------------------------------------------------

STANDING = Standing(
    external_id=TRANSACTION,
    stage=Stage.APPROVED,
    word="APPR",
    kind=Kind.INVOICE,
    number="INV000123",
    order_number="ORD000056",
    supplier_reference="SI-48213",
    supplier_name="Crown Conference Centre",
    title="Venue hire",
    gross=Decimal(120),
    currency="",
    created_at=datetime(2026, 10, 15, 10, 22, 41, 90000, tzinfo=UTC),
)


def changed(standing: Standing, **changes: Any) -> Standing:
    return Standing(**{**{name: getattr(standing, name) for name in Standing.__slots__}, **changes})


def test_a_row_of_the_list_and_the_detail_tell_the_same() -> None:
    assert reading.standing(listed_row()) == STANDING
    assert reading.standing(detail()) == changed(STANDING, currency="GBP")


@pytest.mark.parametrize(
    "word, stage",
    [
        ("SAV", Stage.DRAFT),
        ("PEND", Stage.SUBMITTED),
        ("APPR", Stage.APPROVED),
        ("DEN", Stage.DENIED),
        ("del", Stage.DELETED),
        ("RCPT", Stage.OTHER),
        ("", Stage.OTHER),
    ],
)
def test_each_status_is_a_stage_and_keeps_its_own_word(word: str, stage: Stage) -> None:
    found = reading.standing(listed_row(Status=word))
    assert (found.stage, found.word) == (stage, word)


@pytest.mark.parametrize(
    "type_, kind",
    [
        ("INV", Kind.INVOICE),
        ("ord", Kind.PURCHASE_ORDER),
        ("CRD", Kind.CREDIT_NOTE),
        ("CRN", Kind.CREDIT_NOTE),
        ("X", None),
    ],
)
def test_each_type_is_a_kind(type_: str, kind: Kind | None) -> None:
    assert reading.standing(listed_row(Type=type_)).kind is kind


@pytest.mark.parametrize(
    "changes, currency",
    [
        ({}, ""),
        ({"Gross": amount(1, "€")}, "EUR"),
        ({"Gross": amount(1, "USD ")}, "USD"),
        ({"Gross": amount(1, "$")}, ""),
        ({"Gross": amount(1, "¤")}, ""),
        ({"Gross": amount(1, "")}, ""),
        ({"Gross": 7}, ""),
        ({"Analysis": [coded("CurrencyCode", "usd")], "Gross": amount(1, "€")}, "USD"),
        ({"Analysis": [coded("Currency Code", "XXQ")], "Gross": amount(1, "€")}, ""),
        ({"Analysis": [coded("Currency Code", "USD"), coded("Currency Code", "EUR")]}, ""),
        ({"Analysis": "nonsense"}, ""),
    ],
)
def test_a_currency_is_told_only_beyond_doubt(changes: dict[str, Any], currency: str) -> None:
    assert reading.standing(listed_row(**changes)).currency == currency


def test_what_cannot_be_read_is_left_open() -> None:
    nonsense = {
        "References": "x",
        "Dates": [],
        "Title": {},
        "SupplierName": [],
        "Gross": "much",
        "Type": {},
        "Status": 7,
    }
    assert reading.standing(listed_row(**nonsense)) == Standing(external_id=TRANSACTION, stage=Stage.OTHER, word="7")


@pytest.mark.parametrize("id_", [None, "", " ", 7.5, {}, "x" * 65])
def test_a_transaction_without_an_id_cannot_be_told(id_: Any) -> None:
    with pytest.raises(Retryable, match="without an Id"):
        reading.standing({"Id": id_})


def test_a_negative_credit_note_stands_positive_and_a_negative_invoice_does_not() -> None:
    assert reading.standing(listed_row(Type="CRD", Gross=amount(-120))).gross == Decimal(120)
    assert reading.standing(listed_row(Type="INV", Gross=amount(-120))).gross == Decimal(-120)


@pytest.mark.parametrize(
    "stage, kind, path",
    [
        (None, None, "null/null"),
        (Stage.DRAFT, Kind.PURCHASE_ORDER, "SAV/ORD"),
        (Stage.SUBMITTED, Kind.INVOICE, "PEND/INV"),
        (Stage.APPROVED, Kind.CREDIT_NOTE, "APPR/CRD"),
        (Stage.DENIED, None, "DEN/null"),
        (Stage.DELETED, None, "DEL/null"),
        (Stage.OTHER, Kind.RECEIPT, "null/null"),
    ],
)
def test_a_page_is_asked_for_in_icompleats_words(stage: Stage | None, kind: Kind | None, path: str) -> None:
    with ScriptedServer(page([], 3)) as server:
        found = connector(server).listed(3, stage=stage, kind=kind)
    assert (found.rows, found.is_last) == ((), True)
    assert asked(server) == [("GET", f"/api/transactions/{TENANT}/3/{COMPANY}/null/{path}")]


def test_a_page_tells_its_rows_and_whether_there_are_more() -> None:
    with ScriptedServer(page([listed_row()] * 20)) as server:
        found = connector(server).listed(1, stage=Stage.APPROVED)
    assert (found.rows, found.is_last) == ((STANDING,) * 20, False)


def test_what_icompleat_has_no_word_for_is_filtered_here() -> None:
    rows = [listed_row(Status="RCPT", Type="REC"), listed_row(Status="APPR", Type="REC"), *[listed_row()] * 18]
    with ScriptedServer(page(rows), page(rows), page(rows)) as server:
        system = connector(server)
        others = system.listed(1, stage=Stage.OTHER)
        receipts = system.listed(1, kind=Kind.RECEIPT)
        both = system.listed(1, stage=Stage.OTHER, kind=Kind.RECEIPT)
    assert [[one.word for one in found.rows] for found in (others, receipts, both)] == [
        ["RCPT"], ["RCPT", "APPR"], ["RCPT"],
    ]  # fmt: skip
    assert not any(found.is_last for found in (others, receipts, both))


def test_one_transaction_tells_where_it_stands() -> None:
    with ScriptedServer(told(Transaction=detail(Status="DEL"))) as server:
        found = connector(server).standing(TRANSACTION)
    assert found == changed(STANDING, stage=Stage.DELETED, word="DEL", currency="GBP")
    assert asked(server) == [("GET", f"/api/transaction/{TENANT}/{TRANSACTION}/null")]


def test_a_fetched_transaction_reads_as_the_delivery_would() -> None:
    with ScriptedServer(json_answer(sample("invoice"))) as server:
        system = connector(server)
        body = system.fetch(TRANSACTION)
        assert system.parse(load(body), EVERYTHING) == system.parse(sample("invoice"), EVERYTHING)


@pytest.mark.parametrize(
    "ask",
    [
        lambda system: system.standing(TRANSACTION),
        lambda system: system.fetch(TRANSACTION),
        lambda system: system.attachments(TRANSACTION),
        lambda system: system.attachment(TRANSACTION, Attachment(external_id="7", name="x.pdf")),
        lambda system: system.timeline(TRANSACTION),
    ],
)
@pytest.mark.parametrize(
    "reply, error",
    [
        (refused(10, "Unknown transaction"), Missing),
        (answer(status=404), Misconfigured),
        (answer(status=401), Unauthorised),
        (answer(status=500), Retryable),
    ],
)
def test_a_transaction_that_is_not_told_says_why(ask: Any, reply: Answer, error: type[IntegrationError]) -> None:
    with ScriptedServer(reply) as server, pytest.raises(error):
        ask(connector(server))


def test_a_detail_that_is_no_json_is_no_body() -> None:
    page_of_html = answer(body="<html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(page_of_html) as server, pytest.raises(Retryable):
        connector(server).fetch(TRANSACTION)


# --- files and story -------------------------------------------------------------------------------------------------

PDF = b"%PDF-1.7 \x00\xff"


def attachment_of(**changes: Any) -> dict[str, Any]:
    return {"Id": "A7", "FileName": "invoice.pdf", "ContentType": "application/pdf", "Size": 12, **changes}


WANTED = Attachment(external_id="A7", name="invoice.pdf", content_type="application/pdf", size=11)


@pytest.mark.parametrize(
    "row, found",
    [
        (attachment_of(), Attachment(external_id="A7", name="invoice.pdf", content_type="application/pdf", size=12)),
        ({"Id": "A7", "Name": "x"}, Attachment(external_id="A7", name="x")),
        ({"id": 7, "size": "12"}, Attachment(external_id="7", name="7")),
        (
            attachment_of(Size=-1, FileName="a\nb"),
            Attachment(external_id="A7", name="a b", content_type="application/pdf"),
        ),
    ],
)
def test_files_are_told_without_their_contents(row: dict[str, Any], found: Attachment) -> None:
    with ScriptedServer(told(Attachments=[row])) as server:
        assert connector(server).attachments(TRANSACTION) == (found,)


def test_a_file_without_an_id_cannot_be_told() -> None:
    with ScriptedServer(told(Attachments=[{"Name": "x"}])) as server, pytest.raises(Retryable):
        connector(server).attachments(TRANSACTION)


CONTENT = base64.b64encode(PDF).decode()


@pytest.mark.parametrize(
    "reply, found",
    [
        (
            told(Attachment=attachment_of(Content=CONTENT)),
            File(name="invoice.pdf", content_type="application/pdf", content=PDF),
        ),
        (told(Attachment={"Content": CONTENT}), File(name="invoice.pdf", content_type="application/pdf", content=PDF)),
        (
            told(content=CONTENT, fileName="b.pdf", contentType="x/y"),
            File(name="b.pdf", content_type="x/y", content=PDF),
        ),
        (
            answer(body=PDF, headers={"Content-Type": "application/octet-stream"}),
            File(name="invoice.pdf", content_type="application/octet-stream", content=PDF),
        ),
        (answer(body=PDF), File(name="invoice.pdf", content_type="application/pdf", content=PDF)),
    ],
)
def test_a_file_comes_as_base64_or_as_bytes(reply: Answer, found: File) -> None:
    with ScriptedServer(reply) as server:
        assert connector(server).attachment(TRANSACTION, WANTED) == found


@pytest.mark.parametrize("content", [None, 7, "not base64!", "QUJ", "QUJD!"])
def test_a_file_that_cannot_be_read_is_asked_for_again_later(content: Any) -> None:
    reply = told(Attachment=attachment_of(Content=content))
    with ScriptedServer(reply) as server, pytest.raises(Retryable, match="cannot be read"):
        connector(server).attachment(TRANSACTION, WANTED)


def test_a_large_file_is_not_fetched() -> None:
    large = Attachment(external_id="A7", name="scan.pdf", size=LARGEST_FILE + 1)
    with ScriptedServer() as server, pytest.raises(Rejected, match=r"scan\.pdf is larger than 7 MB"):
        connector(server).attachment(TRANSACTION, large)


def test_a_file_that_turns_out_to_be_large_is_not_kept() -> None:
    with pytest.raises(Rejected, match="larger than 7 MB"):
        reading.file(File(name="", content_type="", content=b"x" * (LARGEST_FILE + 1)), WANTED)
    largest = reading.file(File(name="", content_type="", content=b"x" * LARGEST_FILE), WANTED)
    assert len(largest.content) == LARGEST_FILE


def test_the_story_is_told_oldest_first() -> None:
    rows = [
        {
            "Date": "2026-10-16T09:00:00Z",
            "User": {"Id": "1", "Name": "Priya Shah"},
            "Action": "Approved",
            "Comment": "OK",
        },
        {"Date": "2026-10-15T09:00:00.1", "User": "System", "Action": "Submitted", "Comment": None},
        {"Action": "Imported"},
    ]
    with ScriptedServer(told(Timeline=rows)) as server:
        found = connector(server).timeline(TRANSACTION)
    assert found == (
        Event(at=None, what="Imported"),
        Event(at=datetime(2026, 10, 15, 9, 0, 0, 100000, tzinfo=UTC), what="Submitted", who="System"),
        Event(at=datetime(2026, 10, 16, 9, tzinfo=UTC), what="Approved", who="Priya Shah", detail="OK"),
    )


def test_a_posted_transaction_has_the_day_of_its_invoice() -> None:
    assert reading.posted(detail()).date == date(2026, 10, 14)


def test_a_wrong_setting_is_told_when_it_is_needed_and_not_before() -> None:
    system = ICompleat(link("https://x.example", api_version="2"))
    with pytest.raises(Misconfigured) as refusal:
        system.company()
    assert refusal.value.field == "api_version"
