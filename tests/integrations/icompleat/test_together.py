"""The connector and the stand-in, over real HTTP: each was made from the same reading, and neither from the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from integrations.base import Link
from integrations.documents import Company, Kind, Stage, Supplier
from integrations.errors import (
    IntegrationError,
    Misconfigured,
    Missing,
    NotEditable,
    OutcomeUnknown,
    Rejected,
    Retryable,
    RowsRefused,
    Unauthorised,
)
from integrations.icompleat.client import Client
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.sandbox import build
from integrations.reference import Record, RecordKind, RecordList
from integrations.sandbox import Server, Store, mount
from tests.integrations.icompleat.api import COMPANY, OUTBOUND
from tests.integrations.icompleat.bodies import EVERYTHING
from tests.samples import KEY, OTHER_KEY, REFERENCE, sample, with_line

NAME = "Northgate Training Ltd"
SUPPLIERS = RecordList(kind=RecordKind.SUPPLIER)
COURSES = RecordList(kind=RecordKind.DIMENSION, dimension="course code")


class StandIn:
    """The stand-in under its name, with one company; its own doors for scripts."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/icompleat"
        self.control("PUT", f"companies/{COMPANY}", {"name": NAME, "base_currency": "GBP"})
        (self.tenant,) = self.control("GET", "tenants")["tenants"]
        self.faults(limit_per_minute=0)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **knobs: Any) -> None:
        self.control("PUT", "faults", knobs)

    def link(self, key: str = "", **settings: str) -> Link:
        usual = {"base_url": self.url, "tenant_id": self.tenant["id"], "company_id": COMPANY}
        secrets = {"security_key": key or self.tenant["security_key"]}
        return Link(settings={**usual, **settings}, secrets=secrets, outbound=OUTBOUND)

    def connector(self, **settings: str) -> ICompleat:
        return ICompleat(self.link(**settings))

    def listed(self, kind: RecordKind = RecordKind.SUPPLIER, field: str | None = None) -> dict[str, Any]:
        """The rows of a list by their codes, read over the API."""
        return {row["Code"]: row for row in Client(self.link()).reference(kind, field=field)}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[StandIn]:
    store = Store("icompleat", tmp_path)
    with Server(mount({"icompleat": build(store)})) as server:
        yield StandIn(server.url)
    store.close()


def records(kind: RecordKind, count: int, start: int = 0) -> list[Record]:
    """So many records that can be told, each with everything that its kind needs."""
    details = {"rate": "20", "email": "a@b.example", "payment_days": "30", "default_account": "5010", "city": "Reading"}
    return [
        Record(kind=kind, code=f"C{number:04}", name=f"Name {number}", external_id=str(number), details=details)
        for number in range(start, start + count)
    ]


def test_the_company_is_proven_and_named(there: StandIn) -> None:
    found = there.connector().company()
    assert replace(found, registration="") == Company(external_id=COMPANY, name=NAME, base_currency="GBP")


@pytest.mark.parametrize(
    "changes, error, field",
    [
        ({"key": "wrong"}, Unauthorised, ""),
        ({"tenant_id": "108a6af2-890c-5487-9802-4708897d9888"}, Unauthorised, ""),
        ({"company_id": "108a6af2-890c-5487-9802-4708897d9888"}, Misconfigured, "company_id"),
    ],
)
def test_a_wrong_key_tenant_or_company_is_told(
    there: StandIn, changes: dict[str, str], error: type[IntegrationError], field: str
) -> None:
    with pytest.raises(error) as caught:
        ICompleat(there.link(**changes)).company()
    assert caught.value.field == field


@pytest.mark.parametrize("kind", [kind for kind in RecordKind if kind is not RecordKind.DIMENSION])
def test_a_list_is_replaced_appended_to_edited_and_read_back(there: StandIn, kind: RecordKind) -> None:
    system, target = there.connector(), RecordList(kind=kind)
    rows = [system.row(record) for record in records(kind, 201)]
    refresh = system.refresh(target)
    for start in (0, 100, 200):
        refresh.send(rows[start : start + 100])
    assert there.listed(kind) == {row.code: row.body for row in rows}
    changed = system.row(replace(records(kind, 1)[0], name="Another"))
    new = system.row(replace(records(kind, 1)[0], code="New one", name="New"))
    system.put(target, changed, is_new=False)
    system.put(target, new, is_new=True)
    system.remove(target, "c0200")
    system.remove(target, "C0200")
    expected = {row.code: row.body for row in [changed, *rows[1:200], new]}
    assert there.listed(kind) == expected


def test_a_dimension_is_a_list_custom_field(there: StandIn) -> None:
    system = there.connector()
    rows = [system.row(record) for record in records(RecordKind.DIMENSION, 101)]
    refresh = system.refresh(COURSES)
    refresh.send(rows[:100])
    refresh.send(rows[100:])
    system.remove(COURSES, "C0000")
    (field,) = [one["Id"] for one in Client(there.link()).custom_fields() if one["Name"] == "Course Code"]
    assert there.listed(RecordKind.DIMENSION, field) == {row.code: row.body for row in rows[1:]}
    with pytest.raises(Misconfigured) as refusal:
        system.refresh(RecordList(kind=RecordKind.DIMENSION, dimension="Goods checked"))
    assert refusal.value.field == "dimension"


