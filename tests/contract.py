"""What every accounting system has to do, as cases that the tests of each connector inherit.

`BehaviourCases` is for all of them, the built-in ledger too. `HttpCases` is for those that speak HTTP; it plays the
outside system from a script.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import pytest

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Document, IdempotencyKey, Kind, Posted, Supplier
from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.http import Exchange, Outbound
from tests.samples import KEY, OTHER_KEY, REFERENCE, in_dollars, sample, with_line
from tests.scripted import Answer, ScriptedServer, answer, hang, json_answer, reset


def book(system: AccountingSystem, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
    """Post, and wait for what a system books later."""
    result = system.post(document, key=key, reference=reference)
    while isinstance(result, Awaiting):
        assert system.can.awaits
        result = system.poll(document, operation=result.operation)
    return result


class Books(Protocol):
    """How a test looks into the other side, past the connector."""

    def count(self) -> int:
        """How many documents there are, of all kinds."""

    def owed(self, supplier_code: str) -> Decimal:
        """What a supplier is owed, in the company's currency."""


class BehaviourCases:
    """A subclass gives the fixtures `system`, linked to empty books in GBP, and `books`, a look at them.

    The books know the accounts 5010, 7504 and 7506 and the tax codes T0 and T1.
    """

    def test_the_company_tells_who_is_linked(self, system: AccountingSystem) -> None:
        company = system.company()
        assert company.external_id
        assert company.name
        assert company.base_currency == "GBP"

    def test_each_kind_gets_an_id_and_a_number(self, system: AccountingSystem, books: Books) -> None:
        posted = {
            kind: book(system, sample(kind), key=IdempotencyKey(f"key-{kind}"), reference=f"P-{number:06}")
            for number, kind in enumerate(sorted(system.can.kinds), start=1)
        }
        assert all(one.external_id and one.number for one in posted.values())
        assert len({one.external_id for one in posted.values()}) == len(posted)
        assert len({one.number for one in posted.values()}) == len(posted)
        assert books.count() == len(posted) > 0

    def test_what_was_booked_is_read_back(self, system: AccountingSystem) -> None:
        posted = book(system, sample(), key=KEY, reference=REFERENCE)
        assert (posted.net, posted.tax, posted.gross) == (Decimal("150.50"), Decimal("20.00"), Decimal("170.50"))
        assert (posted.currency, posted.date) == ("GBP", date(2024, 3, 14))
        assert posted.supplier_code == "CROWN01"

    def test_the_same_key_twice_makes_one_document(self, system: AccountingSystem, books: Books) -> None:
        first = book(system, sample(), key=KEY, reference=REFERENCE)
        second = book(system, sample(), key=KEY, reference=REFERENCE)
        assert first == second
        assert books.count() == 1

    def test_two_keys_make_two_documents(self, system: AccountingSystem, books: Books) -> None:
        first = book(system, sample(), key=KEY, reference=REFERENCE)
        second = book(system, sample(), key=OTHER_KEY, reference="P-000002")
        assert first.external_id != second.external_id
        assert first.number != second.number
        assert books.count() == 2

    def test_a_lookup_finds_what_was_posted_and_nothing_else(self, system: AccountingSystem) -> None:
        assert system.find(sample(), key=KEY) == ()
        posted = book(system, sample(), key=KEY, reference=REFERENCE)
        book(system, sample(), key=OTHER_KEY, reference="P-000002")
        assert system.find(sample(), key=KEY) == (posted,)

    def test_a_lookup_by_a_later_generation_finds_the_first(self, system: AccountingSystem) -> None:
        posted = book(system, sample(), key=KEY, reference=REFERENCE)
        assert system.find(sample(), key=IdempotencyKey(KEY.value, 2)) == (posted,)

    def test_an_unknown_account_is_refused_by_code_and_line(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected) as caught:
            book(system, with_line(sample(), 1, account_code="9999"), key=KEY, reference=REFERENCE)
        assert "9999" in caught.value.message
        assert "line 2" in caught.value.message.lower()
        assert books.count() == 0

    def test_an_unknown_tax_code_is_refused_by_code_and_line(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected) as caught:
            book(system, with_line(sample(), 0, tax_code="T77"), key=KEY, reference=REFERENCE)
        assert "T77" in caught.value.message
        assert "line 1" in caught.value.message.lower()
        assert books.count() == 0

    @pytest.mark.parametrize("member", ["account_code", "tax_code"])
    def test_a_line_without_a_code_says_what_to_set(self, system: AccountingSystem, books: Books, member: str) -> None:
        with pytest.raises(Misconfigured) as caught:
            book(system, with_line(sample(), 1, **{member: None}), key=KEY, reference=REFERENCE)
        assert "line 2" in caught.value.message.lower()
        assert "default" in caught.value.message
        assert caught.value.field
        assert books.count() == 0

    def test_a_refusal_leaves_the_key_usable(self, system: AccountingSystem, books: Books) -> None:
        with pytest.raises(Rejected):
            book(system, with_line(sample(), 0, account_code="9999"), key=KEY, reference=REFERENCE)
        assert book(system, sample(), key=KEY, reference=REFERENCE).external_id
        assert books.count() == 1

    def test_a_credit_note_lowers_what_is_owed(self, system: AccountingSystem, books: Books) -> None:
        book(system, sample(), key=KEY, reference=REFERENCE)
        assert books.owed("CROWN01") == Decimal("170.50")
        credit = with_line(sample(Kind.CREDIT_NOTE), 0, net=Decimal(10), tax=Decimal(2), gross=Decimal(12))
        credit = replace(credit, net=Decimal("60.50"), tax=Decimal(2), gross=Decimal("62.50"))
        posted = book(system, credit, key=OTHER_KEY, reference="P-000002")
        assert (posted.net, posted.tax, posted.gross) == (Decimal("60.50"), Decimal(2), Decimal("62.50"))
        assert books.owed("CROWN01") == Decimal("108.00")

    def test_a_discount_line_keeps_its_sign(self, system: AccountingSystem, books: Books) -> None:
        minus = {"net": Decimal("-50.50"), "tax": Decimal(0), "gross": Decimal("-50.50")}
        document = with_line(sample(net=Decimal("49.50"), gross=Decimal("69.50")), 1, **minus)
        assert book(system, document, key=KEY, reference=REFERENCE).gross == Decimal("69.50")
        assert books.owed("CROWN01") == Decimal("69.50")

    def test_a_foreign_invoice_is_owed_in_the_companys_currency(self, system: AccountingSystem, books: Books) -> None:
        posted = book(system, in_dollars(), key=KEY, reference=REFERENCE)
        assert (posted.gross, posted.currency) == (Decimal("120.50"), "USD")
        assert books.owed("CROWN01") == Decimal("100.33")

    def test_a_supplier_without_a_code_is_found_by_name(self, system: AccountingSystem, books: Books) -> None:
        nameless = sample(supplier=Supplier(code=None, name="Metro Telecom"))
        first = book(system, nameless, key=KEY, reference=REFERENCE)
        second = book(system, nameless, key=OTHER_KEY, reference="P-000002")
        assert first.supplier_code
        assert first.supplier_code == second.supplier_code
        assert books.owed(first.supplier_code) == Decimal("341.00")

    def test_a_kind_that_it_cannot_take_leaves_the_books_alone(self, system: AccountingSystem, books: Books) -> None:
        for kind in set(Kind) - system.can.kinds:
            with pytest.raises(Rejected):
                book(system, sample(kind), key=KEY, reference=REFERENCE)
        assert books.count() == 0


