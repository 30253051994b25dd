"""A company's own people say what becomes of codes: rules, tables, files."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection
from portal.postings.preview.running import dry_run_of
from portal.reference.models import MappedCode, Record, SyncRun
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules, from_json
from portal.reference.services import save_rules
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene
from tests.desk.syncs import a_record
from tests.factories import a_line

pytestmark = pytest.mark.engine


def page(scene: Scene, name: str, query: str = "") -> str:
    answer = scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]) + query)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def sent(client: Client, address: str, **fields: Any) -> tuple[int, str]:
    answer = client.post(address, fields, follow=True)
    return answer.status_code, " ".join(unescape(answer.content.decode()).split())


def codes(scene: Scene, query: str = "?family=account") -> str:
    return reverse("desk:mapping-codes", args=[scene.company.pk]) + query


def rows(connection: Connection) -> list[tuple[str, str, str]]:
    every = MappedCode.objects.filter(connection=connection).order_by("family", "source_code")
    return list(every.values_list("family", "source_code", "accounting_code"))


def by_table(scene: Scene) -> None:
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")


def test_codes_of_the_last_transactions_without_a_like_come_first_and_are_filled_in(scene: Scene) -> None:
    by_table(scene)
    scene.receive(number="INV-1", lines=(a_line(account_code="V-1"), a_line(2, account_code="V-2")))
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="Z", accounting_code="5010")
    text = page(scene, "mapping-codes", "?family=account")
    assert re.findall(r'<span class="code">([^<]+)</span>', text) == ["V-1", "V-2", "Z"]
    assert "Codes are looked up below. One that is not there is refused." in text
    status, text = sent(
        scene.client, codes(scene), source_0="V-1", sent_0="5020", was_0="", note_0="Venues", source_1="V-2", sent_1="",
        was_1="", note_1="", source_2="Z", sent_2="5000", was_2="5010", note_2="", source_3="", sent_3="", new_3="yes",
        source_4="NEW", sent_4="5030", was_4="", note_4="", new_4="yes",
    )  # fmt: skip
    assert (status, "Saved: 2 added, 1 changed." in text) == (200, True)
    assert rows(scene.connection) == [("account", "NEW", "5030"), ("account", "V-1", "5020"), ("account", "Z", "5000")]


def test_errors_stand_at_their_lines_and_nothing_that_was_typed_is_lost(scene: Scene) -> None:
    status, text = sent(
        scene.client, codes(scene), source_0="A", sent_0="", was_0="", note_0="", source_1="", sent_1="5010", was_1="",
        note_1="kept", new_1="yes",
    )  # fmt: skip
    assert (status, rows(scene.connection)) == (422, [])
    assert "Nothing was saved: see the lines that are marked." in text
    assert '<p class="error" id="error-1">Give the code as the source writes it.</p>' in text
    assert ('value="5010"' in text, 'value="kept"' in text) == (True, True)


def test_the_systems_own_codes_are_offered_with_their_names(scene: Scene) -> None:
    record = a_record(scene.connection, "x")
    Record.objects.filter(pk=record.pk).update(kind="account", code="5010", name="Course venue hire")
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="Z", accounting_code="5010")
    text = page(scene, "mapping-codes", "?family=account")
    assert '<option value="5010">Course venue hire</option>' in text
    assert '<span class="second">Course venue hire</span>' in text
    assert '<option value="5010">' in page(scene, "mapping-known", "?family=account&sent_3=course")
    assert "<option" not in page(scene, "mapping-known", "?family=account&sent_3=nothing")
    address = reverse("desk:mapping-known", args=[scene.company.pk])
    assert scene.client.get(f"{address}?family=strange").status_code == 404


def test_rows_that_do_not_count_say_so_and_one_click_lets_them_count(scene: Scene) -> None:
    assert "The rows below do not count." in page(scene, "mapping-codes", "?family=account")
    address = reverse("desk:mapping-look-up", args=[scene.company.pk])
    _, text = sent(scene.client, address, family="account")
    assert "These codes are looked up in the table now." in text
    assert "The rows below do not count." not in text
    scene.connection.refresh_from_db()
    assert from_json(scene.connection.mapping) == Rules(account=Rule(how=How.TABLE))
    assert scene.client.post(address, {"family": "strange"}).status_code == 404


def test_one_click_lets_rows_count_and_leaves_the_rest_as_it_is(scene: Scene) -> None:
    a_record(scene.connection, "5010", kind="account")
    now = timezone.now()
    SyncRun.objects.create(
        company=scene.company, connection=scene.connection, kind="account", state="Complete", asked_at=now
    )  # fmt: skip
    address = reverse("desk:mapping-look-up", args=[scene.company.pk])
    _, text = sent(scene.client, address, family="account", rest_as_it_is="yes")
    assert "Codes are looked up below. One that is not there is sent as it is." in text
    scene.connection.refresh_from_db()
    assert from_json(scene.connection.mapping) == Rules(account=Rule(how=How.TABLE, unknown=Missing.AS_IS))
    posting = scene.receive(lines=(a_line(account_code="V-1"), a_line(2, account_code="5010")))
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="V-2", accounting_code="5020")
    text = page(scene, "mapping-codes", "?family=account")
    assert re.findall(r'<span class="code">([^<]+)</span>', text) == ["V-1", "V-2"]
    assert ("Would be refused" in text, "Nothing is sent for it" in text) == (True, False)
    rules = scene.client.get(reverse("desk:mapping-rules", args=[scene.company.pk])).context["form"]
    assert rules["account__unknown"].value() == "as_is"
    assert "default" not in dict(rules.fields["currency__unknown"].choices)
    shown = dry_run_of(posting).codes
    assert [(each.own, each.sent, each.note) for each in shown if each.what == "Account code"] == [
        ("V-1", "V-1", ""), ("5010", "5010", ""),
    ]  # fmt: skip


def test_a_code_that_an_error_named_is_ready_to_be_filled_in(scene: Scene) -> None:
    assert '<span class="code">MISSING-1</span>' in page(scene, "mapping-codes", "?family=account&code=MISSING-1")


def test_the_way_back_to_the_transaction_stays_and_leads_nowhere_else(scene: Scene) -> None:
    assert '<a href="/transactions/1/">Back to the transaction</a>' in page(
        scene, "mapping-codes", "?family=account&back=/transactions/1/"
    )
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"):
        assert "Back to the transaction" not in page(scene, "mapping-codes", f"?back={elsewhere}")


def test_rules_are_changed_on_one_form_with_errors_at_the_field(scene: Scene) -> None:
    save_rules(scene.connection, Rules(dimensions=(DimensionRule(name="Department"),)), who="tests")
    address = reverse("desk:mapping-rules", args=[scene.company.pk])
    form = scene.client.get(address).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields}
    _, text = sent(scene.client, address, **fields | {"account__absent": "default"})
    assert "Nothing was saved: see the fields that are marked." in text
    assert "Give the default code that shall be used." in text
    _, text = sent(scene.client, address, **fields | {"account__absent": "default", "account__default": "5010"})
    assert "Saved. It counts for whatever is sent from now on" in text
    scene.connection.refresh_from_db()
    kept = from_json(scene.connection.mapping)
    assert kept.account == Rule(absent=Missing.DEFAULT, default="5010")
    assert [one.name for one in kept.dimensions] == ["Department"]


def test_a_file_is_shown_before_it_is_taken_and_comes_back_as_it_went(scene: Scene) -> None:
    address = reverse("desk:mapping-import", args=[scene.company.pk])
    file = SimpleUploadedFile("codes.csv", b"Family,Source code,Accounting code,Note\naccount,A,5010,Venue\n")
    _, text = sent(scene.client, address, file=file, family="")
    assert ("<dt>New</dt><dd>1</dd>" in text, rows(scene.connection)) == (True, [])
    found = re.search(r'name="stamp" value="([^"]+)"', text)
    assert found is not None
    _, text = sent(scene.client, reverse("desk:mapping-import-take", args=[scene.company.pk]), stamp=found[1])
    assert "Codes added: 1. Changed: 0." in text
    assert rows(scene.connection) == [("account", "A", "5010")]
    exported = scene.client.get(reverse("desk:mapping-export", args=[scene.company.pk]))
    assert b"account,A,5010,Venue" in exported.content
    _, text = sent(scene.client, reverse("desk:mapping-import-take", args=[scene.company.pk]), stamp="old")
    assert "There is no file of yours waiting here." in text


def test_a_file_with_a_bad_line_is_not_taken(scene: Scene) -> None:
    address = reverse("desk:mapping-import", args=[scene.company.pk])
    file = SimpleUploadedFile("codes.csv", b"Family,Source code,Accounting code\nstrange,A,5010\n")
    _, text = sent(scene.client, address, file=file, family="")
    assert "Nothing is taken while a line cannot be." in text
    assert 'name="stamp"' not in text


def test_a_viewer_sees_codes_and_cannot_type(scene: Scene) -> None:
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="Z", accounting_code="5010")
    Member.objects.filter(user=scene.user).update(role=Role.VIEWER)
    text = page(scene, "mapping-codes", "?family=account")
    assert "readonly" in text
    assert ">Save<" not in text
    assert "Owners and operators import codes" in page(scene, "mapping-import")


def test_without_an_accounting_system_the_gaps_say_what_to_do_first(scene: Scene) -> None:
    Connection.objects.filter(pk=scene.connection.pk).update(status="unlinked")
    for name in ("mapping-codes", "mapping-rules", "mapping-import"):
        answer = scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]), follow=True)
        assert b"Link an accounting system first" in answer.content


def test_a_page_costs_the_same_with_many_rows(scene: Scene) -> None:
    costs, text = [], ""
    for count in (1, 300):
        MappedCode.objects.bulk_create(
            MappedCode(connection=scene.connection, family="account", source_code=f"{count}-{n}", accounting_code="1")
            for n in range(count)
        )
        with CaptureQueriesContext(connection) as asked:
            text = page(scene, "mapping-codes", "?family=account")
        costs.append(len(asked))
    assert costs[0] == costs[1] <= 26
    assert len(re.findall(r'<span class="code">', text)) == 50
