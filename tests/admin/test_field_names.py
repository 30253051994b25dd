"""Linking accessplanit in the staff site: its form, the field list, the names, what is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.sandbox import Store
from portal.connections.models import Connection, Side, Status
from portal.intake.models import FedRecord, Verdict
from tests.admin.furniture import a_record_read
from tests.admin.world import delivery
from tests.factories import CompanyFactory, EndpointFactory, SourceConnectionFactory
from tests.integrations.accessplanit.scene import StandIn, served

pytestmark = pytest.mark.django_db

ADD = "/admin/connections/connection/add/?integration=accessplanit"


@pytest.fixture
def platform() -> Iterator[StandIn]:
    store = Store("accessplanit")
    with served(store) as found:
        yield found
    store.close()


@pytest.fixture
def linked(platform: StandIn) -> Connection:
    made: Connection = SourceConnectionFactory.create(
        integration="accessplanit",
        external_company_id="",
        settings={"base_url": platform.base},
        secrets={"api_key": platform.platform["api_key"]},
        told={"feeds": {"credit_note": {"visible": False, "why": "The roles of the API user hide CreditNote."}}},
    )
    return made


def text_of(response: Any) -> str:
    """What a person reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def page(connection: Connection, name: str) -> str:
    return reverse(f"admin:connections_connection_{name}", args=[connection.pk])


def form(**more: str) -> dict[str, str]:
    usual = {"base_url": "https://north.accessplanit.com/accessplan", "auth": "api_key", "time_zone": "Europe/London"}
    choices = {"amount_mode": "gross", "merge_negative_lines": "yes", "amount_unit": "major", "refund_rule": "negative"}
    rest = {"write_payments": "found", "quote_dates": "yes"}
    data = {f"setting__{key}": value for key, value in {**usual, **choices, **rest}.items()}
    return {"external_company_id": "", "external_company_name": "", "secret__api_key": "key", **data, **more}


def test_a_company_is_linked_by_the_form_with_names_one_on_a_line(staff: Client) -> None:
    company = CompanyFactory.create()
    fields = "transaction.method = PaymentMethod\ntransaction.type ="
    answer = staff.post(ADD, form(company=str(company.pk), setting__fields=fields))
    assert answer.status_code == 302, text_of(answer)
    made = Connection.objects.get(company=company)
    assert (made.side, made.status, made.secrets["api_key"]) == (Side.SOURCE, Status.LINKED, "key")
    assert made.settings["fields"].splitlines() == fields.splitlines()


def test_what_is_not_published_is_folded_away(staff: Client) -> None:
    text = staff.get(ADD).content.decode()
    folded = text[text.index("Not published by the vendor") :]
    assert '<textarea name="setting__fields"' in folded
    assert 'name="setting__base_url"' not in folded


@pytest.mark.parametrize(
    "field,value,said",
    [
        ("setting__fields", "transaction.colour = Red", "The line transaction.colour = Red is not understood."),
        ("setting__modules", "invoice = A B", "A B cannot be a name at accessplanit"),
        ("setting__time_zone", "Narnia", "Narnia is no time zone."),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field(staff: Client, field: str, value: str, said: str) -> None:
    answer = staff.post(ADD, form(company=str(CompanyFactory.create().pk), **{field: value}))
    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Connection.objects.exists()


def test_the_list_is_read_and_names_are_chosen_from_it(staff: Client, linked: Connection) -> None:
    assert "Unverified" in text_of(staff.get(page(linked, "field_names")))
    answer = staff.post(page(linked, "read_fields"), {"confirmed": "yes"})
    assert answer.headers["Location"] == page(linked, "field_names")
    shown = staff.get(page(linked, "field_names"))
    data = shown.context["form"].initial | {name: field.initial for name, field in shown.context["form"].fields.items()}
    assert "CurrencyCode (not in the list)" in text_of(shown)
    refused = staff.post(page(linked, "field_names"), {**data, "confirmed": "yes"})
    assert "CurrencyCode is not in the list of payments and refunds." in text_of(refused)
    data["transaction.currency"] = ""
    assert staff.post(page(linked, "field_names"), {**data, "confirmed": "yes"}).status_code == 302
    linked.refresh_from_db()
    assert linked.settings["fields"] == "transaction.currency = "


def test_without_a_description_names_are_typed(staff: Client, linked: Connection, platform: StandIn) -> None:
    platform.faults(has_help=False)
    answer = staff.post(page(linked, "read_fields"), {"confirmed": "yes"}, follow=True)
    text = text_of(answer)
    assert "describes no fields to this user: the names can be typed in instead." in text
    assert "accessplanit describes no fields of Transaction (status 404)." in text
    assert 'type="text" name="transaction.amount" value="Amount"' in answer.content.decode()


def test_the_page_of_the_connection_shows_what_is_hidden_and_how_sure_names_are(
    staff: Client, linked: Connection
) -> None:
    text = text_of(staff.get(page(linked, "change")))
    assert "Credit notes: The roles of the API user hide CreditNote." in text
    assert "Unverified: a guess until the field list has been read." in text
    assert "Read field list" in text


def test_other_sources_have_no_such_buttons(staff: Client) -> None:
    icompleat = SourceConnectionFactory.create()
    assert "Read field list" not in text_of(staff.get(page(icompleat, "change")))
    assert "has no field list" in text_of(staff.post(page(icompleat, "read_fields"), {"confirmed": "yes"}))


def test_who_may_only_look_neither_reads_nor_chooses(linked: Connection, staff_with: Callable[..., Client]) -> None:
    viewer = staff_with("connections.view_connection")
    for name in ("read_fields", "field_names"):
        assert viewer.post(page(linked, name), {"confirmed": "yes"}).status_code == 403


def test_what_was_left_out_is_judged_again_under_other_settings(staff: Client, linked: Connection) -> None:
    record = a_record_read(linked)
    came = delivery(EndpointFactory.create(connection=linked), Verdict.SKIPPED)
    FedRecord.objects.filter(pk=record.pk).update(delivery=came)
    answer = staff.post(page(linked, "change"), form(setting__start_date="2025-01-01"))
    assert answer.status_code == 302, text_of(answer)
    record.refresh_from_db()
    assert record.again_at is not None