def test_a_refused_row_is_named_and_the_rest_goes_on(there: StandIn) -> None:
    system = there.connector()
    good, other = records(RecordKind.SUPPLIER, 2)
    rows = [system.row(one) for one in (good, replace(good, code="LONG", name="x" * 300), other)]
    refresh = system.refresh(SUPPLIERS)
    with pytest.raises(RowsRefused) as refusal:
        refresh.send(rows)
    assert list(refusal.value.refused) == [1]
    refresh.send([rows[0], rows[2]])
    with pytest.raises(RowsRefused) as refusal:
        refresh.send([system.row(replace(other, code="c0000"))])
    assert list(refusal.value.refused) == [0]
    assert list(there.listed()) == ["C0000", "C0001"]


def test_a_refusal_that_names_no_row_says_so(there: StandIn) -> None:
    there.faults(nameless_refusals=True, refused_codes="C0001")
    system = there.connector()
    with pytest.raises(RowsRefused) as refusal:
        system.refresh(SUPPLIERS).send([system.row(record) for record in records(RecordKind.SUPPLIER, 3)])
    assert refusal.value.refused == {}
    assert "C0001" not in there.listed()


@pytest.mark.parametrize("knob", ["chunk_error", "chunk_error_stored", "chunk_drop", "chunk_drop_stored"])
@pytest.mark.parametrize("chunk", [1, 2])
def test_a_replacement_that_broke_off_is_whole_again_once_it_was_sent_from_its_first_row(
    there: StandIn, knob: str, chunk: int
) -> None:
    there.faults(**{knob: chunk})
    system = there.connector()
    rows = [system.row(record) for record in records(RecordKind.SUPPLIER, 150)]
    broken = system.refresh(SUPPLIERS)
    with pytest.raises(OutcomeUnknown):
        for start in (0, 100):
            broken.send(rows[start : start + 100])
    again = system.refresh(SUPPLIERS)
    again.send(rows[:100])
    again.send(rows[100:])
    assert list(there.listed()) == [row.code for row in rows]


def test_a_forgotten_token_leaves_the_list_incomplete(there: StandIn) -> None:
    there.faults(forget_continuation=1)
    system = there.connector()
    rows = [system.row(record) for record in records(RecordKind.SUPPLIER, 2)]
    refresh = system.refresh(SUPPLIERS)
    refresh.send(rows[:1])
    with pytest.raises(OutcomeUnknown):
        refresh.send(rows[1:])


@pytest.mark.parametrize("status", [429, 403, 200])
@pytest.mark.parametrize("header", [True, False])
def test_a_rate_limit_in_any_form_is_a_delay_and_the_chunk_goes_on_later(
    there: StandIn, status: int, header: bool
) -> None:
    system = there.connector()
    rows = [system.row(record) for record in records(RecordKind.SUPPLIER, 2)]
    refresh = system.refresh(SUPPLIERS)
    refresh.send(rows[:1])
    there.faults(limit_per_minute=1, limit_status=status, limit_retry_after=header)
    with pytest.raises(Retryable) as limited:
        refresh.send(rows[1:])
    assert limited.value.free
    assert 1 <= (limited.value.retry_after or 0) <= 60
    there.faults(limit_per_minute=0)
    refresh.send(rows[1:])
    assert list(there.listed()) == ["C0000", "C0001"]


def test_a_code_with_a_slash_is_replaced_with_its_list_only(there: StandIn) -> None:
    system = there.connector()
    row = system.row(replace(records(RecordKind.SUPPLIER, 1)[0], code="A/B"))
    with pytest.raises(NotEditable):
        system.put(SUPPLIERS, row, is_new=True)
    system.refresh(SUPPLIERS).send([row])
    assert list(there.listed()) == ["A/B"]


def test_a_put_that_makes_no_rows_has_the_list_replaced(there: StandIn) -> None:
    there.faults(put_creates=False)
    system = there.connector()
    with pytest.raises(NotEditable):
        system.put(SUPPLIERS, system.row(records(RecordKind.SUPPLIER, 1)[0]), is_new=True)


# --- transactions ----------------------------------------------------------------------------------------------------

RAISING = {"raise_transactions": "yes"}


@pytest.mark.parametrize("kind", sorted(ICompleat.can.kinds))
@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.APPROVED])
def test_a_raised_transaction_is_found_again_and_reads_as_what_was_raised(
    there: StandIn, kind: Kind, stage: Stage
) -> None:
    system, document = there.connector(**RAISING), sample(kind, stage=stage, order_number="")
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.net, posted.tax, posted.gross, posted.currency) == (
        Decimal("150.50"), Decimal("20.00"), Decimal("170.50"), "GBP",
    )  # fmt: skip
    assert (posted.supplier_code, posted.date, bool(posted.number)) == ("CROWN01", document.date, True)
    assert system.find(document, key=KEY) == (posted,)
    assert system.find(document, key=OTHER_KEY) == ()
    standing = system.standing(posted.external_id)
    assert (standing.stage, standing.kind, standing.gross) == (stage, kind, Decimal("170.50"))
    if stage is Stage.APPROVED:
        came_back = system.parse(Client(there.link()).transaction(posted.external_id), EVERYTHING)
        assert [(line.net, line.tax, line.account_code, line.tax_code) for line in came_back.lines] == [
            (line.net, line.tax, line.account_code, line.tax_code) for line in document.lines
        ]
        assert (came_back.external_id, came_back.party) == (posted.external_id, document.party)


