"""Connections in the staff site: made from what a connector says of itself; secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.demo.connector import DemoBooks
from integrations.documents import Company as CompanyThere
from integrations.errors import Unauthorised
from portal.connections.admin.forms import ConnectionForm, EndpointForm
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.connections.registry import accounting_systems, sources
from portal.events.models import AuditEvent
from portal.postings.models import Posting
from portal.postings.states import State
from tests.admin.world import in_state
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    SourceConnectionFactory,
    a_document,
)

pytestmark = pytest.mark.django_db

ADD = "/admin/connections/connection/add/"
SECRET = "a-token-that-nobody-may-read"
WHY = "The bank holiday is over."


def page(connection: Connection, name: str = "change") -> str:
    return reverse(f"admin:connections_connection_{name}", args=[connection.pk])


def fields(**changed: object) -> dict[str, object]:
    """The form of a Demo Books connection as it is sent."""
    return {
        "external_company_id": "",
        "external_company_name": "Harbour Street",
        "setting__base_url": "http://127.0.0.1:9/demo",
        "setting__company_id": "harbour-street",
        "secret__token": "",
        "kept_kinds": ["receipt"],
        **changed,
    }


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create(secrets={"token": SECRET})
    return made


# --- linking a company ------------------------------------------------------------------------------------------------


def test_first_the_integration_is_chosen(staff: Client, db: None) -> None:
    text = staff.get(ADD).content.decode()
    known = {*accounting_systems(), *sources()}
    assert {"icompleat", "ledger", "demo", "tryton", "odoo"} <= known
    assert [slug for slug in known if f"?integration={slug}" not in text] == []
    assert "?integration=memo" not in text
    assert staff.get(ADD + "?integration=nonsense").content.decode().count("?integration=") == len(known)


def test_a_company_is_linked_with_settings_and_an_encrypted_secret(staff: Client) -> None:
    company = CompanyFactory.create()
    data = fields(company=str(company.pk), secret__token=SECRET)
    response = staff.post(ADD + "?integration=demo", data, follow=True)
    connection = Connection.objects.get(company=company)
    assert connection.status == Status.LINKED
    assert connection.side == Side.ACCOUNTING
    assert connection.settings == {"base_url": "http://127.0.0.1:9/demo", "company_id": "harbour-street"}
    assert connection.secrets == {"token": SECRET}
    assert connection.mapping == {}
    assert connection.kept_kinds == ["receipt"]
    assert SECRET not in response.content.decode()
    assert [event.verb for event in AuditEvent.objects.all()] == ["connection.linked"]
    assert SECRET not in str(list(AuditEvent.objects.values()))


def test_what_the_connector_needs_is_required(staff: Client) -> None:
    company = CompanyFactory.create()
    data = fields(company=str(company.pk), setting__base_url="")
    response = staff.post(ADD + "?integration=demo", data)
    assert response.context["adminform"].form.errors == {
        "setting__base_url": ["This field is required."],
        "secret__token": ["This field is required."],
    }
    assert not Connection.objects.exists()


def test_a_stored_secret_is_not_sent_to_another_address(staff: Client, demo: Connection) -> None:
    demo.settings = {"base_url": "http://127.0.0.1:9/demo", "company_id": "harbour-street"}
    demo.secrets = {"token": SECRET}
    demo.save()
    elsewhere = fields(setting__base_url="http://127.0.0.1:10/demo")
    errors = staff.post(page(demo), elsewhere).context["adminform"].form.errors
    assert list(errors) == ["secret__token"]
    assert "Enter the access token again" in errors["secret__token"][0]
    demo.refresh_from_db()
    assert demo.settings["base_url"] == "http://127.0.0.1:9/demo"
    assert staff.post(page(demo), {**elsewhere, "secret__token": "another-token"}).status_code == 302
    demo.refresh_from_db()
    assert (demo.settings["base_url"], demo.secrets) == ("http://127.0.0.1:10/demo", {"token": "another-token"})


def test_a_company_has_one_accounting_system(staff: Client, demo: Connection) -> None:
    data = fields(company=str(demo.company.pk), secret__token=SECRET)
    response = staff.post(ADD + "?integration=demo", data)
    message = f"{demo.company} is linked to demo already: one active accounting system per company."
    assert response.context["adminform"].form.errors == {"company": [message]}


def test_a_source_may_come_beside_it(staff: Client, demo: Connection) -> None:
    data = {"company": str(demo.company.pk), "external_company_id": "8D4B-1", "external_company_name": ""}
    assert staff.post(ADD + "?integration=icompleat", data).status_code == 302
    assert Connection.objects.get(integration="icompleat").side == Side.SOURCE


# --- mending it -------------------------------------------------------------------------------------------------------


def test_an_empty_secret_keeps_what_is_stored(staff: Client, demo: Connection) -> None:
    assert staff.post(page(demo), fields()).status_code == 302
    demo = Connection.objects.get(pk=demo.pk)
    assert demo.secrets == {"token": SECRET}
    assert demo.settings["base_url"] == "http://127.0.0.1:9/demo"


def test_a_typed_secret_replaces_it_and_the_audit_trail_names_the_field_alone(staff: Client, demo: Connection) -> None:
    staff.post(page(demo), fields(secret__token="another-secret-token"))
    assert Connection.objects.get(pk=demo.pk).secrets == {"token": "another-secret-token"}
    event = AuditEvent.objects.latest("id")
    assert (event.verb, event.who) == ("connection.changed", "sam")
    assert "Access token" in str(event.details)
    assert "another-secret-token" not in str(event.details)


def test_a_refused_form_does_not_echo_the_typed_secret(staff: Client, demo: Connection) -> None:
    response = staff.post(page(demo), fields(secret__token="another-secret-token", setting__base_url=""))
    assert response.status_code == 200
    assert "another-secret-token" not in response.content.decode()


def test_settings_that_the_form_does_not_know_stay(staff: Client, demo: Connection) -> None:
    Connection.objects.filter(pk=demo.pk).update(settings={**demo.settings, "memo_books": "b1"})
    staff.post(page(demo), fields())
    assert Connection.objects.get(pk=demo.pk).settings["memo_books"] == "b1"


def test_a_status_set_while_the_form_was_open_stays(
    staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.connections.admin.forms import ConnectionForm

    stored = ConnectionForm.settings

    def meanwhile(form: ConnectionForm) -> dict[str, str]:
        Connection.objects.filter(pk=demo.pk).update(status=Status.DEAUTHORISED, paused=True)
        return stored(form)

    monkeypatch.setattr(ConnectionForm, "settings", meanwhile)
    staff.post(page(demo), fields())
    demo = Connection.objects.get(pk=demo.pk)
    assert (demo.status, demo.paused) == (Status.DEAUTHORISED, True)


def test_secrets_whose_key_was_lost_can_be_typed_in_again(staff: Client, demo: Connection, settings: object) -> None:
    settings.FIELD_KEYS = ["k2:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]  # type: ignore[attr-defined]
    assert "its key is lost: type it in again" in staff.get(page(demo)).content.decode()
    staff.post(page(demo), fields(secret__token="typed-in-again-token"))
    assert Connection.objects.get(pk=demo.pk).secrets == {"token": "typed-in-again-token"}


def test_who_may_only_look_sees_settings_but_no_form_and_no_secret(
    demo: Connection, staff_with: Callable[..., Client]
) -> None:
    viewer = staff_with("connections.view_connection")
    text = viewer.get(page(demo)).content.decode()
    assert "http://127.0.0.1:9" in text
    assert "Stored, never shown" in text
    assert SECRET not in text
    assert 'name="secret__token"' not in text
    assert viewer.post(page(demo), fields(secret__token="x" * 20)).status_code == 403


def test_an_integration_that_is_not_installed_any_more_can_still_be_looked_at(staff: Client, demo: Connection) -> None:
    Connection.objects.filter(pk=demo.pk).update(integration="gone")
    text = staff.get(page(demo)).content.decode()
    assert "harbour-street" in text
    assert SECRET not in text


# --- pause, resume, link again ----------------------------------------------------------------------------------------


def test_pause_and_resume_ask_for_a_reason(staff: Client, demo: Connection) -> None:
    assert "Give a reason." in staff.post(page(demo, "pause"), {"confirmed": "yes", "reason": ""}).content.decode()
    demo.refresh_from_db()
    assert not demo.paused
    staff.post(page(demo, "pause"), {"confirmed": "yes", "reason": "Their upgrade runs."})
    demo.refresh_from_db()
    assert demo.paused
    assert AuditEvent.objects.latest("id").message == "Paused: Their upgrade runs."
    staff.post(page(demo, "resume"), {"confirmed": "yes", "reason": WHY})
    demo.refresh_from_db()
    assert not demo.paused
    assert AuditEvent.objects.latest("id").message == f"Resumed: {WHY}"


def test_the_button_is_the_one_that_makes_sense(staff: Client, demo: Connection) -> None:
    def offered() -> list[str]:
        text = staff.get(page(demo)).content.decode()
        return [name for name in ("pause", "resume", "relink") if page(demo, name) in text]

    assert offered() == ["pause"]
    Connection.objects.filter(pk=demo.pk).update(paused=True, status=Status.DEAUTHORISED)
    assert offered() == ["resume", "relink"]


def test_link_again_asks_the_system_first(staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.filter(pk=demo.pk).update(status=Status.DEAUTHORISED)

    def refused(_: DemoBooks) -> CompanyThere:
        raise Unauthorised("Demo Books does not accept the access token.")

    monkeypatch.setattr(DemoBooks, "company", refused)
    response = staff.post(page(demo, "relink"), {"confirmed": "yes", "reason": WHY}, follow=True)
    assert "Demo Books does not accept the access token." in response.content.decode()
    demo.refresh_from_db()
    assert demo.status == Status.DEAUTHORISED

    there = CompanyThere(external_id="harbour-street", name="Harbour Street", base_currency="GBP")
    monkeypatch.setattr(DemoBooks, "company", lambda _: there)
    staff.post(page(demo, "relink"), {"confirmed": "yes", "reason": WHY})
    demo.refresh_from_db()
    assert demo.status == Status.LINKED
    assert AuditEvent.objects.latest("id").verb == "connection.linked_again"


@pytest.mark.parametrize("status", [Status.UNLINKED, Status.LINKED])
def test_link_again_is_only_for_what_waits_for_it(
    staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    there = CompanyThere(external_id="harbour-street", name="Harbour Street", base_currency="GBP")
    monkeypatch.setattr(DemoBooks, "company", lambda _: there)
    Connection.objects.filter(pk=demo.pk).update(status=status)
    events = AuditEvent.objects.count()
    response = staff.post(page(demo, "relink"), {"confirmed": "yes", "reason": WHY}, follow=True)
    assert f"is {status.label}: there is nothing to link again." in response.content.decode()
    demo.refresh_from_db()
    assert (demo.status, AuditEvent.objects.count()) == (status, events)


def test_unlinking_asks_for_a_reason_and_leaves_nothing_on_its_way(staff: Client, demo: Connection) -> None:
    posting = in_state(demo, State.READY, a_document())
    asked = staff.get(page(demo, "unlink")).content.decode()
    assert "This cannot be undone." in asked
    assert "The addresses that it sends to are shut" not in asked
    assert "Give a reason." in staff.post(page(demo, "unlink"), {"confirmed": "yes", "reason": ""}).content.decode()
    response = staff.post(page(demo, "unlink"), {"confirmed": "yes", "reason": WHY}, follow=True)
    demo.refresh_from_db()
    assert (demo.status, demo.secrets) == (Status.UNLINKED, {})
    assert f"{demo} is unlinked. Nothing is sent there any more." in response.content.decode()
    held = Posting.objects.get(pk=posting.pk)
    assert held.state == State.HELD
    assert held.transitions.latest("id").user == response.wsgi_request.user
    assert WHY in AuditEvent.objects.get(verb="connection.unlinked").message
    assert page(demo, "unlink") not in response.content.decode()


def test_unlinking_a_source_shuts_its_addresses(staff: Client) -> None:
    endpoint = EndpointFactory.create()
    assert "The addresses that it sends to are shut" in staff.get(page(endpoint.connection, "unlink")).content.decode()
    staff.post(page(endpoint.connection, "unlink"), {"confirmed": "yes", "reason": WHY})
    assert not Endpoint.objects.get(pk=endpoint.pk).is_active
    assert AuditEvent.objects.get(verb="endpoint.shut").company_id == endpoint.connection.company_id


@pytest.mark.parametrize("name", ["pause", "resume", "relink", "unlink"])
def test_they_are_closed_to_staff_who_may_only_look(
    demo: Connection, staff_with: Callable[..., Client], name: str
) -> None:
    viewer = staff_with("connections.view_connection")
    events = AuditEvent.objects.count()
    assert viewer.post(page(demo, name), {"confirmed": "yes", "reason": WHY}).status_code == 403
    assert AuditEvent.objects.count() == events


# --- endpoints --------------------------------------------------------------------------------------------------------


def endpoint_fields(**changed: object) -> dict[str, object]:
    return {
        "kind": "invoice",
        "is_active": "on",
        "answer": "strict",
        "answer_within_seconds": "10",
        "answer_template": '{"JournalNumber": "{journal}"}',
        "token_header_names": "X-Company-Token\n\nx-company-token\nx-other",
        **changed,
    }


def test_an_endpoint_is_opened_at_a_source(staff: Client) -> None:
    source = SourceConnectionFactory.create()
    response = staff.post("/admin/connections/endpoint/add/", endpoint_fields(connection=str(source.pk)), follow=True)
    endpoint = Endpoint.objects.get()
    assert (endpoint.kind, endpoint.answer, endpoint.answer_within_seconds) == ("invoice", "strict", 10)
    assert endpoint.token_header_names == ["x-company-token", "x-other"]
    assert "It refuses everything until it has a token" in response.content.decode()
    assert [event.verb for event in AuditEvent.objects.all()] == ["endpoint.opened"]


def test_an_accounting_system_sends_nothing(staff: Client, demo: Connection) -> None:
    response = staff.post("/admin/connections/endpoint/add/", endpoint_fields(connection=str(demo.pk)))
    assert "connection" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("answer_template", '{"Number": "none"}', "The answer is a JSON object with {journal} in one of its values"),
        ("answer_template", "{not json", "Enter a valid JSON."),
        ("answer_template", '["{journal}"]', "The answer is a JSON object with {journal} in one of its values"),
        ("token_header_names", "x token", "“x token” is not the name of an HTTP header."),
        ("token_header_names", "x-token: abc", "“x-token: abc” is not the name of an HTTP header."),
        ("answer_within_seconds", "26", "less than or equal to 25"),
        ("answer", "never", "Select a valid choice."),
        ("kind", "bill", "Select a valid choice."),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(staff: Client, field: str, value: str, problem: str) -> None:
    endpoint: Endpoint = EndpointFactory.create()
    address = reverse("admin:connections_endpoint_change", args=[endpoint.pk])
    response = staff.post(address, endpoint_fields(**{field: value}))
    assert problem in str(response.context["adminform"].form.errors[field])


def test_only_what_was_changed_is_written(staff: Client) -> None:
    endpoint: Endpoint = EndpointFactory.create(answer_template={"Number": "{journal}", "Ok": True})
    address = reverse("admin:connections_endpoint_change", args=[endpoint.pk])
    kept = {"answer_template": '{"Number": "{journal}", "Ok": true}', "token_header_names": "", "kind": ""}
    assert staff.post(address, endpoint_fields(**kept)).status_code == 302
    event = AuditEvent.objects.latest("id")
    assert event.verb == "endpoint.changed"
    assert event.details == {
        "changes": [{"changed": {"fields": ["Answer policy", "Waits at most (seconds)"]}}],
    }
    endpoint.refresh_from_db()
    assert (endpoint.answer, endpoint.kind, endpoint.answer_template) == (
        "strict",
        "",
        {"Number": "{journal}", "Ok": True},
    )


def test_a_header_learnt_while_the_form_was_open_stays(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint: Endpoint = EndpointFactory.create()
    cleaned = EndpointForm.clean

    def meanwhile(form: EndpointForm) -> dict[str, object] | None:
        Endpoint.objects.filter(pk=endpoint.pk).update(token_header_names=["x-learnt"])
        return cleaned(form)

    monkeypatch.setattr(EndpointForm, "clean", meanwhile)
    address = reverse("admin:connections_endpoint_change", args=[endpoint.pk])
    assert staff.post(address, endpoint_fields(token_header_names="")).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.answer, endpoint.token_header_names) == ("strict", ["x-learnt"])


def test_an_open_breaker_is_shown_with_its_end(staff: Client, demo: Connection) -> None:
    until = timezone.now() + timedelta(minutes=2)
    Connection.objects.filter(pk=demo.pk).update(failures=6, open_until=until)
    for address in (page(demo), "/admin/connections/connection/"):
        assert "6 failures in a row" in staff.get(address).content.decode()
    Connection.objects.filter(pk=demo.pk).update(open_until=timezone.now() - timedelta(seconds=1))
    assert "Nothing stands in the way" in staff.get(page(demo)).content.decode()


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        ("rest", ("Invoice, credit note<", "No: it tells no list of what it holds")),
        (
            "soap20",
            (
                "Purchase order, invoice, credit note, sales invoice, sales credit note<",
                "Supplier, account, tax, currency, dimension<",
            ),
        ),
    ],
)
def test_what_a_connection_can_do_follows_from_its_settings(
    staff: Client, transport: str, words: tuple[str, ...]
) -> None:
    connection = DemoConnectionFactory.create(integration="accountsiq", settings={"transport": transport}, secrets={})
    text = staff.get(page(connection)).content.decode()
    assert [word for word in words if word not in text] == []


def test_what_a_platform_told_is_what_the_connection_can_do(staff: Client) -> None:
    told = {"company": "c", "connection": "k", "platform": "gbol", "features": {"bills": ["Get", "Post"]}}
    connection = DemoConnectionFactory.create(integration="codat", settings={"platform": "gbol"}, secrets={}, told=told)
    text = staff.get(page(connection)).content.decode()
    assert "Remembered for 5,400 s" in text
    assert "Invoice<" in text
    assert "Proves nothing: a person decides" in text
