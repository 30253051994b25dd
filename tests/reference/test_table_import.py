"""Taking a file: counted before, written as a whole, and only as it was shown."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.reference.models import MappedCode, TableUpload
from portal.reference.table_import import BAD, MOVED, NOTHING, CannotImport, keep, plan_of, take
from tests.factories import DemoConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
FILE = "Family,Source code,Accounting code\naccount,5010,7100\naccount,5020,7200\ntax,T1,A\n"


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create()
    MappedCode.objects.create(
        connection=made, family="account", source_code="5010", accounting_code="7000", note="Venue"
    )
    MappedCode.objects.create(connection=made, family="tax", source_code="T1", accounting_code="A", note="Standard")
    MappedCode.objects.create(connection=made, family="tax", source_code="T0", accounting_code="Z")
    return made


def stored(of: Connection) -> list[tuple[str, str, str, str]]:
    rows = MappedCode.objects.filter(connection=of).order_by("family", "source_code")
    return list(rows.values_list("family", "source_code", "accounting_code", "note"))


def shown(of: Connection, text: str, family: str = "") -> str:
    """Upload and look; returns the stamp."""
    keep(of, text, family=family, who="sam")
    plan = plan_of(of, "sam")
    assert plan is not None
    return plan.stamp


def test_the_plan_counts_new_changed_and_same(demo: Connection) -> None:
    keep(demo, FILE, family="", who="sam")
    plan = plan_of(demo, "sam")
    assert plan is not None
    assert [row.source_code for row in plan.new] == ["5020"]
    assert [(each.row.source_code, each.before, each.row.accounting_code) for each in plan.changed] == [
        ("5010", "7000", "7100")
    ]
    assert (plan.same, plan.bad, plan.writes) == (1, (), True)
    assert len(stored(demo)) == 3


def test_taking_it_writes_all_of_it_and_leaves_what_it_does_not_name(demo: Connection) -> None:
    plan = take(demo, stamp=shown(demo, FILE), who="sam")
    assert (len(plan.new), len(plan.changed), plan.same) == (1, 1, 1)
    assert stored(demo) == [
        ("account", "5010", "7100", "Venue"),
        ("account", "5020", "7200", ""),
        ("tax", "T0", "Z", ""),
        ("tax", "T1", "A", "Standard"),
    ]
    event = AuditEvent.objects.get(verb="mapping.imported")
    assert (event.who, event.details) == ("sam", {"new": 1, "changed": 1})
    assert not TableUpload.objects.exists()


def test_a_column_of_notes_replaces_the_notes(demo: Connection) -> None:
    take(demo, stamp=shown(demo, "Source code,Accounting code,Note\nT1,A,\n", "tax"), who="sam")
    assert ("tax", "T1", "A", "") in stored(demo)


def test_one_bad_line_and_nothing_is_taken(demo: Connection) -> None:
    before = stored(demo)
    stamp = shown(demo, FILE + "tax,T9,\n")
    with pytest.raises(CannotImport, match=BAD):
        take(demo, stamp=stamp, who="sam")
    assert stored(demo) == before
    assert not AuditEvent.objects.exists()


def test_what_changed_since_it_was_shown_is_shown_again(demo: Connection) -> None:
    stamp = shown(demo, FILE)
    MappedCode.objects.create(connection=demo, family="account", source_code="5020", accounting_code="9")
    with pytest.raises(CannotImport, match=MOVED):
        take(demo, stamp=stamp, who="sam")
    assert ("account", "5020", "9", "") in stored(demo)


def test_another_file_than_the_one_that_was_shown_is_not_taken(demo: Connection) -> None:
    stamp = shown(demo, FILE)
    shown(demo, FILE.replace("7200", "7201"))
    with pytest.raises(CannotImport, match=MOVED):
        take(demo, stamp=stamp, who="sam")


def test_everybody_has_one_waiting_file_of_their_own(demo: Connection) -> None:
    keep(demo, FILE, family="", who="sam")
    keep(demo, FILE, family="", who="sam")
    assert TableUpload.objects.count() == 1
    assert plan_of(demo, "kim") is None
    with pytest.raises(CannotImport, match=NOTHING):
        take(demo, stamp="x", who="kim")


def test_a_long_file_costs_few_statements(demo: Connection) -> None:
    text = "Source code,Accounting code\n" + "".join(f"C{n},A{n}\n" for n in range(3_000))
    stamp = shown(demo, text, "supplier")
    with CaptureQueriesContext(connection) as seen:
        take(demo, stamp=stamp, who="sam")
    assert len(seen) < 30
    assert MappedCode.objects.filter(connection=demo, family="supplier").count() == 3_000
