"""Names of fields: read from what a platform describes, chosen from it, checked against it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.forms import ChoiceField

from integrations.accessplanit import names
from integrations.errors import Retryable, Unauthorised
from integrations.sandbox import Store
from portal.connections import field_lists
from portal.connections.field_list_form import FieldNamesForm
from portal.connections.field_lists import NEEDED, NOT_READ, Sureness
from portal.connections.models import Connection, Status
from portal.connections.surveying import survey
from portal.events.models import AuditEvent
from tests.factories import SourceConnectionFactory
from tests.integrations.accessplanit.scene import StandIn, served

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform() -> Iterator[StandIn]:
    store = Store("accessplanit")
    with served(store) as found:
        yield found
    store.close()


def linked(platform: StandIn, **settings: str) -> Connection:
    made: Connection = SourceConnectionFactory.create(
        integration="accessplanit",
        external_company_id="",
        settings={"base_url": platform.base, **settings},
        secrets={"api_key": platform.platform["api_key"]},
    )
    return made


def sureness(connection: Connection) -> dict[str, Sureness]:
    return {one.asked.key: one.sureness for part in field_lists.parts(connection) for one in part.names}


def choices(form: FieldNamesForm, key: str) -> dict[str, str]:
    field = form.fields[key]
    assert isinstance(field, ChoiceField)
    return {str(value): str(label) for value, label in field.widget.choices}


class TestReading:
    def test_before_it_was_read_names_are_guesses(self) -> None:
        connection = SourceConnectionFactory.create(integration="accessplanit")
        found = sureness(connection)
        assert found["transaction.amount"] is Sureness.UNVERIFIED
        assert found["invoice.date"] is Sureness.PUBLISHED
        assert found["invoice.updated"] is Sureness.UNUSED
        assert field_lists.read_at(connection) is None
        assert {part.why for part in field_lists.parts(connection)} == {NOT_READ}

    def test_the_lists_of_all_parts_are_kept(self, platform: StandIn) -> None:
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        again = Connection.objects.get(pk=connection.pk)
        lists = field_lists.known(again)
        assert [one.name for one in lists["allocation"].fields] == [
            "ID", "DateCreated", "DateUpdated", "TransactionID", "InvoiceID", "Amount",
        ]  # fmt: skip
        order_number = lists["invoice"].named("ponumber")
        assert order_number is not None
        assert order_number.is_writable is True
        assert "credit_note_item" not in lists, "this module has no name, so there is nothing to choose"
        assert field_lists.read_at(again) is not None
        assert again.told_at is None, "the survey of a new connection must not be put off for a day"
        found = sureness(again)
        assert found["transaction.amount"] is Sureness.FOUND
        assert found["transaction.currency"] is Sureness.ABSENT
        assert AuditEvent.objects.get(verb="connection.fields_read").who == "sam"

    def test_what_a_survey_told_stays(self, platform: StandIn) -> None:
        connection = linked(platform)
        Connection.objects.filter(pk=connection.pk).update(told={"takes_payments": True})
        connection.refresh_from_db()
        field_lists.read(connection, who="sam")
        assert connection.told["takes_payments"] is True

    def test_a_platform_without_descriptions_says_so_for_each_part(self, platform: StandIn) -> None:
        platform.faults(has_help=False)
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        whys = {part.part.name: part.why for part in field_lists.parts(connection)}
        assert whys["transaction"] == "accessplanit describes no fields of Transaction (status 404)."
        assert sureness(connection)["transaction.amount"] is Sureness.UNVERIFIED

    def test_refused_credentials_deauthorise_the_connection(self, platform: StandIn) -> None:
        connection = linked(platform)
        connection.secrets = {"api_key": "another"}
        connection.save()
        with pytest.raises(Unauthorised):
            field_lists.read(connection, who="sam")
        connection.refresh_from_db()
        assert connection.status == Status.DEAUTHORISED
        assert connection.told == {}

    def test_a_platform_that_does_not_answer_changes_nothing(self) -> None:
        connection = SourceConnectionFactory.create(
            integration="accessplanit", settings={"base_url": "http://127.0.0.1:9/x"}, secrets={"api_key": "k"}
        )
        with pytest.raises(Retryable):
            field_lists.read(connection, who="sam")
        connection.refresh_from_db()
        assert connection.told == {}

    def test_icompleat_has_none(self) -> None:
        connection = SourceConnectionFactory.create()
        assert not field_lists.has_field_lists(connection)
        assert field_lists.hidden(connection) == []

    def test_hidden_feeds_by_their_labels(self) -> None:
        connection = SourceConnectionFactory.create(
            integration="accessplanit", told={"feeds": {"transaction": {"visible": False, "why": "The role hides it."}}}
        )
        assert field_lists.hidden(connection) == ["Payments and refunds: The role hides it."]

    def test_a_module_that_has_a_name_is_among_them(self) -> None:
        connection = SourceConnectionFactory.create(
            integration="accessplanit", settings={"modules": "credit_note_item = CreditNoteItem\nallocation ="}
        )
        names_of_parts = [part.part.name for part in field_lists.parts(connection)]
        assert names_of_parts == ["invoice", "transaction", "credit_note", "credit_note_item"]

    def test_what_a_survey_found_by_itself_is_said(self, platform: StandIn) -> None:
        connection = linked(platform)
        survey(connection, who="sam")
        found = {one.asked.key: one for part in field_lists.parts(connection) for one in part.names}
        updated = found["invoice.updated"]
        assert (updated.value, updated.found, updated.sureness) == ("", "DateUpdated", Sureness.BY_ITSELF)
        field_lists.read(connection, who="sam")
        form = FieldNamesForm(connection=connection)
        assert choices(form, "invoice.updated")[""] == "As it was found: DateUpdated"
        assert form.fields["invoice.updated"].help_text == "Found by itself: DateUpdated."


class TestChoosing:
    def test_a_name_of_the_list_is_kept_in_its_spelling(self, platform: StandIn) -> None:
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        chosen = {
            "transaction.date": "dateupdated",
            "transaction.currency": "",
            "posted_number_field": "CF_Journal_number",
        }
        field_lists.choose(connection, chosen, who="sam")
        assert connection.settings["fields"] == "transaction.date = DateUpdated\ntransaction.currency = "
        assert connection.settings["posted_number_field"] == "CF_Journal_number"
        assert connection.settings["customer_code_field"] == "TargetID"
        assert names.fields(connection.settings["fields"])["transaction.date"] == "DateUpdated"
        assert connection.told_at is None
        event = AuditEvent.objects.get(verb="connection.changed")
        assert event.details["settings"] == ["customer_code_field", "fields", "posted_number_field"]

    def test_names_that_the_list_does_not_have_are_refused_all_together(self, platform: StandIn) -> None:
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        chosen = {
            "transaction.amount": "Betrag",
            "transaction.reference": "",
            "transaction.method": "TransactionMethod",
        }
        with pytest.raises(ValidationError) as caught:
            field_lists.choose(connection, chosen, who="sam")
        assert caught.value.message_dict == {
            "transaction.amount": ["Betrag is not in the list of payments and refunds. Choose a name that is."],
            "transaction.reference": [NEEDED],
        }
        connection.refresh_from_db()
        assert "fields" not in connection.settings

    def test_without_a_list_any_name_is_taken_that_can_be_one(self) -> None:
        connection = SourceConnectionFactory.create(integration="accessplanit")
        field_lists.choose(connection, {"transaction.amount": "Betrag"}, who="sam")
        assert field_lists.in_force(connection)["transaction.amount"] == "Betrag"
        with pytest.raises(ValidationError, match="letters, digits and underscores"):
            field_lists.choose(connection, {"transaction.amount": "Betrag eq 1"}, who="sam")

    def test_what_is_the_default_has_no_line(self) -> None:
        connection = SourceConnectionFactory.create(
            integration="accessplanit", settings={"fields": "transaction.amount = Betrag\ntransaction.type = Kind"}
        )
        field_lists.choose(connection, {"transaction.amount": "Amount"}, who="sam")
        assert connection.settings["fields"] == "transaction.type = Kind"

    def test_an_unlinked_connection_stays_as_it_is(self) -> None:
        connection = SourceConnectionFactory.create(integration="accessplanit", status=Status.UNLINKED)
        with pytest.raises(ValidationError, match="was unlinked"):
            field_lists.choose(connection, {"transaction.amount": "Betrag"}, who="sam")

    def test_every_name_of_the_settings_can_be_chosen(self) -> None:
        connection = SourceConnectionFactory.create(integration="accessplanit")
        keys = {key for key in field_lists.in_force(connection) if "." in key}
        assert keys == set(names.FIELDS)


class TestTheForm:
    def test_it_offers_the_list_and_marks_what_is_not_in_it(self, platform: StandIn) -> None:
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        form = FieldNamesForm(connection=connection)
        amount, currency = choices(form, "transaction.amount"), choices(form, "transaction.currency")
        assert list(amount)[:3] == ["ID", "DateCreated", "DateUpdated"]
        assert currency["CurrencyCode"] == "CurrencyCode (not in the list)"
        assert "" in currency
        assert choices(form, "posted_number_field").keys() == {
            "", "DateDue", "PONumber", "CF_Journal_number",
        }  # fmt: skip

    def test_what_the_list_refuses_stands_at_its_field(self, platform: StandIn) -> None:
        connection = linked(platform)
        field_lists.read(connection, who="sam")
        form = FieldNamesForm(field_lists.in_force(connection), connection=connection)
        assert form.is_valid()
        assert not form.save(who="sam")
        assert list(form.errors) == ["transaction.currency"]

    def test_without_a_list_it_takes_text(self) -> None:
        connection = SourceConnectionFactory.create(integration="accessplanit")
        form = FieldNamesForm(
            {**field_lists.in_force(connection), "transaction.amount": "Betrag"}, connection=connection
        )
        assert form.is_valid()
        assert form.save(who="sam")
        assert connection.settings["fields"] == "transaction.amount = Betrag"
