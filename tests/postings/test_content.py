"""What a connector gets: the stored content in the accounting system's codes, by the mapping as it is then."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.content import from_json
from integrations.documents import Document
from integrations.errors import Misconfigured, OutcomeUnknown
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.content import document_of
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting
from portal.postings.repair import retry
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Missing, Rule, Rules, defaults, to_json
from portal.reference.services import save_rules
from tests.factories import LedgerConnectionFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
ACCOUNTS = Rules(account=Rule(how=How.TABLE))
MISSING = "Line 1: account code 5010 is not in the mapping table of the connection. Add it there."


@pytest.fixture
def staff(db: None) -> AbstractBaseUser:
    user: AbstractBaseUser = StaffFactory.create(username="sam")
    return user


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """Every document that the fake accounting system booked."""
    seen: list[Document] = []
    book = Books.book

    def remembered(books: Books, document: Document, key: str) -> object:
        seen.append(document)
        return book(books, document, key)

    monkeypatch.setattr(Books, "book", remembered)
    return seen


def row(of: Connection, source_code: str, accounting_code: str, family: str = "account") -> None:
    MappedCode.objects.create(connection=of, family=family, source_code=source_code, accounting_code=accounting_code)


def worked(posting: Posting) -> Posting:
    work.run(posting.pk)
    return Posting.objects.get(pk=posting.pk)


def test_a_mapped_document_is_sent_and_the_stored_one_stays(connection: Connection, sent: list[Document]) -> None:
    save_rules(connection, Rules(account=Rule(how=How.TABLE), supplier=Rule(how=How.TABLE)), who="tests")
    row(connection, "5010", "7100")
    row(connection, "CROWN01", "S-17", "supplier")
    posting = worked(accepted(connection).posting)
    assert posting.state == State.POSTED
    assert [(each.party.code, each.lines[0].account_code) for each in sent] == [("S-17", "7100")]
    stored = from_json(posting.transaction.content)
    assert (stored.party.code, stored.lines[0].account_code) == ("CROWN01", "5010")
    assert posting.differences == []


def test_a_missing_row_rejects_before_a_byte_goes_out_and_mending_it_is_enough(
    connection: Connection, sent: list[Document], staff: AbstractBaseUser
) -> None:
    save_rules(connection, ACCOUNTS, who="tests")
    posting = worked(accepted(connection).posting)
    assert (posting.state, posting.reason, posting.reason_field) == ("rejected", MISSING, "mapping.account[5010]")
    assert (posting.error_class, posting.may_exist) == ("Misconfigured", False)
    assert sent == []
    row(connection, "5010", "7100")
    retry(posting, by=staff, why="The row was added.")
    assert worked(posting).state == State.POSTED
    assert sent[0].lines[0].account_code == "7100"


def test_the_built_in_ledger_refuses_it_as_it_comes_in_and_keeps_transaction_and_number() -> None:
    connection = LedgerConnectionFactory.create(mapping=to_json(ACCOUNTS))
    posting = accepted(connection).posting
    posting.refresh_from_db()
    assert (posting.state, posting.reason, posting.reason_field) == ("rejected", MISSING, "mapping.account[5010]")
    assert posting.transaction.number == "P-000001"
    row(connection, "5010", "7502")
    assert accepted(connection, from_json(posting.transaction.content)).posting.state == State.POSTED


def test_rules_that_cannot_be_read_reject_and_lose_nothing(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(mapping={"account": "x"})
    posting = worked(accepted(connection).posting)
    assert (posting.state, posting.reason_field) == ("rejected", "mapping")
    assert "cannot be read" in posting.reason


def test_a_lookup_goes_on_although_the_mapping_was_broken_meanwhile(
    connection: Connection, books: Books, sent: list[Document]
) -> None:
    def lost() -> None:
        raise OutcomeUnknown("No answer.")

    save_rules(connection, Rules(supplier=Rule(how=How.TABLE)), who="tests")
    row(connection, "CROWN01", "S-17", "supplier")
    books.after_booking = lost
    posting = worked(accepted(connection).posting)
    assert posting.state == State.UNKNOWN
    MappedCode.objects.all().delete()
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(next_attempt_at=posting.created_at, quiet_until=None)
    posting = worked(posting)
    assert (posting.state, books.lookups, len(sent)) == (State.POSTED, 1, 1)


@pytest.mark.parametrize("state", sorted(set(State) - {State.READY, State.SENDING}))
def test_only_what_is_about_to_be_sent_is_refused(connection: Connection, state: State) -> None:
    save_rules(connection, ACCOUNTS, who="tests")
    posting = accepted(connection).posting
    posting.connection = connection
    with pytest.raises(Misconfigured):
        document_of(posting)
    posting.state = state
    assert document_of(posting).lines[0].account_code is None


def test_a_memo_entry_keeps_the_sources_own_codes(connection: Connection) -> None:
    save_rules(connection, Rules(account=Rule(absent=Missing.REFUSE), currency=Rule(how=How.TABLE)), who="tests")
    document = a_document(lines=(a_line(account_code=None),))
    posting = accepted(connection, document, kept=True).posting
    assert posting.state == State.POSTED
    assert document_of(posting) == document


def test_a_connection_without_tables_costs_no_query(connection: Connection) -> None:
    posting = accepted(connection).posting
    for rules, queries in ((Rules(), 0), (defaults(account="7502"), 0), (ACCOUNTS, 1)):
        posting.connection = Connection(pk=connection.pk, mapping=to_json(rules))
        posting.state = State.AWAITING
        with CaptureQueriesContext(database) as seen:
            document_of(posting)
        assert len(seen) == queries