class HttpCases(ABC):
    """A subclass says how it connects, what it sends and what its system answers."""

    secrets: tuple[str, ...]
    """What must never be recorded: the values that `connect` puts into the link."""

    @abstractmethod
    def connect(self, url: str, outbound: Outbound) -> AccountingSystem:
        """The connector, linked to `url` with `secrets`."""

    @abstractmethod
    def request(self, document: Document) -> tuple[str, str, Mapping[str, Any]]:
        """Method, path and JSON body of the post of `document` under `KEY` and `REFERENCE`."""

    @abstractmethod
    def success(self, document: Document) -> dict[str, Any]:
        """The JSON with which the system tells that it booked `document` as id "17"."""

    @abstractmethod
    def without_id(self, document: Document) -> dict[str, Any]:
        """The same without the id."""

    @abstractmethod
    def failure(self) -> dict[str, Any]:
        """The JSON of a failure, which may come with status 200."""

    def post(self, server_url: str, document: Document | None = None, **terms: Any) -> Any:
        """Post a document to the script."""
        system = self.connect(server_url, Outbound(**{"allow_private": True, "deadline_seconds": 10.0, **terms}))
        return book(system, document or sample(), key=KEY, reference=REFERENCE)

    def error_after(self, play: Answer, **terms: Any) -> IntegrationError:
        """The error of a post that gets one answer; it must not have been sent a second time."""
        with ScriptedServer(play) as server, pytest.raises(IntegrationError) as caught:
            self.post(server.url, **terms)
        assert len(server.asked) == 1
        return caught.value

    def test_the_exact_request_of_each_kind(self) -> None:
        documents = [sample(kind) for kind in sorted(self.connect("", Outbound()).can.kinds)]
        for document in [*documents, in_dollars()]:
            with ScriptedServer(json_answer(self.success(document))) as server:
                assert self.post(server.url, document).external_id == "17"
            asked = server.asked[0]
            assert (asked.method, asked.path, asked.json()) == self.request(document)

    def test_each_write_asks_whether_it_is_still_ours(self) -> None:
        checks: list[int] = []
        with ScriptedServer(json_answer(self.success(sample()))) as server:
            self.post(server.url, still_ours=lambda: checks.append(len(server.asked)))
        assert checks == [0]

    def test_a_lost_lease_sends_nothing(self) -> None:
        def lost() -> None:
            raise LeaseLost("somebody else holds it")

        with ScriptedServer() as server, pytest.raises(LeaseLost):
            self.post(server.url, still_ours=lost)

    @pytest.mark.parametrize(
        "status,error",
        [
            (302, OutcomeUnknown),
            (401, Unauthorised),
            (408, OutcomeUnknown),
            (429, Retryable),
            (500, OutcomeUnknown),
            (502, OutcomeUnknown),
            (503, OutcomeUnknown),
            (504, OutcomeUnknown),
        ],
    )
    def test_each_class_of_status(self, status: int, error: type[IntegrationError]) -> None:
        assert type(self.error_after(answer(status=status, body="<html>no</html>"))) is error

    def test_a_rate_limit_is_a_delay(self) -> None:
        error = self.error_after(answer(status=429, headers={"Retry-After": "7"}))
        assert isinstance(error, Retryable)
        assert (error.retry_after, error.free) == (7.0, True)

    def test_a_timeout_after_sending_leaves_the_outcome_open(self) -> None:
        assert type(self.error_after(hang(), deadline_seconds=0.4)) is OutcomeUnknown

    def test_a_reset_after_sending_leaves_the_outcome_open(self) -> None:
        assert type(self.error_after(reset())) is OutcomeUnknown

    def test_no_connection_proves_that_nothing_happened(self) -> None:
        with ScriptedServer() as server:
            gone = server.url
        with pytest.raises(Retryable):
            self.post(gone)

    def test_a_failure_inside_a_success_is_no_success(self) -> None:
        assert isinstance(self.error_after(json_answer(self.failure())), Rejected | OutcomeUnknown)

    def test_a_success_without_an_id_leaves_the_outcome_open(self) -> None:
        assert type(self.error_after(json_answer(self.without_id(sample()), status=201))) is OutcomeUnknown

    @pytest.mark.parametrize("body", ["{}", "[]", "null", '"17"', "", '{"id": '])
    def test_json_of_another_shape_leaves_the_outcome_open(self, body: str) -> None:
        odd = answer(body=body, headers={"Content-Type": "application/json"})
        assert type(self.error_after(odd)) is OutcomeUnknown

    @pytest.mark.parametrize("status", [200, 400, 422, 500])
    def test_an_html_page_is_neither_read_nor_shown(self, status: int) -> None:
        page = answer(status=status, body="<html>Traceback: boom</html>", headers={"Content-Type": "text/html"})
        error = self.error_after(page)
        assert type(error) is OutcomeUnknown
        assert "boom" not in error.message
        assert "<" not in error.message

    def test_no_secret_in_what_is_recorded(self) -> None:
        exchanges: list[Exchange] = []
        echo = answer(status=500, body=" ".join(self.secrets), headers={"X-Echo": self.secrets[0]})
        self.error_after(echo, record=exchanges.append)
        self.error_after(reset(), record=exchanges.append)
        assert len(exchanges) == 2
        for secret in self.secrets:
            assert secret not in repr(exchanges)
        assert exchanges[0].response_body == " ".join("***" for _ in self.secrets)

    def test_reads_may_simply_be_repeated(self) -> None:
        for play in (answer(status=500), reset(), answer(body="<html></html>"), hang()):
            brief = Outbound(allow_private=True, deadline_seconds=0.5)
            with ScriptedServer(play) as server, pytest.raises(Retryable):
                self.connect(server.url, brief).find(sample(), key=KEY)

    def test_reads_are_no_writes(self) -> None:
        def never() -> None:
            raise AssertionError("a read asked for the lease")

        with ScriptedServer(answer(status=500), answer(status=401)) as server:
            for error in (Retryable, Unauthorised):
                with pytest.raises(error):
                    self.connect(server.url, Outbound(allow_private=True, still_ours=never)).company()
