"""The staff pages of the gaps, their file, and the command that reads lists to their ends."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from html import unescape
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.reference import RecordList
from portal.connections import onlookers
from portal.connections.models import Connection
from portal.postings.models import Posting
from portal.reference.models import MappedCode, SyncRun, SyncState
from portal.reference.rules import How, Missing, Rule, Rules
from portal.reference.services import save_rules
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, StaffFactory, a_document, a_line, accepted

pytestmark = pytest.mark.django_db
LISTS = {"account": ["5010", "5020", "5030"], "tax": ["T1"]}


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create())
    return client


@pytest.fixture
def demo(db: None, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A company on Demo Books, whose accounts were read and are none, with an iCompleat that has four codes."""
    made: Connection = DemoConnectionFactory.create()
    rules = Rules(account=Rule(how=How.TABLE), tax=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="T9"))
    save_rules(made, rules, who="tests")
    MappedCode.objects.create(connection=made, family="account", source_code="5010", accounting_code="7100")
    SyncRun.objects.create(
        company=made.company, connection=made, kind="account", state=SyncState.COMPLETE, asked_at=timezone.now()
    )
    ids = {"base_url": "http://127.0.0.1:9", "tenant_id": "t", "company_id": "c"}
    SourceConnectionFactory.create(company=made.company, settings=ids, secrets={"security_key": "k"})

    def codes(_: object, target: RecordList) -> Iterator[str]:
        return iter(LISTS.get(target.kind.value, []))

    monkeypatch.setattr("integrations.icompleat.connector.ICompleat.codes", codes)
    return made


def came(connection: Connection, account: str) -> Posting:
    return accepted(connection, a_document(lines=(a_line(account_code=account),))).posting


def page(connection: Connection, query: str = "", name: str = "gaps") -> str:
    return f"{reverse(f'admin:postings_posting_{name}')}?connection={connection.pk}{query}"


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_each_gap_says_what_becomes_of_it_and_where_it_is_mended(staff: Client, demo: Connection) -> None:
    posting = came(demo, "5020")
    text = text_of(staff, page(demo))
    latest = f'<a href="{reverse("admin:postings_transaction_change", args=[posting.transaction_id])}">'
    assert '<td>Account code</td><td>5020</td><td class="numeric">1</td>' in text
    assert latest in text
    assert "<td>It is not in the mapping table. Add it there.</td>" in text
    add = f"/admin/reference/mappedcode/add/?connection={demo.pk}&kind=account&source_code=5020"
    assert f'<a href="{add}">Mend</a>' in text
    assert "Sent as T9" in text
    assert "Suppliers, tax codes and currency codes of Demo Books were never read" in text


def test_a_code_that_is_unknown_there_leads_to_its_row_or_rule(staff: Client, demo: Connection) -> None:
    came(demo, "5010")
    text = text_of(staff, page(demo))
    assert "Demo Books has no account code 7100. Add it there, or send another code by the mapping." in text


def test_the_lists_are_named_and_read_when_they_are_asked_for(staff: Client, demo: Connection) -> None:
    text = text_of(staff, page(demo))
    assert f'<a href="{page(demo, "&in=lists")}">All of them</a>' in text
    assert f'<a href="{page(demo, "&in=tax")}">Tax codes</a>' in text
    assert "5030" not in text
    text = text_of(staff, page(demo, "&in=account"))
    assert "Read: 3. Refused, or perhaps refused: 3. Sent as a default: 0." in text
    assert "<tr><td>5030</td>" in text
    assert "Read: 1. Refused" not in text
    text = text_of(staff, page(demo, "&in=lists"))
    assert "Read: 1. Refused, or perhaps refused: 0. Sent as a default: 1." in text


def test_a_long_list_shows_its_beginning(staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.postings.list_gaps.MOST_SHOWN", 2)
    text = text_of(staff, page(demo, "&in=account"))
    assert "These are the first 2 of 3; the CSV has all of them." in text


def test_few_pages_read_at_once(staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlookers, "MOST_OF_ONE", 0)
    assert onlookers.BUSY in text_of(staff, page(demo, "&in=lists"))


def test_without_a_source_only_the_transactions_are_looked_at(staff: Client, demo: Connection) -> None:
    Connection.objects.filter(side="source").update(paused=True)
    assert f"{demo.company} has no source in use whose lists can be read." in text_of(staff, page(demo, "&in=lists"))


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_the_file_has_the_transactions_and_with_lists_all(staff: Client, demo: Connection) -> None:
    number = came(demo, "5020").transaction.number
    answer = staff.get(page(demo, name="gaps_file"))
    assert answer["Content-Disposition"] == f'attachment; filename="gaps-{demo.pk}.csv"'
    rows = rows_of(answer.getvalue().decode())
    assert rows[1][:7] == ["Last transactions", "Account code", "5020", "", "1", number, "Refused"]
    assert {row[0] for row in rows[1:]} == {"Last transactions"}
    answer = staff.get(page(demo, "&in=lists", name="gaps_file"))
    rows = rows_of(answer.getvalue().decode())
    assert [row[2] for row in rows if row[0] == "Account codes"] == ["5010", "5020", "5030", ""]
    Connection.objects.filter(pk=demo.pk).update(mapping=7)
    assert staff.get(page(demo, name="gaps_file")).status_code == 409
    assert Client().get(page(demo, name="gaps_file")).status_code == 302


def run(*arguments: str) -> tuple[list[list[str]], str]:
    out, err = StringIO(), StringIO()
    call_command("gaps", *arguments, stdout=out, stderr=err)
    return rows_of(out.getvalue()), err.getvalue()


def test_the_command_reads_all_lists_and_tells_how_far_it_is(demo: Connection) -> None:
    rows, told = run(str(demo.pk))
    read = [(row[0], row[6], row[7]) for row in rows if row[6].startswith("Codes read")]
    assert read[:2] == [
        ("Account codes", "Codes read: 3", "The whole list"),
        ("Tax codes", "Codes read: 1", "The whole list"),
    ]
    assert told.splitlines()[:2] == ["Account codes: 3 read", "Tax codes: 1 read"]
    assert {row[0] for row in run(str(demo.pk), "--lists", "account")[0][1:]} == {"Account codes"}
    assert run(str(demo.pk), "--lists", "none") == ([run(str(demo.pk))[0][0]], "")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["00000000-0000-4000-8000-000000000001"], "There is no accounting connection"),
        (["{demo}", "--lists", "colour"], "There is no list colour."),
        (["{demo}", "--last", "0"], "--last is at least 1."),
    ],
)
def test_the_command_says_what_is_wrong(demo: Connection, arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*(each.format(demo=demo.pk) for each in arguments))


def test_the_command_without_a_source_says_so(demo: Connection) -> None:
    Connection.objects.filter(side="source").delete()
    with pytest.raises(CommandError, match="has no source in use whose lists can be read"):
        run(str(demo.pk))
