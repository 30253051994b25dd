"""The mapping of what is sold in the staff site."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Missing, Rule, Rules, from_json
from portal.reference.services import save_rules
from tests.factories import LedgerConnectionFactory, SourceConnectionFactory, accepted
from tests.samples import sale, with_line

pytestmark = pytest.mark.django_db
ADD = "/admin/reference/mappedcode/add/"


@pytest.fixture
def selling(db: None) -> Connection:
    """A company on the built-in ledger whose sales come from accessplanit."""
    made: Connection = LedgerConnectionFactory.create()
    SourceConnectionFactory.create(company=made.company, integration="accessplanit", external_company_id="")
    return made


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def page(connection: Connection) -> str:
    return reverse("admin:reference_codemapping_change", args=[connection.pk])


def test_rules_of_sales_stand_on_the_form_of_who_sells_alone(staff: Client, selling: Connection) -> None:
    text = text_of(staff, page(selling))
    for title in ("Customers", "Revenue, by what was sold", "Bank accounts, by the method of payment"):
        assert title in text
    assert "Revenue account" in text
    other = text_of(staff, page(LedgerConnectionFactory.create()))
    assert "Revenue" not in other


def test_the_list_says_in_words_what_is_not_plain(staff: Client, selling: Connection) -> None:
    address = reverse("admin:reference_codemapping_changelist")
    assert "All as they come" in text_of(staff, address)
    rule = Rule(how=How.DIRECT, absent=Missing.DEFAULT, default="4000")
    save_rules(selling, Rules(revenue=rule), who="tests")
    assert "revenue account as the source writes the account, default 4000" in text_of(staff, address)


def test_saving_the_form_of_purchases_leaves_the_rules_of_sales(staff: Client) -> None:
    """Nothing of sales stands on it, and plain rules stay plain."""
    plain = LedgerConnectionFactory.create()
    sent = {"currency__how": "direct"}
    for group in ("supplier", "account", "tax", "dimension_0", "dimension_1"):
        sent |= {f"{group}__how": "direct", f"{group}__absent": "as_is", f"{group}__unknown": "refuse"}
    for slot in ("dimension_0", "dimension_1"):
        sent |= {f"{slot}__name": "", f"{slot}__to": ""}
    assert staff.post(page(plain), {**sent, "tax__absent": "refuse"}).status_code == 302
    assert from_json(Connection.objects.get(pk=plain.pk).mapping) == Rules(tax=Rule(absent=Missing.REFUSE))


def test_a_row_for_a_type_is_added_and_what_was_refused_is_found(staff: Client, selling: Connection) -> None:
    document = with_line(sale(lines=sale().lines[:1], net=sale().lines[0].net, gross=sale().lines[0].gross), 0,
                         account_code=None)  # fmt: skip
    posting = accepted(selling, document).posting
    assert (posting.state, posting.reason_field) == (State.REJECTED, "mapping.revenue[course/4711]")
    mend = reverse("admin:postings_posting_change", args=[posting.pk])
    assert "kind=revenue&source_code=course%2F4711" in text_of(staff, mend)
    fields = {"connection": selling.pk, "kind": "revenue", "dimension": "", "source_code": "course",
              "accounting_code": "4000", "note": ""}  # fmt: skip
    response = staff.post(ADD, fields)
    row = MappedCode.objects.get()
    assert (response.status_code, row.family, row.source_code) == (302, "revenue", "course")
    refused = reverse("admin:postings_posting_refused")
    assert posting.transaction.number in text_of(staff, f"{refused}?connection={selling.pk}&family=revenue&code=course")


def test_one_label_too_many_is_refused_at_its_field(staff: Client, selling: Connection) -> None:
    MappedCode.objects.bulk_create(
        MappedCode(connection=selling, family="revenue", source_code=f"*{n}*", accounting_code="1") for n in range(500)
    )
    fields = {"connection": selling.pk, "kind": "revenue", "dimension": "", "source_code": "*one more*",
              "accounting_code": "4000", "note": ""}  # fmt: skip
    response = staff.post(ADD, fields)
    assert response.status_code == 200
    assert "At most 500 rows of a connection can be for a part of a label" in unescape(response.content.decode())
    assert staff.post(ADD, {**fields, "kind": "bank"}).status_code == 302
    changed = MappedCode.objects.get(source_code="*7*")
    address = reverse("admin:reference_mappedcode_change", args=[changed.pk])
    sent = {"source_code": "*seven*", "accounting_code": "1", "note": ""}
    assert staff.post(address, sent).status_code == 302


def test_the_gaps_tell_what_was_sold(staff: Client, selling: Connection) -> None:
    document = with_line(with_line(sale(), 0, account_code=None), 1, account_code=None)
    accepted(selling, document)
    text = text_of(staff, f"{reverse('admin:postings_posting_gaps')}?connection={selling.pk}")
    assert "course: “First aid at work, 12 places” (course/4711)" in text
    assert "The mapping table has no revenue account for it. Add course or *a part of its name*." in text
