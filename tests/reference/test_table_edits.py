"""Rows of a mapping table as people edit them: all or nothing, never over somebody else's change."""

from __future__ import annotations

import pytest

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.reference.models import MappedCode
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules, from_json
from portal.reference.services import save_rules
from portal.reference.table_edits import CannotSave, Edit, Saved, look_up, save_codes
from tests.factories import LedgerConnectionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def connection() -> Connection:
    made: Connection = LedgerConnectionFactory.create()
    return made


def rows(connection: Connection) -> dict[str, tuple[str, str]]:
    every = MappedCode.objects.filter(connection=connection, family="account")
    return {row.source_code: (row.accounting_code, row.note) for row in every}


def save(connection: Connection, *edits: Edit) -> Saved:
    return save_codes(connection, "account", edits, who="tests")


def problems(connection: Connection, *edits: Edit) -> dict[int, str]:
    with pytest.raises(CannotSave) as error:
        save(connection, *edits)
    return error.value.problems


def test_rows_are_added_changed_and_taken_away_and_told(connection: Connection) -> None:
    first = save(connection, Edit(source_code="A", sent="1", note="one"), Edit(source_code="B", sent="2"))
    then = save(
        connection,
        Edit(source_code="A", sent="9", was="1"),
        Edit(source_code="B", sent="", was="2"),
        Edit(source_code="C", sent="3"),
    )
    assert (first, then) == (Saved(added=2), Saved(added=1, changed=1, removed=1))
    assert rows(connection) == {"A": ("9", "one"), "C": ("3", "")}
    told = AuditEvent.objects.filter(verb="mapping.codes_changed").latest("id")
    assert told.details["family"] == "account"
    assert sorted((one["code"], one["before"], one["after"]) for one in told.details["codes"]) == [
        ("A", "1", "9"), ("B", "2", ""), ("C", "", "3"),
    ]  # fmt: skip


def test_what_is_as_it_was_is_neither_written_nor_told(connection: Connection) -> None:
    save(connection, Edit(source_code="A", sent="1", note="one"))
    before = AuditEvent.objects.count()
    again = save(connection, Edit(source_code="A", sent="1", was="1", note="one"), Edit(source_code="Z", sent=""))
    assert (again, AuditEvent.objects.count()) == (Saved(), before)


def test_a_note_alone_can_be_changed(connection: Connection) -> None:
    save(connection, Edit(source_code="A", sent="1"))
    assert save(connection, Edit(source_code="A", sent="1", was="1", note="Venue")) == Saved(changed=1)
    assert rows(connection) == {"A": ("1", "Venue")}


def test_one_line_that_makes_no_sense_keeps_all_from_being_written(connection: Connection) -> None:
    found = problems(
        connection,
        Edit(source_code="A", sent="1"),
        Edit(source_code="", sent="2"),
        Edit(source_code="A", sent="3"),
        Edit(source_code="L", sent="4" * 101),
        Edit(source_code="N\0", sent="5"),
    )
    assert found == {
        1: "Give the code as the source writes it.",
        2: "This code stands above already.",
        3: "At most 100 characters.",
        4: "A code cannot hold this character.",
    }
    assert rows(connection) == {}


def test_somebody_elses_change_is_never_written_over(connection: Connection) -> None:
    save(connection, Edit(source_code="A", sent="1"), Edit(source_code="B", sent="2"))
    save(connection, Edit(source_code="A", sent="7", was="1"), Edit(source_code="B", sent="", was="2"))
    assert problems(connection, Edit(source_code="A", sent="8", was="1"), Edit(source_code="B", sent="3", was="2")) == {
        0: "Somebody has changed it to 7 meanwhile. Look at it, then save again.",
        1: "Somebody has taken it away meanwhile. Save again to add it.",
    }
    assert problems(connection, Edit(source_code="A", sent="5")) == {
        0: "The table has it already, as 7. Change it there."
    }
    assert rows(connection) == {"A": ("7", "")}


def test_two_who_want_the_same_do_not_collide(connection: Connection) -> None:
    save(connection, Edit(source_code="A", sent="1"))
    save(connection, Edit(source_code="A", sent="2", was="1"))
    assert save(connection, Edit(source_code="A", sent="2", was="1")) == Saved()


@pytest.mark.parametrize("family", ["account", "dimension:department", "dimension:project"])
def test_a_family_is_looked_up_in_its_table_from_then_on(connection: Connection, family: str) -> None:
    rules = Rules(
        account=Rule(absent=Missing.DEFAULT, default="5010"),
        dimensions=(DimensionRule(name="Department", to="Dept"), DimensionRule(name="Site")),
    )
    save_rules(connection, rules, who="tests")
    assert look_up(connection, family, who="tests") is True
    assert look_up(connection, family, who="tests") is False
    kept = from_json(connection.mapping)
    assert kept.of(family).how is How.TABLE
    assert (kept.account.default, kept.dimension("Site")) == ("5010", DimensionRule(name="Site"))
    assert kept.dimension("department").to == "Dept"  # type: ignore[union-attr]
