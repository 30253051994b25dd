"""An accounting system with thousands of codes: the page stays as long, and costs as much, as with a few."""

from __future__ import annotations

import re
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.reference.models import MappedCode, Record
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from tests.desk.scene import Scene
from tests.desk.syncs import a_record

pytestmark = pytest.mark.engine
MANY = 5_000
LONGEST_BYTES = 120_000


def accounts(scene: Scene, first: int, last: int) -> None:
    """So many account codes that the accounting system has, and a row that leads to each."""
    model = a_record(scene.connection, f"{first:05}", kind="account", name=f"Account {first:05}")
    fields = {field.attname: getattr(model, field.attname) for field in Record._meta.concrete_fields}
    for name in ("id", "identity"):
        del fields[name]
    Record.objects.bulk_create(
        Record(**{**fields, "code": f"{n:05}", "name": f"Account {n:05}", "external_id": f"a-{n}", "identity": uuid4()})
        for n in range(first + 1, last)
    )
    MappedCode.objects.bulk_create(
        MappedCode(
            connection=scene.connection, family="account", source_code=f"S{MANY - n:05}", accounting_code=f"{n:05}"
        )
        for n in range(first, last)
    )  # fmt: skip


def page(scene: Scene, name: str = "mapping-codes", **query: str) -> str:
    answer = scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]), {"family": "account", **query})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_page_is_as_long_and_costs_as_much_as_with_a_few(scene: Scene) -> None:
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    costs, lengths, text = [], [], ""
    for first, last in ((0, 300), (300, MANY)):
        accounts(scene, first, last)
        with CaptureQueriesContext(database) as asked:
            text = page(scene)
        costs.append(len(asked))
        lengths.append(len(text))
    assert costs[0] == costs[1]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.01)
    assert lengths[1] < LONGEST_BYTES
    assert len(re.findall("<option", text)) == 50


def test_what_a_row_leads_to_is_named_wherever_it_stands_in_the_list(scene: Scene) -> None:
    accounts(scene, 0, MANY)
    text = page(scene)
    named = re.findall(r'<span class="second">(Account \d+)</span>', text)
    assert named[0] == f"Account {MANY - 1:05}"
    assert len(named) == 50


def test_whoever_types_is_offered_what_fits(scene: Scene) -> None:
    accounts(scene, 0, MANY)
    text = page(scene)
    assert "Type the beginning of a code, or a part of its name" in text
    assert "hx-get=" in text
    assert re.findall(r'<option value="(\d+)"', page(scene, "mapping-known", sent_0="04999")) == ["04999"]
    assert re.findall(r'<option value="(\d+)"', page(scene, "mapping-known", sent_0="account 0431")) == [
        f"0431{n}" for n in range(10)
    ]
    assert len(re.findall("<option", page(scene, "mapping-known", sent_0="0"))) == 50


def test_a_short_list_is_offered_whole(scene: Scene) -> None:
    accounts(scene, 0, 120)
    text = page(scene)
    assert len(re.findall("<option", text)) == 120
    assert "offered as you type" in text
    assert "mapping/codes/known/" not in text
