"""A company is added under its name or a temporary one, and renamed."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from portal.connections import choosing, registry
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.tenants.models import Company, Role
from tests.desk.setting_up.conftest import Beginner, beginner
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def add(somebody: Beginner, **data: str) -> Any:
    """Send the form of a new company."""
    address = reverse("desk:company-new", args=[somebody.company.tenant_id])
    return somebody.client.post(address, {"base_currency": "GBP", **data})


def latest() -> Company:
    return Company.objects.latest("created_at")


def test_a_company_is_added_and_its_accounting_system_is_chosen_next(olga: Beginner) -> None:
    answer = add(olga, name="  Harbour   Street Ltd ", base_currency="EUR")
    made = latest()
    assert answer["Location"] == reverse("desk:choose", args=[made.pk])
    assert (made.name, made.base_currency, made.name_is_temporary, made.live_at, made.tenant) == (
        "Harbour Street Ltd", "EUR", False, None, olga.company.tenant,
    )  # fmt: skip
    told = AuditEvent.objects.get(verb="company.created")
    assert (told.who, told.company_id) == (olga.user.username, made.pk)


def test_a_temporary_name_is_made_up_where_none_is_entered(olga: Beginner) -> None:
    for expected in ("New company", "New company 2"):
        add(olga, is_temporary="on")
        assert (latest().name, latest().name_is_temporary) == (expected, True)
    add(olga, is_temporary="on", name="Whatever it will be")
    assert (latest().name, latest().name_is_temporary) == ("Whatever it will be", True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Enter a name, or let the accounting system give it."),
        ({"name": "northgate LTD"}, "has a company of this name already"),
        ({"name": "See www.example.org"}, "A name has no web address in it"),
        ({"name": "Quay Ltd", "base_currency": "XXX"}, "Select a valid choice"),
        ({"name": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_above_and_keeps_what_was_typed(
    olga: Beginner, data: dict[str, str], said: str
) -> None:
    body = add(olga, **data).content.decode()
    assert body.count(said) == 2
    assert 'href="#field-' in body
    assert f'value="{data.get("name", "")}"' in body or not data.get("name")
    assert Company.objects.count() == 1


def test_somebody_elses_company_of_the_same_name_is_no_obstacle(olga: Beginner) -> None:
    CompanyFactory.create(name="Quay Ltd")
    assert add(olga, name="Quay Ltd").status_code == 302


def test_an_operator_adds_one_and_leaves_linking_to_an_owner() -> None:
    oscar = beginner(Role.OPERATOR)
    assert add(oscar, name="Quay Ltd")["Location"] == reverse("desk:accounting", args=[latest().pk])
    assert not Connection.objects.exists()


def test_where_there_is_one_system_nothing_has_to_be_chosen(olga: Beginner, monkeypatch: pytest.MonkeyPatch) -> None:
    only = {"odoo": registry.accounting_systems()["odoo"]}
    monkeypatch.setattr(choosing, "accounting_systems", lambda: only)
    assert add(olga, name="Quay Ltd")["Location"] == reverse("desk:authorise", args=[latest().pk])
    assert Connection.objects.get(company=latest()).status == Status.PENDING_AUTH


def test_a_new_name_is_not_temporary_any_more(olga: Beginner) -> None:
    Company.objects.update(name_is_temporary=True)
    assert "Temporary name" in olga.see("company-name")
    assert olga.send("company-name", {"name": "Quay Ltd"}).status_code == 302
    olga.company.refresh_from_db()
    assert (olga.company.name, olga.company.name_is_temporary) == ("Quay Ltd", False)
    assert AuditEvent.objects.get(verb="company.renamed").message == "Northgate Ltd is called Quay Ltd now."
    assert "Temporary name" not in olga.see("company-name")


def test_a_name_that_is_taken_or_empty_is_refused(olga: Beginner) -> None:
    CompanyFactory.create(name="Quay Ltd", tenant=olga.company.tenant)
    for name, said in (("quay ltd", "of this name already"), ("", "Enter a name.")):
        assert said in olga.send("company-name", {"name": name}).content.decode()
    assert not AuditEvent.objects.filter(verb="company.renamed").exists()
