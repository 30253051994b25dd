"""A record with what belongs to it, where the platform does not tell it as it should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.accessplanit.connector import AccessPlanit
from integrations.errors import Malformed, Misconfigured, Rejected, Retryable
from integrations.exact import from_json
from integrations.feeds import Head
from tests.integrations.accessplanit.platform import asked, connector, results
from tests.integrations.accessplanit.records import EXPECTED, course, discount, invoice, transaction
from tests.scripted import ScriptedServer, json_answer

REFUSED = json_answer({"message": "No."}, status=400)


def whole(source: AccessPlanit, feed: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = from_json(source.whole(source.head(feed, id_)).decode())
    return found


def linked(invoice_id: str) -> dict[str, Any]:
    return {"ID": f"L{invoice_id}", "TransactionID": "7741", "InvoiceID": invoice_id, "Amount": 1}


def test_an_order_that_is_refused_is_left_out() -> None:
    plays = [results(invoice()), REFUSED, results(course(), discount()), REFUSED, results()]
    with ScriptedServer(*plays) as server:
        assert len(whole(connector(server), "invoice", "10482")["items"]) == 2
    assert [one.partition("'10482'")[2] for one in asked(server)[1:]] == [
        "&$orderby=ID asc&$top=1000",
        "&$top=1000",
        "&$orderby=ID asc&$top=1000&$skip=2",
        "&$top=1000&$skip=2",
    ]


def test_a_filter_that_is_refused_is_refused() -> None:
    with ScriptedServer(results(invoice()), REFUSED, REFUSED) as server, pytest.raises(Misconfigured):
        whole(connector(server), "invoice", "10482")


def test_a_part_that_is_no_record_is_asked_for_again_later() -> None:
    with ScriptedServer(results(invoice()), results("text")) as server, pytest.raises(Retryable):
        whole(connector(server), "invoice", "10482")


def test_an_invoice_with_more_items_than_there_can_be() -> None:
    many = results(*[course()] * 5001)
    with ScriptedServer(results(invoice()), many) as server, pytest.raises(Rejected, match="more than 5,001 parts"):
        whole(connector(server), "invoice", "10482")


def test_a_transaction_of_more_invoices_than_are_read() -> None:
    plays = [results(transaction()), results(*[linked(str(one)) for one in range(201)]), results()]
    with ScriptedServer(*plays) as server, pytest.raises(Rejected, match="201 invoices"):
        whole(connector(server), "transaction", "7741")


def test_an_invoice_that_is_gone_is_left_out() -> None:
    with ScriptedServer(results(transaction()), results(linked("10482")), results(), results()) as server:
        assert whole(connector(server), "transaction", "7741")["invoices"] == []


def test_a_link_that_cannot_be_read_is_told_and_refused_by_parse() -> None:
    with ScriptedServer(results(transaction()), results(linked("two words")), results()) as server:
        source = connector(server)
        body = whole(source, "transaction", "7741")
    assert body["invoices"] == []
    with pytest.raises(Malformed) as caught:
        source.parse(body, EXPECTED)
    assert caught.value.field == "InvoiceID"


def test_without_the_module_of_links_nothing_is_asked_of_it() -> None:
    with ScriptedServer(results(transaction()), results(invoice())) as server:
        body = whole(connector(server, modules="allocation ="), "transaction", "7741")
    assert (body["allocations"], len(body["invoices"])) == ([], 1)


def test_half_a_character_does_not_keep_a_record_back() -> None:
    with ScriptedServer(results(invoice(TargetLabel="\\ud800")), results(course(), discount()), results()) as server:
        source = connector(server)
        head = source.head("invoice", "10482")
        broken = Head(
            feed="invoice",
            external_id=head.external_id,
            content_hash=head.content_hash,
            moment=head.moment,
            row={**head.row, "TargetLabel": "half \ud800"},
        )
        body = json.loads(source.whole(broken))
    assert body["record"]["TargetLabel"] == "half ?"