def test_a_lost_answer_to_a_creation_is_found_by_the_key(there: StandIn) -> None:
    there.faults(drop_create=1)
    system = there.connector(**RAISING)
    with pytest.raises(OutcomeUnknown):
        system.post(sample(stage=Stage.DRAFT), key=KEY, reference=REFERENCE)
    (found,) = system.find(sample(), key=KEY)
    assert found.gross == Decimal("170.50")


def test_a_transaction_that_is_refused_says_why(there: StandIn) -> None:
    system = there.connector(**RAISING)
    for wrong in (
        with_line(sample(), 0, account_code="9999"),
        sample(party=Supplier(code="NOBODY", name="Nobody")),
    ):
        with pytest.raises(Rejected) as refusal:
            system.post(wrong, key=KEY, reference=REFERENCE)
        assert not isinstance(refusal.value, Misconfigured)
        assert refusal.value.message
    assert system.find(sample(), key=KEY) == ()


def test_drafts_are_submitted_approved_and_denied(there: StandIn) -> None:
    system, client = there.connector(**RAISING), Client(there.link())
    steps: list[tuple[Callable[..., Any], Stage]] = [(client.approve, Stage.APPROVED), (client.deny, Stage.DENIED)]
    for key, (step, stage) in zip((KEY, OTHER_KEY), steps, strict=True):
        draft = system.post(sample(stage=Stage.DRAFT), key=key, reference=REFERENCE).external_id
        stamp = client.transaction(draft)["LastUpdatedGuid"]
        client.edit_transaction(draft, {"Status": "PEND"}, stamp=stamp)
        with pytest.raises(Rejected, match="changed in iCompleat meanwhile"):
            step(draft, stamp=stamp)
        step(draft, stamp=client.transaction(draft)["LastUpdatedGuid"])
        assert system.standing(draft).stage is stage


def test_the_samples_are_listed_read_and_have_files_and_a_story(there: StandIn) -> None:
    system = there.connector()
    listed = system.listed(1, stage=Stage.SUBMITTED, kind=Kind.INVOICE)
    assert listed.is_last
    assert {one.kind for one in listed.rows} == {Kind.INVOICE}
    first = listed.rows[0]
    assert replace(system.standing(first.external_id), currency="") == replace(first, currency="")
    assert b"Transaction" in system.fetch(first.external_id)
    for raw in (False, True):
        there.faults(raw_attachments=raw)
        (attachment,) = system.attachments(first.external_id)
        file = system.attachment(first.external_id, attachment)
        assert (file.name, file.content_type, len(file.content)) == (
            attachment.name, attachment.content_type, attachment.size,
        )  # fmt: skip
        assert file.content.startswith(b"%PDF")
    assert system.timeline(first.external_id)[0].what == "Created"
    with pytest.raises(Missing):
        system.standing("108a6af2-890c-5487-9802-000000000000")


def test_codes_of_every_script_find_their_row(there: StandIn) -> None:
    system = there.connector()
    for code in ("É 1", "A&B", "a:b", "日本", "x~y_z-1.2", "it's", "(7)"):
        row = system.row(replace(records(RecordKind.SUPPLIER, 1)[0], code=code))
        system.put(SUPPLIERS, row, is_new=True)
        assert there.listed()[code]["Code"] == code, quote(code)
        system.remove(SUPPLIERS, code)
        assert code not in there.listed()


def test_every_reading_operation_of_the_index_is_answered(there: StandIn) -> None:
    client = Client(there.link())
    user = client.users()[0]["Id"]
    transaction = client.transactions(1).rows[0]["Id"]
    assert client.tenant()["Id"] == there.tenant["id"]
    assert client.tenant_shard()["ApiUrl"]
    assert [one["Id"] for one in client.companies()] == [COMPANY]
    assert client.user(user)["Id"] == user
    assert client.users(of_all_companies=True)
    assert list(client.layouts("INV"))
    assert client.analysis_fields()
    assert client.analysis_fields(transaction)
    assert len(list(client.account_codes_of(user))) == 6
    assert len(list(client.tax_codes_of(user, transaction))) == 3
    assert len(list(client.currency_codes_of(user))) == len(list(client.currency_codes_of(user, transaction))) == 3
    made = client.create_custom_field("Project")
    client.edit_custom_field(made["Id"], {"Name": "Projects"})
    assert client.custom_field(made["Id"])["Name"] == "Projects"
    client.delete_custom_field(made["Id"])
    assert "Projects" not in [one["Name"] for one in client.custom_fields()]
