"""Default codes of connections become rules of their mapping, and nothing is lost on the way there or back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.reference.rules import PLAIN, defaults, from_json
from tests.factories import CompanyFactory, DemoConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
BEFORE, AFTER = ("connections", "0001_initial"), ("connections", "0002_mapping")


def migrated(*targets: tuple[str, str]) -> Any:
    """The historical model of a connection after migrating there."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return executor.loader.project_state(list(targets)).apps.get_model("connections", "Connection")


@pytest.fixture
def back_again() -> Iterator[None]:
    """The database as every other test expects it."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("back_again")
def test_defaults_become_rules_and_rules_become_defaults_again() -> None:
    stored = {
        "all": {"supplier_code": "S1", "account_code": " 7502 ", "tax_code": "T1"},
        "one": {"account_code": "7502", "tax_code": ""},
        "none": {},
    }
    names = {name: DemoConnectionFactory.create(external_company_name=name).pk for name in stored}
    older = migrated(BEFORE)
    for name, codes in stored.items():
        older.objects.filter(pk=names[name]).update(defaults=codes)

    newer = migrated(AFTER)
    mappings = {row.external_company_name: from_json(row.mapping) for row in newer.objects.all()}
    assert mappings == {
        "all": defaults(supplier="S1", account="7502", tax="T1"),
        "one": defaults(account="7502"),
        "none": PLAIN,
    }
    assert "defaults" not in {field.name for field in newer._meta.get_fields()}

    newer.objects.filter(pk=names["none"]).update(mapping={"tax": {"absent": "default", "default": "T9"}})
    older = migrated(BEFORE)
    assert {row.external_company_name: row.defaults for row in older.objects.all()} == {
        "all": {"supplier_code": "S1", "account_code": "7502", "tax_code": "T1"},
        "one": {"account_code": "7502"},
        "none": {"tax_code": "T9"},
    }


INSERT = (
    "INSERT INTO connections_connection (id, company_id, integration, side, status, external_company_id,"
    " external_company_name, settings, secrets, kept_kinds, paused, failures, created_at)"
    " SELECT %s, id, 'demo', 'accounting', 'linked', '', '', '{}', '', '[]', %s, 0, created_at"
    " FROM tenants_company WHERE id = %s"
)


@pytest.mark.usefixtures("back_again")
def test_a_process_of_the_version_before_still_reads_and_writes() -> None:
    """It runs until it is replaced, after the migration: it knows the old column and not the new one."""
    company = CompanyFactory.create()
    migrated(AFTER)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [_id(1), False, _id(company.pk.int)])
        cursor.execute("SELECT defaults, mapping FROM connections_connection")
        assert [str(value) for value in cursor.fetchone()] == ["{}", "{}"]


def test_a_process_that_knows_no_limit_group_still_writes() -> None:
    company = CompanyFactory.create()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [_id(1), False, _id(company.pk.int)])
        cursor.execute("SELECT mapping, limit_group FROM connections_connection")
        assert [str(value) for value in cursor.fetchone()] == ["{}", ""]


def _id(number: int) -> str:
    text = f"{number:032x}"
    if connection.vendor == "sqlite":
        return text
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
