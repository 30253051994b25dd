"""A company that sells: its own people say what becomes of what was sold, of money and of tax."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.models import Connection
from portal.desk.repairs.mending import mending_of
from portal.postings.gaps import gaps_of, refused_for
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.judging import Fate, Verdict
from portal.reference.models import MappedCode, SyncRun, SyncState
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules, from_json, to_json
from portal.reference.services import save_rules
from tests.desk.scene import Scene
from tests.desk.syncs import a_record
from tests.factories import SourceConnectionFactory
from tests.samples import sale, with_line

pytestmark = pytest.mark.engine
SHOWN = "?family=revenue"


@pytest.fixture
def selling(scene: Scene) -> Scene:
    """Linked to a source of what is sold."""
    SourceConnectionFactory.create(company=scene.company, integration="accessplanit", external_company_id="")
    return scene


def page(scene: Scene, name: str, query: str = "") -> str:
    answer = scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]) + query)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def save(scene: Scene, family: str, **fields: Any) -> str:
    address = reverse("desk:mapping-codes", args=[scene.company.pk]) + f"?family={family}"
    answer = scene.client.post(address, fields, follow=True)
    return " ".join(unescape(answer.content.decode()).split())


def sold(scene: Scene, number: str, *things: tuple[str, str]) -> Posting:
    """An invoice over these (item code, description), without accounts; the ledger books or refuses it at once."""
    line = sale().lines[0]
    document = sale(number=number, external_id=number.lower(), identity=number.lower(), lines=(line,) * len(things))
    for place, (code, label) in enumerate(things):
        changes = {"number": place + 1, "item_code": code, "description": label, "account_code": None, "tax_code": "20"}
        document = with_line(document, place, **changes)
    gross = line.gross * len(things)
    net, tax = line.net * len(things), line.tax * len(things)
    return scene.receive(sale(**{**_fields(document), "net": net, "tax": tax, "gross": gross}))


def _fields(document: Any) -> dict[str, Any]:
    return {name: getattr(document, name) for name in ("number", "external_id", "identity", "lines")}


def tabs(text: str) -> list[str]:
    inner = text.split('aria-label="Kinds of codes"')[1].split("</nav>", maxsplit=1)[0]
    return re.findall(r">([^<]+)</a>", inner)


# --- where they are shown ---------------------------------------------------------------------------------------------

OF_PURCHASES = ["Supplier code", "Account code", "Tax code", "Currency"]
OF_SALES = ["Customer code", "Revenue account", "Bank account", "Sales tax code"]


def test_who_sells_nothing_sees_nothing_of_sales(scene: Scene) -> None:
    SourceConnectionFactory.create(company=scene.company)
    assert tabs(page(scene, "mapping-codes")) == OF_PURCHASES
    assert "revenue" not in page(scene, "mapping-rules").casefold()
    assert "revenue" not in page(scene, "mapping-import").split("<main")[1].split("Families are")[0].casefold()


def test_who_sells_sees_them(selling: Scene) -> None:
    assert tabs(page(selling, "mapping-codes")) == OF_PURCHASES + OF_SALES
    assert "<legend>Revenue, by what was sold</legend>" in page(selling, "mapping-rules")
    assert "All of them are of: bank account" in page(selling, "mapping-import")


@pytest.mark.parametrize("way", ["a rule", "a row"])
def test_so_does_who_has_said_something_of_them(scene: Scene, way: str) -> None:
    if way == "a rule":
        save_rules(scene.connection, Rules(customer=Rule(how=How.TABLE)), who="tests")
    else:
        MappedCode.objects.create(connection=scene.connection, family="bank", source_code="B", accounting_code="1")
    assert tabs(page(scene, "mapping-codes")) == OF_PURCHASES + OF_SALES


# --- rules ------------------------------------------------------------------------------------------------------------


def fields_of(text: str) -> dict[str, str]:
    """The form as the page shows it, ready to be sent."""
    found = dict(re.findall(r'<input[^>]*?name="([\w]+)"[^>]*?value="([^"]*)"', text))
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', text):
        chosen = re.search(r'value="(\w+)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: value for name, value in found.items() if "__" in name}


def test_the_rules_as_they_are_shown_change_nothing_when_they_are_saved(selling: Scene) -> None:
    shown = fields_of(page(selling, "mapping-rules"))
    assert shown["revenue__how"] == "table"
    assert (shown["bank__absent"], shown["sales_tax__unknown"], shown["customer__how"]) == (
        "refuse",
        "refuse",
        "direct",
    )
    answer = selling.client.post(reverse("desk:mapping-rules", args=[selling.company.pk]), shown, follow=True)
    assert "Nothing was different." in unescape(answer.content.decode())
    assert Connection.objects.get(pk=selling.connection.pk).mapping == {}


def test_a_default_for_revenue_is_kept_and_what_has_no_code_is_never_sent_as_it_is(selling: Scene) -> None:
    address = reverse("desk:mapping-rules", args=[selling.company.pk])
    shown = fields_of(page(selling, "mapping-rules"))
    selling.client.post(address, {**shown, "revenue__unknown": "default", "revenue__default": "4000"})
    kept = from_json(Connection.objects.get(pk=selling.connection.pk).mapping)
    assert kept == Rules(revenue=Rule(how=How.TABLE, absent=Missing.REFUSE, unknown=Missing.DEFAULT, default="4000"))
    selling.client.post(address, {**shown, "bank__unknown": "as_is"})
    assert from_json(Connection.objects.get(pk=selling.connection.pk).mapping) == kept


def test_rules_that_are_not_on_the_form_stay(scene: Scene) -> None:
    """Somebody unlinked the source while the form was open."""
    shown = fields_of(page(scene, "mapping-rules"))
    kept = Rules(revenue=Rule(how=How.TABLE, absent=Missing.DEFAULT, default="4000"))
    save_rules(scene.connection, kept, who="tests")
    everything = {**fields_of(page(scene, "mapping-rules")), **shown}
    scene.client.post(reverse("desk:mapping-rules", args=[scene.company.pk]), everything)
    assert from_json(Connection.objects.get(pk=scene.connection.pk).mapping) == kept


# --- codes ------------------------------------------------------------------------------------------------------------


def test_what_was_sold_is_listed_by_its_type_with_what_it_is_called(selling: Scene) -> None:
    sold(selling, "INV-1", ("Course/1", "First aid"), ("Course/2", "Manual handling"), ("Book/1", "A manual"))
    sold(selling, "INV-2", ("Course/1", "First aid"))
    text = page(selling, "mapping-codes", SHOWN)
    assert re.findall(r'<span class="code">([^<]+)</span>', text) == ["Course", "Book"]
    assert "“First aid” (Course/1), “Manual handling” (Course/2)" in text
    assert "Nothing is sent for it used by 2 documents" in re.sub(r"<[^>]+>", "", text)
    assert "What was sold</th>" in text
    assert "Look up what is listed, send the rest as it is" not in text


def test_one_row_for_a_type_mends_all_of_it_and_the_retry_finds_what_was_refused(selling: Scene) -> None:
    posting = sold(selling, "INV-1", ("Course/1", "First aid"), ("Course/2", "Manual handling"))
    assert (posting.state, posting.reason_field) == (State.REJECTED, "mapping.revenue[Course/1]")
    assert "Line 1 is for “First aid” (Course/1)" in posting.reason
    text = save(selling, "revenue", source_0="Course", sent_0="4000", was_0="", note_0="")
    assert "Saved: 1 added" in text
    save(selling, "sales_tax", source_0="20", sent_0="T1", was_0="", note_0="")
    assert list(refused_for(selling.connection.pk, "revenue", "Course")) == [posting]
    assert list(refused_for(selling.connection.pk, "revenue", "*first aid*")) == [posting]
    assert list(refused_for(selling.connection.pk, "revenue", "Cour")) == []
    assert list(refused_for(selling.connection.pk, "account", "Course")) == []
    mending = mending_of(posting)
    assert mending is not None
    assert mending.is_done
    assert "family=revenue&code=Course%2F1" in mending.url


def test_what_is_refused_inside_the_ledger_for_a_code_that_is_lacking_is_mended_among_sales(selling: Scene) -> None:
    save_rules(selling.connection, Rules(revenue=Rule(), sales_tax=Rule()), who="tests")
    posting = sold(selling, "INV-1", ("Course/1", "First aid"))
    assert (posting.state, posting.reason_field) == (State.REJECTED, "defaults.account_code")
    assert list(refused_for(selling.connection.pk, "revenue", "")) == [posting]
    assert list(refused_for(selling.connection.pk, "account", "")) == []


def test_tax_codes_of_the_same_rate_are_offered_first_and_those_for_sales_before(selling: Scene) -> None:
    for code, rate, use in (("A", "20", "purchase"), ("B", "0", "sale"), ("C", "20.0", "sale"), ("D", "20", "")):
        record = a_record(selling.connection, code, kind="tax", name=f"Tax {code}")
        details = {"rate": rate, **({"use": use} if use else {})}
        type(record).objects.filter(pk=record.pk).update(details=details)
    sold(selling, "INV-1", ("Course/1", "First aid"))
    text = page(selling, "mapping-codes", "?family=sales_tax")
    lists = dict(re.findall(r'<datalist id="([\w-]+)">(.*?)</datalist>', text))
    orders = {name: re.findall(r'value="(\w)"', options) for name, options in lists.items()}
    assert orders == {"known-codes": ["A", "B", "C", "D"], "known-codes-0": ["C", "D", "A", "B"]}
    assert re.findall(r'name="sent_0"[^>]*list="([\w-]+)"', text) == ["known-codes-0"]
    assert re.findall(r'name="sent_1"[^>]*list="([\w-]+)"', text) == ["known-codes"]


def test_too_many_rows_for_labels_are_refused_and_told(selling: Scene) -> None:
    MappedCode.objects.bulk_create(
        MappedCode(connection=selling.connection, family="revenue", source_code=f"*a{n}*", accounting_code="1")
        for n in range(500)
    )
    text = save(selling, "revenue", source_0="*b*", sent_0="1", was_0="", new_0="yes")
    assert "At most 500 rows of a connection can be for a part of a label" in text
    assert not MappedCode.objects.filter(source_code="*b*").exists()
    assert "Saved: 1 added" in save(selling, "revenue", source_0="Course", sent_0="1", was_0="", new_0="yes")
    assert "Saved: 1 added" in save(selling, "account", source_0="*b*", sent_0="1", was_0="", new_0="yes")


# --- gaps -------------------------------------------------------------------------------------------------------------


def found(scene: Scene) -> list[tuple[str, str, int, Fate]]:
    report = gaps_of(scene.connection)
    return [(each.judged.family, each.judged.code, each.transactions, each.judged.fate) for each in report.found]


def test_gaps_are_told_once_for_a_type_in_a_number_of_queries_that_does_not_grow(selling: Scene) -> None:
    sold(selling, "INV-1", ("Course/1", "First aid"))
    with CaptureQueriesContext(database) as few:
        assert found(selling) == [
            ("revenue", "Course", 1, Fate.REFUSED), ("sales_tax", "20", 1, Fate.REFUSED),
        ]  # fmt: skip
    sold(selling, "INV-2", *((f"Course/{n}", f"Course number {n}") for n in range(2, 9)), ("", "Something"))
    with CaptureQueriesContext(database) as many:
        report = gaps_of(selling.connection)
    assert len(many) == len(few)
    assert [(each.judged.code, each.transactions) for each in report.found] == [("Course", 2), ("20", 2), ("", 1)]
    assert report.found[0].about == (
        "“First aid” (Course/1), “Course number 2” (Course/2), “Course number 3” (Course/3), "
        "“Course number 4” (Course/4), “Course number 5” (Course/5) and 3 more"
    )
    assert report.found[0].judged.sentence == (
        "The mapping table has no revenue account for it. Add Course or *a part of its name*."
    )
    assert report.found[2].judged.verdict is Verdict.ABSENT
    text = page(selling, "gaps")
    assert "family=revenue&code=Course" in text
    assert "“First aid” (Course/1)" in text
    file = selling.client.get(reverse("desk:gaps-file", args=[selling.company.pk])).getvalue().decode()
    assert 'Revenue account,Course,,2,P-000002,Refused,"“First aid” (Course/1), “Course number 2”' in file


def test_a_label_row_closes_the_gap_of_what_it_names_alone(selling: Scene) -> None:
    sold(selling, "INV-1", ("Course/1", "First aid"), ("Course/2", "Manual handling"))
    MappedCode.objects.create(
        connection=selling.connection, family="revenue", source_code="*FIRST*", accounting_code="4000"
    )
    MappedCode.objects.create(connection=selling.connection, family="sales_tax", source_code="20", accounting_code="T1")
    assert found(selling) == [("revenue", "Course", 1, Fate.REFUSED)]
    assert gaps_of(selling.connection).found[0].about == "“Manual handling” (Course/2)"


def test_a_customer_is_never_perhaps_refused_and_an_account_for_sales_only_perhaps(selling: Scene) -> None:
    """No list of customers is read, and what is read of accounts may be those for purchases."""
    from_sale = {"revenue": ("Course", "4000"), "sales_tax": ("20", "T1")}
    for family, (code, sent) in from_sale.items():
        MappedCode.objects.create(connection=selling.connection, family=family, source_code=code, accounting_code=sent)
    assert sold(selling, "INV-1", ("Course/1", "First aid")).state == State.POSTED
    for kind in ("account", "tax", "supplier"):
        read(selling.connection, kind)
    report = gaps_of(selling.connection)
    assert [(each.judged.family, each.judged.fate) for each in report.found] == [
        ("revenue", Fate.PERHAPS_REFUSED), ("sales_tax", Fate.PERHAPS_REFUSED),
    ]  # fmt: skip
    assert report.found[0].judged.sentence == (
        "Revenue account 4000 is not among what was read of Postroom ledger, which may be its codes for purchases "
        "alone. Look there."
    )
    assert not any("customer" in note.casefold() for note in report.notes)


def read(connection: Connection, kind: str) -> None:
    """A list that was read to its end, and has nothing of ours."""
    SyncRun.objects.create(
        company=connection.company, connection=connection, kind=kind, state=SyncState.COMPLETE, asked_at=timezone.now()
    )


def test_a_dimension_that_follows_from_what_was_sold_is_told_by_its_type(selling: Scene) -> None:
    rule = DimensionRule(name="Department", how=How.TABLE, absent=Missing.REFUSE)
    save_rules(selling.connection, Rules(revenue=Rule(), sales_tax=Rule(), dimensions=(rule,)), who="tests")
    posting = sold(selling, "INV-1", ("Course/1", "First aid"), ("Course/2", "Manual handling"))
    assert posting.reason_field == "mapping.dimension:department[Course/1]"
    named = [each for each in gaps_of(selling.connection).found if each.judged.family == "dimension:department"]
    assert [(each.judged.code, each.judged.what) for each in named] == [("Course", "Department")]
    text = page(selling, "mapping-codes", "?family=dimension:department")
    assert re.findall(r'<span class="code">([^<]+)</span>', text) == ["Course"]
    assert list(refused_for(selling.connection.pk, "dimension:department", "Course")) == [posting]


def test_money_is_booked_to_the_account_of_its_method(selling: Scene) -> None:
    document = with_line(sale(Kind.PAYMENT), 0, account_code=None)
    posting = selling.receive(document)
    assert (posting.state, posting.reason_field) == (State.REJECTED, "mapping.bank[BACS]")
    assert gaps_of(selling.connection).found[0].about == ""
    assert "Method of payment</th>" in page(selling, "mapping-codes", "?family=bank")
    assert "Saved: 1 added" in save(selling, "bank", source_0="BACS", sent_0="1200", was_0="", note_0="")
    assert selling.receive(document).state == State.POSTED


def test_the_dry_run_shows_each_code_under_its_own_name(selling: Scene) -> None:
    posting = sold(selling, "INV-1", ("Course/1", "First aid"))
    text = page_of(selling, reverse("desk:dry-run", args=[posting.transaction.public_id]))
    assert "It would be refused: the mapping lacks 2 codes." in text
    assert (
        "Line 1 is for “First aid” (Course/1), and the mapping table of the connection has no revenue account" in text
    )
    for what in ("Customer code", "Revenue account", "Sales tax code"):
        assert what in text
    assert "Supplier code" not in text


def page_of(scene: Scene, address: str) -> str:
    answer = scene.client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def test_the_stored_rules_say_only_what_is_not_plain() -> None:
    assert to_json(Rules(revenue=Rule(how=How.TABLE, absent=Missing.DEFAULT, default="4000"))) == {
        "revenue": {"absent": "default", "default": "4000"}
    }
    assert from_json({"bank": {"how": "direct"}}) == Rules(bank=Rule(absent=Missing.REFUSE))


# --- whom it is with --------------------------------------------------------------------------------------------------


def test_the_page_of_a_sale_names_its_customer_and_that_of_a_purchase_its_supplier(selling: Scene) -> None:
    posting = sold(selling, "INV-1", ("Course/1", "First aid"))
    text = page_of(selling, reverse("desk:transaction", args=[posting.transaction.public_id]))
    assert '<dt>Customer</dt><dd>Harbour Logistics Ltd <span class="code">HARB01</span>' in text
    assert "Supplier" not in text
    bought = selling.receive()
    text = page_of(selling, reverse("desk:transaction", args=[bought.transaction.public_id]))
    assert '<dt>Supplier</dt><dd>Crown Conference Centre <span class="code">CROWN01</span>' in text


def test_the_list_names_both(selling: Scene) -> None:
    address = reverse("desk:transactions")
    sold(selling, "INV-1", ("Course/1", "First aid"))
    assert '<th scope="col">Customer</th>' in page_of(selling, address)
    selling.receive()
    text = page_of(selling, address)
    assert '<th scope="col">Supplier or customer</th>' in text
    assert text.count('<td data-label="Supplier"') == text.count('<td data-label="Customer"') == 1
