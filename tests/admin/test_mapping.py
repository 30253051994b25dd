"""The mapping in the staff site: rules, rows, what is missing, and retrying what was refused for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from integrations.documents import Dimension
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings import work
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import CodeMapping, MappedCode
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules, defaults, from_json, to_json
from portal.reference.services import save_rules
from tests.admin.world import World, in_state
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, a_document, a_line, accepted

pytestmark = pytest.mark.django_db
ADD = "/admin/reference/mappedcode/add/"
CODES = "/admin/reference/mappedcode/"
PERMISSIONS = ("reference.view_codemapping", "reference.change_codemapping", "reference.view_mappedcode")


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create()
    return made


def page(connection: Connection) -> str:
    return reverse("admin:reference_codemapping_change", args=[connection.pk])


def fields(**changed: str) -> dict[str, str]:
    """The form of plain rules, as it is sent, with two empty places for dimensions."""
    sent = {"currency__how": "direct"}
    for group in ("supplier", "account", "tax", "dimension_0", "dimension_1"):
        sent |= {f"{group}__how": "direct", f"{group}__absent": "as_is", f"{group}__unknown": "refuse"}
        sent |= {f"{group}__default": ""}
    for slot in ("dimension_0", "dimension_1"):
        sent |= {f"{slot}__name": "", f"{slot}__to": ""}
    return {**sent, **changed}


def rules_of(connection: Connection) -> Rules:
    return from_json(Connection.objects.get(pk=connection.pk).mapping)


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return unescape(response.content.decode())


# --- rules ------------------------------------------------------------------------------------------------------------


def test_rules_are_saved_from_the_form_and_told(staff: Client, demo: Connection) -> None:
    sent = fields(
        account__how="table", account__absent="default", account__default=" 7502 ", tax__absent="refuse",
        currency__how="table", dimension_0__name="Department", dimension_0__to="Dept", dimension_0__how="table",
        dimension_1__name="Tray", dimension_1__how="drop", dimension_1__default="left over",
    )  # fmt: skip
    answer = staff.post(page(demo), sent, follow=True)
    assert "Saved. It counts for whatever is sent from now on" in answer.content.decode()
    assert rules_of(demo) == Rules(
        account=Rule(how=How.TABLE, absent=Missing.DEFAULT, default="7502"),
        tax=Rule(absent=Missing.REFUSE),
        currency=Rule(how=How.TABLE),
        dimensions=(
            DimensionRule(name="Department", to="Dept", how=How.TABLE),
            DimensionRule(name="Tray", how=How.DROP),
        ),
    )
    assert [(event.verb, event.who) for event in AuditEvent.objects.all()] == [("mapping.changed", "sam")]


def test_the_form_shows_what_is_stored_and_saving_it_changes_nothing(staff: Client, demo: Connection) -> None:
    rules = Rules(
        supplier=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="SUNDRY"),
        dimensions=(DimensionRule(name="Department", to="Dept", absent=Missing.DEFAULT, default="HQ"),),
    )
    save_rules(demo, rules, who="tests")
    form = staff.get(page(demo)).context["adminform"].form
    shown = {name: str(form[name].value() or "") for name in form.fields}
    assert shown["dimension_2__name"] == ""
    staff.post(page(demo), shown)
    assert rules_of(demo) == rules
    assert AuditEvent.objects.count() == 1


def test_a_dimension_without_a_name_is_taken_away(staff: Client, demo: Connection) -> None:
    save_rules(demo, Rules(dimensions=(DimensionRule(name="Department", how=How.TABLE),)), who="tests")
    MappedCode.objects.create(connection=demo, family="dimension:department", source_code="TRN", accounting_code="T-01")
    empty = {
        f"dimension_2__{name}": fields()[f"dimension_1__{name}"] for name in ("how", "absent", "unknown", "default")
    }
    staff.post(page(demo), {**fields(), **empty, "dimension_2__name": "", "dimension_2__to": ""})
    assert rules_of(demo) == Rules()
    assert "not in use" in text_of(staff, page(demo))


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"account__absent": "default"}, "account__default", "Give the default code that shall be used."),
        ({"tax__default": "T1"}, "tax__default", "Nothing uses this code"),
        ({"account__how": "drop"}, "account__how", "Select a valid choice."),
        ({"currency__unknown": "default"}, "currency__unknown", "Select a valid choice."),
        ({"account__default": "7" * 101}, "account__default", "at most 100 characters"),
        (
            {"dimension_1__name": "Team", "dimension_1__absent": "default"},
            "dimension_1__default",
            "Give the default code that shall be used.",
        ),
        (
            {"dimension_0__name": "Team", "dimension_1__name": "TEAM"},
            "dimension_1__name",
            "Two rules are for the dimension TEAM.",
        ),
        (
            {"dimension_0__name": "Team", "dimension_1__name": "Group", "dimension_1__to": "Team"},
            "dimension_1__to",
            "Two dimensions would both be sent as Team.",
        ),
    ],
)
def test_rules_that_make_no_sense_are_refused_at_their_field(
    staff: Client, demo: Connection, changed: dict[str, str], field: str, sentence: str
) -> None:
    errors = staff.post(page(demo), fields(**changed)).context["adminform"].form.errors
    assert sentence in str(errors[field])
    assert rules_of(demo) == Rules()
    assert not AuditEvent.objects.exists()


def test_rules_that_cannot_be_read_are_said_so_and_can_be_written_anew(staff: Client, demo: Connection) -> None:
    Connection.objects.filter(pk=demo.pk).update(mapping={"account": 7})
    assert "so every document is refused" in text_of(staff, page(demo))
    assert "Unreadable" in text_of(staff, "/admin/reference/codemapping/")
    staff.post(page(demo), fields(tax__absent="refuse"))
    assert rules_of(demo) == Rules(tax=Rule(absent=Missing.REFUSE))


def test_the_page_says_what_becomes_of_each_family(staff: Client, demo: Connection) -> None:
    save_rules(demo, Rules(account=Rule(how=How.TABLE, absent=Missing.DEFAULT, default="7502")), who="tests")
    for n in range(3):
        MappedCode.objects.create(connection=demo, family="account", source_code=str(n), accounting_code="x")
    text = text_of(staff, page(demo))
    cells = "<td>Account code</td><td>Looked up in the table</td><td>7502 is sent</td><td>The document is refused</td>"
    assert cells in text
    assert f'<a href="{CODES}?connection={demo.pk}&family=account">3</a>' in text
    assert "account code by table, default 7502" in text_of(staff, "/admin/reference/codemapping/")


def test_the_connections_page_leads_to_its_mapping_and_back(staff: Client, demo: Connection) -> None:
    own = reverse("admin:connections_connection_change", args=[demo.pk])
    assert f'<a href="{page(demo)}">Mapping of codes: sent as they come</a>' in text_of(staff, own)
    assert f'<a href="{own}">demo</a>' in text_of(staff, page(demo))
    source = SourceConnectionFactory.create()
    assert "Mapping of codes" not in text_of(staff, reverse("admin:connections_connection_change", args=[source.pk]))
    assert staff.get(page(source)).status_code == 302


def test_a_mapping_is_neither_added_nor_deleted(staff: Client, demo: Connection) -> None:
    assert staff.get("/admin/reference/codemapping/add/").status_code == 403
    assert staff.post(reverse("admin:reference_codemapping_delete", args=[demo.pk]), {"post": "yes"}).status_code == 403
    assert CodeMapping.objects.count() == 1


def test_who_may_only_look_sees_the_rules_and_no_form(demo: Connection, staff_with: Callable[..., Client]) -> None:
    viewer = staff_with("reference.view_codemapping")
    text = text_of(viewer, page(demo))
    assert "What becomes of the codes" in text
    assert "account__how" not in text
    assert viewer.post(page(demo), fields(tax__absent="refuse")).status_code == 403
    buttons = re.findall(r'class="button-(\w+)"', text)
    assert buttons == ["export"]


# --- rows -------------------------------------------------------------------------------------------------------------


def row_fields(connection: Connection, **changed: str) -> dict[str, str]:
    return {
        "connection": str(connection.pk), "kind": "account", "dimension": "", "source_code": "5010",
        "accounting_code": "7100", "note": "", **changed,
    }  # fmt: skip


def stored() -> list[tuple[str, str, str]]:
    return list(MappedCode.objects.values_list("family", "source_code", "accounting_code"))


def test_a_row_is_added_and_its_page_offers_what_comes_next(staff: Client, demo: Connection) -> None:
    answer = staff.post(ADD, row_fields(demo, source_code=" 5010 "), follow=True)
    assert stored() == [("account", "5010", "7100")]
    text = unescape(answer.content.decode())
    assert "what was refused stays so until it is retried" in text
    assert f"/admin/postings/posting/refused/?connection={demo.pk}&family=account&code=5010" in text
    assert [event.verb for event in AuditEvent.objects.all()] == ["mappedcode.added"]
    staff.post(ADD, row_fields(demo, kind="dimension", dimension="Cost Centre", source_code="A"))
    assert ("dimension:cost centre", "A", "7100") in stored()


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"kind": "dimension"}, "dimension", "Give the name of the dimension."),
        ({"dimension": "Team"}, "dimension", "Only a dimension has a name"),
        ({"source_code": " "}, "source_code", "This field is required."),
        ({"accounting_code": ""}, "accounting_code", "This field is required."),
        ({"source_code": "T0"}, "source_code", "The table has a row for this code already."),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(
    staff: Client, demo: Connection, changed: dict[str, str], field: str, sentence: str
) -> None:
    MappedCode.objects.create(connection=demo, family="account", source_code="T0", accounting_code="x")
    errors = staff.post(ADD, row_fields(demo, **changed)).context["adminform"].form.errors
    assert sentence in str(errors[field])


def test_nothing_is_posted_into_a_source(staff: Client) -> None:
    answer = staff.post(ADD, row_fields(SourceConnectionFactory.create()))
    assert "nothing is posted into a source" in str(answer.context["adminform"].form.errors["connection"])


def test_a_row_is_changed_within_its_table_and_deleted_after_a_confirm_page(staff: Client, demo: Connection) -> None:
    row = MappedCode.objects.create(connection=demo, family="tax", source_code="T1", accounting_code="A")
    MappedCode.objects.create(connection=demo, family="tax", source_code="T0", accounting_code="Z")
    address = reverse("admin:reference_mappedcode_change", args=[row.pk])
    assert "Tax code" in text_of(staff, address)
    taken = staff.post(address, {"source_code": "T0", "accounting_code": "B", "note": ""})
    assert "The table has a row" in str(taken.context["adminform"].form.errors["source_code"])
    staff.post(address, {"source_code": "T1", "accounting_code": "B", "note": "Standard", "kind": "account"})
    assert stored() == [("tax", "T0", "Z"), ("tax", "T1", "B")]
    delete = reverse("admin:reference_mappedcode_delete", args=[row.pk])
    assert "Are you sure" in text_of(staff, delete)
    staff.post(delete, {"post": "yes"})
    assert stored() == [("tax", "T0", "Z")]
    assert [event.verb for event in AuditEvent.objects.order_by("id")] == ["mappedcode.changed", "mappedcode.deleted"]


def test_the_list_is_filtered_and_searched(staff: Client, demo: Connection) -> None:
    for family, code in (("account", "5010"), ("account", "5020"), ("tax", "5010"), ("dimension:team", "A")):
        MappedCode.objects.create(connection=demo, family=family, source_code=code, accounting_code="x")
    other = DemoConnectionFactory.create()
    MappedCode.objects.create(connection=other, family="account", source_code="5010", accounting_code="x")

    def rows(query: str) -> int:
        return len(staff.get(f"{CODES}?{query}").context["cl"].result_list)

    assert rows("") == 5
    assert rows(f"connection={demo.pk}&family=account") == 2
    assert rows("family=dimension:") == 1
    assert rows("family=dimension:team") == 1
    assert rows(f"company={other.company_id}") == 1
    assert rows("connection=nonsense") == 0
    assert rows(f"connection={demo.pk}&q=50") == 3
    assert "0 mapped codes" in text_of(staff, f"{CODES}?q=zzz")


def test_rows_need_their_own_rights(demo: Connection, staff_with: Callable[..., Client]) -> None:
    viewer = staff_with("reference.view_mappedcode")
    assert viewer.get(CODES).status_code == 200
    assert viewer.post(ADD, row_fields(demo)).status_code == 403
    assert stored() == []


# --- from a refusal to the form and back ------------------------------------------------------------------------------


def refused(connection: Connection, code: str = "5010") -> Posting:
    """A posting that was rejected because the table of accounts has no row for `code`."""
    save_rules(connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    posting = accepted(connection, a_document(lines=(a_line(account_code=code),))).posting
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == State.REJECTED
    return posting


def posting_page(posting: Posting) -> str:
    return reverse("admin:postings_posting_change", args=[posting.pk])


def test_a_refused_posting_leads_straight_to_the_filled_in_form(staff: Client, demo: Connection) -> None:
    posting = refused(demo)
    text = text_of(staff, posting_page(posting))
    form = f"{ADD}?connection={demo.pk}&kind=account&source_code=5010"
    assert f'<a href="{form}" class="button-mend">Mend the mapping</a>' in text
    assert "5010 → <span" in text
    assert "Line 1: account code 5010 is not in the mapping table of the connection." in text
    filled = staff.get(form).context["adminform"].form
    assert {name: str(filled[name].value()) for name in ("connection", "kind", "source_code")} == {
        "connection": str(demo.pk), "kind": "account", "source_code": "5010",
    }  # fmt: skip


def test_mending_is_offered_only_where_the_mapping_refused(staff: Client, world: World) -> None:
    for posting in world.postings.values():
        assert "Mend the mapping" not in text_of(staff, posting_page(posting))


def test_what_was_refused_for_one_code_is_retried_after_saying_how_many(staff: Client, demo: Connection) -> None:
    chosen = [refused(demo), refused(demo)]
    other = refused(demo, "9999")
    address = f"/admin/postings/posting/refused/?connection={demo.pk}&family=account&code=5010"
    text = text_of(staff, address)
    assert "Retry: 2 postings" in text
    assert other.transaction.number not in text
    assert {posting.state for posting in Posting.objects.all()} == {"rejected"}
    late = refused(demo)
    sent = {
        "confirmed": "yes", "reason": "The row was added.", "action": "retry", "filters": "",
        "_selected_action": [str(posting.pk) for posting in chosen],
    }  # fmt: skip
    assert staff.post(address, sent).status_code == 302
    states = dict(Posting.objects.values_list("pk", "state"))
    assert states == {chosen[0].pk: "ready", chosen[1].pk: "ready", other.pk: "rejected", late.pk: "rejected"}
    assert AuditEvent.objects.filter(verb="posting.retried").count() == 2


def test_all_that_the_mapping_refused_is_retried_from_its_page(staff: Client, demo: Connection) -> None:
    refused(demo)
    refused(demo, "9999")
    address = f"/admin/postings/posting/refused/?connection={demo.pk}"
    assert f'<a href="{address}"' in text_of(staff, page(demo))
    assert "Retry: 2 postings" in text_of(staff, address)


def test_with_nothing_refused_there_is_nothing_to_confirm(staff: Client, demo: Connection) -> None:
    address = f"/admin/postings/posting/refused/?connection={demo.pk}&family=account&code=5010"
    text = text_of(staff, address)
    assert "Nothing stands rejected for want of account code 5010: there is nothing to retry." in text
    assert 'name="reason"' not in text


@pytest.mark.parametrize("name", ["gaps", "refused"])
def test_the_pages_of_a_connection_are_guarded(
    name: str, staff: Client, client: Client, demo: Connection, staff_with: Callable[..., Client]
) -> None:
    address = f"/admin/postings/posting/{name}/"
    assert Client().get(f"{address}?connection={demo.pk}").status_code == 302
    assert staff_with("reference.view_codemapping").get(f"{address}?connection={demo.pk}").status_code == 403
    viewer = staff_with("postings.view_posting")
    assert viewer.get(f"{address}?connection={demo.pk}").status_code == (200 if name == "gaps" else 403)
    for query in ("", "?connection=x", f"?connection={SourceConnectionFactory.create().pk}"):
        assert staff.get(address + query).status_code == 404


def test_the_gaps_page_lists_what_has_no_row(staff: Client, demo: Connection) -> None:
    address = f"/admin/postings/posting/gaps/?connection={demo.pk}"
    assert "No transaction that this accounting system takes has come in yet." in text_of(staff, address)
    posting = refused(demo)
    text = text_of(staff, address)
    assert "Transactions looked at: 1, the latest" in text
    assert '<td>Account code</td><td>5010</td><td class="numeric">1</td>' in text
    assert posting.transaction.number in text
    assert f'<a href="{ADD}?connection={demo.pk}&kind=account&source_code=5010">Mend</a>' in text
    MappedCode.objects.create(connection=demo, family="account", source_code="5010", accounting_code="7100")
    assert "Every code has its row." in text_of(staff, address)
    Connection.objects.filter(pk=demo.pk).update(mapping=7)
    assert "cannot be read" in text_of(staff, address)


# --- source code and sent code, side by side --------------------------------------------------------------------------


def test_each_line_shows_what_came_and_what_is_sent(staff: Client, demo: Connection) -> None:
    rules = Rules(
        supplier=Rule(how=How.TABLE),
        account=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="7000"),
        tax=defaults(tax="T9").tax,
        currency=Rule(how=How.TABLE),
        dimensions=(
            DimensionRule(name="Department", to="Dept", how=How.TABLE),
            DimensionRule(name="Tray", how=How.DROP),
            DimensionRule(name="Site", absent=Missing.DEFAULT, default="HQ"),
        ),
    )
    demo.mapping = to_json(rules)
    demo.save()
    for family, source_code, sent in (
        ("supplier", "CROWN01", "S-17"), ("account", "5010", "7100"), ("currency", "GBP", "UKL"),
        ("dimension:department", "TRN", "T-01"),
    ):  # fmt: skip
        MappedCode.objects.create(connection=demo, family=family, source_code=source_code, accounting_code=sent)
    dimensions = (Dimension(name="Department", code="TRN", label="Training"), Dimension(name="Tray", code="T1"))
    lines = (a_line(dimensions=dimensions), a_line(2, account_code="9999", tax_code=None))
    posting = in_state(demo, State.READY, a_document(lines=lines, dimensions=(Dimension(name="Team", code="A"),)))
    text = text_of(staff, posting_page(posting))
    assert "<dt>Supplier</dt><dd>CROWN01 → S-17</dd>" in text
    assert "<dt>Currency</dt><dd>GBP → UKL</dd>" in text
    assert "<td>5010 → 7100</td><td>T1</td>" in text
    assert "<td>Department TRN (Training) → Dept T-01, Tray T1 → not sent, Site HQ (default)</td>" in text
    assert "<td>9999 → 7000 (default)</td><td>T9 (default)</td><td>Site HQ (default)</td>" in text
    assert "By the mapping as it is now: a retry sends this." in text
    transaction = reverse("admin:postings_transaction_change", args=[posting.transaction_id])
    assert "→" not in text_of(staff, transaction)


def test_a_posted_one_says_that_its_exchange_is_the_truth(staff: Client, demo: Connection) -> None:
    save_rules(demo, Rules(account=Rule(how=How.TABLE)), who="tests")
    text = text_of(staff, posting_page(in_state(demo, State.POSTED)))
    assert "the exchange above shows what was sent then" in text
    assert "Missing in the mapping" not in text


def test_codes_are_never_markup(staff: Client, demo: Connection) -> None:
    evil = "<img src=x>"
    rules = Rules(account=Rule(how=How.TABLE), dimensions=(DimensionRule(name="<b>Team</b>", to=evil),))
    save_rules(demo, rules, who="tests")
    row = MappedCode.objects.create(
        connection=demo, family="account", source_code=evil, accounting_code=evil + "2", note=evil
    )
    lines = (a_line(account_code=evil, dimensions=(Dimension(name="<b>Team</b>", code=evil),)),)
    posting = in_state(demo, State.READY, a_document(lines=lines))
    accepted(demo, a_document(lines=(a_line(account_code=evil + "3"),)))
    for address in (
        posting_page(posting),
        page(demo),
        CODES,
        "/admin/reference/codemapping/",
        reverse("admin:reference_mappedcode_change", args=[row.pk]),
        f"/admin/postings/posting/gaps/?connection={demo.pk}",
        f"/admin/postings/posting/refused/?connection={demo.pk}&family=account&code=%3Cimg%20src=x%3E",
    ):
        text = staff.get(address).content.decode()
        assert "<img" not in text, address
        assert "<b>Team" not in text, address


def test_what_was_refused_before_it_went_out_was_not_booked_inside(staff: Client, demo: Connection) -> None:
    text = text_of(staff, posting_page(refused(demo)))
    assert "Nothing went over the network." in text
    assert "Booked inside" not in text
